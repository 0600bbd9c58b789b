//! Failures that are alike are told together, and each tells what visitors see.

use super::*;
use crate::support::proxy::Fault::Answer;

const UNCHANGED: &str = "what visitors see is unchanged";

/// So many pictures with names and content of their own.
fn pictures(n: usize) -> Site {
    let site = Site::new();
    for number in 0..n {
        site.write(&format!("{number:03}.png"), format!("picture {number}"));
    }
    site
}

fn told<'r>(run: &'r Run, start: &str) -> Vec<&'r str> {
    run.stderr
        .lines()
        .filter(|line| line.starts_with(start))
        .collect()
}

/// A hundred failures of one cause are one line and one hint.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn failures_alike_are_one_line() {
    let (denied, odd) = (
        Reply::error(403, "AccessDenied", "Access Denied"),
        Reply::error(400, "InvalidArgument", "Invalid Argument"),
    );
    for (answer, is_fatal) in [(odd, false), (denied, true)] {
        let rule = Rule::new("PUT", ".png", Answer(answer)).always();
        let stage = Stage::new(pictures(100), [rule]);
        let run = stage.run(&mut stage.program(&["push", "--requests", "100"]));
        assert_eq!(run.code, 1, "{run}");
        let [line] = told(&run, "failed")[..] else {
            panic!("one line for all: {run}")
        };
        let n = line.split(' ').nth(1).expect("a number");
        let n: usize = n.parse().expect("a number");
        assert!(n == 100 || (is_fatal && n > 3), "{run}");
        let paths = line.matches(".png").count();
        assert_eq!(
            paths, 4,
            "three paths, and that of the first message: {line}"
        );
        assert!(told(&run, "hint").len() <= 1, "{run}");
        assert!(run.stderr.contains(UNCHANGED), "{run}");

        let run = stage.run(&mut stage.program(&["push", "--json", "--requests", "100"]));
        let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
        let failures = report["failures"].as_array().expect("a list");
        assert!(failures.len() == 100 || is_fatal, "all of them: {run}");
    }
}

/// Failures of several causes have a line each.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn different_failures_have_own_lines() {
    let rules = [
        Rule::new(
            "PUT",
            ".png",
            Answer(Reply::error(400, "InvalidArgument", "Invalid")),
        )
        .always(),
        Rule::new(
            "PUT",
            ".txt",
            Answer(Reply::error(400, "EntityTooLarge", "Too large")),
        )
        .always(),
    ];
    let site = pictures(2).file("a.txt", "a").file("b.txt", "b");
    let stage = Stage::new(site, rules);
    let run = stage.run(&mut stage.program(&["push"]));
    let lines = told(&run, "failed");
    assert_eq!(lines.len(), 2, "{run}");
    assert!(
        lines[0].starts_with("failed 2 objects (000.png, 001.png): "),
        "{run}"
    );
    assert!(
        lines[1].starts_with("failed 2 objects (a.txt, b.txt): "),
        "{run}"
    );
}

/// A failure before the switch says that visitors see no change.
#[test]
fn early_failure_reassures_about_visitors() {
    let site = || Site::new().file("a.png", "a");
    let config = "[target.local]\nurl = \"file:out\"\n";
    let rows: Vec<(&str, Site, Vec<&str>)> = vec![
        (
            "a mistake in the configuration",
            site().config("oops = 1\n"),
            vec!["push"],
        ),
        ("no such target", site(), vec!["push", "nowhere"]),
        (
            "a broken tree",
            site().file("b.html", "<img src=gone.png>"),
            vec!["push"],
        ),
        ("nothing to publish", Site::new(), vec!["push"]),
        (
            "no key",
            site().config(config).file("k", ""),
            vec!["push", "--key-file", "none"],
        ),
        (
            "no credentials",
            site(),
            vec![
                "push",
                "--from",
                "assets",
                "--to",
                "s3://nobody-s-bucket",
                "--region",
                "us-east-1",
            ],
        ),
        (
            "nobody answers",
            site(),
            vec![
                "push",
                "--from",
                "assets",
                "--to",
                "s3://b",
                "--endpoint",
                "http://127.0.0.1:9",
                "--retry-seconds",
                "1",
            ],
        ),
        ("nothing to go back to", site(), vec!["rollback"]),
    ];
    let environment = [
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret of the key"),
    ];
    for (what, site, arguments) in rows {
        let run = match what {
            "nobody answers" => site.run_with(&environment, &arguments),
            _ => site.run(&arguments),
        };
        assert_ne!(run.code, 0, "{what}\n{run}");
        assert!(run.stderr.trim_end().ends_with(UNCHANGED), "{what}\n{run}");
    }
    // What publishes nothing says nothing of it.
    let run = Site::new().run(&["diff"]);
    assert!(run.code != 0 && !run.stderr.contains(UNCHANGED), "{run}");
}

/// A failure after the switch does not say that visitors see no change.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn late_failure_does_not_reassure() {
    let rules = "[[rule]]\nmatch = \"*.html\"\nnames = \"plain\"\n";
    let site = Site::new().config(rules).file("page.html", "a page");
    let denied = Reply::error(403, "AccessDenied", "Access Denied");
    let stage = Stage::new(
        site,
        [Rule::new("PUT", "page.html", Answer(denied)).always()],
    );
    let run = stage.run(&mut stage.program(&["push"]));
    assert_eq!(run.code, 1, "{run}");
    assert!(!run.stderr.contains(UNCHANGED), "{run}");
    let told = [
        "release 2",
        "some of its plain names aren't written yet",
        "resolve --to",
    ];
    let stderr = format!("{}{}", run.stderr, run.stdout);
    assert!(told.iter().all(|words| stderr.contains(words)), "{run}");
}

/// Of several targets, the failed one is told from those that were switched before.
#[test]
fn failed_target_lists_switched_ones() {
    let two = "[target.one]\nurl = \"file:one\"\n[target.two]\nurl = \"file:two\"\n";
    let site = Site::new().config(two).file("a.png", "a");
    let url = site.ok(&["url", "a.png", "--target", "two"]);
    let name = url
        .trim_end()
        .rsplit('/')
        .next()
        .expect("a name")
        .to_string();
    fs::create_dir_all(site.path("two").join(name)).expect("in the way");
    let run = site.run(&["push", "one", "two"]);
    assert_eq!(run.code, 1, "{run}");
    assert!(run.stdout.contains("(the first): 1 added"), "{run}");
    let told = format!("{UNCHANGED}, except on one (already switched to another release)");
    assert!(
        run.stderr.contains("error: two (") && run.stderr.contains(&told),
        "{run}"
    );
}
