#![no_main]

mod rewriting;

use assetsync::testing::refs::js;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| rewriting::check(text, |text| js::find(text, js::Goal::Guess)));
