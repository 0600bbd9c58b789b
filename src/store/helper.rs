//! Programs that credentials are asked of (`credential_process`): they end with us, and in time, with all that they started.

use std::process::{Output, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use reqsign_core::{CommandExecute, CommandOutput, Error, Result};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

use crate::children;

/// How long such a program may take, which is less than what is waited for all ways of signing in.
const WAIT: Duration = Duration::from_secs(25);

/// How much of what it prints is taken in, in bytes.
const PRINTED_BYTES_MAX: u64 = 64 << 10;

/// Those that are running: process ids, which are those of their groups where they have one.
static RUNNING: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// Ends all of them. To be called before the process ends while they may be running.
pub fn end_helpers() {
    let running = std::mem::take(&mut *RUNNING.lock().expect("no holder panics"));
    running.into_iter().for_each(end);
}

/// Runs helpers.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Helpers;

/// One that is running. Dropped before it's done, it's ended, with all that it started.
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
    let failed = |e: std::io::Error| Error::unexpected(format!("`{program}` can't be run: {e}"));
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
        Error::unexpected(format!("`{program}` took over {seconds} s, and was ended"))
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
            return Err(std::io::Error::other(format!("it prints over {kib} KiB")));
        }
    }
    Ok(printed)
}

/// At a terminal, it stays in the group that Ctrl-C is for, and may ask there.
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
    // Who is gone by now needn't be ended.
    let _is_there = match is_at_terminal() {
        true => kill_process(pid, Signal::KILL).is_ok(),
        false => kill_process_group(pid, Signal::KILL).is_ok(),
    };
}

#[cfg(not(unix))]
fn in_own_group(_command: &mut Command) {}

/// Dropped, its child is ended by tokio.
#[cfg(not(unix))]
fn end(_id: u32) {}

#[cfg(all(test, unix))]
mod tests {
    use std::time::Instant;

    use super::*;

    fn outcome(script: &str) -> Result<CommandOutput> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(run("sh", &["-c", script], Duration::from_secs(1)))
    }

    #[test]
    fn what_a_helper_prints_is_told_with_how_it_ended() {
        let output = outcome("echo out; echo err >&2; exit 3").expect("it runs");
        assert_eq!(output.status, 3);
        assert_eq!(
            (&output.stdout[..], &output.stderr[..]),
            (&b"out\n"[..], &b"err\n"[..])
        );
    }

    #[test]
    fn a_helper_that_never_ends_or_prints_without_end_is_ended() {
        let began = Instant::now();
        let error = outcome("exec sleep 300").expect_err("too long");
        assert!(error.to_string().contains("took over 1 s"), "{error}");
        let error = outcome("exec cat /dev/zero").expect_err("too much");
        assert!(error.to_string().contains("prints over 64 KiB"), "{error}");
        assert!(began.elapsed() < Duration::from_secs(20));
    }
}
