//! Words that make the parser recurse. See the parent module.

/// Statements and their parts: they nest without brackets, and a `,` doesn't end them.
const STATEMENTS: &[&str] = &[
    "case", "default", "do", "else", "finally", "for", "if", "switch", "try", "while", "with",
];

/// Other words that can nest, and never stand right before a division.
const OPERATORS: &[&str] = &[
    "class",
    "const",
    "delete",
    "enum",
    "export",
    "extends",
    "function",
    "import",
    "in",
    "instanceof",
    "new",
    "return",
    "throw",
    "typeof",
    "var",
    "void",
    "break",
    "catch",
    "continue",
    "debugger",
];

/// Words that are operators or names.
const EITHER: &[&str] = &[
    "abstract",
    "accessor",
    "as",
    "asserts",
    "async",
    "await",
    "declare",
    "get",
    "infer",
    "interface",
    "is",
    "keyof",
    "let",
    "of",
    "out",
    "readonly",
    "satisfies",
    "set",
    "static",
    "type",
    "unique",
    "using",
    "yield",
];

/// Meaning of a word for the parser.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// `if`
    Statement,
    /// `typeof`
    Operator,
    /// `async`: an operator or a name.
    Either,
    /// `this`, `null`: can't be a label, stand before a division.
    Value,
    /// Anything else.
    Name,
}

impl Word {
    /// Names are told from keywords by their letters only: not after a dot.
    pub(super) fn of(word: &[u8]) -> Word {
        let is_in = |list: &[&str]| list.iter().any(|known| known.as_bytes() == word);
        match word.len() {
            0..2 | 11.. => Word::Name,
            _ if !word[0].is_ascii_lowercase() => Word::Name,
            _ if is_in(STATEMENTS) => Word::Statement,
            _ if is_in(EITHER) => Word::Either,
            _ if is_in(OPERATORS) => Word::Operator,
            _ if is_in(&["this", "super", "null", "true", "false"]) => Word::Value,
            _ => Word::Name,
        }
    }
}

/// Counts the tokens of `bytes` that can nest, whatever they are cut into.
pub(super) fn tokens_that_nest(bytes: &[u8]) -> usize {
    let mut count = 0;
    let mut is_after_word = false;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        at += 1;
        if is_of_word(byte) {
            let rest = bytes[at..].iter();
            at += rest.take_while(|byte| is_of_word(**byte)).count();
            let word = &bytes[start..at];
            // Some of these separate words, some write letters of one.
            let is_unusual = |byte: &&u8| **byte == b'\\' || **byte >= 0x80;
            let unusual = word.iter().filter(is_unusual).count();
            let nests = is_after_word || unusual > 0 || Word::of(word) != Word::Name;
            count += unusual + usize::from(nests);
            is_after_word = true;
        } else if !byte.is_ascii_whitespace() {
            count += usize::from(!b",;)]}\"'".contains(&byte));
            is_after_word = false;
        }
    }
    count
}

/// Says whether a byte is of a word, or of an escape in one.
fn is_of_word(byte: u8) -> bool {
    is_word_byte(byte) || byte == b'\\'
}

/// Says whether a byte is of a name, a number or a keyword. Letters that aren't ASCII can turn out
/// to be white space.
pub(super) fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}
