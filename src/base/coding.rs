//! Content codings: how a file was compressed before publishing, and its unpacked content. Pure.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};
use serde::{Deserialize, Serialize};

use crate::base::caught::caught;

/// A coding that browsers undo where `Content-Encoding` names it
/// (<https://www.iana.org/assignments/http-parameters/http-parameters.xhtml#content-coding>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Coding {
    /// RFC 1952.
    Gzip,
    /// RFC 7932.
    Br,
    /// RFC 8878.
    Zstd,
}

/// The `encoding` of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EncodingRule {
    /// The files are gzip.
    Gzip,
    /// The files are Brotli.
    Br,
    /// The files are Zstandard.
    Zstd,
    /// The files are served as they are, whatever their names say.
    Identity,
}

impl EncodingRule {
    /// Returns the coding; none if the files are served as they are.
    pub fn coding(self) -> Option<Coding> {
        match self {
            EncodingRule::Gzip => Some(Coding::Gzip),
            EncodingRule::Br => Some(Coding::Br),
            EncodingRule::Zstd => Some(Coding::Zstd),
            EncodingRule::Identity => None,
        }
    }
}

/// The beginning of every gzip and every Zstandard frame; Brotli has nothing of that kind.
const MAGIC: [(&[u8], Coding); 2] = [
    (b"\x1f\x8b\x08", Coding::Gzip),
    (b"\x28\xb5\x2f\xfd", Coding::Zstd),
];

/// Ends of names that say how a file is compressed.
const ENDS: [(&str, Option<Coding>); 5] = [
    ("br", Some(Coding::Br)),
    ("gz", Some(Coding::Gzip)),
    ("svgz", Some(Coding::Gzip)),
    ("unityweb", None),
    ("zst", Some(Coding::Zstd)),
];

/// Ends of what game engines write and compress, which loaders expect to be unpacked by the
/// browser: Unity's (<https://docs.unity3d.com/Manual/webgl-deploying.html>) and Godot's.
const BUILT: [&str; 9] = [
    ".code",
    ".data",
    ".framework",
    ".framework.js",
    ".mem",
    ".memory",
    ".pck",
    ".symbols.json",
    ".wasm",
];

/// Unity's mark of its Brotli, in a metadata block near the start, by which loaders know it.
const UNITY_BROTLI: &[u8] = b"UnityWeb Compressed Content (brotli)";

/// The end of the stretch in which Unity's mark may stand, in bytes.
const UNITY_HEAD_BYTES: usize = 64;

impl Coding {
    /// Returns its name in `Content-Encoding`.
    pub fn name(self) -> &'static str {
        match self {
            Coding::Gzip => "gzip",
            Coding::Br => "br",
            Coding::Zstd => "zstd",
        }
    }

    /// Returns the coding that `Content-Encoding` names.
    pub fn named(name: &str) -> Option<Coding> {
        let all = [Coding::Gzip, Coding::Br, Coding::Zstd];
        all.into_iter().find(|coding| coding.name() == name)
    }

    /// Returns the coding of bytes that begin so, where they tell: Brotli doesn't, unless Unity
    /// wrote it.
    pub fn of_start(start: &[u8]) -> Option<Coding> {
        let by_magic = MAGIC.iter().find(|(magic, _)| start.starts_with(magic));
        let head = &start[..start.len().min(UNITY_HEAD_BYTES)];
        let is_unity = || memchr::memmem::find(head, UNITY_BROTLI).is_some();
        match by_magic {
            Some((_, coding)) => Some(*coding),
            None => is_unity().then_some(Coding::Br),
        }
    }

    /// Unpacks all of `packed`.
    ///
    /// # Errors
    /// It isn't packed so, or is cut off; more than `bytes_max` come out of it.
    pub(crate) fn unpack(self, packed: &[u8], bytes_max: usize) -> Result<Vec<u8>, BadPack> {
        let unpack = || {
            let mut bytes = Vec::new();
            let mut reader = self.reader(packed).take(bytes_max as u64 + 1);
            reader.read_to_end(&mut bytes).map(|_| bytes)
        };
        match caught(unpack) {
            Some(Ok(bytes)) if bytes.len() <= bytes_max => Ok(bytes),
            Some(Ok(_)) => Err(BadPack::TooLarge),
            Some(Err(_)) | None => Err(BadPack::Damaged),
        }
    }

    /// Says whether a file that begins with `start` may be packed so.
    pub(crate) fn may_begin(self, start: &[u8]) -> bool {
        let first = || match self.reader(start).read(&mut [0]) {
            Ok(_) => true,
            Err(error) => error.kind() == io::ErrorKind::UnexpectedEof,
        };
        match self {
            Coding::Gzip | Coding::Zstd => Coding::of_start(start) == Some(self),
            Coding::Br => !start.is_empty() && caught(first) == Some(true),
        }
    }

    fn reader<'a>(self, packed: &'a [u8]) -> Box<dyn Read + 'a> {
        /// The bytes that Brotli's decoder reads at a time.
        const BUFFER_BYTES: usize = 16 << 10;
        match self {
            Coding::Gzip => Box::new(MultiGzDecoder::new(packed)),
            Coding::Br => Box::new(brotli_decompressor::Decompressor::new(packed, BUFFER_BYTES)),
            Coding::Zstd => Box::new(Frames::Unread(packed)),
        }
    }
}

/// Reasons why something can't be unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadPack {
    /// More comes out of it than is wanted.
    TooLarge,
    /// It isn't packed so, or isn't whole.
    Damaged,
}

/// Zstandard frames, one behind the other.
enum Frames<'a> {
    Unread(&'a [u8]),
    Open(Box<StreamingDecoder<&'a [u8], FrameDecoder>>),
    Ended,
}

impl<'a> Frames<'a> {
    /// Goes on to the next frame, if there's one.
    fn next(source: &'a [u8]) -> io::Result<Frames<'a>> {
        if source.is_empty() {
            return Ok(Frames::Ended);
        }
        let frame = StreamingDecoder::new(source).map_err(io::Error::other)?;
        Ok(Frames::Open(Box::new(frame)))
    }
}

impl Read for Frames<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Frames::Open(frame) = self {
                let count = frame.read(buffer)?;
                if count > 0 || buffer.is_empty() {
                    return Ok(count);
                }
            }
            *self = match std::mem::replace(self, Frames::Ended) {
                Frames::Unread(source) => Frames::next(source)?,
                Frames::Open(frame) => Frames::next(frame.into_inner())?,
                Frames::Ended => return Ok(0),
            };
        }
    }
}

/// Returns the end of a name that says how the file is compressed, and what it's called without it,
/// in lower case.
fn split(name: &str) -> Option<(String, &'static str, Option<Coding>)> {
    let name = name.to_ascii_lowercase();
    let (stem, end) = name.rsplit_once('.')?;
    let (end, coding) = ENDS.iter().find(|(known, _)| *known == end)?;
    let stem = match *end {
        "svgz" => format!("{stem}.svg"),
        _ => stem.to_string(),
    };
    (!stem.is_empty()).then_some((stem, *end, *coding))
}

/// Returns the extension that a file has once it's unpacked, in lower case: `wasm` of
/// `game.wasm.gz`, `svg` of `map.svgz`. None if its name doesn't say that it's packed.
pub(crate) fn inner_extension(name: &str) -> Option<String> {
    let (stem, ..) = split(name)?;
    let (before, extension) = stem.rsplit_once('.')?;
    (!before.is_empty()).then(|| extension.to_string())
}

/// Says whether an extension says that a file is packed.
pub(crate) fn is_end(extension: &str) -> bool {
    ENDS.iter().any(|(end, _)| *end == extension)
}

/// Returns how a file of this name is packed, if browsers are to unpack it: an image, or a part of
/// a game.
pub(crate) fn usual(name: &str) -> Option<Coding> {
    let (stem, end, coding) = split(name)?;
    let is_built = || BUILT.iter().any(|built| stem.ends_with(built));
    coding.filter(|_| end == "svgz" || is_built())
}

/// Ends of paths that are packed without a rule, as regular expressions for web servers, with how
/// they are. A keyed name has two extensions only if it's packed.
pub(crate) fn usual_ends() -> Vec<(String, Coding)> {
    let built: Vec<String> = BUILT.iter().map(|end| end.replace('.', r"\.")).collect();
    let built = built.join("|");
    let packed = ENDS
        .iter()
        .filter_map(|(end, coding)| Some((*end, (*coding)?)));
    let packed = packed.map(|(end, coding)| match end {
        "svgz" => (r"\.svgz$".to_string(), coding),
        _ => (format!("({built}|{KEYED}\\.js(on)?)\\.{end}$"), coding),
    });
    packed.collect()
}

/// The same paths as regular expressions, with the extension of what is in them, where the last one
/// says something else.
pub(crate) fn usual_types() -> [(String, &'static str); 4] {
    let packed = r"\.(br|gz|zst)$";
    let keyed = "(.*[/.])?[a-z2-7]{26}";
    [
        (
            format!(r"^/.*\.(code|data|framework|mem|memory|pck){packed}"),
            "bin",
        ),
        (format!(r"^/(.*\.framework|{keyed})\.js{packed}"), "js"),
        (format!(r"^/(.*\.symbols|{keyed})\.json{packed}"), "json"),
        (format!(r"^/.*\.wasm{packed}"), "wasm"),
    ]
}

/// A token in a key, as a regular expression.
const KEYED: &str = "[/.][a-z2-7]{26}";

/// Says whether a file of this name is a part of a game that is packed somehow: only its bytes
/// tell.
pub(crate) fn is_told_by_bytes(name: &str) -> bool {
    split(name).is_some_and(|(_, _, coding)| coding.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::encode::gzip_always;

    /// Compressed parts of games and images are recognised by their names.
    #[test]
    fn game_files_reveal_their_coding() {
        let known = |name| (usual(name), inner_extension(name));
        let is = |coding, inner: &str| (coding, Some(inner.to_string()));
        let (gzip, br) = (Some(Coding::Gzip), Some(Coding::Br));
        assert_eq!(known("Build/Hunt.data.gz"), is(gzip, "data"));
        assert_eq!(known("hunt.framework.js.br"), is(br, "js"));
        assert_eq!(known("hunt.symbols.json.gz"), is(gzip, "json"));
        assert_eq!(known("HUNT.WASM.BR"), is(br, "wasm"));
        assert_eq!(known("hunt.pck.zst"), is(Some(Coding::Zstd), "pck"));
        assert_eq!(known("map.svgz"), is(gzip, "svg"));
        assert_eq!(
            known("hunt.wasm.unityweb"),
            is(None, "wasm"),
            "by its bytes"
        );
        assert!(is_told_by_bytes("hunt.wasm.unityweb") && !is_told_by_bytes("hunt.wasm.gz"));
    }

    #[test]
    fn what_people_download_stays_packed() {
        for name in [
            "all.csv.gz",
            "app.js.gz",
            "a.tar.gz",
            "gz",
            ".gz",
            "data.gz",
            "b.html.br",
        ] {
            assert_eq!(usual(name), None, "{name}");
        }
        assert_eq!(inner_extension("all.csv.gz"), Some("csv".to_string()));
        for name in ["gz", ".gz", "data.gz", "a.wasm", "a"] {
            assert_eq!(inner_extension(name), None, "{name}");
        }
    }

    /// Consecutive Zstandard frames are unpacked one after the other.
    #[test]
    fn consecutive_frames_are_unpacked() {
        let frame = |text: &[u8]| {
            let level = ruzstd::encoding::CompressionLevel::Fastest;
            ruzstd::encoding::compress_to_vec(text, level)
        };
        let both = [frame(b"one "), frame(b"two")].concat();
        let unpack = |packed: &[u8], max| Coding::Zstd.unpack(packed, max);
        assert_eq!(unpack(&both, 7).as_deref(), Ok(b"one two".as_slice()));
        assert_eq!(unpack(&both, 6), Err(BadPack::TooLarge));
        assert_eq!(
            unpack(&both[..both.len() - 1], 7),
            Err(BadPack::Damaged),
            "cut off"
        );
    }

    #[test]
    fn bytes_tell_their_coding() {
        assert_eq!(Coding::of_start(&gzip_always(b"x", 9)), Some(Coding::Gzip));
        assert_eq!(Coding::of_start(b"\x28\xb5\x2f\xfd\0"), Some(Coding::Zstd));
        let unity = [b"\x6b\x8d\0".as_slice(), UNITY_BROTLI, b"..."].concat();
        assert_eq!(Coding::of_start(&unity), Some(Coding::Br));
        assert_eq!(Coding::of_start(b"<!doctype html>"), None);
        assert_eq!(Coding::of_start(b""), None);
    }
}
