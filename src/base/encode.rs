//! Deterministic gzip: the same bytes in, the same bytes out, on every machine and thread count.
//! Pure.

use std::borrow::Cow;
use std::io::{self, Read, Write};

use flate2::read::MultiGzDecoder;
use flate2::{Compression, GzBuilder};

/// gzip is kept where it saves at least one part in this many: 5 %.
const SAVING_PARTS: u64 = 20;

/// Size of the parts in which a file too large for memory is compressed, in bytes. zlib-rs ends
/// blocks depending on the size of its input, so this value is fixed. Another value makes other
/// (equally valid) bytes.
const STREAM_BYTES: usize = 1 << 20;

/// gzip's header without time or file name, "unknown" as the system (RFC 1952).
fn builder() -> GzBuilder {
    GzBuilder::new().mtime(0).operating_system(255)
}

/// `content` gzipped at `level` (0 to 9), or nothing where that wouldn't save 5 %.
pub fn gzip(content: &[u8], level: u32) -> Option<Vec<u8>> {
    let gzipped = gzip_always(content, level);
    is_worthwhile(content.len() as u64, gzipped.len() as u64).then_some(gzipped)
}

/// `content` gzipped at `level`, whatever it saves.
pub(crate) fn gzip_always(content: &[u8], level: u32) -> Vec<u8> {
    to_vec(builder(), content, level)
}

/// The same, with extra fields in its header (RFC 1952, 2.3.1.1).
pub(crate) fn gzip_with_field(content: &[u8], level: u32, fields: Vec<u8>) -> Vec<u8> {
    to_vec(builder().extra(fields), content, level)
}

/// Unpacks `gzipped`, up to one byte more than `size_bytes`.
pub(crate) fn gunzip(gzipped: &[u8], size_bytes: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    MultiGzDecoder::new(gzipped)
        .take(size_bytes.saturating_add(1))
        .read_to_end(&mut content)?;
    Ok(content)
}

/// The content of `bytes`, which may be gzipped, if it's the one with this blake3 and size in
/// bytes.
pub(crate) fn content_of<'b>(
    bytes: &'b [u8],
    digest: &blake3::Hash,
    size_bytes: u64,
) -> Option<Cow<'b, [u8]>> {
    if blake3::hash(bytes) == *digest {
        return Some(Cow::Borrowed(bytes));
    }
    let content = gunzip(bytes, size_bytes).ok()?;
    (blake3::hash(&content) == *digest).then_some(Cow::Owned(content))
}

fn to_vec(builder: GzBuilder, content: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = builder.write(
        Vec::with_capacity(content.len() / 3 + 64),
        Compression::new(level),
    );
    encoder
        .write_all(content)
        .expect("a vector takes every write");
    encoder.finish().expect("a vector takes every write")
}

/// Gzips all that `content` yields into `out`, and returns the bytes read and written. Memory use
/// doesn't depend on the size.
///
/// # Errors
/// Errors of reading and writing.
pub fn gzip_stream(
    content: &mut impl Read,
    out: &mut impl Write,
    level: u32,
) -> io::Result<(u64, u64)> {
    let mut encoder = builder().write(
        Counting {
            inner: out,
            written: 0,
        },
        Compression::new(level),
    );
    let mut chunk = vec![0; STREAM_BYTES];
    let mut read = 0;
    loop {
        let n = read_full(content, &mut chunk)?;
        if n == 0 {
            break;
        }
        encoder.write_all(&chunk[..n])?;
        read += n as u64;
    }
    Ok((read, encoder.finish()?.written))
}

/// Checks whether storing `gzipped` bytes instead of `original` is worth a `Content-Encoding`.
pub fn is_worthwhile(original: u64, gzipped: u64) -> bool {
    original > 0 && gzipped <= original - original.div_ceil(SAVING_PARTS)
}

/// Fills `buffer` as far as the source goes, so that chunks don't depend on how it was read.
pub(crate) fn read_full(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(filled)
}

struct Counting<'a, W> {
    inner: &'a mut W,
    written: u64,
}

impl<W: Write> Write for Counting<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.inner.write(bytes)?;
        self.written += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;

    fn unpacked(bytes: &[u8]) -> Vec<u8> {
        let mut content = Vec::new();
        GzDecoder::new(bytes)
            .read_to_end(&mut content)
            .expect("valid gzip");
        content
    }

    #[test]
    fn text_comes_back_as_it_was() {
        let text = "all work and no play makes jack a dull boy\n".repeat(100);
        let gzipped = gzip(text.as_bytes(), 9).expect("shrinks");
        assert!(gzipped.len() < text.len() / 10);
        assert_eq!(unpacked(&gzipped), text.as_bytes());
    }

    /// The gzip header holds no name, no time and no system.
    #[test]
    fn gzip_header_omits_name_and_time() {
        let gzipped = gzip(&[b'a'; 1000], 9).expect("shrinks");
        assert_eq!(
            gzipped[..4],
            [0x1f, 0x8b, 8, 0],
            "no flags: no name, no comment"
        );
        assert_eq!(gzipped[4..8], [0; 4], "no time");
        assert_eq!(gzipped[9], 255, "no system");
    }

    /// Content that shrinks by less than five percent stays as it is.
    #[test]
    fn little_shrinking_is_not_worthwhile() {
        assert_eq!(gzip(b"", 9), None);
        assert_eq!(gzip(b"short", 9), None);
        assert!(is_worthwhile(100, 95));
        assert!(!is_worthwhile(100, 96));
        assert!(!is_worthwhile(0, 0));
    }

    /// A stream gives the same gzip bytes however it arrives.
    #[test]
    fn stream_gzip_is_independent_of_reads() {
        struct Dribble<'a>(&'a [u8]);
        impl Read for Dribble<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let n = buffer.len().min(self.0.len()).min(777);
                buffer[..n].copy_from_slice(&self.0[..n]);
                self.0 = &self.0[n..];
                Ok(n)
            }
        }
        let content: Vec<u8> = (0..5_000_000u32)
            .map(|i| (i.wrapping_mul(i) >> 13) as u8 & 0x3f)
            .collect();
        let (mut whole, mut dribbled) = (Vec::new(), Vec::new());
        let sizes = gzip_stream(&mut content.as_slice(), &mut whole, 9).expect("in memory");
        gzip_stream(&mut Dribble(&content), &mut dribbled, 9).expect("in memory");
        assert_eq!(whole, dribbled);
        assert_eq!(sizes, (content.len() as u64, whole.len() as u64));
        assert_eq!(unpacked(&whole), content);
    }
}
