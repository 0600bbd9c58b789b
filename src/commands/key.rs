//! `key`.

use std::path::Path;

use super::output::print;
use super::{Code, DONE, Session};
use crate::base::error::Result;
use crate::base::mask::shown;
use crate::base::name::Secret;
use crate::cli::local::KeyNewArgs;
use crate::config::Wanted;

impl Session<'_> {
    pub(super) fn new_key(&self, args: &KeyNewArgs) -> Result<Code> {
        let file = &args.file;
        let secret = Secret::create_file(file)?;
        self.say(&format!("wrote {}", shown(&file.to_string_lossy())));
        print(&format!("{}\n", secret.id()))?;
        Ok(DONE)
    }

    pub(super) fn key_id(&self) -> Result<Code> {
        let id = match self.overrides.get("key_file") {
            Some((file, _)) => Secret::from_file(Path::new(file))?.id(),
            None => self.config(Wanted::NoTarget)?.secret()?.id(),
        };
        print(&format!("{id}\n"))?;
        Ok(DONE)
    }
}
