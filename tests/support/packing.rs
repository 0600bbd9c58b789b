//! Archives, documents, fonts and pictures that have something in them.

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

pub fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
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

pub fn gzipped(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).expect("in memory");
    encoder.finish().expect("in memory")
}

pub fn zstandard(content: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(content, ruzstd::encoding::CompressionLevel::Fastest)
}

pub fn zlib(content: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).expect("in memory");
    encoder.finish().expect("in memory")
}

pub fn tarred(name: &str, content: &[u8]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    archive
        .append_data(&mut header, name, content)
        .expect("in memory");
    archive.into_inner().expect("in memory")
}

pub fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

/// A PNG with this chunk, without its picture.
pub fn png_with(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let size = (data.len() as u32).to_be_bytes();
    [&b"\x89PNG\r\n\x1a\n"[..], &size, name, data, &[0; 4]].concat()
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
    let size = objects.len() + 1;
    bytes.extend(format!("xref\n0 {size}\n0000000000 65535 f \n").bytes());
    for place in places {
        bytes.extend(format!("{place:010} 00000 n \n").bytes());
    }
    let trailer = format!("trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n");
    bytes.extend(trailer.bytes());
    bytes
}

fn stream(dictionary: &str, content: &str) -> Vec<u8> {
    let content = zlib(content.as_bytes());
    let head = format!(
        "<< {dictionary} /Length {} /Filter /FlateDecode >>\nstream\n",
        content.len()
    );
    [head.into_bytes(), content, b"\nendstream".to_vec()].concat()
}

/// A PDF with one page that shows what `content` draws, and one link.
pub fn page(content: &str, link: &str) -> Vec<u8> {
    pdf(&[
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R /Annots [6 0 R] /Resources << /Font << /F 5 0 R >> >> >>".to_vec(),
        stream("", content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_vec(),
        format!("<< /Type /Annot /Subtype /Link /Rect [0 0 1 1] /A << /S /URI /URI {link} >> >>").into_bytes(),
    ])
}

pub fn pdf_with_link(link: &str) -> Vec<u8> {
    page("", link)
}

/// A PDF with an attachment, which is deflated.
pub fn attached_pdf(content: &[u8]) -> Vec<u8> {
    let content = zlib(content);
    let head = format!(
        "<< /Type /EmbeddedFile /Length {} /Filter /FlateDecode >>\nstream\n",
        content.len()
    );
    let attachment = [head.as_bytes(), &content, b"\nendstream"].concat();
    pdf(&[b"<< /Type /Catalog >>".to_vec(), attachment])
}

pub fn deflated_pdf(content: &str) -> Vec<u8> {
    page(content, "(/)")
}

/// A PDF with a compressed object.
pub fn object_stream_pdf(object: &str) -> Vec<u8> {
    pdf(&[
        b"<< /Type /Catalog >>".to_vec(),
        stream("/Type /ObjStm /N 1 /First 4", &format!("9 0 {object}")),
    ])
}

/// A font with one table, `name`, that ends with this.
pub fn font_with_name(name: &[u8]) -> Vec<u8> {
    let mut font = b"\0\x01\0\0\0\x01\0\0\0\0\0\0name\0\0\0\0\0\0\0\x1c".to_vec();
    font.extend((name.len() as u32).to_be_bytes());
    font.extend_from_slice(name);
    font
}

/// The table of such a font.
fn table(font: &[u8]) -> &[u8] {
    &font[28..]
}

pub fn woff(font: &[u8]) -> Vec<u8> {
    let (start, packed) = (64_u32, zlib(table(font)));
    let mut bytes = b"wOFF\0\x01\0\0\0\0\0\0\0\x01".to_vec();
    bytes.resize(44, 0);
    bytes.extend(b"name");
    bytes.extend(start.to_be_bytes());
    bytes.extend((packed.len() as u32).to_be_bytes());
    bytes.extend((table(font).len() as u32).to_be_bytes());
    bytes.resize(start as usize, 0);
    [bytes, packed].concat()
}

/// Brotli that compresses nothing, but cuts the table in two.
pub fn woff2(font: &[u8]) -> Vec<u8> {
    let table = table(font);
    let packed = brotlied(table);
    let mut bytes = b"wOF2\0\x01\0\0\0\0\0\0\0\x01".to_vec();
    bytes.resize(20, 0);
    bytes.extend((packed.len() as u32).to_be_bytes());
    bytes.resize(48, 0);
    // The sixth of the tables that have numbers.
    bytes.extend([5, table.len() as u8]);
    [bytes, packed].concat()
}

/// Brotli in pieces of nine bytes, none of them compressed (RFC 7932, 9.2).
pub fn brotlied(content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (index, part) in content.chunks(9).enumerate() {
        // The first has one bit more before it: how large the window is.
        let head = ((part.len() as u32 - 1) << 3 | 1 << 19) << u32::from(index == 0);
        bytes.extend_from_slice(&head.to_le_bytes()[..3]);
        bytes.extend_from_slice(part);
    }
    bytes.push(3);
    bytes
}
