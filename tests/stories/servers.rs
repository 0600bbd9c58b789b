//! The storage servers of these stories are as strict as they say, and break as they are told to.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flate2::write::GzEncoder;

use crate::support::faults::{Effect, Fault, Lost};
use crate::support::s3::{Answer, agent, credential, received, sign};
use crate::support::{gcs, s3_server};

/// How long silence is listened to, and how long an answer is waited for.
const SILENCE: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(60);
const TWO_BYTES: &[u8] = b"ab";

/// One of both servers, as far as they are alike.
enum Either {
    S3(s3_server::Server),
    Gcs(gcs::Server),
}

/// How a connection ended for a client.
#[derive(Debug, PartialEq)]
enum End {
    Closed,
    Reset,
    Silent,
}

impl Either {
    /// Both, with a bucket `b` that strangers can read, and an object `there` in it.
    fn both() -> [Either; 2] {
        let s3 = s3_server::Server::start();
        s3.bucket("b", &[s3_server::Setup::Public]);
        s3.put(
            "b",
            "there",
            s3_server::Object::new(TWO_BYTES, "text/plain"),
        );
        let gcs = gcs::Server::start();
        gcs.bucket("b", &[gcs::Setup::Public]);
        gcs.put("b", "there", gcs::Object::new(TWO_BYTES, "text/plain"));
        [Either::S3(s3), Either::Gcs(gcs)]
    }

    fn url(&self) -> &str {
        match self {
            Either::S3(server) => server.url(),
            Either::Gcs(server) => server.url(),
        }
    }

    fn fault(&self, fault: Fault) {
        match self {
            Either::S3(server) => server.fault(fault),
            Either::Gcs(server) => server.fault(fault),
        }
    }

    fn faults_left(&self) -> usize {
        match self {
            Either::S3(server) => server.faults_left(),
            Either::Gcs(server) => server.faults_left(),
        }
    }

    fn deliver_delayed(&self) -> usize {
        match self {
            Either::S3(server) => server.deliver_delayed(),
            Either::Gcs(server) => server.deliver_delayed(),
        }
    }

    fn objects(&self) -> Vec<String> {
        match self {
            Either::S3(server) => server.objects("b"),
            Either::Gcs(server) => server.objects("b"),
        }
    }

    fn requests(&self) -> Vec<crate::support::serving::Request> {
        match self {
            Either::S3(server) => server.requests(),
            Either::Gcs(server) => server.requests(),
        }
    }

    fn write_limit(&self, apart: Duration) {
        match self {
            Either::S3(server) => server.write_limit(apart),
            Either::Gcs(server) => server.write_limit(apart),
        }
    }

    /// Creates an object, if there is none.
    fn create(&self, name: &str) -> Result<Answer, ureq::Error> {
        self.create_within(PATIENCE, name)
    }

    fn create_within(&self, timeouts: Duration, name: &str) -> Result<Answer, ureq::Error> {
        let only_new = [("if-none-match", "*")];
        let request = match self {
            Either::S3(server) => signed(server, "PUT", name, b"new", &only_new),
            Either::Gcs(server) => insertion(server, name, "ifGenerationMatch=0"),
        };
        received(client(timeouts).run(request))
    }

    fn delete(&self, name: &str) -> Answer {
        match self {
            Either::S3(server) => ask(server, "DELETE", name, b"", &[]),
            Either::Gcs(server) => gcs_call(server, "DELETE", &format!("b/b/o/{name}")),
        }
    }

    /// A stranger's GET, as it comes over the line.
    fn raw_get(&self, name: &str) -> (Vec<u8>, End) {
        self.raw_get_within(PATIENCE, name)
    }

    fn raw_get_within(&self, timeouts: Duration, name: &str) -> (Vec<u8>, End) {
        let request = format!("GET /b/{name} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n");
        self.raw(timeouts, request.as_bytes())
    }

    fn raw(&self, timeouts: Duration, request: &[u8]) -> (Vec<u8>, End) {
        let address = self.url().trim_start_matches("http://");
        let mut line = TcpStream::connect(address).expect("it listens");
        line.set_read_timeout(Some(timeouts)).expect("a timeout");
        let sent = line.write_all(request);
        let mut answer = Vec::new();
        let end = sent.and_then(|()| line.read_to_end(&mut answer));
        let end = match end.map_err(|error| error.kind()) {
            Ok(_) => End::Closed,
            Err(ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => End::Reset,
            Err(ErrorKind::WouldBlock | ErrorKind::TimedOut) => End::Silent,
            Err(other) => panic!("{other}"),
        };
        (answer, end)
    }
}

fn client(timeouts: Duration) -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(timeouts))
        .build()
        .into()
}

/// A request of the owner; `path` is what follows the bucket.
fn signed(
    server: &s3_server::Server,
    method: &str,
    path: &str,
    body: &[u8],
    headers: &[(&str, &str)],
) -> ureq::http::Request<Vec<u8>> {
    let credential = credential("tester", "testsecret");
    let url = format!("{}/b/{path}", server.url());
    sign(&credential, method, &url, body, headers)
}

/// The same, and its answer.
fn ask(
    server: &s3_server::Server,
    method: &str,
    path: &str,
    body: &[u8],
    headers: &[(&str, &str)],
) -> Answer {
    let request = signed(server, method, path, body, headers);
    received(client(PATIENCE).run(request)).expect("an answer")
}

fn insertion(server: &gcs::Server, name: &str, conditions: &str) -> ureq::http::Request<Vec<u8>> {
    let url = format!(
        "{}/upload/storage/v1/b/b/o?uploadType=multipart&{conditions}",
        server.url()
    );
    let body = format!(
        "--x\r\ncontent-type: application/json\r\n\r\n{{\"name\":\"{name}\"}}\r\n\
         --x\r\ncontent-type: text/plain\r\n\r\nnew\r\n--x--\r\n"
    );
    let request = ureq::http::Request::post(url);
    let request = request.header("content-type", "multipart/related; boundary=x");
    request.body(body.into_bytes()).expect("a request")
}

fn insert(server: &gcs::Server, name: &str, conditions: &str) -> Answer {
    let request = insertion(server, name, conditions);
    received(client(PATIENCE).run(request)).expect("an answer")
}

fn gcs_call(server: &gcs::Server, method: &str, path: &str) -> Answer {
    let request = ureq::http::Request::builder().method(method);
    let request = request.uri(format!("{}/storage/v1/{path}", server.url()));
    let request = request.body(()).expect("a request");
    received(client(PATIENCE).run(request)).expect("an answer")
}

fn code(answer: &Answer) -> String {
    let text = answer.text();
    let code = text.split_once("<Code>").map_or("", |(_, rest)| rest);
    code.split("</Code>").next().unwrap_or_default().to_string()
}

// ---- faults ----

/// What a creating request is answered, 0 if nothing, and whether it's done.
fn expected(effect: &Effect) -> (u16, bool) {
    match effect {
        Effect::Refuse(status, _, _) => (*status, false),
        Effect::ErrorInOk => (200, false),
        Effect::BadChecksum => (400, false),
        Effect::DamagedReply => (200, true),
        Effect::DoThen(Lost::Status(status)) => (*status, true),
        Effect::DoThen(_) => (0, true),
        _ => (0, false),
    }
}

/// Every fault does what it says and is recorded.
#[test]
fn every_fault_acts_and_is_recorded() {
    for effect in Effect::all() {
        for server in Either::both() {
            let what = format!("{effect:?} at {}", server.url());
            server.fault(Fault::nth(1, effect.clone()));
            let is_silent = matches!(
                effect,
                Effect::HangBefore | Effect::StallBefore | Effect::DoThen(Lost::Hang | Lost::Stall)
            );
            let timeouts = if is_silent { SILENCE } else { PATIENCE };
            let answer = server.create_within(timeouts, "new");
            let status = answer.as_ref().map_or(0, |answer| answer.status);
            let (told, done) = expected(&effect);
            assert_eq!(status, told, "{what}: {answer:?}");
            assert_eq!(
                server.objects().contains(&"new".to_string()),
                done,
                "{what}"
            );
            assert_eq!(server.faults_left(), 0, "{what}");
            let requests = server.requests();
            assert_eq!(requests.len(), 1, "{what}");
            assert_eq!(requests[0].object.as_deref(), Some("new"), "{what}");
            assert_eq!(requests[0].done, done, "{what}");
            let is_cut = matches!(effect, Effect::DoThen(Lost::Truncate | Lost::Stall));
            assert!(is_cut || requests[0].status == told, "{what}");
            if let Effect::Refuse(_, headers, _) = &effect {
                let answer = answer.expect("an answer");
                for (name, value) in headers {
                    assert_eq!(answer.header(name), Some(value.as_str()), "{what}");
                }
            }
        }
    }
}

/// A connection ends as the fault says.
#[test]
fn connection_ends_as_fault_says() {
    for server in Either::both() {
        let (whole, end) = server.raw_get("there");
        assert_eq!(end, End::Closed);
        assert!(whole.ends_with(TWO_BYTES) && whole.starts_with(b"HTTP/1.1 200"));
        // All but the last of two bytes.
        let half = whole.len() - 1;
        let rows = [
            (Effect::CloseBefore, 0, End::Closed),
            (Effect::ResetBefore, 0, End::Reset),
            (Effect::HangBefore, 0, End::Silent),
            (Effect::StallBefore, 0, End::Silent),
            (Effect::DoThen(Lost::Close), 0, End::Closed),
            (Effect::DoThen(Lost::Reset), 0, End::Reset),
            (Effect::DoThen(Lost::Hang), 0, End::Silent),
            (Effect::DoThen(Lost::Truncate), half, End::Closed),
            (Effect::DoThen(Lost::Stall), half, End::Silent),
            (Effect::DamagedReply, whole.len(), End::Closed),
        ];
        for (effect, bytes, expected) in rows {
            let what = format!("{effect:?} at {}", server.url());
            server.fault(Fault::new("GET", "there", effect.clone()));
            let timeouts = match expected {
                End::Silent => SILENCE,
                _ => PATIENCE,
            };
            let (answer, end) = server.raw_get_within(timeouts, "there");
            assert_eq!((answer.len(), end), (bytes, expected), "{what}");
            let is_damaged = !answer.is_empty() && !whole.ends_with(&answer[answer.len() - 1..]);
            let is_whole = effect == Effect::DamagedReply;
            assert_eq!(is_whole, answer.len() == whole.len(), "{what}");
            assert!(!is_whole || is_damaged, "{what}");
        }
        // Without a body, half of the head.
        server.fault(Fault::new("HEAD", "there", Effect::DoThen(Lost::Truncate)));
        let (head, end) = server.raw(PATIENCE, b"HEAD /b/there HTTP/1.1\r\nhost: h\r\n\r\n");
        assert_eq!(end, End::Closed);
        assert!(head.starts_with(b"HTTP/1.1 200") && !head.ends_with(b"\r\n\r\n"));
    }
}

/// A stalled request blocks its sender, and a hanging one is still read.
#[test]
fn stalled_request_blocks_sender() {
    let request = |bytes: usize| {
        let head = format!("PUT /b/large HTTP/1.1\r\nhost: h\r\ncontent-length: {bytes}\r\n\r\n");
        [head.as_bytes(), &vec![0; bytes]].concat()
    };
    for server in Either::both() {
        for (effect, is_read) in [(Effect::HangBefore, true), (Effect::StallBefore, false)] {
            server.fault(Fault::nth(1, effect));
            let address = server.url().trim_start_matches("http://");
            let mut line = TcpStream::connect(address).expect("it listens");
            line.set_write_timeout(Some(Duration::from_secs(2)))
                .expect("a timeout");
            assert_eq!(line.write_all(&request(16_000_000)).is_ok(), is_read);
        }
    }
}

/// The nth request from now on fails, and no other does.
#[test]
fn only_nth_request_fails() {
    for server in Either::both() {
        for n in 1..=3 {
            server.fault(Fault::nth(n, Effect::refuse(500)));
            let statuses: Vec<u16> = (0..3)
                .map(|_| server.raw_get("there").0[9..12].to_vec())
                .map(|digits| String::from_utf8_lossy(&digits).parse().expect("a status"))
                .collect();
            let expected: Vec<u16> = (1..=3).map(|m| if m == n { 500 } else { 200 }).collect();
            assert_eq!(statuses, expected);
        }
        server.fault(Fault::nth(1, Effect::refuse(500)));
        server.fault(Fault::nth(2, Effect::refuse(503)));
        let first = server.raw_get("there").0;
        let second = server.raw_get("there").0;
        assert!(first.starts_with(b"HTTP/1.1 500") && second.starts_with(b"HTTP/1.1 503"));
    }
}

/// A delayed request is carried out late if it is still allowed to.
#[test]
fn delayed_request_runs_late_if_allowed() {
    for server in Either::both() {
        server.fault(Fault::nth(1, Effect::Delayed(None)));
        assert!(server.create("late").is_err());
        assert_eq!(server.objects(), ["there"]);
        assert_eq!((server.deliver_delayed(), server.deliver_delayed()), (1, 0));
        assert_eq!(server.objects(), ["late", "there"]);
        assert!(server.requests()[0].done && server.requests()[0].status == 0);

        server.fault(Fault::nth(1, Effect::Delayed(Some(2))));
        assert!(server.create("taken").is_err());
        assert_eq!(server.create("taken").expect("an answer").status, 200);
        let deleted = server.delete("late").status;
        assert_eq!((deleted, server.objects().len()), (204, 2));
        let requests = server.requests();
        assert!(!requests[1].done, "its precondition doesn't hold any more");
        assert_eq!(
            server.deliver_delayed(),
            0,
            "two further requests were done"
        );

        server.fault(Fault::nth(1, Effect::Delayed(Some(1))));
        assert!(server.create("after").is_err());
        server.raw_get("there");
        assert_eq!(server.objects(), ["after", "taken", "there"]);
    }
}

// ---- watching, and being slow ----

/// An object can be changed only so often.
#[test]
fn object_writes_are_rate_limited() {
    for server in Either::both() {
        server.write_limit(Duration::from_secs(600));
        assert_eq!(server.create("one").expect("an answer").status, 200);
        assert_eq!(server.create("two").expect("an answer").status, 200);
        let again = server.delete("one");
        let (status, words) = match server {
            Either::S3(_) => (503, "SlowDown"),
            Either::Gcs(_) => (429, "rateLimitExceeded"),
        };
        assert_eq!(again.status, status);
        assert!(again.text().contains(words), "{}", again.text());
        // What isn't done takes no turn, and says why first.
        assert_eq!(server.create("one").expect("an answer").status, 412);
        server.write_limit(Duration::ZERO);
        assert_eq!(server.delete("one").status, 204);
    }
}

/// A watcher sees every state of a bucket.
#[test]
fn watcher_sees_every_bucket_state() {
    let seen: Arc<Mutex<Vec<(String, usize)>>> = Arc::default();
    let note = |name: &str, count: usize| {
        let entry = (name.to_string(), count);
        seen.lock().expect("no holder panics").push(entry);
    };
    for server in Either::both() {
        let noted = Arc::clone(&seen);
        match &server {
            Either::S3(server) => server.on_change(Box::new(move |change| {
                let entry = (change.name.to_string(), change.objects.len());
                noted.lock().expect("no holder panics").push(entry);
            })),
            Either::Gcs(server) => server.on_change(Box::new(move |change| {
                let entry = (change.name.to_string(), change.objects.len());
                noted.lock().expect("no holder panics").push(entry);
            })),
        }
        server.create("new").expect("an answer");
        server.create("new").expect("an answer");
        server.delete("new");
        note("end", 0);
    }
    let once = [("new", 2), ("new", 1), ("end", 0)];
    let expected: Vec<_> = [once, once].concat();
    let seen = seen.lock().expect("no holder panics");
    let seen: Vec<_> = seen.iter().map(|(name, n)| (name.as_str(), *n)).collect();
    assert_eq!(seen, expected);
}

/// A watcher that panics fails the request, and so its test.
#[test]
#[should_panic(expected = "an invariant is broken")]
fn panicking_watcher_fails_the_request() {
    let server = s3_server::Server::start();
    server.bucket("b", &[]);
    server.on_change(Box::new(|_| panic!("an invariant is broken")));
    assert_eq!(ask(&server, "PUT", "new", b"", &[]).status, 500);
}

#[test]
fn a_snapshot_stays_as_it_was() {
    let server = s3_server::Server::start();
    server.put("b", "a", s3_server::Object::new("old", "text/plain"));
    let before = server.snapshot("b");
    server.put("b", "a", s3_server::Object::new("new", "text/plain"));
    assert_eq!(before["a"].bytes, b"old");
    assert_eq!(server.snapshot("b")["a"].bytes, b"new");
}

// ---- S3 ----

fn bucket(setup: &[s3_server::Setup]) -> s3_server::Server {
    let server = s3_server::Server::start();
    server.bucket("b", setup);
    server
}

/// A request that does not match its signature is refused.
#[test]
fn wrongly_signed_request_is_refused() {
    let server = bucket(&[]);
    let url = format!("{}/b/key", server.url());
    let signed = |key: &str, secret: &str| sign(&credential(key, secret), "PUT", &url, b"x", &[]);
    let refusal = |request| {
        let answer = received(agent().run(request)).expect("an answer");
        let resource = answer.text().contains("<Resource>/b/key</Resource>");
        assert!(resource, "{}", answer.text());
        assert!(answer.header("x-amz-request-id").is_some());
        (answer.status, code(&answer))
    };
    let told = |status: u16, code: &str| (status, code.to_string());
    let wrong = refusal(signed("tester", "guess"));
    assert_eq!(wrong, told(403, "SignatureDoesNotMatch"));
    let unknown = refusal(signed("nobody", "guess"));
    assert_eq!(unknown, told(403, "InvalidAccessKeyId"));
    let stranger = refusal(signed("stranger", "strangersecret"));
    assert_eq!(stranger, told(403, "AccessDenied"));

    let mut unsigned = signed("tester", "testsecret");
    let value = "public-read".parse().expect("a value");
    unsigned.headers_mut().insert("x-amz-acl", value);
    assert_eq!(refusal(unsigned), told(403, "AccessDenied"));
    let mut elsewhere = signed("tester", "testsecret");
    *elsewhere.uri_mut() = format!("{url}?partNumber=1").parse().expect("a URL");
    assert_eq!(refusal(elsewhere), told(403, "SignatureDoesNotMatch"));
    let mut other = signed("tester", "testsecret");
    *other.body_mut() = b"y".to_vec();
    assert_eq!(refusal(other), told(400, "XAmzContentSHA256Mismatch"));

    for seconds in [-901, 905] {
        server.clock_off(seconds);
        let late = refusal(signed("tester", "testsecret"));
        assert_eq!(late, told(403, "RequestTimeTooSkewed"));
    }
    assert!(server.objects("b").is_empty());
    server.clock_off(890);
    let taken = received(agent().run(signed("tester", "testsecret"))).expect("an answer");
    assert_eq!((taken.status, server.objects("b").len()), (200, 1));
}

#[test]
fn preconditions_hold_or_are_told_of() {
    let server = bucket(&[]);
    let put = |body: &[u8], headers: &[(&str, &str)]| ask(&server, "PUT", "root", body, headers);
    let missing = put(b"0", &[("if-match", "\"00\"")]);
    assert_eq!(
        (missing.status, code(&missing).as_str()),
        (404, "NoSuchKey")
    );
    let first = put(b"1", &[("if-none-match", "*")]);
    let etag = first.header("etag").expect("an ETag").to_string();
    assert_eq!(etag, "\"c4ca4238a0b923820dcc509a6f75849b\"");
    let taken = put(b"2", &[("if-none-match", "*")]);
    let expected = (412, "PreconditionFailed");
    assert_eq!((taken.status, code(&taken).as_str()), expected);
    let second = put(b"2", &[("if-match", &etag)]);
    assert_eq!(second.status, 200);
    let lost = put(b"3", &[("if-match", &etag)]);
    assert_eq!((lost.status, code(&lost).as_str()), expected);
    let newer = second.header("etag").expect("an ETag").trim_matches('"');
    assert_eq!(put(b"3", &[("if-match", newer)]).status, 200, "no quotes");

    let stale = ask(&server, "DELETE", "root", b"", &[("if-match", newer)]);
    assert_eq!((stale.status, code(&stale).as_str()), expected);
    assert_eq!(server.object("b", "root").expect("there").bytes, b"3");
    let last = ask(&server, "HEAD", "root", b"", &[]);
    let last = last.header("etag").expect("an ETag");
    let gone = ask(&server, "DELETE", "root", b"", &[("if-match", last)]);
    assert_eq!((gone.status, server.objects("b").len()), (204, 0));
    let again = ask(&server, "DELETE", "root", b"", &[("if-match", last)]);
    assert_eq!((again.status, code(&again).as_str()), (404, "NoSuchKey"));
    assert_eq!(ask(&server, "DELETE", "root", b"", &[]).status, 204);
}

/// Damaged bytes and unknown headers or parameters are refused.
#[test]
fn damaged_bytes_and_headers_are_refused() {
    const OF_NOTHING: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    /// A path, headers, and what is answered.
    type Row = (
        &'static str,
        &'static [(&'static str, &'static str)],
        u16,
        &'static str,
    );
    let server = bucket(&[]);
    let rows: [Row; 7] = [
        (
            "k",
            &[("x-amz-checksum-sha256", OF_NOTHING)],
            400,
            "BadDigest",
        ),
        ("k", &[("x-amz-checksum-sha256", "x")], 400, "InvalidDigest"),
        (
            "k",
            &[("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==")],
            400,
            "BadDigest",
        ),
        ("k", &[("x-amz-tagging", "a=b")], 501, "NotImplemented"),
        ("k", &[("x-amz-acl", "everyone")], 400, "InvalidArgument"),
        ("k", &[("if-none-match", "\"00\"")], 501, "NotImplemented"),
        ("k?versionId=1", &[], 400, "InvalidArgument"),
    ];
    for (path, headers, status, expected) in rows {
        let answer = ask(&server, "PUT", path, b"x", headers);
        let told = (answer.status, code(&answer));
        assert_eq!(told, (status, expected.to_string()), "{path} {headers:?}");
    }
    assert!(server.objects("b").is_empty());
}

/// An object is returned with the headers that it was put with.
#[test]
fn object_is_returned_as_put() {
    let server = bucket(&[]);
    let sum = "LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE=";
    let headers = [
        ("content-type", "text/plain"),
        ("cache-control", "no-cache"),
        ("content-encoding", "gzip"),
        ("x-amz-meta-a", "b"),
        ("x-amz-acl", "public-read"),
        ("x-amz-checksum-sha256", sum),
    ];
    assert_eq!(ask(&server, "PUT", "a%20b%2Bc", b"x", &headers).status, 200);
    assert_eq!(server.objects("b"), ["a b+c"]);
    let found = ask(
        &server,
        "GET",
        "a%20b%2Bc",
        b"",
        &[("x-amz-checksum-mode", "ENABLED")],
    );
    assert_eq!((found.status, found.body.as_slice()), (200, &b"x"[..]));
    for (name, value) in headers.into_iter().filter(|(name, _)| *name != "x-amz-acl") {
        assert_eq!(found.header(name), Some(value), "{name}");
    }
    for name in ["date", "last-modified", "x-amz-request-id", "etag"] {
        assert!(found.header(name).is_some(), "{name}");
    }
    let etag = found.header("etag").expect("an ETag");
    let same = ask(&server, "GET", "a%20b%2Bc", b"", &[("if-none-match", etag)]);
    assert_eq!((same.status, same.body.len()), (304, 0));
}

/// Strangers and callers without permissions learn nothing.
#[test]
fn strangers_learn_nothing() {
    use s3_server::Setup;
    let anonymous = |server: &s3_server::Server, path: &str| {
        let url = format!("{}/b{path}", server.url());
        received(agent().get(url).call()).expect("an answer").status
    };
    let put = |server: &s3_server::Server, headers: &[(&str, &str)]| {
        ask(server, "PUT", "k", b"x", headers).status
    };
    let private = bucket(&[]);
    assert_eq!((put(&private, &[]), anonymous(&private, "/k")), (200, 403));
    let public = [("x-amz-acl", "public-read")];
    assert_eq!(
        (put(&private, &public), anonymous(&private, "/k")),
        (200, 200)
    );
    assert_eq!(anonymous(&private, "/missing"), 403);
    let open = bucket(&[Setup::Public]);
    assert_eq!((put(&open, &[]), anonymous(&open, "/k")), (200, 200));
    for path in ["/missing", "", "/", "/?list-type=2"] {
        assert_eq!(anonymous(&open, path), 403, "{path}");
    }
    assert_eq!(ask(&open, "GET", "missing", b"", &[]).status, 404);
    assert_eq!(put(&bucket(&[Setup::NoCreate]), &[]), 403);
    assert_eq!(put(&bucket(&[Setup::NoAcls]), &public), 400);
    assert_eq!(put(&bucket(&[Setup::BlockPublicAcls]), &public), 403);
    let kept = bucket(&[
        Setup::NoOverwrite,
        Setup::NoDelete,
        Setup::NoList,
        Setup::NoGet,
    ]);
    assert_eq!(put(&kept, &[("if-none-match", "*")]), 200);
    let etag = kept.object("b", "k").expect("there").etag;
    assert_eq!(put(&kept, &[("if-match", &etag)]), 403);
    for (method, path) in [
        ("DELETE", "k"),
        ("GET", "k"),
        ("GET", "no"),
        ("GET", "?list-type=2"),
    ] {
        assert_eq!(
            ask(&kept, method, path, b"", &[]).status,
            403,
            "{method} {path}"
        );
    }
}

/// Keys are listed in the order of their bytes.
#[test]
fn keys_are_listed_in_byte_order() {
    let server = bucket(&[]);
    // By UTF-16, as some servers sort, the second would come first.
    let keys = ["p/\u{ffee}", "p/🐘", "p/a b+&", "p/a/", "q"];
    for key in keys {
        server.put("b", key, s3_server::Object::new("x", "text/plain"));
    }
    let list = |query: &str| {
        let answer = ask(&server, "GET", &format!("?list-type=2{query}"), b"", &[]);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.text()
    };
    let listed = |text: &str| {
        let keys = text.split("<Key>").skip(1);
        let keys = keys.filter_map(|rest| rest.split("</Key>").next());
        keys.map(str::to_string).collect::<Vec<_>>()
    };
    let encoded = ["p/a+b%2B%26", "p/a/", "p/%EF%BF%AE", "p/%F0%9F%90%98"];
    assert_eq!(listed(&list("&prefix=p%2F&encoding-type=url")), encoded);
    assert_eq!(listed(&list("&prefix=p%2F"))[0], "p/a b+&amp;");
    assert_eq!(
        listed(&list("&start-after=p%2Fa%2F&prefix=p"))[0],
        "p/\u{ffee}"
    );
    let (mut found, mut next) = (Vec::new(), String::new());
    loop {
        let text = list(&format!("&max-keys=2&encoding-type=url{next}"));
        found.extend(listed(&text));
        let Some((_, token)) = text.split_once("<NextContinuationToken>") else {
            break;
        };
        let token = token.split('<').next().unwrap_or_default();
        next = format!("&continuation-token={token}");
    }
    assert_eq!(
        (&found[..4], found[4].as_str()),
        (&encoded.map(String::from)[..], "q")
    );
    let unknown = ask(&server, "GET", "?list-type=2&marker=a", b"", &[]);
    assert_eq!(code(&unknown), "InvalidArgument");
}

/// A multipart upload completes once and only under its condition.
#[test]
fn multipart_upload_completes_once() {
    let server = bucket(&[]);
    let begin = || {
        let begun = ask(&server, "POST", "k?uploads=", b"", &[]).text();
        let id = begun.split_once("<UploadId>").expect("an id").1;
        id.split('<').next().expect("it ends").replace('~', "%7E")
    };
    let part = |id: &str, number: u16, bytes: &[u8]| {
        let path = format!("k?partNumber={number}&uploadId={id}");
        let sent = ask(&server, "PUT", &path, bytes, &[]);
        sent.header("etag").expect("an ETag").to_string()
    };
    let finish = |id: &str, etags: &[&str], headers: &[(&str, &str)]| {
        let parts = etags.iter().enumerate().map(|(n, etag)| {
            let number = n + 1;
            format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>")
        });
        let parts: String = parts.collect();
        let body = format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
        let answer = ask(
            &server,
            "POST",
            &format!("k?uploadId={id}"),
            body.as_bytes(),
            headers,
        );
        (answer.status, code(&answer))
    };
    let told = |status: u16, code: &str| (status, code.to_string());
    let create = [("if-none-match", "*")];
    let (small, large) = (b"x".to_vec(), vec![b'y'; s3_server::PART_BYTES_MIN]);

    let id = begin();
    let (first, second) = (part(&id, 1, &small), part(&id, 2, &large));
    let too_small = finish(&id, &[&first, &second], &create);
    assert_eq!(too_small, told(400, "EntityTooSmall"));
    let wrong = finish(&id, &[&second, &first], &create);
    assert_eq!(wrong, told(400, "InvalidPart"));
    let (first, second) = (part(&id, 1, &large), part(&id, 2, &small));
    assert!(server.objects("b").is_empty());
    assert_eq!(finish(&id, &[&first, &second], &create), told(200, ""));
    let object = server.object("b", "k").expect("there");
    assert_eq!(object.bytes, [large, small].concat());
    assert!(object.etag.ends_with("-2\""), "{}", object.etag);
    let again = finish(&id, &[&first, &second], &create);
    assert_eq!(again, told(404, "NoSuchUpload"));

    let id = begin();
    let only = part(&id, 1, b"z");
    let taken = finish(&id, &[&only], &create);
    assert_eq!(taken, told(412, "PreconditionFailed"));
    assert_eq!(server.uploads("b"), ["k"]);
    let abort = ask(&server, "DELETE", &format!("k?uploadId={id}"), b"", &[]);
    assert_eq!((abort.status, server.uploads("b").len()), (204, 0));
}

// ---- GCS ----

/// Generations are preconditions of writes and deletes.
#[test]
fn generations_guard_writes_and_deletes() {
    let server = gcs::Server::start();
    let planted = server.put("b", "root", gcs::Object::new("old", "text/plain"));
    let stale = insert(&server, "root", "ifGenerationMatch=1");
    assert_eq!(stale.status, 412);
    assert!(stale.text().contains("conditionNotMet") && stale.header("date").is_some());
    let swap = format!("ifGenerationMatch={planted}");
    assert_eq!(insert(&server, "root", &swap).status, 200);
    assert_eq!(insert(&server, "root", &swap).status, 412);
    let delete = |generation: u64| {
        let path = format!("b/b/o/root?ifGenerationMatch={generation}");
        gcs_call(&server, "DELETE", &path).status
    };
    let live = server.object("b", "root").expect("there").generation;
    assert_eq!(
        (delete(planted), delete(live), delete(live)),
        (412, 204, 404)
    );
}

/// Clients that accept gzip get the content as it is stored.
#[test]
fn gzip_clients_get_media_as_stored() {
    let server = gcs::Server::start();
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(b"hello").expect("written");
    let stored = gzip.finish().expect("finished");
    let mut object = gcs::Object::new(stored.clone(), "text/plain");
    object.content_encoding = Some("gzip".into());
    let generation = server.put("b", "a", object);
    let url = format!("{}/storage/v1/b/b/o/a?alt=media", server.url());
    let as_stored = agent().get(&url).header("accept-encoding", "gzip").call();
    let as_stored = received(as_stored).expect("an answer");
    assert_eq!(as_stored.body, stored);
    assert_eq!(as_stored.header("content-encoding"), Some("gzip"));
    let plain = agent().get(&url).header("accept-encoding", "identity");
    let plain = received(plain.call()).expect("an answer");
    assert_eq!(plain.body, b"hello");
    assert_eq!(plain.header("content-encoding"), None);
    for answer in [as_stored, plain] {
        let told = answer.header("x-goog-generation");
        assert_eq!(told, Some(generation.to_string().as_str()));
        let hashes = answer.header("x-goog-hash").expect("hashes");
        assert!(hashes.starts_with("crc32c="), "{hashes}");
    }
}

/// A listing honours its bounds and the requested fields.
#[test]
fn listing_honours_bounds_and_fields() {
    let server = gcs::Server::start();
    for name in ["a", "b", "c", "d"] {
        server.put("b", name, gcs::Object::new("x", "text/plain"));
    }
    let list = |query: &str| {
        let answer = gcs_call(&server, "GET", &format!("b/b/o?{query}"));
        let json = serde_json::from_slice::<serde_json::Value>(&answer.body);
        (answer.status, json.unwrap_or_default())
    };
    let fields = "name,size,metadata,generation,crc32c,updated,timeCreated,contentType,cacheControl,contentEncoding";
    let query = format!("startOffset=b&endOffset=d&fields=nextPageToken,items({fields})");
    let (status, page) = list(&query);
    assert_eq!(status, 200, "{page}");
    let names: Vec<_> = page["items"].as_array().expect("items").iter().collect();
    assert_eq!(
        (&names[0]["name"], &names[1]["name"]),
        (&"b".into(), &"c".into())
    );
    assert_eq!(names.len(), 2);
    for field in ["generation", "crc32c", "updated", "timeCreated", "size"] {
        assert!(names[0][field].is_string(), "{field}: {page}");
    }
    assert!(names[0]["md5Hash"].is_null());
    assert_eq!(list("fields=items(colour)").0, 400);
    assert_eq!(list("colour=red").0, 400);
}
