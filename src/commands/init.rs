//! `init`.

use std::path::Path;

use super::output::print;
use super::{Code, DONE, Session};
use crate::base::error::{Error, Result};
use crate::cli::local::InitArgs;
use crate::config::{Target, Wanted};
use crate::init::{self, Server};

impl Session<'_> {
    pub(super) fn init(&self, args: &InitArgs) -> Result<Code> {
        if let Some(server) = args.server {
            return self.server(server, args.target.as_ref());
        }
        let written = init::init(Path::new("."), &self.overrides, args.made_by)?;
        for file in &written.files {
            self.say(&format!("wrote {file}"));
        }
        for file in &written.kept {
            self.say(&format!("kept {file} (already exists)"));
        }
        if written.is_bundled {
            self.say(
                "A bundler made these files, so the configuration has rules that keep their names.",
            );
        }
        self.say(&format!(
            "The key's id is {}. Keep a copy of the key: without it, the object names can't be recreated.",
            written.key_id
        ));
        self.say_next(&written);
        Ok(DONE)
    }

    /// Prints the configuration that a web server needs for a folder target.
    fn server(&self, server: Server, target: Option<&String>) -> Result<Code> {
        let is_folder = |target: &&Target| target.place.folder().is_some();
        let names = match target {
            Some(name) => vec![name.clone()],
            None if self.overrides.contains_key("to") => Vec::new(),
            None => self.config(Wanted::NoTarget)?.target_names,
        };
        let config = self.config(Wanted::Targets(&names))?;
        let mut folders = config.targets.iter().filter(is_folder);
        match (folders.next(), folders.next()) {
            (Some(folder), None) => print(&server.configuration(folder, &config.rules)?)?,
            (None, _) => print(&server.configuration(&config.targets[0], &config.rules)?)?,
            (Some(folder), Some(_)) => {
                return Err(Error::usage(
                    "Several targets are folders",
                    format!("name one: `{}`", folder.command(server.verb())),
                ));
            }
        }
        Ok(DONE)
    }

    fn say_next(&self, written: &init::Written) {
        self.say("");
        if let Some(source) = &written.empty_source {
            self.say(&format!("Put your files into {source}/."));
        }
        if !written.buckets.is_empty() {
            let buckets = written.buckets.join(" and ");
            self.say(&format!("Create {buckets}, if you haven't yet."));
        }
        self.say(
            match &self.global.directory {
                None => "Then publish:".to_string(),
                Some(folder) => format!("Then publish, in {}:", folder.display()),
            }
            .as_str(),
        );
        let width = written.next.iter().map(|(command, _)| command.len()).max();
        for (command, what) in &written.next {
            let width = width.unwrap_or_default();
            self.say(&format!("  {command:<width$}   # {what}"));
        }
    }
}
