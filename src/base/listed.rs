//! Lists of files in messages: few files by name, many by folder, and the rest as a count.

use std::collections::BTreeMap;

use super::text::{count, escape};

/// Maximum number of names that are listed.
pub(crate) const NAMES_MAX: usize = 50;

/// Maximum number of names that have a line each.
const LINES_MAX: usize = 10;

/// All of `paths`, each line after a break and two spaces; the first 50 by name.
pub(crate) fn names_text(paths: &[&str]) -> String {
    if paths.len() <= LINES_MAX {
        let lines = paths.iter().map(|path| format!("\n  `{}`", escape(path)));
        return lines.collect();
    }
    let (told, rest) = paths.split_at(paths.len().min(NAMES_MAX));
    let lines = by_folder(told).into_iter().map(|(folder, names)| {
        let names: Vec<String> = names.iter().map(|name| escape(name)).collect();
        format!("\n  {}: {}", folder_text(folder), names.join(", "))
    });
    lines.collect::<String>() + &rest_text(rest)
}

fn rest_text(rest: &[&str]) -> String {
    if rest.is_empty() {
        return String::new();
    }
    let folders = by_folder(rest);
    let told = folders.iter().take(LINES_MAX);
    let told = told.map(|(folder, names)| format!("{} {}", names.len(), folder_text(folder)));
    let mut told: Vec<String> = told.collect();
    if folders.len() > LINES_MAX {
        let more = (folders.len() - LINES_MAX) as u64;
        told.push(count(more, "more folder"));
    }
    format!("\n  and {} more: {}", rest.len(), told.join(", "))
}

fn by_folder<'a>(paths: &[&'a str]) -> BTreeMap<&'a str, Vec<&'a str>> {
    let mut folders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for path in paths {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        folders.entry(folder).or_default().push(name);
    }
    folders
}

fn folder_text(folder: &str) -> String {
    match folder {
        "" => "at the top".to_string(),
        folder => format!("{}/", escape(folder)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(paths: &[String]) -> String {
        names_text(&paths.iter().map(String::as_str).collect::<Vec<_>>())
    }

    #[test]
    fn a_few_have_a_line_each() {
        let paths = ["index.html".to_string(), "a/\u{202e}b.html".to_string()];
        assert_eq!(told(&paths), "\n  `index.html`\n  `a/\\u{202e}b.html`");
    }

    /// Many names are listed by folder, and the rest is counted.
    #[test]
    fn many_names_are_listed_by_folder() {
        let paths: Vec<String> = (10..40)
            .flat_map(|n| [format!("a/{n}.html"), format!("b/{n}.html")])
            .collect();
        let text = told(&paths);
        assert!(text.starts_with("\n  a/: 10.html, 11.html, "), "{text}");
        assert!(text.contains("\n  b/: 10.html, "), "{text}");
        assert!(text.ends_with("\n  and 10 more: 5 a/, 5 b/"), "{text}");
        assert_eq!(text.matches(".html").count(), NAMES_MAX);
        let top: Vec<String> = (0..11).map(|n| format!("{n}.html")).collect();
        assert!(told(&top).starts_with("\n  at the top: 0.html, "));
    }

    /// The list stays short even if every name has a folder of its own.
    #[test]
    fn names_in_many_folders_are_bounded() {
        let paths: Vec<String> = (0..100_000).map(|n| format!("{n}/index.html")).collect();
        let text = told(&paths);
        assert_eq!(text.lines().count(), 1 + NAMES_MAX + 1);
        assert!(text.ends_with("99940 more folders"), "{}", text.len());
    }
}
