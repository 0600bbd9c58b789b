//! Encodings of a name that isn't all ASCII: composed or not, in lower or upper case, and as
//! Windows-1252 bytes. That code page for Western Europe includes Latin-1.

use unicode_normalization::UnicodeNormalization;

/// Characters of the bytes from 0x80 on, up to those that Latin-1 has; `\0` where there's none.
const WINDOWS: &str = "€\0‚ƒ„…†‡ˆ‰Š‹Œ\0Ž\0\0‘’“”•–—˜™š›œ\0žŸ";

/// Returns all of them, each once.
pub(super) fn of(name: &str) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for cased in [name.to_string(), name.to_lowercase(), name.to_uppercase()] {
        let composed: String = cased.nfc().collect();
        all.extend(windows_1252(&composed));
        all.push(composed.into_bytes());
        all.push(cased.nfd().collect::<String>().into_bytes());
    }
    all.sort_unstable();
    all.dedup();
    all
}

fn windows_1252(name: &str) -> Option<Vec<u8>> {
    let byte = |c: char| match u32::from(c) {
        0..0x80 | 0xa0..0x100 => u8::try_from(u32::from(c)).ok(),
        _ => {
            let at = WINDOWS.chars().position(|other| other == c)?;
            u8::try_from(0x80 + at).ok()
        }
    };
    name.chars().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_in_many_ways() {
        let all = of("größe");
        for written in [
            "größe".as_bytes(),
            "gro\u{308}ße".as_bytes(),
            b"gr\xf6\xdfe",
            "GRÖSSE".as_bytes(),
        ] {
            assert!(
                all.iter().any(|other| other == written),
                "{written:?} {all:?}"
            );
        }
        assert_eq!(windows_1252("“5 €”"), Some(b"\x935 \x80\x94".to_vec()));
        assert_eq!(windows_1252("ключ"), None);
        assert_eq!(WINDOWS.chars().count(), 32);
    }
}
