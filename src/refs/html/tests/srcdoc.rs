//! Tests: pages in pages.

use super::*;

/// The `srcdoc` of a frame is parsed as a page of its own.
#[test]
fn srcdoc_is_parsed_as_page() {
    let html = r#"<iframe srcdoc="<img src='a.png?x&amp;amp;y'><style>url(&quot;b&quot;)</style><!--c-->">"#;
    assert_eq!(references(html), ["Load a.png?x&y", "Load b"]);
    assert_eq!(spans(html), ["a.png", "b"]);
    assert_eq!(
        find(html, &Extra::default())
            .comments
            .into_iter()
            .map(|c| &html[c])
            .collect::<Vec<_>>(),
        ["<!--c-->"]
    );
    assert_eq!(
        spans("<iframe src=z srcdoc='&lt;img src=&quot;a&#47;b.png&quot;&gt;'>"),
        ["z", "a&#47;b.png"]
    );
}

#[test]
fn srcdoc_is_looked_into_three_deep() {
    let nest = |page: &str| {
        format!(
            "<iframe srcdoc=\"{}\">",
            page.replace('&', "&amp;").replace('"', "&quot;")
        )
    };
    let mut html = "<img src=\"a.png\">".to_string();
    for _ in 0..3 {
        html = nest(&html);
        assert_eq!(
            (references(&html), spans(&html)),
            (vec!["Load a.png".to_string()], vec!["a.png"])
        );
    }
    let found = find(&nest(&html), &Extra::default());
    assert_eq!((found.references.len(), found.faults.len()), (0, 1));
}

/// A base URL in `srcdoc` is a fault and does not apply to the outer page.
#[test]
fn base_in_srcdoc_is_a_fault() {
    let found = find(
        "<iframe srcdoc='<base href=x><img src=a>'></iframe><img src=b>",
        &Extra::default(),
    );
    let urls: Vec<_> = found.references.iter().map(|r| r.url.as_str()).collect();
    assert_eq!((urls, found.base, found.faults.len()), (vec!["b"], None, 1));
}

/// A placeholder in a script is found, and one inside `srcdoc` is a fault.
#[test]
fn placeholder_in_srcdoc_is_a_fault() {
    let found = find("<script>a='$$ASSETS(*)$$'</script>", &Extra::default());
    assert_eq!(
        (found.placeholders.len(), found.placeholders[0].span.clone()),
        (1, 10..25)
    );
    let found = find(
        "<iframe srcdoc=\"<script>a='$$ASSETS(*)$$'</script>\">",
        &Extra::default(),
    );
    assert_eq!((found.placeholders.len(), found.faults.len()), (0, 1));
}
