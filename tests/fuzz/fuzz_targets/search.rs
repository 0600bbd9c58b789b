#![no_main]

use std::fs;
use std::sync::LazyLock;

use assetsync::testing::{Config, Overrides, Progress, Secret, Wanted, build, walk};
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

const CONFIG: &str = "key_file = \"hunt.key\"\n[[source]]\ndir = \"site\"\n[[rule]]\nmatch = \"**\"\npublish = true\nrewrite = false\n[[level]]\nname = \"s\"\nmatch = \"**/s/**\"\n";

/// A site with a hidden page and picture.
static FOLDER: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(folder.path().join("site/p/s")).expect("a folder");
    fs::write(folder.path().join("assetsync.toml"), CONFIG).expect("a file");
    fs::write(folder.path().join("site/p/s/index.html"), "a").expect("a file");
    fs::write(folder.path().join("site/p/s/picture-of-it.png"), "a").expect("a file");
    folder
});

// The first byte decides what the others are.
fuzz_target!(|bytes: &[u8]| {
    let Some((kind, content)) = bytes.split_first() else {
        return;
    };
    let extensions = ["html", "js", "css", "xml", "ics", "txt", "json", "bin", "zip"];
    let extension = extensions[usize::from(*kind) % extensions.len()];
    let folder = FOLDER.path();
    let file = folder.join(format!("site/p/a.{extension}"));
    fs::write(&file, content).expect("a file");
    let config = folder.join("assetsync.toml");
    let config = Config::read(Some(&config), &Overrides::new(), Wanted::NoTarget).expect("valid");
    let secret = Secret::new(b"an example secret, of more than thirty-two bytes").expect("long enough");
    // Whether it's publishable is nothing to know here.
    drop(build(&walk(&config.sources, &config.rules), &secret, &Progress::new()));
    fs::remove_file(&file).expect("it's there");
});
