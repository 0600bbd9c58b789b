//! Places: a target, its storage, and the host in front of it.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use url::Url;

use super::gcs::tools::Gcloud;
use super::s3::tools::Aws;
use super::tools::Tools;
use crate::base::path::LogicalPath;
use crate::cors::Cloud;

/// Destination of objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Name as in `[target.NAME]`.
    pub name: String,
    /// Storage of the objects.
    pub place: Place,
    /// URL at which browsers find the objects; ends in `/`.
    pub public_url: Option<Url>,
    /// Way in which strangers get the right to read.
    pub access: Access,
    /// Server, if it isn't Amazon's or Google's.
    pub endpoint: Option<Url>,
    /// Region, for S3.
    pub region: Option<String>,
    /// Style of a bucket's URLs, for S3.
    pub addressing: Option<Addressing>,
    /// Place of the releases, if they aren't in the target itself.
    pub state: Option<Place>,
    /// File with the intended CORS policy of the bucket.
    pub cors: Option<PathBuf>,
    /// Properties of the host that visitors reach, besides serving files by their names.
    pub host: Host,
    /// Flags that commands for this target must repeat.
    pub flags: Flags,
}

impl Target {
    /// Creates a target of which nothing but its name and place is said.
    pub fn at(name: &str, place: Place) -> Target {
        Target {
            name: name.to_string(),
            place,
            public_url: None,
            access: Access::default(),
            endpoint: None,
            region: None,
            addressing: None,
            state: None,
            cors: None,
            host: Host::default(),
            flags: Flags::default(),
        }
    }

    /// Returns whether visitors get the page of a folder for `folder/`. Web servers show it; a
    /// bucket alone doesn't.
    pub fn shows_index(&self) -> bool {
        self.place.folder().is_some() || self.host.index.is_some()
    }
}

/// Host between a target and its visitors, as configured. `doctor` and `audit` check whether it
/// behaves so.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Host {
    /// Page that is shown for a folder: [`INDEX`]; none for a bucket without a host in front of it.
    pub index: Option<String>,
    /// Page of the tree that is shown, with the status 404, for names that don't exist.
    pub not_found: Option<LogicalPath>,
}

/// Name of a folder's page.
pub const INDEX: &str = "index.html";

/// Flags that aren't about the target alone. Without a configuration, the commands in advice need
/// them as well.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flags {
    /// `--from`
    pub from: Option<String>,
    /// `--key-file`
    pub key_file: Option<String>,
}

/// Storage that a target's URL names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// `file:out/bucket`: a folder, relative to the configuration.
    Directory(PathBuf),
    /// `s3://bucket/prefix` or `gs://bucket/prefix`.
    Bucket(Bucket),
}

/// Bucket, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Cloud that has the bucket.
    pub cloud: Cloud,
    /// Name as in `s3://NAME`.
    pub name: String,
    /// Prefix of every key: empty, or ending in `/`.
    pub prefix: String,
}

/// Clouds by the scheme of their buckets' URLs.
pub(crate) const SCHEMES: [(&str, Cloud); 2] = [("s3", Cloud::S3), ("gs", Cloud::Gcs)];

impl Place {
    /// Creates the place of a bucket, or of a part of it: `prefix` is empty, or ends in `/`.
    pub fn in_cloud(cloud: Cloud, name: &str, prefix: &str) -> Place {
        Place::Bucket(Bucket {
            cloud,
            name: name.to_string(),
            prefix: prefix.to_string(),
        })
    }

    /// Returns the folder, if the place is one.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Place::Directory(folder) => Some(folder),
            Place::Bucket(_) => None,
        }
    }

    /// Returns the bucket, if the place is one.
    pub fn bucket(&self) -> Option<&Bucket> {
        match self {
            Place::Directory(_) => None,
            Place::Bucket(bucket) => Some(bucket),
        }
    }

    /// Returns the bucket's cloud; `None` for a folder.
    pub fn cloud(&self) -> Option<Cloud> {
        self.bucket().map(|bucket| bucket.cloud)
    }
}

impl Bucket {
    /// Returns `s3://bucket/prefix/KEY`, for a key below the prefix.
    pub(crate) fn url_of(&self, key: &str) -> String {
        format!("{}/{}{key}", self.root(), self.prefix)
    }

    /// Returns `s3://bucket`.
    pub(crate) fn root(&self) -> String {
        format!("{}://{}", self.scheme(), self.name)
    }

    /// Returns `s3`.
    pub(crate) fn scheme(&self) -> &'static str {
        let of_cloud = SCHEMES.iter().find(|(_, cloud)| *cloud == self.cloud);
        of_cloud.expect("each cloud has one").0
    }

    /// Returns true if both are the same bucket, whatever the prefix.
    pub(crate) fn is_same(&self, other: &Bucket) -> bool {
        (self.cloud, &self.name) == (other.cloud, &other.name)
    }

    /// Returns the cloud's own tools, for this bucket at its server.
    pub(crate) fn tools<'a>(&'a self, endpoint: Option<&'a Url>) -> Box<dyn Tools + 'a> {
        match self.cloud {
            Cloud::S3 => Box::new(Aws {
                bucket: self,
                endpoint,
            }),
            Cloud::Gcs => Box::new(Gcloud(self)),
        }
    }
}

/// Way in which strangers get the right to read published objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// By the bucket's own policy: no ACL is sent.
    #[default]
    Bucket,
    /// By an ACL (`public-read`) on every object.
    ObjectAcl,
}

/// Style of a bucket's URLs on an S3 server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Addressing {
    /// `https://server/bucket/key`.
    Path,
    /// `https://bucket.server/key`.
    Virtual,
}
