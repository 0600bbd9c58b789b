//! Names one file in each style, and shows what a name depends on.
//!
//! `cargo run --example names`

use std::collections::BTreeMap;

use assetsync::name::{CACHE_FOR_EVER, EncodingPolicy, Headers, NameStyle, object_key, token};
use assetsync::{LogicalPath, Secret};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let secret = Secret::new(b"a secret for an example, and for nothing else")?;
    let path = LogicalPath::parse("puzzle/gears/main.js")?;
    let headers = Headers {
        content_type: "text/javascript; charset=utf-8".into(),
        cache_control: CACHE_FOR_EVER.into(),
        encoding: EncodingPolicy::Gzip,
        further: BTreeMap::new(),
    };
    println!("key id      {}", secret.id());
    for content in ["let teeth = 12;", "let teeth = 13;"] {
        let token = token(&secret, &path, &blake3::hash(content.as_bytes()), &headers);
        println!("\n{content}");
        for style in [
            NameStyle::Opaque,
            NameStyle::Readable,
            NameStyle::Plain,
            NameStyle::Palindrome2022,
        ] {
            let key = object_key(style, &secret, &path, path.extension().as_deref(), token)?;
            println!("{:<16} {key}", format!("{style:?}"));
        }
    }
    Ok(())
}
