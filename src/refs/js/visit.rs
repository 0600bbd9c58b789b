//! Walks through a parsed script and collects what it refers to.
//!
//! Chains that the parser builds in a loop (`a+b+c`, `a.b().c`) are walked in a loop, the rest on a
//! stack that grows.

mod loads;
mod strings;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use oxc_ast::ast::*;
use oxc_ast_visit::{Visit, walk};
use oxc_span::GetSpan;
use oxc_syntax::scope::{ScopeFlags, ScopeId};

use self::loads::is_url_beside;
use super::constants::Constants;
use super::operands::{is_sum, string};
use crate::refs::{Base, Built, Found, Kind, Mention, Place};

/// More than the frames between two calls of `deep` need.
const STACK_LEFT_MIN: usize = 256 * 1024;
const STACK_PIECE: usize = 4 * 1024 * 1024;

/// Everything that was collected so far.
pub(super) struct Visitor<'t> {
    text: &'t str,
    found: Found,
    built: BTreeMap<usize, String>,
    /// Paths of folders that strings begin with, by where these begin.
    beginnings: BTreeMap<usize, BTreeSet<(String, Base)>>,
    /// The script, where paths are known to be relative to that.
    base: Base,
    /// Beginnings of literals that are references: not to be mentioned again.
    taken: HashSet<u32>,
    constants: Constants,
    /// Keyword of the declaration that is being read.
    declared: VariableDeclarationKind,
    /// Bytes of strings that are put together, as many as were kept.
    constant_bytes: usize,
}

impl<'t> Visitor<'t> {
    pub(super) fn new(text: &'t str) -> Visitor<'t> {
        Visitor {
            text,
            found: Found::default(),
            built: BTreeMap::new(),
            beginnings: BTreeMap::new(),
            base: Base::Page,
            taken: HashSet::new(),
            constants: Constants::default(),
            declared: VariableDeclarationKind::Let,
            constant_bytes: 0,
        }
    }

    /// Returns everything, each list but the references in the order of the text.
    pub(super) fn finish(self) -> Found {
        let mut found = self.found;
        found
            .placeholders
            .sort_by_key(|placeholder| placeholder.span.start);
        found.faults.sort_by_key(|fault| fault.at);
        found.mentions.extend(mentions(self.beginnings));
        found.mentions.sort_by_key(|mention| mention.at);
        // What is put together from the script's own address is looked for there.
        let is_followed = |at: &usize| {
            let first = found.mentions.partition_point(|mention| mention.at < *at);
            let there = found.mentions[first..].iter();
            there
                .take_while(|mention| mention.at == *at)
                .any(|mention| mention.base == Base::Document)
        };
        let built = self.built.into_iter().filter(|(at, _)| !is_followed(at));
        found.built = built.map(|(at, text)| Built { at, text }).collect();
        found.constants.sort_by_key(|constant| constant.at);
        found
    }

    /// Looks at one expression and all below it but for its leftmost operand, which is returned.
    fn visit_all_but_leftmost<'e, 'a>(
        &mut self,
        expression: &'e Expression<'a>,
    ) -> Option<&'e Expression<'a>> {
        match expression {
            _ if is_sum(expression) => self.sum(expression),
            Expression::StringLiteral(_) | Expression::TemplateLiteral(_) => self.value(expression),
            Expression::ImportExpression(import) => {
                self.load(&import.source, Kind::Import, Base::Document);
                self.within(Base::Document, |visitor| {
                    walk::walk_expression(visitor, expression);
                });
            }
            _ => return self.visit_link(expression),
        }
        None
    }

    /// Does the same for an expression that can be a link of a chain.
    fn visit_link<'e, 'a>(&mut self, expression: &'e Expression<'a>) -> Option<&'e Expression<'a>> {
        match expression {
            Expression::BinaryExpression(binary) => {
                self.visit_expression(&binary.right);
                Some(&binary.left)
            }
            Expression::LogicalExpression(logical) => {
                self.visit_expression(&logical.right);
                Some(&logical.left)
            }
            Expression::CallExpression(call) => Some(self.visit_call(call)),
            Expression::NewExpression(new) => Some(self.visit_new(new)),
            Expression::ChainExpression(chain) => self.visit_optional(&chain.expression),
            Expression::TaggedTemplateExpression(tagged) => {
                self.refuse_marker_in(&tagged.quasi);
                self.visit_expressions(&tagged.quasi.expressions);
                Some(&tagged.tag)
            }
            Expression::TSAsExpression(typed) => Some(&typed.expression),
            Expression::TSSatisfiesExpression(typed) => Some(&typed.expression),
            _ => self.visit_other(expression),
        }
    }

    fn visit_other<'e, 'a>(
        &mut self,
        expression: &'e Expression<'a>,
    ) -> Option<&'e Expression<'a>> {
        let Some(member) = expression.as_member_expression() else {
            walk::walk_expression(self, expression);
            return None;
        };
        Some(self.visit_member(member))
    }

    /// Looks at `a?.b`.
    fn visit_optional<'e, 'a>(
        &mut self,
        element: &'e ChainElement<'a>,
    ) -> Option<&'e Expression<'a>> {
        match element {
            ChainElement::CallExpression(call) => Some(self.visit_call(call)),
            ChainElement::TSNonNullExpression(inner) => Some(&inner.expression),
            element => element
                .as_member_expression()
                .map(|member| self.visit_member(member)),
        }
    }

    fn visit_new<'e, 'a>(&mut self, new: &'e NewExpression<'a>) -> &'e Expression<'a> {
        self.construction(new);
        let base = if is_url_beside(new) {
            Base::Document
        } else {
            self.base
        };
        self.within(base, |visitor| visitor.visit_arguments(&new.arguments));
        &new.callee
    }

    /// Visits what is relative to `base`.
    fn within(&mut self, base: Base, visit: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.base, base);
        visit(self);
        self.base = outer;
    }

    fn visit_call<'e, 'a>(&mut self, call: &'e CallExpression<'a>) -> &'e Expression<'a> {
        self.call(call);
        if let Some(text) = self.constants.of_call(call) {
            self.constant(call.span, text);
        }
        self.visit_arguments(&call.arguments);
        &call.callee
    }

    fn visit_member<'e, 'a>(&mut self, member: &'e MemberExpression<'a>) -> &'e Expression<'a> {
        if let MemberExpression::ComputedMemberExpression(computed) = member {
            self.visit_expression(&computed.expression);
            // A key isn't a URL: `pictures[`img/${n}.png`]` asks a placeholder's object.
            let at = computed.expression.span().start as usize;
            self.built.remove(&at);
            self.beginnings.remove(&at);
        }
        member.object()
    }
}

impl<'a> Visit<'a> for Visitor<'_> {
    fn visit_expression(&mut self, expression: &Expression<'a>) {
        deep(|| {
            let mut next = Some(expression);
            while let Some(expression) = next {
                next = self.visit_all_but_leftmost(expression);
            }
        });
    }

    fn visit_statement(&mut self, statement: &Statement<'a>) {
        deep(|| walk::walk_statement(self, statement));
    }

    fn visit_variable_declaration(&mut self, declaration: &VariableDeclaration<'a>) {
        let outer = std::mem::replace(&mut self.declared, declaration.kind);
        walk::walk_variable_declaration(self, declaration);
        self.declared = outer;
    }

    fn visit_variable_declarator(&mut self, declarator: &VariableDeclarator<'a>) {
        let kind = self.declared;
        deep(|| walk::walk_variable_declarator(self, declarator));
        self.constants.declare(declarator, kind);
    }

    fn enter_scope(&mut self, flags: ScopeFlags, _: &Cell<Option<ScopeId>>) {
        self.constants.enter(flags.is_var());
    }

    fn leave_scope(&mut self) {
        self.constants.leave();
    }

    fn visit_binding_identifier(&mut self, name: &BindingIdentifier<'a>) {
        self.constants
            .bind(name.name.as_str(), self.declared.is_var());
    }

    fn visit_binding_pattern(&mut self, pattern: &BindingPattern<'a>) {
        deep(|| walk::walk_binding_pattern(self, pattern));
    }

    fn visit_assignment_target(&mut self, target: &AssignmentTarget<'a>) {
        deep(|| walk::walk_assignment_target(self, target));
    }

    fn visit_jsx_child(&mut self, child: &JSXChild<'a>) {
        deep(|| walk::walk_jsx_child(self, child));
    }

    fn visit_jsx_attribute_value(&mut self, value: &JSXAttributeValue<'a>) {
        deep(|| walk::walk_jsx_attribute_value(self, value));
    }

    fn visit_import_declaration(&mut self, import: &ImportDeclaration<'a>) {
        self.import_source(&import.source);
    }

    fn visit_export_from_declaration(&mut self, export: &ExportFromDeclaration<'a>) {
        self.import_source(&export.source);
    }

    fn visit_export_all_declaration(&mut self, export: &ExportAllDeclaration<'a>) {
        self.import_source(&export.source);
    }

    fn visit_property_key(&mut self, key: &PropertyKey<'a>) {
        match key {
            PropertyKey::StringLiteral(key) => self.visit_string_literal(key),
            _ => walk::walk_property_key(self, key),
        }
    }

    /// Keys and attributes: strings in expressions don't get here.
    fn visit_string_literal(&mut self, key: &StringLiteral<'a>) {
        if let Some(literal) = string(key) {
            self.no_value(&literal);
        }
    }

    fn visit_directive(&mut self, directive: &Directive<'a>) {
        self.refuse_marker(&directive.directive, directive.span);
    }

    // The parser passes over types in JavaScript; browsers don't run them.
    fn visit_ts_type(&mut self, _: &TSType<'a>) {}
    fn visit_ts_type_annotation(&mut self, _: &TSTypeAnnotation<'a>) {}
    fn visit_ts_type_parameter_instantiation(&mut self, _: &TSTypeParameterInstantiation<'a>) {}
    fn visit_ts_type_parameter_declaration(&mut self, _: &TSTypeParameterDeclaration<'a>) {}
}

/// Returns mentions of the folders that strings begin with.
fn mentions(
    beginnings: BTreeMap<usize, BTreeSet<(String, Base)>>,
) -> impl Iterator<Item = Mention> {
    beginnings.into_iter().flat_map(|(at, folders)| {
        folders.into_iter().map(move |(text, base)| Mention {
            at,
            text,
            place: Place::Beginning,
            base,
        })
    })
}

/// Runs `visit` with enough stack for one level of nesting.
fn deep(visit: impl FnOnce()) {
    stacker::maybe_grow(STACK_LEFT_MIN, STACK_PIECE, visit);
}
