//! A hunt on radosgw, and what is done to it behind its back with Amazon's own command line.

use std::collections::BTreeMap;

use crate::support::s3::{Answer, Bucket};
use crate::support::{Run, Site};

use super::published::Published;

/// How objects are made public.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// By ACLs of their own; the releases are in the same bucket.
    Acl,
    /// By the bucket's policy; the releases are in another one.
    Policy,
}

/// A hunt that is published to a bucket on radosgw.
pub struct Hunt {
    pub site: Site,
    pub bucket: Bucket,
    releases: Bucket,
    pub access: Access,
    pub keys: BTreeMap<String, String>,
}

impl Published for Hunt {
    fn run(&self, arguments: &[&str]) -> Run {
        self.bucket.run(&self.site, arguments)
    }
}

impl Hunt {
    pub fn published(access: Access) -> Hunt {
        Hunt::of(access, super::published::site)
    }

    /// A hunt of such a site, which is made with this configuration.
    pub fn of(access: Access, site: impl FnOnce(&str) -> Site) -> Hunt {
        let (bucket, releases) = (Bucket::on_rgw(), Bucket::on_rgw());
        let endpoint = &bucket.endpoint;
        let more = match access {
            Access::Acl => "access = \"object-acl\"".to_string(),
            Access::Policy => format!("state = \"s3://{}/prod\"", releases.name),
        };
        let config = format!(
            "[target.prod]\nurl = \"s3://{}/static\"\nendpoint = \"{endpoint}\"\ncors = \"cors.json\"\n{more}\n",
            bucket.name
        );
        let hunt = Hunt {
            site: site(&config),
            bucket,
            releases,
            access,
            keys: BTreeMap::new(),
        };
        if access == Access::Policy {
            hunt.ok(&["access", "apply", "prod", "--yes"]);
        }
        hunt.ok(&["push", "prod"]);
        hunt.ok(&["cors", "apply", "prod", "--yes"]);
        hunt.with_keys()
    }

    /// Knows what its objects are called now.
    pub fn with_keys(mut self) -> Hunt {
        self.keys = self.keys();
        self
    }

    /// Where an object of the tree is, below the bucket.
    pub fn at(&self, path: &str) -> String {
        format!("/{}", self.key(path))
    }

    /// The same without the slash.
    pub fn key(&self, path: &str) -> String {
        format!("static/{}", self.keys[path])
    }

    /// `aws s3api VERB --bucket …`.
    pub fn aws(&self, verb: &str, more: &[&str]) {
        self.bucket
            .aws(&[&["s3api", verb, "--bucket", &self.bucket.name], more].concat());
    }

    /// `aws s3api VERB --bucket … --key …` of an object of the tree.
    pub fn aws_on(&self, verb: &str, path: &str, more: &[&str]) {
        self.aws(verb, &[&["--key", &self.key(path)], more].concat());
    }

    /// Uploads these bytes, with these options of `aws s3api put-object`.
    pub fn upload(&self, key: &str, bytes: &[u8], options: &[&str]) {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), bytes).expect("written");
        let body = file.path().to_str().expect("UTF-8");
        self.aws(
            "put-object",
            &[&["--key", key, "--body", body], options].concat(),
        );
    }

    /// Uploads an object anew, as it was but for its bytes and these options; an empty one is left
    /// out.
    pub fn rewrite(&self, path: &str, bytes: &[u8], changed: &[(&str, &str)]) {
        let options = self.options(path, changed);
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        self.upload(&self.key(path), bytes, &options);
    }

    /// The same with the bytes that are there: a copy onto itself.
    pub fn retouch(&self, path: &str, changed: &[(&str, &str)]) {
        let source = format!("{}/{}", self.bucket.name, self.key(path));
        let options = self.options(path, changed);
        let mut arguments = vec!["--copy-source", &source, "--metadata-directive", "REPLACE"];
        arguments.extend(options.iter().map(String::as_str));
        self.aws_on("copy-object", path, &arguments);
    }

    /// The options of `aws` that keep an object as it is, but for these.
    fn options(&self, path: &str, changed: &[(&str, &str)]) -> Vec<String> {
        let before = self.get(path);
        let metadata = before.header("x-amz-meta-assetsync");
        let mut options: BTreeMap<&str, String> = BTreeMap::new();
        for name in ["content-type", "cache-control", "content-encoding"] {
            options.extend(before.header(name).map(|value| (name, value.to_string())));
        }
        options.extend(metadata.map(|token| ("metadata", format!("assetsync={token}"))));
        if self.access == Access::Acl {
            options.insert("acl", "public-read".to_string());
        }
        options.extend(
            changed
                .iter()
                .map(|(name, value)| (*name, value.to_string())),
        );
        options.retain(|_, value| !value.is_empty());
        let options = options.into_iter();
        options
            .flat_map(|(name, value)| [format!("--{name}"), value])
            .collect()
    }

    /// An object as its owner gets it.
    pub fn get(&self, path: &str) -> Answer {
        let answer = self.bucket.signed("GET", &self.at(path), b"");
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer
    }

    /// The document of the releases whose key has this in it, and its bucket.
    pub fn document(&self, part: &str) -> (&Bucket, String) {
        let bucket = match self.access {
            Access::Acl => &self.bucket,
            Access::Policy => &self.releases,
        };
        let keys = bucket.all_keys();
        let key = keys.into_iter().find(|key| key.contains(part));
        (bucket, key.expect("it's there"))
    }

    /// `aws s3api VERB --bucket … --key …` of such a document.
    pub fn aws_on_document(&self, verb: &str, part: &str, more: &[&str]) {
        let (bucket, key) = self.document(part);
        let arguments = ["s3api", verb, "--bucket", &bucket.name, "--key", &key];
        bucket.aws(&[&arguments, more].concat());
    }
}
