//! What only looks at the local tree: `url`, `manifest`, `refs` and `leaks`.

use std::path::Path;

use assetsync::path::url_path;
use assetsync::release::rollback::{find, nothing_published};
use assetsync::report::{
    build_text, dot, leaks_json, leaks_text, refs_json, refs_text, unresolved_text,
};
use assetsync::store::{check, public_url};
use assetsync::{
    Build, Config, Error, LogicalPath, Result, Target, Tree, Wanted, build_with, leaks, manifest,
    walk,
};

use super::{Code, DONE, Nothing, Session, levels, paths};
use crate::cli::{Form, ManifestFormat, TargetOrPaths};
use crate::output::{eprint, print, print_json, print_names, write_atomically};

/// Of which release the manifest is meant.
pub(super) struct Published<'a> {
    pub(super) target: &'a [String],
    /// The current one, if none is named.
    pub(super) release: Option<&'a str>,
}

/// What people ask the URL of.
enum Named {
    File(LogicalPath),
    /// A keyed folder, by one of its files and that one's place in it.
    Folder(LogicalPath, String),
}

/// # Errors
/// There's no such file, or it isn't published.
fn named(typed: &str, tree: &Tree, config: &Config) -> Result<Named> {
    let Some(unit) = paths::folder(typed, tree, config) else {
        return Ok(Named::File(paths::find(typed, tree, config)?.clone()));
    };
    let is_in_it = |file: &usize| tree.unit_of(*file) == Some(unit);
    let file = (0..tree.assets.len()).find(is_in_it);
    let path = &tree.assets[file.expect("a folder has files")].path;
    let place = unit.place(path.as_str()).to_string();
    Ok(Named::Folder(path.clone(), place))
}

impl Named {
    fn url(&self, target: &Target, build: &Build) -> String {
        let (Named::File(path) | Named::Folder(path, _)) = self;
        let object = build.find(path.as_str());
        let url = public_url(target, &object.expect("it was found in the tree").key);
        match self {
            Named::File(_) => url,
            Named::Folder(_, place) => {
                let place = url_path(place);
                url.strip_suffix(&place).unwrap_or(&url).to_string()
            }
        }
    }
}

impl Session<'_> {
    pub(super) fn url(&self, which: &TargetOrPaths) -> Result<Code> {
        let config = self.config(Wanted::NoTarget)?;
        super::refuse_without_source(&config)?;
        let secret = self.secret(&config)?;
        let mut tree = walk(&config.sources, &config.rules);
        let is_target = |name: &str| {
            config.target_names.iter().any(|other| other == name)
                && paths::exact(name, &tree).is_none()
        };
        let (targets, typed) = which.parts(is_target)?;
        let config = self.config(Wanted::Targets(&targets))?;
        let found = typed.iter().map(|path| named(path, &tree, &config));
        let found: Vec<Named> = found.collect::<Result<_>>()?;
        // What can't be published doesn't change what the others are called.
        tree.problems.clear();
        let _signals = self.runtime()?;
        let cache = self.cache(&config);
        for target in &config.targets {
            tree.public_url = target.public_url.clone();
            let build = build_with(&cache, &tree, &secret, &self.progress)?;
            check(target, &build)?;
            for named in &found {
                print_names(&format!("{}\n", named.url(target, &build)))?;
            }
        }
        Ok(DONE)
    }

    pub(super) fn manifest(
        &self,
        format: ManifestFormat,
        only: &[String],
        out: Option<&Path>,
        published: Option<Published<'_>>,
    ) -> Result<Code> {
        if let Some(published) = published {
            return self.published_manifest(format, only, out, published);
        }
        let config = self.local_config()?;
        if let Some(out) = out {
            refuse_inside(&config, out)?;
        }
        let only = levels(&config, only)?;
        let _signals = self.runtime()?;
        let (_, mut build) = self.local_build(&config)?;
        self.warn(&build);
        if !only.is_empty() {
            build = build.of_levels(&only);
        }
        let text = match format {
            ManifestFormat::Django => {
                let objects = build.objects.iter();
                manifest::django(objects.map(|object| (object.path.as_str(), object.key.as_str())))
            }
            ManifestFormat::Json => json(&manifest::manifest(
                &build,
                config.gzip_level,
                &self.progress,
            )?),
        };
        write_out(out, &text)
    }

    /// The manifest of a release, from where releases are kept.
    fn published_manifest(
        &self,
        format: ManifestFormat,
        only: &[String],
        out: Option<&Path>,
        published: Published<'_>,
    ) -> Result<Code> {
        let place = self.open(published.target)?;
        if let Some(out) = out {
            refuse_inside(&place.config, out)?;
        }
        let manifest = place.wait(async {
            let root = place.root().await?;
            let release = match published.release {
                None => root.current.clone().ok_or_else(nothing_published)?,
                Some(wanted) => {
                    let current = root.current.clone().ok_or_else(nothing_published)?;
                    find(&place.state.retained(&root).await?, &current, Some(wanted))?.clone()
                }
            };
            self.detail(&format!("release {}", release.id));
            place.state.manifest(&release.manifest).await
        })?;
        let names = manifest.levels.clone();
        let manifest = manifest.of_levels(only).map_err(|unknown| {
            Error::usage(
                format!("There is no level `{unknown}` in that release"),
                format!("there are {}", names.join(", ")),
            )
        })?;
        let text = match format {
            ManifestFormat::Django => {
                let entries = manifest.entries.iter();
                manifest::django(entries.map(|entry| (&*entry.path, entry.key.as_str())))
            }
            ManifestFormat::Json => json(&manifest::of_release(&manifest)),
        };
        write_out(out, &text)
    }

    pub(super) fn refs(&self, typed: &[String], form: &Form) -> Result<Code> {
        let config = self.local_config()?;
        let _signals = self.runtime()?;
        let (tree, build) = self.local_build(&config)?;
        let found = typed.iter().map(|path| paths::find(path, &tree, &config));
        let found: Vec<&LogicalPath> = found.collect::<Result<_>>()?;
        let place = |path: &LogicalPath| {
            let place = build
                .objects
                .binary_search_by(|object| object.path.cmp(path));
            place.expect("every path was found in the tree")
        };
        let places: Vec<usize> = found.into_iter().map(place).collect();
        if form.json {
            print_json(&[refs_json(&build, &places)])?;
            return Ok(DONE);
        }
        if !form.dot && places.is_empty() {
            print(&unresolved_text(&build, self.global.verbose))?;
            return Ok(DONE);
        }
        self.warn(&build);
        if form.dot {
            print(&dot(&build))?;
        }
        for place in places {
            print(&refs_text(&build, place))?;
        }
        Ok(DONE)
    }

    pub(super) fn leaks(&self, as_json: bool) -> Result<Code> {
        let config = self.local_config()?;
        let _signals = self.runtime()?;
        let tree = self.walk(&config, Nothing::IsAMistake)?;
        let found = leaks::leaks(&tree, &self.progress)?;
        match as_json {
            true => print_json(&[leaks_json(&found)])?,
            false => print(&leaks_text(&found))?,
        }
        // What a push would refuse is no reason to keep the rest to oneself.
        let mut problems = tree.problems;
        problems.extend(found.unreadable);
        match problems.is_empty() {
            true => Ok(DONE),
            false => Err(Error::of_tree(problems)),
        }
    }

    /// A target is needed only where files have its public URL in them.
    fn local_config(&self) -> Result<Config> {
        let config = self.config(Wanted::NoTarget)?;
        match config.rules.write_absolute_urls() {
            true => self.config(Wanted::Targets(&[])),
            false => Ok(config),
        }
    }

    fn local_build(&self, config: &Config) -> Result<(Tree, Build)> {
        let secret = self.secret(config)?;
        let mut tree = self.walk(config, Nothing::IsAMistake)?;
        tree.public_url = config
            .targets
            .first()
            .and_then(|target| target.public_url.clone());
        tree.note_hosts(&config.targets);
        let build = build_with(&self.cache(config), &tree, &secret, &self.progress)?;
        Ok((tree, build))
    }

    /// Says what is worth a word.
    pub(super) fn warn(&self, build: &Build) {
        if !self.global.quiet {
            eprint(&build_text(build, self.global.verbose));
        }
    }
}

fn json(manifest: &manifest::Manifest) -> String {
    serde_json::to_string_pretty(manifest).expect("strings and numbers are JSON") + "\n"
}

fn write_out(out: Option<&Path>, text: &str) -> Result<Code> {
    match out {
        None => print_names(text)?,
        Some(file) => write_atomically(file, text)?,
    }
    Ok(DONE)
}

/// A manifest in a source would be published by the next push, with every name in it.
fn refuse_inside(config: &Config, out: &Path) -> Result<()> {
    let folder = out
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let real = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path));
    let holds = |dir: &Path| matches!((real(folder), real(dir)), (Ok(folder), Ok(dir)) if folder.starts_with(&dir));
    match config.sources.iter().find(|source| holds(&source.dir)) {
        None => Ok(()),
        Some(source) => Err(Error::usage(
            format!(
                "`{}` is in the source `{}`",
                out.display(),
                source.dir.display()
            ),
            "a manifest names every object: write it to a place that isn't published",
        )),
    }
}
