//! A person at a terminal, who says yes or no.

use std::process::{Command, Stdio};

use super::Run;

/// Runs a line of a shell on a terminal of its own, in the folder and environment of `like`, and
/// says yes to what it asks.
pub fn says_yes_to(line: &str, like: &Command) -> Run {
    says("y", line, like)
}

/// The same with another answer.
pub fn says(answer: &str, line: &str, like: &Command) -> Run {
    let mut script = Command::new("script");
    script
        .args(["-qefc", line, "/dev/null"])
        .current_dir(like.get_current_dir().expect("it has one"))
        .env_clear()
        .envs(
            like.get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .env("SHELL", "/bin/sh")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = script
        .spawn()
        .expect("script runs: Debian's package bsdutils");
    let mut stdin = child.stdin.take().expect("it's piped");
    // A command that asks nothing may have ended by now.
    let _ = std::io::Write::write_all(&mut stdin, format!("{answer}\n").as_bytes());
    let output = child.wait_with_output().expect("it ends");
    drop(stdin);
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).replace('\r', "");
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// The line that a shell runs as `command`.
pub fn line_of(command: &Command) -> String {
    let quoted = |word: &std::ffi::OsStr| {
        let word = word.to_str().expect("UTF-8");
        format!("'{}'", word.replace('\'', r"'\''"))
    };
    let words = [command.get_program()]
        .into_iter()
        .chain(command.get_args());
    words.map(quoted).collect::<Vec<_>>().join(" ")
}
