//! Messages of `diff` and `push`, before anything is written and at the end.

use std::collections::BTreeSet;

use super::Session;
use super::output::{eprint, print};
use crate::base::error::Result;
use crate::base::name::ROBOTS;
use crate::base::problem::Problem;
use crate::cli::publish::Output;
use crate::config::{Config, Target};
use crate::doctor::{Finding, warn_of_key};
use crate::release::guard::Allowed;
use crate::release::leftover::Leftover;
use crate::release::publish::Published;
use crate::release::stale::Stale;
use crate::report::{
    Outlook, Urls, built_paths_text, first_levels_text, front_text, leftovers_text, plan_text,
    published_text, report_text, stale_text, unfound_text,
};
use crate::site::planned::Planned;

impl Session<'_> {
    /// Refuses a weak key, unless `key_id` confirms it. Warns of a key that is in git.
    pub(super) fn check_key(&self, config: &Config) -> Result<()> {
        let secret = self.secret_or_new(config)?;
        if let Some(weakness) = config.check_strength(&secret)? {
            self.say(&format!("warning: {weakness}"));
        }
        let warned = config
            .targets
            .first()
            .and_then(|target| warn_of_key(config, &secret, target));
        if let Some(Finding { text, fix, .. }) = warned {
            self.say(&format!("warning: {text}\nhint: {fix}"));
        }
        self.warn_of_robots(config);
        Ok(())
    }

    /// Warns of a header that a rule sets, but that buckets can't send.
    pub(super) fn warn_of_robots(&self, config: &Config) {
        let is_bucket = |target: &&Target| target.place.bucket().is_some();
        let bucket = config.targets.iter().find(is_bucket);
        if let Some(target) = bucket.filter(|_| config.rules.sets_header(ROBOTS)) {
            self.say(&format!(
                "warning: {}: a rule sets `{ROBOTS}`, but buckets can't send this header\nhint: add it in the CDN, or put \
                 `<meta name=\"robots\" content=\"noindex\">` into the pages",
                target.name
            ));
        }
    }

    pub(super) fn tell(
        &self,
        planned: &Planned<'_>,
        published: &Published,
        output: &Output,
    ) -> Result<()> {
        let changes = |urls| plan_text(&Outlook::of(planned, &Allowed::default()), urls);
        match output.show_urls {
            true => print(&changes(Urls::Shown))?,
            false if self.global.is_verbose() => self.detail(changes(Urls::Hidden).trim_end()),
            false => {}
        }
        let report = &published.report;
        let mut text = report_text(
            &planned.opened.target,
            planned.build,
            report,
            published.basis,
        );
        text += &published_text(published);
        if report.is_complete() && published.release.is_some() {
            text += &front_text(&planned.opened.target, planned.build);
        }
        match (report.is_complete(), self.global.quiet) {
            (false, _) => eprint(&text),
            (true, false) => print(&text)?,
            (true, true) => {}
        }
        let unfound = unfound_text(&planned.opened.target, planned.build);
        if report.is_complete() && !output.show_urls && !unfound.is_empty() {
            self.say(unfound.trim_end());
        }
        Ok(())
    }

    /// Reports the files that can still be fetched although the release doesn't publish them.
    pub(super) fn say_left(&self, planned: &Planned<'_>, left: &[Leftover]) {
        if left.is_empty() {
            return;
        }
        let published = planned.build.published();
        let published: Vec<&str> = published.map(|object| object.path.as_str()).collect();
        self.say(leftovers_text(&planned.opened.target, left, &published).trim_end());
    }

    /// Reports which files each level matches, if that is new.
    pub(super) fn say_levels(&self, planned: &Planned<'_>) {
        let levels = first_levels_text(planned.opened.base.manifest.as_ref(), planned.build);
        if !levels.is_empty() {
            self.say(levels.trim_end());
        }
    }

    /// Tells of paths that new and changed scripts build. What several targets share is told once.
    pub(super) fn say_built_paths(&self, all: &[Planned<'_>]) {
        let notes = all.iter().flat_map(Planned::notes);
        let notes: BTreeSet<&Problem> = notes.collect();
        let notes: Vec<&Problem> = notes.into_iter().collect();
        let text = built_paths_text(&notes, self.global.is_verbose());
        if !text.is_empty() {
            self.say(text.trim_end());
        }
    }

    pub(super) fn say_beforehand(&self, stale: &[Stale]) {
        if !stale.is_empty() {
            self.say(stale_text(stale).trim_end());
        }
    }
}
