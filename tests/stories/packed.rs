//! Names of hidden files are found in what is packed: archives, documents, fonts, pictures.

use crate::support::Site;
use crate::support::packing::{gzipped, page, tarred, zip};

const LEVELS: &str = r#"
[[level]]
name = "solution"
match = "**/solution/**"
[target.local]
url = "file:out"
"#;

const FILE: &str = "puzzle/clock/solution/hands-at-noon.png";

fn site() -> Site {
    Site::new()
        .config(LEVELS)
        .file("puzzle/clock/index.html", "<p>a puzzle")
        .file(FILE, "a picture")
}

fn hexadecimal(text: &str) -> String {
    let digits: String = text
        .encode_utf16()
        .map(|unit| format!("{unit:04X}"))
        .collect();
    format!("<FEFF{digits}>")
}

fn ods(text: &str) -> Vec<u8> {
    zip(&[(
        "content.xml",
        format!("<?xml version=\"1.0\"?><text:p>{text}</text:p>").as_bytes(),
    )])
}

/// A hidden name inside a packed file is an error.
#[test]
fn hidden_name_in_archive_is_error() {
    let (one, other) = FILE.split_at(20);
    let note = format!("see /{FILE}\n");
    let note = note.as_bytes();
    for (path, content, inside) in [
        (
            "kit.tgz",
            gzipped(&tarred(FILE, b"a picture")),
            "`puzzle/clock/solution/hands-at-noon.png` inside it",
        ),
        (
            "kit.zip",
            zip(&[("read/me.txt", note)]),
            "`read/me.txt` inside it",
        ),
        (
            "kit.zip",
            zip(&[("a.zip", &zip(&[("b.txt", note)]))]),
            "`a.zip/b.txt` inside it",
        ),
        (
            "kit.tgz",
            gzipped(&tarred("c.txt", note)),
            "`c.txt` inside it",
        ),
        (
            "kit.tar",
            tarred("d.txt.gz", &gzipped(note)),
            "`d.txt.gz` inside it",
        ),
        ("clock.svgz", gzipped(note), "its packed content"),
        (
            "clock.docx",
            ods(&format!("{one}</w:t></w:r><w:proofErr/><w:r><w:t>{other}")),
            "`content.xml` inside it",
        ),
        (
            "clock.docx",
            ods(&one
                .replace('/', "&#47;")
                .replace("puzzle", &FILE.replace('/', "&#47;"))),
            "`content.xml` inside it",
        ),
        (
            "photo.jpg",
            [b"\xff\xd8\xff\xe0....".to_vec(), zip(&[("e.txt", note)])].concat(),
            "`e.txt` inside it",
        ),
        (
            "drawn.pdf",
            page(&format!("BT /F 9 Tf ({FILE}) Tj ET"), "(/)"),
            "its packed content",
        ),
        (
            "kerned.pdf",
            page(&format!("BT /F 9 Tf [({one}) -20 ({other})] TJ ET"), "(/)"),
            "its packed content",
        ),
        (
            "linked.pdf",
            page("", &hexadecimal(&format!("https://hunt.example/{FILE}"))),
            "its packed content",
        ),
    ] {
        let site = site()
            .config(&format!(
                "[[rule]]\nmatch = \"*.docx\"\npublish = true\n{LEVELS}"
            ))
            .file(path, content);
        let run = site.run(&["push"]);
        let said: String = format!(
            "`{path}`: is open, and names, in {inside}, `{FILE}`, which is in the level `solution`"
        );
        assert!(
            run.code == 2 && run.stderr.contains(&said),
            "{path}: {said}\n{run}"
        );
    }
}

/// Packed files that cannot be searched are one warning, which a rule ends.
#[test]
fn unreadable_archives_warn_until_excused() {
    let site = site()
        .file("extra.7z", b"7z\xbc\xaf\x27\x1c....")
        .file("kit.zip", zip(&[("a.xz", b"\xfd7zXZ\0")]));
    let run = site.run(&["push"]);
    let warning = "warning: 2 files (`extra.7z`, `kit.zip`) can't be searched for names of hidden files (`-v` says why). Check them yourself, then end this warning with `may_name = [\"**\"]` in a rule for them\n";
    assert!(run.code == 0 && run.stderr.contains(warning), "{run}");
    let run = site.run(&["push", "-v"]);
    let warning = "warning: `kit.zip` can't be searched for names of hidden files: `a.xz` inside it is packed in an unsupported format.";
    assert!(run.code == 0 && run.stderr.contains(warning), "{run}");
    let rule = "[[rule]]\nmatch = \"*.{7z,zip}\"\nmay_name = [\"**\"]\n";
    let run = site.config(&format!("{rule}{LEVELS}")).run(&["push"]);
    assert!(run.code == 0 && !run.stderr.contains("warning"), "{run}");
}

#[test]
fn without_levels_nothing_is_looked_into() {
    let run = Site::new()
        .config("[target.local]\nurl = \"file:out\"")
        .file("extra.7z", b"7z\xbc\xaf\x27\x1c....")
        .run(&["push"]);
    assert!(run.code == 0 && !run.stderr.contains("warning"), "{run}");
}
