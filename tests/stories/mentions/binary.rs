//! Mentions in files that aren't text, and in what is packed.

use super::{FOLDER, PAGE, PICTURE, Way, hex, way};
use crate::support::packing::{
    deflated_pdf, font_with_name, gzipped, object_stream_pdf, pdf_with_link, png_with, tarred,
    utf16, woff, woff2, zip, zlib,
};

pub(super) fn in_binary_files() -> Vec<Way> {
    let latin = |text: &str| text.as_bytes().to_vec();
    let xp = utf16(PICTURE, u16::to_le_bytes);
    let id3 = [
        b"ID3\x03\0\0\0\0\x01\0COMM\0\0\0\x70\0\0\x01eng\xff\xfe\0\0\xff\xfe".to_vec(),
        xp.clone(),
        vec![0; 64],
        vec![0xff, 0xfb, 0x90, 0],
    ]
    .concat();
    let name = font_with_name(&utf16(PICTURE, u16::to_be_bytes));
    let comment = |pieces: &[&str]| {
        let pieces = pieces
            .iter()
            .map(|piece| [&[piece.len() as u8], piece.as_bytes()].concat());
        [
            b"GIF89a\x01\0\x01\0\0\0\0\x21\xfe".to_vec(),
            pieces.collect::<Vec<_>>().concat(),
            b"\0;".to_vec(),
        ]
        .concat()
    };
    vec![
        way("PNG: text", "b01.png", png_with(b"tEXt", &latin(&format!("Source\0{PICTURE}")))),
        way("PNG: compressed text", "b02.png", png_with(b"zTXt", &[b"Source\0\0".to_vec(), zlib(PICTURE.as_bytes())].concat())),
        way("PNG: international text", "b03.png", png_with(b"iTXt", &[b"Source\0\x01\0\0\0".to_vec(), zlib(PICTURE.as_bytes())].concat())),
        way("JPEG: a comment", "b04.jpg", [b"\xff\xd8\xff\xfe\0\x30".to_vec(), latin(PICTURE)].concat()),
        way("JPEG: Windows' title", "b05.jpg", [b"\xff\xd8\xff\xe1\0\x90Exif\0\0II*\0".to_vec(), xp].concat()),
        way("JPEG: XMP", "b06.jpg", latin(&format!("\u{1}http://ns.adobe.com/xap/1.0/\0<a b='file:///{PICTURE}'/>"))),
        way("GIF: a comment", "b07.gif", comment(&["hunt/lantern/solu", "tion/oil-and-wick.png"])),
        way("MP3: a comment in UTF-16", "b08.mp3", id3),
        way("MP3: a link", "b09.mp3", latin(&format!("ID3\u{3}\0\0\0\0\u{1}\0WXXX\0\0\0\u{60}\0\0\0\0https://hunt.example/{FOLDER}\0"))),
        way("MP4: a comment", "b10.mp4", latin(&format!("\0\0\0\u{18}ftypmp42\0\0\0\0mp42isom\0\0\0\u{60}\u{a9}cmtdata\0\0\0\u{1}\0\0\0\0{PICTURE}moov"))),
        way("WebM: a title", "b11.webm", [b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01{\xa9\xa6".to_vec(), latin(PICTURE), b"MA".to_vec()].concat()),
        way("AVIF: XMP", "b12.avif", latin(&format!("\0\0\0\u{1c}ftypavif\0\0\0\0avifmif1<x:xmpmeta a='{PICTURE}'/>"))),
        way("WAV: a comment", "b13.wav", latin(&format!("RIFF\u{60}\0\0\0WAVELIST\u{40}\0\0\0INFOICMT\u{30}\0\0\0{PICTURE}"))),
        way("PDF: a link", "b14.pdf", pdf_with_link(&format!("(https://hunt.example/{FOLDER})"))),
        way("PDF: a link in UTF-16", "b15.pdf", pdf_with_link(&format!("<FEFF{}>", hex(&utf16(PICTURE, u16::to_be_bytes))))),
        way("PDF: text on a page", "b16.pdf", deflated_pdf("BT /F 9 Tf [(hunt/lan) -30 (tern/solution/wax.html)] TJ ET")),
        way("PDF: an object stream", "b17.pdf", object_stream_pdf(&format!("<< /S /URI /URI (https://hunt.example/{PAGE}) >>"))),
        way("a font's name", "b18.ttf", name.clone()),
        way("a font for the web", "b19.woff", woff(&name)),
        way("a font for the web, 2", "b20.woff2", woff2(&name)),
        way("WebAssembly", "b21.wasm", latin(&format!("\0asm\u{1}\0\0\0next{PICTURE}then"))),
        way("a model in one file", "b22.glb", latin(&format!("glTF\u{2}\0\0\0JSON{{\"uri\":\"{PICTURE}\"}}BIN"))),
        way("zip: a member's name", "b23.zip", zip(&[(PICTURE, b"a picture")])),
        way("zip: a text", "b24.zip", zip(&[("read.me", format!("see {PAGE}").as_bytes())])),
        way("zip: a zip", "b25.zip", zip(&[("more.zip", &zip(&[("read.me", format!("see {FOLDER}").as_bytes())]))])),
        way("docx: text", "b26.docx", zip(&[("word/document.xml", b"<w:p><w:r><w:t>see hunt/lantern/</w:t></w:r><w:r><w:t>solution/wax.html</w:t></w:r></w:p>")])),
        way("xlsx: a link", "b27.xlsx", zip(&[("xl/_rels/a.rels", format!("<a Target=\"https://hunt.example/{FOLDER}\"/>").as_bytes())])),
        way("epub: its list", "b28.epub", zip(&[("c.opf", format!("<item href=\"../{PICTURE}\"/>").as_bytes())])),
        way("a tar that is gzipped", "b29.tgz", gzipped(&tarred(PICTURE, b"a picture"))),
        way("a gzipped drawing", "b30.svgz", gzipped(format!("<svg><text>{PICTURE}</text></svg>").as_bytes())),
        way("a gzipped list", "b31.gz", gzipped(format!("{PICTURE}\n").as_bytes())),
        way("an archive that isn't read", "b32.7z", b"7z\xbc\xaf\x27\x1c...."),
    ]
}
