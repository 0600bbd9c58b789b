//! `takedown`: removes files at once that the user names.

use crate::base::error::{Error, Result};
use crate::base::path::ObjectKey;
use crate::config::Target;
use crate::release::takedown::{Removal, Selection, plan, take_down};
use crate::report::{removal_json, removal_text};
use crate::store::public_url;
use percent_encoding::percent_decode_str;

use super::ask::{Question, confirm};
use super::{Code, DONE, Session};
use crate::cli::releases::TakedownArgs;
use crate::cli::targets::Typed;
use crate::commands::output::{print, print_json};

impl Session<'_> {
    pub(super) fn take_down(&self, asked: &TakedownArgs) -> Result<Code> {
        let (target, names) = self.target_and_names(asked.what.typed())?;
        if names.is_empty() && asked.level.is_empty() {
            return Err(Error::usage(
                "No files to take down were given",
                "name their logical paths, such as `puzzle/gears/notes.html`, or a level with `--level`",
            ));
        }
        let place = self.open(&target)?;
        let levels = place.config.rules.levels();
        let selection = Selection {
            names: names
                .iter()
                .map(|name| path_of(name, place.target()))
                .collect(),
            levels: super::levels(&place.config, &asked.level)?,
            only_stale: asked.stale,
            why: asked.why.clone(),
        };
        let requests = place.config.requests;
        let planned = plan(place.store(), &place.state, &selection, levels, requests);
        let removal = place.wait(planned)?;
        if !asked.json {
            print(&removal_text(place.target(), &removal))?;
        }
        let mut done = None;
        if !asked.dry_run {
            if !asked.yes {
                confirm(&Question {
                    question: "Take this down permanently?",
                    unasked: "Cannot confirm the takedown: standard input is not a terminal",
                    declined: "Nothing was taken down",
                })?;
            }
            let work = take_down(place.store(), &place.state, &removal, requests);
            done = Some(place.deleting("takedown", work)?);
            self.stop.tell_pending();
        }
        if let Some(done) = &done {
            let release = match &done.release {
                Some(release) => format!("; {} is the current release", release.id),
                None => String::new(),
            };
            let objects = crate::base::text::count(done.deleted, "object");
            self.say(&format!("{}: {objects} deleted{release}", place.name()));
            self.say_cached(place.target(), &removal);
        }
        if asked.json {
            print_json(&[removal_json(place.name(), &removal, done.as_ref())])?;
        }
        Ok(DONE)
    }

    /// Reports the caches that may still have the deleted files: a cache before the storage isn't
    /// told of a deletion.
    fn say_cached(&self, target: &Target, removal: &Removal) {
        let Some(public_url) = &target.public_url else {
            return;
        };
        self.say(&format!(
            "a cache at {public_url} may still have {}: purge {} there",
            if removal.objects() == 1 { "it" } else { "them" },
            if removal.objects() == 1 {
                "its address"
            } else {
                "their addresses"
            },
        ));
    }

    /// Splits the arguments into the target, if one is named, and the names to remove.
    pub(super) fn target_and_names<'n>(
        &self,
        what: Typed<'n>,
    ) -> Result<(Vec<String>, &'n [String])> {
        let config = self.config(crate::config::Wanted::NoTarget)?;
        let targets = &config.target_names;
        what.parts(|name| targets.iter().any(|target| target == name))
    }
}

/// Returns the URL at which visitors find a target's objects.
fn base_url(target: &Target) -> Option<String> {
    let key = ObjectKey::parse("x").ok()?;
    let url = public_url(target, &key);
    url.strip_suffix('x').map(str::to_string)
}

/// Returns the path for a typed or copied name. The address in a browser stands for its file, and
/// that of a folder for its index.
fn path_of(typed: &str, target: &Target) -> String {
    let of_browser = base_url(target).and_then(|url| {
        let rest = typed.strip_prefix(url.trim_end_matches('/'))?;
        let rest = rest.split(['?', '#']).next()?.strip_prefix('/')?;
        let rest = percent_decode_str(rest).decode_utf8().ok()?;
        Some(if rest.is_empty() || rest.ends_with('/') {
            format!("{rest}index.html")
        } else {
            rest.into_owned()
        })
    });
    of_browser.unwrap_or_else(|| {
        typed
            .trim_start_matches("./")
            .trim_start_matches('/')
            .to_string()
    })
}
