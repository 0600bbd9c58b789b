//! Types of files by extension: the allow-list, the `Content-Type`, and whether gzip helps. Pure.

/// Extensions that are published without being asked for: the web's pages, styles, scripts, data,
/// feeds, images, audio, video, fonts, models, builds of games, documents and archives. Source
/// code, drafts and dumps aren't here; `ts` isn't, since TypeScript has it too.
#[rustfmt::skip]
const ALLOWED: &[&str] = &[
    "7z", "aac", "apng", "atom", "avif", "bin", "bmp", "bz2", "cjs", "css", "csv", "cur", "data",
    "drc", "eot", "epub", "flac", "geojson", "gif", "glb", "gltf", "gpx", "gz", "hdr", "htm",
    "html", "ico", "ics", "jfif", "jpeg", "jpg", "js", "json", "jsonld", "jxl", "kml", "kmz",
    "ktx2", "m3u8", "m4a", "m4b", "m4s", "m4v", "manifest", "mem", "mid", "midi", "mjs", "mov",
    "mp3", "mp4", "mpd", "mtl", "obj", "oga", "ogg", "ogv", "ogx", "opml", "opus", "otf", "pck",
    "pdf", "png", "rss", "stl", "svg", "svgz", "tar", "tgz", "tif", "tiff", "topojson", "tsv",
    "ttc", "ttf", "ttml", "txt", "unityweb", "usdz", "vtt", "wad", "wasm", "wav", "weba", "webm",
    "webmanifest", "webp", "woff", "woff2", "xhtml", "xml", "xsl", "xslt", "xspf", "xz", "zip",
];

/// Types that `mime_guess` 2.0.5 doesn't know, or not as browsers and the IANA registry
/// (<https://www.iana.org/assignments/media-types>) have them now.
const CORRECTED: &[(&str, &str)] = &[
    ("3mf", "model/3mf"),
    ("avifs", "image/avif"),
    ("bin", "application/octet-stream"),
    ("br", "application/octet-stream"),
    ("cda", "application/x-cdf"),
    ("cjs", "text/javascript"),
    ("cur", "image/x-icon"),
    ("data", "application/octet-stream"),
    ("drc", "application/octet-stream"),
    ("flac", "audio/flac"),
    ("geojson", "application/geo+json"),
    ("glb", "model/gltf-binary"),
    ("gltf", "model/gltf+json"),
    ("ico", "image/x-icon"),
    ("js", "text/javascript"),
    ("jsonld", "application/ld+json"),
    ("jxl", "image/jxl"),
    ("ktx2", "image/ktx2"),
    ("m2ts", "video/mp2t"),
    ("m3u8", "application/vnd.apple.mpegurl"),
    ("m4a", "audio/mp4"),
    ("m4b", "audio/mp4"),
    ("m4s", "video/iso.segment"),
    ("m4v", "video/mp4"),
    ("manifest", "text/cache-manifest"),
    ("map", "application/json"),
    ("mem", "application/octet-stream"),
    ("mid", "audio/midi"),
    ("midi", "audio/midi"),
    ("mjs", "text/javascript"),
    ("mtl", "model/mtl"),
    ("mts", "video/mp2t"),
    ("mvt", "application/vnd.mapbox-vector-tile"),
    ("obj", "model/obj"),
    ("oga", "audio/ogg"),
    ("opus", "audio/ogg"),
    ("otf", "font/otf"),
    ("pck", "application/octet-stream"),
    ("rar", "application/vnd.rar"),
    ("rss", "application/rss+xml"),
    ("stl", "model/stl"),
    ("svgz", "image/svg+xml"),
    ("tgz", "application/gzip"),
    ("topojson", "application/json"),
    ("ts", "video/mp2t"),
    ("ttf", "font/ttf"),
    ("ttml", "application/ttml+xml"),
    ("unityweb", "application/octet-stream"),
    ("usdz", "model/vnd.usdz+zip"),
    ("wad", "application/octet-stream"),
    ("wav", "audio/wav"),
    ("weba", "audio/webm"),
    ("webmanifest", "application/manifest+json"),
    ("wgsl", "text/wgsl"),
    ("woff", "font/woff"),
    ("woff2", "font/woff2"),
    ("xml", "application/xml"),
    ("xsl", "application/xml"),
    ("xslt", "application/xslt+xml"),
    ("xz", "application/x-xz"),
    ("zst", "application/zstd"),
];

/// Compressed by their format though their type doesn't tell, or read in ranges by browsers.
const BINARY_THAT_SHRINKS: &[&str] = &[
    "application/wasm",
    "application/vnd.ms-fontobject",
    "font/collection",
    "font/otf",
    "font/ttf",
    "image/x-icon",
    "image/bmp",
];

/// Checks whether files with this extension (lower case) are published by default.
pub fn is_allowed(extension: &str) -> bool {
    ALLOWED.binary_search(&extension).is_ok()
}

/// The extensions (lower case) that are published without being asked for.
pub(crate) fn allowed() -> impl Iterator<Item = &'static str> {
    ALLOWED.iter().copied()
}

/// Checks by its name whether a file is a leftover of systems or editors. Those are never
/// published.
pub fn is_left_behind(name: &str) -> bool {
    const NAMES: [&str; 4] = [".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini"];
    const ENDS: [&str; 11] = [
        "~", ".ai", ".bak", ".kra", ".orig", ".psb", ".psd", ".rej", ".swo", ".swp", ".xcf",
    ];
    let name = name.to_lowercase();
    NAMES.contains(&name.as_str())
        || ENDS.iter().any(|end| name.ends_with(end))
        || [".#", "._", "~$"]
            .iter()
            .any(|start| name.starts_with(start))
        || (name.starts_with('#') && name.ends_with('#') && name.len() > 1)
}

/// The `Content-Type` for an extension (lower case), with `charset=utf-8` wherever a charset means
/// something. Unknown and missing extensions are `application/octet-stream`.
pub fn content_type(extension: Option<&str>) -> String {
    let Some(extension) = extension else {
        return "application/octet-stream".to_string();
    };
    let essence = match CORRECTED.iter().find(|(e, _)| *e == extension) {
        Some((_, corrected)) => corrected,
        None => mime_guess::from_ext(extension)
            .first_raw()
            .unwrap_or("application/octet-stream"),
    };
    if is_text_essence(essence) {
        format!("{essence}; charset=utf-8")
    } else {
        essence.to_string()
    }
}

/// Checks whether gzip may help a body of this `Content-Type`. Images (except SVG), audio, video
/// and archives are compressed already, and gzip would break their range requests.
pub fn is_compressible(content_type: &str) -> bool {
    let essence = essence(content_type);
    is_text_essence(&essence) || BINARY_THAT_SHRINKS.contains(&essence.as_str())
}

/// Checks whether a body of this `Content-Type` is text.
pub fn is_text(content_type: &str) -> bool {
    is_text_essence(&essence(content_type))
}

/// Checks whether files of this `Content-Type` can contain metadata that visitors don't see at
/// once.
pub(crate) fn has_metadata(content_type: &str) -> bool {
    let essence = essence(content_type);
    let kinds = ["audio/", "image/", "video/"];
    kinds.iter().any(|kind| essence.starts_with(kind)) || essence == "application/pdf"
}

/// Says whether a file of this type, which is no text, has texts in it that people or compilers put
/// there.
pub(crate) fn has_texts(content_type: &str) -> bool {
    has_metadata(content_type) || essence(content_type) == "application/wasm"
}

/// The type without its parameters, in lower case.
pub(crate) fn essence(content_type: &str) -> String {
    let essence = content_type.split(';').next().unwrap_or(content_type);
    essence.trim().to_ascii_lowercase()
}

fn is_text_essence(essence: &str) -> bool {
    essence.starts_with("text/")
        || essence.ends_with("+json")
        || essence.ends_with("+xml")
        || matches!(
            essence,
            "application/json"
                | "application/javascript"
                | "application/xml"
                | "application/vnd.apple.mpegurl"
                | "model/mtl"
                | "model/obj"
        )
}

/// Checks whether `start`, the first bytes of a file, is a format that is compressed already,
/// whatever the file's name is.
pub fn is_compressed(start: &[u8]) -> bool {
    const MAGIC: &[&[u8]] = &[
        b"\x1f\x8b",           // gzip, RFC 1952
        b"\x28\xb5\x2f\xfd",   // zstd, RFC 8878
        b"\xfd7zXZ\0",         // xz
        b"7z\xbc\xaf\x27\x1c", // 7-Zip
        b"BZh",                // bzip2
        b"PK\x03\x04",         // zip and what is built on it
        b"\x89PNG\r\n\x1a\n",  // PNG
        b"\xff\xd8\xff",       // JPEG
        b"GIF8",               // GIF
        b"wOFF",               // WOFF
        b"wOF2",               // WOFF2
        b"OggS",               // Ogg
        b"ID3",                // MP3
        b"\x1a\x45\xdf\xa3",   // Matroska, WebM
        b"fLaC",               // FLAC
    ];
    MAGIC.iter().any(|magic| start.starts_with(magic))
        || (start.starts_with(b"RIFF") && start.get(8..12) == Some(b"WEBP"))
        || start.get(4..8) == Some(b"ftyp")
}

/// The length of a transport stream's packets (ISO/IEC 13818-1), in bytes.
const PACKET_BYTES: usize = 188;

/// Says whether a file that begins so is a part of a video, as players load them, and not
/// TypeScript, which has the same extension: a transport stream, or an encrypted one.
pub(crate) fn is_segment(start: &[u8]) -> bool {
    is_transport_stream(start) || is_encrypted(start)
}

/// Checks whether these bytes look encrypted: zeros are among them, but as rare as any other byte.
fn is_encrypted(start: &[u8]) -> bool {
    const RARE: usize = 16;
    let zeros = memchr::memchr_iter(0, start).count();
    let is_utf16 = start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff");
    zeros > 0 && zeros * RARE < start.len() && std::str::from_utf8(start).is_err() && !is_utf16
}

fn is_transport_stream(start: &[u8]) -> bool {
    const SYNC: u8 = 0x47;
    let mut packets = start.chunks(PACKET_BYTES);
    let is_packed = packets.all(|packet| packet.first() == Some(&SYNC));
    is_packed && start.len() >= PACKET_BYTES && start.contains(&0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const IANA: &str = include_str!("../../tests/data/media/iana.tsv");
    const MDN: &str = include_str!("../../tests/data/media/mdn.tsv");

    /// Types that neither list has for these extensions, and why files are served so.
    #[rustfmt::skip]
    const EXCEPTIONS: &[(&str, &str, &str)] = &[
        ("avifs", "image/avif", "AVIF has one type, also for sequences"),
        ("br", "application/octet-stream", "Brotli is registered as an encoding, not as a type"),
        ("cjs", "text/javascript", "browsers run no script that is `application/node`"),
        ("cur", "image/x-icon", "not registered; browsers read it as an icon"),
        ("data", "application/octet-stream", "no type; Unity and Emscripten ask for none"),
        ("drc", "application/octet-stream", "no type; Draco's decoder asks for none"),
        ("flac", "audio/flac", "RFC 9639; the package has the type without its extension"),
        ("gpx", "application/gpx+xml", "not registered; the type that readers of tracks know"),
        ("hdr", "image/vnd.radiance", "registered; the package has the type without its extension"),
        ("ico", "image/x-icon", "the type browsers have for icons, in the MIME Sniffing standard"),
        ("jfif", "image/jpeg", "not registered; a JPEG by another name"),
        ("m4v", "video/mp4", "not registered; browsers know MP4 by this type"),
        ("mem", "application/octet-stream", "no type; Emscripten asks for none"),
        ("opml", "text/x-opml", "not registered; the type that feed readers know"),
        ("pck", "application/octet-stream", "no type; Godot asks for none"),
        ("rss", "application/rss+xml", "not registered; the type that feed readers know"),
        ("tgz", "application/gzip", "RFC 6713, as `.tar.gz` has it"),
        ("topojson", "application/json", "no type; it's JSON"),
        ("unityweb", "application/octet-stream", "Unity's settings for servers; the registered type was its plug-in's"),
        ("wad", "application/octet-stream", "no type; engines ask for none"),
        ("xspf", "application/xspf+xml", "not registered; the type in its specification"),
        ("xz", "application/x-xz", "not registered; the type that systems know"),
        ("zst", "application/zstd", "RFC 8878; the package has the type without its extension"),
    ];

    fn pairs(list: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
        let lines = list.lines().filter(|line| !line.starts_with('#'));
        lines.map(|line| line.split_once('\t').expect("an extension and a type"))
    }

    /// Every content type is one that IANA or MDN lists.
    #[test]
    fn content_types_are_registered() {
        assert!(pairs(IANA).is_sorted() && pairs(MDN).is_sorted());
        let listed: BTreeSet<_> = pairs(IANA).chain(pairs(MDN)).collect();
        let corrected = CORRECTED.iter().map(|(extension, _)| *extension);
        let of_the_web = pairs(MDN).map(|(extension, _)| extension);
        let extensions: BTreeSet<_> = allowed().chain(corrected).chain(of_the_web).collect();
        let served = extensions
            .iter()
            .map(|extension| (*extension, essence(&content_type(Some(extension)))));
        let unlisted: Vec<_> = served
            .filter(|(extension, essence)| !listed.contains(&(*extension, essence.as_str())))
            .collect();
        let excepted = EXCEPTIONS.iter().map(|(extension, essence, reason)| {
            assert!(!reason.is_empty(), "{extension}");
            (*extension, essence.to_string())
        });
        assert_eq!(unlisted, excepted.collect::<Vec<_>>());
    }

    /// The allow list is sorted, and source files are not in it.
    #[test]
    fn allow_list_is_sorted() {
        assert!(ALLOWED.is_sorted());
        assert!(is_allowed("html") && is_allowed("7z") && is_allowed("zip"));
        for source in [
            "map", "ts", "mts", "tsx", "scss", "py", "php", "md", "glsl", "wgsl", "psd", "ai",
            "docx", "orig", "env", "pem", "key", "sqlite3", "db", "zst",
        ] {
            assert!(!is_allowed(source), "{source}");
        }
    }

    /// Files that systems and editors leave behind are recognised by name.
    #[test]
    fn leftover_files_are_known_by_name() {
        for name in [
            ".DS_Store",
            "Thumbs.db",
            "desktop.ini",
            "logo.psd",
            "LOGO.PSD",
            "logo.ai",
            "index.html.orig",
            "index.html~",
            ".index.html.swp",
            ".#index.html",
            "#index.html#",
            "._photo.jpg",
            "~$notes.docx",
        ] {
            assert!(is_left_behind(name), "{name}");
        }
        for name in [
            "index.html",
            "ai.html",
            "rai.png",
            "#1.png",
            "#",
            "orig.png",
            "_.png",
        ] {
            assert!(!is_left_behind(name), "{name}");
        }
    }

    #[test]
    fn every_allowed_extension_has_a_type() {
        let unknown: Vec<_> = ALLOWED
            .iter()
            .filter(|e| content_type(Some(e)) == "application/octet-stream")
            .collect();
        let binary = ["bin", "data", "drc", "mem", "pck", "unityweb", "wad"];
        assert_eq!(unknown, binary.iter().collect::<Vec<_>>());
    }

    #[test]
    fn types_are_what_browsers_want() {
        for (extension, expected) in [
            ("html", "text/html; charset=utf-8"),
            ("css", "text/css; charset=utf-8"),
            ("js", "text/javascript; charset=utf-8"),
            ("mjs", "text/javascript; charset=utf-8"),
            ("cjs", "text/javascript; charset=utf-8"),
            ("json", "application/json; charset=utf-8"),
            ("map", "application/json; charset=utf-8"),
            ("webmanifest", "application/manifest+json; charset=utf-8"),
            ("xml", "application/xml; charset=utf-8"),
            ("svg", "image/svg+xml; charset=utf-8"),
            ("svgz", "image/svg+xml; charset=utf-8"),
            ("txt", "text/plain; charset=utf-8"),
            ("vtt", "text/vtt; charset=utf-8"),
            ("wasm", "application/wasm"),
            ("woff", "font/woff"),
            ("woff2", "font/woff2"),
            ("otf", "font/otf"),
            ("ttf", "font/ttf"),
            ("m4a", "audio/mp4"),
            ("mp3", "audio/mpeg"),
            ("m3u8", "application/vnd.apple.mpegurl; charset=utf-8"),
            ("m4b", "audio/mp4"),
            ("m4s", "video/iso.segment"),
            ("ts", "video/mp2t"),
            ("mpd", "application/dash+xml; charset=utf-8"),
            ("atom", "application/atom+xml; charset=utf-8"),
            ("xsl", "application/xml; charset=utf-8"),
            ("xslt", "application/xslt+xml; charset=utf-8"),
            ("mtl", "model/mtl; charset=utf-8"),
            ("tgz", "application/gzip"),
            ("unityweb", "application/octet-stream"),
            ("png", "image/png"),
            ("avif", "image/avif"),
            ("webp", "image/webp"),
            ("pdf", "application/pdf"),
            ("zip", "application/zip"),
            ("cur", "image/x-icon"),
            ("usdz", "model/vnd.usdz+zip"),
            ("nonsense", "application/octet-stream"),
        ] {
            assert_eq!(content_type(Some(extension)), expected, "{extension}");
        }
        assert_eq!(content_type(None), "application/octet-stream");
    }

    /// A transport stream is told apart from TypeScript.
    #[test]
    fn transport_stream_is_not_typescript() {
        let mut packet = [0; PACKET_BYTES];
        packet[0] = 0x47;
        assert!(is_segment(&packet));
        assert!(is_segment(&packet.repeat(3)[..500]));
        assert!(!is_segment(&packet[..100]), "too short");
        let encrypted: Vec<u8> = (0..1024_u32)
            .map(|n| (n * n * 7 / 5) as u8 ^ (n >> 3) as u8)
            .collect();
        assert!(is_segment(&encrypted));
        let wide = "const a = 'é';".encode_utf16().flat_map(u16::to_le_bytes);
        let wide: Vec<u8> = wide.collect();
        for text in [
            "G".repeat(400).as_bytes(),
            b"export const a = 1;",
            b"const a = 'caf\xe9';",
            &wide,
            &[b"\xff\xfe", wide.as_slice()].concat(),
            b"",
        ] {
            assert!(!is_segment(text), "{text:?}");
        }
    }

    #[test]
    fn media_and_archives_are_never_gzipped() {
        for extension in [
            "png", "jpg", "webp", "avif", "mp3", "ogg", "m4a", "mp4", "webm", "woff2", "woff",
            "zip", "gz", "tgz", "pdf", "wav", "m4b", "m4s", "ts", "ogx", "epub", "kmz", "ktx2",
            "hdr", "jfif",
        ] {
            assert!(
                !is_compressible(&content_type(Some(extension))),
                "{extension}"
            );
        }
        for extension in [
            "html",
            "css",
            "js",
            "json",
            "svg",
            "xml",
            "wasm",
            "ttf",
            "otf",
            "webmanifest",
            "geojson",
            "obj",
            "mtl",
            "ico",
            "ttc",
            "mpd",
            "atom",
            "rss",
            "opml",
            "xspf",
            "ttml",
            "gpx",
            "kml",
            "tsv",
            "xsl",
        ] {
            assert!(
                is_compressible(&content_type(Some(extension))),
                "{extension}"
            );
        }
    }

    /// A compressed file is recognised by its first bytes.
    #[test]
    fn compressed_files_are_known_by_start() {
        assert!(is_compressed(b"\x1f\x8b\x08\0"));
        assert!(is_compressed(b"RIFF\x10\0\0\0WEBPVP8 "));
        assert!(is_compressed(b"\0\0\0\x20ftypavif"));
        assert!(!is_compressed(b"RIFF\x10\0\0\0WAVEfmt "));
        assert!(!is_compressed(b"<!doctype html>"));
        assert!(!is_compressed(b""));
    }
}
