//! The configuration file as it is written: what serde reads, spans for error messages, nothing
//! checked.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::base::coding::EncodingRule;
use crate::base::glob::Case;
use crate::base::name::NameStyle;
use crate::rules::{Dangling, GzipRule, Integrity, Remarks, SourceMaps, UrlStyle};
use crate::store::location::{Access, Addressing};
use crate::tree::Symlinks;

#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConfig {
    pub(super) key_file: Option<Spanned<String>>,
    pub(super) key_id: Option<String>,
    #[serde(default)]
    pub(super) create_key: bool,
    pub(super) default_target: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) extensions: Vec<Spanned<String>>,
    pub(super) gzip_level: Option<Spanned<toml::Value>>,
    pub(super) requests: Option<Spanned<toml::Value>>,
    pub(super) memory_mib: Option<Spanned<toml::Value>>,
    pub(super) retry_seconds: Option<Spanned<toml::Value>>,
    #[serde(default)]
    pub(super) source: Vec<RawSource>,
    #[serde(default)]
    pub(super) rule: Vec<RawRule>,
    #[serde(default)]
    pub(super) level: Vec<RawLevel>,
    #[serde(default)]
    pub(super) folder: Vec<RawFolder>,
    #[serde(default)]
    pub(super) open: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) prefixes: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) target: BTreeMap<String, RawTarget>,
    #[serde(default)]
    pub(super) warnings: RawWarnings,
}

#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWarnings {
    #[serde(default)]
    pub(super) allow: Vec<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSource {
    pub(super) dir: Spanned<String>,
    #[serde(default)]
    pub(super) mount: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) symlinks: Symlinks,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRule {
    #[serde(rename = "match")]
    pub(super) matches: Spanned<String>,
    pub(super) names: Option<NameStyle>,
    pub(super) under: Option<Spanned<String>>,
    pub(super) cache_control: Option<Spanned<String>>,
    pub(super) content_type: Option<Spanned<String>>,
    pub(super) gzip: Option<GzipRule>,
    pub(super) encoding: Option<EncodingRule>,
    #[serde(default)]
    pub(super) headers: BTreeMap<Spanned<String>, Spanned<String>>,
    pub(super) publish: Option<bool>,
    pub(super) rewrite: Option<bool>,
    #[serde(default)]
    pub(super) references: Vec<Spanned<String>>,
    pub(super) integrity: Option<Integrity>,
    pub(super) urls: Option<UrlStyle>,
    pub(super) dangling: Option<Dangling>,
    pub(super) source_maps: Option<SourceMaps>,
    pub(super) metadata: Option<Remarks>,
    pub(super) comments: Option<Remarks>,
    #[serde(default)]
    pub(super) may_name: Vec<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFolder {
    #[serde(rename = "match")]
    pub(super) matches: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLevel {
    pub(super) name: Spanned<String>,
    #[serde(rename = "match")]
    pub(super) matches: Spanned<String>,
    #[serde(default)]
    pub(super) also: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) open: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) case: Case,
    pub(super) hide_paths: Option<bool>,
    #[serde(default)]
    pub(super) held: bool,
    #[serde(default)]
    pub(super) knows: Vec<Spanned<String>>,
}

#[derive(Debug, Deserialize, Clone)]
#[serde(deny_unknown_fields, expecting = "a table: write `[target.NAME]`")]
pub(super) struct RawTarget {
    pub(super) url: Spanned<String>,
    pub(super) public_url: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) access: Option<Access>,
    pub(super) endpoint: Option<Spanned<String>>,
    pub(super) region: Option<Spanned<String>>,
    pub(super) addressing: Option<Addressing>,
    pub(super) state: Option<Spanned<String>>,
    pub(super) cors: Option<Spanned<String>>,
    pub(super) index: Option<Spanned<String>>,
    pub(super) not_found: Option<Spanned<String>>,
}
