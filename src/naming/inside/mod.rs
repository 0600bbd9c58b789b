//! Copies of hidden files inside of others: in archives, as data URLs, as covers of sounds. A file
//! that is packed is given to a [`Scan`] piece by piece, as the search for names reads it.

mod carve;
mod payloads;
mod pictures;
pub(super) mod plain;
mod runs;

use std::collections::{HashMap, HashSet};
use std::io::{self, Read};

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use rayon::prelude::*;

use self::carve::{Carver, Marks};
use self::pictures::{Pictures, Shown};
use self::plain::Plain;
use self::runs::Runs;
use super::Object;
use super::copies::{self, Same};
use super::pixels;
use super::read::{DOCUMENT_BYTES_MAX, Draft};
use crate::base::disk::files;
use crate::base::media;
use crate::base::progress::Progress;
use crate::tree::Tree;

/// Smaller files are too common to be worth a word, in bytes.
const COPY_BYTES_MIN: u64 = 16;

/// As it's written by anyone: with bits that are left over at its end.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The hidden files of a tree, as copies of them are known.
pub(super) struct Originals {
    by_digest: HashMap<blake3::Hash, usize>,
    /// Of those, in bytes.
    sizes: HashSet<u64>,
    by_text: HashMap<blake3::Hash, usize>,
    heads: HashSet<plain::Head>,
    marks: Marks,
    pictures: Pictures,
    /// The largest one, in bytes.
    bytes_max: u64,
}

/// A copy that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Copied {
    /// Hidden file that this is a copy of, by its place among all.
    pub other: usize,
    pub same: Same,
    /// Offset of the copy; None if it is the whole file.
    pub at: Option<u64>,
    /// Size in bytes, if known.
    pub size_bytes: Option<u64>,
}

/// Data of a hidden file that is used for comparisons.
struct Original {
    file: usize,
    head: Option<carve::Head>,
    /// Of the text, and of the drawing in it.
    texts: Vec<(plain::Head, blake3::Hash)>,
}

impl Originals {
    /// Returns the hidden files whose copies say something; None if there are none.
    pub(super) fn new(
        tree: &Tree,
        objects: &[Object],
        drafts: &[Draft],
        progress: &Progress,
    ) -> Option<Originals> {
        let telling = copies::telling(tree, drafts);
        let telling = telling
            .into_par_iter()
            .filter(|file| drafts[*file].size_bytes >= COPY_BYTES_MIN && !progress.is_stopped());
        // Errors in reading are reported elsewhere.
        let read: Vec<Original> = telling
            .filter_map(|file| read(&objects[file], file).ok())
            .collect();
        let files = read.iter().map(|original| original.file);
        let mut originals = Originals::none(Pictures::new(tree, files));
        let heads = read.iter().filter_map(|original| {
            let draft = &drafts[original.file];
            Some((original.head?, (draft.size_bytes, draft.digest)))
        });
        originals.marks = Marks::new(heads.collect::<Vec<_>>());
        for original in read {
            let (draft, object) = (&drafts[original.file], &objects[original.file]);
            originals.add(draft.digest, draft.size_bytes, original.file);
            // As visitors get it, too: with its references rewritten.
            originals.add(object.digest, object.size_bytes, original.file);
            originals.add_texts(original);
        }
        (!originals.by_digest.is_empty()).then_some(originals)
    }

    fn none(pictures: Pictures) -> Originals {
        Originals {
            by_digest: HashMap::new(),
            sizes: HashSet::new(),
            by_text: HashMap::new(),
            heads: HashSet::new(),
            marks: Marks::new([]),
            pictures,
            bytes_max: 0,
        }
    }

    fn add_texts(&mut self, original: Original) {
        for (head, digest) in original.texts {
            self.heads.insert(head);
            self.by_text.entry(digest).or_insert(original.file);
        }
    }

    fn add(&mut self, digest: blake3::Hash, size_bytes: u64, file: usize) {
        self.by_digest.entry(digest).or_insert(file);
        self.sizes.insert(size_bytes);
        self.bytes_max = self.bytes_max.max(size_bytes);
    }

    /// Returns the hidden file with this digest.
    pub(super) fn by_digest(&self, digest: &blake3::Hash) -> Option<usize> {
        self.by_digest.get(digest).copied()
    }

    /// Returns the beginning of a file, or of something that is packed in one.
    pub(super) fn scan(&self, whole: Whole, is_text: bool) -> Scan<'_> {
        Scan {
            originals: self,
            whole: (whole == Whole::Counts).then(|| (blake3::Hasher::new(), Plain::new())),
            runs: Runs::new(self.bytes_max),
            is_text,
            carver: Carver::default(),
            shown: Shown::new(whole),
            offset: 0,
            found: Vec::new(),
        }
    }

    fn is_head(&self, head: &plain::Head) -> bool {
        self.heads.contains(head)
    }

    /// Returns the hidden file that these bytes are a copy of.
    fn known(&self, bytes: &[u8]) -> Option<(usize, Same)> {
        let by_digest = || {
            let is_sized = self.sizes.contains(&(bytes.len() as u64));
            let other = is_sized.then(|| self.by_digest(&blake3::hash(bytes)))??;
            Some((other, Same::Bytes))
        };
        let by_text = || {
            let (_, digest) = Plain::of(bytes, &|head| self.is_head(head))?;
            Some((*self.by_text.get(&digest)?, Same::Text))
        };
        let by_pixels = || Some((self.pictures.known(bytes)?, Same::Picture));
        by_digest().or_else(by_text).or_else(by_pixels)
    }

    fn known_in_base64(&self, base64: &[u8]) -> Option<(usize, Same)> {
        const START_CHARS: usize = 64;
        const COVER_HEAD_BYTES: usize = 1024;
        const IMAGE: &[u8] = b"image/";
        let base64 = &base64[..base64.len() - usize::from(base64.len() % 4 == 1)];
        let size_bytes = base64.len() as u64 * 3 / 4;
        let start = &base64[..base64.len().min(START_CHARS)];
        let mut decoded = [0; START_CHARS];
        let bytes = BASE64.decode_slice(start, &mut decoded).ok()?;
        let start = &decoded[..bytes];
        // Covers of Ogg files are packed like those of FLAC, and then as base64.
        if start.windows(IMAGE.len()).any(|part| part == IMAGE) {
            let cover = BASE64.decode(base64).ok()?;
            let head = &cover[..cover.len().min(COVER_HEAD_BYTES)];
            let mut starts = pixels::STARTS.iter();
            let at = starts.find_map(|start| memchr::memmem::find(head, start))?;
            return self.known(&cover[at..]);
        }
        let is_likely = self.sizes.contains(&size_bytes)
            || pixels::is_image_by_bytes(start)
            || Plain::of(start, &|head| self.is_head(head)).is_some();
        self.known(&BASE64.decode(base64).ok().filter(|_| is_likely)?)
    }
}

fn read(object: &Object, file: usize) -> io::Result<Original> {
    let mut from = files::open(&object.file)?;
    let mut bytes = Vec::new();
    let is_text = media::is_text(&object.policy.headers.content_type);
    let bytes_max = if is_text {
        DOCUMENT_BYTES_MAX
    } else {
        carve::HEAD_BYTES as u64
    };
    from.by_ref().take(bytes_max).read_to_end(&mut bytes)?;
    let mut texts = Vec::new();
    if is_text && (bytes.len() as u64) < DOCUMENT_BYTES_MAX {
        texts.extend(Plain::of(&bytes, &|_| true));
        let drawing = memchr::memmem::find(&bytes, b"<svg");
        let drawing = drawing.filter(|_| object.path.extension().as_deref() == Some("svg"));
        let drawing = drawing.and_then(|at| payloads::drawing(&bytes[at..]));
        texts.extend(drawing.and_then(|drawing| Plain::of(drawing, &|_| true)));
    }
    Ok(Original {
        file,
        head: bytes.first_chunk::<{ carve::HEAD_BYTES }>().copied(),
        texts,
    })
}

/// Says whether all of what is scanned may be a copy, or only what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whole {
    Counts,
    IsKnown,
}

/// Something in which copies are looked for.
pub(super) struct Scan<'a> {
    originals: &'a Originals,
    whole: Option<(blake3::Hasher, Plain)>,
    runs: Runs,
    is_text: bool,
    carver: Carver,
    shown: Shown,
    offset: u64,
    found: Vec<Copied>,
}

impl Scan<'_> {
    /// Reads the next piece. `window` may begin with bytes that were read before: the next ones
    /// begin at `new`.
    pub(super) fn feed(&mut self, window: &[u8], new: usize) {
        let originals = self.originals;
        let bytes = &window[new..];
        let found = &mut self.found;
        if let Some((hasher, plain)) = &mut self.whole {
            hasher.update(bytes);
            plain.feed(bytes, &|head| originals.is_head(head));
        }
        self.carver
            .feed(&originals.marks, bytes, &mut |at, size_bytes, digest| {
                found.extend(originals.by_digest(&digest).map(|other| Copied {
                    size_bytes: Some(size_bytes),
                    ..inside((other, Same::Bytes), at)
                }));
            });
        self.shown
            .feed(&originals.pictures, window, new, self.offset);
        let runs = &mut self.runs;
        runs.feed(bytes, self.offset, &mut in_base64(originals, found));
        if self.is_text {
            self.look_into_payloads(window, self.offset - new as u64);
        }
        self.offset += bytes.len() as u64;
    }

    fn look_into_payloads(&mut self, window: &[u8], start: u64) {
        payloads::each(window, &mut |at, payload| {
            let known = self.originals.known(payload);
            let copy = known.map(|known| inside(known, start + at as u64));
            self.found.extend(copy);
        });
    }

    /// Ends it. Returns all copies that were found.
    pub(super) fn finish(mut self) -> Vec<Copied> {
        let originals = self.originals;
        let mut in_base64 = in_base64(originals, &mut self.found);
        self.runs.finish(&mut in_base64);
        drop(in_base64);
        let shown = self.shown.finish(&originals.pictures).into_iter();
        let shown = shown.map(|(other, at)| inside((other, Same::Picture), at));
        self.found.extend(shown);
        let whole = self.whole.and_then(|(hasher, plain)| {
            let by_text = || {
                let (_, digest) = plain.finish()?;
                Some((*originals.by_text.get(&digest)?, Same::Text))
            };
            let by_digest = originals.by_digest(&hasher.finalize());
            by_digest.map(|other| (other, Same::Bytes)).or_else(by_text)
        });
        self.found.extend(whole.map(|(other, same)| Copied {
            other,
            same,
            at: None,
            size_bytes: None,
        }));
        self.found
    }
}

fn inside((other, same): (usize, Same), at: u64) -> Copied {
    Copied {
        other,
        same,
        at: Some(at),
        size_bytes: None,
    }
}

fn in_base64<'f>(
    originals: &'f Originals,
    found: &'f mut Vec<Copied>,
) -> impl FnMut(u64, &[u8]) + 'f {
    |at, base64| {
        let known = originals.known_in_base64(base64);
        found.extend(known.map(|known| inside(known, at)));
    }
}
