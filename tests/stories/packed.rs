//! Names of hidden files are found in what is packed: archives, documents, fonts, pictures.

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use crate::support::Site;

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

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut archive = rawzip::ZipArchiveWriter::new(&mut bytes);
    for (name, content) in members {
        let member = archive
            .new_file(*name)
            .compression_method(rawzip::CompressionMethod::DEFLATE);
        let (mut entry, config) = member.start().expect("a name");
        let mut encoder = DeflateEncoder::new(&mut entry, Compression::default());
        encoder.write_all(content).expect("in memory");
        encoder.finish().expect("in memory");
        let mut counted = config.wrap(std::io::sink());
        counted.write_all(content).expect("nowhere");
        let (_, descriptor) = counted.finish().expect("nowhere");
        entry.finish(descriptor).expect("in memory");
    }
    archive.finish().expect("in memory");
    bytes
}

fn gzipped(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).expect("in memory");
    encoder.finish().expect("in memory")
}

fn zlib(content: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).expect("in memory");
    encoder.finish().expect("in memory")
}

fn tarred(name: &str, content: &[u8]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    archive
        .append_data(&mut header, name, content)
        .expect("in memory");
    archive.into_inner().expect("in memory")
}

/// A PDF of these objects, the first of which is its catalogue.
fn pdf(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n".to_vec();
    let mut places = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        places.push(bytes.len());
        bytes.extend(format!("{} 0 obj\n", index + 1).bytes());
        bytes.extend_from_slice(object);
        bytes.extend(b"\nendobj\n");
    }
    let table = bytes.len();
    bytes.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
    for place in places {
        bytes.extend(format!("{place:010} 00000 n \n").bytes());
    }
    let trailer = format!(
        "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n",
        objects.len() + 1
    );
    bytes.extend(trailer.bytes());
    bytes
}

/// A PDF with one page that shows what `content` draws, and one link.
fn page(content: &str, link: &str) -> Vec<u8> {
    let drawn = zlib(content.as_bytes());
    let stream = [
        format!(
            "<< /Length {} /Filter /FlateDecode >>\nstream\n",
            drawn.len()
        )
        .into_bytes(),
        drawn,
        b"\nendstream".to_vec(),
    ]
    .concat();
    pdf(&[
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R /Annots [6 0 R] /Resources << /Font << /F 5 0 R >> >> >>".to_vec(),
        stream,
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_vec(),
        format!("<< /Type /Annot /Subtype /Link /Rect [0 0 1 1] /A << /S /URI /URI {link} >> >>").into_bytes(),
    ])
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

#[test]
fn a_hidden_name_in_what_is_packed_is_an_error() {
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
        ("clock.svgz", gzipped(note), "what is packed in it"),
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
            "what is packed in it",
        ),
        (
            "kerned.pdf",
            page(&format!("BT /F 9 Tf [({one}) -20 ({other})] TJ ET"), "(/)"),
            "what is packed in it",
        ),
        (
            "linked.pdf",
            page("", &hexadecimal(&format!("https://hunt.example/{FILE}"))),
            "what is packed in it",
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

#[test]
fn what_can_not_be_looked_into_is_one_warning_that_a_rule_ends() {
    let site = site()
        .file("extra.7z", b"7z\xbc\xaf\x27\x1c....")
        .file("kit.zip", zip(&[("a.xz", b"\xfd7zXZ\0")]));
    let run = site.run(&["push"]);
    let warning = "warning: 2 files can't be searched for names of hidden files, since they are packed in a way that isn't read (`-v` says why): a rule with `may_name = [\"**\"]` says that they may name them: `extra.7z`, `kit.zip`";
    assert!(run.code == 0 && run.stderr.contains(warning), "{run}");
    let run = site.run(&["push", "-v"]);
    let warning = "warning: `kit.zip` can't be searched for names of hidden files: `a.xz` inside it is packed in a format that isn't read;";
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
