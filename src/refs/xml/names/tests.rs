//! Tests: entities and namespaces.

use super::*;

#[test]
fn entities_are_found_among_other_declarations() {
    let doctype = "svg PUBLIC \"-//W3C//<!ENTITY no 'x'>\" 'y' [\r\n<!ENTITY a \"1\"><!-- <!ENTITY no '2'> ' -->\
        <?x <!ENTITY no '3'>?><!ENTITY\n b '\"4>'\n><!ENTITY % p \"5\"><!ENTITY c SYSTEM '6'><!ENTITY a '7'>\
        <!ATTLIST svg x CDATA '<!ENTITY no \"8\">'>]";
    let mut found: Vec<_> = entities(doctype).into_iter().collect();
    found.sort();
    assert_eq!(found, [("a", "1"), ("b", "\"4>")]);
}

#[test]
fn broken_declarations_end_the_search() {
    for doctype in [
        "",
        "svg [",
        "svg [<!ENTITY",
        "svg [<!ENTITY a",
        "svg [<!ENTITY a 'b",
        "svg [<!-- ",
        "svg [<?",
        "'",
    ] {
        assert_eq!(entities(doctype), HashMap::new(), "{doctype}");
    }
}

/// A namespace prefix means what its nearest declaration says.
#[test]
fn nearest_namespace_declaration_counts() {
    let mut names = Names::new(Dialect::Svg);
    names.declare_entities("svg [<!ENTITY html 'http://www.w3.org/1999/xhtml'>]");
    assert_eq!(
        (names.of_element(None), names.of_attribute("xlink")),
        (Space::Svg, Space::Xlink)
    );
    assert_eq!(names.bind("xmlns", "&html;"), Some(""));
    assert_eq!(
        names.bind("xmlns:l", "http://www.w3.org/1999/xlink"),
        Some("l")
    );
    assert_eq!(names.bind("xmlnsx", "http://www.w3.org/1999/xlink"), None);
    assert_eq!(names.bind("xmlns:xlink", "x"), Some("xlink"));
    assert_eq!(
        (names.of_element(None), names.of_attribute("xlink")),
        (Space::Xhtml, Space::Other)
    );
    assert_eq!(names.of_attribute("l"), Space::Xlink);
    names.unbind(&["", "xlink"]);
    assert_eq!(
        (names.of_element(None), names.of_attribute("xlink")),
        (Space::Svg, Space::Xlink)
    );
}
