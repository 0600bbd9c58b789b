//! Guard against files that are gone without a replacement.

use super::{Allowed, Refused};
use crate::base::listed::NAMES_MAX;
use crate::base::refusal::Guard;
use crate::base::text::{count, escape};
use crate::naming::Build;
use crate::release::Base;
use crate::release::difference::{Pair, pairs};
use crate::release::lost::{Loss, Lost};

/// Refuses to lose files without a replacement: published files, and files of held levels.
pub(super) fn lost(base: &Base, build: &Build, allowed: &Allowed) -> Option<Refused> {
    let manifest = base.manifest.as_ref().filter(|_| !allowed.shrink)?;
    let held = build.held();
    let (mut gone, mut kept) = (Sides::default(), Sides::default());
    let (mut new, mut new_published) = (Vec::new(), Vec::new());
    for pair in pairs(manifest, build) {
        match pair {
            // It is taken back with its level, which has its own guard.
            Pair::Before(entry)
                if entry.stored.is_some() && held.contains_key(manifest.level_of(entry)) => {}
            Pair::Both(entry, object) if entry.stored.is_some() && object.is_held => {}
            Pair::Before(entry) => gone.of(entry.stored.is_some()).push(&*entry.path),
            Pair::Both(entry, _) => kept.of(entry.stored.is_some()).push(&*entry.path),
            Pair::Now(object) => {
                new.push(object.path.as_str());
                if !object.is_held {
                    new_published.push(object.path.as_str());
                }
            }
        }
    }
    let published = Lost::new(&gone.published, &kept.published, &new_published);
    let held = Lost::new(&gone.held, &kept.held, &new);
    let told = [(published, "files"), (held, "held files")];
    let told = told.iter().filter(|(lost, _)| lost.is_too_much());
    let told: Vec<String> = told.map(|(lost, what)| lost_in_words(lost, what)).collect();
    (!told.is_empty()).then(|| {
        Refused::by(
            Guard::Shrunk,
            told.join("\n"),
            "check that the whole site is checked out and built; pass `--allow-shrink` to remove them",
        )
    })
}

/// Paths of published files and of held files.
#[derive(Default)]
struct Sides<'a> {
    published: Vec<&'a str>,
    held: Vec<&'a str>,
}

impl<'a> Sides<'a> {
    fn of(&mut self, is_published: bool) -> &mut Vec<&'a str> {
        if is_published {
            &mut self.published
        } else {
            &mut self.held
        }
    }
}

fn lost_in_words(lost: &Lost<'_>, what: &str) -> String {
    let folders = lost.folders.iter().take(NAMES_MAX);
    let folders = folders.map(|folder| format!("the whole folder `{}/`", escape(folder)));
    let types = lost.types.iter().map(|extension| match &**extension {
        "" => "all files without an extension".to_string(),
        extension => format!("all `.{}` files", escape(extension)),
    });
    let whole: Vec<String> = folders.chain(types).collect();
    let whole = if whole.is_empty() {
        String::new()
    } else {
        format!(", including {}", whole.join(", "))
    };
    format!(
        "This push would remove {} of {} {what} of the current release without a replacement{whole}{}",
        lost.lost,
        lost.before,
        lines(&lost.losses)
    )
}

/// Describes each of the first losses in a line, and all others in one line.
fn lines(losses: &[Loss<'_>]) -> String {
    let lines: String = losses.iter().take(NAMES_MAX).map(line).collect();
    let rest = losses.get(NAMES_MAX..).unwrap_or_default();
    match rest.len() as u64 {
        0 => lines,
        groups => format!(
            "{lines}\n  and {} more in {}",
            rest.iter().map(|loss| loss.lost).sum::<u64>(),
            count(groups, "other folder")
        ),
    }
}

/// Describes a loss, such as `img/*.png: 40 of 42`.
fn line(loss: &Loss<'_>) -> String {
    let folder = match loss.folder {
        "" => String::new(),
        folder => escape(folder) + "/",
    };
    let files = match &*loss.extension {
        "" => "* (without an extension)".to_string(),
        extension => format!("*.{}", escape(extension)),
    };
    format!("\n  {folder}{files}: {} of {}", loss.lost, loss.before)
}
