//! The library as programs see it, in a list. Whoever changes it sees that, and says so in the
//! changelog.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use quote::ToTokens;
use syn::{Fields, FnArg, ImplItem, Item, TraitItem, UseTree, Visibility};

use super::house::{from_top, leaves, module_of, source};

type Path = Vec<String>;

/// All modules, in files and within them.
struct Modules(BTreeMap<Path, Vec<Item>>);

impl Modules {
    fn read() -> Modules {
        let mut all = Modules(BTreeMap::new());
        for entry in walkdir::WalkDir::new(source()) {
            let entry = entry.expect("src is readable");
            let path = entry.path().strip_prefix(source()).expect("it's in src");
            let is_rust = path.extension().is_some_and(|it| it == "rs");
            if is_rust && !path.ends_with("main.rs") {
                let text = fs::read_to_string(entry.path()).expect("src is readable");
                let file = syn::parse_file(&text).expect("the compiler reads it, too");
                all.add(module_of(path), file.items);
            }
        }
        all
    }

    fn add(&mut self, module: Path, items: Vec<Item>) {
        for item in &items {
            if let Item::Mod(inner) = item
                && let Some((_, items)) = &inner.content
            {
                let name = inner.ident.to_string();
                let path = [&module[..], &[name]].concat();
                let file: syn::File = syn::parse_quote!(#(#items)*);
                self.add(path, file.items);
            }
        }
        self.0.entry(module).or_default().extend(items);
    }

    /// Finds the module in which what is called `path` really stands, and its name there.
    fn resolve(&self, path: &[String]) -> Option<Path> {
        let (name, module) = path.split_last()?;
        let items = self.0.get(module)?;
        let is_here = items
            .iter()
            .any(|item| name_of(item).as_ref() == Some(name));
        if is_here || self.0.contains_key(path) {
            return Some(path.to_vec());
        }
        uses(items, module)
            .into_iter()
            .find(|(shown, _)| shown == name)
            .and_then(|(_, path)| self.resolve(&path))
    }

    /// Lists what can be seen of a module, under the name that it has for programs.
    fn list(&self, module: &[String], shown: &str, list: &mut BTreeSet<String>) {
        for item in &self.0[module] {
            if !is_public(item) || is_hidden(item) {
                continue;
            }
            let names: Vec<(String, Path)> = match item {
                Item::Use(_) => uses(std::slice::from_ref(item), module),
                item => name_of(item)
                    .map(|name| (name.clone(), [module, &[name]].concat()))
                    .into_iter()
                    .collect(),
            };
            for (name, path) in names {
                let path = self.resolve(&path).expect("the compiler finds it");
                let shown = format!("{shown}::{name}");
                if self.0.contains_key(&path) {
                    self.list(&path, &shown, list)
                } else {
                    self.list_item(&path, &shown, list)
                }
            }
        }
    }

    fn list_item(&self, path: &[String], shown: &str, list: &mut BTreeSet<String>) {
        let (name, module) = path.split_last().expect("an item has a name");
        let mut here = self.0[module].iter();
        let item = here.find(|item| name_of(item).as_ref() == Some(name));
        list.extend(lines_of(item.expect("it was found"), shown));
        for (module, items) in &self.0 {
            for item in items {
                let Item::Impl(block) = item else { continue };
                let of = block.self_ty.to_token_stream().to_string();
                let of = of.split('<').next().unwrap_or_default();
                let of: Path = of.split("::").map(|part| part.trim().to_string()).collect();
                let of = from_top(of.clone(), module).unwrap_or([module, &of[..]].concat());
                if self.resolve(&of).as_deref() == Some(path) {
                    list.extend(lines_of_block(block, shown));
                }
            }
        }
    }
}

/// Names that `use` brings into a module, and what they stand for.
fn uses(items: &[Item], module: &[String]) -> Vec<(String, Path)> {
    let trees = items.iter().filter_map(|item| match item {
        Item::Use(item) => Some(&item.tree),
        _ => None,
    });
    let mut all = Vec::new();
    for tree in trees {
        let mut paths = Vec::new();
        leaves(tree, &[], &mut paths);
        let mut names = Vec::new();
        shown_names(tree, &mut names);
        for (path, name) in paths.into_iter().zip(names) {
            let local = [module, &path[..]].concat();
            all.push((name, from_top(path, module).unwrap_or(local)));
        }
    }
    all
}

/// What each leaf of a `use` is called from then on.
fn shown_names(tree: &UseTree, names: &mut Vec<String>) {
    match tree {
        UseTree::Path(path) => shown_names(&path.tree, names),
        UseTree::Group(group) => group.items.iter().for_each(|tree| shown_names(tree, names)),
        UseTree::Name(name) => names.push(name.ident.to_string()),
        UseTree::Rename(name) => names.push(name.rename.to_string()),
        UseTree::Glob(_) => names.push("*".to_string()),
    }
}

fn name_of(item: &Item) -> Option<String> {
    let name = match item {
        Item::Struct(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Const(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Mod(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

fn is_public(item: &Item) -> bool {
    let visibility = match item {
        Item::Struct(item) => &item.vis,
        Item::Enum(item) => &item.vis,
        Item::Trait(item) => &item.vis,
        Item::Fn(item) => &item.vis,
        Item::Const(item) => &item.vis,
        Item::Type(item) => &item.vis,
        Item::Mod(item) => &item.vis,
        Item::Use(item) => &item.vis,
        _ => return false,
    };
    matches!(visibility, Visibility::Public(_))
}

fn is_hidden(item: &Item) -> bool {
    match item {
        Item::Mod(item) => are_hidden(&item.attrs),
        Item::Use(item) => are_hidden(&item.attrs),
        _ => false,
    }
}

fn are_hidden(attributes: &[syn::Attribute]) -> bool {
    let mut texts = attributes.iter().map(tidy);
    texts.any(|text| text.contains("doc(hidden)"))
}

/// What an item is, and each part of it that can be seen.
fn lines_of(item: &Item, shown: &str) -> Vec<String> {
    match item {
        Item::Struct(item) => {
            let mut lines = vec![format!(
                "struct {shown}{}{}",
                tidy(&item.generics),
                marks(&item.attrs)
            )];
            lines.extend(fields(&item.fields, shown));
            lines
        }
        Item::Enum(item) => {
            let mut lines = vec![format!("enum {shown}{}", marks(&item.attrs))];
            for variant in &item.variants {
                let name = format!("{shown}::{}", variant.ident);
                let fields: Vec<String> = variant.fields.iter().map(plain).collect();
                let fields = fields.join(", ");
                lines.push(format!("variant {name}({fields})"));
            }
            lines
        }
        Item::Trait(item) => {
            let mut lines = vec![format!("trait {shown}: {}", tidy(&item.supertraits))];
            for member in &item.items {
                if let TraitItem::Fn(function) = member {
                    let given = function.default.as_ref().map_or("", |_| " (given)");
                    lines.push(format!("{}{given}", signature(&function.sig, shown)));
                }
            }
            lines
        }
        Item::Fn(item) => vec![signature(
            &item.sig,
            shown.rsplit_once("::").expect("a path").0,
        )],
        Item::Const(item) => vec![format!("const {shown}: {}", tidy(&item.ty))],
        Item::Type(item) => vec![format!("type {shown} = {}", tidy(&item.ty))],
        other => panic!(
            "{shown} is of a kind that isn't listed: {}",
            other.to_token_stream()
        ),
    }
}

fn fields(fields: &Fields, shown: &str) -> Vec<String> {
    let public = fields
        .iter()
        .filter(|field| matches!(field.vis, Visibility::Public(_)) && !are_hidden(&field.attrs));
    public
        .map(|field| {
            let name = field.ident.as_ref().map_or("0".into(), ToString::to_string);
            format!("field {shown}::{name}: {}", tidy(&field.ty))
        })
        .collect()
}

fn plain(field: &syn::Field) -> String {
    let name = field.ident.as_ref();
    let name = name.map_or(String::new(), |name| format!("{name}: "));
    format!("{name}{}", tidy(&field.ty))
}

fn lines_of_block(block: &syn::ItemImpl, shown: &str) -> Vec<String> {
    if let Some((path, ..)) = &block.trait_ {
        return vec![format!("impl {} for {shown}", tidy(path))];
    }
    let functions = block.items.iter().filter_map(|member| match member {
        ImplItem::Fn(function)
            if matches!(function.vis, Visibility::Public(_)) && !are_hidden(&function.attrs) =>
        {
            Some(signature(&function.sig, shown))
        }
        ImplItem::Const(constant) if matches!(constant.vis, Visibility::Public(_)) => Some(
            format!("const {shown}::{}: {}", constant.ident, tidy(&constant.ty)),
        ),
        _ => None,
    });
    functions.collect()
}

fn signature(signature: &syn::Signature, within: &str) -> String {
    let inputs: Vec<String> = signature
        .inputs
        .iter()
        .map(|input| match input {
            FnArg::Receiver(receiver) => tidy(receiver),
            FnArg::Typed(typed) => tidy(typed),
        })
        .collect();
    let begin = if signature.asyncness.is_some() {
        "async fn"
    } else {
        "fn"
    };
    format!(
        "{begin} {within}::{}{}({}){}",
        signature.ident,
        tidy(&signature.generics),
        inputs.join(", "),
        tidy(&signature.output)
    )
}

/// What a type derives, and whether it may get more parts.
fn marks(attributes: &[syn::Attribute]) -> String {
    let kept = ["derive", "non_exhaustive"];
    let marks = attributes
        .iter()
        .filter(|attribute| kept.iter().any(|mark| attribute.path().is_ident(mark)));
    marks
        .map(|attribute| format!(" {}", tidy(&attribute.meta)))
        .collect()
}

/// Code on one line, as one writes it.
fn tidy(code: &impl ToTokens) -> String {
    let mut text = code.to_token_stream().to_string();
    for (from, to) in [
        (" :: ", "::"),
        (":: ", "::"),
        (" <", "<"),
        ("< ", "<"),
        (" >", ">"),
        ("& ", "&"),
        (" ,", ","),
        (" :", ":"),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
    ] {
        text = text.replace(from, to);
    }
    match text.strip_prefix("->") {
        Some(rest) => format!(" ->{rest}"),
        None => text,
    }
}

/// A change of this list is one of the library: it goes into CHANGELOG.md.
#[test]
fn what_programs_see_of_the_library() {
    let mut list = BTreeSet::new();
    Modules::read().list(&[], "assetsync", &mut list);
    let lines: Vec<String> = list.into_iter().collect();
    insta::assert_snapshot!("api", lines.join("\n"));
}
