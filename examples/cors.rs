//! Checks a policy for requests of other origins, and asks it a question.
//!
//! `cargo run --example cors`

use assetsync::cors::{Cloud, check};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let text = include_bytes!("../cors/s3.json");
    let checked = check(text, &[Cloud::S3]);
    for finding in &checked.findings {
        println!("{}:{}: {}", finding.line, finding.column, finding.message);
    }
    let policy = checked.policy.ok_or("it has mistakes")?;
    let origin = "https://hunt.example";
    let answer = policy.simple(Cloud::S3, origin, "GET");
    println!("a page of {origin} may read: {}", answer.is_some());
    Ok(())
}
