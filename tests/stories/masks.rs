//! Passwords in URLs: whoever writes one anywhere, it's in nothing that is printed, and where
//! credentials belong is told.

use crate::support::{Run, Site};

const PASSWORD: &str = "pa55word";

/// URLs with credentials in them, as people write them.
const URLS: [&str; 9] = [
    "s3://KEY:pa55word@hunt/static",
    "s3://KEY:pa55word/with+slash@hunt/static",
    "s3://KEY:12/pa55word@hunt",
    "s3:KEY:pa55word@hunt",
    "gs://user:pa55word@hunt",
    "https://user:pa55word@hunt.example.org/",
    "https://:pa55word@hunt.example.org/",
    "https://user:p@pa55word@hunt.example.org/",
    "KEY:pa55word@hunt",
];

/// A site with one target whose table has `line`.
fn site(line: &str) -> Site {
    let site = Site::bare().file("a.png", "a");
    site.config(&format!("[target.local]\n{line}\n"))
}

/// Bad usage, and no password.
fn assert_masked(run: &Run, what: &str) {
    assert_eq!(run.code, 2, "{what}: {run}");
    let all = format!("{}{}", run.stdout, run.stderr);
    assert!(
        !all.contains(PASSWORD) && !all.contains("slash@"),
        "{what}: {run}"
    );
}

fn assert_explained(run: &Run, what: &str) {
    assert_masked(run, what);
    let told = "hint: put credentials into the environment or a profile, not into a URL: ";
    assert!(run.stderr.contains(told), "{what}: {run}");
}

/// A password in a setting is masked, and the error says where it belongs.
#[test]
fn password_in_setting_is_masked() {
    for url in URLS {
        let in_file = [
            format!("url = \"{url}\""),
            format!("url = \"file:out\"\nstate = \"{url}\""),
            format!("url = \"file:out\"\nendpoint = \"{url}\""),
            format!("url = \"file:out\"\npublic_url = \"{url}\""),
        ];
        for line in in_file {
            for command in [
                &["push"][..],
                &["-v", "diff"],
                &["push", "--json"],
                &["doctor"],
            ] {
                assert_explained(&site(&line).run(command), &format!("{line} {command:?}"));
            }
        }
        let local = site("url = \"file:out\"");
        for (flag, variable) in [
            ("--to", "ASSETSYNC_TO"),
            ("--state", "ASSETSYNC_STATE"),
            ("--endpoint", "ASSETSYNC_ENDPOINT"),
            ("--public-url", "ASSETSYNC_PUBLIC_URL"),
        ] {
            assert_explained(&local.run(&["-v", "push", flag, url]), flag);
            assert_explained(
                &local.run_with(&[(variable, url)], &["-v", "push"]),
                variable,
            );
        }
    }
}

/// A password is masked where no URL belongs, too.
#[test]
fn password_outside_url_setting_is_masked() {
    let local = site("url = \"file:out\"");
    for url in URLS.iter().filter(|url| url.contains("://")) {
        for arguments in [
            &["push", url][..],
            &["push", "local", url],
            &["push", "local", "--to", url],
            &["-v", "push", "--target", url],
            &["rollback", url],
            &["push", "--from", url],
            &["push", "--key-file", url],
            &["push", "-c", url],
            &["push", "-C", url],
            &["manifest", "--level", url],
            &["push", "--unlock", url],
            &["push", "--overwrite-live", url],
            &["live", "on", "--until", url],
        ] {
            assert_masked(&local.run(arguments), &format!("{arguments:?}"));
        }
        for variable in ["ASSETSYNC_TARGET", "ASSETSYNC_CONFIG", "ASSETSYNC_FROM"] {
            assert_masked(
                &local.run_with(&[(variable, url)], &["-v", "push"]),
                variable,
            );
        }
        for config in [
            format!("prefixes = [\"{url}\"]\n"),
            format!("default_target = \"{url}\"\n"),
            format!("\"{url}\" = 1\n"),
        ] {
            let site = Site::bare().file("a.png", "a");
            let rest = "key_file = \"hunt.key\"\n[[source]]\ndir = \"assets\"\n[target.local]\nurl = \"file:out\"\n";
            assert_masked(
                &site.raw_config(&format!("{config}{rest}")).run(&["push"]),
                &config,
            );
        }
        assert_masked(&local.run(&["init", url]), url);
        assert_masked(&local.run(&["push", &format!("--requests={url}")]), url);
        assert_masked(&local.run(&["push", &format!("--nothing={url}")]), url);
        let name = format!("[target.\"{url}\"]\nurl = \"file:out\"\n");
        assert_masked(
            &Site::bare().file("a.png", "a").config(&name).run(&["push"]),
            &name,
        );
    }
}

/// An at sign in a name is not taken for a password.
#[test]
fn at_sign_in_name_stays() {
    let site = site(
        "url = \"file:out@home:x\"\nstate = \"file:kept\"\npublic_url = \"https://cdn.example.org/a@2x/\"",
    );
    let site = site.file("team@2x.html", "");
    site.ok(&["push"]);
    let url = site.ok(&["url", "a.png"]);
    assert!(url.starts_with("https://cdn.example.org/a@2x/"), "{url}");
}

/// Keys as people paste them, none of them anybody's.
const KEYS: [&str; 3] = [
    "58fd0e4fa3de0bd1c7c2a9ef71b0943c21d7be6a",
    "zQ7v/8sZk2Lw7RtYb5XcJ1mPd9Fg4KaEx0Tu6iOz",
    "Jx3vN8sZk2Lw7RtYb5XcJ1mPd9Fg4KaEx0Tu6iOzVq0=",
];

/// A key that is pasted anywhere appears in no output.
#[test]
fn pasted_key_is_never_printed() {
    for key in KEYS {
        let site = site("url = \"file:out\"");
        let option = format!("--{key}");
        let to = format!("s3://{key}");
        let bucket = format!("s3://hunt/a?b={key}");
        for arguments in [
            &["push", key][..],
            &["push", "--target", key],
            &["push", "--to", key],
            &["push", "--to", &to],
            &["push", "--state", &bucket],
            &["push", "-c", key],
            &["push", &option],
            &["push", "--unlock", key],
            &["rollback", "local", key],
            &["-C", key, "push"],
            &[key],
        ] {
            let run = site.run(arguments);
            assert_ne!(run.code, 0, "{arguments:?}: {run}");
            let all = format!("{}{}", run.stdout, run.stderr);
            assert!(
                !all.contains(&key[4..16]) && !all.contains(&key[20..36]),
                "{arguments:?}: {run}"
            );
        }
        for name in ["ASSETSYNC_TARGET", "ASSETSYNC_STATE", "AWS_ENDPOINT_URL"] {
            let run = site.run_with(&[(name, key)], &["push", "--to", "s3://hunt"]);
            assert_ne!(run.code, 0, "{name}: {run}");
            let all = format!("{}{}", run.stdout, run.stderr);
            assert!(!all.contains(&key[20..36]), "{name}: {run}");
        }
    }
}

/// The query of a URL is masked.
#[test]
fn url_query_is_masked() {
    for query in [
        "X-Amz-Signature=pa55word&X-Amz-Date=1",
        "token=pa55word",
        "a=1&sig=pa55word#pa55word",
        "pa55word",
    ] {
        let endpoint = format!("https://storage.example/?{query}");
        for line in [
            format!("url = \"s3://hunt?{query}\""),
            format!("url = \"s3://hunt\"\nendpoint = \"{endpoint}\""),
            format!("url = \"file:out\"\npublic_url = \"{endpoint}\""),
        ] {
            assert_masked(&site(&line).run(&["push"]), &line);
        }
        let variables = [("AWS_ENDPOINT_URL", endpoint.as_str())];
        let run = site("url = \"s3://hunt\"").run_with(&variables, &["push"]);
        assert_masked(&run, query);
    }
}
