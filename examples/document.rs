//! Writes a page with other names in it.
//!
//! `cargo run --example document`

use assetsync::document::Document;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let page = r#"<link rel="stylesheet" href="hunt.css"><img srcset="map.png, map-2x.png 2x">"#;
    let document = Document::parse(page, "text/html")?;
    for url in document.urls() {
        println!("it names {url}");
    }
    let written = document.rewrite(|url| Some(format!("/static/{url}")));
    println!("{written}");
    assert!(written.contains(r#"srcset="/static/map.png, /static/map-2x.png 2x""#));
    Ok(())
}
