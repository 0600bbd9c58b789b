#![no_main]

mod rewriting;

use assetsync::testing::refs::{Extra, xml};
use libfuzzer_sys::fuzz_target;
use xml::Dialect;

fuzz_target!(|text: &str| {
    for dialect in [Dialect::Svg, Dialect::Xhtml, Dialect::Dash, Dialect::Other] {
        rewriting::check(text, |text| xml::find(text, &Extra::default(), dialect));
    }
});
