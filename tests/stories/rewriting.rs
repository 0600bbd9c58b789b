//! What the fuzzers check of made-up documents, on real ones: rewriting changes what it should, and
//! nothing else.

#[path = "../fuzz/fuzz_targets/rewriting.rs"]
mod checks;

use std::fs;
use std::path::PathBuf;

use assetsync::testing::refs::{Extra, Language};
use rayon::prelude::*;

use crate::browser::packages;

/// Every document below a folder, with its language.
fn documents(folder: PathBuf) -> Vec<(PathBuf, Language)> {
    let files = walkdir::WalkDir::new(folder).follow_links(true).into_iter();
    let files = files.map(|entry| entry.expect("readable").into_path());
    files
        .filter_map(|file| {
            let extension = file.extension()?.to_str()?.to_string();
            let content_type = assetsync::testing::media::content_type(Some(&extension));
            let language = Language::of(&content_type, Some(&extension), &Extra::default())?;
            Some((file, language))
        })
        .filter(|(file, _)| file.is_file())
        .collect()
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn real_documents_come_through_rewriting() {
    let hunt = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/hunt/assets"));
    let documents = [documents(packages()), documents(hunt)].concat();
    let followed: usize = documents
        .par_iter()
        .map(|(file, language)| {
            let text = fs::read_to_string(file).expect("UTF-8");
            let find = |text: &str| language.find(text, &Extra::default());
            checks::check(&text, find);
            find(&text).references.len()
        })
        .sum();
    assert!(documents.len() > 4_000, "{} documents", documents.len());
    assert!(followed > 8_000, "{followed} references");
}
