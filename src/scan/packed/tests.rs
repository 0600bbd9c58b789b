//! Archives that are made here, and what is found in them.

use std::collections::BTreeMap;
use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use proptest::prelude::*;

use super::*;

/// Contents by path, and what couldn't be looked into.
#[derive(Default)]
struct Reported {
    names: Vec<String>,
    contents: BTreeMap<String, Vec<u8>>,
    digests: BTreeMap<String, blake3::Hash>,
    closed: Vec<(String, Closed)>,
}

fn told_within(name: &str, bytes: &[u8], limits: &Limits) -> Reported {
    let mut told = Reported::default();
    walk_bytes(name, bytes, limits, &mut |packed| {
        let path = packed.path.to_string();
        match packed.found {
            Found::Name => told.names.push(path),
            Found::Content(content) => {
                let all = told.contents.entry(path).or_default();
                content.read_to_end(all)?;
            }
            Found::Digest(digest) => {
                told.digests.insert(path, digest);
            }
            Found::Closed(why) => told.closed.push((path, why)),
        }
        Ok(())
    })
    .expect("memory can be read");
    told
}

fn told(name: &str, bytes: &[u8]) -> Reported {
    told_within(name, bytes, &Limits::default())
}

fn zipped(members: &[(&str, &[u8])], method: rawzip::CompressionMethod) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut archive = rawzip::ZipArchiveWriter::new(&mut bytes);
    for (name, content) in members {
        let member = archive.new_file(*name).compression_method(method);
        let (mut entry, config) = member.start().expect("a name");
        let packed: Vec<u8> = match method {
            rawzip::CompressionMethod::DEFLATE => deflated(content),
            _ => content.to_vec(),
        };
        entry.write_all(&packed).expect("in memory");
        let mut counted = config.wrap(std::io::sink());
        counted.write_all(content).expect("nowhere");
        let (_, descriptor) = counted.finish().expect("nowhere");
        entry.finish(descriptor).expect("in memory");
    }
    archive.finish().expect("in memory");
    bytes
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    zipped(members, rawzip::CompressionMethod::DEFLATE)
}

fn deflated(content: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).expect("in memory");
    encoder.finish().expect("in memory")
}

fn zlib(content: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).expect("in memory");
    encoder.finish().expect("in memory")
}

fn gzipped(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).expect("in memory");
    encoder.finish().expect("in memory")
}

fn tarred(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in members {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        archive
            .append_data(&mut header, name, *content)
            .expect("in memory");
    }
    archive.into_inner().expect("in memory")
}

/// Brotli that compresses nothing (RFC 7932, 9.2).
fn brotlied(content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (index, part) in content.chunks(1 << 16).enumerate() {
        // The first has one bit more before it: how large the window is.
        let head = ((part.len() as u32 - 1) << 3 | 1 << 19) << u32::from(index == 0);
        bytes.extend_from_slice(&head.to_le_bytes()[..3]);
        bytes.extend_from_slice(part);
    }
    bytes.push(3);
    bytes
}

/// An archive inside an archive has the digest of its own bytes.
#[test]
fn packed_members_have_own_digest() {
    let inner = gzipped(&tarred(&[("docs/a.txt", b"first")]));
    let told = told("packed", &zip(&[("in.tgz", &inner)]));
    assert_eq!(told.digests["in.tgz"], blake3::hash(&inner));
    assert_eq!(told.contents["in.tgz/docs/a.txt"], b"first");
}

/// ID3 tags are read without the zeros inserted between their bytes.
#[test]
fn unsynchronised_tags_are_decoded() {
    let tag = b"ID3\x03\0\x80\0\0\0\x0cAPIC\0\0\xff\0\xd8\xff\0\xe0";
    let told = told("a.mp3", tag);
    assert_eq!(told.contents[""], b"APIC\0\0\xff\xd8\xff\xe0");
}

/// Members of archives are read with their names and contents.
#[test]
fn archive_members_are_listed() {
    let members: [(&str, &[u8]); 2] = [("docs/a.txt", b"first"), ("b.bin", b"\0\x01")];
    for packed in [
        zip(&members),
        zipped(&members, rawzip::CompressionMethod::STORE),
        tarred(&members),
        gzipped(&tarred(&members)),
        [b"a picture".as_slice(), &zip(&members)].concat(),
    ] {
        let told = told("packed", &packed);
        assert_eq!(told.names, ["docs/a.txt", "b.bin"]);
        assert_eq!(told.contents["docs/a.txt"], b"first");
        assert_eq!(told.contents["b.bin"], b"\0\x01");
        assert_eq!(told.closed, []);
    }
}

/// Archives inside archives are read.
#[test]
fn nested_archives_are_read() {
    let inner = zip(&[("deep.txt", b"a note")]);
    let gzipped = gzipped(&tarred(&[("inner.zip", &inner)]));
    let told = told("a.zip", &zip(&[("b.tar.gz", &gzipped)]));
    assert_eq!(
        told.names,
        [
            "b.tar.gz",
            "b.tar.gz/inner.zip",
            "b.tar.gz/inner.zip/deep.txt"
        ]
    );
    assert_eq!(told.contents["b.tar.gz/inner.zip/deep.txt"], b"a note");
    assert_eq!(told.closed, []);
}

#[test]
fn streams_are_unpacked() {
    for (name, packed) in [
        ("a.txt.gz", gzipped(b"a note")),
        ("a.txt.gz", [gzipped(b"a n"), gzipped(b"ote")].concat()),
        ("a.txt.br", brotlied(b"a note")),
    ] {
        assert_eq!(told(name, &packed).contents[""], b"a note", "{name}");
    }
    assert!(told("a.txt", &brotlied(b"a note")).contents.is_empty());
}

fn png(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let size = (data.len() as u32).to_be_bytes();
    [&b"\x89PNG\r\n\x1a\n"[..], &size, name, data, &[0; 4]].concat()
}

/// Pictures and sound with a note in each, compressed or cut.
fn noted_pictures() -> [Vec<u8>; 7] {
    let text = zlib(b"a note");
    [
        png(b"zTXt", &[b"Comment\0\0", text.as_slice()].concat()),
        png(
            b"iTXt",
            &[b"Comment\0\x01\0en\0Note\0", text.as_slice()].concat(),
        ),
        png(
            b"zTXt",
            &[
                &b"Raw profile type exif\0\0"[..],
                &zlib(b"\nexif\n       6\n61206e6f7465\n"),
            ]
            .concat(),
        ),
        [b"GIF89a....\x21\xfe\x02a \x04note\0".as_slice()].concat(),
        [b"\0\0\0\x20ftypavif....deflate".as_slice(), &text].concat(),
        [
            &b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x16brobxml "[..],
            &brotlied(b"a note"),
        ]
        .concat(),
        [b"ID3\x03\0\0\0\0\x01\0".as_slice(), &text].concat(),
    ]
}

#[test]
fn compressed_texts_of_pictures_are_unpacked() {
    for picture in noted_pictures() {
        let told = told("picture", &picture);
        let texts = told.contents.get("").expect("a text");
        assert!(
            memchr::memmem::find(texts, b"a note").is_some(),
            "{picture:?}: {texts:?}"
        );
        assert_eq!(told.closed, []);
    }
    // One that isn't compressed stands there as it is.
    let plain = png(b"iTXt", b"Comment\0\0\0en\0Note\0a note");
    assert!(told("picture", &plain).contents.is_empty());
}

fn woff(name: &[u8], metadata: &[u8]) -> Vec<u8> {
    let start = 44 + 20;
    let mut font = b"wOFF".to_vec();
    font.extend([0; 8]);
    font.extend(1_u16.to_be_bytes());
    font.extend([0; 10]);
    font.extend((start as u32 + name.len() as u32).to_be_bytes());
    font.extend((metadata.len() as u32).to_be_bytes());
    font.resize(44, 0);
    font.extend(b"name");
    font.extend((start as u32).to_be_bytes());
    font.extend((name.len() as u32).to_be_bytes());
    font.resize(start, 0);
    [&font, name, metadata].concat()
}

fn woff2(tables: &[u8], directory: &[u8], metadata: &[u8]) -> Vec<u8> {
    let packed = brotlied(tables);
    let mut font = b"wOF2\0\x01\0\0\0\0\0\0\0\x02".to_vec();
    font.resize(20, 0);
    font.extend((packed.len() as u32).to_be_bytes());
    font.resize(28, 0);
    font.extend((48 + directory.len() as u32 + packed.len() as u32).to_be_bytes());
    font.extend((metadata.len() as u32).to_be_bytes());
    font.resize(48, 0);
    [&font, directory, &packed, metadata].concat()
}

#[test]
fn tables_of_fonts_are_unpacked() {
    // A table `glyf`, transformed, of three bytes, and a table `name`.
    let directory = [10, 9, 3, 5, 6];
    for font in [
        woff(&zlib(b"a note"), b""),
        woff(b"", &zlib(b"a note")),
        woff2(b"xyza note", &directory, b""),
        woff2(b"xyz123456", &directory, &brotlied(b"a note")),
    ] {
        let told = told("font", &font);
        assert!(
            told.contents[""].ends_with(b"a note"),
            "{:?}",
            told.contents
        );
        assert_eq!(told.closed, []);
    }
}

/// An archive that cannot be read is reported with the reason.
#[test]
fn unreadable_archives_are_reported() {
    let mut encrypted = zip(&[("a.txt", b"a note")]);
    let directory = memchr::memmem::find(&encrypted, b"PK\x01\x02").expect("it has one");
    encrypted[directory + 8] |= 1;
    let mut unknown = zip(&[("a.txt", b"a note")]);
    unknown[directory + 10] = 93;
    let small = Limits {
        unpacked_bytes_min: 1000,
        ratio_max: 1,
        members_max: 3,
        depth_max: 2,
        ..Limits::default()
    };
    let many: Vec<(&str, &[u8])> = vec![("a", b""); 4];
    let thrice = gzipped(&gzipped(&gzipped(b"a note")));
    for (packed, path, why) in [
        (encrypted, "a.txt", Closed::Encrypted),
        (unknown, "a.txt", Closed::Format),
        (b"7z\xbc\xaf\x27\x1c....".to_vec(), "", Closed::Format),
        (zip(&[("a.xz", b"\xfd7zXZ\0")]), "a.xz", Closed::Format),
        (gzipped(&[b'a'; 100_000]), "", Closed::TooLarge),
        (zip(&[("a", &[b'a'; 100_000])]), "a", Closed::TooLarge),
        (zip(&many), "", Closed::TooMany),
        (tarred(&many), "", Closed::TooMany),
        (thrice, "", Closed::TooDeep),
        (b"PK\x03\x04 and no more".to_vec(), "", Closed::Damaged),
        (gzipped(&[1; 900])[..15].to_vec(), "", Closed::Damaged),
        (b"%PDF-1.7 and no more".to_vec(), "", Closed::Damaged),
        (b"wOF2 and no more".to_vec(), "", Closed::Damaged),
    ] {
        let told = told_within("packed", &packed, &small);
        assert_eq!(told.closed.last(), Some(&(path.to_string(), why)));
    }
}

/// A small file cannot unpack to more than its share.
#[test]
fn small_file_unpacks_within_limit() {
    let tower = (0..3).fold(vec![0; 50_000_000], |inner, _| gzipped(&inner));
    let wide: Vec<(&str, &[u8])> = vec![("a", &[0; 1_000_000]); 100];
    let limits = Limits {
        unpacked_bytes_min: 1 << 20,
        ..Limits::default()
    };
    for packed in [tower, zip(&wide)] {
        let told = told_within("packed", &packed, &limits);
        let unpacked: usize = told.contents.values().map(Vec::len).sum();
        let most = (1 << 20) + 32 * packed.len();
        assert!(unpacked <= most, "{unpacked} of {most}");
        assert!(told.closed.iter().any(|(_, why)| *why == Closed::TooLarge));
    }
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(
        kind in 0..9_usize,
        at in any::<prop::sample::Index>(),
        with in prop::collection::vec(any::<u8>(), 1..9),
    ) {
        let mut packed = match kind {
            0 => zip(&[("a/b.txt", b"a note"), ("c.gz", &gzipped(b"a note"))]),
            1 => tarred(&[("a/b.txt", b"a note"), ("c", b"d")]),
            2 => gzipped(&tarred(&[("a", b"b")])),
            3 => brotlied(b"a note"),
            4 => woff(&zlib(b"a note"), &zlib(b"a note")),
            5 => woff2(b"xyza note", &[10, 9, 3, 5, 6], &brotlied(b"a note")),
            6 => png(b"iTXt", &[&b"Comment\0\x01\0en\0Note\0"[..], &zlib(b"a note")].concat()),
            7 => [&b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x16brobxml "[..], &brotlied(b"a note")].concat(),
            _ => b"GIF89a....\x21\xfe\x02a \x04note\0".to_vec(),
        };
        let at = at.index(packed.len());
        let end = packed.len().min(at + with.len());
        packed.splice(at..end, with);
        told("a.br", &packed);
    }
}
