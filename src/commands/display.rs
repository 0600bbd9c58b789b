//! Progress of a run on standard error: a bar on a terminal, a line every few seconds elsewhere.
//! With `--quiet`, it shows nothing.

use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::base::text::HumanBytes;

use super::log;
use crate::base::mask::masked;
use crate::base::progress::{Progress, Snapshot};
use crate::base::text::escape_lines;
use crate::hidden::without_hidden;
use crate::store::http::retries::{Trouble, trouble};

/// Time between two updates of a bar.
const BAR_EVERY: Duration = Duration::from_millis(100);

/// Time between two lines in a log.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Place and form in which progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisplayMode {
    /// A bar, if standard error is a terminal.
    Bar,
    /// A line from time to time, if standard error is a log.
    Lines,
    /// No progress.
    Quiet,
}

/// Writes a message to standard error: as it is, or as a line of the log for programs.
pub fn tell(text: &str) {
    if log::is_for_programs() {
        log::tell(text)
    } else {
        write(text)
    }
}

/// Writes to standard error, without passwords of URLs and names of hidden files. Of the sequences
/// that control a terminal, it writes only colors. Ignores errors: if the terminal was closed,
/// nobody reads the output.
pub(super) fn write(text: &str) {
    let text = colours_alone(&masked(&without_hidden(text)));
    drop(anstream::stderr().lock().write_all(text.as_bytes()));
}

/// Returns the text without control characters, except line ends and colors.
fn colours_alone(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let mut shown = escape_lines(parts.next().unwrap_or_default());
    for part in parts {
        let is_of_colour = |c: char| c.is_ascii_digit() || c == ';';
        let code = part
            .strip_prefix('[')
            .map(|code| code.trim_start_matches(is_of_colour));
        let is_colour = code.is_some_and(|code| code.starts_with('m'));
        shown += if is_colour { "\u{1b}" } else { "\\u{1b}" };
        shown += &escape_lines(part);
    }
    shown
}

/// Display of [`Progress`] from its own thread, until it is dropped.
#[derive(Debug)]
pub struct Display {
    running: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Display {
    /// Starts to show `progress`.
    pub fn start(progress: &Arc<Progress>, mode: DisplayMode) -> Display {
        let progress = Arc::clone(progress);
        let (stop, stopped) = mpsc::channel();
        let show: Box<dyn FnOnce() + Send> = match mode {
            DisplayMode::Quiet => return Display { running: None },
            DisplayMode::Bar => Box::new(move || show_bar(&progress, &stopped)),
            DisplayMode::Lines => Box::new(move || show_lines(&progress, &stopped)),
        };
        // The display is optional: if the system has no more threads, there is none.
        let thread = std::thread::Builder::new().spawn(show).ok();
        Display {
            running: thread.map(|thread| (stop, thread)),
        }
    }
}

impl Drop for Display {
    /// Stops the display, and clears the terminal's line.
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            drop(stop);
            thread.join().expect("the display doesn't panic");
        }
    }
}

fn is_over(stopped: &mpsc::Receiver<()>, wait: Duration) -> bool {
    stopped.recv_timeout(wait) != Err(RecvTimeoutError::Timeout)
}

fn show_bar(progress: &Progress, stopped: &mpsc::Receiver<()>) {
    let waiting = ProgressStyle::with_template("{spinner} {msg}").expect("the template is valid");
    let sending = ProgressStyle::with_template(
        "{bar:30} {bytes}/{total_bytes} {bytes_per_sec}, {eta} left; {msg}",
    )
    .expect("the template is valid");
    let bar = ProgressBar::new_spinner().with_style(waiting);
    let mut is_sending = false;
    while !is_over(stopped, BAR_EVERY) {
        let now = progress.snapshot();
        if now.planned_objects > 0 && !is_sending {
            is_sending = true;
            bar.reset();
            bar.set_style(sending.clone());
        }
        let told = if is_sending {
            bar.set_length(now.planned_bytes);
            bar.set_position(now.done_bytes);
            Some(objects(&now))
        } else {
            hashing(&now)
        };
        let trouble = trouble().map(|trouble| trouble.in_words());
        let told: Vec<String> = told.into_iter().chain(trouble).collect();
        // A short wait with nothing to report needs no spinner.
        if !told.is_empty() {
            bar.set_message(without_hidden(&told.join("; ")).into_owned());
            bar.tick();
        }
    }
    bar.finish_and_clear();
}

fn show_lines(progress: &Progress, stopped: &mpsc::Receiver<()>) {
    let mut before = Snapshot::default();
    let mut counted = Instant::now();
    let mut trouble = TroubleLines::default();
    while !is_over(stopped, BAR_EVERY) {
        trouble.show();
        if counted.elapsed() < LINE_EVERY {
            continue;
        }
        counted = Instant::now();
        let now = progress.snapshot();
        if now != before {
            let told = match now.planned_objects {
                0 => hashing(&now).unwrap_or_default(),
                _ => line(&now),
            };
            tell(&format!("{told}\n"));
        }
        before = now;
    }
}

/// Lines about requests that are retried: the first at once, the next at the same interval as other
/// lines.
#[derive(Default)]
struct TroubleLines {
    told: Option<Instant>,
    /// Last trouble that was reported, until it is over.
    open: Option<Trouble>,
}

impl TroubleLines {
    fn show(&mut self) {
        let is_time = self.told.is_none_or(|told| told.elapsed() >= LINE_EVERY);
        match (trouble(), &self.open) {
            (Some(now), _) if is_time => {
                tell(&format!("{}\n", now.in_words()));
                self.told = Some(Instant::now());
                self.open = Some(now);
            }
            (Some(now), Some(_)) => self.open = Some(now),
            (None, Some(over)) => {
                if over.lasts >= LINE_EVERY {
                    tell(&format!("answered after {} s\n", over.lasts.as_secs()));
                }
                self.open = None;
            }
            (Some(_) | None, None) => {}
        }
    }
}

fn hashing(now: &Snapshot) -> Option<String> {
    (now.read_objects > 0).then(|| format!("hashing: {}", line(now)))
}

fn line(now: &Snapshot) -> String {
    match now.planned_objects {
        0 => format!("{} files, {}", now.read_objects, HumanBytes(now.read_bytes)),
        _ => format!(
            "{}, {} of {}",
            objects(now),
            HumanBytes(now.done_bytes),
            HumanBytes(now.planned_bytes)
        ),
    }
}

fn objects(now: &Snapshot) -> String {
    let failed = match now.failed_objects {
        0 => String::new(),
        n => format!(", {n} failed"),
    };
    format!(
        "{} of {} objects{failed}",
        now.done_objects, now.planned_objects
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of all control sequences, only colours are kept.
    #[test]
    fn only_colour_sequences_are_kept() {
        for (text, shown) in [
            (
                "\u{1b}[1m\u{1b}[31merror\u{1b}[0m: a\nb",
                "\u{1b}[1m\u{1b}[31merror\u{1b}[0m: a\nb",
            ),
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("a\u{1b}", "a\\u{1b}"),
            ("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}"),
            ("over\rwritten \u{202e}x", "over\\rwritten \\u{202e}x"),
        ] {
            assert_eq!(colours_alone(text), shown);
        }
    }
}
