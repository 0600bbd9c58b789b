//! Tests: elements whose text is in another language.

use super::*;

/// The type of a script element decides its language.
#[test]
fn script_type_decides_its_language() {
    let rows = [
        ("", Some(Language::Js(js::Goal::Script))),
        (" text/JavaScript ", Some(Language::Js(js::Goal::Script))),
        ("Module", Some(Language::Js(js::Goal::Module))),
        ("importmap", None),
        // https://html.spec.whatwg.org/multipage/scripting.html#prepare-the-script-element allows
        // no parameters.
        ("text/javascript; charset=utf-8", None),
    ];
    for (value, language) in rows {
        let attribute = Attribute {
            space: None,
            name: "type",
            value,
            at: 0,
        };
        assert_eq!(
            Element::new(Space::Svg, "script", vec![attribute]).language(),
            language,
            "{value}"
        );
    }
}
