#![no_main]

mod rewriting;

use assetsync::refs::{Extra, xml};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| rewriting::check(text, |text| xml::find(text, &Extra::default(), xml::Dialect::Svg)));
