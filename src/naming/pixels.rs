//! Images that show the same, whatever they are stored as: saved once more, in another format, or
//! without their metadata. Only those of one size are decoded, and only if a hidden one is among
//! them.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Seek};

use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::{AnimationDecoder, ImageFormat, ImageReader, Limits};
use rayon::prelude::*;

use crate::base::caught::caught;
use crate::base::disk::files;
use crate::base::progress::Progress;
use crate::levels::LevelId;
use crate::tree::{Asset, Tree};

const EXTENSIONS: [&str; 5] = ["png", "jpg", "jpeg", "gif", "webp"];

/// First bytes of images that may begin anywhere in a file.
pub(super) const STARTS: [&[u8]; 3] = [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8"];

/// Larger images aren't decoded, in pixels: each needs four bytes for one, on every core.
const PIXELS_MAX: u64 = 8 << 20;

/// Number of pixels that are decoded for one build.
pub(super) const ALL_PIXELS_MAX: u64 = 256 << 20;

/// Smaller images show nothing that can be told, in pixels of a side.
const SIDE_MIN: u32 = 8;

/// Limit of a decoder's allocations for one image, in bytes.
const ALLOC_MAX: u64 = 128 << 20;

/// Images of a tree that show the same.
#[derive(Debug, Default)]
pub(super) struct Alike {
    /// Places among the assets of a tree, sorted; each group has several.
    pub(super) groups: Vec<Vec<usize>>,
    /// Places of those that weren't decoded, since there were too many.
    pub(super) left: Vec<usize>,
}

/// Finds images that show the same. Images that can't be decoded, are animated, or have a single
/// colour are never the same.
pub(super) fn alike(tree: &Tree, progress: &Progress) -> Alike {
    let mut budget = ALL_PIXELS_MAX;
    let mut found = Alike::default();
    for ((width, height), places) in by_size(tree, progress) {
        let pixels = u64::from(width) * u64::from(height) * places.len() as u64;
        let Some(rest) = budget.checked_sub(pixels) else {
            found.left.extend(places);
            continue;
        };
        budget = rest;
        found.groups.extend(same(tree, &places, progress));
    }
    found.groups.sort_unstable();
    found
}

/// Returns images of each size that has hidden ones and others: the smallest first, so that most
/// are seen.
fn by_size(tree: &Tree, progress: &Progress) -> Vec<((u32, u32), Vec<usize>)> {
    let assets = tree.assets.par_iter().enumerate();
    let images = assets.filter(|(_, asset)| is_image(asset) && !progress.is_stopped());
    let sizes: Vec<(usize, (u32, u32))> = images
        .filter_map(|(place, asset)| Some((place, size(asset).ok()??)))
        .collect();
    let mut by_size: HashMap<(u32, u32), Vec<usize>> = HashMap::new();
    for (place, size) in sizes {
        by_size.entry(size).or_default().push(place);
    }
    let mut by_size: Vec<((u32, u32), Vec<usize>)> = by_size
        .into_iter()
        .filter(|(_, places)| are_of_several_levels(tree, places))
        .collect();
    by_size.sort_unstable();
    by_size
}

/// Says whether one of these files is hidden, and another one is open, or of another level than the
/// first.
fn are_of_several_levels(tree: &Tree, places: &[usize]) -> bool {
    let level = |place: &usize| tree.assets[*place].policy.level;
    let is_hidden = |place: &usize| level(place) != LevelId::OPEN;
    places.iter().any(is_hidden)
        && places
            .iter()
            .any(|place| level(place) != level(&places[0]) || !is_hidden(place))
}

/// Groups images of one size by what they show.
fn same(tree: &Tree, places: &[usize], progress: &Progress) -> Vec<Vec<usize>> {
    let shown = places.par_iter().filter(|_| !progress.is_stopped());
    let shown: Vec<(usize, blake3::Hash)> = shown
        .filter_map(|place| {
            let digest = pixels(&tree.assets[*place])?;
            Some((*place, digest))
        })
        .collect();
    let mut groups: HashMap<blake3::Hash, Vec<usize>> = HashMap::new();
    for (place, digest) in shown {
        groups.entry(digest).or_default().push(place);
    }
    groups
        .into_values()
        .filter(|places| places.len() > 1)
        .collect()
}

fn is_image(asset: &Asset) -> bool {
    let extension = asset.path.extension();
    extension.is_some_and(|extension| EXTENSIONS.contains(&extension.as_str()))
}

fn open(asset: &Asset) -> io::Result<BufReader<File>> {
    Ok(BufReader::new(files::open(&asset.file)?))
}

fn reader<R: BufRead + Seek>(file: R) -> io::Result<ImageReader<R>> {
    let mut reader = ImageReader::new(file).with_guessed_format()?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(ALLOC_MAX);
    reader.limits(limits);
    Ok(reader)
}

/// Returns width and height, of those that are looked at; what the file says, not its name.
pub(super) fn size(asset: &Asset) -> io::Result<Option<(u32, u32)>> {
    if is_image(asset) {
        size_of(open(asset)?)
    } else {
        Ok(None)
    }
}

/// As [`size`], of what is in memory.
pub(super) fn size_of_bytes(bytes: &[u8]) -> Option<(u32, u32)> {
    size_of(Cursor::new(bytes)).ok()?
}

fn size_of(file: impl BufRead + Seek) -> io::Result<Option<(u32, u32)>> {
    let reader = reader(file)?;
    let size = caught(|| reader.into_dimensions().ok()).flatten();
    let is_fit = |(width, height): &(u32, u32)| {
        *width.min(height) >= SIDE_MIN && u64::from(*width) * u64::from(*height) <= PIXELS_MAX
    };
    Ok(size.filter(is_fit))
}

/// Returns a digest of what an image shows; None if it can't be decoded, moves, or has one colour
/// only.
pub(super) fn pixels(asset: &Asset) -> Option<blake3::Hash> {
    caught(|| pixels_of(|| open(asset).ok())).flatten()
}

/// As [`pixels`], of what is in memory; something else may follow it.
pub(super) fn pixels_of_bytes(bytes: &[u8]) -> Option<blake3::Hash> {
    caught(|| pixels_of(|| Some(Cursor::new(bytes)))).flatten()
}

fn pixels_of<R: BufRead + Seek>(open: impl Fn() -> Option<R>) -> Option<blake3::Hash> {
    let reader = reader(open()?).ok()?;
    // The first of several frames says little of the others.
    if is_animated(open()?, reader.format()?).unwrap_or(true) {
        return None;
    }
    let mut shown = reader.decode().ok()?.into_rgba8();
    for pixel in shown.pixels_mut().filter(|pixel| pixel.0[3] == 0) {
        pixel.0 = [0; 4];
    }
    let first = *shown.get_pixel_checked(0, 0)?;
    let has_colours = shown.pixels().any(|pixel| *pixel != first);
    has_colours.then(|| blake3::hash(shown.as_raw()))
}

/// Says whether bytes begin as images do that are decoded here.
pub(super) fn is_image_by_bytes(bytes: &[u8]) -> bool {
    let is_webp = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP");
    is_webp || STARTS.iter().any(|start| bytes.starts_with(start))
}

fn is_animated(file: impl BufRead + Seek, format: ImageFormat) -> image::ImageResult<bool> {
    Ok(match format {
        ImageFormat::Gif => GifDecoder::new(file)?.into_frames().nth(1).is_some(),
        ImageFormat::Png => PngDecoder::new(file)?.is_apng()?,
        ImageFormat::WebP => WebPDecoder::new(file)?.has_animation(),
        _ => false,
    })
}
