//! A network that loses things, and a storage that refuses.

use std::fs;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use super::*;
use crate::support::proxy::Fault::*;

const ROWS_AT_A_TIME: usize = 12;

/// What a first push puts before its files: the proof that conditions are minded, and its root.
pub(super) const TO_BEGIN: usize = 3;

/// What a first push asks for besides its files. Before them: the root, whether there are releases
/// of another key, and what is in the bucket; then, as a stranger, whether the bucket can be
/// listed, and whom its ACL and its policy let in; then a document, the same once more, which has
/// to be refused, the root, and its beginning. After them: a listing to verify them, the manifest,
/// written and read back, the release, the root, and its swap, which radosgw takes at the second
/// time, after a look.
const AROUND_FILES: usize = 3 + 3 + 4 + 8;

// ---- what a push gets over ----

/// A fault that costs some requests `more` than an undisturbed push.
struct Bump {
    site: fn() -> Site,
    rules: Vec<Rule>,
    more: usize,
    retry_seconds: &'static str,
}

fn bump(site: fn() -> Site, rules: impl Into<Vec<Rule>>, more: usize) -> Bump {
    Bump {
        site,
        rules: rules.into(),
        more,
        retry_seconds: "60",
    }
}

/// For faults that take as long as the program waits: a connection that stands still for a third of
/// this time is dropped.
fn impatient(bump: Bump) -> Bump {
    Bump {
        retry_seconds: "9",
        ..bump
    }
}

fn get_over(bump: Bump) {
    let stage = Stage::new((bump.site)(), bump.rules);
    let run = stage.push(&["--retry-seconds", bump.retry_seconds]);
    assert_eq!(run.code, 0, "{run}");
    stage.proxy.assert_all_happened();
    let files = stage.manifest().len() as u64;
    let report = report(&run);
    assert_counts(&report, files);
    stage.assert_published();
    assert_eq!(stage.unfinished_uploads(), uploads_lost(&stage.proxy));
    assert_created_once(&stage.proxy);
    let requests = stage.proxy.requests();
    assert_eq!(report["requests"], requests.len(), "as the program counts");
    // Two parts have a begin and an end, whose reply doesn't tell the ETag, so that a look is
    // needed.
    let more_for_parts = if files > SMALL { 4 } else { 0 };
    let undisturbed = AROUND_FILES + files as usize + more_for_parts;
    assert_eq!(requests.len(), undisturbed + bump.more, "{requests:#?}");
}

/// Uploads whose id was lost with the reply: they can't be given up.
fn uploads_lost(proxy: &Proxy) -> usize {
    let begun = proxy.matching("POST", "?uploads");
    begun
        .iter()
        .filter(|begun| begun.server.is_some() && begun.client.is_none())
        .count()
}

/// No object was stored twice, whatever was lost.
fn assert_created_once(proxy: &Proxy) {
    let mut stored: Vec<String> = proxy
        .matching("PUT", "")
        .into_iter()
        .filter(|put| !put.path.contains("partNumber") && put.server == Some(200))
        // It's what changes.
        .filter(|put| !put.path.ends_with(ROOT))
        .map(|put| put.path)
        .collect();
    let all = stored.len();
    stored.sort();
    stored.dedup();
    assert_eq!(stored.len(), all, "{:#?}", proxy.requests());
}

/// A request that fails before the storage has acted is tried again.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn faults_before_acting_are_retried() {
    let timeout = "Your socket connection to the server was not read from or written to within the timeout period.";
    let timeout = Reply::error(400, "RequestTimeout", timeout);
    let list = |fault| bump(small, [Rule::new("GET", LIST, fault)], 1);
    let document = |method, part, fault| bump(small, [Rule::new(method, part, fault)], 1);
    let put = |fault| bump(small, [Rule::new("PUT", ".css", fault)], 1);
    let film = |method, part, fault| bump(large, [Rule::new(method, part, fault)], 1);
    let twice = Rule::new("PUT", ".css", Answer(slow_down())).times(2);
    #[rustfmt::skip]
    let rows = [
        ("list: 503", list(Answer(slow_down()))),
        ("list: 500", list(Answer(internal_error(500)))),
        ("list: close", list(Close)),
        ("list: truncation", list(TruncateReply)),
        ("root: 503", document("GET", ROOT, Answer(slow_down()))),
        ("root: truncation", document("GET", ROOT, TruncateReply)),
        ("manifest: 503", document("PUT", "manifests/", Answer(slow_down()))),
        ("manifest, read back: close", document("GET", "manifests/", Close)),
        ("release: reset", document("PUT", "releases/", Reset)),
        ("swap: 503", document("PUT", ROOT, Answer(slow_down()))),
        ("swap: close", document("PUT", ROOT, Close)),
        ("put: 503", put(Answer(slow_down()))),
        ("put: 503 twice", bump(small, [twice], 2)),
        ("put: 502", put(Answer(Reply::status(502)))),
        ("put: 504", put(Answer(Reply::status(504)))),
        ("put: 500", put(Answer(internal_error(500)))),
        ("put: 429", put(Answer(Reply::status(429)))),
        ("put: 408", put(Answer(Reply::status(408)))),
        ("put: S3's own 408", put(Answer(timeout))),
        ("put: S3's 409", put(Answer(conflict()))),
        ("put: 200 that is a 500", put(Answer(internal_error(200)))),
        ("list: 200 that is a 500", list(Answer(internal_error(200)))),
        ("part: 200 that is a 500", film("PUT", "partNumber=2", Answer(internal_error(200)))),
        ("begin of parts: 200 that is a 503", film("POST", "?uploads", Answer(busy_under(200)))),
        ("put: close", put(Close)),
        ("put: reset", put(Reset)),
        ("begin of parts: 503", film("POST", "?uploads", Answer(slow_down()))),
        ("begin of parts: lost", film("POST", "?uploads", CommitThenClose)),
        ("part: 500", film("PUT", "partNumber=2", Answer(internal_error(500)))),
        ("part: reset", film("PUT", "partNumber=1", Reset)),
        ("part: lost", film("PUT", "partNumber=1", CommitThenClose)),
        ("end of parts: 503", film("POST", "?uploadId", Answer(slow_down()))),
        ("end of parts: 200 that is a 500", film("POST", "?uploadId", Answer(internal_error(200)))),
        ("end of parts: close", film("POST", "?uploadId", Close)),
    ];
    each(ROWS_AT_A_TIME, rows, get_over);
}

/// A write whose reply is lost is found to be done.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn lost_reply_is_found_out() {
    // A second try, which is told that the name is taken, and a look.
    let put = |fault| bump(small, [Rule::new("PUT", ".css", fault)], 2);
    let document = |part, fault| bump(small, [Rule::new("PUT", part, fault)], 2);
    // radosgw says the same twice, as Amazon does for a while.
    let end = |fault| bump(large, [Rule::new("POST", "?uploadId", fault)], 1);
    // Others don't: a second try, which is told so, and giving the upload up. A look is needed
    // anyway.
    let end_once = |reply| {
        let first = Rule::new("POST", "?uploadId", CommitThenClose);
        let second = Rule::new("POST", "?uploadId", Answer(reply));
        bump(large, [first, second], 2)
    };
    let no_upload = Reply::error(404, "NoSuchUpload", "The specified upload does not exist.");
    let exists = Reply::error(
        412,
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
    );
    let look_again = [
        Rule::new("PUT", ".css", CommitThenClose),
        Rule::new("HEAD", ".css", Answer(Reply::status(503))),
    ];
    #[rustfmt::skip]
    let rows = [
        ("manifest: close", document("manifests/", CommitThenClose)),
        ("release: 500", document("releases/", CommitThenAnswer(internal_error(500)))),
        ("swap: close", document(ROOT, CommitThenClose)),
        ("swap: 500", document(ROOT, CommitThenAnswer(internal_error(500)))),
        ("swap: hang", impatient(document(ROOT, CommitThenHang))),
        ("put: close", put(CommitThenClose)),
        ("put: truncation", put(TruncateReply)),
        ("put: 500", put(CommitThenAnswer(internal_error(500)))),
        ("put: hang", impatient(put(CommitThenHang))),
        ("put: close, and the look fails once", bump(small, look_again, 3)),
        ("end of parts: close", end(CommitThenClose)),
        ("end of parts: truncation", end(TruncateReply)),
        ("end of parts: 500", end(CommitThenAnswer(internal_error(500)))),
        ("end of parts: 200 that is a 500", end(CommitThenAnswer(internal_error(200)))),
        ("end of parts: hang", impatient(end(CommitThenHang))),
        ("end of parts: close, then no such upload", end_once(no_upload)),
        ("end of parts: close, then exists", end_once(exists)),
    ];
    each(ROWS_AT_A_TIME, rows, get_over);
}

/// A file that was sent counts as uploaded even if its reply was lost.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn upload_with_lost_reply_is_counted() {
    let stage = Stage::new(small(), [Rule::new("PUT", ".css", CommitThenClose)]);
    let run = stage.push(&[]);
    let report = report(&run);
    assert_eq!(report["uploaded"]["objects"], SMALL, "{run}");
    assert_eq!(report["kept"]["objects"], 0, "{run}");
    let keys = stage.bucket.keys();
    let stored = keys
        .iter()
        .map(|key| stage.bucket.anonymous(&format!("/{key}")).body.len());
    assert_eq!(report["sent_bytes"], stored.sum::<usize>(), "{run}");
}

/// A slow reply that makes progress is waited for.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn slow_reply_is_waited_for() {
    let slowly = TrickleReply(9, Duration::from_millis(500));
    let list = bump(small, [Rule::new("GET", LIST, slowly)], 0);
    get_over(impatient(list));
}

/// `Retry-After` is respected in seconds and as a date.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn retry_after_is_respected() {
    // Much longer than the first wait of the program's own.
    const WAIT: Duration = Duration::from_secs(3);
    let in_seconds: fn() -> String = || WAIT.as_secs().to_string();
    let as_date: fn() -> String = || httpdate::fmt_http_date(SystemTime::now() + WAIT);
    // A date has whole seconds: the rest is cut off.
    let rows = [
        ("seconds", (in_seconds, WAIT)),
        ("date", (as_date, WAIT - Duration::from_secs(1))),
    ];
    each(ROWS_AT_A_TIME, rows, |(retry_after, wait)| {
        let told = Instant::now();
        let reply = slow_down().header("retry-after", &retry_after());
        let stage = Stage::new(small(), [Rule::new("PUT", ".css", Answer(reply))]);
        let run = stage.push(&[]);
        assert_eq!(run.code, 0, "{run}");
        let tries = stage.proxy.matching("PUT", ".css");
        assert_eq!(tries.len(), 2);
        let waited = tries[1].at - told;
        assert!(waited >= wait, "{waited:?}");
        stage.assert_published();
    });
}

/// Credentials that expire are renewed, and the push goes on.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn expired_credentials_are_renewed() {
    let rows = [
        ("401", Reply::status(401)),
        ("400", expired(400)),
        ("403", expired(403)),
    ];
    each(ROWS_AT_A_TIME, rows, |reply| {
        let site = small();
        let file = site.path("credentials");
        let write = {
            let file = file.clone();
            move |key: &str, secret: &str| {
                let text = format!(
                    "[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"
                );
                fs::write(&file, text).expect("written");
            }
        };
        write("yesterday", "what was good enough until now");
        // What radosgw gets must be signed with what the file holds after the first refusal.
        let renew = move || {
            write(
                &from_test_command("ASSETSYNC_TEST_ACCESS_KEY"),
                &from_test_command("ASSETSYNC_TEST_SECRET_KEY"),
            )
        };
        let rules = [
            Rule::new("GET", ROOT, DoThenAnswer(Box::new(renew), reply.clone())),
            Rule::new("PUT", ".css", Answer(reply)),
        ];
        let stage = Stage::new(site, rules);
        let mut command = stage.command(&[]);
        command
            .env_remove("AWS_ACCESS_KEY_ID")
            .env_remove("AWS_SECRET_ACCESS_KEY")
            .env("AWS_SHARED_CREDENTIALS_FILE", &file);
        let run = stage.run(&mut command);
        assert_eq!(run.code, 0, "{run}");
        stage.proxy.assert_all_happened();
        let undisturbed = AROUND_FILES + SMALL as usize;
        assert_eq!(stage.proxy.requests().len(), undisturbed + 2);
        stage.assert_published();
    });
}

/// Many concurrent requests get over many faults.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn concurrent_requests_survive_many_faults() {
    let site = (0..60).fold(Site::bare().config(""), |site, number| {
        site.file(&format!("{number}.png"), noise(1000 + number))
    });
    let rules = [
        Rule::new("PUT", ".png", Answer(slow_down())).times(10),
        Rule::new("PUT", ".png", Reset).times(10),
        Rule::new("PUT", ".png", CommitThenClose).times(10),
        Rule::new("HEAD", ".png", Answer(Reply::status(503))).times(3),
        Rule::new("PUT", ".png", CommitThenAnswer(internal_error(500))).times(10),
    ];
    let stage = Stage::new(site, rules);
    let run = stage.run(&mut stage.program(&["push", "--json"]));
    assert_eq!(run.code, 0, "{run}");
    stage.proxy.assert_all_happened();
    assert_counts(&report(&run), 60);
    assert_created_once(&stage.proxy);
    stage.assert_published();
}

// ---- what ends a push ----

/// A refusal to list is explained and not tried again.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn refused_listing_is_not_retried() {
    let redirect = Reply::error(
        301,
        "PermanentRedirect",
        "The bucket you are attempting to access must be addressed using the specified endpoint.",
    )
    .header("x-amz-bucket-region", "eu-west-1");
    let malformed = Reply::error(
        400,
        "AuthorizationHeaderMalformed",
        "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'",
    )
    .with("<Region>eu-west-1</Region>");
    let portal = Reply::status(200).body("<!DOCTYPE html><title>Welcome to our Wi-Fi</title>");
    let elsewhere = Reply::status(307).header("location", "http://localhost:1/a-bucket");
    // Whether there are releases is asked for before. A redirect is followed once.
    #[rustfmt::skip]
    let rows: [(&str, (Reply, _, &[&str])); 7] = [
        ("redirect to a region", (redirect, 3, &["another region", "region = \"eu-west-1\""])),
        ("signed for another region", (malformed, 3, &["another region", "region = \"eu-west-1\""])),
        ("redirect to another server", (elsewhere, 2, &["http://localhost:1", "sends credentials only to the configured server"])),
        ("the clock is off", (skewed(), 2, &["RequestTimeTooSkewed", "clock"])),
        ("may not list", (Reply::error(403, "AccessDenied", "Access Denied"), 2, &["s3:ListBucket is needed"])),
        ("may not, and no words", (Reply::status(403), 2, &["403 Forbidden", "s3:ListBucket is needed"])),
        ("a page for people", (portal, 2, &["check that the endpoint speaks S3"])),
    ];
    each(ROWS_AT_A_TIME, rows, |(reply, requests, says)| {
        let stage = Stage::new(small(), [Rule::new("GET", LIST, Answer(reply)).always()]);
        assert_refused(&stage, &mut stage.command(&[]), CANNOT_LIST, requests, says);
        stage.assert_next_push_completes();
    });
}

/// A refusal by a real server is explained and not tried again.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn real_refusal_is_not_retried() {
    let stranger = [
        ("AWS_ACCESS_KEY_ID", "stranger"),
        ("AWS_SECRET_ACCESS_KEY", "strangersecret"),
    ];
    let wrong = [("AWS_SECRET_ACCESS_KEY", WRONG_SECRET)];
    let unknown = [
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", WRONG_SECRET),
    ];
    let nobodys = "nobody-made-this-one";
    #[rustfmt::skip]
    let rows: [(_, (_, &[_], &[_])); 4] = [
        ("no such bucket", (Some(nobodys), &[], &["NoSuchBucket", "create the bucket `nobody-made-this-one` first"])),
        ("may not read", (None, &stranger, &["AccessDenied", "s3:GetObject and s3:ListBucket are needed"])),
        ("wrong secret", (None, &wrong, &["SignatureDoesNotMatch", "correct the secret access key"])),
        ("unknown key", (None, &unknown, &["InvalidAccessKeyId", "rejects these credentials"])),
    ];
    each(ROWS_AT_A_TIME, rows, |(bucket, environment, says)| {
        let mut stage = Stage::new(small(), []);
        if let Some(name) = bucket {
            stage.bucket.name = name.to_string();
        }
        let mut command = stage.command(&["-v"]);
        command.envs(environment.iter().copied());
        assert_refused(&stage, &mut command, CANNOT_READ, 1, says);
    });
}

/// Credentials that stay expired are renewed once and then explained.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn credentials_are_renewed_only_once() {
    let always = Rule::new("*", "", Answer(expired(400))).always();
    let stage = Stage::new(small(), [always]);
    let mut command = stage.command(&["-v"]);
    command.env("AWS_SESSION_TOKEN", SESSION_TOKEN);
    let says = ["ExpiredToken", "credentials"];
    assert_refused(&stage, &mut command, CANNOT_READ, 2, &says);
}

const CANNOT_READ: &str = "error: Cannot read the root of the releases";
const CANNOT_LIST: &str = "error: Cannot list the bucket";

/// The push ends with a look, having done nothing.
fn assert_refused(
    stage: &Stage,
    command: &mut Command,
    error: &str,
    requests: usize,
    says: &[&str],
) {
    let run = stage.run(command);
    assert_eq!(run.code, 1, "{run}");
    assert_says(&run, &[error, "hint: "]);
    assert_says(&run, says);
    assert_eq!(run.stdout, "", "nothing was done");
    assert_eq!(stage.proxy.requests().len(), requests, "{run}");
}

/// A refusal that every write would meet stops the push.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn refusal_of_all_writes_stops_push() {
    let denied = Reply::error(403, "AccessDenied", "Access Denied");
    let acl = Reply::error(
        400,
        "AccessControlListNotSupported",
        "The bucket does not allow ACLs",
    );
    #[rustfmt::skip]
    let rows = [
        ("may not write", (denied, 1, ["AccessDenied", "s3:PutObject and s3:PutObjectAcl"])),
        ("may not, and no words", (Reply::status(403), 1, ["403 Forbidden", "s3:PutObject"])),
        ("no ACLs", (acl, 1, ["AccessControlListNotSupported", r#"access = \"bucket\""#])),
        ("the clock is off", (skewed(), 1, ["RequestTimeTooSkewed", "clock"])),
        // Renewed once.
        ("expired for good", (expired(400), 2, ["ExpiredToken", "these credentials"])),
    ];
    each(ROWS_AT_A_TIME, rows, |(reply, tries, says)| {
        let stage = Stage::new(
            small(),
            [Rule::new("PUT", "", Answer(reply))
                .skip(TO_BEGIN + 1)
                .always()],
        );
        let run = stage.push(&[]);
        assert_eq!(run.code, 1, "{run}");
        let report = report(&run);
        assert_counts(&report, SMALL);
        assert_eq!(report["uploaded"]["objects"], 1, "{run}");
        assert_eq!(report["failures"][0]["path"], "picture.png", "{run}");
        assert_eq!(report["not_begun"], SMALL - 2, "{run}");
        assert_says(&run, &says);
        assert_eq!(stage.proxy.matching("PUT", "").len(), TO_BEGIN + 1 + tries);
        stage.assert_next_push_completes();
    });
}

/// Of many concurrent requests, a refusal stops those that are not begun.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn refusal_stops_requests_not_begun() {
    let site = (0..50).fold(Site::bare().config(""), |site, number| {
        site.file(&format!("{number}.png"), noise(1000 + number))
    });
    let denied = Reply::error(403, "AccessDenied", "Access Denied");
    let stage = Stage::new(site, [Rule::new("PUT", ".png", Answer(denied)).always()]);
    let run = stage.run(&mut stage.program(&["push", "--json", "--requests", "8"]));
    assert_eq!(run.code, 1, "{run}");
    let report = report(&run);
    assert_counts(&report, 50);
    let tried = stage.proxy.matching("PUT", ".png").len();
    assert!(tried <= 8, "{tried} were tried");
    assert_eq!(report["not_begun"], 50 - tried);
}

/// A release that cannot be made is explained and made by the next push.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn failed_release_is_made_next_time() {
    let denied = || Reply::error(403, "AccessDenied", "Access Denied");
    let wrong = Reply::status(200)
        .header("etag", "\"5d41402abc4b2a76b9719d911017c592-1\"")
        .body("<!DOCTYPE html><title>Welcome to our Wi-Fi</title>");
    #[rustfmt::skip]
    let rows: [(_, (_, _, _, _, &[_])); 5] = [
        ("a page for people", ("GET", ROOT, wrong, 3, &["Cannot use the root of the target's releases: it isn't an assetsync document", "nothing is changed"])),
        ("may not write the manifest", ("PUT", "manifests/", denied(), 1, &["Cannot write `manifests/", "` of the releases: AccessDenied", "s3:PutObject is needed"])),
        ("may not read it back", ("GET", "manifests/", denied(), 1, &["Cannot read `manifests/", "s3:GetObject"])),
        ("may not write the release", ("PUT", "releases/", denied(), 1, &["Cannot write `releases/", "s3:PutObject is needed"])),
        ("may not write the root", ("PUT", ROOT, denied(), 1, &["Cannot write the root of the releases (`root.json`): AccessDenied", "s3:PutObject is needed"])),
    ];
    each(ROWS_AT_A_TIME, rows, |(method, part, reply, code, says)| {
        let rule = Rule::new(method, part, Answer(reply)).always();
        let stage = Stage::new(small(), [rule]);
        let run = stage.push(&[]);
        assert_eq!(run.code, code, "{run}");
        assert_says(&run, says);
        assert_eq!(stage.proxy.matching(method, part).len(), 1, "no second try");
        stage.assert_nothing_is_half_written();
        stage.assert_next_push_completes();
    });
}

/// A rollback whose plain names fail names them, and `resolve` goes on.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn failed_rollback_advises_resolve() {
    let rules = "[[rule]]\nmatch = \"*.html\"\nnames = \"plain\"\n";
    let site = Site::new().config(rules).file("page.html", "the first");
    let denied = Reply::error(403, "AccessDenied", "Access Denied");
    let stage = Stage::new(
        site,
        [Rule::new("PUT", "page.html", Answer(denied)).always()],
    );
    let page = || stage.bucket.anonymous("/page.html").text();
    let url = stage.bucket.url();
    stage.bucket.push(&stage.site, &url);
    stage.site.write("page.html", "the second");
    stage.bucket.push(&stage.site, &url);
    let advice = format!("`assetsync resolve --to {url}");

    let run = stage.run(&mut stage.program(&["rollback"]));
    assert_eq!(run.code, 1, "{run}");
    let failed = "failed page.html: ";
    assert_says(
        &run,
        &[
            failed,
            "AccessDenied",
            "is the current release again",
            "some of its plain names",
            &advice,
        ],
    );
    assert_eq!(page(), "the second");

    let run = stage.run(&mut stage.program(&["resolve"]));
    assert_eq!(run.code, 1, "{run}");
    assert_says(
        &run,
        &[
            failed,
            "AccessDenied",
            "plain names not finished: 0 written, 1 failed",
        ],
    );
    let resolve = stage.bucket.typed(&["resolve"], &url);
    let run = stage.bucket.run(&stage.site, &resolve);
    assert_eq!(run.code, 0, "{run}");
    assert_says(&run, &["plain names finished: 1 written, 0 failed"]);
    assert_eq!(page(), "the first");

    let releases = stage.run(&mut stage.program(&["releases", "--json"]));
    let second = report(&releases)["releases"][0]["id"].clone();
    let again = ["rollback", "--json", second.as_str().expect("an id")];
    let run = stage.run(&mut stage.program(&again));
    assert_eq!(run.code, 1, "{run}");
    let failure = &report(&run)["failures"][0];
    assert_eq!(failure["path"], "page.html", "{run}");
}

/// An object that fails does not stop the others.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn failed_object_does_not_stop_others() {
    let invalid = |status| Answer(Reply::error(status, "InvalidArgument", "Invalid Argument"));
    let unknown = Reply::error(
        501,
        "NotImplemented",
        "A header you provided implies functionality that is not implemented.",
    );
    let page = |fault, says| {
        let rule = Rule::new("PUT", ".html", fault);
        (small as fn() -> Site, rule, "page.html", says)
    };
    let film = |method, part, fault, says| {
        let rule = Rule::new(method, part, fault);
        (large as fn() -> Site, rule, "film.mp4", says)
    };
    let digest = "XAmzContentSHA256Mismatch";
    #[rustfmt::skip]
    let rows = [
        ("put: 400", page(invalid(400), "InvalidArgument")),
        ("put: 501", page(Answer(unknown), "If-None-Match")),
        ("put: 200 that is a 400", page(invalid(200), "InvalidArgument")),
        ("put: a flipped bit", page(Corrupt, digest)),
        ("begin of parts: 400", film("POST", "?uploads", invalid(400), "InvalidArgument")),
        ("part: a flipped bit", film("PUT", "partNumber=2", Corrupt, digest)),
        ("end of parts: 400", film("POST", "?uploadId", invalid(400), "InvalidArgument")),
        ("end of parts: 200 that is a 400", film("POST", "?uploadId", invalid(200), "InvalidArgument")),
    ];
    each(ROWS_AT_A_TIME, rows, |(site, rule, path, says)| {
        let stage = Stage::new(site(), [rule]);
        let run = stage.push(&[]);
        assert_eq!(run.code, 1, "{run}");
        stage.proxy.assert_all_happened();
        let files = stage.manifest().len() as u64;
        let report = report(&run);
        assert_counts(&report, files);
        assert_eq!(report["uploaded"]["objects"], files - 1, "{run}");
        assert_eq!(report["failures"][0]["path"], path, "{run}");
        assert_says(&run, &[says]);
        assert!(!stage.bucket.keys().contains(&stage.key_of(path)));
        assert_eq!(stage.unfinished_uploads(), 0);
        stage.assert_nothing_is_half_written();
        stage.assert_next_push_completes();
    });
}

/// Something else under an immutable name is an error and stays.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn foreign_immutable_object_stays() {
    const THEIRS: &[u8] = b"somebody else's";
    // moto, since radosgw ends a multipart upload whatever is there.
    let rows = [
        ("put", (Bucket::on_rgw(), small(), "style.css")),
        ("parts", (Bucket::on_moto(), large(), "film.mp4")),
    ];
    each(ROWS_AT_A_TIME, rows, |(bucket, site, path)| {
        let owner = twin(&bucket, bucket.endpoint.clone());
        let key = Arc::new(OnceLock::<String>::new());
        let theirs = Arc::clone(&key);
        let plant = move || {
            let path = format!("/{}", theirs.get().expect("set before the push"));
            let put = owner.signed("PUT", &path, THEIRS);
            assert_eq!(put.status, 200, "{}", put.text());
        };
        // After the listings, of releases and of all, so that the plan takes the name to be free.
        let stage = Stage::with(
            bucket,
            site,
            [Rule::new("GET", LIST, After(Box::new(plant))).skip(1)],
        );
        let key = key.get_or_init(|| stage.key_of(path));
        let run = stage.push(&[]);
        assert_eq!(run.code, 1, "{run}");
        let report = report(&run);
        let files = stage.manifest().len() as u64;
        assert_counts(&report, files);
        assert_eq!(report["uploaded"]["objects"], files - 1, "{run}");
        assert_eq!(report["failures"][0]["path"], path);
        assert_says(
            &run,
            &["another object already has its name", "never overwrites"],
        );
        let there = stage.bucket.signed("GET", &format!("/{key}"), b"");
        assert_eq!(there.body, THEIRS);
        let looks = stage.proxy.matching("HEAD", "");
        assert_eq!(looks.len(), 1, "only what was refused is looked at");
        assert_eq!(stage.unfinished_uploads(), 0);
    });
}

/// A storage that cannot be listed is given up at the deadline.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn unlistable_storage_is_given_up() {
    #[rustfmt::skip]
    let rows = [
        ("503", (Answer(slow_down()), "503 Service Unavailable")),
        ("429", (Answer(Reply::status(429)), "429 Too Many Requests")),
        ("close", (Close, "connection closed")),
        ("truncation", (TruncateReply, "end of file before message length reached")),
        ("hang", (Hang, "the connection stalled")),
    ];
    each(ROWS_AT_A_TIME, rows, |(fault, says)| {
        let stage = Stage::new(small(), [Rule::new("GET", LIST, fault).always()]);
        let run = stage.push(&["--retry-seconds", "2"]);
        assert_eq!(run.code, 1, "{run}");
        assert_says(&run, &["error: Cannot list the bucket", "tried for", says]);
        assert_says(&run, &["hint: check the network"]);
        assert_eq!(stage.proxy.matching("PUT", "").len(), 0);
        stage.assert_next_push_completes();
    });
}

/// A server that is not there is given up at the deadline.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn absent_server_is_given_up() {
    let site = small();
    let nowhere = Bucket {
        // Nobody's port.
        endpoint: "http://127.0.0.1:1".to_string(),
        name: "nowhere".to_string(),
        is_exposed: false,
    };
    let url = nowhere.url();
    let arguments = nowhere.typed(&["push", "--retry-seconds", "1"], &url);
    let run = nowhere.run(&site, &arguments);
    assert_eq!(run.code, 1, "{run}");
    assert_says(&run, &["connection refused", "hint: check the network"]);
}

/// A write that the storage surely did not do has failed.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn undone_write_has_failed() {
    let page = |reply| {
        let rule = Rule::new("PUT", ".html", Answer(reply)).always();
        (small as fn() -> Site, rule, "page.html")
    };
    // Without its end, an upload in parts makes no object, whatever became of its parts.
    let film = |method, part, fault| {
        let rule = Rule::new(method, part, fault).always();
        (large as fn() -> Site, rule, "film.mp4")
    };
    #[rustfmt::skip]
    let rows = [
        ("429", page(Reply::status(429))),
        ("408", page(Reply::status(408))),
        ("S3's 409", page(conflict())),
        ("begin of parts: 500", film("POST", "?uploads", Answer(internal_error(500)))),
        ("part: 500", film("PUT", "partNumber=1", Answer(internal_error(500)))),
        ("part: not even read", film("PUT", "partNumber=2", Deaf)),
    ];
    each(ROWS_AT_A_TIME, rows, |(site, rule, path)| {
        let stage = Stage::new(site(), [rule]);
        let run = stage.push(&["--retry-seconds", "3"]);
        assert_eq!(run.code, 1, "{run}");
        let files = stage.manifest().len() as u64;
        let report = report(&run);
        assert_counts(&report, files);
        assert_eq!(report["uploaded"]["objects"], files - 1, "{run}");
        assert_eq!(report["failures"][0]["path"], path, "{run}");
        assert_says(&run, &["Cannot upload ", "tried for"]);
        assert_eq!(stage.unfinished_uploads(), 0);
        stage.assert_next_push_completes();
    });
}

/// A `Retry-After` beyond the deadline is not waited for.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn late_retry_after_is_not_awaited() {
    let too_late = slow_down().header("retry-after", "9");
    let stage = Stage::new(small(), [Rule::new("GET", LIST, Answer(too_late))]);
    let run = stage.push(&["--retry-seconds", "4"]);
    assert_eq!(run.code, 1, "{run}");
    assert_says(&run, &["503 Service Unavailable"]);
    assert_eq!(stage.proxy.matching("GET", LIST).len(), 1);
}

/// A write that may be done or not is unknown, and the next push settles it.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn uncertain_write_is_settled_next_time() {
    let page = |fault| {
        let rule = Rule::new("PUT", ".html", fault).always();
        (small as fn() -> Site, vec![rule], "page.html")
    };
    // Then it's told that the name is taken.
    let page_once = |fault| {
        let rule = Rule::new("PUT", ".html", fault);
        (small as fn() -> Site, vec![rule], "page.html")
    };
    let film = |fault| {
        let rule = Rule::new("POST", "?uploadId", fault).always();
        (large as fn() -> Site, vec![rule], "film.mp4")
    };
    let and_no_look = |(site, mut rules, path): (_, Vec<Rule>, _)| {
        rules.push(Rule::new("HEAD", "", Close).always());
        (site, rules, path)
    };
    #[rustfmt::skip]
    let rows = [
        ("done, and closed", (and_no_look(page(CommitThenClose)), true)),
        ("done, and closed once", (and_no_look(page_once(CommitThenClose)), true)),
        ("done, and 500", (and_no_look(page(CommitThenAnswer(internal_error(500)))), true)),
        ("done, and hang", (and_no_look(page(CommitThenHang)), true)),
        ("parts ended, and hang", (and_no_look(film(CommitThenHang)), true)),
        ("not done, and closed", (page(Close), false)),
        ("not done, and 503", (page(Answer(slow_down())), false)),
        ("not done, and hang", (page(Hang), false)),
        ("parts not ended, and hang", (film(Hang), false)),
    ];
    each(ROWS_AT_A_TIME, rows, |((site, rules, path), is_done)| {
        let stage = Stage::new(site(), rules);
        let run = stage.push(&["--retry-seconds", "2"]);
        assert_eq!(run.code, 5, "{run}");
        let report = report(&run);
        let files = stage.manifest().len() as u64;
        assert_counts(&report, files);
        assert_eq!(report["uploaded"]["objects"], files - 1, "{run}");
        assert_eq!(report["failures"][0]["path"], path, "{run}");
        assert_says(&run, &["Run the command again"]);
        let is_there = stage.bucket.keys().contains(&stage.key_of(path));
        assert_eq!(is_there, is_done, "what this row is about");
        stage.assert_nothing_is_half_written();
        stage.assert_next_push_completes();
    });
}

/// An unknown outcome is never reported as failed.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn unknown_outcome_is_not_called_failed() {
    let rules = [
        Rule::new("PUT", ".html", CommitThenClose).always(),
        Rule::new("HEAD", "", Close).always(),
    ];
    let stage = Stage::new(small(), rules);
    let run = stage.run(&mut stage.program(&["push", "--retry-seconds", "1"]));
    assert_eq!(run.code, 5, "{run}");
    assert_says(&run, &["page.html", "unknown"]);
    assert!(!run.to_string().contains("failed"), "{run}");
}

/// Without credentials no request is sent, and the places for them are listed.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn missing_credentials_send_no_request() {
    let elsewhere = [
        ("AWS_SHARED_CREDENTIALS_FILE", "/nowhere/credentials"),
        ("AWS_CONFIG_FILE", "/nowhere/config"),
    ];
    let half = [("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")];
    let other_half = [("AWS_SECRET_ACCESS_KEY", WRONG_SECRET)];
    let profile = [("AWS_PROFILE", "nobody")];
    #[rustfmt::skip]
    let rows: [(_, (&[_], &[_])); 5] = [
        ("none", (&[], &["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "~/.aws/credentials", "~/.aws/config"])),
        ("files that aren't there", (&elsewhere, &["/nowhere/credentials", "/nowhere/config"])),
        ("half of them", (&half, &["AWS_SECRET_ACCESS_KEY"])),
        ("the other half", (&other_half, &["AWS_ACCESS_KEY_ID"])),
        ("a profile that isn't there", (&profile, &["AWS_PROFILE", "~/.aws/credentials"])),
    ];
    each(ROWS_AT_A_TIME, rows, |(environment, says)| {
        let stage = Stage::new(small(), []);
        let mut command = stage.command(&["-v"]);
        command
            .env_remove("AWS_ACCESS_KEY_ID")
            .env_remove("AWS_SECRET_ACCESS_KEY")
            .envs(environment.iter().copied());
        let run = stage.run(&mut command);
        assert_eq!(run.code, 1, "{run}");
        assert_says(&run, &["error: No AWS credentials", "hint: "]);
        assert_says(&run, says);
        assert_eq!(stage.proxy.requests().len(), 0);
    });
}
