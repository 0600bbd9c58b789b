//! Buckets of objects, whatever an object is to its storage, and who watches them change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// All objects of a bucket by name, in the order of their UTF-8 bytes. A copy costs names, not
/// contents.
pub type Objects<O> = BTreeMap<String, Arc<O>>;

/// What a watcher sees: a bucket right after one of its objects changed, with nothing in between.
pub struct Change<'a, O> {
    pub bucket: &'a str,
    /// The name of the object that was put or removed.
    pub name: &'a str,
    pub objects: &'a Objects<O>,
}

/// Called under the server's lock, so it must not ask the server. If it panics, so does the test.
pub type Watch<O> = Box<dyn Fn(&Change<'_, O>) + Send>;

pub struct Buckets<O, S> {
    all: BTreeMap<String, Bucket<O, S>>,
    watch: Option<Watch<O>>,
    write_limit: Option<Duration>,
    /// The last write of each object, by bucket and name.
    written: BTreeMap<(String, String), Instant>,
}

pub struct Bucket<O, S> {
    pub objects: Objects<O>,
    setup: BTreeSet<S>,
}

impl<O, S> Default for Buckets<O, S> {
    fn default() -> Self {
        Self {
            all: BTreeMap::new(),
            watch: None,
            write_limit: None,
            written: BTreeMap::new(),
        }
    }
}

impl<O, S> Default for Bucket<O, S> {
    fn default() -> Self {
        Self {
            objects: BTreeMap::new(),
            setup: BTreeSet::new(),
        }
    }
}

impl<O, S: Copy + Ord> Buckets<O, S> {
    /// Creates a bucket, or sets one up anew; its objects stay.
    pub fn set_up(&mut self, name: &str, setup: &[S]) {
        let bucket = self.all.entry(name.to_owned()).or_default();
        bucket.setup = setup.iter().copied().collect();
    }

    pub fn get(&self, name: &str) -> Option<&Bucket<O, S>> {
        self.all.get(name)
    }

    pub fn object(&self, bucket: &str, name: &str) -> Option<&Arc<O>> {
        self.get(bucket)?.objects.get(name)
    }

    pub fn objects(&self, bucket: &str) -> Objects<O> {
        let bucket = self.get(bucket);
        bucket.map_or_else(Objects::new, |bucket| bucket.objects.clone())
    }

    /// Puts an object; the bucket is created if there is none.
    pub fn put(&mut self, bucket: &str, name: &str, object: O) -> Arc<O> {
        let object = Arc::new(object);
        let objects = &mut self.all.entry(bucket.to_owned()).or_default().objects;
        objects.insert(name.to_owned(), Arc::clone(&object));
        self.tell(bucket, name);
        object
    }

    pub fn remove(&mut self, bucket: &str, name: &str) -> Option<Arc<O>> {
        let removed = self.all.get_mut(bucket)?.objects.remove(name)?;
        self.tell(bucket, name);
        Some(removed)
    }

    pub fn on_change(&mut self, watch: Watch<O>) {
        self.watch = Some(watch);
    }

    pub fn limit_writes(&mut self, apart: Duration) {
        self.write_limit = Some(apart);
        self.written.clear();
    }

    /// Whether an object may be written now; if so, it was.
    pub fn take_turn(&mut self, bucket: &str, name: &str) -> bool {
        let Some(limit) = self.write_limit else {
            return true;
        };
        let now = Instant::now();
        let object = (bucket.to_owned(), name.to_owned());
        let last = self.written.get(&object);
        let may = last.is_none_or(|last| now.duration_since(*last) >= limit);
        if may {
            self.written.insert(object, now);
        }
        may
    }

    fn tell(&self, bucket: &str, name: &str) {
        let (Some(watch), Some(objects)) = (&self.watch, self.get(bucket)) else {
            return;
        };
        watch(&Change {
            bucket,
            name,
            objects: &objects.objects,
        });
    }
}

impl<O, S: Ord> Bucket<O, S> {
    pub fn is(&self, setup: S) -> bool {
        self.setup.contains(&setup)
    }
}
