//! What `assetsync init` writes: a commented configuration, a fresh key, lines for `.gitignore`, and an
//! example of a CORS policy. Never overwrites a file.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use crate::config::CONFIG_FILE;
use crate::error::{Error, Result};
use crate::name::{KeyId, Secret};

const KEY_FILE: &str = "assetsync.key";

const CONFIG: &str = r#"# What is published, how, and where to. Everything here can be overridden by a flag or by ASSETSYNC_*.
# `assetsync diff` shows what a push would do; `assetsync push` does it.

key_file = "assetsync.key"       # relative to this file; keep it out of git, and keep a copy
key_id = "KEY_ID"      # a push with any other key is refused: it would rename every file
default_target = "local"
# extensions = ["glsl"]          # published besides the web's usual ones
# prefixes = ["/static/"]        # URLs that begin so are paths of the tree

[[source]]
dir = "assets"                   # walked; several sources may be given
mount = ""                       # prefix of the logical path
# symlinks = "inside"            # follow links that stay inside; without it, each link is an error

# Every rule that matches applies, later ones win, field by field. `*` stops at a slash, `**` doesn't.
# What no rule names gets a name that nobody can guess, and whatever refers to it gets the new name written into it.
# Pages keep their names, and so does what browsers and search engines ask for by name.
[[rule]]
match = "{**/*.html,favicon.ico,robots.txt}"
names = "plain"                  # opaque (default) | readable | plain | palindrome-2022
# cache_control = "public, max-age=60"
# content_type = "text/plain; charset=utf-8"
# gzip = "auto"                  # auto | never
# headers = { "content-disposition" = "inline" }
# publish = true                 # false: left out
# rewrite = true                 # false: references stay as they are
# references = ["/pictures/*/src", "img@data-src"]   # what else is a URL: JSON pointers, attributes
# urls = "relative"              # relative (default) | absolute: with the target's public_url, for feeds
# dangling = "error"             # references to files that aren't there: error | warn (default of links) | ignore
# source_maps = "refuse"         # refuse (default) | publish | strip
# metadata = "keep"              # keep (default) | strip: what images and MP3s say of themselves
# comments = "keep"              # keep (default) | strip: comments in pages and SVG images
# may_name = ["**/solution/teaser.png"]              # files of other levels that these may refer to all the same

# Solutions are pages too, but nobody can guess their names, and an open file (one without a level) that refers to one
# is an error. `assetsync url` and `assetsync manifest` tell the site where they are.
[[rule]]
match = "**/solution/**"
names = "opaque"

[[level]]
name = "solution"
match = "**/solution/**"
# held = true                    # named, but not published before `assetsync push --unlock solution`
# knows = ["posthunt"]           # other levels that its files may refer to

[target.local]
url = "file:out/bucket"

# [target.prod]
# url = "gs://hunt-assets/static"                    # or s3://bucket/prefix
# public_url = "https://cdn.example.org/static/"
# state = "gs://hunt-releases/prod"                   # where the releases are kept, which nobody else may read. Without it they are
#                                                    # in the target: fine in a whole bucket of S3, not below a prefix, nor on Google
# access = "bucket"                                  # bucket (default): send no ACL | object-acl: public-read on every object
# endpoint = "https://s3.example.org"                # S3-compatible servers
# region = "us-east-1"
# cors = "cors/gcs.json"                              # what pages elsewhere may load: `assetsync cors diff`, `cors apply`; for S3 too
"#;

/// Whether `pattern` stands in the configuration that [`init`] writes: it's no mistake that it matches nothing yet.
pub(crate) fn writes(pattern: &str) -> bool {
    CONFIG.contains(&format!("match = \"{pattern}\""))
}

const IGNORED: [&str; 3] = ["/assetsync.key", "/out/", "/staticfiles.json"];

/// The sample policies of this repository.
const CORS: [(&str, &str); 2] = [
    ("gcs.json", include_str!("../cors/gcs.json")),
    ("s3.json", include_str!("../cors/s3.json")),
];

/// What [`init`] wrote.
#[derive(Debug)]
pub struct Written {
    /// New files, as relative paths.
    pub files: Vec<String>,
    /// Files that were there and stay as they are.
    pub kept: Vec<String>,
    /// The id of the key.
    pub key_id: KeyId,
}

/// Sets up a project in `folder`.
///
/// # Errors
/// There's a configuration already, or something can't be written.
pub fn init(folder: &Path) -> Result<Written> {
    let config = folder.join(CONFIG_FILE);
    if config.exists() {
        let message = format!("There is an `{CONFIG_FILE}` already, and nothing is overwritten");
        return Err(Error::usage(
            message,
            "edit it, or start elsewhere with `-C DIR`",
        ));
    }
    let mut written = Setup {
        folder,
        files: Vec::new(),
        kept: Vec::new(),
    };
    let key = folder.join(KEY_FILE);
    let secret = match key.exists() {
        true => {
            written.kept.push(KEY_FILE.to_string());
            Secret::from_file(&key)?
        }
        false => {
            let secret = Secret::create_file(&key)?;
            written.files.push(KEY_FILE.to_string());
            secret
        }
    };
    written.ignore()?;
    for (name, policy) in CORS {
        written.create(&format!("cors/{name}"), policy)?;
    }
    if !folder.join("assets").exists() {
        fs::create_dir(folder.join("assets"))
            .map_err(|e| Error::io("create the folder", &folder.join("assets"), e))?;
        written.files.push("assets/".to_string());
    }
    written.create(
        CONFIG_FILE,
        &CONFIG.replace("KEY_ID", &secret.id().to_string()),
    )?;
    Ok(Written {
        files: written.files,
        kept: written.kept,
        key_id: secret.id(),
    })
}

struct Setup<'a> {
    folder: &'a Path,
    files: Vec<String>,
    kept: Vec<String>,
}

impl Setup<'_> {
    fn create(&mut self, name: &str, text: &str) -> Result<()> {
        let file = self.folder.join(name);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).map_err(|e| Error::io("create the folder", folder, e))?;
        }
        match OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&file)
            .and_then(|mut f| f.write_all(text.as_bytes()))
        {
            Ok(()) => self.files.push(name.to_string()),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => self.kept.push(name.to_string()),
            Err(e) => return Err(Error::io("write", &file, e)),
        }
        Ok(())
    }

    /// Adds what is missing to `.gitignore`; the lines that are there stay.
    fn ignore(&mut self) -> Result<()> {
        let file = self.folder.join(".gitignore");
        let old = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => String::new(),
            Err(e) => return Err(Error::io("read", &file, e)),
        };
        let missing: Vec<&str> = IGNORED
            .into_iter()
            .filter(|line| !old.lines().any(|l| l.trim() == *line))
            .collect();
        if missing.is_empty() {
            self.kept.push(".gitignore".to_string());
            return Ok(());
        }
        let newline = if old.is_empty() || old.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        let added = format!("{newline}{}\n", missing.join("\n"));
        OpenOptions::new()
            .append(true)
            .create(true)
            .open(&file)
            .and_then(|mut f| f.write_all(added.as_bytes()))
            .map_err(|e| Error::io("write", &file, e))?;
        self.files.push(".gitignore".to_string());
        Ok(())
    }
}
