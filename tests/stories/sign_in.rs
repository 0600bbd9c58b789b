//! Where credentials come from: what is set up and fails is named, with what it answered, and no
//! secret.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;

use serde_json::json;

use crate::support::s3::Bucket;
use crate::support::{Run, Site};

const TOKEN: &str = "eyJhbGciOiJub25lIn0.c2VjcmV0IHRva2Vu.c2lnbmF0dXJl";
const ROLE: &str = "arn:aws:iam::123456789012:role/deploy";

/// A server that gives every request this answer.
fn server(status: u16, body: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let answer = format!(
        "HTTP/1.1 {status} Said\r\ncontent-type: text/xml\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let read = stream.read(&mut [0; 16_384]).expect("a request");
            assert!(read > 0);
            stream.write_all(answer.as_bytes()).expect("sent");
        }
    });
    url
}

fn refusal(code: &str, message: &str) -> String {
    format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    )
}

/// A site that publishes to a server that is never reached.
fn site() -> Site {
    let config = "[target.prod]\nurl = \"s3://hunt\"\nendpoint = \"http://127.0.0.1:9\"\n";
    Site::new()
        .config(config)
        .file("map.png", "a map")
        .private("token", TOKEN)
}

/// Runs a push that must fail, and say all of this but none of the secrets.
fn fails(site: &Site, variables: &[(&str, &str)], says: &[&str]) -> Run {
    let run = site.run_with(variables, &["push", "prod", "--retry-seconds", "1"]);
    assert_eq!(run.code, 1, "{run}");
    for part in says {
        assert!(run.stderr.contains(part), "{part}: {run}");
    }
    for secret in [TOKEN, "wJalrXUtnFEMIK7MDENG", "panicked"] {
        assert!(!run.stderr.contains(secret), "{secret}: {run}");
    }
    assert!(!run.stderr.contains("searched AWS_ACCESS_KEY_ID"), "{run}");
    run
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

// ---- Amazon

/// A refused web identity is reported with the server's answer.
#[test]
fn refused_web_identity_shows_answer() {
    let site = site();
    let token = site.path("token");
    let cases = [
        (
            403,
            refusal(
                "AccessDenied",
                "Not authorized to perform sts:AssumeRoleWithWebIdentity",
            ),
            "AccessDenied: Not authorized to perform",
        ),
        (
            400,
            refusal(
                "ExpiredTokenException",
                "Token expired: current date/time must be before",
            ),
            "ExpiredTokenException: Token expired",
        ),
        (
            400,
            refusal("ValidationError", "Request ARN is invalid"),
            "ValidationError: Request ARN",
        ),
        (
            502,
            format!("<html>{TOKEN} {}</html>", "x".repeat(5_000)),
            "STS request failed with 502",
        ),
        (200, "not what was asked for".to_string(), "failed to parse"),
    ];
    for (status, body, says) in cases {
        let sts = server(status, &body);
        for variable in ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"] {
            let variables = [
                ("AWS_WEB_IDENTITY_TOKEN_FILE", text(&token)),
                ("AWS_ROLE_ARN", ROLE),
                (variable, &*sts),
            ];
            let source = "from web identity (AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN): ";
            let run = fails(&site, &variables, &[source, says, "trust policy"]);
            assert!(run.stderr.len() < 1_000, "{run}");
        }
    }
    let nobody = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", text(&token)),
        ("AWS_ROLE_ARN", ROLE),
        ("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9"),
    ];
    fails(&site, &nobody, &["from web identity", "connection refused"]);
}

/// A missing token file and a missing role are reported.
#[test]
fn missing_token_or_role_is_reported() {
    let site = site().private("empty", "\n");
    let (token, empty, gone) = (site.path("token"), site.path("empty"), site.path("gone"));
    let role = ("AWS_ROLE_ARN", ROLE);
    let file = |path| ("AWS_WEB_IDENTITY_TOKEN_FILE", path);
    fails(
        &site,
        &[file(text(&gone)), role],
        &["from web identity", "gone", "no such file or directory"],
    );
    fails(
        &site,
        &[file(text(&empty)), role],
        &["from web identity", "empty"],
    );
    fails(
        &site,
        &[file(text(&token))],
        &["AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN isn't"],
    );
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn a_web_identity_publishes() {
    let bucket = Bucket::on_moto();
    let site = site();
    let token = site.path("token");
    let url = bucket.url();
    let arguments = bucket.typed(&["push", "--allow-exposed"], &url);
    let variables = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", text(&token)),
        ("AWS_ROLE_ARN", ROLE),
        ("AWS_ENDPOINT_URL_STS", &*bucket.endpoint),
    ];
    let run = site.run_with(&variables, &arguments);
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(bucket.keys().len(), 1);
    // The same by a profile.
    let config = format!(
        "[profile ci]\nrole_arn = {ROLE}\nweb_identity_token_file = {}\n",
        text(&token)
    );
    let site = site.private("config", &config);
    let config = site.path("config");
    let variables = [
        ("AWS_CONFIG_FILE", text(&config)),
        ("AWS_PROFILE", "ci"),
        ("AWS_ENDPOINT_URL_STS", &*bucket.endpoint),
    ];
    site.write("map.png", "a better map");
    let run = site.run_with(&variables, &arguments);
    assert_eq!(run.code, 0, "{run}");
}

/// A profile that cannot deliver its credentials is reported.
#[test]
fn failing_profile_is_reported() {
    let sso = "sso_account_id = 123456789012\nsso_role_name = Deploy\n";
    let config = format!(
        "[profile old]\n{sso}sso_start_url = https://team.awsapps.com/start\nsso_region = eu-west-1\n\
         [profile new]\n{sso}sso_session = team\n[sso-session team]\nsso_start_url = https://team.awsapps.com/start\nsso_region = eu-west-1\n\
         [profile role]\nrole_arn = {ROLE}\nsource_profile = old\n\
         [profile half]\naws_access_key_id = AKIDEXAMPLE\n\
         [profile fails]\ncredential_process = sh fails.sh\n\
         [profile garbage]\ncredential_process = sh garbage.sh\n\
         [profile nothing]\nregion = eu-west-1\n"
    );
    let secret = "wJalrXUtnFEMIK7MDENG";
    let site = site()
        .private("config", &config)
        .private("fails.sh", "echo 'the vault is sealed' >&2; exit 3\n")
        .private("garbage.sh", &format!("printf '%s' '\"{secret}\"'\n"));
    let file = site.path("config");
    let says = |profile: &str, says: &[&str]| {
        let variables = [("AWS_CONFIG_FILE", text(&file)), ("AWS_PROFILE", profile)];
        fails(&site, &variables, says)
    };
    for profile in ["old", "new"] {
        let login = format!("`aws sso login --profile {profile}`");
        says(
            profile,
            &[
                "from single sign-on (the profile `",
                "No valid SSO token found",
                &login,
            ],
        );
    }
    says(
        "role",
        &[
            "assumes a role",
            "aws configure export-credentials --profile role",
        ],
    );
    says(
        "half",
        &["from the profile `half`", "aws_secret_access_key"],
    );
    says(
        "fails",
        &[
            "from `credential_process` (the profile `fails`)",
            "status 3",
            "the vault is sealed",
        ],
    );
    says(
        "garbage",
        &["from `credential_process` (the profile `garbage`)"],
    );
    says(
        "gone",
        &[
            "profile `gone` not found (AWS_PROFILE)",
            "aws configure list-profiles",
        ],
    );

    let broken = site.path("broken");
    std::fs::write(&broken, "[profile ci\naws_access_key_id\n").expect("written");
    let variables = [("AWS_CONFIG_FILE", text(&broken))];
    fails(&site, &variables, &["broken` isn't a valid profile file"]);

    // Nothing is set up: this is another thing.
    let variables = [("AWS_CONFIG_FILE", text(&file)), ("AWS_PROFILE", "nothing")];
    let run = site.run_with(&variables, &["push", "prod"]);
    assert!(
        run.stderr
            .contains("No AWS credentials: none found\nhint: searched"),
        "{run}"
    );
}

/// An expired login isn't taken for none, and a role of the machine isn't used in its stead.
#[test]
fn expired_login_is_reported() {
    let config = "[default]\nsso_account_id = 1\nsso_role_name = Deploy\nsso_session = team\n[sso-session team]\nsso_region = eu-west-1\n";
    let site = site().private("config", config);
    let cache = site.path(".aws/sso/cache");
    std::fs::create_dir_all(&cache).expect("a folder");
    // sha1 of `team`.
    let token = json!({"accessToken": TOKEN, "expiresAt": "2020-01-01T00:00:00Z"});
    let name = "d25187dc137f35c88bc80ec8c3ffbdb17b5eb873.json";
    std::fs::write(cache.join(name), token.to_string()).expect("written");
    let config = site.path("config");
    let variables = [("AWS_CONFIG_FILE", text(&config))];
    fails(
        &site,
        &variables,
        &[
            "from single sign-on (the profile `default`)",
            "`aws sso login --profile default`",
        ],
    );
}

/// A refusal by a container's credential endpoint is reported with its answer.
#[test]
fn container_refusal_is_reported() {
    let site = site();
    let denied = format!("{}/role", server(403, "this task has no role"));
    let variables = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", &*denied)];
    fails(
        &site,
        &variables,
        &[
            "from the container (AWS_CONTAINER_CREDENTIALS_*)",
            "this task has no role",
        ],
    );
}

// ---- Google

/// Google credentials that are configured but unusable are reported.
#[test]
fn unusable_google_credentials_are_reported() {
    let key = json!({"type": "service_account", "client_email": "a@b.example", "private_key_id": "1", "private_key": "wJalrXUtnFEMIK7MDENG"});
    let config = "[target.prod]\nurl = \"gs://hunt\"\n";
    let site = Site::new()
        .config(config)
        .file("map.png", "a map")
        .private("broken.json", "{\"type\": \"service_")
        .private("half.json", "{\"type\": \"service_account\"}")
        .private("key.json", &key.to_string());
    let path = |name: &str| text(&site.path(name)).to_string();
    let variable = "GOOGLE_APPLICATION_CREDENTIALS";
    fails(
        &site,
        &[(variable, &path("gone.json"))],
        &["gone.json`", "no such file or directory"],
    );
    fails(
        &site,
        &[(variable, &path("broken.json"))],
        &["broken.json` isn't a credentials file"],
    );
    fails(
        &site,
        &[(variable, &path("half.json"))],
        &["No Google credentials from `", "half.json`"],
    );
    fails(
        &site,
        &[(variable, &path("key.json"))],
        &["No Google credentials from `", "key.json`"],
    );

    let metadata = server(403, "no service account here");
    let host = metadata.trim_start_matches("http://");
    fails(
        &site,
        &[("GCE_METADATA_HOST", host)],
        &["No Google credentials from the metadata server: "],
    );
}

/// What a CI has in its environment isn't a helper's.
#[test]
fn credential_process_gets_no_secrets() {
    let site = site()
        .private(
            "config",
            "[profile ci]\ncredential_process = sh helper.sh\n",
        )
        .private("helper.sh", "env > seen; echo 'sealed' >&2; exit 3\n");
    let file = site.path("config");
    let secrets = [
        ("ASSETSYNC_ACTOR", "ann"),
        ("GITHUB_TOKEN", "ghs_1"),
        ("ACTIONS_RUNTIME_TOKEN", "ey1"),
        ("CI_JOB_TOKEN", "glcbt-1"),
        ("HUNT_WEBHOOK", "https://chat.example/hook"),
        ("CONJUR_AUTHN_API_KEY", "c1"),
    ];
    let settings = [
        ("AWS_CONFIG_FILE", text(&file)),
        ("AWS_PROFILE", "ci"),
        ("XDG_CONFIG_HOME", "/home/ann/.config"),
        ("VAULT_TOKEN", "hvs.1"),
    ];
    let seen = |further: &[(&str, &str)]| {
        fails(
            &site,
            &[&secrets[..], &settings, further].concat(),
            &["sealed"],
        );
        let seen = std::fs::read_to_string(site.path("seen")).expect("it ran");
        seen.lines()
            .filter_map(|line| Some(line.split_once('=')?.0.to_string()))
            .collect::<Vec<_>>()
    };
    let names = seen(&[]);
    for (name, _) in settings.iter().chain(&[("PATH", ""), ("HOME", "")]) {
        assert!(names.iter().any(|seen| seen == name), "{name}: {names:?}");
    }
    for (name, _) in secrets {
        assert!(!names.iter().any(|seen| seen == name), "{name}: {names:?}");
    }
    let names = seen(&[(
        "ASSETSYNC_HELPER_ENV",
        "CONJUR_AUTHN_API_KEY, ASSETSYNC_ACTOR",
    )]);
    assert!(
        names.iter().any(|seen| seen == "CONJUR_AUTHN_API_KEY"),
        "{names:?}"
    );
    assert!(
        !names.iter().any(|seen| seen.starts_with("ASSETSYNC_")),
        "{names:?}"
    );
}
