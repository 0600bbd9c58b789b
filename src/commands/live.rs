//! `live`, and the question before anything is overwritten or taken back while a target is live.

use std::collections::BTreeSet;

use crate::base::error::{Error, Result};
use crate::release::excused::Excused;
use crate::release::guard;
use crate::release::root::{Edit, Live, Refusal, Root};
use crate::release::state::Changed;
use crate::report::{live_text, over_text, root_json};
use jiff::{Timestamp, Zoned};

use super::ask::{Question, confirm};
use super::{Code, DONE, Session};
use crate::cli::releases::{LiveArgs, LiveSwitch};
use crate::commands::output::{eprint, print, print_json};

/// Published files of a target that are about to be overwritten or taken back.
pub(super) struct Overwritten<'a> {
    pub(super) target: &'a str,
    /// None if the target isn't live.
    pub(super) live: Option<&'a Live>,
    /// Logical paths, whether they are excused or not.
    pub(super) over: &'a [&'a str],
    /// Levels that are taken back, in words; empty if there are none.
    pub(super) relocked: String,
}

impl Session<'_> {
    pub(super) fn live(&self, args: &LiveArgs) -> Result<Code> {
        let (switch, as_json) = (args.switch, args.json);
        let (until, message) = (args.until.as_deref(), args.message.as_deref());
        if (until.is_some() || message.is_some()) && !matches!(switch, LiveSwitch::On) {
            return Err(Error::usage(
                "`--until` and `--message` require `live on`",
                "",
            ));
        }
        let until = edit(until, parse_time)?;
        let message = edit(message, |text| Ok(text.to_string()))?;
        let place = self.open(&args.target.names()?)?;
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
        if as_json {
            print_json(&[root_json(place.name(), root.as_ref())])?
        } else {
            print(&live_text(place.target(), root.as_ref()))?
        }
        let now = root.as_ref().and_then(|root| root.live.as_ref());
        if let (LiveSwitch::On, Some(live)) = (switch, now) {
            self.say_kept(live, &until, &message);
        }
        Ok(DONE)
    }

    /// Reports the end time and the message that stay set from before, so nobody is surprised by
    /// them.
    fn say_kept(&self, live: &Live, until: &Edit<Timestamp>, message: &Edit<String>) {
        if let (Edit::Keep, Some(until)) = (until, live.until) {
            self.say(&format!(
                "kept the planned end, {until}; `--until ''` clears it"
            ));
        }
        if let (Edit::Keep, Some(message)) = (message, &live.message) {
            self.say(&format!(
                "kept the message `{}`; `--message ''` clears it",
                message.escape_debug()
            ));
        }
    }

    /// Returns the names that may be overwritten while live: those given in full, and those that a
    /// pattern matches, after the user has seen and confirmed them. For a target that isn't live,
    /// it asks nothing. If the target becomes live in the meantime, only names given in full are
    /// allowed.
    ///
    /// # Errors
    /// Returns [`Error::Refused`] if the answer isn't yes, or if there is nobody to ask.
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
            return Ok(if is_confirmed {
                excused.all()
            } else {
                excused.named
            });
        }
        if is_confirmed {
            self.say(told.trim_end())
        } else {
            eprint(&told);
            confirm(&Question {
                question: "Continue during the live event?",
                unasked: "Cannot confirm this for a live target: standard input is not a terminal",
                declined: "Nothing was changed",
            })?;
        }
        Ok(excused.all())
    }
}

/// Parses the value of a flag: not given, empty (clears the setting), or a new value.
fn edit<T>(given: Option<&str>, parse: impl Fn(&str) -> Result<T>) -> Result<Edit<T>> {
    match given.map(str::trim) {
        None => Ok(Edit::Keep),
        Some("") => Ok(Edit::Clear),
        Some(text) => parse(text).map(Edit::Set),
    }
}

/// Parses a time such as `2027-01-18T12:00-05:00`, `2027-01-18T12:00[America/New_York]`, or
/// `2027-01-18T12:00` in this machine's time zone. Also parses a span from now, such as `36h`.
fn parse_time(text: &str) -> Result<Timestamp> {
    let of_zone = || Some(text.parse::<Zoned>().ok()?.timestamp());
    let by_zone = || {
        // An unknown time zone isn't taken for this machine's zone.
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
            format!("Invalid time `{text}` (--until)"),
            "write a time such as `2027-01-18T12:00-05:00`, or a duration from now such as `36h`",
        )
    })
}
