//! What a file is, by its extension: the allow-list, its `Content-Type`, and whether gzip helps. Pure.

/// Extensions that are published without being asked for: the web's pages, styles, scripts, data,
/// images, audio, video, fonts, documents and archives. Source code, drafts and dumps aren't here.
#[rustfmt::skip]
const ALLOWED: &[&str] = &[
    "7z", "aac", "apng", "avif", "bin", "bmp", "bz2", "cjs", "css", "csv", "cur", "eot", "flac",
    "geojson", "gif", "glb", "gltf", "gz", "htm", "html", "ico", "ics", "jpeg", "jpg", "js", "json",
    "jsonld", "jxl", "m3u8", "m4a", "m4v", "manifest", "mid", "midi", "mjs", "mov", "mp3", "mp4",
    "mpd", "obj", "oga", "ogg", "ogv", "opus", "otf", "pdf", "png", "rss", "stl", "svg", "svgz",
    "tar", "tgz", "tif", "tiff", "topojson", "ttf", "txt", "usdz", "vtt", "wasm", "wav", "weba",
    "webm", "webmanifest", "webp", "woff", "woff2", "xhtml", "xml", "xsl", "xslt", "xz", "zip",
];

/// Types that `mime_guess` 2.0.5 doesn't know, or not as browsers and the IANA registry
/// (<https://www.iana.org/assignments/media-types>) have them now.
const CORRECTED: &[(&str, &str)] = &[
    ("bin", "application/octet-stream"),
    ("br", "application/octet-stream"),
    ("cjs", "text/javascript"),
    ("cur", "image/x-icon"),
    ("flac", "audio/flac"),
    ("geojson", "application/geo+json"),
    ("glb", "model/gltf-binary"),
    ("gltf", "model/gltf+json"),
    ("ico", "image/x-icon"),
    ("js", "text/javascript"),
    ("jsonld", "application/ld+json"),
    ("jxl", "image/jxl"),
    ("m3u8", "application/vnd.apple.mpegurl"),
    ("m4a", "audio/mp4"),
    ("m4v", "video/mp4"),
    ("manifest", "text/cache-manifest"),
    ("map", "application/json"),
    ("mid", "audio/midi"),
    ("midi", "audio/midi"),
    ("mjs", "text/javascript"),
    ("obj", "model/obj"),
    ("oga", "audio/ogg"),
    ("opus", "audio/ogg"),
    ("otf", "font/otf"),
    ("rss", "application/rss+xml"),
    ("stl", "model/stl"),
    ("svgz", "image/svg+xml"),
    ("topojson", "application/json"),
    ("ttf", "font/ttf"),
    ("usdz", "model/vnd.usdz+zip"),
    ("wav", "audio/wav"),
    ("weba", "audio/webm"),
    ("webmanifest", "application/manifest+json"),
    ("woff", "font/woff"),
    ("woff2", "font/woff2"),
    ("xml", "application/xml"),
    ("xz", "application/x-xz"),
    ("zst", "application/zstd"),
];

/// Compressed by their format though their type doesn't tell, or read in ranges by browsers.
const BINARY_THAT_SHRINKS: &[&str] = &[
    "application/wasm",
    "application/vnd.ms-fontobject",
    "font/otf",
    "font/ttf",
    "image/x-icon",
    "image/bmp",
];

/// Whether files with this extension (lower case) are published without being asked for.
pub fn is_allowed(extension: &str) -> bool {
    ALLOWED.binary_search(&extension).is_ok()
}

/// The extensions (lower case) that are published without being asked for.
pub(crate) fn allowed() -> impl Iterator<Item = &'static str> {
    ALLOWED.iter().copied()
}

/// Whether a file is what systems and editors leave behind, by its name: never published.
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
    match is_text_essence(essence) {
        true => format!("{essence}; charset=utf-8"),
        false => essence.to_string(),
    }
}

/// Whether gzip may help a body of this `Content-Type`. Images (but SVG), audio, video and archives are
/// compressed already, and gzip would break their range requests.
pub fn is_compressible(content_type: &str) -> bool {
    let essence = essence(content_type);
    is_text_essence(&essence) || BINARY_THAT_SHRINKS.contains(&essence.as_str())
}

/// Whether a body of this `Content-Type` is text.
pub fn is_text(content_type: &str) -> bool {
    is_text_essence(&essence(content_type))
}

/// Whether files of this `Content-Type` say things about themselves that visitors don't see at once.
pub(crate) fn has_metadata(content_type: &str) -> bool {
    let essence = essence(content_type);
    let kinds = ["audio/", "image/", "video/"];
    kinds.iter().any(|kind| essence.starts_with(kind)) || essence == "application/pdf"
}

/// Says whether a file of this type, which is no text, has texts in it that people or compilers put there.
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
                | "model/obj"
        )
}

/// Whether `start`, the first bytes of a file, is a format that is compressed already, whatever the
/// file is called.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_allow_list_is_sorted_for_its_search() {
        assert!(ALLOWED.is_sorted());
        assert!(is_allowed("html") && is_allowed("7z") && is_allowed("zip"));
        for source in [
            "map", "ts", "tsx", "scss", "py", "md", "psd", "ai", "orig", "env", "pem", "sqlite3",
            "db",
        ] {
            assert!(!is_allowed(source), "{source}");
        }
    }

    #[test]
    fn what_systems_and_editors_leave_behind_is_known_by_name() {
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
        assert_eq!(unknown, [&"bin"]);
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
            ("ts", "video/vnd.dlna.mpeg-tts"),
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

    #[test]
    fn media_and_archives_are_never_gzipped() {
        for extension in [
            "png", "jpg", "webp", "avif", "mp3", "ogg", "m4a", "mp4", "webm", "woff2", "woff",
            "zip", "gz", "pdf", "wav",
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
            "ico",
        ] {
            assert!(
                is_compressible(&content_type(Some(extension))),
                "{extension}"
            );
        }
    }

    #[test]
    fn a_compressed_file_is_known_by_its_first_bytes() {
        assert!(is_compressed(b"\x1f\x8b\x08\0"));
        assert!(is_compressed(b"RIFF\x10\0\0\0WEBPVP8 "));
        assert!(is_compressed(b"\0\0\0\x20ftypavif"));
        assert!(!is_compressed(b"RIFF\x10\0\0\0WAVEfmt "));
        assert!(!is_compressed(b"<!doctype html>"));
        assert!(!is_compressed(b""));
    }
}
