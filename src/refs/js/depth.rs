//! How much stack the parser may need for a text, told before it runs: it recurses, and a stack that overflows ends
//! the process.
//!
//! The text is cut into tokens, and whatever can make the parser recurse counts, until its bracket is closed or a `;`
//! or `,` ends it. Never too few: what isn't certain (`}` before a `/` can end a block or an object, and what follows
//! is a regular expression or a division) makes this give up, and all the rest counts as if nothing were ever closed.

mod scan;
mod words;

use scan::Depth;

/// For one token that nests. Measured with oxc_parser 0.146 on x86-64: at most 1600 bytes over 98 constructs in a release
/// build; 3500 without any optimization, over the 14 constructs tried there.
const LEVEL_BYTES: usize = if cfg!(debug_assertions) {
    8 * 1024
} else {
    3 * 1024
};

/// For what doesn't nest.
const BASE_BYTES: usize = 512 * 1024;

/// Only reserved; what isn't used takes no memory.
const STACK_BYTES_MAX: usize = 1024 * 1024 * 1024;

/// What a text is parsed as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    /// JavaScript.
    Plain,
    /// JavaScript with elements, whose text holds quotes and slashes that mean nothing.
    Jsx,
}

/// Browsers give up earlier: V8 at 1600 parentheses. The parser could do more, but reads `({[({[…` again from each
/// bracket: 2500 of those take half a gigabyte of memory.
const BRACKETS_MAX: usize = 2500;

/// Stack that is enough to parse `text`, or `None` if that would be too much.
pub(super) fn stack_bytes(text: &str, syntax: Syntax) -> Option<usize> {
    let Depth { tokens, brackets } = scan::depth(text);
    let tokens = match syntax {
        Syntax::Plain => tokens,
        Syntax::Jsx => words::tokens_that_nest(text.as_bytes()),
    };
    let bytes = tokens.checked_mul(LEVEL_BYTES)?.checked_add(BASE_BYTES)?;
    (bytes <= STACK_BYTES_MAX && brackets <= BRACKETS_MAX).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use oxc_allocator::Allocator;
    use oxc_ast::AstKind;
    use oxc_ast_visit::Visit;
    use oxc_parser::{ParseOptions, Parser};
    use oxc_span::SourceType;
    use proptest::prelude::*;

    use super::*;

    /// `(text, tokens)`: nothing may be fewer.
    #[test]
    fn what_is_closed_or_ended_counts_no_more() {
        let rows = [
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
        for (text, tokens) in rows {
            assert_eq!(scan::depth(text).tokens, tokens, "{text}");
        }
    }

    /// Read the wrong way, what nests stands in quotes.
    const HIDDEN: [&str; 2] = ["/'/+((((((((a))))))))+/'/", "`\n((((((((a))))))))//`"];

    #[test]
    fn what_is_not_certain_counts_to_the_end() {
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

    #[test]
    fn no_text_nests_deeper_than_it_has_tokens() {
        let source = include_str!("depth/scan.rs");
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

    /// How many nodes that begin with a token that nests are inside each other.
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

    fn fragment() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
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
        ])
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_parsed_text_nests_deeper_than_was_told(parts in prop::collection::vec(fragment(), 0..16)) {
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

    #[test]
    fn deep_texts_are_refused_and_real_ones_are_cheap() {
        assert_eq!(
            stack_bytes(&"[".repeat(BRACKETS_MAX + 1), Syntax::Plain),
            None
        );
        assert_eq!(stack_bytes(&"!".repeat(10_000_000), Syntax::Plain), None);
        let bundle = "(function(){if(a){b(c,d)}else{e=[1,2]}})();".repeat(100_000);
        assert!(stack_bytes(&bundle, Syntax::Plain).is_some_and(|bytes| bytes < 1024 * 1024));
    }
}
