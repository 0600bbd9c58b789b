//! How far a run has come, on standard error: a bar on a terminal, a plain line every few seconds
//! elsewhere, nothing if asked for quiet.

use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

use crate::error::escape_lines;
use crate::hidden::without_hidden;
use crate::mask::masked;
use crate::progress::{Progress, Snapshot};
use crate::retries::{Trouble, trouble};

/// How often a bar is drawn.
const BAR_EVERY: Duration = Duration::from_millis(100);

/// How often a log gets a line.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Where progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisplayMode {
    /// As a bar: standard error is a terminal.
    Bar,
    /// As a line now and then: it's a log.
    Lines,
    /// Nowhere.
    Quiet,
}

/// Writes to standard error; whatever URL is in it, without its password, hidden files without their names, and of what moves a terminal's cursor, colours alone.
/// If nobody is there any more, because the terminal was closed, nobody needs to know.
pub fn tell(text: &str) {
    let text = colours_alone(&masked(&without_hidden(text)));
    drop(anstream::stderr().lock().write_all(text.as_bytes()));
}

/// The same text without control characters but line ends and those of colours.
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

/// Shows [`Progress`] from a thread of its own, until it's dropped.
#[derive(Debug)]
pub struct Display {
    running: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Display {
    /// Starts showing `progress`.
    pub fn start(progress: &Arc<Progress>, mode: DisplayMode) -> Display {
        let progress = Arc::clone(progress);
        let (stop, stopped) = mpsc::channel();
        let show: Box<dyn FnOnce() + Send> = match mode {
            DisplayMode::Quiet => return Display { running: None },
            DisplayMode::Bar => Box::new(move || show_bar(&progress, &stopped)),
            DisplayMode::Lines => Box::new(move || show_lines(&progress, &stopped)),
        };
        // Nothing depends on it: where there are no threads left, nothing is shown.
        let thread = std::thread::Builder::new().spawn(show).ok();
        Display {
            running: thread.map(|thread| (stop, thread)),
        }
    }
}

impl Drop for Display {
    /// Stops, and leaves the terminal's line empty.
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
        let told = match is_sending {
            true => {
                bar.set_length(now.planned_bytes);
                bar.set_position(now.done_bytes);
                Some(objects(&now))
            }
            false => hashing(&now),
        };
        let trouble = trouble().map(|trouble| trouble.in_words());
        let told: Vec<String> = told.into_iter().chain(trouble).collect();
        // A short wait without anything to say needs no spinner.
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

/// Lines about requests that are tried again: at once, then as often as others.
#[derive(Default)]
struct TroubleLines {
    told: Option<Instant>,
    /// The trouble that was told of last, until it's over.
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

    #[test]
    fn of_what_moves_a_cursor_colours_alone_are_left() {
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
