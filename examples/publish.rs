//! Publishes the sample hunt to a temporary folder, twice: the second time, there's nothing to do.
//!
//! `cargo run --example publish`

use std::path::PathBuf;
use std::sync::Arc;

use assetsync::config::{Access, Place, Target};
use assetsync::{
    Options, Patience, Progress, Rules, Secret, Source, apply, build, inventory, open, plan, walk,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let target = Target {
        name: "local".into(),
        place: Place::Directory(folder.path().into()),
        public_url: None,
        access: Access::Bucket,
        endpoint: None,
        region: None,
        addressing: None,
        state: None,
        cors: None,
        host: Default::default(),
        flags: assetsync::config::Flags::default(),
    };
    let assets = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/hunt/assets"));
    let source = Source::new(assets);
    let secret = Secret::new(b"a secret for an example, and for nothing else")?;
    let progress = Arc::new(Progress::new());

    let tree = walk(&[source], &Rules::default());
    let build = build(&tree, &secret, &progress)?;
    let store = open(&target, Patience::default()).await?;
    for round in ["first", "second"] {
        let inventory = inventory(&*store, store.list().await?, &build, 64).await?;
        let plan = plan(&build, &inventory);
        let report = apply(&plan, &store, &Options::default(), &progress).await;
        println!(
            "{round}: {} uploaded, {} kept",
            report.uploaded.objects, report.kept.objects
        );
        assert!(report.is_complete());
    }
    Ok(())
}
