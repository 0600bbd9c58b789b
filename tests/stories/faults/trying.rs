//! What is shown while a request is tried again.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::*;
use crate::support::proxy::Fault::{Answer, Close};

/// An address that refuses connections.
fn closed_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a port");
    format!("http://{}", listener.local_addr().expect("bound"))
}

/// A push to where nobody listens.
fn unheard(site: &Site, more: &[&str]) -> Command {
    let endpoint = closed_port();
    let arguments = [
        &[
            "push",
            "--from",
            "assets",
            "--to",
            "s3://bucket",
            "--key-file",
            "hunt.key",
        ],
        &["--region", "us-east-1", "--endpoint", endpoint.as_str()][..],
        more,
    ];
    let mut command = site.command(&arguments.concat());
    command
        .env("AWS_ACCESS_KEY_ID", "key")
        .env("AWS_SECRET_ACCESS_KEY", "secret of the key");
    command
}

/// A refused connection and its retries are logged at once.
#[test]
fn refused_connection_is_logged_at_once() {
    let site = small();
    let mut push = unheard(&site, &["--retry-seconds", "8"]);
    let began = Instant::now();
    let mut push = push
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut stderr = push.stderr.take().expect("piped");
    let (mut told, mut byte) = (String::new(), [0]);
    while !told.contains("connection refused, trying again (") {
        assert_eq!(stderr.read(&mut byte).expect("readable"), 1, "{told}");
        told.push(byte[0] as char);
    }
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "at once: {:?}",
        began.elapsed()
    );
    stderr.read_to_string(&mut told).expect("text");
    assert_eq!(push.wait().expect("it ends").code(), Some(1), "{told}");
    let lines = told.matches("connection refused, trying again (").count();
    assert!((2..=3).contains(&lines), "now and then: {told}");
    assert!(told.contains("what visitors see is unchanged"), "{told}");
}

#[test]
fn a_terminal_says_it_too() {
    let site = small();
    let push = unheard(&site, &["--retry-seconds", "3"]);
    let words = [push.get_program()].into_iter().chain(push.get_args());
    let words: Vec<String> = words
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    // `script` gives it a terminal.
    let mut script = Command::new("script");
    script.args(["-qec", &words.join(" "), "/dev/null"]);
    script
        .env_clear()
        .env("TERM", "xterm")
        .current_dir(site.path(""));
    let environment = push.get_envs();
    script.envs(environment.filter_map(|(name, value)| Some((name, value?))));
    let run = Run::of(script.stdin(std::process::Stdio::null()), &site.path(""));
    assert!(
        run.stdout.contains("connection refused, trying again ("),
        "{run}"
    );
}

/// A lost connection or a busy storage is logged, and the push ends well.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn retries_are_logged_and_succeed() {
    let busy = Reply::error(503, "SlowDown", "Please reduce your request rate");
    for (fault, told) in [(Close, ", trying again ("), (Answer(busy), "503")] {
        let stage = Stage::new(
            Site::new().file("a.png", "a"),
            [Rule::new("PUT", ".png", fault).times(2)],
        );
        let run = stage.run(&mut stage.program(&["push"]));
        assert_eq!(run.code, 0, "{run}");
        let line = run
            .stderr
            .lines()
            .find(|line| line.contains(", trying again ("));
        assert!(line.is_some_and(|line| line.contains(told)), "{run}");
    }
    let site = Site::new().file("a.png", "a");
    let quiet = Run::of(
        &mut unheard(&site, &["-q", "--retry-seconds", "1"]),
        &site.path(""),
    );
    assert!(!quiet.stderr.contains("trying again"), "{quiet}");
}
