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

/// The type of a script decides how its text is read.
#[test]
fn script_type_decides_its_language() {
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

/// References in inline styles and scripts are found at their place in the page.
#[test]
fn inline_styles_and_scripts_are_located() {
    let html = "é<style>a{b:url(a.png?x)}</style><p style='b:url(&quot;b.png&quot;)'><script>import \"c.js\"</script>";
    assert_eq!(spans(html), ["a.png", "b.png", "c.js"]);
    check(STYLES);
}

/// A page may hold source maps, and a module script does not make it a module.
#[test]
fn page_is_never_a_module() {
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

/// The `src` of a script counts as loaded even if its type is unknown.
#[test]
fn src_of_unknown_script_is_loaded() {
    check(SCRIPTS_FOR_OTHERS);
}
