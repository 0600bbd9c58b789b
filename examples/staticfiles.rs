//! Writes Django's staticfiles.json for the sample hunt to standard output.
//!
//! `cargo run --example staticfiles`

use std::path::PathBuf;

use assetsync::{Progress, Rules, Secret, Source, Symlinks, build, manifest, walk};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let source = Source {
        dir: PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/hunt/assets")),
        mount: "hunt/".into(),
        symlinks: Symlinks::Refuse,
    };
    let secret = Secret::new(b"a secret for an example, and for nothing else")?;
    let tree = walk(&[source], &Rules::default());
    for (extension, files) in &tree.skipped {
        eprintln!("skipped: {files} of .{extension}");
    }
    let build = build(&tree, &secret, &Progress::new())?;
    eprintln!(
        "{} files, {} bytes, key {}",
        build.objects.len(),
        build.size_bytes(),
        build.key_id
    );
    print!("{}", manifest::django(&build));
    Ok(())
}
