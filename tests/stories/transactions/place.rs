//! The two strict servers as one, with a history of what happens to them.

use std::sync::{Arc, Mutex, MutexGuard};

use assetsync::cors::Cloud;
use assetsync::testing::config::Place;
use assetsync::testing::{Store, Timeouts};

use super::history::{BUCKET, History, PREFIX, Seen, Snapshot, Thing};
use crate::support::faults::Fault;
use crate::support::library::open_bucket;
use crate::support::serving::Request;
use crate::support::{gcs, s3_server};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    S3,
    Gcs,
}

impl Kind {
    pub const ALL: [Kind; 2] = [Kind::S3, Kind::Gcs];

    pub fn name(self) -> &'static str {
        match self {
            Kind::S3 => "s3",
            Kind::Gcs => "gcs",
        }
    }

    pub fn place(self, bucket: &str) -> Place {
        let cloud = match self {
            Kind::S3 => Cloud::S3,
            Kind::Gcs => Cloud::Gcs,
        };
        Place::in_cloud(cloud, bucket, PREFIX)
    }
}

/// A server with one bucket.
pub struct Server {
    kind: Kind,
    inner: Inner,
    history: Arc<Mutex<History>>,
}

enum Inner {
    S3(s3_server::Server),
    Gcs(gcs::Server),
}

macro_rules! either {
    ($server:expr, $inner:ident => $do:expr) => {
        match &$server.inner {
            Inner::S3($inner) => $do,
            Inner::Gcs($inner) => $do,
        }
    };
}

impl Server {
    /// With these objects in its bucket.
    pub fn start(kind: Kind, snapshot: &Snapshot) -> Server {
        let inner = match kind {
            Kind::S3 => Inner::S3(s3_server::Server::start()),
            Kind::Gcs => Inner::Gcs(gcs::Server::start()),
        };
        match &inner {
            Inner::S3(server) => server.bucket(BUCKET, &[s3_server::Setup::NoAcls]),
            Inner::Gcs(server) => server.bucket(BUCKET, &[gcs::Setup::Uniform]),
        }
        let server = Server {
            kind,
            inner,
            history: Arc::new(Mutex::new(History::from(snapshot))),
        };
        for (name, thing) in snapshot {
            server.plant(name, thing.clone());
        }
        server.watch();
        server
    }

    fn plant(&self, name: &str, thing: Thing) {
        match &self.inner {
            Inner::S3(server) => {
                server.put(BUCKET, name, s3_object(thing));
            }
            Inner::Gcs(server) => {
                server.put(BUCKET, name, gcs_object(thing));
            }
        }
    }

    fn watch(&self) {
        let history = Arc::clone(&self.history);
        match &self.inner {
            Inner::S3(server) => server.on_change(Box::new(move |change| {
                let find = |name: &str| Some(of_s3(change.objects.get(name)?));
                lock(&history).note(change.name, &find);
            })),
            Inner::Gcs(server) => server.on_change(Box::new(move |change| {
                let find = |name: &str| Some(of_gcs(change.objects.get(name)?));
                lock(&history).note(change.name, &find);
            })),
        }
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub fn url(&self) -> String {
        either!(self, server => server.url().to_string())
    }

    pub fn history(&self) -> MutexGuard<'_, History> {
        lock(&self.history)
    }

    pub fn snapshot(&self) -> Snapshot {
        match &self.inner {
            Inner::S3(server) => {
                let objects = server.snapshot(BUCKET).into_iter();
                objects
                    .map(|(name, object)| (name, s3_thing(&object)))
                    .collect()
            }
            Inner::Gcs(server) => {
                let objects = server.snapshot(BUCKET).into_iter();
                objects
                    .map(|(name, object)| (name, gcs_thing(&object)))
                    .collect()
            }
        }
    }

    pub fn requests(&self) -> Vec<Request> {
        either!(self, server => server.requests())
    }

    pub fn clear(&self) {
        either!(self, server => server.clear());
    }

    pub fn fault(&self, fault: Fault) {
        either!(self, server => server.fault(fault));
    }

    pub fn disarm(&self) {
        either!(self, server => server.disarm());
    }

    pub fn deliver_delayed(&self) -> usize {
        either!(self, server => server.deliver_delayed())
    }

    /// Its bucket, for somebody with connections of their own.
    pub async fn store(&self, timeouts: Timeouts) -> Arc<dyn Store> {
        open_bucket(self.kind.place(BUCKET), &self.url(), timeouts).await
    }
}

fn lock(history: &Mutex<History>) -> MutexGuard<'_, History> {
    history.lock().expect("no holder panics")
}

fn of_s3(object: &s3_server::Object) -> Seen<'_> {
    Seen {
        bytes: &object.bytes,
        encoding: object.content_encoding.as_deref(),
        token: object.metadata.get("assetsync").map(String::as_str),
    }
}

fn of_gcs(object: &gcs::Object) -> Seen<'_> {
    Seen {
        bytes: &object.bytes,
        encoding: object.content_encoding.as_deref(),
        token: object.metadata.get("assetsync").map(String::as_str),
    }
}

fn s3_thing(object: &s3_server::Object) -> Thing {
    Thing {
        bytes: object.bytes.clone(),
        content_type: object.content_type.clone(),
        cache_control: object.cache_control.clone(),
        encoding: object.content_encoding.clone(),
        metadata: object.metadata.clone(),
    }
}

fn gcs_thing(object: &gcs::Object) -> Thing {
    Thing {
        bytes: object.bytes.clone(),
        content_type: object.content_type.clone(),
        cache_control: object.cache_control.clone(),
        encoding: object.content_encoding.clone(),
        metadata: object.metadata.clone(),
    }
}

fn s3_object(thing: Thing) -> s3_server::Object {
    s3_server::Object {
        cache_control: thing.cache_control,
        content_encoding: thing.encoding,
        metadata: thing.metadata,
        ..s3_server::Object::new(thing.bytes, &thing.content_type)
    }
}

fn gcs_object(thing: Thing) -> gcs::Object {
    gcs::Object {
        cache_control: thing.cache_control,
        content_encoding: thing.encoding,
        metadata: thing.metadata,
        ..gcs::Object::new(thing.bytes, &thing.content_type)
    }
}
