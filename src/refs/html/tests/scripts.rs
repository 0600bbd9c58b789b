//! Tests: scripts and styles in pages.

use super::*;

const SCRIPTS: &[Row] = &[
    (
        "<script src=a></script><script src=b type=''></script>",
        &["Script a", "Script b"],
    ),
    (
        "<script src=a type=' Text/JavaScript '></script>",
        &["Script a"],
    ),
    ("<script src=a language=javascript></script>", &["Script a"]),
    ("<script type=MODULE src=a></script>", &["ModuleScript a"]),
    (
        "<script type=text/template src=a></script><script language=vbscript src=b></script>",
        &["Script a", "Script b"],
    ),
    ("<script type=' ' src=a></script>", &["Script a"]),
    ("<script>import \"a\"</script>", &["Import a"]),
    (
        "<script type=module>new Worker(\"a\")</script>",
        &["Load a"],
    ),
    ("<script src=a>import \"b\"</script>", &["Script a"]),
    (
        "<script type=application/ld+json>import \"a\"</script>",
        &[],
    ),
    (
        "<script type=speculationrules>{\"import \":\"a\"}</script>",
        &[],
    ),
    ("<script type=text/template><img src=a></script>", &[]),
    (
        "<script type=importmap>{\"scopes\":{\"./s/\":{}},\"imports\":{\"a\":\"./a.js\"}}</script>",
        &["Import ./s/", "Import ./a.js"],
    ),
    (
        "<script type=importmap>{\"imports\":{\"a\":\"./a.js\"},\"scopes\":{\"./s/\":{\"b\":\"./b\"}}}</script>",
        &["Import ./a.js", "Import ./s/", "Import ./b"],
    ),
];

#[test]
fn a_scripts_type_decides_what_it_is() {
    check(SCRIPTS);
    assert_eq!(
        spans("é<script type=importmap> {\"imports\":{\"a\":\"./a.js?v\"}}</script>"),
        ["./a.js"]
    );
}

const STYLES: &[Row] = &[
    (
        "<style type=text/less>url(a)</style><style type=TEXT/CSS>url(b)</style>",
        &["Load b"],
    ),
    ("<style>url(a)", &["Load a"]),
    (
        "<style>url(a)<img src=b></style><img src=c>",
        &["Load a", "Load c"],
    ),
    (
        "<script><!--<script></script>\nimport \"a\"</script><img src=c>",
        &["Import a", "Load c"],
    ),
];

#[test]
fn styles_and_scripts_are_found_where_they_stand() {
    let html = "é<style>a{b:url(a.png?x)}</style><p style='b:url(&quot;b.png&quot;)'><script>import \"c.js\"</script>";
    assert_eq!(spans(html), ["a.png", "b.png", "c.js"]);
    check(STYLES);
}

#[test]
fn a_page_has_source_maps_and_is_no_module() {
    let found = find(
        "<style>\n/*# sourceMappingURL=x */</style>",
        &Extra::default(),
    );
    assert_eq!(
        found.source_maps.last().cloned().map(|map| map.comment),
        Some(8..33)
    );
    assert!(
        !find(
            "<script type=module>import \"a\"</script>",
            &Extra::default()
        )
        .is_module
    );
}

const SCRIPTS_FOR_OTHERS: &[Row] = &[
    (
        "<script type=text/plain src=a.js></script>",
        &["Script a.js"],
    ),
    (
        "<script type=text/partytown src=a.js></script>",
        &["Script a.js"],
    ),
    (
        "<script type=x-shader/x-vertex src=a.txt></script>",
        &["Script a.txt"],
    ),
    (
        "<script type=module-shim src=a.js></script>",
        &["ModuleScript a.js"],
    ),
    (
        "<script type=module-shim>import './a.js'</script>",
        &["Import ./a.js"],
    ),
    (
        "<script type=importmap-shim src=a.json></script>",
        &["Load a.json"],
    ),
    (
        "<script type=importmap-shim>{\"imports\": {\"a\": \"./a.js\"}}</script>",
        &["Import ./a.js"],
    ),
    (
        "<script type=speculationrules>{\"prefetch\": [{\"urls\": [\"a.html\", \"b.html\"]}], \"prerender\": [{\"where\": {\"href_matches\": \"/*\"}}]}</script>",
        &["Link a.html", "Link b.html"],
    ),
    ("<link rel='manifest' href=m.json>", &["Manifest m.json"]),
];

#[test]
fn scripts_of_any_type_are_loaded_by_somebody() {
    check(SCRIPTS_FOR_OTHERS);
}
