#![no_main]

mod rewriting;

use assetsync::testing::refs::{Extra, html};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| rewriting::check(text, |text| html::find(text, &Extra::default())));
