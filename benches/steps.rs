//! How long each step takes on trees of 10,000 and 100,000 small files, made with a fixed seed.
//!
//! `cargo bench --bench steps`; the trees (110,000 files) are made in a temporary folder, once a
//! run.

#[path = "../tests/support/memory.rs"]
#[allow(dead_code, reason = "stories use more of it")]
mod memory;

use std::collections::HashMap;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use self::memory::Memory;
use assetsync::testing::release::manifest::Manifest;
use assetsync::testing::store::{Listing, Stored};
use assetsync::testing::{
    Build, Cache, Object, ObjectKey, Progress, Rules, Secret, Source, build, build_with, encode,
    inventory, plan, walk,
};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const FILES_PER_FOLDER: usize = 100;

/// A small generator (SplitMix64, Steele et al. 2014): the same tree on every machine.
struct Seeded(u64);

impl Seeded {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn words(&mut self, bytes: usize) -> Vec<u8> {
        const WORDS: [&str; 12] = [
            "<p>",
            "</p>",
            "puzzle",
            "solve",
            "the",
            "lamp",
            "gull",
            "answer",
            "class=\"x\"",
            "of",
            "and",
            "tide",
        ];
        let mut text = Vec::with_capacity(bytes + 16);
        while text.len() < bytes {
            text.extend_from_slice(WORDS[self.below(WORDS.len())].as_bytes());
            text.push(b' ');
        }
        text
    }

    fn noise(&mut self, bytes: usize) -> Vec<u8> {
        (0..bytes).map(|_| self.next() as u8).collect()
    }
}

/// Half pages, half pictures, of 200 bytes to 8 KiB.
fn make_tree(folder: &Path, files: usize) {
    let mut seeded = Seeded(2026);
    for n in 0..files {
        let parent = folder.join(format!("d{}", n / FILES_PER_FOLDER));
        fs::create_dir_all(&parent).expect("a folder");
        let bytes = 200 + seeded.below(8000);
        let (extension, content) = if n % 2 == 0 {
            ("html", seeded.words(bytes))
        } else {
            ("png", seeded.noise(bytes))
        };
        fs::write(parent.join(format!("{n}.{extension}")), content).expect("written");
    }
}

fn steps(criterion: &mut Criterion) {
    let secret = Secret::new(&[7; 32]).expect("long enough");
    for files in [10_000, 100_000] {
        let folder = tempfile::tempdir().expect("a folder");
        make_tree(folder.path(), files);
        let source = Source::new(folder.path());
        let sources = [source];
        let tree = walk(&sources, &Rules::default());
        let built = build(&tree, &secret, &Progress::new()).expect("publishable");
        let listing = listing(&built);

        let mut group = criterion.benchmark_group("steps");
        group
            .sample_size(10)
            .measurement_time(Duration::from_secs(5));
        group.throughput(Throughput::Elements(files as u64));
        group.bench_function(BenchmarkId::new("walk", files), |b| {
            b.iter(|| walk(black_box(&sources), &Rules::default()));
        });
        group.bench_function(BenchmarkId::new("hash", files), |b| {
            b.iter(|| build(black_box(&tree), &secret, &Progress::new()).expect("publishable"));
        });
        group.bench_function(BenchmarkId::new("hash, nothing changed", files), |b| {
            let folder = tempfile::tempdir().expect("a folder");
            let with_cache = || {
                let cache = Cache::open(folder.path(), folder.path());
                build_with(&cache, black_box(&tree), &secret, &Progress::new())
                    .expect("publishable")
            };
            // What was written just now isn't remembered.
            std::thread::sleep(Duration::from_secs(4));
            with_cache();
            b.iter(with_cache);
        });
        group.bench_function(BenchmarkId::new("plan", files), |b| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .build()
                .expect("a runtime");
            let store = Memory::new();
            let inventory = runtime
                .block_on(inventory(&store, listing.clone(), &built, 1))
                .expect("all names are keyed");
            b.iter(|| plan(black_box(&built), &inventory).is_empty());
        });
        let manifest = Manifest::new(&built, &stored(&built));
        let (packed, digest) = manifest.pack();
        let digest = digest.to_hex();
        group.bench_function(BenchmarkId::new("write the manifest", files), |b| {
            b.iter(|| black_box(&manifest).pack());
        });
        group.bench_function(BenchmarkId::new("read the manifest", files), |b| {
            b.iter(|| Manifest::unpack(black_box(&packed), &digest).expect("a manifest"));
        });
        group.finish();
    }
}

/// Everything is there, with checksums as S3 has them.
fn stored(build: &Build) -> HashMap<ObjectKey, Stored> {
    let stored = |object: &Object| {
        let digest = object.digest.to_hex();
        let mut told = Stored::default();
        told.size_bytes = object.size_bytes;
        told.fingerprint = digest[..32].to_string();
        (object.key.clone(), told)
    };
    build.objects.iter().map(stored).collect()
}

/// Everything is there.
fn listing(build: &Build) -> Listing {
    let stored = |size_bytes| {
        let mut stored = Stored::default();
        stored.size_bytes = size_bytes;
        stored
    };
    build
        .objects
        .iter()
        .map(|object| (object.key.to_string(), stored(object.size_bytes)))
        .collect()
}

fn gzip(criterion: &mut Criterion) {
    let text = Seeded(2026).words(1 << 20);
    let mut group = criterion.benchmark_group("gzip");
    group
        .sample_size(10)
        .throughput(Throughput::Bytes(text.len() as u64));
    for level in [1, 6, 9] {
        group.bench_function(BenchmarkId::new("level", level), |b| {
            b.iter(|| encode::gzip(black_box(&text), level))
        });
    }
    group.finish();
}

criterion_group!(benches, steps, gzip);
criterion_main!(benches);
