//! Caches that remember, and damaged ones.

use super::*;

fn remember(cache: &Cache, entries: &[(u8, &str)], entries_max: u64) {
    let session = cache.session();
    for (key, value) in entries {
        session.put([*key; 16], value);
    }
    session.finish(entries_max);
}

fn known(cache: &Cache, key: u8) -> Option<String> {
    cache.session().get(&[key; 16])
}

/// The next run of the same project knows what an earlier run cached.
#[test]
fn next_run_knows_cached_results() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = || Cache::open(&folder.path().join("new"), Path::new("hunt/assetsync.toml"));
    remember(&open(), &[(1, "one"), (2, "two")], 10);
    remember(&open(), &[(2, "zwei")], 10);
    let cache = open();
    assert_eq!(known(&cache, 1).as_deref(), Some("one"));
    assert_eq!(known(&cache, 2).as_deref(), Some("zwei"));
    assert_eq!(known(&cache, 3), None);
    let other = Cache::open(&folder.path().join("new"), Path::new("other.toml"));
    assert_eq!(known(&other, 1), None, "another project's");
    let second = open();
    assert_eq!(known(&second, 1), None, "while the first has it");
    remember(&second, &[(1, "lost")], 10);
    assert_eq!(known(&cache, 1).as_deref(), Some("one"));
}

/// A cache that has grown too large starts over.
#[test]
fn oversized_cache_starts_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = Cache::open(folder.path(), Path::new("x"));
    remember(&cache, &[(1, "one"), (2, "two"), (3, "three")], 10);
    remember(&cache, &[(4, "four")], 2);
    assert_eq!(known(&cache, 1), None);
    assert_eq!(known(&cache, 4).as_deref(), Some("four"));
}

#[test]
fn a_damaged_cache_is_no_cache() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = || Cache::open(folder.path(), Path::new("x"));
    let long = "long ".repeat(2000);
    remember(&open(), &[(1, "one"), (2, &long), (3, "three")], 10);
    let file = fs::read_dir(folder.path())
        .expect("a folder")
        .next()
        .expect("a file")
        .expect("readable")
        .path();
    let whole = fs::read(&file).expect("readable");
    let mut random = fastrand::Rng::with_seed(7);
    for round in 0..crate::base::cases(300) as usize {
        fs::write(&file, damaged(&whole, round, &mut random)).expect("writable");
        let cache = open();
        for (key, value) in [(1, "one"), (2, &*long), (3, "three")] {
            let known = known(&cache, key);
            assert!(known.is_none_or(|known| known == value), "{round}: {key}");
        }
        remember(&cache, &[(4, "four")], 10);
        let known = known(&cache, 4);
        assert!(known.is_none_or(|known| known == "four"), "{round}");
    }
}

/// Damages a cache: in an entry, at its end, in one bit or in many bytes, by turns.
fn damaged(whole: &[u8], round: usize, random: &mut fastrand::Rng) -> Vec<u8> {
    let entry = memchr::memmem::find(whole, b"long long").expect("it's in there");
    let mut damaged = whole.to_vec();
    match round % 4 {
        3 => damaged[entry + random.usize(..1000)] ^= 1,
        0 => damaged.truncate(random.usize(..whole.len())),
        1 => damaged[random.usize(..whole.len())] ^= 1 << random.u8(..8),
        _ => {
            let start = random.usize(..whole.len() - 64);
            random.fill(&mut damaged[start..start + 64]);
        }
    }
    damaged
}

/// A file's stat stays the same until the file is written again.
#[test]
fn stat_changes_when_file_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a.png");
    fs::write(&file, "one").expect("writable");
    let before = Stat::of(&file).expect("unix");
    assert_eq!(Stat::of(&file), Some(before));
    assert!(!before.is_settled(SystemTime::now()), "just written");
    assert!(before.is_settled(SystemTime::now() + Duration::from_secs(4)));
    let modified = fs::metadata(&file)
        .and_then(|m| m.modified())
        .expect("a time");
    std::thread::sleep(Duration::from_millis(20));
    fs::write(&file, "two").expect("writable");
    let handle = fs::File::options().write(true).open(&file).expect("there");
    handle.set_modified(modified).expect("set back");
    assert_ne!(
        Stat::of(&file),
        Some(before),
        "the same size and time, but written"
    );
}
