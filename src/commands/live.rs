//! `live`, and what is asked before anything is written over or taken back while a target is live.

use std::collections::BTreeSet;

use assetsync::release::excused::Excused;
use assetsync::release::guard;
use assetsync::release::root::{Edit, Live, Refusal, Root};
use assetsync::release::state::Changed;
use assetsync::report::{live_text, over_text, root_json};
use assetsync::{Error, Result};
use jiff::{Timestamp, Zoned};

use super::ask::{Question, confirm};
use super::{Code, DONE, Session};
use crate::cli::LiveSwitch;
use crate::output::{eprint, print, print_json};

/// What of a target is about to be written over or taken back.
pub(super) struct Overwritten<'a> {
    pub(super) target: &'a str,
    /// None: it isn't live.
    pub(super) live: Option<&'a Live>,
    /// Logical paths, excused or not.
    pub(super) over: &'a [&'a str],
    /// The levels that are taken back, in words; empty if none are.
    pub(super) relocked: String,
}

impl Session<'_> {
    pub(super) fn live(
        &self,
        switch: LiveSwitch,
        target: &[String],
        until: Option<&str>,
        message: Option<&str>,
        as_json: bool,
    ) -> Result<Code> {
        if (until.is_some() || message.is_some()) && !matches!(switch, LiveSwitch::On) {
            return Err(Error::usage(
                "`--until` and `--message` go with `live on`",
                "",
            ));
        }
        let until = edit(until, parse_time)?;
        let message = edit(message, |text| Ok(text.to_string()))?;
        let place = self.open(target)?;
        if matches!(switch, LiveSwitch::On) || !place.is_begun() {
            place.check_target()?;
        }
        let change = |root: Option<&Root>, stamp: &_| match (switch, root) {
            (LiveSwitch::On, root) => Root::go_live(root, until.clone(), message.clone(), stamp),
            (_, Some(root)) => root.end_live(stamp),
            (_, None) => Err(Refusal::Already),
        };
        let root = match switch {
            LiveSwitch::Status => {
                place.wait(async { Ok(place.state.root().await?.map(|held| held.root)) })?
            }
            LiveSwitch::On | LiveSwitch::Off => match place.settle(place.state.change(change))? {
                Changed::Done(root) => Some(root),
                Changed::Refused(Refusal::Already, root) => root,
                Changed::Refused(refusal, root) => {
                    let refused = guard::refused(refusal, root.as_ref());
                    return Err(refused.of_target(place.target()));
                }
            },
        };
        match as_json {
            true => print_json(&[root_json(place.name(), root.as_ref())])?,
            false => print(&live_text(place.name(), root.as_ref()))?,
        }
        let now = root.as_ref().and_then(|root| root.live.as_ref());
        if let (LiveSwitch::On, Some(live)) = (switch, now) {
            self.say_kept(live, &until, &message);
        }
        Ok(DONE)
    }

    /// Nobody should wonder where it comes from.
    fn say_kept(&self, live: &Live, until: &Edit<Timestamp>, message: &Edit<String>) {
        if let (Edit::Keep, Some(until)) = (until, live.until) {
            self.say(&format!(
                "kept: planned until {until}; `--until ''` clears it"
            ));
        }
        if let (Edit::Keep, Some(message)) = (message, &live.message) {
            self.say(&format!(
                "kept: the message `{}`; `--message ''` clears it",
                message.escape_debug()
            ));
        }
    }

    /// Which names may be written over while live: those named in full, and those that a pattern matches once somebody has seen them
    /// and said yes. Nobody is asked of a target that isn't live; if it's switched on meanwhile, only what was named in full goes.
    ///
    /// # Errors
    /// [`Error::Refused`]: the answer isn't yes, or nobody can be asked.
    pub(super) fn confirm_live(
        &self,
        targets: &[Overwritten<'_>],
        excused: Excused,
        is_confirmed: bool,
    ) -> Result<BTreeSet<String>> {
        let live = targets
            .iter()
            .filter_map(|asked| Some((asked, asked.live?)));
        let told = live.map(|(asked, live)| {
            over_text(asked.target, live, asked.over, &excused, &asked.relocked)
        });
        let told: String = told.collect();
        if told.is_empty() {
            return Ok(match is_confirmed {
                true => excused.all(),
                false => excused.named,
            });
        }
        match is_confirmed {
            true => self.say(told.trim_end()),
            false => {
                eprint(&told);
                confirm(&Question {
                    question: "Do it while players are there?",
                    unasked: "Nobody can be asked whether to do this while the target is live",
                    declined: "Nothing was changed",
                })?;
            }
        }
        Ok(excused.all())
    }
}

/// What a flag says: nothing, that it should go, or what it should be.
fn edit<T>(given: Option<&str>, parse: impl Fn(&str) -> Result<T>) -> Result<Edit<T>> {
    match given.map(str::trim) {
        None => Ok(Edit::Keep),
        Some("") => Ok(Edit::Clear),
        Some(text) => parse(text).map(Edit::Set),
    }
}

/// `2027-01-18T12:00-05:00`, `2027-01-18T12:00[America/New_York]`, `2027-01-18T12:00` by this machine's zone, or a time from now, such as `36h`.
fn parse_time(text: &str) -> Result<Timestamp> {
    let of_zone = || Some(text.parse::<Zoned>().ok()?.timestamp());
    let by_zone = || {
        // A zone that isn't known isn't this machine's.
        let civil: jiff::civil::DateTime = Some(text).filter(|t| !t.contains('['))?.parse().ok()?;
        let zoned = civil.to_zoned(jiff::tz::TimeZone::system()).ok()?;
        Some(zoned.timestamp())
    };
    let from_now = || {
        let span: jiff::Span = text.parse().ok()?;
        Zoned::now()
            .checked_add(span)
            .ok()
            .map(|then| then.timestamp())
    };
    let time = of_zone()
        .or_else(|| text.parse().ok())
        .or_else(by_zone)
        .or_else(from_now);
    let whole = time.and_then(|time| Timestamp::from_second(time.as_second()).ok());
    whole.ok_or_else(|| {
        Error::usage(
            format!("`{text}` isn't a time (--until)"),
            "write `2027-01-18T12:00-05:00`, or a time from now, such as `36h`",
        )
    })
}
