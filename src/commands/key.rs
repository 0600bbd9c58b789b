//! `key`.

use std::path::Path;

use super::output::print;
use super::{Code, DONE, Session};
use crate::base::error::Result;
use crate::base::mask::shown;
use crate::base::name::Secret;
use crate::cli::local::{KeyIdArgs, KeyNewArgs};
use crate::config::Wanted;

impl Session<'_> {
    pub(super) fn new_key(&self, args: &KeyNewArgs) -> Result<Code> {
        let file = &args.file;
        let secret = Secret::create_file(file)?;
        self.say(&format!("wrote {}", shown(&file.to_string_lossy())));
        print(&format!("{}\n", secret.id()))?;
        Ok(DONE)
    }

    pub(super) fn key_id(&self, args: &KeyIdArgs) -> Result<Code> {
        let given = self.overrides.get("key_file");
        let given = given.map(|(file, _)| Path::new(file.as_str()));
        let id = match args.file.as_deref().or(given) {
            Some(file) => Secret::from_file(file)?.id(),
            None => self.config(Wanted::NoTarget)?.secret()?.id(),
        };
        print(&format!("{id}\n"))?;
        Ok(DONE)
    }
}
