//! How much longer a tree takes that is full of references: reads, parses, rewrites and names 215
//! MB of npm packages, and beside it only hashes and gzips them; and once more beside 2,000 hidden
//! files, whose names are searched for in all of it. They take turns; ratios are of the fastest of
//! each.
//!
//!     tests/run --no-run && cargo bench --bench packages     # tests/run fetches the packages

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use assetsync::testing::rules::{Dangling, Rule};
use assetsync::testing::{
    Config, Overrides, Progress, Rules, Secret, Source, Tree, Wanted, build, encode, prepare, walk,
};
use rayon::prelude::*;
use std::sync::Arc;

const ROUNDS: usize = 3;

const HIDDEN: usize = 2_000;

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
    let hidden = tempfile::tempdir().expect("a folder");
    let with_hidden = with_hidden(hidden.path(), &packages);
    let (mut plain, mut built, mut published) = (Duration::MAX, Duration::MAX, Duration::MAX);
    let mut searched = Duration::MAX;
    for _ in 0..ROUNDS {
        searched = searched.min(time(|| {
            drop(build(&with_hidden, &secret, &Progress::new()).expect("publishable"))
        }));
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
        "the same, with {HIDDEN} hidden files     {:6.2} s  {:.2}",
        searched.as_secs_f64(),
        ratio(searched)
    );
    println!(
        "read, parse, rewrite, name, and gzip  {:6.2} s  {:.2}",
        published.as_secs_f64(),
        ratio(published)
    );
}

/// The packages, and hidden files of a hunt beside them.
fn with_hidden(folder: &Path, packages: &Path) -> Tree {
    for number in 0..HIDDEN {
        let puzzle = folder.join(format!("hunt/puzzle/lantern-{}/solution", number / 4));
        fs::create_dir_all(&puzzle).expect("a folder");
        let name = ["index.html", "oil-and-wick.png", "flame.js", "wax.html"][number % 4];
        let content = format!(
            "<!doctype html><title>Lantern {number}</title><p>{}",
            "Light it. ".repeat(30)
        );
        fs::write(puzzle.join(name), content).expect("a file");
    }
    let packages = fs::canonicalize(packages).expect("it's there");
    let text = format!(
        "key_file = \"hunt.key\"\n[[source]]\ndir = \"hunt\"\nmount = \"hunt\"\n[[source]]\ndir = {packages:?}\nmount = \"packages\"\n[[rule]]\nmatch = \"**\"\ndangling = \"ignore\"\n[[level]]\nname = \"solution\"\nmatch = \"**/solution/**\"\n"
    );
    let key = folder.join("hunt.key");
    fs::write(&key, "an example secret, of more than thirty-two bytes").expect("a file");
    let file = folder.join("assetsync.toml");
    fs::write(&file, text).expect("a file");
    let config = Config::read(Some(&file), &Overrides::new(), Wanted::NoTarget).expect("valid");
    walk(&config.sources, &config.rules)
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
        if asset.policy.headers.encoding == assetsync::testing::name::EncodingPolicy::Gzip {
            std::hint::black_box(encode::gzip(&content, 9));
        }
    });
}

fn build_and_gzip(tree: &Tree, secret: &Secret) {
    let progress = Arc::new(Progress::new());
    let build = build(tree, secret, &progress).expect("publishable");
    build.objects.par_iter().for_each(|object| {
        std::hint::black_box(prepare::prepare(object, 9, &progress).expect("readable"));
    });
}
