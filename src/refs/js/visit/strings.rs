//! Strings in expressions: placeholders, paths that nothing rewrites, and what is put together from
//! them.

use std::collections::BTreeSet;

use oxc_ast::ast::*;
use oxc_ast_visit::Visit;
use oxc_span::{GetSpan, Span};

use super::Visitor;
use crate::refs::js::constants::Sum;
use crate::refs::js::operands::{Literal, literal, operands, pieces};
use crate::refs::{Built, Fault, Joined, Mention, Place, Placeholder, paths, placeholder};

/// Bytes that are kept of what one script puts together: more than it's long, only in hostile ones.
const CONSTANT_BYTES_MAX: usize = 4 << 20;

impl<'t> Visitor<'t> {
    /// Looks at a string in an expression: a placeholder, or perhaps a path that nothing rewrites.
    pub(super) fn value(&mut self, expression: &Expression) {
        let Some(literal) = literal(expression) else {
            return;
        };
        match placeholder::parse(literal.value) {
            Some(stands_for) => {
                let span = literal.span.start as usize..literal.span.end as usize;
                self.found
                    .placeholders
                    .push(Placeholder { span, stands_for });
            }
            None => self.no_value(&literal),
        }
    }

    /// Looks at a string that can't be a placeholder.
    pub(super) fn no_value(&mut self, literal: &Literal) {
        self.refuse_marker(literal.value, literal.span);
        if self.taken.contains(&literal.span.start) {
            return;
        }
        let at = literal.span.start as usize;
        if let Some(folder) = paths::folder_before_hole(literal.value) {
            self.begins(at, folder);
        } else if paths::is_file_path(literal.value) {
            self.mention(at, literal.value.to_string(), Place::Script);
        } else if let Some(folder) = paths::folder_path(literal.value) {
            self.begins(at, folder);
        }
    }

    fn begins(&mut self, at: usize, folder: String) {
        let folders = self.beginnings.entry(at).or_default();
        folders.insert((folder, self.base));
    }

    fn mention(&mut self, at: usize, text: String, place: Place) {
        let base = self.base;
        self.found.mentions.push(Mention {
            at,
            text,
            place,
            base,
        });
    }

    pub(super) fn refuse_marker(&mut self, value: &str, span: Span) {
        if placeholder::is_in(value) {
            let fault = Fault::misplaced(span.start as usize);
            self.found.faults.push(fault);
        }
    }

    pub(super) fn refuse_marker_in(&mut self, template: &TemplateLiteral) {
        for quasi in &template.quasis {
            self.refuse_marker(&quasi.value.raw, quasi.span);
        }
    }

    /// Looks at the outermost `a + b` or template with expressions.
    pub(super) fn sum(&mut self, expression: &Expression) {
        let at = expression.span().start as usize;
        let whole = self.sum_of_constants(expression);
        let operands = operands(expression);
        let pieces = pieces(&operands);
        if whole.is_none() {
            for name in paths::names_in(&pieces) {
                self.mention(at, name, Place::Name);
            }
        }
        match whole.filter(|whole| paths::is_file_path(whole)) {
            Some(whole) => self.mention(at, whole, Place::Script),
            None if paths::is_built_path(&pieces) => self.report_built(expression),
            None => {}
        }
        for operand in operands {
            self.operand(operand);
        }
    }

    /// Notes what a sum makes as far as it's known; returns all of it, if it is.
    fn sum_of_constants(&mut self, expression: &Expression) -> Option<String> {
        let Sum {
            made,
            beginnings,
            whole,
        } = self.constants.of_sum(expression);
        for text in made {
            self.constant(expression.span(), text);
        }
        let folders = beginnings
            .iter()
            .filter_map(|(text, is_first)| paths::folder_at_end(text, *is_first));
        for folder in folders.collect::<BTreeSet<String>>() {
            self.begins(expression.span().start as usize, folder);
        }
        whole
    }

    fn operand(&mut self, operand: &Expression) {
        match (operand, literal(operand)) {
            (_, Some(literal)) if placeholder::parse(literal.value).is_some() => {
                self.value(operand);
            }
            // A piece of a path isn't the path of a file.
            (_, Some(literal)) => self.refuse_marker(literal.value, literal.span),
            (Expression::TemplateLiteral(template), None) => {
                self.refuse_marker_in(template);
                self.visit_expressions(&template.expressions);
            }
            (_, None) => self.visit_expression(operand),
        }
    }

    /// Keeps a string that is put together.
    pub(super) fn constant(&mut self, span: Span, text: String) {
        self.constant_bytes += text.len();
        if self.constant_bytes <= CONSTANT_BYTES_MAX {
            let at = span.start as usize;
            self.found.constants.push(Joined { at, text });
        }
    }

    pub(super) fn report_built(&mut self, expression: &Expression) {
        let span = expression.span();
        let source = self
            .text
            .get(span.start as usize..span.end as usize)
            .unwrap_or_default();
        let at = span.start as usize;
        self.built
            .entry(at)
            .or_insert_with(|| Built::new(at, source).text);
    }
}
