//! A push that its user stops, or that is killed.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStderr, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::disk::under;
use super::network::TO_BEGIN;
use super::*;
use crate::support::proxy::{Fault, gate_after, gate_before};

/// A push that runs while the story goes on.
pub(super) struct Running {
    child: Child,
    stderr: BufReader<ChildStderr>,
    said: String,
}

impl Running {
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn start(command: &mut Command) -> Running {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let stderr = BufReader::new(child.stderr.take().expect("piped"));
        Running {
            child,
            stderr,
            said: String::new(),
        }
    }

    pub(super) fn send(&self, signal: &str) {
        send(signal, self.child.id());
    }

    /// Sends a signal, and returns when the program says that it heard it.
    pub(super) fn stop(&mut self, signal: &str) {
        self.send(signal);
        while !self.said.contains("stopping") {
            let n = self.stderr.read_line(&mut self.said).expect("readable");
            assert!(n > 0, "{signal} didn't stop it in order: {}", self.said);
        }
    }

    /// Waits for the end; the code is a signal's number, negated, if one ended it.
    pub(super) fn end(mut self) -> Run {
        self.stderr.read_to_string(&mut self.said).expect("UTF-8");
        let output = self.child.wait_with_output().expect("it ends");
        let killed_by = || -output.status.signal().expect("a code or a signal");
        let run = Run {
            code: output.status.code().unwrap_or_else(killed_by),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: self.said,
        };
        assert_no_secret(&run);
        run
    }
}

fn send(signal: &str, process: u32) {
    let kill = Command::new("kill")
        .args(["-s", signal, &process.to_string()])
        .status();
    assert!(kill.expect("kill runs").success());
}

/// A signal lets requests in flight finish and begins nothing new.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn signal_finishes_requests_in_flight() {
    let rows = [
        ("SIGINT, not done yet", ("INT", gate_before())),
        ("SIGINT, done already", ("INT", gate_after())),
        ("SIGTERM, not done yet", ("TERM", gate_before())),
        ("SIGTERM, done already", ("TERM", gate_after())),
        ("SIGHUP, not done yet", ("HUP", gate_before())),
    ];
    each(4, rows, |(signal, (fault, gate))| {
        let stage = Stage::new(small(), [Rule::new("PUT", ".html", fault)]);
        let mut push = Running::start(&mut stage.command(&[]));
        gate.wait();
        push.stop(signal);
        gate.open();
        let run = push.end();
        assert_eq!(run.code, 130, "{run}");
        let report = report(&run);
        assert_counts(&report, SMALL);
        assert_eq!(report["interrupted"], true, "{run}");
        assert_eq!(report["uploaded"]["objects"], 1, "{run}");
        assert_eq!(report["not_begun"], SMALL - 1, "{run}");
        assert_eq!(stage.proxy.matching("PUT", "").len(), TO_BEGIN + 1);
        assert_eq!(stage.bucket.keys(), [stage.key_of("page.html")]);
        stage.assert_next_push_completes();
    });
}

/// A signal during the listing ends the push before it writes.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn signal_during_listing_writes_nothing() {
    let (fault, gate) = gate_before();
    // The first listing is of releases, the second of what is in the bucket.
    let stage = Stage::new(small(), [Rule::new("GET", LIST, fault).skip(1)]);
    let mut push = Running::start(&mut stage.command(&[]));
    gate.wait();
    push.stop("INT");
    // The gate stays closed: nobody waits for the reply.
    let run = push.end();
    assert_eq!(run.code, 130, "{run}");
    assert_eq!(run.stdout, "", "no report");
    assert_eq!(stage.proxy.matching("GET", LIST).len(), 2, "no second try");
    assert_eq!(stage.proxy.matching("PUT", "").len(), 0);
    drop(gate);
    stage.assert_next_push_completes();
}

/// A signal during the commit comes before it, or is told that it is done.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn signal_during_commit_reports_the_outcome() {
    const MANIFEST: &str = "manifests/";
    let rows = [
        (
            "manifest, not done yet",
            (MANIFEST, 0, gate_before(), false),
        ),
        ("manifest, done already", (MANIFEST, 0, gate_after(), false)),
        // The push began with one, and radosgw wants another form of its ETag than it gives.
        ("root, not done yet", (ROOT, 2, gate_before(), true)),
        ("root, done already", (ROOT, 2, gate_after(), true)),
    ];
    each(
        4,
        rows,
        |(document, skipped, (fault, gate), is_released)| {
            let rule = Rule::new("PUT", document, fault).skip(skipped);
            let stage = Stage::new(small(), [rule]);
            let mut push = Running::start(&mut stage.command(&[]));
            gate.wait();
            push.stop("INT");
            gate.open();
            let run = push.end();
            if is_released {
                assert_eq!(run.code, 0, "{run}");
                let report = report(&run);
                assert_counts(&report, SMALL);
                assert_eq!(report["is_new_release"], true, "{run}");
                assert_eq!(report["interrupted"], false, "nothing is left: {run}");
            } else {
                assert_eq!(run.code, 130, "{run}");
                assert_eq!(run.stdout, "", "no report");
            }
            let releases = stage.run(&mut stage.program(&["releases"]));
            assert_eq!(releases.code, 0, "{releases}");
            let told = releases.stdout.contains("nothing published");
            assert_eq!(told, !is_released, "{releases}");
            stage.assert_next_push_completes();
        },
    );
}

/// A signal between parts gives the upload up.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn signal_between_parts_aborts_the_upload() {
    // More parts than are sent at a time.
    let site = small().file("film.mp4", noise(49 * MIB));
    let (fault, gate) = gate_after();
    let stage = Stage::new(site, [Rule::new("PUT", "partNumber=1&", fault)]);
    let mut push = Running::start(&mut stage.command(&[]));
    gate.wait();
    push.stop("TERM");
    gate.open();
    let run = push.end();
    assert_eq!(run.code, 130, "{run}");
    let report = report(&run);
    assert_counts(&report, SMALL + 1);
    assert_eq!(report["not_begun"], SMALL + 1, "{run}");
    assert_eq!(stage.bucket.keys(), [""; 0]);
    assert_eq!(stage.unfinished_uploads(), 0);
    stage.assert_next_push_completes();
}

/// A second signal ends the push at once.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn second_signal_ends_at_once() {
    let (fault, gate) = gate_before();
    let stage = Stage::new(small(), [Rule::new("PUT", "", fault)]);
    let mut push = Running::start(&mut stage.command(&[]));
    gate.wait();
    push.stop("INT");
    push.send("TERM");
    // The gate stays closed: nobody waits for the reply.
    let run = push.end();
    assert_eq!(run.code, 130, "{run}");
    assert_eq!(run.stdout, "", "no report");
    assert_eq!(stage.proxy.matching("PUT", "").len(), 1, "no second try");
    drop(gate);
    stage.assert_next_push_completes();
}

/// When to kill: at request `number`.
struct Kill {
    number: usize,
    when: When,
}

#[derive(Debug)]
enum When {
    BeforeTheServerGetsIt,
    AfterTheServerAnswered,
}

/// A push killed at any request writes nothing by halves, and the next one completes.
#[test]
#[ignore = "takes a minute or two: tests/run --test stories -- --ignored"]
fn killed_push_leaves_nothing_half_written() {
    let site = Arc::new(large());
    let undisturbed = Stage::new(Arc::clone(&site), []);
    let run = undisturbed.push(&[]);
    assert_eq!(run.code, 0, "{run}");
    let requests = undisturbed.proxy.requests().len();
    assert_eq!(
        requests, 26,
        "three looks, a stranger's, two for the bucket's rules, four to begin, three files, a film in two parts, a look at its ETag, and eight for the release"
    );
    let rows = (0..requests).flat_map(|number| {
        [When::BeforeTheServerGetsIt, When::AfterTheServerAnswered]
            .map(|when| (format!("{number}, {when:?}"), Kill { number, when }))
    });
    each(4, rows, |Kill { number, when }| {
        let victim = Arc::new(OnceLock::new());
        let known = Arc::clone(&victim);
        let kill = Box::new(move || send("KILL", *known.wait()));
        let fault = match when {
            When::BeforeTheServerGetsIt => Fault::DoThenClose(kill),
            When::AfterTheServerAnswered => Fault::After(kill),
        };
        let rule = Rule::new("*", "", fault).skip(number);
        let stage = Stage::new(Arc::clone(&site), [rule]);
        let push = Running::start(&mut stage.command(&[]));
        victim.get_or_init(|| push.child.id());
        let run = push.end();
        assert_eq!(run.code, -9, "{run}");
        stage.assert_nothing_is_half_written();
        assert!(stage.unfinished_uploads() <= 1, "only orphans remain");
        stage.assert_next_push_completes();
    });
}

/// A push that is started with SIGHUP ignored goes on after one.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn ignored_hangup_stays_ignored() {
    let (fault, gate) = gate_before();
    let stage = Stage::new(small(), [Rule::new("PUT", "", fault)]);
    let ignoring = r#"trap '' HUP; exec "$0" "$@""#;
    let mut command = under(&["sh", "-c", ignoring], &stage.command(&[]));
    let push = Running::start(&mut command);
    gate.wait();
    push.send("HUP");
    gate.open();
    let run = push.end();
    assert_eq!(run.code, 0, "{run}");
    stage.assert_published();
}

/// A push that is ended after the switch says what finishes its plain names.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn interrupted_plain_names_advise_resolve() {
    let config = "[[rule]]\nmatch = \"*.html\"\nnames = \"plain\"\n";
    // Once, what is in flight is finished, and one name is left; twice, nothing is.
    for signals in [1, 2] {
        let site = Site::new()
            .config(config)
            .file("a.html", "the first")
            .file("b.html", "the first");
        let (fault, gate) = gate_before();
        let stage = Stage::new(site, [Rule::new("PUT", "a.html", fault)]);
        stage.bucket.push(&stage.site, &stage.bucket.url());
        stage.site.write("a.html", "the second");
        stage.site.write("b.html", "the second");
        let mut push = Running::start(&mut stage.program(&["push", "--requests", "1"]));
        gate.wait();
        push.stop("INT");
        let gate = match signals {
            1 => {
                gate.open();
                None
            }
            _ => {
                push.send("INT");
                Some(gate)
            }
        };
        let run = push.end();
        assert_eq!(run.code, 130, "{run}");
        let resolve = format!("`assetsync resolve --to {}", stage.bucket.url());
        assert_says(
            &run,
            &["some of its plain names aren't written yet", &resolve],
        );
        drop(gate);
        let page = || stage.bucket.anonymous("/b.html").text();
        assert_eq!(page(), "the first");
        let mut advice = run.stderr.split('`');
        let advice = advice.find(|part| part.starts_with("assetsync resolve"));
        let words = advice.expect("a command").split(' ').skip(1);
        let words: Vec<&str> = words.map(|word| word.trim_matches('\'')).collect();
        let key = ["--key-file", "hunt.key"];
        let resolved = stage.bucket.run(&stage.site, &[&words[..], &key].concat());
        assert_eq!(resolved.code, 0, "{resolved}");
        assert_eq!(page(), "the second");
    }
}

/// A program that is asked for credentials ends with the push, and so do its children.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn credential_process_ends_with_the_push() {
    // Both write down who they are; neither ends by itself.
    let hangs = "sleep 300 & echo $$ $! > ids; wait";
    let floods = "sleep 300 & echo $$ $! > ids; cat /dev/zero";
    let rows = [
        ("SIGTERM", (hangs, Some("TERM"))),
        ("too much", (floods, None)),
    ];
    each(2, rows, |(script, signal)| {
        let stage = Stage::new(small(), []);
        let (script_file, ids) = (stage.site.path("sign-in"), stage.site.path("ids"));
        fs::write(&script_file, script).expect("written");
        let config = format!(
            "[default]\ncredential_process = sh {}\n",
            script_file.display()
        );
        let file = stage.site.path("aws-config");
        fs::write(&file, config).expect("written");
        let mut command = stage.command(&[]);
        command
            .env_remove("AWS_ACCESS_KEY_ID")
            .env_remove("AWS_SECRET_ACCESS_KEY")
            .env("AWS_CONFIG_FILE", &file)
            .stdin(Stdio::null());
        let mut push = Running::start(&mut command);
        let has_begun = || fs::read_to_string(&ids).is_ok_and(|ids| ids.ends_with('\n'));
        wait_until(has_begun);
        if let Some(signal) = signal {
            push.stop(signal);
        }
        let run = push.end();
        assert_eq!(run.code, if signal.is_some() { 130 } else { 1 }, "{run}");
        let ids = fs::read_to_string(&ids).expect("written");
        for id in ids.split_whitespace() {
            wait_until(|| !is_alive(id));
        }
        assert_eq!(stage.proxy.requests().len(), 0);
    });
}

fn wait_until(is_so: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < until, "it never came to be so");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Whether a process is there, and not only what is left of it.
fn is_alive(id: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}
