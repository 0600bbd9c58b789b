//! From the rules that match a path to its policy: of those that set the same, the last one counts.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::policy::{Kind, Policy, Publish, TypeBy};
use super::rule::{GzipRule, Integrity, Rule, SourceMaps};
use crate::base::coding::Coding;
use crate::base::media;
use crate::base::name::{CACHE_FOR_EVER, CACHE_SHORTLY};
use crate::base::name::{CONTENT_ENCODING, EncodingPolicy, Headers, NameStyle};
use crate::refs::Extra;
use crate::whole_site::AskedFor;

/// The rules that match a kind of paths, in their order.
pub(super) struct Matching<'r> {
    pub rules: Vec<&'r Rule>,
    pub kind: &'r Kind,
}

/// The type that files are served with, and what decides it.
struct Typed {
    /// The type that a rule or the path itself asks for.
    asked: Option<String>,
    content_type: String,
    coding: Option<Coding>,
    /// The extension of what is packed in it.
    inner: Option<String>,
}

impl Matching<'_> {
    /// Returns what becomes of the paths. `is_listed` says that their extension is one of those
    /// that are published.
    pub(super) fn policy(&self, is_listed: bool) -> Policy {
        let typed = self.typed();
        let source_maps = self.find(|r| r.source_maps).unwrap_or_default();
        let is_map = self.kind.extension.as_deref() == Some("map");
        let is_listed = is_listed
            || typed.inner.as_deref().is_some_and(media::is_allowed)
            || (is_map && source_maps == SourceMaps::Publish);
        let names = self.names();
        let inner = typed.inner.as_deref();
        Policy {
            publish: self.publish(is_listed),
            may_be_secret: self.is_asked_for(|rule| !rule.takes_all()),
            is_type_meant: !is_listed && self.is_asked_for(Rule::names_type),
            names,
            under: match names {
                NameStyle::Palindrome2022 => self.last(|r| r.under.as_ref()).unwrap_or_default(),
                _ => String::new(),
            },
            is_name_asked: self.rules.iter().any(|rule| rule.names.is_some()),
            type_is_guess: typed.asked.is_none()
                && typed.content_type == "application/octet-stream",
            type_by: match typed.asked {
                Some(_) => TypeBy::Rule,
                None => TypeBy::Name,
            },
            is_encoding_asked: self.find(|r| r.encoding).is_some(),
            key_extension: shown_extension(self.kind.extension.clone(), inner)
                .filter(|_| is_listed),
            headers: Arc::new(self.headers(names, typed)),
            level: self.kind.level,
            rewrite: self.find(|r| r.rewrite).unwrap_or(true),
            references: self.references(),
            urls: self.find(|r| r.urls).unwrap_or_default(),
            dangling: self.find(|r| r.dangling),
            source_maps,
            metadata: self.find(|r| r.metadata),
            comments: self.find(|r| r.comments).unwrap_or_default(),
            may_name: self.rules.iter().flat_map(|r| r.may_name.clone()).collect(),
        }
    }

    /// Returns what the last rule says that says anything.
    fn find<T>(&self, field: fn(&Rule) -> Option<T>) -> Option<T> {
        self.rules.iter().rev().find_map(|rule| field(rule))
    }

    fn last(&self, field: fn(&Rule) -> Option<&String>) -> Option<String> {
        let mut rules = self.rules.iter().rev();
        rules.find_map(|rule| field(rule)).cloned()
    }

    /// Says whether one of the rules that publish the paths is like that.
    fn is_asked_for(&self, is_meant: fn(&Rule) -> bool) -> bool {
        let mut rules = self.rules.iter();
        rules.any(|rule| rule.publish == Some(true) && is_meant(rule))
    }

    fn names(&self) -> NameStyle {
        self.find(|r| r.names).unwrap_or(match self.kind.asked_for {
            AskedFor::ByReference if self.kind.is_in_folder => NameStyle::Folder,
            AskedFor::ByReference => NameStyle::default(),
            AskedFor::ByName | AskedFor::WellKnown { .. } => NameStyle::Plain,
        })
    }

    fn publish(&self, is_listed: bool) -> Publish {
        let is_well_known = matches!(self.kind.asked_for, AskedFor::WellKnown { .. });
        match (self.find(|r| r.publish), self.kind.junk) {
            _ if self.kind.is_left_behind => Publish::Never,
            (Some(false), _) => Publish::LeftOut,
            (_, Some(junk)) => Publish::Junk(junk),
            (Some(true), None) => Publish::ByRule,
            _ if is_listed || is_well_known => Publish::ByExtension,
            _ => Publish::NotListed,
        }
    }

    fn typed(&self) -> Typed {
        let extension = self.kind.extension.as_deref();
        let of_name = match self.kind.asked_for {
            AskedFor::WellKnown { bare_type } if extension.is_none() => Some(bare_type.to_string()),
            _ => None,
        };
        let asked = self.last(|r| r.content_type.as_ref()).or(of_name);
        let coding = match self.find(|r| r.encoding) {
            Some(rule) => rule.coding(),
            None => self.kind.usual_coding.filter(|_| asked.is_none()),
        };
        let inner = self.kind.inner_extension.clone();
        let inner = inner.filter(|_| coding.is_some());
        let by_extension = || media::content_type(inner.as_deref().or(extension));
        Typed {
            content_type: asked.clone().unwrap_or_else(by_extension),
            asked,
            coding,
            inner,
        }
    }

    fn headers(&self, names: NameStyle, typed: Typed) -> Headers {
        let cache_control = self.last(|r| r.cache_control.as_ref());
        let cache_control = cache_control.unwrap_or_else(|| {
            let usual = if names.is_mutable() {
                CACHE_SHORTLY
            } else {
                CACHE_FOR_EVER
            };
            usual.to_string()
        });
        let mut further = BTreeMap::new();
        for rule in &self.rules {
            further.extend(rule.headers.clone());
        }
        if let Some(coding) = typed.coding {
            further.insert(CONTENT_ENCODING.into(), coding.name().into());
        }
        Headers {
            encoding: self.encoding(&typed),
            content_type: typed.content_type,
            cache_control,
            further,
        }
    }

    fn encoding(&self, typed: &Typed) -> EncodingPolicy {
        let gzip = self.find(|r| r.gzip).unwrap_or(GzipRule::Auto);
        let may_gzip = gzip == GzipRule::Auto
            && media::is_compressible(&typed.content_type)
            && typed.coding.is_none();
        if may_gzip {
            EncodingPolicy::Gzip
        } else {
            EncodingPolicy::Identity
        }
    }

    fn references(&self) -> Extra {
        let integrity = self.find(|r| r.integrity).unwrap_or_default();
        let mut all = Extra {
            adds_integrity: integrity == Integrity::Add,
            ..Extra::default()
        };
        for rule in &self.rules {
            all.pointers.extend(rule.references.pointers.clone());
            all.attributes.extend(rule.references.attributes.clone());
        }
        all
    }
}

/// Returns the extension of a key: with that of what is packed in it, so that web servers can tell
/// the type.
fn shown_extension(extension: Option<String>, inner: Option<&str>) -> Option<String> {
    let extension = extension?;
    match inner.filter(|inner| media::is_allowed(inner) && extension != "svgz") {
        Some(inner) => Some(format!("{inner}.{extension}")),
        None => Some(extension),
    }
}
