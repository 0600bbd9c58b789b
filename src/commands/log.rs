//! Log of a run: the messages of `-v` and `-vv`, as text or as JSON.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::Level;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::display;
use crate::base::text::uncoloured;
use crate::cli::{Global, LogFormat};

static IS_FOR_PROGRAMS: AtomicBool = AtomicBool::new(false);

/// Returns whether everything on standard error is JSON, one object per line.
pub(super) fn is_for_programs() -> bool {
    IS_FOR_PROGRAMS.load(Ordering::Relaxed)
}

/// Starts the log: each setting with `-v`, each request with `-vv`.
pub(super) fn begin(global: &Global) {
    let level = match global.verbose {
        0 => Level::INFO,
        1 => Level::DEBUG,
        _ => Level::TRACE,
    };
    // Messages of libraries are left out: some libraries log the data that they send.
    let ours = Targets::new().with_target("assetsync", level);
    let layer = fmt::layer().with_writer(Lines);
    let layer = match global.log_format {
        LogFormat::Text => layer
            .without_time()
            .with_level(false)
            .with_target(false)
            .with_ansi(false)
            .boxed(),
        LogFormat::Json => layer.json().flatten_event(true).with_target(false).boxed(),
    };
    let is_json = matches!(global.log_format, LogFormat::Json);
    IS_FOR_PROGRAMS.store(is_json, Ordering::Relaxed);
    let log = tracing_subscriber::registry().with(layer.with_filter(ours));
    log.try_init().expect("the log begins once");
}

/// Logs a message that otherwise goes to people.
pub(super) fn tell(text: &str) {
    let text = uncoloured(text);
    let parts = text.trim_end().split("\n\n");
    for line in parts.filter(|part| !part.is_empty()) {
        tracing::info!("{line}");
    }
}

/// Writer that sends lines of the log to standard error, masked like all other output.
struct Lines;

/// Line that is being written.
struct Line(Vec<u8>);

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line(Vec::new())
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if !self.0.is_empty() {
            display::write(&String::from_utf8_lossy(&self.0));
        }
    }
}
