//! Variables of the environment that can't be used: each is told by its name and never by its
//! value, before anything is sent. White space that a pasted CI secret brings along is taken off,
//! and told.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use crate::support::s3_server::{Server, Setup};
use crate::support::{Run, Site, gcs};

const KEYS: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", "tester"),
    ("AWS_SECRET_ACCESS_KEY", "testsecret"),
];

/// Where nobody listens.
const NOWHERE: &str = "http://127.0.0.1:1";

/// A site whose target `prod` has these lines.
fn site(lines: &str) -> Site {
    let site = Site::bare().file("a.png", "a");
    site.config(&format!("[target.prod]\n{lines}\n"))
}

fn s3() -> (Server, Site) {
    let server = Server::start();
    server.bucket("bucket", &[Setup::NoAcls]);
    let site = site(&format!(
        "url = \"s3://bucket\"\nendpoint = \"{}\"",
        server.url()
    ));
    (server, site)
}

/// Runs with credentials, but for what else is given.
fn run(site: &Site, variables: &[(&str, &str)], arguments: &[&str]) -> Run {
    site.run_with(
        &[&KEYS[..], &[("ASSETSYNC_RETRY_SECONDS", "1")], variables].concat(),
        arguments,
    )
}

/// Exit code 2, one error, and nothing of the value.
#[track_caller]
fn assert_refused(run: &Run, message: &str, secret: &str) {
    assert_eq!(run.code, 2, "{run}");
    assert!(
        run.stderr.starts_with(&format!("error: {message}")),
        "no `{message}` in {run}"
    );
    assert!(!format!("{run}").contains(secret), "{run}");
}

/// White space around a credential is removed with one warning.
#[test]
fn credential_whitespace_is_trimmed_with_warning() {
    let (_server, site) = s3();
    for (name, value) in KEYS {
        for value in [
            format!("{value}\n"),
            format!("{value}\r\n"),
            format!(" {value}\t"),
        ] {
            let run = run(&site, &[(name, &value)], &["push"]);
            assert_eq!(run.code, 0, "{run}");
            let told =
                format!("warning: {name} has leading or trailing whitespace, which is ignored\n");
            assert_eq!(run.stderr.matches(&told).count(), 1, "{run}");
        }
    }
    let quiet = run(&site, &[(KEYS[0].0, "tester\n")], &["push", "-q"]);
    assert_eq!((quiet.code, quiet.stderr.as_str()), (0, ""), "{quiet}");
    for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
        let run = run(&site, &[(name, "us-east-1\n")], &["push"]);
        assert_eq!(run.code, 0, "{run}");
        assert!(
            run.stderr.contains(&format!(
                "warning: {name} has leading or trailing whitespace"
            )),
            "{run}"
        );
    }
}

/// A credential that cannot be valid is named, and its value is not shown.
#[test]
fn invalid_credential_is_named_not_shown() {
    let (server, site) = s3();
    for name in [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
    ] {
        for (value, flaw) in [
            ("hush\nhush", "contains a line break"),
            ("hush\rhush", "contains a line break"),
            ("hush\u{1}hush", "contains a control character"),
            ("hush\u{7f}hush", "contains a control character"),
        ] {
            for command in [
                &["push"][..],
                &["doctor"],
                &["releases"],
                &["audit"],
                &["cors", "show"],
            ] {
                let message = format!("{name} {flaw}\nhint: correct {name}, or unset it\n");
                assert_refused(&run(&site, &[(name, value)], command), &message, "hush");
            }
        }
    }
    for region in ["eu\nwest", "eu west", "evil.example/#", "a@b"] {
        for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
            assert_refused(&run(&site, &[(name, region)], &["push"]), name, region);
        }
    }
    for (variables, half, other) in [
        (&KEYS[..1], KEYS[0].0, KEYS[1].0),
        (&[KEYS[0], (KEYS[1].0, "")], KEYS[0].0, KEYS[1].0),
        (&KEYS[1..], KEYS[1].0, KEYS[0].0),
    ] {
        let alone = site.run_with(variables, &["push"]);
        let told = format!("error: No AWS credentials: {half} is set, but {other} isn't\n");
        assert!(
            alone.code == 1 && alone.stderr.starts_with(&told),
            "{alone}"
        );
    }
    assert!(server.requests().is_empty(), "nothing was sent");
}

/// Credentials from a profile or a program are checked too.
#[test]
fn profile_and_process_credentials_are_checked() {
    let (server, site) = s3();
    fs::create_dir(site.path(".aws")).expect("a folder");
    let program = site.path("credentials");
    let config = format!(
        "[default]\ncredential_process = /bin/cat {}\n",
        program.display()
    );
    fs::write(site.path(".aws/config"), config).expect("written");
    let printed = |json: &str| {
        fs::write(&program, json).expect("written");
        site.run(&["push"])
    };
    let ok =
        printed(r#"{"Version":1,"AccessKeyId":"tester\n","SecretAccessKey":" testsecret\r\n"}"#);
    assert_eq!(ok.code, 0, "{ok}");
    for field in ["AccessKeyId", "SecretAccessKey"] {
        let told = format!(
            "warning: the {field} of the AWS credentials has leading or trailing whitespace"
        );
        assert_eq!(ok.stderr.matches(&told).count(), 1, "{ok}");
    }
    server.clear();
    for (json, told) in [
        (
            r#"{"Version":1,"AccessKeyId":"hush\nhush","SecretAccessKey":"x"}"#,
            "error: The AccessKeyId of the AWS credentials contains a line break\n",
        ),
        (
            r#"{"Version":1,"AccessKeyId":"x","SecretAccessKey":"hush\u0001"}"#,
            "error: The SecretAccessKey of the AWS credentials contains a control character\n",
        ),
        (
            r#"{"Version":1,"AccessKeyId":"x","SecretAccessKey":"x","SessionToken":"hush\rhush"}"#,
            "error: The SessionToken of the AWS credentials contains a line break\n",
        ),
        (r#""hush""#, "error: No AWS credentials"),
        (r#"{"Version":"hush"}"#, "error: No AWS credentials"),
        ("hush", "error: No AWS credentials"),
    ] {
        let run = printed(json);
        assert_eq!(run.code, 1, "{run}");
        assert!(run.stderr.starts_with(told), "no `{told}` in {run}");
        assert!(!run.stderr.contains("hush"), "{run}");
    }
    fs::write(site.path(".aws/config"), "").expect("written");
    fs::write(
        site.path(".aws/credentials"),
        "[default]\naws_access_key_id = tester\naws_secret_access_key = hu\u{1}sh\n",
    )
    .expect("written");
    let run = site.run(&["push"]);
    assert_eq!(run.code, 1, "{run}");
    assert!(
        !run.stderr.contains("sh\n") || !run.stderr.contains("hu\u{1}"),
        "{run}"
    );
    assert!(server.requests().is_empty(), "nothing was sent");
}

/// An endpoint from the environment is used or refused, never replaced by Amazon's.
#[test]
fn environment_endpoint_is_used_or_refused() {
    let (server, _) = s3();
    let site = site("url = \"s3://bucket\"");
    for name in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"] {
        let used = run(
            &site,
            &[(name, &format!("{}\n", server.url()))],
            &["push", "-v"],
        );
        assert_eq!(used.code, 0, "{used}");
        assert!(
            used.stderr
                .contains(&format!("endpoint = {}/ (from {name})", server.url())),
            "{used}"
        );
        for (value, shown) in [
            ("localhost:9000", "localhost:9000"),
            ("127.0.0.1:9", "127.0.0.1:9"),
            ("https://[", "https://["),
            ("https://host:99999", "https://host:99999"),
            ("ftp://host", "ftp://host"),
            ("http://host/?q", "http://host/?…"),
            ("http://key:hush@127.0.0.1:1", "http://…@127.0.0.1:1"),
        ] {
            for command in [
                &["push"][..],
                &["diff"],
                &["url", "a.png"],
                &["doctor"],
                &["cors", "show"],
            ] {
                let told = format!(
                    "{name} is `{shown}`, and must be a URL such as `https://s3.example.org`\n"
                );
                assert_refused(&run(&site, &[(name, value)], command), &told, "hush");
            }
        }
        let empty = run(
            &site,
            &[(name, ""), ("AWS_REGION", "eu-west-1")],
            &["url", "a.png"],
        );
        assert!(
            empty
                .stdout
                .starts_with("https://bucket.s3.eu-west-1.amazonaws.com/"),
            "{empty}"
        );
    }
    let state = self::site("url = \"file:out\"\nstate = \"s3://bucket/state\"");
    assert_refused(
        &run(&state, &[("AWS_ENDPOINT_URL", "::")], &["push"]),
        "AWS_ENDPOINT_URL is `::`",
        "hush",
    );
    assert_eq!(
        run(&state, &[("AWS_ENDPOINT_URL", server.url())], &["push"]).code,
        0
    );
    let local = self::site("url = \"file:out\"");
    assert_eq!(
        run(&local, &[("AWS_ENDPOINT_URL", "::")], &["push"]).code,
        0,
        "S3 isn't asked"
    );
}

/// Google's variables are used or refused.
#[test]
fn google_variables_are_used_or_refused() {
    let server = gcs::Server::start();
    server.bucket("bucket", &[]);
    let token = "a-token-for-the-test-server";
    let on_server = site(&format!(
        "url = \"gs://bucket\"\nendpoint = \"{}\"",
        server.url()
    ));
    let padded = on_server.run_with(
        &[("GOOGLE_OAUTH_ACCESS_TOKEN", &format!("{token}\n"))],
        &["push"],
    );
    assert_eq!(padded.code, 0, "{padded}");
    assert!(
        padded
            .stderr
            .contains("warning: GOOGLE_OAUTH_ACCESS_TOKEN has leading or trailing whitespace"),
        "{padded}"
    );
    for value in ["hush\nhush", "hush\rhush", "hush\u{1}hush"] {
        let run = on_server.run_with(&[("GOOGLE_OAUTH_ACCESS_TOKEN", value)], &["push"]);
        assert_refused(&run, "GOOGLE_OAUTH_ACCESS_TOKEN contains ", "hush");
    }
    let site = site("url = \"gs://bucket\"");
    for (value, shown) in [
        ("https://[", "https://["),
        ("ftp://host", "ftp://host"),
        ("http://u:hush@127.0.0.1:1", "http://…@127.0.0.1:1"),
    ] {
        for command in [&["push"][..], &["url", "a.png"]] {
            let run = site.run_with(&[("STORAGE_EMULATOR_HOST", value)], command);
            assert_refused(
                &run,
                &format!("STORAGE_EMULATOR_HOST is `{shown}`, and must be a URL"),
                "hush",
            );
        }
    }
    let empty = site.run_with(&[("STORAGE_EMULATOR_HOST", "")], &["push"]);
    assert!(
        empty
            .stderr
            .starts_with("error: No Google credentials: none found"),
        "{empty}"
    );
    fs::write(site.path("huge.json"), vec![b' '; 2 << 20]).expect("written");
    let huge = site.run_with(
        &[("GOOGLE_APPLICATION_CREDENTIALS", "huge.json")],
        &["push"],
    );
    assert!(huge.stderr.contains("is larger than 1 MiB"), "{huge}");
}

/// A proxy that cannot be used is an error and is not bypassed.
#[test]
fn unusable_proxy_is_refused() {
    let site = site(&format!("url = \"s3://bucket\"\nendpoint = \"{NOWHERE}\""));
    for name in [
        "HTTP_PROXY",
        "http_proxy",
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
    ] {
        const WRONG: [&str; 7] = [
            "ftp://u:hush@host",
            "https://[",
            "::::",
            "socks5://u:hush@host:1",
            "http://u:hush@host:99999",
            "http://u:hush@:3128",
            "http://u:hush@host\n",
        ];
        // All are read alike.
        let wrong = if name == "http_proxy" {
            &WRONG[..]
        } else {
            &WRONG[..1]
        };
        for &value in wrong {
            let run = run(&site, &[(name, value)], &["push"]);
            assert_refused(&run, &format!("{name} is `"), "hush");
        }
        for value in ["", "127.0.0.1:1", "http://u:hush@127.0.0.1:1"] {
            let run = run(&site, &[(name, value)], &["push"]);
            assert_eq!(run.code, 1, "it's used, and nobody listens: {run}");
            assert!(!format!("{run}").contains("hush"), "{run}");
            let is_told = run.stderr.contains(&format!("the proxy set by {name}"));
            let is_used = !value.is_empty() && !name.to_uppercase().starts_with("HTTPS");
            assert_eq!(is_told, is_used, "{name}={value}: {run}");
        }
    }
}

/// Missing certificates are an error only for servers that need them.
#[test]
fn missing_certificates_fail_only_for_https() {
    for place in ["s3", "gs"] {
        let target = |endpoint| {
            site(&format!(
                "url = \"{place}://bucket\"\nendpoint = \"{endpoint}\""
            ))
        };
        for name in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
            for value in ["/nonexistent", "/dev/null"] {
                let variables = [(name, value), ("GOOGLE_OAUTH_ACCESS_TOKEN", "token")];
                let https = run(&target("https://127.0.0.1:1"), &variables, &["push"]);
                let told = format!(
                    "No CA certificates found where {name} points, so no server can be trusted\n"
                );
                assert_refused(&https, &told, "testsecret");
                let http = run(&target(NOWHERE), &variables, &["push"]);
                assert_eq!(http.code, 1, "{http}");
                assert!(http.stderr.contains("connection refused"), "{http}");
            }
        }
    }
}

/// Variables that are not UTF-8 are refused only where they matter.
#[test]
fn non_utf8_matters_only_where_used() {
    let (_server, site) = s3();
    let run = |name: &str, arguments: &[&str]| {
        let mut command = site.command(arguments);
        command.envs(KEYS).env(name, OsStr::from_bytes(b"a\xffb"));
        Run::of(&mut command, &site.path(""))
    };
    for name in ["UNRELATED", "LC_ALL", "ASSETSYNC_ACTOR", "HOSTNAME"] {
        let run = run(name, &["push"]);
        assert_eq!(run.code, 0, "{name}: {run}");
    }
    for name in [
        "AWS_ACCESS_KEY_ID",
        "AWS_SESSION_TOKEN",
        "AWS_PROFILE",
        "AWS_REGION",
        "HTTPS_PROXY",
        "ASSETSYNC_TARGET",
        "ASSETSYNC_CONFIG",
        "RAYON_NUM_THREADS",
    ] {
        assert_refused(
            &run(name, &["push"]),
            &format!("{name} isn't UTF-8 text\n"),
            "a\u{fffd}b",
        );
    }
    let clap = run("ASSETSYNC_KEY_FILE", &["push"]);
    assert_eq!(clap.code, 2, "{clap}");
    assert!(
        clap.stderr
            .contains("hint: ASSETSYNC_KEY_FILE isn't valid UTF-8: correct it, or unset it\n"),
        "{clap}"
    );
}

/// An invalid number of threads is refused.
#[test]
fn invalid_thread_count_is_refused() {
    let site = site("url = \"file:out\"");
    for value in ["many", "-1", "1025", "99999999999999999999"] {
        let run = run(&site, &[("RAYON_NUM_THREADS", value)], &["push"]);
        assert_refused(
            &run,
            &format!("RAYON_NUM_THREADS is `{value}`\nhint: set it to a number from 0"),
            "hush",
        );
    }
    for value in ["", "0", "1", "3\n"] {
        assert_eq!(
            run(&site, &[("RAYON_NUM_THREADS", value)], &["push"]).code,
            0,
            "{value}"
        );
    }
}

/// Settings from the environment are trimmed.
#[test]
fn environment_settings_are_trimmed() {
    let site = site("url = \"file:out\"");
    let run = run(
        &site,
        &[
            ("ASSETSYNC_TARGET", "prod\n"),
            ("ASSETSYNC_REQUESTS", " 7 "),
        ],
        &["push", "-v"],
    );
    assert_eq!(run.code, 0, "{run}");
    assert!(
        run.stderr
            .contains("requests = 7 (from ASSETSYNC_REQUESTS)\n"),
        "{run}"
    );
    assert!(
        run.stderr
            .contains("warning: ASSETSYNC_TARGET has leading or trailing whitespace"),
        "{run}"
    );
}

/// A time zone that is named in a time is the one that counts.
#[test]
fn named_time_zone_counts() {
    let site = site("url = \"file:out\"");
    let on = |until: &str| site.run(&["live", "on", "prod", "--until", until]);
    let new_york = on("2027-01-18T12:00[America/New_York]");
    assert!(
        new_york.stdout.contains("2027-01-18T17:00:00Z"),
        "{new_york}"
    );
    let nowhere = on("2027-01-18T12:00[Nowhere/Land]");
    assert_refused(
        &nowhere,
        "Invalid time `2027-01-18T12:00[Nowhere/Land]` (--until)\n",
        "hush",
    );
}

/// Amazon is asked for the region, and can't be reached.
#[test]
fn unknown_region_shows_the_reason() {
    let site = Site::new().file("a.png", "a");
    let site = site.config("[target.prod]\nurl = \"s3://hunt\"\n");
    let run = run(&site, &[("HTTPS_PROXY", "http://127.0.0.1:1")], &["push"]);
    assert_eq!(run.code, 1, "{run}");
    let why = "Cannot determine the region of the bucket `hunt`: connection refused\n";
    assert!(run.stderr.contains(why), "{run}");
    assert!(run.stderr.contains("check the network, or set"), "{run}");
}
