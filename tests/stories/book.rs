//! The book: it builds, its links lead somewhere, and what is made from the program is as the
//! program says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use html5gum::{Token, Tokenizer};
use mdbook_driver::MDBook;
use url::Url;

/// The markdown around the part of a page that is made from the help.
const GENERATED: [&str; 2] = ["<!-- generated: begin -->", "<!-- generated: end -->"];

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The help of a command, as wide as the page is.
fn help(words: &[&str]) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_assetsync"))
        .args(words)
        .arg("--help")
        .env_clear()
        .env("COLUMNS", "100")
        .output()
        .expect("it starts");
    assert!(run.status.success(), "{words:?}");
    String::from_utf8(run.stdout).expect("text")
}

/// The commands that a help lists, in its order.
fn commands_in(help: &str) -> Vec<String> {
    let list = help.split("\nCommands:\n").nth(1).unwrap_or_default();
    let list = list.split("\n\n").next().unwrap_or_default();
    let names = list.lines().filter_map(|line| line.strip_prefix("  "));
    let names = names.filter(|line| !line.starts_with(' '));
    names
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_string)
        .collect()
}

/// A section with the help of a command, and those of the commands below it.
fn section(words: &[&str]) -> String {
    let help = help(words);
    let level = if words.len() < 2 { "##" } else { "###" };
    let title = [&["assetsync"], words].concat().join(" ");
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    let lines = lines.join("\n");
    let mut section = format!("{level} {title}\n\n```text\n{}\n```\n", lines.trim_end());
    for command in commands_in(&help).iter().filter(|name| *name != "help") {
        section += "\n";
        section += &self::section(&[words, &[command]].concat());
    }
    section
}

/// The page of commands matches the program's help.
#[test]
fn the_page_of_commands_is_current() {
    let file = top().join("docs/src/reference/commands.md");
    let page = fs::read_to_string(&file).expect("it's there");
    let [begin, end] = GENERATED;
    let (before, rest) = page.split_once(begin).expect("it has a part that is made");
    let (made, after) = rest.split_once(end).expect("which ends");
    let now = format!("\n\n{}\n", section(&[]));
    if std::env::var_os("WRITE_COMMANDS").is_some() {
        fs::write(&file, format!("{before}{begin}{now}{end}{after}")).expect("written");
        return;
    }
    let is_same = made == now;
    assert!(
        is_same,
        "`WRITE_COMMANDS=1 cargo test --test stories -- the_page_of_commands` writes it anew"
    );
}

/// A page of the book as browsers get it: what it's linked by, and what it links to.
#[derive(Default)]
struct Page {
    ids: BTreeSet<String>,
    links: Vec<String>,
}

impl Page {
    fn read(html: &str) -> Page {
        let mut page = Page::default();
        for token in Tokenizer::new(html).flatten() {
            let Token::StartTag(tag) = token else {
                continue;
            };
            for (name, value) in &tag.attributes {
                let value = String::from_utf8_lossy(value).into_owned();
                match &name[..] {
                    b"id" => {
                        page.ids.insert(value);
                    }
                    b"href" if *tag.name == b"a"[..] => page.links.push(value),
                    b"src" if *tag.name == b"img"[..] => page.links.push(value),
                    _ => {}
                }
            }
        }
        page
    }
}

/// The book builds, and all its links lead somewhere.
#[test]
fn book_builds_without_broken_links() {
    let mut book = MDBook::load(top().join("docs")).expect("it's a book");
    let folder = tempfile::tempdir().expect("a folder");
    book.config.build.build_dir = folder.path().to_path_buf();
    book.build().expect("it builds");
    let files = walkdir::WalkDir::new(folder.path()).into_iter();
    let files = files.map(|entry| entry.expect("readable").into_path());
    let pages: BTreeMap<PathBuf, Page> = files
        .filter(|file| file.extension().is_some_and(|it| it == "html"))
        .map(|file| {
            let html = fs::read_to_string(&file).expect("text");
            (file, Page::read(&html))
        })
        .collect();
    assert!(pages.len() > 40, "{:?}", pages.keys());
    let mut broken = BTreeSet::new();
    for (file, page) in &pages {
        // These two are made of all others, whose links they have.
        if ["print.html", "toc.html"]
            .iter()
            .any(|it| file.ends_with(it))
        {
            continue;
        }
        let from = file.strip_prefix(folder.path()).expect("below it");
        for link in &page.links {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let to = Url::from_file_path(file).expect("it's absolute");
            let to = to.join(link).expect("a URL");
            let id = to.fragment().unwrap_or_default();
            let to = to.to_file_path().expect("a file's");
            let is_there = match pages.get(&to) {
                Some(page) => id.is_empty() || page.ids.contains(id),
                None => to.exists(),
            };
            if !is_there {
                broken.insert(format!("{}: {link}", from.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// Links of pages that are read in the repository.
#[test]
fn top_level_pages_link_existing_files() {
    let mut broken = Vec::new();
    for name in [
        "README.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "CHANGELOG.md",
        "ARCHITECTURE.md",
    ] {
        let text = fs::read_to_string(top().join(name)).expect("it's there");
        for link in text.split("](").skip(1) {
            let link = link.split([')', '#']).next().expect("a part");
            let is_here = !link.is_empty() && !link.contains("://");
            if is_here && !top().join(link).exists() {
                broken.push(format!("{name}: {link}"));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}
