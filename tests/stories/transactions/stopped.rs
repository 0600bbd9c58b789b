//! A deployer who is stopped right before the commit, while somebody else commits: whoever comes
//! too late loses.

use std::process::{Child, Command, Stdio};

use super::history::{PREFIX, Snapshot};
use super::killed::{Shelf, configure, send};
use super::place::{Kind, Server};
use super::scenarios::{after, before, deployer, unlike, with_timeouts};
use crate::support::library::{block_on, built};
use crate::support::proxy::{Fault, Gate, Proxy, Rule, gate_after, gate_before};

/// Where a deployer is stopped: whose request, which of them, and what holds it.
struct Stop {
    method: &'static str,
    part: &'static str,
    skip: usize,
    held: (Fault, Gate),
}

fn ended(child: Child) -> (Option<i32>, String) {
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), said)
}

fn lose(stop: Stop) {
    let (old, new) = (before(), after());
    new.write("index.html", "<h1>Too late</h1>");
    let server = Server::start(Kind::S3, &Snapshot::new());
    let ann = block_on(deployer("ann", &server, with_timeouts()));
    block_on(ann.push(&built(&old))).expect("published");

    let Stop {
        method,
        part,
        skip,
        held: (fault, gate),
    } = stop;
    let proxy = Proxy::before(&server.url(), [Rule::new(method, part, fault).skip(skip)]);
    let shelf = Shelf::Strict(&server);
    let config = configure(&new, "stopped.toml", &shelf, &proxy.url());
    let mut command: Command = shelf.command(&new, &["push", "--config", &config]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = child.spawn().expect("the program runs");
    gate.wait();
    send("STOP", child.id());

    old.write("index.html", "<h1>In time</h1>");
    old.write("app.css", "p { color: gold }");
    let theirs = built(&old);
    let release = block_on(ann.push(&theirs)).expect("published").release;
    let root = block_on(ann.root());

    gate.open();
    send("CONT", child.id());
    let (code, said) = ended(child);
    assert_eq!(code, Some(4), "{said}");
    assert_eq!(root.current, release);
    assert_eq!(block_on(ann.root()), root, "nothing was changed since");
    let there = server.snapshot();
    assert_eq!(
        there[&format!("{PREFIX}index.html")].bytes,
        b"<h1>In time</h1>"
    );
    assert!(
        !there.contains_key(&format!("{PREFIX}news.html")),
        "a plain name of who lost"
    );
    assert_eq!(unlike(&theirs, &there), [""; 0]);
    let history = server.history();
    assert!(history.wrong.is_empty(), "{:?}", history.wrong);
}

/// A push that is stopped after its release was written loses.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn stop_after_writing_release_loses() {
    lose(Stop {
        method: "PUT",
        part: "/releases/",
        skip: 0,
        held: gate_after(),
    });
}

/// A push that is stopped after the root was read for the swap loses.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn stop_after_reading_root_loses() {
    // Once it's read to begin with.
    lose(Stop {
        method: "GET",
        part: "root.json",
        skip: 1,
        held: gate_after(),
    });
}

/// A push whose swap is on its way while it is stopped loses.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn stop_during_the_swap_loses() {
    lose(Stop {
        method: "PUT",
        part: "root.json",
        skip: 0,
        held: gate_before(),
    });
}
