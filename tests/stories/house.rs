//! How the code is laid out: layers that import only downwards, files that one can read at a
//! sitting, functions of one screen. `ARCHITECTURE.md` has the list of layers; this reads it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::visit::Visit;

/// Lines that no file of `src` is longer than.
const FILE_LINES_MAX: usize = 500;
/// Lines that half of them aren't longer than.
const FILE_LINES_MEDIAN: usize = 180;
/// Lines that no function is longer than.
const FUNCTION_LINES_MAX: usize = 80;
/// Lines that nine in ten aren't longer than.
const FUNCTION_LINES_P90: usize = 25;

/// A file of `src`, and the modules that it imports.
struct File {
    path: PathBuf,
    module: Vec<String>,
    text: String,
    imports: BTreeSet<Vec<String>>,
    functions: Vec<(String, usize)>,
}

pub fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files() -> Vec<File> {
    let entries = walkdir::WalkDir::new(source()).sort_by_file_name();
    let files = entries
        .into_iter()
        .map(|entry| entry.expect("src is readable"));
    let rust = files.filter(|entry| entry.path().extension().is_some_and(|it| it == "rs"));
    rust.map(|entry| File::read(entry.path())).collect()
}

impl File {
    fn read(file: &Path) -> File {
        let text = fs::read_to_string(file).expect("src is readable");
        let path = file.strip_prefix(source()).expect("it's in src");
        File::parse(path, text)
    }

    fn parse(path: &Path, text: String) -> File {
        let parsed = syn::parse_file(&text).expect("the compiler reads it, too");
        let module = module_of(path);
        let mut functions = Functions::default();
        functions.visit_file(&parsed);
        let imports = imports(&parsed, &module);
        File {
            path: path.to_path_buf(),
            module,
            text,
            imports,
            functions: functions.found,
        }
    }

    fn room(&self) -> &str {
        room(&self.path)
    }

    fn is_of_tests(&self) -> bool {
        self.path
            .iter()
            .any(|part| part == "tests" || part == "tests.rs")
    }
}

/// The entry of `src` that a file is in.
fn room(path: &Path) -> &str {
    let first = path.iter().next().expect("a file has a name");
    let first = first.to_str().expect("names are ASCII");
    first.trim_end_matches(".rs")
}

pub fn module_of(path: &Path) -> Vec<String> {
    let path = path.with_extension("");
    let parts = path.iter().map(|part| part.to_string_lossy().into_owned());
    let mut module: Vec<String> = parts.collect();
    if module
        .last()
        .is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str()))
    {
        module.pop();
    }
    module
}

/// Returns all paths that begin with `crate`, `super` or `self`, from the top of the crate, but for
/// those of tests.
fn imports(file: &syn::File, module: &[String]) -> BTreeSet<Vec<String>> {
    let mut found = Vec::new();
    let items = file.items.iter().filter(|item| !is_of_tests(item));
    for item in items {
        match item {
            syn::Item::Use(item) => leaves(&item.tree, &[], &mut found),
            item => paths(item.to_token_stream(), &mut found),
        }
    }
    let whole = found.into_iter().filter_map(|path| from_top(path, module));
    whole.collect()
}

fn is_of_tests(item: &syn::Item) -> bool {
    let attributes = match item {
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        _ => return false,
    };
    let is_test = |attribute: &syn::Attribute| {
        attribute.path().is_ident("cfg") && attribute.to_token_stream().to_string().contains("test")
    };
    attributes.iter().any(is_test)
}

pub fn leaves(tree: &syn::UseTree, above: &[String], found: &mut Vec<Vec<String>>) {
    let with = |name: &syn::Ident| [above, &[name.to_string()]].concat();
    match tree {
        syn::UseTree::Path(path) => leaves(&path.tree, &with(&path.ident), found),
        syn::UseTree::Group(group) => {
            group
                .items
                .iter()
                .for_each(|tree| leaves(tree, above, found));
        }
        syn::UseTree::Name(name) => found.push(with(&name.ident)),
        syn::UseTree::Rename(name) => found.push(with(&name.ident)),
        syn::UseTree::Glob(_) => found.push(above.to_vec()),
    }
}

/// Collects `crate::a::b` and the like, wherever they stand, also as what a macro is given.
fn paths(tokens: TokenStream, found: &mut Vec<Vec<String>>) {
    let mut path: Vec<String> = Vec::new();
    let mut colons = 0;
    for token in tokens {
        match token {
            TokenTree::Ident(name) if path.is_empty() => {
                let is_begin = ["crate", "super"].contains(&name.to_string().as_str());
                path.extend(is_begin.then(|| name.to_string()));
            }
            TokenTree::Ident(name) if colons == 2 => {
                path.push(name.to_string());
                colons = 0;
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => colons += 1,
            other => {
                found.extend((path.len() > 1).then(|| std::mem::take(&mut path)));
                path.clear();
                colons = 0;
                if let TokenTree::Group(group) = other {
                    paths(group.stream(), found);
                }
            }
        }
    }
    found.extend((path.len() > 1).then_some(path));
}

pub fn from_top(path: Vec<String>, module: &[String]) -> Option<Vec<String>> {
    let ups = path.iter().take_while(|part| *part == "super").count();
    let rest = path[ups..].to_vec();
    match path[0].as_str() {
        "crate" => Some(path[1..].to_vec()),
        "self" => Some([module, &path[1..]].concat()),
        "super" => Some([&module[..module.len().saturating_sub(ups)], &rest].concat()),
        _ => None,
    }
}

#[derive(Default)]
struct Functions {
    found: Vec<(String, usize)>,
}

impl Functions {
    fn note(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let (begin, end) = (signature.span().start().line, block.span().end().line);
        self.found
            .push((signature.ident.to_string(), end - begin + 1));
    }
}

impl Visit<'_> for Functions {
    fn visit_item_fn(&mut self, function: &syn::ItemFn) {
        self.note(&function.sig, &function.block);
        syn::visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &syn::ImplItemFn) {
        self.note(&function.sig, &function.block);
        syn::visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.note(&function.sig, block);
        }
        syn::visit::visit_trait_item_fn(self, function);
    }
}

/// The layer of each entry of `src`, counted from the top: rows of the table below `## Layers`.
fn layers() -> BTreeMap<String, usize> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md");
    let text = fs::read_to_string(file).expect("it's there");
    let section = text.split("## Layers\n").nth(1).expect("it has the layers");
    let section = section
        .split("\n## ")
        .next()
        .expect("a split has a first part");
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let mut layers = BTreeMap::new();
    for (layer, row) in rows.enumerate() {
        let names = row.split('|').nth(1).expect("a row has cells");
        for name in names.split('`').skip(1).step_by(2) {
            let name = name.trim_end_matches(".rs").trim_end_matches('/');
            let before = layers.insert(name.to_string(), layer);
            assert_eq!(before, None, "`{name}` is in two layers");
        }
    }
    layers
}

/// What goes up, as `file imports room`.
fn upwards(files: &[File], layers: &BTreeMap<String, usize>) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in files.iter().filter(|file| !file.is_of_tests()) {
        let path = file.path.display();
        let Some(own) = layers.get(file.room()) else {
            wrong.push(format!("{path} is in no layer"));
            continue;
        };
        let rooms: BTreeSet<&str> = file
            .imports
            .iter()
            .filter_map(|it| Some(it.first()?.as_str()))
            .collect();
        for room in rooms {
            match layers.get(room) {
                Some(layer) if layer < own => {
                    wrong.push(format!("{path} imports {room}, which is above it"))
                }
                Some(_) => {}
                None => wrong.push(format!(
                    "{path} imports {room} from the top of the crate, not from where it is"
                )),
            }
        }
    }
    wrong
}

/// Circles of files in more than one entry of `src`.
fn circles(files: &[File]) -> Vec<BTreeSet<&Path>> {
    let by_module: BTreeMap<&[String], usize> = files
        .iter()
        .enumerate()
        .map(|(at, file)| (&*file.module, at))
        .collect();
    let mut graph: DiGraph<&Path, ()> = DiGraph::new();
    let nodes: Vec<_> = files
        .iter()
        .map(|file| graph.add_node(&*file.path))
        .collect();
    for (at, file) in files
        .iter()
        .enumerate()
        .filter(|(_, file)| !file.is_of_tests())
    {
        for import in &file.imports {
            let mut beginnings = (1..=import.len()).rev().map(|end| &import[..end]);
            let target = beginnings.find_map(|it| by_module.get(it));
            if let Some(target) = target.filter(|target| **target != at) {
                graph.add_edge(nodes[at], nodes[*target], ());
            }
        }
    }
    let rooms = |circle: &Vec<_>| {
        let rooms: BTreeSet<&str> = circle.iter().map(|node| room(graph[*node])).collect();
        rooms.len()
    };
    let circles = tarjan_scc(&graph).into_iter();
    let circles = circles.filter(|circle| rooms(circle) > 1);
    circles
        .map(|circle| circle.into_iter().map(|node| graph[node]).collect())
        .collect()
}

/// Nobody has to know what is above to understand what is below.
#[test]
fn layers_import_only_downwards() {
    let (files, layers) = (files(), layers());
    assert!(files.len() > 100, "{}", files.len());
    let wrong = upwards(&files, &layers);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let circles = circles(&files);
    assert!(circles.is_empty(), "{circles:#?}");
    for name in layers.keys() {
        let is_there = files.iter().any(|file| file.room() == name);
        assert!(
            is_there,
            "ARCHITECTURE.md has the layer of `{name}`, which isn't there"
        );
    }
}

/// The rule itself can fail: an import upwards is found in any form, and so is a circle.
#[test]
fn an_import_upwards_is_found() {
    let layers = BTreeMap::from([("site".to_string(), 0), ("store".to_string(), 1)]);
    let wrong = |text: &str| {
        let file = File::parse(Path::new("store/s3.rs"), text.to_string());
        upwards(&[file], &layers)
    };
    for text in [
        "use crate::site::Site;",
        "use crate::{site::{Site, plan}, store};",
        "use super::super::site;",
        "fn f() { crate::site::plan() }",
        "fn f() { println!(\"{}\", crate::site::plan()) }",
        "impl S { fn f(&self) -> crate::site::Site { todo!() } }",
    ] {
        assert_eq!(
            wrong(text),
            ["store/s3.rs imports site, which is above it"],
            "{text}"
        );
    }
    for text in [
        "use super::http; use crate::store::memory; use self::parts::Part;",
        "#[cfg(test)] mod tests { use crate::site::Site; }",
    ] {
        assert_eq!(wrong(text), [""; 0], "{text}");
    }
    let circle = [
        ("a/x.rs", "use crate::b::y;"),
        ("b/y.rs", "use crate::a::x;"),
    ];
    let circle = circle.map(|(path, text)| File::parse(Path::new(path), text.to_string()));
    assert_eq!(circles(&circle).len(), 1);
}

/// A file is read at a sitting, and a function at a glance.
#[test]
fn files_and_functions_are_short() {
    let files = files();
    let mut wrong = Vec::new();
    let mut lengths: Vec<usize> = files.iter().map(|file| file.text.lines().count()).collect();
    for file in &files {
        let lines = file.text.lines().count();
        if lines > FILE_LINES_MAX {
            wrong.push(format!("{} has {lines} lines", file.path.display()));
        }
        for (function, lines) in file
            .functions
            .iter()
            .filter(|(_, lines)| *lines > FUNCTION_LINES_MAX)
        {
            wrong.push(format!(
                "{}: `{function}` has {lines} lines",
                file.path.display()
            ));
        }
    }
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    let functions = files.iter().flat_map(|file| &file.functions);
    let mut functions: Vec<usize> = functions.map(|(_, lines)| *lines).collect();
    functions.sort_unstable();
    let p90 = functions[functions.len() * 9 / 10];
    if median > FILE_LINES_MEDIAN {
        wrong.push(format!("half of the files have {median} lines and more"));
    }
    if p90 > FUNCTION_LINES_P90 {
        wrong.push(format!("one function in ten has {p90} lines and more"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The first sentence of what a file says of itself.
fn own_words(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    let words: Vec<&str> = lines
        .map(str::trim)
        .take_while(|line| !line.is_empty())
        .collect();
    let words = words.join(" ");
    let sentence = words
        .split_once(". ")
        .map_or(words.as_str(), |(first, _)| first);
    let sentence = sentence.trim_end_matches('.').replace('|', "\\|");
    // Links of the code lead nowhere here.
    let mut parts = sentence.split("[`");
    let mut plain = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let (name, rest) = part.split_once("`]").expect("a link ends");
        let rest = match rest.strip_prefix('(') {
            Some(target) => target.split_once(')').expect("a target ends").1,
            None => rest,
        };
        plain += &format!("`{name}`{rest}");
    }
    plain
}

/// The rows of the table of files: the entries of `src` by layer, each with what is in it.
fn table_of_files(files: &[File], layers: &BTreeMap<String, usize>) -> String {
    let row = |file: &&File| {
        let module = file.module.join("/");
        let name = match file.path.iter().count() {
            _ if file.module.is_empty() => file.path.display().to_string(),
            1 if files
                .iter()
                .any(|other| other.module.starts_with(&file.module) && other.module.len() > 1) =>
            {
                format!("{module}/")
            }
            _ if file.path.ends_with("mod.rs") => format!("{module}/"),
            _ => format!("{module}.rs"),
        };
        format!("| `{name}` | {} |\n", own_words(&file.text))
    };
    let is_listed = |file: &&File| file.module.len() <= 2 && !file.is_of_tests();
    let mut listed: Vec<&File> = files.iter().filter(is_listed).collect();
    listed.sort_by_key(|file| (layers.get(file.room()), file.room(), &file.module));
    listed.iter().map(row).collect()
}

/// `ARCHITECTURE.md` says of each file what it says of itself. `WRITE_TABLE=1` writes the table
/// anew.
#[test]
fn the_list_of_files_is_current() {
    const BEGIN: &str = "| file | owns |\n|---|---|\n";
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md");
    let text = fs::read_to_string(&file).expect("it's there");
    let (before, rest) = text.split_once(BEGIN).expect("it has the table");
    let end = rest.find("\n\n").expect("the table ends");
    let wanted = table_of_files(&files(), &layers());
    if std::env::var_os("WRITE_TABLE").is_some() {
        let written = format!("{before}{BEGIN}{}{}", wanted.trim_end(), &rest[end..]);
        fs::write(&file, written).expect("it can be written");
        return;
    }
    let (there, wanted): (BTreeSet<&str>, BTreeSet<&str>) =
        (rest[..end].lines().collect(), wanted.lines().collect());
    let differences: Vec<&&str> = there.symmetric_difference(&wanted).collect();
    assert!(
        differences.is_empty(),
        "`WRITE_TABLE=1 cargo test --test stories -- the_list_of_files` writes the table anew: {differences:#?}"
    );
}

/// Whoever reads of a file finds it.
#[test]
fn files_that_are_named_are_there() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(top.join("ARCHITECTURE.md")).expect("it's there");
    let quoted = text.split('`').skip(1).step_by(2);
    let files = quoted.filter(|name| name.ends_with(".rs") && !name.contains([' ', '{', '*']));
    let is_there = |name: &&str| {
        let places = ["", "src", "tests/stories"];
        places
            .iter()
            .any(|place| top.join(place).join(name).exists())
    };
    let lost: BTreeSet<&str> = files.filter(|name| !is_there(name)).collect();
    assert!(lost.is_empty(), "ARCHITECTURE.md names {lost:?}");
}

/// A library that reads the environment here and there can't be told what to do.
#[test]
fn environment_is_read_in_few_files() {
    // The program; what the clouds' tools read; and what programs that are started get.
    let meant = ["commands", "store/environment.rs", "base/children.rs"];
    let reads = ["env::var", "env::vars", "env::home_dir", "env::set_var"];
    let wrong: Vec<String> = files()
        .into_iter()
        .filter(|file| !file.is_of_tests() && !meant.iter().any(|it| file.path.starts_with(it)))
        .filter(|file| reads.iter().any(|read| file.text.contains(read)))
        .map(|file| file.path.display().to_string())
        .collect();
    assert!(wrong.is_empty(), "{wrong:?} read the environment");
}
