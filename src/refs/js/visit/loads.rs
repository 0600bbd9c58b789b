//! URLs that a browser is told to load.

use oxc_ast::ast::*;

use super::Visitor;
use crate::refs::js::names::{is_global, is_import_meta, last_name, object_name};
use crate::refs::js::operands::{Literal, is_sum, literal, operands, pieces, string};
use crate::refs::{Base, Kind, Reference, paths, placeholder};

impl<'t> Visitor<'t> {
    /// Finds the URL of `new URL("x", import.meta.url)`, `new Worker("x")`
    pub(super) fn construction(&mut self, new: &NewExpression) {
        let Expression::Identifier(class) = &new.callee else {
            return;
        };
        let argument = |index: usize| new.arguments.get(index).and_then(Argument::as_expression);
        match (class.name.as_str(), argument(0), argument(1)) {
            ("URL", Some(url), _) if is_url_beside(new) => {
                self.load(url, Kind::Load, Base::Document);
            }
            ("Worker" | "SharedWorker", Some(url), _) => self.load(url, Kind::Load, Base::Page),
            _ => (),
        }
    }

    /// Finds the URLs of `importScripts("x")`, `import.meta.resolve("x")`,
    /// `….audioWorklet.addModule("x")`, `….serviceWorker.register("x")`
    pub(super) fn call(&mut self, call: &CallExpression) {
        let urls = call.arguments.iter().filter_map(Argument::as_expression);
        let of = object_name(&call.callee).unwrap_or_default();
        match last_name(&call.callee) {
            Some("importScripts") if of.is_empty() || is_global(of) => {
                urls.for_each(|url| self.load(url, Kind::Load, Base::Document));
            }
            Some("resolve") if is_import_meta(&call.callee, "resolve") => {
                urls.take(1)
                    .for_each(|url| self.load(url, Kind::Import, Base::Document));
            }
            Some(function) if is_for_page(function, of) => {
                urls.take(1)
                    .for_each(|url| self.load(url, Kind::Load, Base::Page));
            }
            // What runs before it gets to a browser, or not at all.
            Some("require") if of.is_empty() => {
                let literals = urls.filter_map(literal);
                self.taken
                    .extend(literals.map(|literal| literal.span.start));
            }
            _ => (),
        }
    }

    /// Takes a URL that the browser is told to load: a reference if it's a literal, a built path if
    /// it's made of pieces.
    pub(super) fn load(&mut self, url: &Expression, kind: Kind, base: Base) {
        if let Some(literal) = literal(url) {
            self.reference(&literal, kind, base);
        } else if is_sum(url) {
            let operands = operands(url);
            let pieces = pieces(&operands);
            // `${url}` is but a variable.
            if pieces.len() > 1 && !paths::begins_absolute(&pieces) {
                self.report_built(url);
            }
        }
    }

    fn reference(&mut self, literal: &Literal, kind: Kind, base: Base) {
        if literal.value.is_empty() || placeholder::is_in(literal.value) {
            return;
        }
        let span = literal.span.start as usize + 1..literal.span.end as usize - 1;
        let reference = if self.text.get(span.clone()) == Some(literal.value) {
            Reference::verbatim(span.start, literal.value, kind)
        } else {
            Reference::escaped(span, literal.value, kind)
        };
        self.taken.insert(literal.span.start);
        self.found.references.push(Reference { base, ..reference });
    }

    /// Takes the literal of an `import` or `export … from`.
    pub(super) fn import_source(&mut self, source: &StringLiteral) {
        if let Some(literal) = string(source) {
            self.refuse_marker(literal.value, literal.span);
            self.reference(&literal, Kind::Import, Base::Document);
        }
    }
}

/// Says whether it's `new URL("…", import.meta.url)`: relative to the script.
pub(super) fn is_url_beside(new: &NewExpression) -> bool {
    let is_url = matches!(&new.callee, Expression::Identifier(class) if class.name == "URL");
    let base = new.arguments.get(1).and_then(Argument::as_expression);
    is_url && base.is_some_and(|base| is_import_meta(base, "url"))
}

/// Says whether `of.function("x")` loads what is relative to the page.
fn is_for_page(function: &str, of: &str) -> bool {
    match function {
        "addModule" => of.ends_with("worklet") || of.ends_with("Worklet"),
        "register" => of == "serviceWorker",
        _ => false,
    }
}
