//! Mistakes in what was typed, as clap tells of them: without guesses, and without secrets.

use clap::error::{ContextKind, ContextValue};

use crate::base::mask::shown;

/// The same mistake, without tips that are no more than guesses: `--force` isn't `--from`, and
/// whoever follows such a tip gets something else than they want.
pub(crate) fn without_guesses(mut error: clap::Error) -> clap::Error {
    for (wrong, tip) in [
        (ContextKind::InvalidArg, ContextKind::SuggestedArg),
        (
            ContextKind::InvalidSubcommand,
            ContextKind::SuggestedSubcommand,
        ),
    ] {
        let Some(typed) = error.get(wrong).map(ToString::to_string) else {
            continue;
        };
        let tips = match error.remove(tip) {
            Some(ContextValue::String(tip)) => vec![tip],
            Some(ContextValue::Strings(tips)) => tips,
            _ => Vec::new(),
        };
        let mut tips = tips.into_iter();
        if let Some(meant) = tips.find(|tip| is_slip(&typed, tip)) {
            error.insert(tip, ContextValue::String(meant));
        }
        // "to pass '--prod' as a value": a file may be called like a flag, if it has an extension.
        if !typed.contains(['.', '/']) {
            error.remove(ContextKind::Suggested);
        }
    }
    error
}

/// The same mistake, with what was typed as it's shown everywhere.
pub(crate) fn without_secrets(mut error: clap::Error) -> clap::Error {
    let shown_value = |value: &ContextValue| match value {
        ContextValue::String(text) => Some(ContextValue::String(shown(text))),
        ContextValue::Strings(texts) => {
            let texts = texts.iter().map(|text| shown(text));
            Some(ContextValue::Strings(texts.collect()))
        }
        _ => None,
    };
    let typed = error.context();
    let typed = typed.filter_map(|(kind, value)| Some((kind, value, shown_value(value)?)));
    let changed = typed.filter(|(_, value, shown)| *value != shown);
    let changed: Vec<_> = changed.map(|(kind, _, shown)| (kind, shown)).collect();
    if !changed.is_empty() {
        // "to pass '--…' as a value".
        error.remove(ContextKind::Suggested);
    }
    for (kind, shown) in changed {
        error.insert(kind, shown);
    }
    error
}

/// These say where everything goes: whoever means a target gets another place.
const NEVER_GUESSED: [&str; 2] = ["--state", "--to"];

/// Checks whether `typed` is `meant` with a typing error, or two in a long word.
fn is_slip(typed: &str, meant: &str) -> bool {
    let most = if typed.len() < 8 { 1 } else { 2 };
    !NEVER_GUESSED.contains(&meant) && strsim::osa_distance(typed, meant) <= most
}
