//! Hints: advice in words, and in commands for a target whose name is added later. Pure.

use std::fmt;

/// Advice: what to try. Empty if there's nothing to add.
///
/// It's made of texts and commands, one after the other:
/// `Hint::from("pull first; ").then(Verb::Rollback).then(" goes back")`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hint {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Run(Command),
}

/// A command of assetsync about a target, which isn't named yet. Hints show it in backticks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    verb: Verb,
    /// Behind the target: a flag, a level.
    words: String,
}

/// Verbs of commands about a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verb {
    /// `access apply`
    AccessApply,
    /// `access close`
    AccessClose,
    /// `access show`
    AccessShow,
    /// `audit`
    Audit,
    /// `cors apply`
    CorsApply,
    /// `cors diff`
    CorsDiff,
    /// `cors show`
    CorsShow,
    /// `doctor`
    Doctor,
    /// `init --server caddy`
    InitCaddy,
    /// `init --server nginx`
    InitNginx,
    /// `live off`
    LiveOff,
    /// `live on`
    LiveOn,
    /// `lock`
    Lock,
    /// `prune`
    Prune,
    /// `push`
    Push,
    /// `releases`
    Releases,
    /// `releases adopt`
    ReleasesAdopt,
    /// `resolve`
    Resolve,
    /// `rollback`
    Rollback,
    /// `takedown`
    Takedown,
    /// `unlock`
    Unlock,
    /// `url`
    Url,
}

impl Verb {
    /// All of them.
    #[cfg(test)]
    pub(crate) const ALL: [Verb; 22] = [
        Verb::AccessApply,
        Verb::AccessClose,
        Verb::AccessShow,
        Verb::Audit,
        Verb::CorsApply,
        Verb::CorsDiff,
        Verb::CorsShow,
        Verb::Doctor,
        Verb::InitCaddy,
        Verb::InitNginx,
        Verb::LiveOff,
        Verb::LiveOn,
        Verb::Lock,
        Verb::Prune,
        Verb::Push,
        Verb::Releases,
        Verb::ReleasesAdopt,
        Verb::Resolve,
        Verb::Rollback,
        Verb::Takedown,
        Verb::Unlock,
        Verb::Url,
    ];

    /// Returns it as it's typed.
    pub fn name(self) -> &'static str {
        match self {
            Verb::AccessApply => "access apply",
            Verb::AccessClose => "access close",
            Verb::AccessShow => "access show",
            Verb::Audit => "audit",
            Verb::CorsApply => "cors apply",
            Verb::CorsDiff => "cors diff",
            Verb::CorsShow => "cors show",
            Verb::Doctor => "doctor",
            Verb::InitCaddy => "init --server caddy",
            Verb::InitNginx => "init --server nginx",
            Verb::LiveOff => "live off",
            Verb::LiveOn => "live on",
            Verb::Lock => "lock",
            Verb::Prune => "prune",
            Verb::Push => "push",
            Verb::Releases => "releases",
            Verb::ReleasesAdopt => "releases adopt",
            Verb::Resolve => "resolve",
            Verb::Rollback => "rollback",
            Verb::Takedown => "takedown",
            Verb::Unlock => "unlock",
            Verb::Url => "url",
        }
    }

    /// Makes a command that has these words behind the target, as a shell takes them.
    pub fn with(self, words: impl Into<String>) -> Command {
        Command {
            verb: self,
            words: words.into(),
        }
    }

    /// Makes a hint that begins with this command.
    pub fn then(self, more: impl Into<Hint>) -> Hint {
        Hint::from(self).then(more)
    }
}

impl Command {
    /// Returns what it does.
    pub fn verb(&self) -> Verb {
        self.verb
    }

    /// Returns what stands behind the target; empty if nothing does.
    pub fn words(&self) -> &str {
        &self.words
    }

    /// Says whether what stands behind the target has this flag, which is given without its dashes.
    pub(crate) fn has(&self, flag: &str) -> bool {
        let mut words = self.words.split(' ');
        words.any(|word| word.strip_prefix("--") == Some(flag))
    }

    /// Returns the same with these words behind its own.
    pub fn and(self, words: &str) -> Command {
        let both = format!("{} {words}", self.words);
        self.verb.with(both.trim_start())
    }

    /// Makes a hint that begins with this command.
    pub fn then(self, more: impl Into<Hint>) -> Hint {
        Hint::from(self).then(more)
    }
}

impl Hint {
    /// Says whether there's nothing to try.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Adds a text, a command or another hint at the end.
    pub fn then(mut self, more: impl Into<Hint>) -> Hint {
        for part in more.into().parts {
            match (self.parts.last_mut(), part) {
                (Some(Part::Text(text)), Part::Text(more)) => *text += &more,
                (_, part) => self.parts.push(part),
            }
        }
        self
    }

    /// Makes one hint of several, with `between` between them.
    pub(crate) fn joined(hints: impl IntoIterator<Item = Hint>, between: &str) -> Hint {
        let joined = hints
            .into_iter()
            .reduce(|all, hint| all.then(between).then(hint));
        joined.unwrap_or_default()
    }

    /// Returns the same, with this in the place of every text, and of the words of every command.
    pub(crate) fn map(self, change: impl Fn(&str) -> String) -> Hint {
        let parts = self.parts.into_iter().map(|part| match part {
            Part::Text(text) => change(&text).into(),
            Part::Run(Command { verb, words }) => verb.with(change(&words)).into(),
        });
        Hint::joined(parts, "")
    }

    /// Returns the same, with every command in the words that `complete` has for it.
    pub(crate) fn complete(self, complete: impl Fn(&Command) -> String) -> Hint {
        let parts = self.parts.into_iter().map(|part| match part {
            Part::Text(text) => text.into(),
            Part::Run(command) => format!("`{}`", complete(&command)).into(),
        });
        Hint::joined(parts, "")
    }
}

impl From<String> for Hint {
    fn from(text: String) -> Hint {
        let parts = if text.is_empty() {
            Vec::new()
        } else {
            vec![Part::Text(text)]
        };
        Hint { parts }
    }
}

impl From<&str> for Hint {
    fn from(text: &str) -> Hint {
        text.to_string().into()
    }
}

impl From<Command> for Hint {
    fn from(command: Command) -> Hint {
        let parts = vec![Part::Run(command)];
        Hint { parts }
    }
}

impl From<Verb> for Hint {
    fn from(verb: Verb) -> Hint {
        Command::from(verb).into()
    }
}

impl From<Verb> for Command {
    fn from(verb: Verb) -> Command {
        verb.with("")
    }
}

/// Writes commands for the default target, which needn't be named.
impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            match part {
                Part::Text(text) => f.write_str(text)?,
                Part::Run(command) => write!(f, "`{command}`")?,
            }
        }
        Ok(())
    }
}

/// Writes it for the default target.
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "assetsync {}", self.verb.name())?;
        match self.words.as_str() {
            "" => Ok(()),
            words => write!(f, " {words}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pull() -> Hint {
        let push = Verb::Push.with("--verify list");
        Hint::from("pull; ")
            .then(Verb::Rollback)
            .then(" goes back, ")
            .then(push)
    }

    fn for_prod(command: &Command) -> String {
        format!(
            "assetsync {} prod {}",
            command.verb().name(),
            command.words()
        )
    }

    /// A hint names no target before one is known.
    #[test]
    fn hint_without_target_names_none() {
        let text = pull().to_string();
        assert_eq!(
            text,
            "pull; `assetsync rollback` goes back, `assetsync push --verify list`"
        );
        assert_eq!(
            Verb::ReleasesAdopt.then("").to_string(),
            "`assetsync releases adopt`"
        );
    }

    #[test]
    fn each_command_is_completed_once() {
        let done = pull().complete(for_prod);
        let text =
            "pull; `assetsync rollback prod ` goes back, `assetsync push prod --verify list`";
        assert_eq!(done.to_string(), text);
        assert_eq!(done.clone().complete(for_prod), done);
    }

    /// Text that only looks like a command is left as it is.
    #[test]
    fn command_like_text_is_unchanged() {
        let told = Hint::from("`assetsync push`, says somebody");
        assert_eq!(told.clone().complete(for_prod), told);
    }

    /// Mapping a hint changes its text and arguments but not its commands.
    #[test]
    fn map_changes_text_but_not_verbs() {
        let shouted = pull().map(str::to_uppercase).to_string();
        assert_eq!(
            shouted,
            "PULL; `assetsync rollback` GOES BACK, `assetsync push --VERIFY LIST`"
        );
    }

    /// Hints with the same words are equal, however they were put together.
    #[test]
    fn equal_hints_compare_equal() {
        assert_eq!(
            Hint::from("try ").then("").then("again"),
            Hint::from("try again")
        );
        assert!(Hint::from("").is_empty() && Hint::from("").then("") == Hint::default());
        assert!(!Hint::from(Verb::Push).is_empty());
        let joined = Hint::joined(["a".into(), Verb::Push.into(), "b".into()], "; ");
        assert_eq!(joined.to_string(), "a; `assetsync push`; b");
    }
}
