//! Pictures inside of others that show the same as a hidden one: in an archive, as a data URL, as
//! the cover of a sound.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::Whole;
use crate::naming::pixels;
use crate::tree::{Asset, Tree};

/// Larger members aren't compared by what they show, in bytes.
const PICTURE_BYTES_MAX: usize = 16 << 20;

/// Largest number of pictures that are checked within one that isn't unpacked, among those that
/// seem to begin in it.
const LOOKED_AT_MAX: usize = 64;

/// The hidden pictures of a tree.
pub(super) struct Pictures {
    assets: HashMap<usize, Asset>,
    by_size: HashMap<(u32, u32), Vec<usize>>,
    /// Content of each picture that was needed so far.
    shown: Mutex<HashMap<usize, Option<blake3::Hash>>>,
    /// Number of pixels that may still be decoded.
    left: AtomicU64,
}

impl Pictures {
    pub(super) fn new(tree: &Tree, files: impl Iterator<Item = usize>) -> Pictures {
        let mut pictures = Pictures {
            assets: HashMap::new(),
            by_size: HashMap::new(),
            shown: Mutex::default(),
            left: AtomicU64::new(pixels::ALL_PIXELS_MAX),
        };
        for file in files {
            let asset = &tree.assets[file];
            // Errors in reading are reported elsewhere.
            if let Ok(Some(size)) = pixels::size(asset) {
                pictures.by_size.entry(size).or_default().push(file);
                pictures.assets.insert(file, asset.clone());
            }
        }
        pictures
    }

    /// Returns the hidden picture that shows the same as the one that these bytes begin with.
    pub(super) fn known(&self, bytes: &[u8]) -> Option<usize> {
        if self.by_size.is_empty() || !pixels::is_image_by_bytes(bytes) {
            return None;
        }
        let size = pixels::size_of_bytes(bytes)?;
        let hidden = self.by_size.get(&size).filter(|_| self.may_decode(size))?;
        let digest = pixels::pixels_of_bytes(bytes)?;
        let mut hidden = hidden.iter().copied();
        hidden.find(|file| self.shown(*file, size) == Some(digest))
    }

    fn shown(&self, file: usize, size: (u32, u32)) -> Option<blake3::Hash> {
        let known = self
            .shown
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&file)
            .copied();
        known.unwrap_or_else(|| {
            let digest = if self.may_decode(size) {
                pixels::pixels(&self.assets[&file])
            } else {
                None
            };
            let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
            shown.insert(file, digest);
            digest
        })
    }

    fn may_decode(&self, (width, height): (u32, u32)) -> bool {
        let pixels = u64::from(width) * u64::from(height);
        let less = |left: u64| left.checked_sub(pixels);
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
            .is_ok()
    }
}

/// Pictures that are read piece by piece.
pub(super) struct Shown {
    /// All of a member, as long as it may be a picture.
    picture: Option<Vec<u8>>,
    looked_at: usize,
    found: Vec<(usize, u64)>,
}

impl Shown {
    pub(super) fn new(whole: Whole) -> Shown {
        Shown {
            picture: (whole == Whole::Counts).then(Vec::new),
            looked_at: 0,
            found: Vec::new(),
        }
    }

    /// Reads the next piece, which begins at `new` in a window, and stands at `offset` of all.
    pub(super) fn feed(&mut self, pictures: &Pictures, window: &[u8], new: usize, offset: u64) {
        if pictures.by_size.is_empty() {
            return;
        }
        if let Some(picture) = &mut self.picture {
            picture.extend_from_slice(&window[new..]);
            if !pixels::is_image_by_bytes(picture) || picture.len() > PICTURE_BYTES_MAX {
                self.picture = None;
            }
        }
        // One behind another, or a cover: as far as it's all in the window.
        let start = offset - new as u64;
        for mark in pixels::STARTS {
            for at in memchr::memmem::find_iter(window, mark) {
                if self.looked_at >= LOOKED_AT_MAX || start + at as u64 == 0 {
                    continue;
                }
                self.looked_at += 1;
                let known = pictures.known(&window[at..]);
                self.found
                    .extend(known.map(|other| (other, start + at as u64)));
            }
        }
    }

    /// Returns the hidden pictures that were found, and where.
    pub(super) fn finish(mut self, pictures: &Pictures) -> Vec<(usize, u64)> {
        let whole = self.picture.and_then(|picture| pictures.known(&picture));
        self.found.extend(whole.map(|other| (other, 0)));
        self.found
    }
}
