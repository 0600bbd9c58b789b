//! From rules to policies.

use super::*;
use crate::base::coding::{Coding, EncodingRule};
use crate::base::name::{CACHE_FOR_EVER, CACHE_SHORTLY, CONTENT_ENCODING, EncodingPolicy};

fn path(text: &str) -> LogicalPath {
    LogicalPath::parse(text).expect("valid")
}

fn rule(pattern: &str, set: impl FnOnce(&mut Rule)) -> Rule {
    let mut rule = Rule::new(pattern).expect("a glob");
    set(&mut rule);
    rule
}

#[test]
fn later_rules_win_field_by_field() {
    let rules = Rules::new(
        vec![
            rule("**/*.html", |r| {
                r.names = Some(NameStyle::Plain);
                r.headers.insert("content-language".into(), "en".into());
            }),
            rule("solution/**", |r| {
                r.names = Some(NameStyle::Opaque);
                r.headers
                    .insert("content-disposition".into(), "inline".into());
            }),
        ],
        BTreeSet::new(),
    );
    let page = rules.policy(&path("a/index.html"));
    assert_eq!(
        (page.names, page.headers.cache_control.as_str()),
        (NameStyle::Plain, CACHE_SHORTLY)
    );
    let solution = rules.policy(&path("solution/index.html"));
    assert_eq!(
        (solution.names, solution.headers.cache_control.as_str()),
        (NameStyle::Opaque, CACHE_FOR_EVER)
    );
    assert_eq!(solution.headers.further.len(), 2);
    assert!(rules.policy(&path("a.css")).headers.further.is_empty());
}

#[test]
fn one_star_stops_at_a_folder() {
    let rules = Rules::new(
        vec![rule("*.txt", |r| r.publish = Some(false))],
        BTreeSet::new(),
    );
    assert_eq!(rules.policy(&path("a.txt")).publish, Publish::LeftOut);
    assert_eq!(rules.policy(&path("b/a.txt")).publish, Publish::ByExtension);
}

/// A file with an unlisted extension is published only by a rule.
#[test]
fn unlisted_extension_needs_a_rule() {
    let rules = Rules::new(
        vec![
            rule("keep.blend", |r| r.publish = Some(true)),
            rule("**/*.psd", |r| r.publish = Some(true)),
        ],
        BTreeSet::from(["glsl".into(), String::new()]),
    );
    assert_eq!(rules.policy(&path("a.blend")).publish, Publish::NotListed);
    assert_eq!(rules.policy(&path("a.psd")).publish, Publish::Never);
    assert_eq!(rules.policy(&path("a.glsl")).publish, Publish::ByExtension);
    assert_eq!(rules.policy(&path("CNAME")).publish, Publish::ByExtension);
    let kept = rules.policy(&path("keep.blend"));
    assert_eq!(
        (kept.publish, kept.key_extension),
        (Publish::ByRule, None),
        "an unlisted extension isn't shown"
    );
}

/// Compressible files are gzipped unless a rule forbids it.
#[test]
fn gzip_unless_rule_forbids_it() {
    let rules = Rules::new(
        vec![rule("raw/**", |r| r.gzip = Some(GzipRule::Never))],
        BTreeSet::new(),
    );
    let encoding = |p: &str| rules.policy(&path(p)).headers.encoding;
    assert_eq!(encoding("a.js"), EncodingPolicy::Gzip);
    assert_eq!(encoding("raw/a.js"), EncodingPolicy::Identity);
    assert_eq!(encoding("a.mp3"), EncodingPolicy::Identity);
}

/// A precompressed file is served with the type of its content.
#[test]
fn precompressed_file_keeps_inner_type() {
    let rules = Rules::new(
        vec![
            rule("pages/**", |r| r.encoding = Some(EncodingRule::Br)),
            rule("raw/**", |r| r.encoding = Some(EncodingRule::Identity)),
        ],
        BTreeSet::new(),
    );
    let served = |text: &str| {
        let policy = rules.policy(&path(text));
        let coding = policy.headers.coding().map(Coding::name);
        let shown = policy.key_extension.unwrap_or_default();
        (policy.headers.content_type.clone(), coding, shown)
    };
    let is = |content_type: &str, coding, shown: &str| {
        (content_type.to_string(), coding, shown.to_string())
    };
    let wasm = "application/wasm";
    assert_eq!(served("game.wasm.gz"), is(wasm, Some("gzip"), "wasm.gz"));
    assert_eq!(served("game.wasm.br"), is(wasm, Some("br"), "wasm.br"));
    let html = "text/html; charset=utf-8";
    assert_eq!(served("pages/a.html"), is(html, Some("br"), "html"));
    assert_eq!(served("pages/a.html.br"), is(html, Some("br"), "html.br"));
    assert_eq!(
        served("raw/game.wasm.gz"),
        is("application/gzip", None, "gz")
    );
    assert_eq!(served("notes.csv.gz"), is("application/gzip", None, "gz"));
}

/// An `.svgz` file is served with the content encoding gzip.
#[test]
fn svgz_declares_gzip_encoding() {
    let policy = Rules::default().policy(&path("a.svgz"));
    assert_eq!(
        policy
            .headers
            .further
            .get(CONTENT_ENCODING)
            .map(String::as_str),
        Some("gzip")
    );
    assert_eq!(policy.headers.encoding, EncodingPolicy::Identity);
}
