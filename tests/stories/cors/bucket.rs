//! Policies in buckets: shown, compared, set, read back, and what browsers are answered then.

use super::*;

use crate::support::faults::{Effect, Fault, Lost};
use crate::support::{from_test_command, s3_server};

/// Shows, compares, refuses to guess, sets, and has nothing left to do.
fn from_nothing_to_nothing(run: impl Fn(&[&str]) -> Run) {
    let code = |arguments: &[&str], code: i32| {
        let run = run(arguments);
        assert_eq!(run.code, code, "{arguments:?}\n{run}");
        run
    };
    assert!(code(&["cors", "show"], 0).stdout.contains("no CORS policy"));
    let difference = code(&["cors", "diff", "--check"], 6).stdout;
    assert!(
        difference.contains("+   origins     https://hunt.example.org"),
        "{difference}"
    );
    let unasked = code(&["cors", "apply"], 3);
    assert!(
        unasked.stderr.contains("Cannot confirm") && unasked.stderr.contains("--yes"),
        "{unasked}"
    );
    assert!(code(&["cors", "show"], 0).stdout.contains("no CORS policy"));
    let applied = code(&["cors", "apply", "--yes"], 0);
    assert!(applied.stdout.contains("+ rule 1"), "{applied}");
    let there = code(&["cors", "show", "--json"], 0).stdout;
    let checked = cors::check(there.as_bytes(), &[]);
    assert!(
        checked
            .policy
            .expect("it's a policy")
            .means(&read(STRICT), Cloud::S3)
    );
    assert!(
        code(&["cors", "diff", "--check"], 0)
            .stdout
            .contains("up to date")
    );
    code(&["cors", "apply"], 0);
}

/// A policy gets into a bucket on S3 and out of it again.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn policy_reaches_an_s3_bucket() {
    let bucket = Bucket::on_rgw();
    let site = on_s3(&bucket, STRICT);
    from_nothing_to_nothing(|arguments| bucket.run(&site, arguments));
    write_policy(&site, "[]");
    let run = bucket.run(&site, &["cors", "apply", "--yes"]);
    assert_eq!(run.code, 0, "{run}");
    assert!(run.stdout.contains("- rule 1"), "{run}");
    assert_eq!(bucket.signed("GET", "/?cors=", b"").status, 404);
}

/// A policy gets into a bucket on GCS and out of it again.
#[test]
fn policy_reaches_a_gcs_bucket() {
    let server = gcs_server(&[]);
    let site = on_gcs(STRICT);
    from_nothing_to_nothing(|arguments| run_gcs(&site, &server, arguments));
    assert_eq!(server.cors("hunt")[0]["maxAgeSeconds"], 60);
    assert_eq!(
        server.metageneration("hunt"),
        2,
        "set once, and nothing else was written"
    );
    write_policy(&site, "[]");
    assert_eq!(run_gcs(&site, &server, &["cors", "apply", "--yes"]).code, 0);
    assert_eq!(server.cors("hunt"), Value::Null);
}

/// Amazon's rules, where radosgw has others.
fn strict_s3() -> s3_server::Server {
    let server = s3_server::Server::start();
    server.bucket("hunt", &[s3_server::Setup::Public]);
    server.put(
        "hunt",
        "a.json",
        s3_server::Object::new("{}", "application/json"),
    );
    server
}

fn run_strict(server: &s3_server::Server, policy: &str, arguments: &[&str]) -> Run {
    let endpoint = server.url();
    let site = site(
        &format!("url = \"s3://hunt\"\nendpoint = \"{endpoint}\"\n"),
        policy,
    );
    let user = [
        ("AWS_ACCESS_KEY_ID", "tester"),
        ("AWS_SECRET_ACCESS_KEY", "testsecret"),
    ];
    site.run_with(&user, arguments)
}

/// A policy gets into a bucket that follows Amazon's rules.
#[test]
fn policy_reaches_a_strict_bucket() {
    let server = strict_s3();
    from_nothing_to_nothing(|arguments| run_strict(&server, STRICT, arguments));
    let changes = server
        .requests()
        .into_iter()
        .filter(|request| request.method == "PUT");
    assert_eq!(changes.count(), 1);
}

/// A policy that passes the check is accepted and answered by Amazon's rules.
#[test]
fn amazon_accepts_every_checked_policy() {
    let server = strict_s3();
    let url = format!("{}/hunt/a.json", server.url());
    let policies = [
        SAMPLES[0].1,
        SAMPLES[1].1,
        STRICT,
        // Which rule it is depends on the headers, on S3 alone.
        r#"[{"AllowedOrigins": ["https://*.example.org"], "AllowedMethods": ["GET"], "AllowedHeaders": ["Range"]},
            {"AllowedOrigins": ["*"], "AllowedMethods": ["GET", "HEAD"], "AllowedHeaders": ["x-*", "Range"], "ExposeHeaders": ["ETag"], "ID": "<all> & more"}]"#,
    ];
    for text in policies {
        let run = run_strict(&server, text, &["cors", "apply", "--yes"]);
        assert_eq!(run.code, 0, "{run}");
        assert_eq!(
            run_strict(&server, text, &["cors", "diff", "--check"]).code,
            0
        );
        assert_eq!(answered(&url), expected(&read(text), Cloud::S3), "{text}");
    }
    let shown = run_strict(&server, STRICT, &["cors", "show"]).stdout;
    insta::assert_snapshot!("show", shown);
    insta::assert_snapshot!(
        "diff",
        run_strict(&server, STRICT, &["cors", "diff"]).stdout
    );
}

/// A bucket may be in the host's name.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn bucket_may_be_in_host_name() {
    let bucket = Bucket::on_rgw();
    // No name server knows BUCKET.localhost, but radosgw takes the whole URL, as proxies do.
    let endpoint = bucket.endpoint.replace("127.0.0.1", "localhost");
    let url = bucket.url();
    let target = format!("url = \"{url}\"\nendpoint = \"{endpoint}\"\naddressing = \"virtual\"\n");
    let site = site(&target, STRICT);
    let mut command = bucket.command(&site, &["cors", "apply", "--yes"]);
    let run = Run::of(command.env("http_proxy", &bucket.endpoint), &site.path(""));
    assert_eq!(run.code, 0, "{run}");
    let there = bucket.signed("GET", "/?cors=", b"").text();
    assert!(there.contains("https://hunt.example.org"), "{there}");
}

/// A server without CORS policies is reported as such.
#[test]
fn server_without_policies_is_explained() {
    let server = strict_s3();
    server.fault(Fault::new("GET", "?cors=", Effect::refuse(405)));
    let run = run_strict(&server, STRICT, &["cors", "show"]);
    assert_eq!(run.code, 1, "{run}");
    assert!(
        run.stderr
            .contains("this server doesn't support CORS policies"),
        "{run}"
    );
}

/// On a terminal, where somebody types an answer.
fn apply_and_say(answer: &str, server: &Server) -> Run {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let site = on_gcs(STRICT);
    let program = format!("{} cors apply", env!("CARGO_BIN_EXE_assetsync"));
    let environment = site.command(&[]);
    let environment = environment
        .get_envs()
        .filter_map(|(name, value)| Some((name, value?)));
    let mut child = Command::new("script")
        .args(["-qec", &program, "/dev/null"])
        .env_clear()
        .envs(environment)
        .env("STORAGE_EMULATOR_HOST", server.url())
        .current_dir(site.path(""))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("script starts");
    let mut input = child.stdin.take().expect("it's piped");
    input.write_all(answer.as_bytes()).expect("it listens");
    let output = child.wait_with_output().expect("it ends");
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::new(),
    }
}

/// A change is shown and asked about before it is made.
#[test]
fn apply_shows_and_asks_first() {
    let server = gcs_server(&[]);
    let no = apply_and_say("n\n", &server);
    assert_eq!(no.code, 3, "{no}");
    let question = no.stdout.find("Replace the bucket's CORS policy? [y/N]");
    assert!(no.stdout.find("+ rule 1") < question, "{no}");
    assert!(no.stdout.contains("was not changed"), "{no}");
    assert_eq!(server.cors("hunt"), Value::Null);
    let yes = apply_and_say("y\n", &server);
    assert_eq!(yes.code, 0, "{yes}");
    assert_eq!(server.cors("hunt")[0]["method"], json!(["GET"]));
}

/// Somebody else's change of the bucket neither fails the push of a policy nor is lost.
#[test]
fn concurrent_bucket_changes_are_kept() {
    let server = gcs_server(&[]);
    let site = on_gcs(STRICT);
    server.overtake("hunt", 2);
    let run = run_gcs(&site, &server, &["cors", "apply", "--yes"]);
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(server.metageneration("hunt"), 4);
    assert_eq!(server.cors("hunt")[0]["method"], json!(["GET"]));

    write_policy(&site, SAMPLES[0].1);
    server.overtake("hunt", 100);
    let run = run_gcs(&site, &server, &["cors", "apply", "--yes"]);
    assert_eq!(run.code, 1, "{run}");
    assert!(
        run.stderr
            .contains("someone else keeps changing its settings"),
        "{run}"
    );
}

/// A lost answer is found to be a success.
#[test]
fn lost_answer_is_found_out() {
    let server = gcs_server(&[]);
    let site = on_gcs(STRICT);
    server.fault(Fault::new("PATCH", "/b/hunt", Effect::DoThen(Lost::Close)));
    let run = run_gcs(&site, &server, &["cors", "apply", "--yes"]);
    assert_eq!((run.code, server.faults_left()), (0, 0), "{run}");
    assert_eq!(server.metageneration("hunt"), 2);
}

/// An account without rights is told which permission is missing.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn missing_permission_is_named() {
    let server = gcs_server(&[Setup::NoManage]);
    let run = run_gcs(&on_gcs(STRICT), &server, &["cors", "apply", "--yes"]);
    assert_eq!(run.code, 1, "{run}");
    assert!(run.stderr.contains("storage.buckets.update"), "{run}");

    let bucket = Bucket::on_rgw();
    let site = on_s3(&bucket, STRICT);
    let mut command = site.command(&["cors", "show"]);
    command
        .env(
            "AWS_ACCESS_KEY_ID",
            from_test_command("ASSETSYNC_TEST_STRANGER_ACCESS_KEY"),
        )
        .env(
            "AWS_SECRET_ACCESS_KEY",
            from_test_command("ASSETSYNC_TEST_STRANGER_SECRET_KEY"),
        );
    let run = Run::of(&mut command, &site.path(""));
    assert_eq!(run.code, 1, "{run}");
    assert!(run.stderr.contains("s3:GetBucketCORS is needed"), "{run}");
}

// --- What browsers are answered

/// Every policy means the same on both clouds and is answered as the library says.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn policies_mean_same_on_both_clouds() {
    let bucket = Bucket::on_rgw();
    let server = gcs_server(&[Setup::Public]);
    let put = bucket.signed_with("PUT", "/a.json", b"{}", &[("x-amz-acl", "public-read")]);
    assert_eq!(put.status, 200, "{}", put.text());
    let urls = [
        format!("{}/hunt/a.json", server.url()),
        format!("{}/{}/a.json", bucket.endpoint, bucket.name),
    ];
    let nothing = [false; QUESTIONS.len()];
    assert_eq!(
        urls.clone().map(|url| answered(&url)),
        [nothing; 2].map(Vec::from)
    );

    for (name, text) in [SAMPLES[0], SAMPLES[1], ("strict", STRICT)] {
        let policy = read(text);
        let (s3, gcs) = (on_s3(&bucket, text), on_gcs(text));
        let runs = [
            run_gcs(&gcs, &server, &["cors", "apply", "--yes"]),
            bucket.run(&s3, &["cors", "apply", "--yes"]),
        ];
        runs.iter()
            .for_each(|run| assert_eq!(run.code, 0, "{name}\n{run}"));
        for (cloud, url) in Cloud::ALL.iter().zip(&urls) {
            assert_eq!(
                answered(url),
                expected(&policy, *cloud),
                "{name} on {cloud}"
            );
            let origin = QUESTIONS[0].0;
            let answer = get(url, origin);
            let expected = policy.simple(*cloud, origin, "GET").expect("it's allowed");
            let said = answer.header("access-control-allow-origin");
            assert_eq!(said, Some(expected.origin.as_str()), "{name} on {cloud}");
            let exposed = answer
                .header("access-control-expose-headers")
                .unwrap_or_default();
            assert_eq!(
                exposed.split(',').count(),
                expected.exposed.len(),
                "{name} on {cloud}: {exposed}"
            );
        }
        assert_eq!(
            expected(&policy, Cloud::S3),
            expected(&policy, Cloud::Gcs),
            "{name}"
        );
    }
    let [gcs, s3] = urls.map(|url| get(&url, "https://evil.example.com"));
    assert_eq!(
        [
            gcs.header("access-control-allow-origin"),
            s3.header("access-control-allow-origin")
        ],
        [None, None]
    );
}
