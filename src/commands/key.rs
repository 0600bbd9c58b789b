//! `key`.

use std::path::Path;

use super::output::print;
use super::{Code, DONE, Session};
use crate::base::error::{Error, Result};
use crate::base::mask::shown;
use crate::base::name::Secret;
use crate::cli::local::{KeyIdArgs, KeyNewArgs};
use crate::config::{Origin, Wanted};

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
        let id = match (&args.file, given) {
            (Some(_), Some((_, Origin::Flag(_)))) => {
                let hint = "give the key file once: behind `key id`, or with `--key-file`";
                return Err(Error::usage("Two key files are given", hint));
            }
            (Some(file), _) => Secret::from_file(file)?.id(),
            (None, Some((file, _))) => Secret::from_file(Path::new(file))?.id(),
            (None, None) => self.config(Wanted::NoTarget)?.secret()?.id(),
        };
        print(&format!("{id}\n"))?;
        Ok(DONE)
    }
}
