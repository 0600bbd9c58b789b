//! How much longer a tree takes that is full of references: reads, parses, rewrites and names 215 MB of npm packages, and
//! beside it only hashes and gzips them. The two take turns; ratios are of the fastest of each.
//!
//!     tests/run --no-run && cargo bench --bench packages     # tests/run fetches the packages

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use assetsync::rules::{Dangling, Rule};
use assetsync::{Progress, Rules, Secret, Source, Tree, body, build, encode, walk};
use rayon::prelude::*;
use std::sync::Arc;

const ROUNDS: usize = 3;

fn main() {
    // `cargo test --benches` and `cargo bench --no-run` are no reason to work for minutes.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_string());
    let packages = Path::new(&target).join("test-packages/tree");
    assert!(
        packages.is_dir(),
        "there is no `{}`: run `tests/run --no-run` first, which fetches it",
        packages.display()
    );
    let mut lenient = Rule::new("**").expect("a glob");
    lenient.dangling = Some(Dangling::Ignore);
    let tree = walk(
        &[Source::new(&packages)],
        &Rules::new(vec![lenient], Default::default()),
    );
    let secret =
        Secret::new(b"an example secret, of more than thirty-two bytes").expect("long enough");
    let (mut plain, mut built, mut published) = (Duration::MAX, Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        plain = plain.min(time(|| hash_and_gzip(&tree)));
        built = built.min(time(|| {
            drop(build(&tree, &secret, &Progress::new()).expect("publishable"))
        }));
        published = published.min(time(|| build_and_gzip(&tree, &secret)));
    }
    let ratio = |time: Duration| time.as_secs_f64() / plain.as_secs_f64();
    println!("{} files", tree.assets.len());
    println!(
        "hash and gzip alone                   {:6.2} s  1.00",
        plain.as_secs_f64()
    );
    println!(
        "read, parse, rewrite, name            {:6.2} s  {:.2}",
        built.as_secs_f64(),
        ratio(built)
    );
    println!(
        "read, parse, rewrite, name, and gzip  {:6.2} s  {:.2}",
        published.as_secs_f64(),
        ratio(published)
    );
}

fn time(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

fn hash_and_gzip(tree: &Tree) {
    tree.assets.par_iter().for_each(|asset| {
        let content = fs::read(&asset.file).expect("readable");
        std::hint::black_box(blake3::hash(&content));
        if asset.policy.headers.encoding == assetsync::name::EncodingPolicy::Gzip {
            std::hint::black_box(encode::gzip(&content, 9));
        }
    });
}

fn build_and_gzip(tree: &Tree, secret: &Secret) {
    let progress = Arc::new(Progress::new());
    let build = build(tree, secret, &progress).expect("publishable");
    build.objects.par_iter().for_each(|object| {
        std::hint::black_box(body::prepare(object, 9, &progress).expect("readable"));
    });
}
