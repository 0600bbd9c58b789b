//! Files and folders of this machine. They may be of any type, and may change at any time.

pub(crate) mod bounded;
pub(crate) mod files;
pub(crate) mod rights;
pub(crate) mod spot;
