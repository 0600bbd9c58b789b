//! Walks through a parsed script and collects what it refers to.
//!
//! Chains that the parser builds in a loop (`a+b+c`, `a.b().c`) are walked in a loop, the rest on a stack that grows.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use oxc_ast::ast::*;
use oxc_ast_visit::{Visit, walk};
use oxc_span::{GetSpan, Span};

use super::constants::{Constants, Sum};
use super::names::{is_global, is_import_meta, last_name, object_name};
use crate::refs::paths::{self, Piece};
use crate::refs::placeholder;
use crate::refs::{
    Base, Built, Fault, Found, Joined, Kind, MISPLACED, Mention, Place, Placeholder, Reference,
};

const BUILT_CHARS_MAX: usize = 60;

/// How much is kept of what one script puts together, in bytes: more than it's long, only in hostile ones.
const CONSTANT_BYTES_MAX: usize = 4 << 20;

/// More than the frames between two calls of `deep` need.
const STACK_LEFT_MIN: usize = 256 * 1024;
const STACK_PIECE: usize = 4 * 1024 * 1024;

/// What was collected so far.
pub(super) struct Visitor<'t> {
    text: &'t str,
    found: Found,
    built: BTreeMap<usize, String>,
    /// Paths of folders that strings begin with, by where these begin.
    beginnings: BTreeMap<usize, BTreeSet<(String, Base)>>,
    /// The script, where paths are known to be relative to that.
    base: Base,
    /// Where literals begin that are references: not to be mentioned again.
    taken: HashSet<u32>,
    constants: Constants,
    /// True while what `const` declares is read.
    is_constant: bool,
    /// How many bytes of strings that are put together were kept.
    constant_bytes: usize,
}

/// A string whose value is known.
struct Literal<'t> {
    /// With its quotes.
    span: Span,
    value: &'t str,
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
            is_constant: false,
            constant_bytes: 0,
        }
    }

    /// What was found, each list but the references in the order of the text.
    pub(super) fn finish(self) -> Found {
        let mut found = self.found;
        found
            .placeholders
            .sort_by_key(|placeholder| placeholder.span.start);
        found.faults.sort_by_key(|fault| fault.at);
        for (at, folders) in self.beginnings {
            found
                .mentions
                .extend(folders.into_iter().map(|(text, base)| Mention {
                    at,
                    text,
                    place: Place::Beginning,
                    base,
                }));
        }
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
            Expression::StringLiteral(_) => self.value(expression),
            Expression::TemplateLiteral(template) if template.expressions.is_empty() => {
                self.value(expression)
            }
            Expression::TemplateLiteral(_) => self.sum(expression),
            Expression::BinaryExpression(binary) if binary.operator == BinaryOperator::Addition => {
                self.sum(expression)
            }
            Expression::BinaryExpression(binary) => {
                self.visit_expression(&binary.right);
                return Some(&binary.left);
            }
            Expression::LogicalExpression(logical) => {
                self.visit_expression(&logical.right);
                return Some(&logical.left);
            }
            Expression::CallExpression(call) => return self.visit_call(call),
            Expression::NewExpression(new) => {
                self.construction(new);
                let base = match is_url_beside(new) {
                    true => Base::Document,
                    false => self.base,
                };
                self.within(base, |visitor| visitor.visit_arguments(&new.arguments));
                return Some(&new.callee);
            }
            Expression::ChainExpression(chain) => match &chain.expression {
                ChainElement::CallExpression(call) => return self.visit_call(call),
                ChainElement::TSNonNullExpression(inner) => return Some(&inner.expression),
                element => {
                    return element
                        .as_member_expression()
                        .map(|member| self.visit_member(member));
                }
            },
            Expression::TaggedTemplateExpression(tagged) => {
                self.refuse_marker_in(&tagged.quasi);
                self.visit_expressions(&tagged.quasi.expressions);
                return Some(&tagged.tag);
            }
            Expression::ImportExpression(import) => {
                self.load(&import.source, Kind::Import, Base::Document);
                self.within(Base::Document, |visitor| {
                    walk::walk_expression(visitor, expression);
                });
            }
            Expression::TSAsExpression(typed) => return Some(&typed.expression),
            Expression::TSSatisfiesExpression(typed) => return Some(&typed.expression),
            _ => match expression.as_member_expression() {
                Some(member) => return Some(self.visit_member(member)),
                None => walk::walk_expression(self, expression),
            },
        }
        None
    }

    /// Visits what is relative to `base`.
    fn within(&mut self, base: Base, visit: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.base, base);
        visit(self);
        self.base = outer;
    }

    fn visit_call<'e, 'a>(&mut self, call: &'e CallExpression<'a>) -> Option<&'e Expression<'a>> {
        self.call(call);
        if let Some(text) = self.constants.of_call(call) {
            self.constant(call.span, text);
        }
        self.visit_arguments(&call.arguments);
        Some(&call.callee)
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

    /// `new URL("x", import.meta.url)`, `new Worker("x")`
    fn construction(&mut self, new: &NewExpression) {
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

    /// `importScripts("x")`, `import.meta.resolve("x")`, `….audioWorklet.addModule("x")`,
    /// `….serviceWorker.register("x")`
    fn call(&mut self, call: &CallExpression) {
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
            Some("addModule") if of.ends_with("worklet") || of.ends_with("Worklet") => {
                urls.take(1)
                    .for_each(|url| self.load(url, Kind::Load, Base::Page));
            }
            Some("register") if of == "serviceWorker" => {
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

    /// A URL that the browser is told to load: a reference if it's a literal, a built path if it's made of pieces.
    fn load(&mut self, url: &Expression, kind: Kind, base: Base) {
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
        let reference = match self.text.get(span.clone()) == Some(literal.value) {
            true => Reference::verbatim(span.start, literal.value, kind),
            false => Reference::escaped(span, literal.value, kind),
        };
        self.taken.insert(literal.span.start);
        self.found.references.push(Reference { base, ..reference });
    }

    /// The literal of an `import` or `export … from`.
    fn import_source(&mut self, source: &StringLiteral) {
        if let Some(literal) = string(source) {
            self.refuse_marker(literal.value, literal.span);
            self.reference(&literal, Kind::Import, Base::Document);
        }
    }

    /// A string in an expression: a placeholder, or perhaps a path that nothing rewrites.
    fn value(&mut self, expression: &Expression) {
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

    /// A string that can't be a placeholder.
    fn no_value(&mut self, literal: &Literal) {
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

    fn refuse_marker(&mut self, value: &str, span: Span) {
        if placeholder::is_in(value) {
            let fault = Fault {
                at: span.start as usize,
                message: MISPLACED.to_string(),
            };
            self.found.faults.push(fault);
        }
    }

    fn refuse_marker_in(&mut self, template: &TemplateLiteral) {
        for quasi in &template.quasis {
            self.refuse_marker(&quasi.value.raw, quasi.span);
        }
    }

    /// The outermost `a + b` or template with expressions.
    fn sum(&mut self, expression: &Expression) {
        let at = expression.span().start as usize;
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
            self.begins(at, folder);
        }
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
            match (operand, literal(operand)) {
                (_, Some(literal)) if placeholder::parse(literal.value).is_some() => {
                    self.value(operand)
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
    }

    /// A string that is put together.
    fn constant(&mut self, span: Span, text: String) {
        self.constant_bytes += text.len();
        if self.constant_bytes <= CONSTANT_BYTES_MAX {
            let at = span.start as usize;
            self.found.constants.push(Joined { at, text });
        }
    }

    fn report_built(&mut self, expression: &Expression) {
        let span = expression.span();
        let source = self
            .text
            .get(span.start as usize..span.end as usize)
            .unwrap_or_default();
        let cut = source
            .char_indices()
            .nth(BUILT_CHARS_MAX)
            .map_or(source.len(), |(cut, _)| cut);
        self.built
            .entry(span.start as usize)
            .or_insert_with(|| source[..cut].to_string());
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
        let outer = std::mem::replace(&mut self.is_constant, declaration.kind.is_const());
        walk::walk_variable_declaration(self, declaration);
        self.is_constant = outer;
    }

    fn visit_variable_declarator(&mut self, declarator: &VariableDeclarator<'a>) {
        self.constants.declare(declarator, self.is_constant);
        deep(|| walk::walk_variable_declarator(self, declarator));
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

/// Runs `visit` with enough stack for one level of nesting.
fn deep(visit: impl FnOnce()) {
    stacker::maybe_grow(STACK_LEFT_MIN, STACK_PIECE, visit);
}

/// The operands of `a + b + c`, in their order, through parentheses.
pub(super) fn operands<'e, 'a>(expression: &'e Expression<'a>) -> Vec<&'e Expression<'a>> {
    let mut operands = Vec::new();
    let mut open = vec![expression];
    while let Some(expression) = open.pop() {
        match expression {
            Expression::BinaryExpression(binary) if binary.operator == BinaryOperator::Addition => {
                open.extend([&binary.right, &binary.left]);
            }
            _ => operands.push(expression),
        }
    }
    operands
}

fn pieces<'e>(operands: &[&'e Expression]) -> Vec<Piece<'e>> {
    let mut pieces = Vec::new();
    for operand in operands {
        match (operand, literal(operand)) {
            (_, Some(literal)) => pieces.push(Piece::Text(literal.value)),
            (Expression::TemplateLiteral(template), None) => {
                let texts = template
                    .quasis
                    .iter()
                    .map(|quasi| quasi.value.cooked.as_ref().map_or("", |text| text));
                let texts = texts
                    .flat_map(|text| [Piece::Hole, Piece::Text(text)])
                    .skip(1);
                // Nothing stands before the first expression of `${a}.png`.
                pieces.extend(texts.filter(|piece| !matches!(piece, Piece::Text(""))));
            }
            _ => pieces.push(Piece::Hole),
        }
    }
    pieces
}

/// Says whether it's `new URL("…", import.meta.url)`: relative to the script.
fn is_url_beside(new: &NewExpression) -> bool {
    let is_url = matches!(&new.callee, Expression::Identifier(class) if class.name == "URL");
    let base = new.arguments.get(1).and_then(Argument::as_expression);
    is_url && base.is_some_and(|base| is_import_meta(base, "url"))
}

fn is_sum(expression: &Expression) -> bool {
    match expression {
        Expression::BinaryExpression(binary) => binary.operator == BinaryOperator::Addition,
        Expression::TemplateLiteral(template) => !template.expressions.is_empty(),
        _ => false,
    }
}

fn literal<'e>(expression: &'e Expression) -> Option<Literal<'e>> {
    match expression {
        Expression::StringLiteral(literal) => string(literal),
        Expression::TemplateLiteral(template) => {
            match (&template.quasis[..], &template.expressions[..]) {
                ([quasi], []) if !quasi.lone_surrogates => {
                    quasi.value.cooked.as_ref().map(|value| Literal {
                        span: template.span,
                        value,
                    })
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// `None` if the value isn't text: half of a surrogate pair.
fn string<'e>(literal: &'e StringLiteral) -> Option<Literal<'e>> {
    (!literal.lone_surrogates).then(|| Literal {
        span: literal.span,
        value: &literal.value,
    })
}
