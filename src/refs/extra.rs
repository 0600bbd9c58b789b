//! Attributes and strings that contain URLs according to a rule.

/// References besides those of the languages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Extra {
    /// JSON pointers (RFC 6901) of strings that are URLs; `*` stands for any one key or index:
    /// `/pictures/*/src`.
    pub pointers: Vec<String>,
    /// Attributes that hold URLs.
    pub attributes: Vec<ExtraAttribute>,
    /// Scripts and styles of pages get an `integrity`.
    pub adds_integrity: bool,
}

/// An attribute that holds URLs, because a rule says so.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ExtraAttribute {
    /// Its name, `data-src`, or only on one element, `img@data-src`. Lower case.
    pub name: String,
    /// Its grammar.
    pub grammar: Grammar,
}

/// Grammars of attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Grammar {
    /// One URL.
    Url,
    /// Image candidates: `a.png 1x, b.png 2x`.
    Srcset,
    /// Declarations of CSS, or the value of one.
    Css,
}

impl Grammar {
    /// All of them, by the word of a rule.
    pub const ALL: [(&str, Grammar); 3] = [
        ("url", Grammar::Url),
        ("srcset", Grammar::Srcset),
        ("css", Grammar::Css),
    ];
}

impl ExtraAttribute {
    /// Returns an attribute with the grammar that its name suggests.
    pub fn named(name: &str) -> ExtraAttribute {
        let grammar = if name.ends_with("srcset") {
            Grammar::Srcset
        } else {
            Grammar::Url
        };
        ExtraAttribute {
            name: name.to_lowercase(),
            grammar,
        }
    }
}
