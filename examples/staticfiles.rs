//! Writes Django's staticfiles.json for the sample hunt to standard output.
//!
//! `cargo run --example staticfiles`

use assetsync::{Progress, Rules, Secret, Source, build, manifest, walk};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let assets = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/hunt/assets");
    let source = Source {
        mount: "hunt/".into(),
        ..Source::new(assets)
    };
    let secret = Secret::new(b"a secret for an example, and for nothing else")?;
    let tree = walk(&[source], &Rules::default());
    for (extension, files) in &tree.skipped {
        eprintln!("skipped: {} of .{extension}", files.len());
    }
    let build = build(&tree, &secret, &Progress::new())?;
    eprintln!(
        "{} files, {} bytes, key {}",
        build.objects.len(),
        build.size_bytes(),
        build.key_id
    );
    let objects = build
        .objects
        .iter()
        .map(|object| (object.path.as_str(), object.key.as_str()));
    print!("{}", manifest::django(objects));
    Ok(())
}
