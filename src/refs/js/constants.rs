//! Strings that a script puts together from parts that are written in it: sums, templates, `join`, `concat` and `replace`, of
//! literals and of names that stand for them. What is read when it runs isn't known: one such part is kept as [`UNKNOWN`].

use std::collections::HashMap;

use oxc_ast::ast::*;

use super::names::last_name;
use super::visit::operands;
use crate::refs::UNKNOWN;

/// The longest string that is kept, in bytes.
const TEXT_BYTES_MAX: usize = 2048;

/// How many names, and how many strings, are kept of one script.
const KEPT_MAX: usize = 20_000;

/// How deep an expression is looked into.
const DEPTH_MAX: usize = 16;

/// What names stand for, as far as the script was read.
#[derive(Default)]
pub(super) struct Constants {
    /// Also `b.c`, if `b` is an object that has a `c`.
    texts: HashMap<String, String>,
    lists: HashMap<String, Vec<String>>,
}

/// A part of a string.
enum Part {
    Known(String),
    /// Known when the script runs.
    Unknown,
}

/// The known parts of a string that is put together.
#[derive(Default)]
pub(super) struct Beginnings {
    /// The texts before a part that isn't known, and whether nothing is before each.
    pub folders: Vec<(String, bool)>,
    /// All of it, if all is known.
    pub whole: Option<String>,
}

impl Constants {
    /// Remembers what `const a = …` stands for. Of two of the same name, the later one counts.
    pub(super) fn declare(&mut self, declarator: &VariableDeclarator<'_>, is_constant: bool) {
        let (BindingPattern::BindingIdentifier(name), Some(init)) =
            (&declarator.id, &declarator.init)
        else {
            return;
        };
        if self.texts.len() + self.lists.len() >= KEPT_MAX {
            return;
        }
        let name = name.name.as_str();
        match init {
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
            // A counter, which is known when the script runs.
            Expression::NumericLiteral(_) if !is_constant => {}
            _ => {
                if let Some(text) = self.text(init, 0) {
                    self.texts.insert(name.to_string(), text);
                }
            }
        }
    }

    fn property(&mut self, object: &str, property: &ObjectPropertyKind<'_>) {
        let ObjectPropertyKind::ObjectProperty(property) = property else {
            return;
        };
        let text = self.text(&property.value, 0);
        if let (Some(key), Some(text)) = (property.key.static_name(), text) {
            self.texts.insert(format!("{object}.{key}"), text);
        }
    }

    /// Returns the strings that a sum or a template holds, whatever its unknown parts are, if they're made of several; and all of
    /// it, if one part isn't known.
    pub(super) fn of_sum(&self, expression: &Expression<'_>) -> Vec<String> {
        let mut made = Vec::new();
        let all = self.parts(expression, 0);
        made.extend(with_one_unknown(&all, ""));
        let mut text = String::new();
        let mut parts = 0;
        let mut end = |text: &mut String, parts: &mut usize| {
            if *parts > 1 {
                made.push(std::mem::take(text));
            }
            text.clear();
            *parts = 0;
        };
        for part in all {
            match part {
                Part::Known(known) if text.len() + known.len() <= TEXT_BYTES_MAX => {
                    text += &known;
                    parts += 1;
                }
                _ => end(&mut text, &mut parts),
            }
        }
        end(&mut text, &mut parts);
        made
    }

    /// Returns what stands before the unknown parts of a sum or template.
    pub(super) fn beginnings(&self, expression: &Expression<'_>) -> Beginnings {
        let mut beginnings = Beginnings::default();
        let (mut text, mut is_first) = (String::new(), true);
        for part in self.parts(expression, 0) {
            match part {
                Part::Known(known) if text.len() + known.len() <= TEXT_BYTES_MAX => text += &known,
                Part::Known(_) => text.clear(),
                Part::Unknown => {
                    if !text.is_empty() {
                        beginnings
                            .folders
                            .push((std::mem::take(&mut text), is_first));
                    }
                    is_first = false;
                }
            }
        }
        beginnings.whole = is_first.then_some(text);
        beginnings
    }

    /// Returns what `[…].join("/")` and `"…".concat(…)` make.
    pub(super) fn of_call(&self, call: &CallExpression<'_>) -> Option<String> {
        self.call(call, 0)
    }

    fn parts(&self, expression: &Expression<'_>, depth: usize) -> Vec<Part> {
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

    fn part(&self, expression: &Expression<'_>, depth: usize) -> Part {
        match self.text(expression, depth + 1) {
            Some(text) => Part::Known(text),
            None => Part::Unknown,
        }
    }

    fn parts_of_template(
        &self,
        template: &TemplateLiteral<'_>,
        depth: usize,
        parts: &mut Vec<Part>,
    ) {
        let mut holes = template.expressions.iter();
        for quasi in &template.quasis {
            if let Some(text) = &quasi.value.cooked
                && !text.is_empty()
            {
                parts.push(Part::Known(text.to_string()));
            }
            if let Some(hole) = holes.next() {
                parts.push(self.part(hole, depth));
            }
        }
    }

    /// Returns what an expression stands for, if all of it is known.
    fn text(&self, expression: &Expression<'_>, depth: usize) -> Option<String> {
        if depth > DEPTH_MAX {
            return None;
        }
        match expression {
            Expression::StringLiteral(literal) => bounded(&literal.value),
            Expression::NumericLiteral(number) => Some(number.value.to_string()),
            Expression::Identifier(name) => self.texts.get(name.name.as_str()).cloned(),
            Expression::StaticMemberExpression(member) => {
                let object = last_name(&member.object)?;
                let name = format!("{object}.{}", member.property.name);
                self.texts.get(&name).cloned()
            }
            Expression::CallExpression(call) => self.call(call, depth + 1),
            Expression::TemplateLiteral(_) => self.sum(expression, depth),
            Expression::BinaryExpression(binary) if binary.operator == BinaryOperator::Addition => {
                self.sum(expression, depth)
            }
            _ => None,
        }
    }

    fn sum(&self, expression: &Expression<'_>, depth: usize) -> Option<String> {
        let mut text = String::new();
        if let Expression::TemplateLiteral(template) = expression
            && let ([quasi], []) = (&template.quasis[..], &template.expressions[..])
        {
            return bounded(quasi.value.cooked.as_ref()?);
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
        Some(text)
    }

    fn call(&self, call: &CallExpression<'_>, depth: usize) -> Option<String> {
        let Expression::StaticMemberExpression(callee) = &call.callee else {
            return None;
        };
        match callee.property.name.as_str() {
            "join" => {
                let between = match call.arguments.first() {
                    None => ",".to_string(),
                    Some(between) => self.text(between.as_expression()?, depth + 1)?,
                };
                let list = match &callee.object {
                    Expression::ArrayExpression(array) => match self.list(array, depth) {
                        Some(list) => list,
                        None => return with_one_unknown(&self.items(array, depth)?, &between),
                    },
                    Expression::Identifier(name) => self.lists.get(name.name.as_str())?.clone(),
                    _ => return None,
                };
                bounded(&list.join(&between))
            }
            "concat" => {
                let mut text = self.text(&callee.object, depth + 1)?;
                for argument in &call.arguments {
                    text += &self.text(argument.as_expression()?, depth + 1)?;
                    if text.len() > TEXT_BYTES_MAX {
                        return None;
                    }
                }
                Some(text)
            }
            "replace" | "replaceAll" => {
                let text = self.text(&callee.object, depth + 1)?;
                let [from, to] = &call.arguments[..] else {
                    return None;
                };
                let to = self.text(to.as_expression()?, depth + 1)?;
                let (from, is_global) = match from.as_expression()? {
                    Expression::RegExpLiteral(regex) => (
                        literally(regex)?,
                        regex.regex.flags.contains(RegExpFlags::G),
                    ),
                    from => (
                        self.text(from, depth + 1)?,
                        callee.property.name == "replaceAll",
                    ),
                };
                match is_global {
                    _ if from.is_empty() => None,
                    true => bounded(&text.replace(&from, &to)),
                    false => bounded(&text.replacen(&from, &to, 1)),
                }
            }
            _ => None,
        }
    }

    /// Returns the items of a short list, also those that aren't known.
    fn items(&self, array: &ArrayExpression<'_>, depth: usize) -> Option<Vec<Part>> {
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
            .map(|item| self.text(item.as_expression()?, depth + 1))
            .collect()
    }
}

/// Returns the whole string, if one part of it isn't known, and stands between others.
fn with_one_unknown(parts: &[Part], between: &str) -> Option<String> {
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
            Part::Known(known) => known.as_str(),
            Part::Unknown => UNKNOWN,
        })
        .collect();
    bounded(&parts.join(between))
}

/// Returns what a pattern without any signs stands for.
fn literally(regex: &RegExpLiteral<'_>) -> Option<String> {
    let pattern = regex.regex.pattern.text.as_str();
    let is_literal = |c: char| !r"\^$.|?*+()[]{}".contains(c);
    pattern.chars().all(is_literal).then(|| pattern.to_string())
}

fn bounded(text: &str) -> Option<String> {
    (text.len() <= TEXT_BYTES_MAX).then(|| text.to_string())
}
