//! What isn't meant for visitors: what is left out by its name, what is refused for what it holds,
//! and what is told of.
//!
//! Samples of credentials are put together when the tests run, so that no scanner takes this file
//! for a leak.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use assetsync::testing::rules::{Dangling, Rule};
use assetsync::testing::{Error, Progress, Rules, Source, build, walk};

use crate::browser::packages;
use crate::support::library::secret;
use crate::support::media::{Block, Tag, exif, jpeg, mp3, pdf, png};
use crate::support::{Run, Site};

/// Logical paths that the last push published.
fn paths(site: &Site) -> BTreeSet<String> {
    let manifest: serde_json::Value = serde_json::from_str(&site.ok(&["manifest"])).expect("JSON");
    let objects = manifest["objects"].as_object().expect("paths");
    objects.keys().cloned().collect()
}

/// The usual configuration, with these rules.
fn with_rules(site: Site, rules: &str) -> Site {
    site.config(&format!("{rules}\n[target.local]\nurl = \"file:out\"\n"))
}

// --- Left out by name

const DROPPINGS: [&str; 14] = [
    ".fleet/run.json",
    ".fleet/keys/deploy.pem",
    "round/.obsidian/app.json",
    ".stylelintrc.json",
    "round/.settings.xml",
    "node_modules/left/index.js",
    "node_modules/left/node_modules/right/index.js",
    "round/__pycache__/notes.txt",
    "__MACOSX/img/map.png",
    "round/Copy of gears.html",
    "round/gears.old.html",
    "round/gears (Robin's conflicted copy 2026-02-03).html",
    "round/gears (2).html",
    "round/gears copy.html",
];

const MEANT: [&str; 10] = [
    ".well-known/security.txt",
    "round/gears.html",
    "round/gears (north).html",
    "round/photo.jpg",
    "round/photo (1).jpg",
    "round/notes (1).txt",
    "round/hard copy.html",
    "old/old.html",
    "copyright.html",
    "round/.gulls.html",
];

fn with_junk() -> Site {
    let all = DROPPINGS.iter().chain(&MEANT);
    all.fold(Site::new(), |site, path| site.file(path, "any"))
}

/// Leftovers of tools and people are left out, counted and reported with their rule.
#[test]
fn leftovers_are_excluded_and_counted() {
    let site = with_junk();
    insta::assert_snapshot!("junk", site.run(&["push"]));
    insta::assert_snapshot!("junk_all", site.run(&["diff", "-v"]));
    let meant: BTreeSet<String> = MEANT.map(String::from).into();
    assert_eq!(paths(&site), meant);
    let run = site.run(&["url", "round/gears.old.html"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(
        run.stderr
            .contains("files with its name are skipped by default"),
        "{run}"
    );
}

/// The rules that a run prints, as they are to be written.
fn advised(run: &Run) -> Vec<String> {
    let lines = run.stderr.lines().filter(|line| line.contains("`match = "));
    let rule = |line: &str| {
        let (_, rest) = line.split_once("`match = ")?;
        let (pattern, rest) = rest.split_once('`')?;
        assert!(rest.starts_with(" and `publish = true`"), "{line}");
        Some(format!("[[rule]]\nmatch = {pattern}\npublish = true\n"))
    };
    lines.filter_map(rule).collect()
}

/// The suggested rule publishes what is meant and nothing else of its kind.
#[test]
fn suggested_rule_publishes_only_its_leftovers() {
    let mut site = with_junk();
    let mut rules = String::new();
    let mut published = BTreeSet::new();
    for _ in 0..20 {
        let run = site.run(&["diff"]);
        let advised = advised(&run);
        if advised.is_empty() {
            break;
        }
        rules += &advised[0];
        site = with_rules(site, &rules);
        // One of them is a key, which takes more than that.
        fs::write(site.asset(".fleet/keys/deploy.pem"), "any").expect("written");
        let rule = "[[rule]]\nmatch = \".fleet/keys/deploy.pem\"\npublish = true\n";
        site = with_rules(site, &format!("{rules}{rule}"));
        site.ok(&["push"]);
        let now = paths(&site);
        assert!(now.is_superset(&published) && now != published, "{run}");
        published = now;
    }
    let all = DROPPINGS.iter().chain(&MEANT);
    let all: BTreeSet<String> = all.map(|path| path.to_string()).collect();
    assert_eq!(published, all, "{rules}");
}

/// A rule for everything publishes no leftovers.
#[test]
fn catch_all_rule_publishes_no_leftovers() {
    for pattern in [
        "**",
        "**/*",
        "**/*.{html,json,txt,js}",
        "round/**",
        "**/index.js",
    ] {
        let site = Site::new();
        let site = DROPPINGS
            .iter()
            .chain(&MEANT)
            .fold(site, |site, path| site.file(path, "any"));
        let site = with_rules(
            site,
            &format!("[[rule]]\nmatch = \"{pattern}\"\npublish = true\n"),
        );
        site.ok(&["push"]);
        assert_eq!(paths(&site).len(), MEANT.len(), "{pattern}");
    }
    let rule = "[[rule]]\nmatch = \"**/.*/**\"\npublish = false\n";
    // What is in `.well-known/` as well.
    let run = with_rules(with_junk(), rule).run(&["push"]);
    assert!(run.stderr.contains("skipped by a rule: 4 files"), "{run}");
}

/// Problems inside a folder that is left out are ignored.
#[test]
fn problems_in_excluded_folder_are_ignored() {
    let site = Site::new()
        .file("a.html", "a")
        .file("node_modules/.bin/x.js", "x")
        .file("node_modules/left/.git/config", "[remote]")
        .file("node_modules/left/test/server.key", "any")
        .file(".cache/.env", "TOKEN=abc");
    symlink("/etc", site.asset("node_modules/etc")).expect("linked");
    symlink("nowhere", site.asset("node_modules/.bin/gone")).expect("linked");
    symlink("a.html", site.asset(".link.json")).expect("linked");
    let odd = std::ffi::OsStr::from_bytes(b"caf\xe9.js");
    fs::write(site.asset("node_modules/left").join(odd), "x").expect("written");
    let run = site.run(&["push"]);
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(paths(&site), BTreeSet::from(["a.html".to_string()]));
    assert!(run.stderr.contains("skipped because"), "{run}");
}

/// A reference to a file that is left out suggests the rule that publishes it.
#[test]
fn reference_to_excluded_file_suggests_rule() {
    let site = Site::new()
        .file(
            "a.html",
            "<script src=\"node_modules/it's [1]/a.js\"></script>",
        )
        .file("node_modules/it's [1]/a.js", "let a");
    let run = site.run(&["push"]);
    assert_eq!(run.code, 2, "{run}");
    let rules = advised(&run).concat();
    assert!(rules.contains("node_modules"), "{run}");
    let site = with_rules(site, &rules);
    site.ok(&["push"]);
    assert_eq!(paths(&site).len(), 2);
}

// --- Refused for what it holds

const ALNUM: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// The same letters every time, but in no order that repeats.
fn random(len: usize) -> String {
    let mut state = len as u64 + 7;
    let mut letter = || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        char::from(ALNUM.as_bytes()[(state >> 33) as usize % ALNUM.len()])
    };
    (0..len).map(|_| letter()).collect()
}

fn gzipped(content: &str) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(content.as_bytes()).expect("in memory");
    gzip.finish().expect("in memory")
}

fn zlib(content: &str) -> Vec<u8> {
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    zlib.write_all(content.as_bytes()).expect("in memory");
    zlib.finish().expect("in memory")
}

/// A file, what is told of it, and on which line.
fn private() -> Vec<(&'static str, Vec<u8>, &'static str, Option<u32>)> {
    let join = |parts: &[&str]| parts.concat();
    let text = |path, text: String, told, line| (path, text.into_bytes(), told, Some(line));
    let whole = |path, bytes: Vec<u8>, told| (path, bytes, told, None);
    let har = join(&[
        "{\"log\": {\"entries\": [{\"request\": {\"headers\": [\n",
        "{\"name\": \"Cookie\", \"value\": \"sid=1\"}]}}]}}",
    ]);
    let bot = data_encoding::BASE64URL_NOPAD.encode(b"1098765432101234567");
    let sql = "-- MariaDB dump 10.19\n\nINSERT INTO `teams` VALUES (1,'Gulls');\n";
    let utf16 = format!("\u{feff}{sql}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    vec![
        text(
            "bot/hook.html",
            format!(
                "<p>\n<a href=\"https://discord{}/{}/{}\">",
                ".com/api/webhooks",
                "4".repeat(18),
                random(68)
            ),
            "discord-webhook-url",
            2,
        ),
        text(
            "bot/slack.js",
            format!(
                "let a;\nlet b = 'https://hooks.slack{}/T0{}/B0{}/{}'",
                ".com/services",
                random(8),
                random(8),
                random(24)
            ),
            "slack-webhook-url",
            2,
        ),
        text(
            "bot/token.json",
            format!("{{\n\"login\": \"{bot}.GhQx2w.{}\"}}", random(38)),
            "holds what looks like a Discord bot token",
            2,
        ),
        text(
            "google/client.json",
            format!(
                "{{\"web\": {{\"client_id\": \"1.apps\",\n\"client_secret\": \"{}\"}}}}",
                join(&["GOC", "SPX-", &random(28)])
            ),
            "google-oauth-client-secret",
            2,
        ),
        text(
            "google/token.json",
            format!(
                "{{\"expiry\": \"2026\",\n\n\"refresh_token\": \"{}\"}}",
                join(&["1/", "/0g", &random(60)])
            ),
            "google-oauth-refresh-token",
            3,
        ),
        text(
            "google/other.json",
            "{\"client_id\": \"1\", \"client_secret\":\n\"threeoldgullsatdawn\"}".to_string(),
            "holds an OAuth client secret",
            2,
        ),
        text(
            "kube/admin.txt",
            "apiVersion: v1\nkind: Config\nclusters: []\nusers: []\n".to_string(),
            "is a kubeconfig",
            2,
        ),
        text(
            "kube/key.csv",
            format!("a\nclient-key-data: {}\n", random(90)),
            "kubernetes-client-key",
            2,
        ),
        text(
            "db/env.txt",
            format!(
                "A=1\nDATABASE_URL=postgres{}hunt:seven-gulls@db.internal/hunt\n",
                "://"
            ),
            "holds a URL with a password",
            2,
        ),
        text(
            "db/settings.json",
            join(&[
                "{\n\"main\": \"Server=db;Database=hunt;Uid=sa;",
                "Pwd=seven-gulls;\"}",
            ]),
            "holds a connection string with a password",
            2,
        ),
        text(
            "web/settings.txt",
            format!("DEBUG = True\nSECRET_KEY = '{}'\n", random(50)),
            "django-secret-key",
            2,
        ),
        text(
            "web/salts.txt",
            format!("a\n\ndefine('NONCE_SALT', '{}');\n", random(64)),
            "wordpress-salt",
            3,
        ),
        text(
            "web/users.txt",
            format!("# staff\nrobin:$apr1${}${}\n", random(8), random(22)),
            "password-hash",
            2,
        ),
        text(
            "web/index.html",
            "<p>\n<?php require 'a.php'; ?>".to_string(),
            "holds PHP code, which visitors could read",
            2,
        ),
        text(
            "web/app.js",
            "let a;\nlet b = '<?= $_GET[\"a\"] ?>';".to_string(),
            "holds PHP code, which visitors could read",
            2,
        ),
        text(
            "vpn/wg0.txt",
            format!("[Interface]\nPrivateKey = {}A=\n", random(42)),
            "wireguard-key",
            2,
        ),
        text(
            "vpn/putty.txt",
            format!(
                "PuTTY-User-Key-File-3: ssh-rsa\nPrivate-Lines: 14\n{}\n",
                random(64)
            ),
            "putty-private-key",
            3,
        ),
        text("har/session.json", har, "is a recorded session (HAR)", 2),
        text(
            "jwk/key.json",
            format!(
                "{{\"keys\": [{{\"kty\": \"OKP\", \"x\": \"{0}\",\n\"d\": \"{0}\"}}]}}",
                random(43)
            ),
            "holds a JSON Web Key with its private part",
            2,
        ),
        text(
            "cloud/sas.html",
            format!(
                "<p>\n<img src=\"https://h.blob.core.windows.net/a?sv=2024-05-04&amp;sr=b&amp;sig={}%3D\">",
                random(43)
            ),
            "azure-sas-url",
            2,
        ),
        text(
            "cloud/azure.txt",
            format!("a\nAccountName=h;AccountKey={}==\n", random(86)),
            "azure-account-key",
            2,
        ),
        text(
            "cloud/aws.txt",
            format!(
                "[default]\naws_secret_access_key = {}/{}\n",
                random(20),
                random(19)
            ),
            "aws-secret-access-key",
            2,
        ),
        text(
            "db/dump.txt",
            sql.to_string(),
            "is a database dump (SQL)",
            1,
        ),
        whole(
            "db/backup.gz",
            gzipped(&sql.repeat(50_000)),
            "is a database dump (SQL)",
        ),
        (
            "db/from-windows.csv",
            utf16,
            "is a database dump (SQL)",
            Some(1),
        ),
        whole(
            "db/site.bin",
            b"SQLite format 3\0\x10\0\x01\x01\0".to_vec(),
            "is a database (SQLite)",
        ),
        text(
            "web/cookies.txt",
            format!(
                "# Netscape HTTP Cookie File\n.hunt.example\tTRUE\t/\tTRUE\t0\tsid\t{}\n",
                random(26)
            ),
            "browser-cookie",
            2,
        ),
        text(
            "deploy/docker.json",
            format!(
                "{{\"auths\":\n{{\"ghcr.example\": {{\"auth\": \"{}\"}}}}}}",
                random(32)
            ),
            "container-registry-login",
            2,
        ),
        text(
            "deploy/settings.json",
            join(&[
                "{\"host\": \"db.hunt.example\",\n\"pass",
                "word\": \"seven-gulls\"}",
            ]),
            "holds what looks like a password",
            2,
        ),
        text(
            "deploy/app.js",
            join(&["connect({\nport: 5432, pass", "word: 'seven-gulls'})"]),
            "holds what looks like a password",
            2,
        ),
        text(
            "deploy/env.csv",
            join(&["A=1\nTEAM_PASS", "WORD=seven7gulls\n"]),
            "holds what looks like a password",
            2,
        ),
        text(
            "login/app.txt",
            format!("1\notpauth://totp/Hunt?secret={}\n", "ONSXMZLOM52WY3DT"),
            "one-time-password-secret",
            2,
        ),
        text(
            "login/vault.txt",
            "$ANSIBLE_VAULT;1.1;AES256\n36663730\n".to_string(),
            "holds Ansible Vault data",
            1,
        ),
        text(
            "tokens/figma.txt",
            format!("a\nfig{}_{}\n", "d", random(40)),
            "figma-token",
            2,
        ),
        whole(
            "tokens/picture.png",
            png(&[Block::Chunk(
                b"tEXt",
                format!("Comment\0vc{}_{}", "p", random(40)).into_bytes(),
            )]),
            "holds what looks like a credential (vercel-token)",
        ),
        whole(
            "tokens/compressed.png",
            png(&[Block::Chunk(
                b"zTXt",
                [
                    &b"Comment\0\0"[..],
                    &zlib(&format!("nf{}_{}", "p", random(40))),
                ]
                .concat(),
            )]),
            "compressed data in it holds what looks like a credential (netlify-token)",
        ),
        text(
            "tokens/SHA256SUMS.csv",
            format!(
                "{}  a.zip\n{}  rn{}_{}\n",
                "0a".repeat(32),
                "b1".repeat(32),
                "d",
                random(32)
            ),
            "render-api-key",
            2,
        ),
        whole(
            "tokens/program.wasm",
            [
                &b"\0asm\x01\0\0\0\x0b\x40"[..],
                format!("gh{}_{}", "p", random(36)).as_bytes(),
                &[0, 0x0b],
            ]
            .concat(),
            "holds what looks like a credential (github-pat)",
        ),
        whole(
            "keys/server.bin",
            [
                &b"\x30\x2e\x02\x01\0\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20"[..],
                &[0x9d; 32],
            ]
            .concat(),
            "is a private key (DER)",
        ),
        whole(
            "keys/team.bin",
            b"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5\x01\0\x04\0".to_vec(),
            "is a password database (KeePass)",
        ),
        whole(
            "net/game.bin",
            b"\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0".to_vec(),
            "is recorded network traffic (pcap)",
        ),
        whole(
            "mail/box.txt",
            b"From robin@hunt.example Sat Jan  3 01:05:34 2026\nSubject: Gulls\n\nNine.\n".to_vec(),
            "is a mailbox",
        ),
        whole(
            "repo/all.bin",
            b"# v2 git bundle\n0a1b2c refs/heads/main\n\nPACK\0\0".to_vec(),
            "is a repository's history (git bundle)",
        ),
        text(
            "unknown/data.bin",
            format!("a\nAccountName=h;AccountKey={}==\n", random(86)),
            "azure-account-key",
            2,
        ),
    ]
}

/// Private content is refused with the place where it stands.
#[test]
fn private_content_is_refused_with_place() {
    let files = private();
    let site = files.iter().fold(Site::new(), |site, (path, content, ..)| {
        site.file(path, content)
    });
    let run = site.run(&["push"]);
    assert_eq!(run.code, 2, "{run}");
    for (path, _, told, line) in &files {
        let place = line.map_or(format!("`{path}`: "), |line| format!("`{path}:{line}:"));
        let lines: Vec<&str> = run.stderr.lines().filter(|l| l.contains(&place)).collect();
        assert_eq!(lines.len(), 1, "{path}\n{run}");
        assert!(lines[0].contains(told), "{path}: {told}\n{run}");
        assert!(
            lines[0].ends_with("take out what is secret, or set `publish = false` in a rule for this file; `publish = true` publishes it as it is"),
            "{run}"
        );
    }
    assert!(
        run.stderr
            .contains(&format!("{} files can't be published", files.len())),
        "{run}"
    );
    for secret in ["seven-gulls", "threeoldgullsatdawn", &random(64)] {
        assert!(!run.stderr.contains(secret), "{run}");
    }
    assert!(site.published("out").is_empty());
}

/// A rule for the file publishes private content, and one for all files does not.
#[test]
fn private_file_needs_its_own_rule() {
    let files = private();
    let site = files.iter().fold(Site::new(), |site, (path, content, ..)| {
        site.file(path, content)
    });
    let rules = files
        .iter()
        .map(|(path, ..)| format!("[[rule]]\nmatch = \"{path}\"\npublish = true\n"));
    let site = with_rules(site, &rules.collect::<String>());
    site.ok(&["push"]);
    assert_eq!(paths(&site).len(), files.len());
    let site = with_rules(
        site,
        "[[rule]]\nmatch = \"**/*.{txt,json}\"\npublish = true\n",
    );
    assert_eq!(site.run(&["push"]).code, 2);
}

/// A file that is private by its name is refused.
#[test]
fn private_name_is_refused() {
    let names = [
        "auth/client_secret_4711-abc.apps.example.json",
        "auth/credentials.json",
        "auth/htpasswd.txt",
        "auth/staff.htpasswd",
        "backup/hunt.sql.gz",
        "backup/hunt-2026.sql.zip",
    ];
    let site = names
        .iter()
        .fold(Site::new(), |site, name| site.file(name, "{}"));
    let run = site.run(&["push"]);
    for name in names {
        assert!(
            run.stderr
                .contains(&format!("`{name}`: looks like a secret by its name")),
            "{run}"
        );
    }
}

/// The key in a source is refused whatever a rule says, until it is left out.
#[test]
fn own_key_is_refused_until_excluded() {
    let site = Site::new()
        .file("index.html", "<p>fine")
        .file("team.key", crate::support::KEY)
        .file("notes/copy.txt", format!("it's {}", crate::support::KEY))
        .file(
            "notes/numbers.json",
            format!("{:?}", crate::support::KEY.as_bytes()),
        )
        .file(
            "notes/text.zip",
            zip(&[("word/document.xml", in_runs(crate::support::KEY))]),
        );
    let owners_alone = fs::Permissions::from_mode(0o600);
    fs::set_permissions(site.asset("team.key"), owners_alone).expect("set");
    fs::remove_file(site.path("hunt.key")).expect("it's there");
    symlink("assets/team.key", site.path("hunt.key")).expect("linked");
    let rule = |publish: &str| {
        format!("[[rule]]\nmatch = \"{{team.key,notes/*}}\"\npublish = {publish}\n")
    };
    let mut site = site;
    for rules in [String::new(), rule("true")] {
        site = with_rules(site, &rules);
        let run = site.run(&["push"]);
        assert_eq!(run.code, 2, "{run}");
        let packed =
            "`notes/text.zip`: contains `word/document.xml`, which holds this project's own key";
        assert!(run.stderr.contains(packed), "{run}");
        for path in ["team.key", "notes/copy.txt", "notes/numbers.json"] {
            let told = format!(
                "`{path}`: holds this project's own key, which is never published: move it out of the source, or exclude it by a rule with `publish = false`"
            );
            assert!(run.stderr.contains(&told), "{run}");
        }
    }
    let site = with_rules(site, &rule("false"));
    site.ok(&["push"]);
    assert_eq!(paths(&site), BTreeSet::from(["index.html".to_string()]));
}

/// A database is published only by a rule for its type.
#[test]
fn database_needs_rule_for_its_type() {
    let database = b"SQLite format 3\0\x10\0\x01\x01\0";
    let site = Site::new()
        .file("content/4f2a.sqlite3", database)
        .file("content/4f2b.sqlite3", database);
    let all = "[[rule]]\nmatch = \"content/**\"\npublish = true\n";
    let site = with_rules(site, all);
    let run = site.run(&["push"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("is a database (SQLite)"), "{run}");
    let site = with_rules(site, &all.replace("**", "*.sqlite3"));
    site.ok(&["push"]);
    assert_eq!(paths(&site).len(), 2);
}

/// A zip of stored members, without checksums.
fn zip(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let (mut zip, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in members {
        let at = (zip.len() as u32).to_le_bytes();
        let size = (content.len() as u32).to_le_bytes();
        let name_bytes = (name.len() as u16).to_le_bytes();
        let checksum = flate2_crc(content).to_le_bytes();
        let fields = [
            &[20, 0, 0, 0, 0, 0, 0, 0, 0, 0][..],
            &checksum,
            &size,
            &size,
            &name_bytes,
            &[0, 0],
        ]
        .concat();
        zip.extend([b"PK\x03\x04", &fields[..], name.as_bytes(), content].concat());
        directory.extend(
            [
                b"PK\x01\x02\x14\0",
                &fields[..],
                &[0; 10],
                &at,
                name.as_bytes(),
            ]
            .concat(),
        );
    }
    let count = (members.len() as u16).to_le_bytes();
    let (start, size) = (
        (zip.len() as u32).to_le_bytes(),
        (directory.len() as u32).to_le_bytes(),
    );
    let end = [
        b"PK\x05\x06\0\0\0\0",
        &count[..],
        &count,
        &size,
        &start,
        &[0, 0],
    ]
    .concat();
    [zip, directory, end].concat()
}

fn flate2_crc(content: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(content);
    crc.sum()
}

/// A document as Word writes it that has edited every third letter.
fn in_runs(text: &str) -> Vec<u8> {
    let letters: Vec<char> = text.chars().collect();
    let run = |part: &[char]| format!("<w:r><w:t>{}</w:t></w:r>", part.iter().collect::<String>());
    let runs: String = letters.chunks(3).map(run).collect();
    format!("<?xml version=\"1.0\"?><w:document><w:p>{runs}</w:p></w:document>").into_bytes()
}

/// An archive that holds private content is refused with the name of the file in it.
#[test]
fn private_content_in_archives_is_refused() {
    let inner = zip(&[("deploy/.env.production", b"A=b".to_vec())]);
    let har = private()
        .into_iter()
        .find(|(path, ..)| *path == "har/session.json");
    let har = har.expect("it's there").1;
    let site = Site::new()
        .file(
            "a/handout.zip",
            zip(&[("text/a.txt", b"fine".to_vec()), ("notes/har.json", har)]),
        )
        .file("a/nested.zip", zip(&[("inner.zip", inner)]))
        .file(
            "a/store.bin",
            zip(&[("a.db", b"SQLite format 3\0\x10\0".to_vec())]),
        )
        .file(
            "a/own.zip",
            zip(&[("k.txt", crate::support::KEY.as_bytes().to_vec())]),
        )
        .file(
            "a/own.gz",
            gzipped(&format!("{}\n", crate::support::KEY).repeat(3)),
        )
        .file(
            "a/settings.gz",
            gzipped(&format!("a\nSECRET_KEY = '{}'\n", random(50))),
        )
        .file(
            "a/drawing.svgz",
            gzipped(&format!("<svg><!-- AccountKey={}== --></svg>", random(86))),
        )
        .file(
            "a/report.zip",
            zip(&[(
                "word/document.xml",
                in_runs(&format!("fig{}_{}", "d", random(40))),
            )]),
        )
        .file("a/fine.zip", zip(&[("a.html", b"<p>fine".to_vec())]));
    insta::assert_snapshot!("archives", site.run(&["push"]));
    let rule = "[[rule]]\nmatch = \"a/{handout,nested,store,settings,drawing,report}.*\"\npublish = true\n";
    let run = with_rules(site, rule).run(&["push"]);
    assert!(
        run.stderr.contains("2 files can't be published"),
        "the own key's: {run}"
    );
}

/// Real packages have examples of everything: URLs, keys' formats, PHP for highlighters.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn packages_and_sample_hunt_are_clean() {
    let hunt = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hunt/assets");
    let mut lenient = Rule::new("**").expect("a glob");
    lenient.dangling = Some(Dangling::Ignore);
    let packages = packages();
    let vendor = fs::read_dir(packages.join("vendor")).expect("packages");
    assert!(vendor.count() >= 10, "ten packages");
    for folder in [packages, hunt] {
        let rules = Rules::new(vec![lenient.clone()], [].into());
        let tree = walk(&[Source::new(&folder)], &rules);
        assert_eq!(tree.problems, []);
        match build(&tree, &secret(), &Progress::new()) {
            Ok(_) => {}
            Err(Error::Tree { problems, .. }) => panic!("{problems:#?}"),
            Err(error) => panic!("{error}"),
        }
    }
}

// --- What metadata says of people

/// Positions and names in metadata are one warning with the rule that settles them.
#[test]
fn personal_metadata_is_one_warning() {
    let place = || jpeg(&[Block::Exif(exif(&[], &[], &Tag::latitude([47, 3, 9])))]);
    let author = Tag::text(0x013B, "Robin Doe");
    let site = Site::new()
        .file("img/beach.jpg", place())
        .file(
            "img/drawing.png",
            png(&[Block::Exif(exif(&[author], &[], &[]))]),
        )
        .file("img/plain.png", png(&[]))
        .file("handout.pdf", pdf("/Author (Robin Doe)"))
        .file("program.pdf", pdf("/Creator (LaTeX)"))
        .file("song.mp3", mp3(&[(b"TPE1", "Robin Doe")]));
    insta::assert_snapshot!("personal", site.run(&["push"]));
    let run = site.run(&["diff", "-v"]);
    assert!(
        run.stderr
            .contains("`img/drawing.png` has a name (Artist) in its metadata"),
        "{run}"
    );
    assert!(!run.stderr.contains("Robin"), "{run}");

    // As the warning says.
    let rule = |pattern: &str, metadata: &str| {
        format!("[[rule]]\nmatch = \"{pattern}\"\nmetadata = \"{metadata}\"\n")
    };
    let rules = rule("**/*.{jpg,png,mp3}", "strip") + &rule("*.pdf", "keep");
    let run = with_rules(site, &rules).run(&["push"]);
    assert_eq!(run.code, 0, "{run}");
    assert!(!run.stderr.contains("metadata"), "{run}");
}
