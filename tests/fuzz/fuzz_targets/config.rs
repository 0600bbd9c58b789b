#![no_main]

use std::path::Path;

use assetsync::testing::config::Overrides;
use assetsync::testing::glob::Glob;
use assetsync::testing::refs::js::{Goal, find};
use assetsync::testing::{Config, Error, Wanted};
use libfuzzer_sys::fuzz_target;

// Whatever the text is, as a configuration, a glob and a script's placeholder: no panic, every
// mistake has a place in it, and no message is much longer than what it's about.
fuzz_target!(|text: &str| {
    let lines = 1 + text.matches('\n').count();
    match Config::parse(Path::new("assetsync.toml"), text, &Overrides::new(), Wanted::Targets(&[])) {
        Err(Error::Config { line, column, .. }) => assert!((1..=lines).contains(&line) && column > 0),
        Ok(_) | Err(_) => {}
    }
    for pattern in text.lines() {
        if let Ok(glob) = Glob::new(pattern) {
            assert_eq!(glob.pattern(), pattern);
            glob.is_match("puzzle/gears/index.html");
        }
    }
    find(&format!("x = \"$$ASSETS({text})$$\""), Goal::Script);
});
