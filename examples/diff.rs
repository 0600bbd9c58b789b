//! Prints what a push of the sample hunt to an empty store would do, without doing it.
//!
//! `cargo run --example diff`

use std::path::Path;

use assetsync::release::Base;
use assetsync::report::{Outlook, Urls, build_text, plan_text, tree_text};
use assetsync::store::Memory;
use assetsync::{Config, Overrides, Progress, Secret, Store, Wanted, build, inventory, plan, walk};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hunt/assetsync.toml");
    let config = Config::load(
        Some(&file),
        &Overrides::new(),
        Wanted::Targets(&["local".to_string()]),
    )?;
    let secret = Secret::new(b"a secret for an example, and for nothing else")?;

    let tree = walk(&config.sources, &config.rules);
    anstream::eprint!("{}", tree_text(&tree, true));
    let build = build(&tree, &secret, &Progress::new())?;
    anstream::eprint!("{}", build_text(&build, true));

    let store = Memory::new();
    let inventory = inventory(&store, store.list().await?, &build, config.requests).await?;
    let plan = plan(&build, &inventory);
    let base = Base::default();
    let outlook = Outlook::new(&config.targets[0], &base, &build, &plan, Vec::new());
    anstream::print!("{}", plan_text(&outlook, Urls::Hidden));
    Ok(())
}
