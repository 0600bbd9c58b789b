//! Reads what a release consists of, as a website's program does that writes URLs into its pages.
//!
//! `cargo run --example release`

use std::fs;

use assetsync::{Config, Site};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let hunt = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/hunt/assets");
    let config = folder.path().join("assetsync.toml");
    fs::write(
        &config,
        format!(
            "key_file = 'hunt.key'\ncreate_key = true\n\
             [[source]]\ndir = '{hunt}'\n\
             [target.local]\nurl = 'file:out'\n"
        ),
    )?;
    let site = Site::open(Config::load(&config)?, "local").await?;
    assert!(site.manifest().await?.is_none(), "nothing is published yet");
    site.push(site.plan().await?).await?;
    let manifest = site.manifest().await?.ok_or("there's a release now")?;
    let style = manifest.find("style.css").ok_or("the hunt has styles")?;
    println!("style.css is served as {}", style.key);
    println!("and {} others", manifest.objects.len() - 1);
    Ok(())
}
