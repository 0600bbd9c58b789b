//! Binary glTF (`.glb`): the position of its JSON, and the lengths that change with it. By
//! <https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html#glb-file-format-specification>. Pure.

use std::ops::Range;

/// Place of the whole file's length: behind its mark and version.
const TOTAL: Range<usize> = 8..12;
/// Place of the first chunk's length.
const LENGTH: Range<usize> = 12..16;
/// Place of the first chunk's type.
const TYPE: Range<usize> = 16..20;

/// Returns where the JSON text is in a file of version 2: the first chunk, without the blanks that
/// fill it up at its end.
///
/// None if it's no such file, or one that was cut off.
pub fn json_chunk(bytes: &[u8]) -> Option<Range<usize>> {
    let chunk = chunk(bytes)?;
    let is_padding = |byte: &u8| matches!(byte, b' ' | b'\0');
    let padding = bytes[chunk.clone()].iter().rev();
    let padding = padding.take_while(|byte| is_padding(byte)).count();
    Some(chunk.start..chunk.end - padding)
}

/// Returns what else is to be replaced when the JSON text gets longer (or shorter, if it's less
/// than 0) by `json_delta` bytes: the lengths of the file and of its first chunk, and the blanks
/// that fill that up. In the order of the file, where the JSON text is between the lengths and the
/// blanks.
///
/// None if it's no such file, or couldn't be one then: a length has 32 bits.
pub fn lengths(bytes: &[u8], json_delta: isize) -> Option<Vec<(Range<usize>, Vec<u8>)>> {
    let chunk = chunk(bytes)?;
    let json = json_chunk(bytes)?;
    let json_len = json.len().checked_add_signed(json_delta)?;
    let length = json_len.checked_next_multiple_of(4)?;
    let total = number(bytes, TOTAL)? - chunk.len();
    let written = |number: usize| Some(u32::try_from(number).ok()?.to_le_bytes().to_vec());
    Some(vec![
        (TOTAL, written(total.checked_add(length)?)?),
        (LENGTH, written(length)?),
        (json.end..chunk.end, vec![b' '; length - json_len]),
    ])
}

/// Returns where the content of the first chunk is.
fn chunk(bytes: &[u8]) -> Option<Range<usize>> {
    let is_json = bytes.starts_with(b"glTF\x02\0\0\0") && bytes.get(TYPE)? == b"JSON";
    let end = TYPE.end.checked_add(number(bytes, LENGTH)?)?;
    let is_whole = end <= number(bytes, TOTAL)? && end <= bytes.len();
    (is_json && is_whole).then_some(TYPE.end..end)
}

fn number(bytes: &[u8], at: Range<usize>) -> Option<usize> {
    let bytes = bytes.get(at)?.try_into().ok()?;
    usize::try_from(u32::from_le_bytes(bytes)).ok()
}

#[cfg(test)]
mod tests;
