//! Programs that credentials are asked of (`credential_process`): they end with us, and in time, with all that they started.

use std::process::{Output, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use reqsign_core::{CommandExecute, CommandOutput, Error, Result};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

/// How long such a program may take: somebody may have to type a code.
const WAIT: Duration = Duration::from_secs(60);

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

/// One that is running. Dropped, it's ended.
struct Running(u32);

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING
            .lock()
            .expect("no holder panics")
            .retain(|id| *id != self.0);
        // What it started and left behind goes, too.
        end(self.0);
    }
}

impl CommandExecute for Helpers {
    async fn command_execute(&self, program: &str, arguments: &[&str]) -> Result<CommandOutput> {
        let failed = |e: std::io::Error| {
            Error::unexpected(format!("`{program}` can't be run")).with_source(e)
        };
        let mut command = Command::new(program);
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        in_own_group(&mut command);
        let child = command.spawn().map_err(failed)?;
        let running = child.id().map(Running);
        if let Some(Running(id)) = &running {
            RUNNING.lock().expect("no holder panics").push(*id);
        }
        let output = tokio::time::timeout(WAIT, output(child)).await;
        drop(running);
        let output = output.map_err(|_| {
            let seconds = WAIT.as_secs();
            Error::unexpected(format!("`{program}` took over {seconds} s, and was ended"))
        })?;
        let output = output.map_err(failed)?;
        Ok(CommandOutput {
            status: output.status.code().unwrap_or(-1),
            stdout: output.stdout,
            stderr: output.stderr,
        })
    }
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
        pipe.take(PRINTED_BYTES_MAX)
            .read_to_end(&mut printed)
            .await?;
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
    let killed = match is_at_terminal() {
        true => kill_process(pid, Signal::KILL),
        false => kill_process_group(pid, Signal::KILL),
    };
    // Who is gone needn't be ended.
    drop(killed);
}

#[cfg(not(unix))]
fn in_own_group(_command: &mut Command) {}

/// Dropped, its child is ended by tokio.
#[cfg(not(unix))]
fn end(_id: u32) {}
