#![no_main]

mod rewriting;

use assetsync::testing::refs::css;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| rewriting::check(text, |text| css::find(text, css::Part::Stylesheet)));
