//! References in JavaScript: URLs that scripts import, load, run as workers, or name as their
//! source map. The parser is oxc's. Only literals are references. Independent of pages and of the
//! tree.

mod comments;
mod constants;
mod depth;
mod names;
mod operands;
#[cfg(test)]
mod tests;
mod visit;

use oxc_allocator::Allocator;
use oxc_ast_visit::Visit;
use oxc_parser::{ParseOptions, Parser, ParserReturn};
use oxc_span::SourceType;

use super::{Fault, Found, Place, words};
use crate::base::caught::caught;
use depth::Syntax;
use visit::Visitor;

/// Ways in which a text is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// As a classic script.
    Script,
    /// As a module: `.mjs`, `<script type="module">`.
    Module,
    /// As either: a `.js` file doesn't say.
    Guess,
}

/// Finds the references of a script, and the strings that look like some.
///
/// A text that can't be parsed has one fault, and the words that look like paths. Errors that a
/// parser can pass over (`return` outside of a function, `await` as a name) are left to the
/// browser.
pub fn find(text: &str, goal: Goal) -> Found {
    let mut first_fault = None;
    for source_type in readings(goal) {
        match read(text, source_type) {
            Ok(found) => return found,
            Err(fault) => first_fault = first_fault.or(Some(fault)),
        }
    }
    Found {
        faults: first_fault.into_iter().collect(),
        mentions: words::find(text, &Place::Unread, |at| at),
        ..Found::default()
    }
}

/// Returns what to take a text for, in this order, until the parser accepts it.
fn readings(goal: Goal) -> Vec<SourceType> {
    let jsx = |source_type: SourceType| source_type.with_jsx(true);
    match goal {
        Goal::Script => vec![SourceType::script(), jsx(SourceType::script())],
        Goal::Module => vec![SourceType::mjs(), jsx(SourceType::mjs())],
        Goal::Guess => vec![
            SourceType::unambiguous(),
            SourceType::script(),
            jsx(SourceType::unambiguous()),
        ],
    }
}

/// Parses and visits on a stack that is large enough for the text.
fn read(text: &str, source_type: SourceType) -> Result<Found, Fault> {
    let syntax = if source_type.is_jsx() {
        Syntax::Jsx
    } else {
        Syntax::Plain
    };
    let stack_bytes = depth::stack_bytes(text, syntax).ok_or_else(|| {
        Fault::unread(
            0,
            "the script is nested too deeply to be parsed, so its references aren't rewritten",
        )
    })?;
    let parsed = stacker::maybe_grow(stack_bytes, stack_bytes, || {
        caught(|| parse(text, source_type))
    });
    parsed.unwrap_or_else(|| {
        Err(Fault::unread(
            0,
            "the parser fails on this script, so its references aren't rewritten",
        ))
    })
}

fn parse(text: &str, source_type: SourceType) -> Result<Found, Fault> {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, text, source_type)
        .with_options(options())
        .parse();
    if parsed.panicked {
        return Err(syntax_fault(&parsed));
    }
    let mut visitor = Visitor::new(text);
    visitor.visit_program(&parsed.program);
    let mut found = visitor.finish();
    comments::find_source_map(text, &parsed.program.comments, &mut found);
    found
        .references
        .sort_by_key(|reference| reference.span.start);
    found.is_module = parsed.module_record.has_module_syntax;
    Ok(found)
}

fn options() -> ParseOptions {
    ParseOptions {
        allow_return_outside_function: true,
        // `new (Worker)("x")` is `new Worker("x")`.
        preserve_parens: false,
        // Only maps of identifiers need them.
        enable_ident_hashes: false,
        ..ParseOptions::default()
    }
}

fn syntax_fault(parsed: &ParserReturn) -> Fault {
    // The last one is what the parser couldn't pass over.
    let error = parsed.diagnostics.iter().last();
    let at = error
        .and_then(|error| error.labels.first())
        .map_or(0, |label| label.offset() as usize);
    let message = error.map_or("unexpected end", |error| &error.message);
    Fault::unread(at, format!("isn't valid JavaScript: {message}"))
}
