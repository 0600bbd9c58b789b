//! Strings that a script puts together from parts that are written in it: sums, templates, `join`,
//! `concat` and `replace`, of literals and of names that stand for them. What is read when it runs
//! isn't known: one such part is kept as [`UNKNOWN`].

use std::borrow::Cow;
use std::collections::HashMap;

use oxc_ast::ast::*;

use super::names::last_name;
use super::operands::operands;
use crate::refs::UNKNOWN;

/// The longest string that is kept, in bytes.
const TEXT_BYTES_MAX: usize = 2048;

/// Maximum number of names, and of strings, that are kept of one script.
const KEPT_MAX: usize = 20_000;

/// Maximum depth to which an expression is read.
const DEPTH_MAX: usize = 16;

/// Values of names, as far as the script was read.
#[derive(Default)]
pub(super) struct Constants {
    /// Also `b.c`, if `b` is an object that has a `c`.
    texts: HashMap<String, String>,
    lists: HashMap<String, Vec<String>>,
}

/// A part of a string.
enum Part<'p> {
    Known(Cow<'p, str>),
    /// Known when the script runs.
    Unknown,
}

/// A string that is put together, as far as it's known.
#[derive(Default)]
pub(super) struct Sum {
    /// The strings in it that are made of several parts, whatever its unknown parts are; and all of
    /// it, if one part isn't known.
    pub made: Vec<String>,
    /// The texts before a part that isn't known, and whether nothing is before each.
    pub beginnings: Vec<(String, bool)>,
    /// All of it, if all is known.
    pub whole: Option<String>,
}

impl Constants {
    /// Remembers what `const a = …` stands for. Of two of the same name, the later one counts.
    pub(super) fn declare(&mut self, declarator: &VariableDeclarator<'_>, is_constant: bool) {
        let is_full = self.texts.len() + self.lists.len() >= KEPT_MAX;
        match (&declarator.id, &declarator.init) {
            // A counter, which is known when the script runs.
            (_, Some(Expression::NumericLiteral(_))) if !is_constant => {}
            (BindingPattern::BindingIdentifier(name), Some(init)) if !is_full => {
                self.remember(name.name.as_str(), init);
            }
            _ => {}
        }
    }

    fn remember(&mut self, name: &str, value: &Expression<'_>) {
        match value {
            Expression::ArrayExpression(array) => {
                if let Some(list) = self.list(array, 0) {
                    self.lists.insert(name.to_string(), list);
                }
            }
            Expression::ObjectExpression(object) => {
                for property in &object.properties {
                    self.property(name, property);
                }
            }
            _ => {
                if let Some(text) = self.text(value, 0) {
                    let text = text.into_owned();
                    self.texts.insert(name.to_string(), text);
                }
            }
        }
    }

    fn property(&mut self, object: &str, property: &ObjectPropertyKind<'_>) {
        let ObjectPropertyKind::ObjectProperty(property) = property else {
            return;
        };
        let text = self.text(&property.value, 0).map(Cow::into_owned);
        if let (Some(key), Some(text)) = (property.key.static_name(), text) {
            self.texts.insert(format!("{object}.{key}"), text);
        }
    }

    /// Returns what a sum or a template makes.
    pub(super) fn of_sum(&self, expression: &Expression<'_>) -> Sum {
        let parts = self.parts(expression, 0);
        let mut sum = Sum::default();
        sum.made.extend(with_one_unknown(&parts, ""));
        let (mut row, mut row_parts) = (String::new(), 0);
        let (mut begun, mut is_first) = (String::new(), true);
        for part in &parts {
            let known = match part {
                Part::Known(known) => Some(known),
                Part::Unknown => None,
            };
            match known.filter(|known| row.len() + known.len() <= TEXT_BYTES_MAX) {
                Some(known) => {
                    row += known;
                    row_parts += 1;
                }
                None => end_row(&mut row, &mut row_parts, &mut sum.made),
            }
            match known {
                Some(known) if begun.len() + known.len() <= TEXT_BYTES_MAX => begun += known,
                Some(_) => begun.clear(),
                None => {
                    if !begun.is_empty() {
                        sum.beginnings.push((std::mem::take(&mut begun), is_first));
                    }
                    is_first = false;
                }
            }
        }
        end_row(&mut row, &mut row_parts, &mut sum.made);
        sum.whole = is_first.then_some(begun);
        sum
    }

    /// Returns what `[…].join("/")` and `"…".concat(…)` make.
    pub(super) fn of_call(&self, call: &CallExpression<'_>) -> Option<String> {
        self.call(call, 0)
    }

    fn parts<'p>(&'p self, expression: &'p Expression<'_>, depth: usize) -> Vec<Part<'p>> {
        let mut parts = Vec::new();
        for operand in operands(expression) {
            match operand {
                Expression::TemplateLiteral(template) if !template.expressions.is_empty() => {
                    self.parts_of_template(template, depth, &mut parts);
                }
                _ => parts.push(self.part(operand, depth)),
            }
        }
        parts
    }

    fn part<'p>(&'p self, expression: &'p Expression<'_>, depth: usize) -> Part<'p> {
        match self.text(expression, depth + 1) {
            Some(text) => Part::Known(text),
            None => Part::Unknown,
        }
    }

    fn parts_of_template<'p>(
        &'p self,
        template: &'p TemplateLiteral<'_>,
        depth: usize,
        parts: &mut Vec<Part<'p>>,
    ) {
        let mut holes = template.expressions.iter();
        for quasi in &template.quasis {
            if let Some(text) = &quasi.value.cooked
                && !text.is_empty()
            {
                parts.push(Part::Known(Cow::Borrowed(text)));
            }
            if let Some(hole) = holes.next() {
                parts.push(self.part(hole, depth));
            }
        }
    }

    /// Returns what an expression stands for, if all of it is known.
    fn text<'p>(&'p self, expression: &'p Expression<'_>, depth: usize) -> Option<Cow<'p, str>> {
        if depth > DEPTH_MAX {
            return None;
        }
        match expression {
            Expression::StringLiteral(literal) => short(&literal.value),
            Expression::NumericLiteral(number) => Some(Cow::Owned(number.value.to_string())),
            Expression::Identifier(name) => self.known(name.name.as_str()),
            Expression::StaticMemberExpression(member) => {
                let object = last_name(&member.object)?;
                let name = format!("{object}.{}", member.property.name);
                self.known(&name)
            }
            Expression::CallExpression(call) => self.call(call, depth + 1).map(Cow::Owned),
            Expression::TemplateLiteral(_) => self.sum(expression, depth),
            Expression::BinaryExpression(binary) if binary.operator == BinaryOperator::Addition => {
                self.sum(expression, depth)
            }
            _ => None,
        }
    }

    fn known(&self, name: &str) -> Option<Cow<'_, str>> {
        self.texts
            .get(name)
            .map(|text| Cow::Borrowed(text.as_str()))
    }

    fn sum<'p>(&'p self, expression: &'p Expression<'_>, depth: usize) -> Option<Cow<'p, str>> {
        let mut text = String::new();
        if let Expression::TemplateLiteral(template) = expression
            && let ([quasi], []) = (&template.quasis[..], &template.expressions[..])
        {
            return short(quasi.value.cooked.as_ref()?);
        }
        for part in self.parts(expression, depth + 1) {
            match part {
                Part::Known(known) => text += &known,
                Part::Unknown => return None,
            }
            if text.len() > TEXT_BYTES_MAX {
                return None;
            }
        }
        Some(Cow::Owned(text))
    }

    fn call(&self, call: &CallExpression<'_>, depth: usize) -> Option<String> {
        let Expression::StaticMemberExpression(callee) = &call.callee else {
            return None;
        };
        match callee.property.name.as_str() {
            "join" => self.join(&callee.object, call, depth),
            "concat" => self.concat(&callee.object, call, depth),
            "replace" => self.replace(&callee.object, call, false, depth),
            "replaceAll" => self.replace(&callee.object, call, true, depth),
            _ => None,
        }
    }

    fn join(&self, of: &Expression<'_>, call: &CallExpression<'_>, depth: usize) -> Option<String> {
        let between = match call.arguments.first() {
            None => Cow::Borrowed(","),
            Some(between) => self.text(between.as_expression()?, depth + 1)?,
        };
        let list = match of {
            Expression::ArrayExpression(array) => match self.list(array, depth) {
                Some(list) => list,
                None => return with_one_unknown(&self.items(array, depth)?, &between),
            },
            Expression::Identifier(name) => self.lists.get(name.name.as_str())?.clone(),
            _ => return None,
        };
        if_short(list.join(&between))
    }

    fn concat(
        &self,
        of: &Expression<'_>,
        call: &CallExpression<'_>,
        depth: usize,
    ) -> Option<String> {
        let mut text = self.text(of, depth + 1)?.into_owned();
        for argument in &call.arguments {
            text += &self.text(argument.as_expression()?, depth + 1)?;
            if text.len() > TEXT_BYTES_MAX {
                return None;
            }
        }
        Some(text)
    }

    /// Returns what `replace` makes, or `replaceAll`.
    fn replace(
        &self,
        of: &Expression<'_>,
        call: &CallExpression<'_>,
        is_all: bool,
        depth: usize,
    ) -> Option<String> {
        let text = self.text(of, depth + 1)?;
        let [from, to] = &call.arguments[..] else {
            return None;
        };
        let to = self.text(to.as_expression()?, depth + 1)?;
        let (from, is_all) = match from.as_expression()? {
            Expression::RegExpLiteral(regex) => {
                let is_global = regex.regex.flags.contains(RegExpFlags::G);
                (Cow::Owned(literally(regex)?), is_global)
            }
            from => (self.text(from, depth + 1)?, is_all),
        };
        match is_all {
            _ if from.is_empty() => None,
            true => if_short(text.replace(from.as_ref(), &to)),
            false => if_short(text.replacen(from.as_ref(), &to, 1)),
        }
    }

    /// Returns the items of a short list, also those that aren't known.
    fn items<'p>(&'p self, array: &'p ArrayExpression<'_>, depth: usize) -> Option<Vec<Part<'p>>> {
        const LENGTH_MAX: usize = 16;
        if array.elements.len() > LENGTH_MAX {
            return None;
        }
        let items = array.elements.iter();
        items
            .map(|item| Some(self.part(item.as_expression()?, depth)))
            .collect()
    }

    fn list(&self, array: &ArrayExpression<'_>, depth: usize) -> Option<Vec<String>> {
        const LENGTH_MAX: usize = 256;
        if array.elements.len() > LENGTH_MAX {
            return None;
        }
        let items = array.elements.iter();
        items
            .map(|item| Some(self.text(item.as_expression()?, depth + 1)?.into_owned()))
            .collect()
    }
}

/// Returns the whole string, if one part of it isn't known, and stands between others.
fn with_one_unknown(parts: &[Part<'_>], between: &str) -> Option<String> {
    let mut unknown = parts
        .iter()
        .enumerate()
        .filter(|(_, part)| matches!(part, Part::Unknown));
    let (at, _) = unknown.next()?;
    if unknown.next().is_some() || at == 0 || at + 1 == parts.len() {
        return None;
    }
    let parts: Vec<&str> = parts
        .iter()
        .map(|part| match part {
            Part::Known(known) => known.as_ref(),
            Part::Unknown => UNKNOWN,
        })
        .collect();
    if_short(parts.join(between))
}

/// Returns what a pattern without any signs stands for.
fn literally(regex: &RegExpLiteral<'_>) -> Option<String> {
    let pattern = regex.regex.pattern.text.as_str();
    let is_literal = |c: char| !r"\^$.|?*+()[]{}".contains(c);
    pattern.chars().all(is_literal).then(|| pattern.to_string())
}

/// Ends a row of known parts: several make a string of their own.
fn end_row(row: &mut String, parts: &mut usize, made: &mut Vec<String>) {
    if *parts > 1 {
        made.push(std::mem::take(row));
    }
    row.clear();
    *parts = 0;
}

fn short(text: &str) -> Option<Cow<'_, str>> {
    if_short(text).map(Cow::Borrowed)
}

fn if_short<T: AsRef<str>>(text: T) -> Option<T> {
    (text.as_ref().len() <= TEXT_BYTES_MAX).then_some(text)
}
