//! Fixes for a finding: in words, and as steps that can be done one after the other without
//! changes.

use serde::Serialize;

use crate::base::hint::Hint;

/// Fix for a finding. Empty if nothing has to be fixed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Remedy {
    /// Ways to fix it, of which one is enough: the first one is the best.
    ways: Vec<Way>,
}

/// What is to be done, one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Way {
    parts: Vec<Part>,
    /// True if the last part alone would be the fix, but others must come before it.
    is_put_off: bool,
    /// True if it's one command, which is shown as it's typed.
    is_command: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    what: What,
    /// Remarks, which follow in brackets.
    why: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Do(Step),
    /// Something only a person can do.
    Say(String),
}

/// Step of a fix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// A command for a shell.
    Run(String),
    /// A setting of the configuration: this line replaces the setting of its name, or is added.
    Write {
        /// `state = "s3://hunt-releases/prod"`.
        line: String,
        /// The table that has it, such as `target.prod`; empty for settings that stand before all
        /// tables.
        table: String,
    },
}

impl Remedy {
    /// One command.
    pub(super) fn run(command: impl Into<String>) -> Remedy {
        let mut one = Remedy::all(vec![Step::Run(command.into())]);
        for way in &mut one.ways {
            way.is_command = true;
        }
        one
    }

    /// Several steps.
    pub(super) fn all(steps: Vec<Step>) -> Remedy {
        let parts = steps.into_iter().map(|step| Part::of(What::Do(step)));
        Remedy::of(parts.collect())
    }

    fn of(parts: Vec<Part>) -> Remedy {
        let way = Way {
            parts,
            ..Way::default()
        };
        Remedy { ways: vec![way] }
    }

    /// The same with a remark behind its last part.
    pub(super) fn because(mut self, why: &str) -> Remedy {
        let last = self.ways.last_mut().and_then(|way| way.parts.last_mut());
        if let Some(last) = last {
            last.why.push(why.to_string());
        }
        self
    }

    /// The same after `first`.
    pub(super) fn after(self, first: Remedy) -> Remedy {
        let mut all = first.then(self);
        for way in all.ways.iter_mut().take(1) {
            way.is_put_off = true;
        }
        all
    }

    /// The same, followed by the best way of `next`.
    pub(super) fn then(mut self, next: Remedy) -> Remedy {
        let mut ways = next.ways.into_iter();
        let parts = ways.next().map_or(Vec::new(), |way| way.parts);
        match self.ways.last_mut() {
            Some(way) => way.parts.extend(parts),
            None => self = Remedy::of(parts),
        }
        self.ways.extend(ways);
        self
    }

    /// The same, or another way.
    pub(super) fn or(mut self, other: Remedy) -> Remedy {
        self.ways.extend(other.ways);
        self
    }

    /// The same for a person to do, where steps depend on more than they say.
    pub(super) fn by_hand(mut self) -> Remedy {
        for part in self.ways.iter_mut().flat_map(|way| &mut way.parts) {
            part.what = What::Say(part.what.in_words());
        }
        self
    }

    /// Returns it in one line: `first A; then B; or C`. A command by itself can be copied whole.
    pub(super) fn text(&self) -> String {
        if let [way] = &self.ways[..]
            && let [Part { what, why }] = &way.parts[..]
            && let (What::Do(Step::Run(command)), true) = (what, way.is_command)
        {
            return command.clone() + &remarks(why);
        }
        let ways = self.ways.iter().map(|way| {
            let first = if way.is_put_off { "first " } else { "" };
            let parts: Vec<String> = way.parts.iter().map(Part::in_words).collect();
            first.to_string() + &parts.join("; then ")
        });
        ways.collect::<Vec<_>>().join("; or ")
    }

    /// Returns its ways, each with what is to be done, one after the other.
    pub(crate) fn ways(&self) -> Vec<Vec<String>> {
        let ways = self.ways.iter();
        let one_by_one = |way: &Way| way.parts.iter().map(Part::in_words).collect();
        match self.ways.as_slice() {
            [Way { parts, .. }] if parts.len() == 1 => vec![vec![self.text()]],
            _ => ways.map(one_by_one).collect(),
        }
    }

    /// Returns the steps of the best way that can be done without changes.
    pub(super) fn steps(&self) -> Vec<Step> {
        let parts = self.ways.first().map_or(&[][..], |way| &way.parts);
        let steps = parts.iter().filter_map(|part| match &part.what {
            What::Do(step) => Some(step.clone()),
            What::Say(_) => None,
        });
        steps.collect()
    }
}

impl Part {
    fn of(what: What) -> Part {
        let why = Vec::new();
        Part { what, why }
    }

    fn in_words(&self) -> String {
        self.what.in_words() + &remarks(&self.why)
    }
}

impl What {
    fn in_words(&self) -> String {
        match self {
            What::Do(step) => step.in_words(),
            What::Say(words) => words.clone(),
        }
    }
}

fn remarks(why: &[String]) -> String {
    why.iter().map(|why| format!(" ({why})")).collect()
}

/// Something only a person can do.
impl From<String> for Remedy {
    fn from(text: String) -> Remedy {
        Remedy::of(vec![Part::of(What::Say(text))])
    }
}

/// Advice of a storage, which has none of assetsync's own commands.
impl From<Hint> for Remedy {
    fn from(hint: Hint) -> Remedy {
        hint.to_string().into()
    }
}

impl From<&str> for Remedy {
    fn from(text: &str) -> Remedy {
        text.to_string().into()
    }
}

impl Step {
    fn in_words(&self) -> String {
        match self {
            Step::Run(command) => format!("`{command}`"),
            Step::Write { line, table } if table.is_empty() => {
                format!("write `{line}` at the top of assetsync.toml")
            }
            Step::Write { line, table } => {
                format!("write `{line}` below `[{table}]` in assetsync.toml")
            }
        }
    }
}
