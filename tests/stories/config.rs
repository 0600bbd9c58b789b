//! Mistakes in `assetsync.toml`, each told at its file, line and column, with the nearest valid
//! name.

use std::fs;

use crate::support::{Run, Site};

const LOCAL: &str = "[target.local]\nurl = \"file:out\"\n";

/// Lines at the top of a configuration that is fine otherwise.
fn at_the_top(lines: &str) -> String {
    format!("key_file = \"hunt.key\"\n{lines}\n\n[[source]]\ndir = \"assets\"\n\n{LOCAL}")
}

/// Lines of a `[[source]]`.
fn in_a_source(lines: &str) -> String {
    format!("key_file = \"hunt.key\"\n\n[[source]]\n{lines}\n\n{LOCAL}")
}

/// Lines of a `[[rule]]`, the second one.
fn in_a_rule(lines: &str) -> String {
    let rule = "[[rule]]\nmatch = \"*.txt\"\n\n[[rule]]\n";
    format!("key_file = \"hunt.key\"\n\n[[source]]\ndir = \"assets\"\n\n{rule}{lines}\n\n{LOCAL}")
}

/// Lines of the target that is used.
fn in_a_target(lines: &str) -> String {
    format!("key_file = \"hunt.key\"\n\n[[source]]\ndir = \"assets\"\n\n[target.local]\n{lines}\n")
}

/// What `push` says of a configuration, without the `▸` in it.
fn push(config: &str) -> Run {
    let site = Site::bare()
        .file("a.png", "a")
        .raw_config(&config.replace('▸', ""));
    let run = site.run(&["push"]);
    assert!(run.code == 0 || !site.path("out").exists(), "{run}");
    run
}

/// `assetsync.toml:LINE:COLUMN` of the `▸`.
fn place(config: &str) -> String {
    let before = config.split('▸').next().expect("it's always there");
    assert_ne!(before, config, "a row needs a ▸");
    let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
    let line = before.matches('\n').count() + 1;
    format!("assetsync.toml:{line}:{column}")
}

/// Returns what stands behind so many columns, of which letters of Chinese and pictures take two
/// each.
fn behind(line: &str, columns: usize) -> String {
    let width = |c: char| if c >= '\u{1100}' { 2 } else { 1 };
    let mut at = 0;
    let is_before = |c: &char| {
        at += width(*c);
        at <= columns
    };
    line.chars().skip_while(is_before).collect()
}

/// Returns what was told without the lines of the file below it, and what stands above the first
/// caret in these.
fn parted(told: &str) -> (String, Option<String>) {
    let is_shown = |line: &&str| {
        let (number, _) = line.split_once('|').unwrap_or(("x", ""));
        number.chars().all(|c| c == ' ' || c.is_ascii_digit())
    };
    let (shown, rest): (Vec<&str>, Vec<&str>) = told.lines().partition(is_shown);
    let above = match shown[..] {
        [_, line, carets] => carets.find('^').map(|at| behind(line, at)),
        _ => None,
    };
    (rest.iter().map(|line| format!("{line}\n")).collect(), above)
}

/// Every mistake is told at its place, with its line and a caret, and the exit code is 2. After
/// each mistake stand `=` and what is said of it, where `…` stands for a list of all names, and `?`
/// and the hint, if there is one.
#[track_caller]
fn assert_told(within: fn(&str) -> String, mistakes: &str) {
    let mut wrong = String::new();
    for mistake in mistakes.trim_matches('\n').split("\n\n") {
        let is_toml = |line: &&str| !line.starts_with("= ") && !line.starts_with("? ");
        let toml: Vec<&str> = mistake
            .lines()
            .map(str::trim_start)
            .filter(is_toml)
            .collect();
        let config = within(&toml.join("\n"));
        let told: Vec<String> = mistake
            .lines()
            .filter_map(|line| match line.trim_start().split_once(' ')? {
                ("=", message) => Some(format!("error: {}: {message}", place(&config))),
                ("?", hint) => Some(format!("hint: {hint}")),
                _ => None,
            })
            .collect();
        let run = push(&config);
        let (said, above) = parted(&run.told());
        let is_told = said.lines().count() == told.len()
            && said
                .lines()
                .zip(&told)
                .all(|(line, told)| match told.strip_suffix('…') {
                    Some(start) => line.starts_with(start),
                    None => line == told,
                });
        // Of a longer line, what isn't a secret or a control character.
        let meant = config.split('▸').nth(1).unwrap_or_default();
        let meant: String = meant
            .chars()
            .take_while(|c| !"@?\r\n\u{7}".contains(*c))
            .collect();
        let is_missing = told[0].contains("there is no [[source]]");
        let is_below = above.map_or(is_missing, |above| above.starts_with(&meant));
        if run.code != 2 || !is_told || !is_below {
            wrong += &format!(
                "--- {}\nexpected\n{}\nand got\n{run}\n",
                toml.join("\n"),
                told.join("\n")
            );
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

// --- Mistakes

#[test]
fn mistakes_at_the_top() {
    assert_told(
        at_the_top,
        r#"
        ▸defualt_target = "local"
        = unknown setting `defualt_target`, expected one of…
        ? did you mean `default_target`?

        ▸gziplevel = 9
        = unknown setting `gziplevel`, expected one of…
        ? did you mean `gzip_level`?

        [▸targets.prod]
        url = "file:out"
        = unknown setting `targets`, expected one of…
        ? did you mean `target`?

        [[▸rules]]
        match = "*"
        = unknown setting `rules`, expected one of…
        ? did you mean `rule`?

        ▸zzz = 1
        = unknown setting `zzz`, expected one of…

        default_target = ▸"locl"
        = there is no target `locl`
        ? did you mean `local`?

        default_target = ▸local
        = this is neither a text in quotes nor a number
        ? write it in quotes

        create_key = ▸yes
        = this is neither a text in quotes nor a number
        ? write `true`

        default_target = "local▸
        = invalid basic string, expected `"`

        ▸key_file = "other.key"
        = duplicate key

        extensions = ["glsl", ▸".vert"]
        = `.vert` isn't a valid extension
        ? write it without a dot, such as "glsl"; "" stands for files without an extension

        gzip_level = ▸10
        = gzip_level is `10`, but must be a number from 0 to 9

        requests = ▸0
        = requests is `0`, but must be a number from 1 to 1024

        memory_mib = ▸0
        = memory_mib is `0`, but must be a number from 64 to 65536

        create_key = ▸"yes"
        = invalid type: string "yes", expected a boolean
        "#,
    );
}

#[test]
fn mistakes_in_a_source() {
    assert_told(
        in_a_source,
        r#"
        dir = "assets"
        ▸mont = "x"
        = unknown setting `mont`, expected one of `dir`, `mount`, `symlinks`
        ? did you mean `mount`?

        dir = "assets"
        ▸symlink = "inside"
        = unknown setting `symlink`, expected one of `dir`, `mount`, `symlinks`
        ? did you mean `symlinks`?

        dir = ▸"asets"
        = the folder `asets` doesn't exist
        ? did you mean `assets`?

        dir = "assets"
        symlinks = ▸"insid"
        = unknown value `insid`, expected `refuse` or `inside`
        ? did you mean `inside`?

        dir = "assets"
        mount = ▸"../x"
        = `mount`: a part of the path is empty, `.` or `..`

        dir = "assets"
        mount = ▸"a//b"
        = `mount`: a part of the path is empty, `.` or `..`

        dir = "assets"
        mount = ▸'a\b'
        = `mount`: the name contains a backslash

        dir = "assets"
        mount = ▸"a\u0007"
        = `mount`: the name contains a control character
        "#,
    );
    assert_told(
        str::to_string,
        r#"
        key_file = "hunt.key"
        ▸[[source]]
        mount = "x"
        = missing setting `dir`

        ▸key_file = "hunt.key"
        = there is no [[source]]
        ? add `[[source]]` with `dir = "assets"`
        "#,
    );
}

#[test]
fn mistakes_in_a_rule() {
    assert_told(
        in_a_rule,
        r#"
        match = "*"
        ▸nams = "plain"
        = unknown setting `nams`, expected one of…
        ? did you mean `names`?

        match = "*"
        ▸cache-control = "no-cache"
        = unknown setting `cache-control`, expected one of…
        ? did you mean `cache_control`?

        match = ▸"img/[a-"
        = `img/[a-` isn't a valid glob: unclosed character class; missing ']'

        match = ▸"*.{png,jpg"
        = `*.{png,jpg` isn't a valid glob: unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)

        match = "*"
        names = ▸"plane"
        = unknown value `plane`, expected one of `opaque`, `readable`, `plain`, `palindrome-2022`, `fingerprinted`, `folder`
        ? did you mean `plain`?

        match = "*"
        names = ▸"hashed"
        = unknown value `hashed`, expected one of `opaque`, `readable`, `plain`, `palindrome-2022`, `fingerprinted`, `folder`

        match = "*"
        gzip = ▸"nevr"
        = unknown value `nevr`, expected `auto` or `never`
        ? did you mean `never`?

        match = "*"
        publish = ▸"no"
        = invalid type: string "no", expected a boolean

        match = "*"
        cache_control = ▸"no-cache\r\nSet-Cookie: a=b"
        = the value `no-cache\r\nSet-Cookie: a=b` of `cache_control` isn't a valid header value
        ? use only printable ASCII: no line breaks, no tabs, no leading or trailing spaces

        match = "*"
        cache_control = ▸""
        = the value `` of `cache_control` isn't a valid header value
        ? use only printable ASCII: no line breaks, no tabs, no leading or trailing spaces

        match = "*"
        content_type = ▸"text/html\n"
        = the value `text/html\n` of `content_type` isn't a valid header value
        ? use only printable ASCII: no line breaks, no tabs, no leading or trailing spaces

        match = "*"
        content_type = ▸"text/höml"
        = the value `text/höml` of `content_type` isn't a valid header value
        ? use only printable ASCII: no line breaks, no tabs, no leading or trailing spaces

        match = "*"
        headers = { "content-disposition" = ▸"inline\nX: y" }
        = the value `inline\nX: y` of `content-disposition` isn't a valid header value
        ? use only printable ASCII: no line breaks, no tabs, no leading or trailing spaces

        match = "*"
        headers = { ▸"X-Frame-Options" = "DENY" }
        = the header `x-frame-options` can't be set here
        ? buckets serve only content-disposition and content-language; set other headers at the CDN

        match = "*"
        headers = { ▸Cache-Control = "no-cache" }
        = the header `cache-control` can't be set here
        ? set `cache_control` in the rule itself

        match = "*"
        headers = { ▸Content-Encoding = "br" }
        = the header `content-encoding` can't be set here
        ? set `encoding = "br"` in the rule itself for files that are already compressed
        "#,
    );
    assert_told(
        at_the_top,
        r#"
        ▸[[rule]]
        names = "plain"
        = missing setting `match`
        "#,
    );
}

#[test]
fn mistakes_in_a_target() {
    assert_told(
        in_a_target,
        r#"
        ▸urll = "file:out"
        = unknown setting `urll`, expected one of…
        ? did you mean `url`?

        url = "file:out"
        ▸public-url = "https://a.example"
        = unknown setting `public-url`, expected one of…
        ? did you mean `public_url`?

        url = ▸"out"
        = `out` isn't a target URL
        ? write `file:FOLDER`, `s3://BUCKET/PREFIX` or `gs://BUCKET/PREFIX`

        url = ▸"file:"
        = the URL `file:` is missing a folder
        ? write `file:FOLDER`, `s3://BUCKET/PREFIX` or `gs://BUCKET/PREFIX`

        url = ▸"file:a\u0000b"
        = `file:a\u{0}b` contains a NUL
        ? write `file:FOLDER`, `s3://BUCKET/PREFIX` or `gs://BUCKET/PREFIX`

        url = "s3://hunt"
        region = ▸"evil.example/#"
        = region is `evil.example/#`, but must be a region such as `us-east-1`

        url = ▸"s3:hunt"
        = `s3:hunt` isn't a target URL
        ? write `file:FOLDER`, `s3://BUCKET/PREFIX` or `gs://BUCKET/PREFIX`

        url = ▸"s3:///static"
        = `s3:///static` has no valid bucket name
        ? write `file:FOLDER`, `s3://BUCKET/PREFIX` or `gs://BUCKET/PREFIX`

        url = ▸"s3://my hunt/static"
        = `s3://my hunt/static` has no valid bucket name
        ? write `file:FOLDER`, `s3://BUCKET/PREFIX` or `gs://BUCKET/PREFIX`

        url = ▸"gs://hunt/../static"
        = invalid prefix in `gs://hunt/../static`: a part of the path is empty, `.` or `..`
        ? write `file:FOLDER`, `s3://BUCKET/PREFIX` or `gs://BUCKET/PREFIX`

        url = ▸"https://hunt.s3.amazonaws.com/"
        = `https://hunt.s3.amazonaws.com/` has the unknown scheme `https`
        ? write `file:FOLDER`, `s3://BUCKET/PREFIX` or `gs://BUCKET/PREFIX`

        url = "s3://hunt"
        access = ▸"object_acl"
        = unknown value `object_acl`, expected `bucket` or `object-acl`
        ? did you mean `object-acl`?

        url = "s3://hunt"
        addressing = ▸"paths"
        = unknown value `paths`, expected `path` or `virtual`
        ? did you mean `path`?

        url = "file:out"
        public_url = ▸"cdn.example.org"
        = public_url is `cdn.example.org`, but must be a URL such as `https://cdn.example.org/static/`

        url = "file:out"
        public_url = ▸"https://a.example/?v=1"
        = public_url is `https://a.example/?v=…`, but must be a URL such as `https://cdn.example.org/static/`
        ? remove the query and the fragment (`?…`, `#…`)

        url = "s3://hunt"
        region = ▸1
        = invalid type: integer `1`, expected a string
        "#,
    );
    assert_told(
        |lines| at_the_top("").replace(LOCAL, lines),
        r#"
        ▸[target.local]
        public_url = "https://a.example/"
        = missing setting `url`
        "#,
    );
}

/// A mistake is reported with its line and a caret below it.
#[test]
fn mistake_shows_line_and_caret() {
    let run = push(&in_a_source("dir = \"assets\"\nmount = \"a//b\" # é"));
    let told = concat!(
        "error: assetsync.toml:5:9: `mount`: a part of the path is empty, `.` or `..`\n",
        "  |\n",
        "5 | mount = \"a//b\" # é\n",
        "  |         ^^^^^^\n",
    );
    assert_eq!(run.told(), told);
    let run = push(&at_the_top("gziplevel = 9"));
    let below = "\n2 | gziplevel = 9\n  | ^^^^^^^^^\nhint: did you mean `gzip_level`?\n";
    assert!(run.told().ends_with(below), "{run}");
}

/// A log for programs has no lines of the configuration.
#[test]
fn json_log_shows_no_config_lines() {
    let site = Site::bare()
        .file("a.png", "a")
        .raw_config(&at_the_top("gziplevel = 9"));
    let run = site.run(&["push", "--log-format", "json"]);
    let told: serde_json::Value =
        serde_json::from_str(run.stderr.lines().next().expect("a line")).expect("JSON");
    let message = told["message"].as_str().expect("a message");
    assert!(
        message.starts_with("assetsync.toml:2:1: unknown setting"),
        "{run}"
    );
    assert!(!message.contains('^') && !message.contains('\n'), "{run}");
    assert_eq!(told["hint"], "did you mean `gzip_level`?");
}

/// A secret on the line of a mistake is not shown.
#[test]
fn secret_on_mistaken_line_is_masked() {
    for (line, above) in [
        ("url = \"s3://KEY:hunter2@b\"", "\"s3://…@b\""),
        ("url = 's3://KEY:hunter2@b'", "'s3://…@b'"),
        ("url = \"file:out\"\npassword = \"hunter2\"", "password = …"),
        ("url = \"file:out\"\nsecret_key = hunter2", "…"),
        (
            "url = \"file:out\"\npublic_url = \"https://u:hunter2@h/\"",
            "\"https://…@h/\"",
        ),
        ("url = 's3://KEY:hunter2@b', x", ""),
    ] {
        let run = push(&in_a_target(line));
        assert!(run.code == 2 && !run.stderr.contains("hunter2"), "{run}");
        let (_, caret) = parted(&run.told());
        assert!(
            caret.is_some_and(|caret| caret.starts_with(above)),
            "{line}: {run}"
        );
    }
}

/// Characters that would move the cursor are escaped on the line of a mistake.
#[test]
fn cursor_moving_characters_are_escaped() {
    let run = push(&in_a_target(
        "\turl = \"file:out\" # \u{202e}漢\nreg\u{202e}ion = 1",
    ));
    assert!(!run.stderr.contains('\u{202e}'), "{run}");
    let run = push(&in_a_target("\"漢\u{202e}\" = 1\nurl = \"file:out\""));
    let shown = "7 | \"漢\\u{202e}\" = 1\n  | ^^^^^^^^^^^^\n";
    assert!(run.stderr.contains(shown), "{run}");
}

/// A folder whose name is too long for any file system is refused.
#[test]
fn overlong_folder_is_refused() {
    for folder in ["x".repeat(247), "x/".repeat(2000)] {
        let run = push(&in_a_target(&format!("url = \"file:{folder}\"")));
        assert_eq!(run.code, 2, "{run}");
        assert!(run.stderr.contains("` is too long for a folder"), "{run}");
    }
    let run = push(&in_a_target(&format!("url = \"file:{}\"", "x".repeat(246))));
    assert_eq!(run.code, 0, "{run}");
}

/// A name that no target can have is refused.
#[test]
fn invalid_target_name_is_refused() {
    for (name, shown) in [
        ("s3://hunt", "s3://hunt"),
        ("", ""),
        (" prod", " prod"),
        ("-prod", "-prod"),
        ("pr\\u0007od", r"pr\u{7}od"),
        ("pr\\u202eod", r"pr\u{202e}od"),
    ] {
        let run = push(&at_the_top(&format!(
            "[target.\"{name}\"]\nurl = \"file:out\""
        )));
        let told = format!("error: assetsync.toml:3:7: `{shown}` isn't a valid target name\n");
        assert!(
            run.code == 2 && run.stderr.starts_with(&told),
            "{told}{run}"
        );
    }
    let run = push(&at_the_top(
        "[target.\"größe 2027.b_c-d\"]\nurl = \"file:out2\"",
    ));
    let told = "error: There are several targets and no default\nhint: name one of `größe 2027.b_c-d`, `local`, or";
    assert!(run.stderr.starts_with(told), "{run}");
}

/// Two letters in the wrong order suggest the nearest name.
#[test]
fn transposed_letters_suggest_nearest_name() {
    assert_told(
        in_a_target,
        r#"
        ▸ulr = "file:out"
        = unknown setting `ulr`, expected one of…
        ? did you mean `url`?
        "#,
    );
}

/// Mistakes are located behind Windows line ends and wide characters.
#[test]
fn mistakes_are_located_behind_wide_characters() {
    assert_told(
        |lines| lines.replace('\n', "\r\n"),
        r#"
        key_file = "hunt.key" # é🤔
        source = [{ dir = "assets" }]
        target = { "é🤔" = { url = "file:out", ▸regoin = "x" } }
        = unknown setting `regoin`, expected one of…
        ? did you mean `region`?
        "#,
    );
}

/// A configuration that begins with a byte order mark is read.
#[test]
fn config_may_begin_with_bom() {
    let run = push(&format!("\u{feff}{}", at_the_top("")));
    assert_eq!(run.code, 0, "some editors write one: {run}");
}

/// A number out of range is reported at its place.
#[test]
fn out_of_range_number_is_located() {
    assert_told(
        at_the_top,
        r#"
        retry_seconds = ▸0
        = retry_seconds is `0`, but must be a number from 1 to 86400
        "#,
    );
}

/// A misspelt header suggests the nearest name.
#[test]
fn misspelt_header_suggests_nearest_name() {
    assert_told(
        in_a_rule,
        r#"
        match = "*"
        headers = { ▸content-dispositon = "inline" }
        = the header `content-dispositon` can't be set here
        ? did you mean `content-disposition`?
        "#,
    );
}

/// A header name with a line break is escaped.
#[test]
fn line_break_in_header_is_escaped() {
    let run = push(&in_a_rule(
        "match = \"*\"\nheaders = { \"x\\r\\ny\" = \"z\" }",
    ));
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains(r"`x\r\ny`"), "{run}");
}

/// One header in two spellings is refused.
#[test]
fn duplicate_header_is_refused() {
    let headers = "headers = { \"Content-Language\" = \"en\", \"content-language\" = \"fr\" }";
    let run = push(&in_a_rule(&format!("match = \"*\"\n{headers}")));
    assert_eq!(run.code, 2, "which of the two is served? {run}");
}

/// A content type without a slash is refused.
#[test]
fn content_type_needs_a_slash() {
    let run = push(&in_a_rule("match = \"*\"\ncontent_type = \"html\""));
    assert_eq!(run.code, 2, "no browser knows that type: {run}");
}

/// `publish = false` for `/solution/**` must not be a rule that never applies.
#[test]
fn unmatchable_pattern_is_refused() {
    let mut accepted = String::new();
    for pattern in ["", "/solution/**", "./solution/**", "solution/", "../a.png"] {
        let config = in_a_rule(&format!("match = ▸\"{pattern}\"\npublish = false"));
        let run = push(&config);
        if run.code != 2 || !run.stderr.contains(&place(&config)) {
            accepted += &format!("`{pattern}`: {run}\n");
        }
    }
    assert!(accepted.is_empty(), "\n{accepted}");
}

/// A value of the wrong type is explained in terms of TOML and not of Rust.
#[test]
fn wrong_type_is_explained_in_toml() {
    let source = at_the_top("").replace("[[source]]", "▸[source]");
    let target = in_a_target("url = ▸\"file:out\"").replace("target.local", "target");
    let mut wrong = String::new();
    for (config, right) in [
        (source, "[[source]]"),
        (target, "[target.NAME]"),
        (in_a_rule("match = \"*\"\ngzip = ▸true"), "`auto`"),
        (at_the_top("gzip_level = ▸-1"), "from 0 to 9"),
        (at_the_top("gzip_level = ▸\"9\""), "from 0 to 9"),
    ] {
        let run = push(&config);
        if run.code != 2 || !run.stderr.contains(&place(&config)) || !run.stderr.contains(right) {
            wrong += &format!("no word of {right}: {run}\n");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// A mistake in a target that is not used is found as well.
#[test]
fn mistake_in_another_target_is_found() {
    let other = "[target.prod]\nurl = ▸\"s3//hunt\"\n";
    let config = at_the_top("default_target = \"local\"") + other;
    let run = push(&config);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains(&place(&config)), "{run}");
}

/// Two sources with one path are reported with line and column.
#[test]
fn colliding_sources_show_their_place() {
    let site = Site::bare()
        .config("[[source]]\ndir = \"more\"\n[target.local]\nurl = \"file:out\"\n")
        .file("a.png", "first");
    fs::create_dir(site.path("more")).expect("a folder");
    fs::write(site.path("more/a.png"), "second").expect("written");
    let run = site.run(&["push"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("assetsync.toml:7:7"), "{run}");
}

/// A configuration that cannot be read is named.
#[test]
fn unreadable_config_is_named() {
    let site = Site::new().file("a.png", "a");
    fs::write(site.path("latin-1.toml"), b"key_file = \"caf\xe9\"").expect("written");
    let hint = "hint: `-c` needs an existing file; `assetsync init` creates one\n";
    for (file, why, hint) in [
        ("missing.toml", "no such file or directory", hint),
        ("assets", "is a directory", ""),
    ] {
        let run = site.run(&["push", "-c", file]);
        assert_eq!(run.code, 2, "{run}");
        assert_eq!(
            run.told(),
            format!("error: Cannot read the configuration `{file}`: {why}\n{hint}")
        );
    }
}

/// A configuration that is not UTF-8 is reported with line and column.
#[test]
fn non_utf8_config_shows_the_place() {
    let site = Site::new().file("a.png", "a");
    let utf_16: Vec<u8> = "key_file"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for (bytes, place) in [
        (&b"\nkey_file = \"caf\xe9\""[..], "2:16"),
        (&[&[0xff, 0xfe], &utf_16[..]].concat(), "1:1"),
    ] {
        fs::write(site.path("other.toml"), bytes).expect("written");
        let run = site.run(&["push", "-c", "other.toml"]);
        assert_eq!(run.code, 2, "{run}");
        let told = "the configuration isn't valid UTF-8: save it as UTF-8";
        assert_eq!(run.told(), format!("error: other.toml:{place}: {told}\n"));
    }
}

/// A configuration without an end is not read to its end.
#[test]
fn endless_config_is_not_read_whole() {
    let site = Site::new().file("a.png", "a");
    let run = site.run(&["push", "-c", "/dev/zero"]);
    assert_eq!(run.code, 2, "{run}");
    let told = "The configuration `/dev/zero` is larger than 4 MiB: check that it's the right file";
    assert_eq!(run.told(), format!("error: {told}\n"));
}
