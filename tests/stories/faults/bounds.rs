//! What never ends, or is larger than it can be: it's told of in time, in little memory.

use std::time::{Duration, Instant};

use super::process::Running;
use super::*;
use crate::support::gcs::Server;
use crate::support::proxy::Fault::{Answer, AnswerBy, Before, Close, Drip, Endless, Hang};
use crate::support::proxy::gate_before;

/// No run may need so much more than an undisturbed one, whatever it's answered. That has 45 MiB
/// without optimisation.
const MORE_KIB_MAX: u64 = 20 << 10;

// ---- listings ----

/// A page of a listing whose token is `next`, with one object unless `key` is empty.
fn page(key: &str, next: &str) -> Reply {
    let object = match key {
        "" => String::new(),
        key => {
            format!("<Contents><Key>{key}</Key><Size>5</Size><ETag>&quot;x&quot;</ETag></Contents>")
        }
    };
    Reply::status(200).body(&format!(
        "<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>true</IsTruncated>\
         <NextContinuationToken>{next}</NextContinuationToken>{object}</ListBucketResult>"
    ))
}

/// The token that a request for a page has.
fn token(path: &str) -> usize {
    let token = path.split("continuation-token=t").nth(1);
    let digits = |rest: &str| rest.split('&').next().and_then(|n| n.parse().ok());
    token.and_then(digits).unwrap_or(0)
}

/// A listing that never ends is an error.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn endless_listing_is_an_error() {
    type Next = fn(&str) -> Reply;
    #[rustfmt::skip]
    let rows: [(_, (Next, _, _)); 4] = [
        ("one token", (|_| page("a.css", "t1"), "keys of an earlier one", 2)),
        ("one token, no objects", (|_| page("", "t1"), "token is repeated", 2)),
        ("new tokens, one object", (|path| page("a.css", &format!("t{}", token(path) + 1)), "keys of an earlier one", 2)),
        ("new tokens, no objects", (|path| page("", &format!("t{}", token(path) + 1)), "are empty", 101)),
    ];
    each(4, rows, |(next, says, pages)| {
        let rule = Rule::new("GET", LIST, AnswerBy(Box::new(next))).skip(1);
        let stage = Stage::new(small(), [rule.always()]);
        let run = stage.push(&[]);
        assert_eq!(run.code, 1, "{run}");
        assert_says(&run, &["The bucket's listing never ends", says, "hint: "]);
        assert_eq!(stage.proxy.matching("GET", LIST).len(), 1 + pages);
    });
}

/// A listing on Google that never ends is an error.
#[test]
fn endless_gcs_listing_is_an_error() {
    let item =
        |name: &str| format!("{{\"name\": \"{name}\", \"size\": \"5\", \"generation\": \"1\"}}");
    let rows = [
        ("one token", (item("a.css"), "keys of an earlier one")),
        ("no objects", (String::new(), "token is repeated")),
    ];
    each(2, rows, |(items, says)| {
        let server = Server::start();
        server.bucket("hunt", &[]);
        let body = format!("{{\"nextPageToken\": \"t1\", \"items\": [{items}]}}");
        let rule = Rule::new("GET", "/o?", Answer(Reply::status(200).body(&body)));
        let proxy = Proxy::before(server.url(), [rule.always()]);
        let site = small();
        let target = ["--to", "gs://hunt", "--endpoint", &proxy.url()];
        let arguments = [
            &["push", "--from", "assets", "--key-file", "hunt.key"],
            &target[..],
        ];
        let token = server.token();
        let token = [("GOOGLE_OAUTH_ACCESS_TOKEN", token.as_ref())];
        let run = site.run_with(&token, &arguments.concat());
        assert_eq!(run.code, 1, "{run}");
        assert_says(&run, &["The bucket's listing never ends", says]);
    });
}

/// A signal while a release is verified ends the push at once.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn signal_during_verification_ends_at_once() {
    let (fault, gate) = gate_before();
    // Before the listing that verifies, there are two for the plan, and a stranger's.
    let stage = Stage::new(small(), [Rule::new("GET", LIST, fault).skip(3)]);
    let mut push = Running::start(&mut stage.command(&[]));
    gate.wait();
    push.stop("INT");
    // The gate stays closed: nobody waits for the reply.
    let run = push.end();
    assert_eq!(run.code, 130, "{run}");
    assert_eq!(stage.proxy.matching("PUT", ROOT).len(), 1, "it only began");
    drop(gate);
    stage.assert_next_push_completes();
}

// ---- answers ----

/// Runs `command`, and tells how much memory it had at most, in KiB.
fn peak_of(command: &mut Command) -> (Run, u64) {
    let push = Running::start(command);
    let status = format!("/proc/{}/status", push.id());
    let watch = thread::spawn(move || {
        let mut peak_kib = 0;
        while let Ok(text) = fs::read_to_string(&status) {
            let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let Some(kib) = peak.and_then(|line| line.split_whitespace().next()) else {
                break;
            };
            peak_kib = kib.parse::<u64>().expect("a number");
            thread::sleep(Duration::from_millis(2));
        }
        peak_kib
    });
    let run = push.end();
    (run, watch.join().expect("it watches"))
}

/// An answer without end is cut and takes little memory.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn endless_answer_is_cut() {
    let listing = "<Contents><Key>0123456789</Key></Contents>";
    let error = "<Error><Code>AccessDenied</Code><Message>No.</Message>";
    #[rustfmt::skip]
    let rows: [(_, (_, _, _, _, &[&str])); 7] = [
        ("root", ("GET", ROOT, 200, "{\"format\": ", &["Cannot read the root", "cut after 2 MiB"])),
        ("listing", ("GET", LIST, 200, listing, &["Cannot list", "cut after 6 MiB"])),
        ("write", ("PUT", ".css", 200, "x", &[])),
        ("manifest", ("PUT", "manifests/", 200, "x", &[])),
        ("manifest, read back", ("GET", "manifests/", 200, "not gzip", &["Cannot read `manifests/", "cut after 64 KiB"])),
        ("refusal to list", ("GET", LIST, 403, error, &["Cannot list", "403", "cut after 64 KiB"])),
        ("refusal to write", ("PUT", ".css", 403, "no ", &["Cannot upload", "cut after 64 KiB"])),
    ];
    let (run, undisturbed_kib) = peak_of(&mut Stage::new(small(), []).command(&[]));
    assert_eq!(run.code, 0, "{run}");
    each(3, rows, |(method, part, status, bytes, says)| {
        let stage = Stage::new(
            small(),
            [Rule::new(method, part, Endless(status, bytes)).always()],
        );
        let (run, peak_kib) = peak_of(&mut stage.command(&["--retry-seconds", "5"]));
        assert_eq!(run.code, if says.is_empty() { 5 } else { 1 }, "{run}");
        assert_says(&run, says);
        let most_kib = undisturbed_kib + MORE_KIB_MAX;
        assert!(
            (1..most_kib).contains(&peak_kib),
            "{peak_kib} of {most_kib} KiB"
        );
        stage.assert_nothing_is_half_written();
        stage.assert_next_push_completes();
    });
}

/// An answer that drips is given up.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn dripping_answer_is_given_up() {
    let pause = Duration::from_millis(200);
    let rows = [
        ("listing", ("GET", LIST, 200)),
        ("root", ("GET", ROOT, 200)),
        ("error", ("GET", LIST, 403)),
    ];
    each(3, rows, |(method, part, status)| {
        let stage = Stage::new(
            small(),
            [Rule::new(method, part, Drip(status, pause)).always()],
        );
        let began = Instant::now();
        let run = stage.push(&["--retry-seconds", "1"]);
        assert!(began.elapsed() < Duration::from_secs(20));
        assert_eq!(run.code, 1, "{run}");
        assert_says(&run, &["the response is too slow"]);
        stage.assert_next_push_completes();
    });
}

// ---- a server that is gone ----

/// All phases of a run together wait little longer than one for an unresponsive server.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn all_phases_share_one_deadline() {
    const SECONDS: u64 = 4;
    // Each would be tried for as long by itself: uploads, one after the other, and looks at what
    // became of them.
    let rows = [
        ("it hangs", Hang),
        ("it closes", Close),
        ("it is overloaded", Answer(slow_down())),
    ];
    each(3, rows, |fault| {
        let site = (0..12).fold(Site::bare().config(""), |site, number| {
            site.file(&format!("{number}.png"), noise(1000 + number))
        });
        // After the looks before the first upload, and one of these.
        let stage = Stage::new(site, [Rule::new("*", "", fault).skip(7).always()]);
        let began = Instant::now();
        let run = stage.push(&["--retry-seconds", &SECONDS.to_string()]);
        let elapsed = began.elapsed();
        assert!([1, 5].contains(&run.code), "{run}");
        // A quarter more, and a second for each of a few last chances.
        assert!(
            elapsed < Duration::from_secs(SECONDS + 1 + 4 + 3),
            "{elapsed:?}"
        );
        stage.assert_nothing_is_half_written();
        stage.assert_next_push_completes();
    });
}

// ---- files that are swapped ----

/// Puts a FIFO that nobody writes to in a file's place.
fn swap_for_fifo(file: &std::path::Path) {
    fs::remove_file(file).expect("it's there");
    let made = Command::new("mkfifo").arg(file).status();
    assert!(made.expect("mkfifo runs").success());
}

/// A file that is swapped for a FIFO does not hang the push.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn swapped_fifo_does_not_hang() {
    let rows = [
        ("small", ("picture.png", small as fn() -> Site)),
        ("compressed", ("style.css", small as fn() -> Site)),
        ("in parts", ("film.mp4", large as fn() -> Site)),
    ];
    each(3, rows, |(path, site)| {
        let site = Arc::new(site());
        let file = site.asset(path);
        // Everything was read by then, and nothing was sent.
        let swap = Before(Box::new(move || swap_for_fifo(&file)));
        let stage = Stage::new(Arc::clone(&site), [Rule::new("GET", "policy", swap)]);
        let run = stage.push(&[]);
        stage.proxy.assert_all_happened();
        assert_eq!(run.code, 1, "{run}");
        assert_says(&run, &[path, "is a FIFO, socket or device, not a file"]);
        assert_eq!(stage.unfinished_uploads(), 0);
    });
}

// ---- a storage without conditions ----

/// A storage that ignores conditions gets no release, and another is asked only once.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn ignored_conditions_prevent_a_release() {
    // In a versioned bucket, radosgw 16 writes over what `If-None-Match` protects.
    let versioning = |status: &str| {
        let xml = format!(
            "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Status>{status}</Status></VersioningConfiguration>"
        );
        xml.into_bytes()
    };
    let stage = Stage::new(small(), []);
    let set = |status| {
        let put = stage
            .bucket
            .signed("PUT", "/?versioning=", &versioning(status));
        assert_eq!(put.status, 200, "{}", put.text());
    };
    set("Enabled");
    let run = stage.push(&[]);
    assert_eq!(run.code, 3, "{run}");
    assert_says(
        &run,
        &["No release was made", "If-None-Match", "suspend versioning"],
    );
    let sent = stage.proxy.matching("PUT", "");
    assert_eq!(sent.len(), 2, "nothing but the try: {sent:#?}");

    set("Suspended");
    let proofs = || {
        let tries = stage.proxy.matching("PUT", "conditions.json");
        tries.iter().filter(|put| put.server == Some(412)).count()
    };
    for text in ["one", "another", "a third"] {
        stage.site.write("page.html", text);
        let run = stage.push(&[]);
        assert_eq!(run.code, 0, "{run}");
        assert_eq!(proofs(), 1, "it's remembered");
    }
}
