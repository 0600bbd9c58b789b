//! Configurations with random mistakes in them: a clear refusal or a run that is fine, never a
//! panic, and no password in what is printed. PROPTEST_CASES makes it a long run.

use std::path::Path;

use assetsync::testing::config::Overrides;
use assetsync::testing::{Config, Error, Wanted};
use proptest::prelude::*;

use crate::support::{KEY, Site, rounds};

const VALID: &str = r#"key_file = "hunt.key"
key_id = "72cdccee6044a45f"
default_target = "local"
extensions = ["glsl"]
prefixes = ["/static/"]
gzip_level = 9
requests = 64
memory_mib = 64
retry_seconds = 300

[[source]]
dir = "assets"
mount = "a/b"
symlinks = "inside"

[[rule]]
match = "**/*.{html,txt}"
names = "readable"
cache_control = "no-cache"
content_type = "text/plain; charset=utf-8"
gzip = "never"
headers = { "content-language" = "en" }
publish = true
rewrite = false
references = ["/pictures/*/src", "img@data-src"]
urls = "relative"
dangling = "warn"
source_maps = "strip"
metadata = "strip"
comments = "keep"
may_name = ["**/solution/[a-c]*"]

[[level]]
name = "solution"
match = "**/solution/**"
held = true
knows = []

[target.local]
url = "file:out"
public_url = "https://cdn.example.org/static/"
access = "bucket"
endpoint = "https://s3.example.org"
region = "us-east-1"
addressing = "path"
state = "file:state"
"#;

/// What people paste into the wrong place, and what breaks programs.
fn odd_values() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "",
            " ",
            "\\u0000",
            "\\u202e",
            "\\n",
            "é",
            "**",
            "[",
            "[[:x:]]",
            "{",
            "-1",
            "0",
            "1e9",
            "99999999999999999999",
            "0x10",
            "inf",
            "1979-05-27",
            "true",
            "[]",
            "{}",
            "~",
            "~/x",
            "missing",
            "a:b",
            "file:",
            "file:a\\u0000b",
            "s3://",
            "s3://a b",
            "s3://KEY:pa55word@hunt",
            "gs://u:pa55word@hunt",
            "https://[",
            "https://u:pa55word@h/",
            "https://h:99999/",
            "//",
            "KEY:pa55word@hunt",
            "#",
            "%ff",
            "$(id)",
        ])
        .prop_map(String::from),
        ("[a{?*,\\[]", 1usize..30_000).prop_map(|(text, times)| text.repeat(times)),
        ("[a{?*,\\[-]{0,8}", 1usize..3_000).prop_map(|(text, times)| text.repeat(times)),
        any::<String>().prop_map(|text| text.replace(['"', '\\', '\n'], "")),
    ]
}

/// One thing done to a text; places are taken modulo what there is.
#[derive(Debug, Clone)]
enum Mistake {
    /// Another value in quotes.
    Value(usize, String),
    /// Another value, without quotes.
    Bare(usize, String),
    /// A line twice, or away.
    Twice(usize),
    Gone(usize),
    /// Something in the middle, or away.
    Inserted(usize, String),
    Cut(usize, usize),
}

fn mistakes() -> impl Strategy<Value = Mistake> {
    let place = 0usize..10_000;
    prop_oneof![
        4 => (place.clone(), odd_values()).prop_map(|(at, value)| Mistake::Value(at, value)),
        2 => (place.clone(), odd_values()).prop_map(|(at, value)| Mistake::Bare(at, value)),
        1 => place.clone().prop_map(Mistake::Twice),
        1 => place.clone().prop_map(Mistake::Gone),
        1 => (place.clone(), odd_values()).prop_map(|(at, value)| Mistake::Inserted(at, value)),
        1 => (place, 1usize..80).prop_map(|(at, length)| Mistake::Cut(at, length)),
    ]
}

fn with(text: &str, mistake: &Mistake) -> String {
    let mut lines: Vec<String> = text.lines().map(String::from).collect();
    if lines.is_empty() {
        return text.to_string();
    }
    let line = |at: &usize| at % lines.len();
    match mistake {
        Mistake::Value(at, value) => set(&mut lines, *at, &format!("\"{value}\"")),
        Mistake::Bare(at, value) => set(&mut lines, *at, value),
        Mistake::Twice(at) => {
            let at = line(at);
            lines.insert(at, lines[at].clone());
        }
        Mistake::Gone(at) => drop(lines.remove(line(at))),
        Mistake::Inserted(at, value) => {
            let at = text.floor_char_boundary(at % (text.len() + 1));
            return format!("{}{value}{}", &text[..at], &text[at..]);
        }
        Mistake::Cut(at, length) => {
            let from = text.floor_char_boundary(at % (text.len() + 1));
            let to = text.floor_char_boundary((from + length).min(text.len()));
            return format!("{}{}", &text[..from], &text[to..]);
        }
    }
    lines.join("\n") + "\n"
}

/// Gives one of the lines that have a value another one. The source stays, so that nobody's disk is
/// walked.
fn set(lines: &mut [String], at: usize, value: &str) {
    let has_value = |line: &&mut String| line.contains(" = ") && !line.starts_with("dir");
    let mut those: Vec<&mut String> = lines.iter_mut().filter(has_value).collect();
    let count = those.len().max(1);
    if let Some(line) = those.get_mut(at % count) {
        let name = line.split(" = ").next().unwrap_or_default().to_string();
        **line = format!("{name} = {value}");
    }
}

fn wrong_configurations() -> impl Strategy<Value = String> {
    let mistakes = prop::collection::vec(mistakes(), 1..4);
    mistakes.prop_map(|all| {
        all.iter()
            .fold(VALID.to_string(), |text, one| with(&text, one))
    })
}

#[test]
fn the_configuration_without_mistakes_is_fine() {
    let site = Site::bare()
        .file("a.html", "")
        .file("b/solution/c.html", "")
        .raw_config(VALID);
    site.ok(&["push"]);
}

proptest! {
    #![proptest_config(rounds(1_000))]

    /// A configuration error points at a line and column that exist.
    #[test]
    fn config_errors_point_inside_the_file(text in wrong_configurations()) {
        // A folder that is there.
        let text = text.replace("\"assets\"", "\"src\"");
        let parsed = Config::parse(Path::new("x.toml"), &text, &Overrides::new(), Wanted::Targets(&[]));
        if let Err(error) = parsed {
            prop_assert_eq!(error.exit_code(), 2, "{}", error);
            let told = format!("{error} {:?}", error.hint());
            prop_assert!(!told.contains("pa55word"), "{}", told);
            if let Error::Config { line, column, .. } = error {
                prop_assert!(line <= 1 + text.matches('\n').count() && line > 0 && column > 0);
            }
        }
    }
}

proptest! {
    #![proptest_config(rounds(40))]

    /// A broken configuration exits with a known code and leaks no secret.
    #[test]
    fn broken_config_exits_cleanly(text in wrong_configurations()) {
        let site = Site::bare().file("a.html", "").file("b/solution/c.html", "").raw_config(&text);
        for command in [&["-v", "diff"][..], &["push", "--json"]] {
            let run = site.run(command);
            // Another key is refused, and so is a tree without files.
            prop_assert!([0, 2, 3].contains(&run.code), "{}", run);
            let printed = format!("{run}");
            prop_assert!(!printed.contains("pa55word") && !printed.contains(KEY) && !printed.contains("panicked"), "{}", printed);
        }
    }
}
