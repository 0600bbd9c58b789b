//! Small pictures, a PDF and a sound, put together from their parts: valid as far as their formats
//! go.

use std::io::Write;

use flate2::Compression;
use flate2::Crc;
use flate2::write::ZlibEncoder;

/// What EXIF, XMP and IPTC are put into.
pub enum Block {
    Exif(Vec<u8>),
    Xmp(String),
    Iptc(Vec<u8>),
    /// A JPEG's or GIF's comment.
    Comment(&'static str),
    /// A PNG's chunk.
    Chunk(&'static [u8; 4], Vec<u8>),
}

/// One grey pixel, and `blocks`.
pub fn jpeg(blocks: &[Block]) -> Vec<u8> {
    let segment = |marker: u8, data: &[u8]| {
        let size = u16::try_from(data.len() + 2).expect("it's small");
        [&[0xFF, marker], &size.to_be_bytes()[..], data].concat()
    };
    let block = |block: &Block| match block {
        Block::Exif(tiff) => segment(0xE1, &[b"Exif\0\0", &tiff[..]].concat()),
        Block::Xmp(xmp) => {
            let head = b"http://ns.adobe.com/xap/1.0/\0";
            segment(0xE1, &[head, xmp.as_bytes()].concat())
        }
        Block::Iptc(data) => {
            let size = u32::try_from(data.len()).expect("it's small").to_be_bytes();
            let padding = &[0][..data.len() % 2];
            let parts = [
                b"Photoshop 3.0\x008BIM\x04\x04\0\0",
                &size[..],
                data,
                padding,
            ];
            segment(0xED, &parts.concat())
        }
        Block::Comment(text) => segment(0xFE, text.as_bytes()),
        Block::Chunk(..) => panic!("PNG has chunks"),
    };
    let blocks: Vec<u8> = blocks.iter().flat_map(block).collect();
    let tables = [
        segment(0xDB, &[[0].as_slice(), &[1; 64]].concat()),
        segment(0xC0, &[8, 0, 1, 0, 1, 1, 1, 0x11, 0]),
        segment(0xC4, &[[0, 1].as_slice(), &[0; 15], &[0]].concat()),
        segment(0xC4, &[[0x10, 1].as_slice(), &[0; 15], &[0]].concat()),
        segment(0xDA, &[1, 1, 0, 0, 63, 0]),
    ];
    let header = segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    [
        b"\xFF\xD8",
        &header[..],
        &blocks,
        &tables.concat(),
        b"\x3F\xFF\xD9",
    ]
    .concat()
}

/// One grey pixel, and `blocks`.
pub fn png(blocks: &[Block]) -> Vec<u8> {
    let chunk = |kind: &[u8; 4], data: &[u8]| {
        let mut crc = Crc::new();
        crc.update(kind);
        crc.update(data);
        let size = u32::try_from(data.len()).expect("it's small").to_be_bytes();
        [&size[..], kind, data, &crc.sum().to_be_bytes()].concat()
    };
    let block = |block: &Block| match block {
        Block::Exif(tiff) => chunk(b"eXIf", tiff),
        Block::Xmp(xmp) => {
            let head = b"XML:com.adobe.xmp\0\0\0\0\0";
            chunk(b"iTXt", &[head, xmp.as_bytes()].concat())
        }
        Block::Chunk(kind, data) => chunk(kind, data),
        Block::Iptc(_) | Block::Comment(_) => panic!("PNG has no such thing"),
    };
    let blocks: Vec<u8> = blocks.iter().flat_map(block).collect();
    [
        b"\x89PNG\r\n\x1A\n".to_vec(),
        chunk(b"IHDR", b"\0\0\0\x01\0\0\0\x01\x08\0\0\0\0"),
        blocks,
        chunk(b"IDAT", &deflated(b"\0\x80")),
        chunk(b"IEND", b""),
    ]
    .concat()
}

/// One green pixel, and `blocks`.
pub fn webp(blocks: &[Block]) -> Vec<u8> {
    let chunk = |kind: &[u8; 4], data: &[u8]| {
        let size = u32::try_from(data.len()).expect("it's small").to_le_bytes();
        [kind, &size[..], data, &[0][..data.len() % 2]].concat()
    };
    let (mut flags, mut further) = (0, Vec::new());
    for block in blocks {
        let (flag, data) = match block {
            Block::Exif(tiff) => (8, chunk(b"EXIF", tiff)),
            Block::Xmp(xmp) => (4, chunk(b"XMP ", xmp.as_bytes())),
            _ => panic!("WebP has no such thing"),
        };
        flags |= flag;
        further.extend(data);
    }
    let pixel = b"/\0\0\0\x10\x07\x10\x11\x11\x88\x88\xFE\x07\0";
    let extended = chunk(b"VP8X", &[flags, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let chunks = [extended, chunk(b"VP8L", pixel), further].concat();
    let size = u32::try_from(chunks.len() + 4).expect("it's small");
    [b"RIFF", &size.to_le_bytes()[..], b"WEBP", &chunks].concat()
}

/// One pixel, and `blocks`.
pub fn gif(blocks: &[Block]) -> Vec<u8> {
    let block = |block: &Block| match block {
        Block::Comment(text) => {
            let size = u8::try_from(text.len()).expect("it's small");
            [b"!\xFE", &[size][..], text.as_bytes(), b"\0"].concat()
        }
        _ => panic!("GIF has no such thing"),
    };
    let blocks: Vec<u8> = blocks.iter().flat_map(block).collect();
    let head = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xFF\xFF\xFF";
    let picture = b",\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
    [&head[..], &blocks, picture].concat()
}

/// An empty page; `properties` are PDF's: `/Title (A title)`.
pub fn pdf(properties: &str) -> Vec<u8> {
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_string(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_string(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>".to_string(),
        format!("<< {properties} >>"),
    ];
    let mut text = "%PDF-1.4\n".to_string();
    let mut table = "0000000000 65535 f \n".to_string();
    for (number, object) in (1..).zip(&objects) {
        table += &format!("{:010} 00000 n \n", text.len());
        text += &format!("{number} 0 obj\n{object}\nendobj\n");
    }
    let start = text.len();
    text += &format!(
        "xref\n0 5\n{table}trailer\n<< /Size 5 /Root 1 0 R /Info 4 0 R >>\nstartxref\n{start}\n%%EOF\n"
    );
    text.into_bytes()
}

/// A tenth of a second of silence, behind ID3 `frames`.
pub fn mp3(frames: &[(&[u8; 4], &str)]) -> Vec<u8> {
    let frame = |(id, text): &(&[u8; 4], &str)| {
        let size = u32::try_from(text.len() + 1)
            .expect("it's small")
            .to_be_bytes();
        [&id[..], &size, b"\0\0\0", text.as_bytes()].concat()
    };
    let frames: Vec<u8> = frames.iter().flat_map(frame).collect();
    let size = u8::try_from(frames.len()).expect("it's small");
    let tag = if frames.is_empty() {
        Vec::new()
    } else {
        [b"ID3\x03\0\0\0\0\0", &[size][..], &frames].concat()
    };
    let silence = [b"\xFF\xFB\x90\0".as_slice(), &[0; 413]].concat();
    [tag, silence.repeat(4)].concat()
}

/// EXIF with these tags in its first directory, and in the ones that `0x8769` (EXIF) and `0x8825`
/// (GPS) lead to.
pub fn exif(main: &[Tag], camera: &[Tag], place: &[Tag]) -> Vec<u8> {
    let size_of =
        |tags: &[Tag]| 2 + 12 * tags.len() + 4 + tags.iter().map(Tag::outside_bytes).sum::<usize>();
    let pointers = [(0x8769, camera), (0x8825, place)];
    let wanted: Vec<_> = pointers
        .into_iter()
        .filter(|(_, tags)| !tags.is_empty())
        .collect();
    let mut all: Vec<Tag> = main.to_vec();
    all.extend(wanted.iter().map(|(tag, _)| Tag(*tag, 4, 1, vec![0; 4])));
    let mut at = 8 + size_of(&all);
    for (tag, tags) in &wanted {
        let offset = u32::try_from(at).expect("it's small").to_be_bytes();
        let pointer = all
            .iter_mut()
            .find(|other| other.0 == *tag)
            .expect("it's there");
        pointer.3 = offset.to_vec();
        at += size_of(tags);
    }
    let mut tiff = b"MM\0*\0\0\0\x08".to_vec();
    for tags in [&all[..]]
        .into_iter()
        .chain(wanted.iter().map(|(_, tags)| *tags))
    {
        let directory = directory(tags, tiff.len());
        tiff.extend(directory);
    }
    tiff
}

/// Number, type, count and value.
#[derive(Clone)]
pub struct Tag(pub u16, pub u16, pub u32, pub Vec<u8>);

impl Tag {
    pub fn text(number: u16, text: &str) -> Tag {
        let value = [text.as_bytes(), b"\0"].concat();
        Tag(
            number,
            2,
            u32::try_from(value.len()).expect("it's small"),
            value,
        )
    }

    /// Which way is up: 1 to 8.
    pub fn orientation(way: u8) -> Tag {
        Tag(0x0112, 3, 1, vec![0, way])
    }

    pub fn user_comment(text: &str) -> Tag {
        let value = [b"ASCII\0\0\0", text.as_bytes()].concat();
        Tag(
            0x9286,
            7,
            u32::try_from(value.len()).expect("it's small"),
            value,
        )
    }

    /// Degrees, minutes and seconds north.
    pub fn latitude(degrees: [u32; 3]) -> [Tag; 2] {
        let value = degrees
            .iter()
            .flat_map(|n| [n.to_be_bytes(), 1u32.to_be_bytes()].concat());
        [Tag::text(1, "N"), Tag(2, 5, 3, value.collect())]
    }

    fn outside_bytes(&self) -> usize {
        if self.3.len() > 4 { self.3.len() } else { 0 }
    }
}

fn directory(tags: &[Tag], at: usize) -> Vec<u8> {
    let mut tags = tags.to_vec();
    tags.sort_by_key(|tag| tag.0);
    let (mut entries, mut outside) = (Vec::new(), Vec::new());
    let behind = at + 2 + 12 * tags.len() + 4;
    for Tag(number, kind, count, value) in &tags {
        entries.extend(
            [
                &number.to_be_bytes()[..],
                &kind.to_be_bytes(),
                &count.to_be_bytes(),
            ]
            .concat(),
        );
        let mut field = value.clone();
        if value.len() > 4 {
            field = u32::try_from(behind + outside.len())
                .expect("it's small")
                .to_be_bytes()
                .to_vec();
            outside.extend(value);
        }
        field.resize(4, 0);
        entries.extend(field);
    }
    let count = u16::try_from(tags.len()).expect("it's small").to_be_bytes();
    [&count[..], &entries, &[0; 4], &outside].concat()
}

/// One of IPTC's texts.
pub fn iptc(number: u8, text: &str) -> Vec<u8> {
    let size = u16::try_from(text.len()).expect("it's small").to_be_bytes();
    [&[0x1C, 2, number], &size[..], text.as_bytes()].concat()
}

/// A packet with one property, such as `dc:description`.
pub fn xmp(property: &str, value: &str) -> String {
    format!(
        "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' \
         xmlns:dc='http://purl.org/dc/elements/1.1/'><rdf:Description rdf:about=''><{property}>{value}</{property}>\
         </rdf:Description></rdf:RDF></x:xmpmeta>"
    )
}

pub fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory can be written");
    encoder.finish().expect("memory can be written")
}
