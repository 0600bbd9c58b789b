//! Kubeconfigs, which are YAML; as JSON they're found by `json.rs`.

use super::Private;

/// Finds one by its first level.
pub(super) fn find(text: &[u8], found: &mut Vec<(usize, Private)>) {
    let Some(kind) = memchr::memmem::find_iter(text, b"kind:")
        .find(|&at| (at == 0 || text[at - 1] == b'\n') && is_config(&text[at + 5..]))
    else {
        return;
    };
    let has = |name: &str| {
        let mut places = memchr::memmem::find_iter(text, name.as_bytes());
        places.any(|at| at == 0 || text[at - 1] == b'\n')
    };
    if has("clusters:") && (has("users:") || has("contexts:")) {
        found.push((kind, Private::Kubeconfig));
    }
}

fn is_config(value: &[u8]) -> bool {
    let line = value.split(|byte| *byte == b'\n').next().unwrap_or(value);
    let word = line.trim_ascii();
    matches!(word, b"Config" | b"\"Config\"" | b"'Config'")
}
