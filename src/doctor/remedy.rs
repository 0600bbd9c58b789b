//! Fixes for a finding: in words, and as steps that can be done one after the other without
//! changes.

use serde::Serialize;

use crate::base::hint::Hint;

/// Fix for a finding. Empty if nothing has to be fixed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Remedy {
    pub(super) text: String,
    pub(super) steps: Vec<Step>,
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
        let text = command.into();
        let steps = vec![Step::Run(text.clone())];
        Remedy { text, steps }
    }

    /// Several steps.
    pub(super) fn all(steps: Vec<Step>) -> Remedy {
        let said: Vec<String> = steps.iter().map(Step::in_words).collect();
        let text = said.join("; then ");
        Remedy { text, steps }
    }

    /// The same with something said behind it.
    pub(super) fn because(mut self, why: &str) -> Remedy {
        self.text += &format!(" ({why})");
        self
    }

    /// The same after `first`.
    pub(super) fn after(self, first: Remedy) -> Remedy {
        let own = self.in_words();
        let then = own.strip_prefix("first ").unwrap_or(&own);
        Remedy {
            text: format!("first {}; then {then}", first.text),
            steps: [first.steps, self.steps].concat(),
        }
    }

    /// The same and one more step.
    pub(super) fn then(mut self, step: Step) -> Remedy {
        self.text = format!("{}; then {}", self.in_words(), step.in_words());
        self.steps.push(step);
        self
    }

    /// The same, or something else that is told in words.
    pub(super) fn or(mut self, other: &str) -> Remedy {
        self.text = format!("{}; or {other}", self.in_words());
        self
    }

    /// Its text as part of a longer one: a command by itself is in backticks.
    fn in_words(&self) -> String {
        match &self.steps[..] {
            [Step::Run(command)] if *command == self.text => self.steps[0].in_words(),
            _ => self.text.clone(),
        }
    }
}

/// Something only a person can do.
impl From<String> for Remedy {
    fn from(text: String) -> Remedy {
        let steps = Vec::new();
        Remedy { text, steps }
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
