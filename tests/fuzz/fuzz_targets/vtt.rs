#![no_main]

mod rewriting;

use assetsync::testing::refs::vtt;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| rewriting::check(text, vtt::find));
