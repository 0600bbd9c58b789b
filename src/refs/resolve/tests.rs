//! Tests: URLs, and the files they mean.

use super::*;

fn meaning(folder: &str, url: &str) -> Meaning {
    let prefixes = [
        "/static/".to_string(),
        "https://cdn.example.org/".to_string(),
    ];
    resolve(
        &BaseUrl::new(folder, None, &prefixes),
        url,
        Kind::Load,
        &prefixes,
    )
}

/// URLs resolve to paths as they do in browsers.
#[test]
fn urls_resolve_as_in_browsers() {
    for (folder, url, expected) in [
        ("a/b/", "img/x.png", "a/b/img/x.png"),
        ("a/b/", "./x.png?v=1#f", "a/b/x.png"),
        ("a/b/", "../x.png", "a/x.png"),
        ("a/b/", "../../x.png", "x.png"),
        ("a/b/", " \n x.png\t", "a/b/x.png"),
        ("a/b/", "x\n.png", "a/b/x.png"),
        ("a/b/", "x\\y.png", "a/b/x/y.png"),
        ("a/b/", "a%20b%3F%23é.png", "a/b/a b?#é.png"),
        ("a b?/", "x.png", "a b?/x.png"),
        ("a/", "%2e%2e/x.png", "x.png"),
        ("a/", "b/", "a/b/"),
        ("a/", ".", "a/"),
        ("a/", "/static/b/x.png?v", "b/x.png"),
        ("a/", "https://cdn.example.org/b/x.png", "b/x.png"),
        ("a/", "http:x.png", "a/x.png"),
    ] {
        let expected = Meaning::Path(expected.to_string());
        assert_eq!(meaning(folder, url), expected, "{url:?} in {folder:?}");
    }
}

/// URLs that lead out of the tree or are not UTF-8 resolve to nothing.
#[test]
fn urls_leaving_tree_resolve_to_nothing() {
    for (folder, url, why) in [
        ("a/b/", "../../../x.png", "it leads outside the tree"),
        ("a/", "/static/../x.png", "it leads outside the tree"),
        ("a/", "%ff.png", "it isn't valid UTF-8"),
    ] {
        assert_eq!(meaning(folder, url), Meaning::Nothing(why), "{url:?}");
    }
}

/// URLs of other sites and of the document itself count as elsewhere.
#[test]
fn foreign_and_fragment_urls_are_elsewhere() {
    for url in [
        "#top",
        "?page=2",
        "",
        "/x.png",
        "//example.org/x.png",
        "https://example.org/x.png",
        "data:text/css,a{}",
        "mailto:a@example.org",
        "javascript:void(0)",
        "http://[",
    ] {
        assert_eq!(meaning("a/", url), Meaning::Elsewhere, "{url:?}");
    }
}

/// The prefix `/` covers a whole site and leaves other hosts alone.
#[test]
fn root_prefix_excludes_other_hosts() {
    let site = ["/".to_string()];
    let mean = |url| resolve(&BaseUrl::new("a/", None, &site), url, Kind::Load, &site);
    assert_eq!(mean("/x.png"), Meaning::Path("x.png".to_string()));
    assert_eq!(mean("/"), Meaning::Path(String::new()));
    for url in ["//example.org/x.png", "/\\example.org/x.png"] {
        assert_eq!(mean(url), Meaning::Elsewhere, "{url}");
    }
    assert_eq!(
        BaseUrl::new("a/", Some("//example.org/"), &site),
        BaseUrl(None)
    );
}

/// A bare module specifier is left to import maps.
#[test]
fn import_maps_resolve_bare_specifiers() {
    let base = BaseUrl::new("a/", None, &[]);
    let import = |url| resolve(&base, url, Kind::Import, &[]);
    assert_eq!(import("three"), Meaning::Elsewhere);
    assert_eq!(import("three/addons/x.js"), Meaning::Elsewhere);
    assert_eq!(
        import("./three.js"),
        Meaning::Path("a/three.js".to_string())
    );
}

#[test]
fn a_base_element_counts() {
    let prefixes = ["/static/".to_string()];
    let mean = |href, url| {
        resolve(
            &BaseUrl::new("a/b/", Some(href), &prefixes),
            url,
            Kind::Load,
            &prefixes,
        )
    };
    let path = |text: &str| Meaning::Path(text.to_string());
    assert_eq!(mean("../", "x.png"), path("a/x.png"));
    assert_eq!(mean("c/page.html", "x.png"), path("a/b/c/x.png"));
    assert_eq!(mean("/static/d/", "x.png"), path("d/x.png"));
    assert_eq!(mean("/elsewhere/", "x.png"), Meaning::Elsewhere);
    assert_eq!(mean("https://example.org/", "x.png"), Meaning::Elsewhere);
    assert_eq!(mean("/elsewhere/", "/static/x.png"), path("x.png"));
}

/// The relative URL from one object to another is as short as possible.
#[test]
fn relative_url_is_shortest() {
    let to = |from: &str, key: &str, kind| {
        relative(
            &BaseUrl::new(from, None, &[]),
            &ObjectKey::parse(key).expect("valid"),
            kind,
        )
        .expect("in the tree")
    };
    for (from, key, expected) in [
        ("", "k.png", "k.png"),
        ("a/b/", "k.png", "../../k.png"),
        ("a/b/", "a/b/k.png", "k.png"),
        ("a/b/", "a/c/k.png", "../c/k.png"),
        ("a b/", "a b/k#.png", "k%23.png"),
        ("", "a:b/k.png", "a%3Ab/k.png"),
    ] {
        assert_eq!(to(from, key, Kind::Load), expected);
    }
    assert_eq!(to("", "k.js", Kind::Import), "./k.js");
    assert_eq!(to("a/", "k.js", Kind::Import), "../k.js");
}
