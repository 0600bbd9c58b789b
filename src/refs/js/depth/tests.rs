//! Tests: bounds of nesting, beside what the parser does.

use oxc_allocator::Allocator;
use oxc_ast::AstKind;
use oxc_ast_visit::Visit;
use oxc_parser::{ParseOptions, Parser};
use oxc_span::SourceType;
use proptest::prelude::*;

use super::*;

/// Texts and the tokens that nest in them: nothing may be fewer.
const DEPTHS: [(&str, usize); 22] = [
    ("a;b;c", 0),
    ("a=1;a=1;a=1", 1),
    ("a=1,a=1,a=1", 1),
    ("(((a)))+(a)", 3),
    ("'((('+\"(((\"", 1),
    ("`((('${a}(((`", 1),
    ("// (((\n/* ((( */a-->b", 2),
    ("a=/[(/]((/g", 1),
    ("a=/[\u{201c}(\\\u{201d}(]((/g", 1),
    ("a/(b)/((c))", 4),
    ("if(a)/'(((/.b()", 2),
    ("if(a){}/'(((/.b()", 2),
    ("a++/b", 2),
    ("x.if(a)/b((c))/d", 3),
    ("if(a);else if(b);else if(c);c", 6),
    ("if(a);if(b);if(c);", 2),
    ("do do a;while((b));while(c);d;", 5),
    ("a:b:c:d;e:f", 3),
    ("f(a<b,a<b,a<b)", 4),
    ("a/**/=b/**/=c", 2),
    ("a.b.c[d][e]", 1),
    ("/*@__PURE__*/a.b.c[d][e]", 4),
];

/// Brackets and statements that have ended no longer count as nesting.
#[test]
fn closed_nesting_no_longer_counts() {
    for (text, tokens) in DEPTHS {
        assert_eq!(scan::depth(text).tokens, tokens, "{text}");
    }
}

/// Read the wrong way, what nests stands in quotes.
const HIDDEN: [&str; 2] = ["/'/+((((((((a))))))))+/'/", "`\n((((((((a))))))))//`"];

/// Text that could be code counts as nesting up to the end.
#[test]
fn ambiguous_text_counts_as_nesting() {
    let [regex, comment] = HIDDEN;
    let rows = [
        ("var a\n", regex),
        ("import 'a'\n", regex),
        ("break\n", regex),
        ("function f(){}", regex),
        ("a\n++", regex),
        ("await ", regex),
        ("for(a of ", regex),
        ("3in", regex),
        ("x\n\\u0069f(a)", regex),
        ("a<!--", comment),
        ("a\n-->", comment),
        ("\u{feff}#!", comment),
        ("a}", "((((((((a))))))))"),
        ("a=/\u{2028}", regex),
    ];
    for (start, hidden) in rows {
        assert!(
            scan::depth(&format!("{start}{hidden}")).tokens >= 8,
            "{start}{hidden}"
        );
    }
}

/// The estimated depth never exceeds the number of nesting tokens.
#[test]
fn depth_never_exceeds_token_count() {
    let source = include_str!("scan.rs");
    for text in [
        "a\u{a0}typeof\u{a0}typeof\u{2003}b",
        "((([[[{{{",
        "!!!",
        "typeof typeof keyof keyof x",
        source,
    ] {
        assert!(
            scan::depth(text).tokens <= words::tokens_that_nest(text.as_bytes()),
            "{text}"
        );
    }
}

/// Number of nested nodes that begin with a token that nests.
#[derive(Default)]
struct Nesting {
    open: usize,
    deepest: usize,
}

impl Nesting {
    fn of(kind: AstKind) -> usize {
        usize::from(matches!(
            kind,
            AstKind::ArrayExpression(_)
                | AstKind::ObjectExpression(_)
                | AstKind::ParenthesizedExpression(_)
                | AstKind::UnaryExpression(_)
                | AstKind::AwaitExpression(_)
                | AstKind::ArrowFunctionExpression(_)
                | AstKind::NewExpression(_)
                | AstKind::BlockStatement(_)
                | AstKind::IfStatement(_)
                | AstKind::DoWhileStatement(_)
                | AstKind::LabeledStatement(_)
                | AstKind::Class(_)
                | AstKind::FunctionBody(_)
        ))
    }
}

impl<'a> Visit<'a> for Nesting {
    fn enter_node(&mut self, kind: AstKind<'a>) {
        self.open += Nesting::of(kind);
        self.deepest = self.deepest.max(self.open);
    }

    fn leave_node(&mut self, kind: AstKind<'a>) {
        self.open -= Nesting::of(kind);
    }
}

const FRAGMENTS: &[&str] = &[
    "a",
    "a",
    "1",
    "(",
    ")",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "{}",
    "(a)",
    "/",
    "/",
    "/[(",
    "]/g",
    "'",
    "\"",
    "`",
    "${",
    "\n",
    "\n",
    " ",
    ";",
    ";",
    ",",
    ":",
    "?",
    "=",
    "=>",
    "!",
    "+",
    "++",
    "--",
    "-->",
    "<!--",
    "//",
    "/*",
    "*/",
    "if(a)",
    "else ",
    "do ",
    "while(a)",
    "function f(){",
    "class A{",
    "typeof ",
    "new ",
    "await ",
    "of ",
    "return ",
    "break",
    "a.if",
    "\\u{61}",
    "\u{a0}",
    "\u{e4}",
    "a:",
    "async ",
    "case ",
    "switch(a){",
    "try{",
    "catch(a){",
    "get ",
    "static{",
    "yield ",
    "in ",
    "<",
    "a as b",
    "...",
    "?.",
    ".",
    "#a",
    "@",
    HIDDEN[0],
    HIDDEN[0],
    HIDDEN[0],
    HIDDEN[1],
    HIDDEN[1],
    "var a",
    "import 'a'",
    "}",
    "a++",
];

fn fragment() -> impl Strategy<Value = &'static str> {
    prop::sample::select(FRAGMENTS)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::base::cases(20_000), failure_persistence: None, ..ProptestConfig::default() })]

    /// A parsed script is never nested deeper than estimated.
    #[test]
    fn parsed_depth_stays_within_estimate(parts in prop::collection::vec(fragment(), 0..16)) {
        let text = parts.concat();
        for source_type in [SourceType::script(), SourceType::mjs(), SourceType::unambiguous()] {
            let allocator = Allocator::default();
            let options = ParseOptions { allow_return_outside_function: true, ..ParseOptions::default() };
            let parsed = Parser::new(&allocator, &text, source_type).with_options(options).parse();
            let mut nesting = Nesting::default();
            nesting.visit_program(&parsed.program);
            prop_assert!(nesting.deepest <= scan::depth(&text).tokens, "{text:?}");
        }
    }
}

/// Scripts with extreme nesting are refused, and real bundles need little stack.
#[test]
fn deep_scripts_are_refused() {
    assert_eq!(
        stack_bytes(&"[".repeat(BRACKETS_MAX + 1), Syntax::Plain),
        None
    );
    assert_eq!(stack_bytes(&"!".repeat(10_000_000), Syntax::Plain), None);
    let bundle = "(function(){if(a){b(c,d)}else{e=[1,2]}})();".repeat(100_000);
    assert!(stack_bytes(&bundle, Syntax::Plain).is_some_and(|bytes| bytes < 1024 * 1024));
}
