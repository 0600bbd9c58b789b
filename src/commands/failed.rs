//! How a command failed, and what visitors see of it.

use assetsync::Error;

use crate::cli::Command;

/// An error, and what there is to say after it.
#[derive(Debug)]
pub struct Failed {
    pub error: Error,
    /// Of a command that publishes: whether visitors see what they saw before.
    pub aftermath: Option<String>,
}

impl Failed {
    /// Before any command was begun.
    pub fn early(error: Error) -> Failed {
        Failed {
            error,
            aftermath: None,
        }
    }

    /// Of `command`, which switched these targets to another release before.
    pub(super) fn after(error: Error, command: &Command, switched: &[String]) -> Failed {
        let publishes = matches!(
            command,
            Command::Push { dry_run: false, .. } | Command::Rollback { .. }
        );
        let is_known = match (&error, command) {
            // Given up while it was waited for: it may be done.
            (Error::Interrupted, Command::Rollback { .. }) => false,
            _ => error.exit_code() != 5,
        };
        let aftermath = (publishes && is_known).then(|| aftermath(&error, switched));
        Failed { error, aftermath }
    }
}

fn aftermath(error: &Error, switched: &[String]) -> String {
    let but = match switched {
        [] => String::new(),
        names => format!(", but for {}, which was switched before", names.join(", ")),
    };
    match error {
        // They see somebody else's release.
        Error::LostRace { .. } => format!("this run changed nothing that visitors see{but}"),
        _ => format!("what visitors see is unchanged{but}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visitors_of_what_was_switched_before_are_told_apart() {
        let switched = ["staging".to_string()];
        assert_eq!(
            aftermath(&Error::Interrupted, &switched),
            "what visitors see is unchanged, but for staging, which was switched before"
        );
        let lost = Error::LostRace {
            message: String::new(),
            hint: String::new(),
        };
        assert_eq!(
            aftermath(&lost, &[]),
            "this run changed nothing that visitors see"
        );
    }
}
