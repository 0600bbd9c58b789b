//! Publishes the sample hunt to a temporary folder, twice, and rolls back: the second time, there's
//! nothing to do.
//!
//! `cargo run --example publish`

use std::fs;

use assetsync::{Config, Site};

const CONFIG: &str = r#"
key_file = "hunt.key"
create_key = true

[[source]]
dir = "assets"

[target.local]
url = "file:out"
"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("assetsync.toml");
    fs::write(&config, CONFIG)?;
    fs::create_dir(folder.path().join("assets"))?;
    let page = folder.path().join("assets/index.html");
    fs::write(&page, "<h1>The hunt begins</h1>")?;

    let site = Site::open(Config::load(&config)?, "local").await?;
    let plan = site.plan().await?;
    println!("{plan}");
    let first = site.push(plan).await?;
    assert!(site.plan().await?.is_empty(), "there's nothing to do");

    fs::write(&page, "<h1>The hunt is over</h1>")?;
    let second = site.push(site.plan().await?).await?;
    assert_ne!(first.id, second.id);
    let back = site.rollback(None).await?;
    assert_eq!(back.id, first.id);
    println!("{} is published again", back.id);
    Ok(())
}
