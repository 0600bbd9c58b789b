//! Helper programs that print credentials (`credential_process`). They end in time and with this
//! process, along with all processes that they started.

use std::process::{Output, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use reqsign_core::{CommandExecute, CommandOutput, Error, Result};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

use crate::base::children;

/// Time that a helper may take. It's shorter than the time limit of every way of signing in.
const WAIT: Duration = Duration::from_secs(25);

/// Size of the output that is read, in bytes.
const PRINTED_BYTES_MAX: u64 = 64 << 10;

/// Process ids of running helpers. Each is also the id of the helper's process group, if it has one
/// of its own.
static RUNNING: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// Ends all helpers. Must be called before the process ends if helpers may be running.
pub fn end_helpers() {
    let running = std::mem::take(&mut *RUNNING.lock().expect("no holder panics"));
    running.into_iter().for_each(end);
}

/// Runner of helpers.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Helpers;

/// Running helper. If it's dropped before the helper is done, it ends the helper and all processes
/// that the helper started.
struct Running {
    id: u32,
    is_done: bool,
}

impl Running {
    fn note(id: u32) -> Running {
        RUNNING.lock().expect("no holder panics").push(id);
        Running { id, is_done: false }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut running = RUNNING.lock().expect("no holder panics");
        running.retain(|id| *id != self.id);
        if !self.is_done {
            end(self.id);
        }
    }
}

impl CommandExecute for Helpers {
    async fn command_execute(&self, program: &str, arguments: &[&str]) -> Result<CommandOutput> {
        run(program, arguments, WAIT).await
    }
}

async fn run(program: &str, arguments: &[&str], wait: Duration) -> Result<CommandOutput> {
    let failed = |e: std::io::Error| Error::unexpected(format!("cannot run `{program}`: {e}"));
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .envs(children::for_helper())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    in_own_group(&mut command);
    let child = command.spawn().map_err(failed)?;
    let mut running = child.id().map(Running::note);
    let output = tokio::time::timeout(wait, output(child)).await;
    let output = output.map_err(|_| {
        let seconds = wait.as_secs();
        Error::unexpected(format!(
            "`{program}` ran for over {seconds} s and was stopped"
        ))
    })?;
    let output = output.map_err(failed)?;
    if let Some(running) = &mut running {
        running.is_done = true;
    }
    Ok(CommandOutput {
        status: output.status.code().unwrap_or(-1),
        stdout: output.stdout,
        stderr: output.stderr,
    })
}

async fn output(mut child: Child) -> std::io::Result<Output> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (stdout, stderr) = futures_util::try_join!(printed(stdout), printed(stderr))?;
    Ok(Output {
        status: child.wait().await?,
        stdout,
        stderr,
    })
}

async fn printed(pipe: Option<impl AsyncRead + Unpin>) -> std::io::Result<Vec<u8>> {
    let mut printed = Vec::new();
    if let Some(pipe) = pipe {
        let mut pipe = pipe.take(PRINTED_BYTES_MAX);
        pipe.read_to_end(&mut printed).await?;
        if pipe.limit() == 0 {
            let kib = PRINTED_BYTES_MAX >> 10;
            return Err(std::io::Error::other(format!(
                "its output exceeds {kib} KiB"
            )));
        }
    }
    Ok(printed)
}

/// Puts the helper in a process group of its own, except at a terminal: there it stays in the group
/// that Ctrl-C reaches, and can ask questions.
#[cfg(unix)]
fn in_own_group(command: &mut Command) {
    if !is_at_terminal() {
        command.process_group(0);
    }
}

#[cfg(unix)]
fn is_at_terminal() -> bool {
    std::io::IsTerminal::is_terminal(&std::io::stdin())
}

#[cfg(unix)]
fn end(id: u32) {
    use rustix::process::{Pid, Signal, kill_process, kill_process_group};
    let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) else {
        return;
    };
    // A process that is gone needn't be ended.
    let _is_there = if is_at_terminal() {
        kill_process(pid, Signal::KILL).is_ok()
    } else {
        kill_process_group(pid, Signal::KILL).is_ok()
    };
}

#[cfg(not(unix))]
fn in_own_group(_command: &mut Command) {}

/// Does nothing: tokio ends the child when it's dropped.
#[cfg(not(unix))]
fn end(_id: u32) {}

#[cfg(all(test, unix))]
mod tests;
