//! Commands that only read the local tree: `url`, `manifest`, `refs` and `leaks`.

use std::path::Path;

use crate::base::error::{Error, Result};
use crate::base::name::Secret;
use crate::base::path::LogicalPath;
use crate::base::path::url_path;
use crate::config::{Config, Target, Wanted};
use crate::naming::check;
use crate::naming::{Build, build_with, leaks};
use crate::release::export;
use crate::release::rollback::{find, nothing_published};
use crate::report::{
    build_text, dot, leaks_json, leaks_text, refs_json, refs_text, unresolved_text,
};
use crate::store::{public_url, written_url};
use crate::tree::{Tree, walk};

use super::{Code, DONE, Nothing, Session, levels, paths};
use crate::cli::local::{Form, ManifestArgs, ManifestFormat};
use crate::cli::targets::TargetOrPaths;
use crate::commands::output::{eprint, print, print_json, print_names, write_atomically};

/// File or folder whose URL the user asks for.
enum Named {
    File(LogicalPath),
    /// Keyed folder: one of its files, and the place of this file in it.
    Folder(LogicalPath, String),
}

/// # Errors
/// Returns an error if there is no such file, or if it isn't published.
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
        // Files that can't be published don't change the names of the others.
        tree.problems.clear();
        let _signals = self.runtime()?;
        let cache = self.cache(&config);
        for target in &config.targets {
            tree.public_url = written_url(target);
            let build = build_with(&cache, &tree, &secret, &self.progress)?;
            check(target, &build)?;
            for named in &found {
                print_names(&format!("{}\n", named.url(target, &build)), "`> FILE`")?;
            }
        }
        Ok(DONE)
    }

    pub(super) fn manifest(&self, args: &ManifestArgs) -> Result<Code> {
        let (format, only, out) = (args.format, &args.level, args.out.as_deref());
        if args.live {
            return self.published_manifest(args);
        }
        if !args.target.names()?.is_empty() {
            return Err(Error::usage(
                "A manifest of the local tree takes no target",
                "`--live` writes the manifest of a target's current release",
            ));
        }
        let config = self.local_config()?;
        if let Some(out) = out {
            refuse_inside(&config, out)?;
        }
        let only = levels(&config, only)?;
        let _signals = self.runtime()?;
        let secret = self.secret(&config)?;
        let (_, mut build) = self.local_build(&config, &secret)?;
        self.warn(&build);
        if !only.is_empty() {
            build = build.of_levels(&only);
        }
        let text = match format {
            ManifestFormat::Django => {
                let objects = build.objects.iter();
                export::django(objects.map(|object| (object.path.as_str(), object.key.as_str())))
            }
            ManifestFormat::Json => json(&export::manifest(
                &build,
                config.gzip_level,
                &self.progress,
            )?),
        };
        write_out(out, &text)
    }

    /// Returns the manifest of a release, from the target's releases.
    fn published_manifest(&self, args: &ManifestArgs) -> Result<Code> {
        let (format, only, out) = (args.format, &args.level, args.out.as_deref());
        let place = self.open(&args.target.names()?)?;
        if let Some(out) = out {
            refuse_inside(&place.config, out)?;
        }
        let manifest = place.wait(async {
            let root = place.root().await?;
            let release = match args.release.as_deref() {
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
                format!("The release has no level `{unknown}`"),
                format!("its levels: {}", names.join(", ")),
            )
        })?;
        let text = match format {
            ManifestFormat::Django => {
                let entries = manifest.entries.iter();
                export::django(entries.map(|entry| (&*entry.path, entry.key.as_str())))
            }
            ManifestFormat::Json => json(&export::of_release(&manifest)),
        };
        write_out(out, &text)
    }

    pub(super) fn refs(&self, typed: &[String], form: &Form) -> Result<Code> {
        let config = self.local_config()?;
        let _signals = self.runtime()?;
        // References are the same with any key.
        let secret = self.secret_or_new(&config)?;
        let (tree, build) = self.local_build(&config, &secret)?;
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
            print(&unresolved_text(&build, self.global.is_verbose()))?;
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
        if as_json {
            print_json(&[leaks_json(&found)])?
        } else {
            print(&leaks_text(&found))?
        }
        // Problems that would stop a push don't hide the other findings.
        let mut problems = tree.problems;
        problems.extend(found.unreadable);
        if problems.is_empty() {
            Ok(DONE)
        } else {
            Err(Error::of_tree(problems))
        }
    }

    /// Loads the configuration. It includes a target only if files contain its public URL.
    fn local_config(&self) -> Result<Config> {
        let config = self.config(Wanted::NoTarget)?;
        if config.rules.write_absolute_urls() {
            self.config(Wanted::Targets(&[]))
        } else {
            Ok(config)
        }
    }

    fn local_build(&self, config: &Config, secret: &Secret) -> Result<(Tree, Build)> {
        let mut tree = self.walk(config, Nothing::IsAMistake)?;
        tree.public_url = config.targets.first().and_then(written_url);
        tree.note_hosts(&config.targets);
        let build = build_with(&self.cache(config), &tree, secret, &self.progress)?;
        Ok((tree, build))
    }

    /// Prints the warnings about a build.
    pub(super) fn warn(&self, build: &Build) {
        if !self.global.quiet {
            eprint(&build_text(build, self.global.is_verbose()));
        }
    }
}

fn json(manifest: &export::Manifest) -> String {
    serde_json::to_string_pretty(manifest).expect("strings and numbers are JSON") + "\n"
}

fn write_out(out: Option<&Path>, text: &str) -> Result<Code> {
    match out {
        None => print_names(text, "`--out FILE` or `> FILE`")?,
        Some(file) => write_atomically(file, text)?,
    }
    Ok(DONE)
}

/// Refuses to write a manifest into a source: the next push would publish it, with every name in
/// it.
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
                "`{}` is inside the source `{}`",
                out.display(),
                source.dir.display()
            ),
            "a manifest lists every object: write it outside the published folders",
        )),
    }
}
