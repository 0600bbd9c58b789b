//! Tests of helpers that fail, never end, or print without end.

use std::time::Instant;

use super::*;

fn outcome(script: &str) -> Result<CommandOutput> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(run("sh", &["-c", script], Duration::from_secs(1)))
}

/// The output of a helper is returned together with its exit status.
#[test]
fn helper_output_and_status_are_returned() {
    let output = outcome("echo out; echo err >&2; exit 3").expect("it runs");
    assert_eq!(output.status, 3);
    assert_eq!(
        (&output.stdout[..], &output.stderr[..]),
        (&b"out\n"[..], &b"err\n"[..])
    );
}

/// A helper that runs too long or prints too much is stopped.
#[test]
fn endless_helper_is_stopped() {
    let began = Instant::now();
    let error = outcome("exec sleep 300").expect_err("too long");
    assert!(error.to_string().contains("ran for over 1 s"), "{error}");
    let error = outcome("exec cat /dev/zero").expect_err("too much");
    assert!(
        error.to_string().contains("output exceeds 64 KiB"),
        "{error}"
    );
    assert!(began.elapsed() < Duration::from_secs(20));
}
