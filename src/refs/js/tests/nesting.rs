//! Tests: deep and long scripts.

use super::*;

/// Texts that open, stand in the middle, and close.
const NESTING: [(&str, &str, &str); 58] = [
    ("(", "1", ")"),
    ("(", "a", ")"),
    ("[", "", "]"),
    ("([", "a", "])"),
    ("({a:", "b", "})"),
    ("!", "a", ""),
    ("- ", "a", ""),
    ("a+", "a", ""),
    ("a.", "a", ""),
    ("", "a", "()"),
    ("", "a", "[0]"),
    ("", "a", "?.b"),
    ("", "a", "``"),
    ("a||", "a", ""),
    ("if(a);else ", ";", ""),
    ("if(a){}else ", ";", ""),
    ("if(a)", ";", ""),
    ("a=>", "a", ""),
    ("(a)=>", "a", ""),
    ("(a=", "b", ")=>1"),
    ("`${", "a", "}`"),
    ("a`${", "a", "}`"),
    ("a?", "b", ":c"),
    ("a?b:", "c", ""),
    ("a=", "b", ""),
    ("a**", "b", ""),
    ("{", "", "}"),
    ("a:", ";", ""),
    ("do ", ";", "while(1)"),
    ("for(;;)", ";", ""),
    ("function f(){", "", "}"),
    ("(function(){", "", "})()"),
    ("({a(){", "", "}})"),
    ("({get a(){", "", "}})"),
    ("({[", "a", "]:1})"),
    ("(class{static{", "", "}})"),
    ("(class extends ", "B", "{})"),
    ("new ", "a", ""),
    ("typeof ", "a", ""),
    ("a as keyof ", "b", ""),
    ("a as A<x,", "b", ">"),
    ("try{", "", "}catch(e){}"),
    ("switch(a){case 0:", "", "}"),
    ("var [a=", "1", "]=1;"),
    ("[", "a", "]=1"),
    ("@(", "a", ") class A{}"),
    ("import(", "a", ")"),
    ("<a>", "x", "</a>"),
    ("<a b={", "x", "}/>"),
    ("a||b&&c|d^e&f==g<h<<i+j*k**(", "a", ")"),
    ("/*@__PURE__*/a.", "a", ""),
    ("a/**/=", "b", ""),
    ("3in[", "", "]"),
    ("a\n/", "a", ""),
    ("}", "", ""),
    ("`", "", ""),
    ("'", "", ""),
    ("({a", "b", "})"),
];

#[test]
fn nesting_never_overflows_the_stack() {
    for (open, middle, close) in NESTING {
        let deepest = 10 * crate::base::cases(10_000) as usize;
        for levels in [2_000 / open.len().max(1), deepest / 5, deepest] {
            let text = format!("{}{middle}{}", open.repeat(levels), close.repeat(levels));
            let faults = find(&text, Goal::Guess).faults;
            assert!(faults.len() <= 1, "{open}{middle}{close} {faults:?}");
        }
    }
}

/// A text that nests 20,000 deep.
fn nested(open: &str, middle: &str, close: &str) -> String {
    match close {
        "]=1" => format!(
            "{}a{}=1",
            open.replace('[', &"[".repeat(20_000)),
            "]".repeat(20_000)
        ),
        _ => format!("{}{middle}{}", open.repeat(20_000), close.repeat(20_000)),
    }
}

#[test]
fn visiting_makes_its_own_stack() {
    let rows = [
        ("[", "a", "]"),
        ("{", "", "}"),
        ("if(a);else ", ";", ""),
        ("a=>", "a", ""),
        ("<a>", "x", "</a>"),
        ("<a b=", "''", "/>"),
        ("let [", "a", "]=1"),
        ("[", "a", "]=1"),
    ];
    for (open, middle, close) in rows {
        let text = nested(open, middle, close);
        let allocator = Allocator::default();
        let parser = Parser::new(&allocator, &text, SourceType::unambiguous().with_jsx(true));
        let parsed = stacker::grow(256 << 20, || parser.parse());
        assert!(!parsed.panicked, "{open}");
        stacker::grow(512 << 10, || {
            Visitor::new(&text).visit_program(&parsed.program)
        });
    }
}

/// Long chains of operators and statements are read to their end.
#[test]
fn long_chains_are_read_completely() {
    let chains = [
        format!("x = a{} + import('./a.js')", "+a".repeat(50_000)),
        format!("import('./a.js'){}", "+a".repeat(50_000)),
        format!("import('./a.js'){}", ".a()[0]".repeat(50_000)),
        format!("{} import('./a.js')", "if(a)b();else ".repeat(10_000)),
    ];
    for text in chains {
        one(&text, "./a.js", "./a.js", Kind::Import, Base::Document);
    }
}
