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

/// Values of the names that can be seen where the script is being read.
#[derive(Default)]
pub(super) struct Constants {
    values: HashMap<String, Value>,
    /// The scopes that are open, the innermost last.
    scopes: Vec<Scope>,
    /// Number of texts in `values` and in what the scopes hide.
    kept: usize,
}

/// Value of a name.
enum Value {
    Text(String),
    List(Vec<String>),
    /// Properties of an object, by name.
    Object(HashMap<String, String>),
}

/// Names that a scope declares, with what they stand for outside of it.
#[derive(Default)]
struct Scope {
    is_function: bool,
    outside: Vec<(String, Option<Value>)>,
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
    /// Opens a scope: what is declared in it hides what is outside.
    pub(super) fn enter(&mut self, is_function: bool) {
        self.scopes.push(Scope {
            is_function,
            outside: Vec::new(),
        });
    }

    /// Closes the innermost scope: its names stand for what they did before it.
    pub(super) fn leave(&mut self) {
        let Some(scope) = self.scopes.pop() else {
            return;
        };
        for (name, before) in scope.outside.into_iter().rev() {
            let gone = match before {
                Some(before) => self.values.insert(name, before),
                None => self.values.remove(&name),
            };
            self.kept -= gone.as_ref().map_or(0, Value::texts);
        }
    }

    /// Notes that a name is declared here. It stands for something that isn't known, until
    /// [`Constants::declare`] tells.
    pub(super) fn bind(&mut self, name: &str, is_var: bool) {
        if let Some(before) = self.values.remove(name) {
            self.hide(name, Some(before), is_var);
        }
    }

    /// Remembers what `const a = …` stands for, which is bound already.
    pub(super) fn declare(
        &mut self,
        declarator: &VariableDeclarator<'_>,
        kind: VariableDeclarationKind,
    ) {
        match (&declarator.id, &declarator.init) {
            // A counter, which is known when the script runs.
            (_, Some(Expression::NumericLiteral(_))) if !kind.is_const() => {}
            (BindingPattern::BindingIdentifier(name), Some(init)) if self.kept < KEPT_MAX => {
                if let Some(value) = self.value(init) {
                    self.kept += value.texts();
                    self.hide(name.name.as_str(), None, kind.is_var());
                    self.values.insert(name.name.to_string(), value);
                }
            }
            _ => {}
        }
    }

    /// Keeps what a name stands for outside of the scope that declares it.
    fn hide(&mut self, name: &str, before: Option<Value>, is_var: bool) {
        let mut scopes = self.scopes.iter_mut().rev();
        let scope = scopes.find(|scope| scope.is_function || !is_var);
        match scope {
            Some(scope) => scope.outside.push((name.to_string(), before)),
            None => self.kept -= before.as_ref().map_or(0, Value::texts),
        }
    }

    fn value(&self, value: &Expression<'_>) -> Option<Value> {
        match value {
            Expression::ArrayExpression(array) => self.list(array, 0).map(Value::List),
            Expression::ObjectExpression(object) => {
                let properties = object.properties.iter();
                let known = properties.filter_map(|property| self.property(property));
                Some(Value::Object(known.collect()))
            }
            _ => {
                let text = self.text(value, 0)?;
                Some(Value::Text(text.into_owned()))
            }
        }
    }

    fn property(&self, property: &ObjectPropertyKind<'_>) -> Option<(String, String)> {
        let ObjectPropertyKind::ObjectProperty(property) = property else {
            return None;
        };
        let text = self.text(&property.value, 0)?.into_owned();
        Some((property.key.static_name()?.into_owned(), text))
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
                let Value::Object(properties) = self.values.get(object)? else {
                    return None;
                };
                properties
                    .get(member.property.name.as_str())
                    .map(|text| Cow::Borrowed(text.as_str()))
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
        match self.values.get(name)? {
            Value::Text(text) => Some(Cow::Borrowed(text.as_str())),
            Value::List(_) | Value::Object(_) => None,
        }
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
            Expression::Identifier(name) => match self.values.get(name.name.as_str())? {
                Value::List(list) => list.clone(),
                Value::Text(_) | Value::Object(_) => return None,
            },
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

impl Value {
    /// Number of texts.
    fn texts(&self) -> usize {
        match self {
            Value::Text(_) => 1,
            Value::List(list) => list.len(),
            Value::Object(properties) => properties.len(),
        }
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
