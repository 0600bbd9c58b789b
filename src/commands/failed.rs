//! Failures of commands, and their effect on what visitors see.

use crate::base::error::Error;

use crate::cli::Command;

/// Error of a command, with a note that follows it.
#[derive(Debug)]
pub struct Failed {
    pub error: Box<Error>,
    /// For commands that publish: says whether visitors still see the same as before.
    pub aftermath: Option<String>,
}

impl Failed {
    /// Creates a failure from before any command began.
    pub fn early(error: Error) -> Failed {
        Failed {
            error: Box::new(error),
            aftermath: None,
        }
    }

    /// Creates a failure of `command`, which had already switched the targets in `switched` to
    /// another release.
    pub(super) fn after(error: Error, command: &Command, switched: &[String]) -> Failed {
        let publishes = match command {
            Command::Push(args) => !args.dry_run,
            Command::Rollback(_) => true,
            _ => false,
        };
        let is_known = match (&error, command) {
            // The user stopped waiting for it, so it may have succeeded.
            (Error::Interrupted, Command::Rollback(_)) => false,
            _ => error.exit_code() != 5,
        };
        let aftermath = (publishes && is_known).then(|| aftermath(&error, switched));
        let error = Box::new(error);
        Failed { error, aftermath }
    }
}

fn aftermath(error: &Error, switched: &[String]) -> String {
    let but = match switched {
        [] => String::new(),
        names => format!(
            ", except on {} (already switched to another release)",
            names.join(", ")
        ),
    };
    match error {
        // Visitors see the release of another push.
        Error::LostRace { .. } => format!("this run changed nothing that visitors see{but}"),
        Error::Interrupted => {
            format!("what visitors see is unchanged{but}. Run the push again to publish")
        }
        _ => format!("what visitors see is unchanged{but}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::hint::Hint;

    /// An error names the targets whose visitors see a new release already.
    #[test]
    fn already_switched_targets_are_named() {
        let switched = ["staging".to_string()];
        assert_eq!(
            aftermath(&Error::Interrupted, &switched),
            "what visitors see is unchanged, \
             except on staging (already switched to another release). \
             Run the push again to publish"
        );
        let lost = Error::LostRace {
            message: String::new(),
            hint: Hint::default(),
        };
        assert_eq!(
            aftermath(&lost, &[]),
            "this run changed nothing that visitors see"
        );
    }
}
