#![no_main]

mod rewriting;

use assetsync::testing::refs::edit::Edits;
use assetsync::testing::refs::{Extra, glb, json, wavefront};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    binary(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        rewriting::check(text, |text| json::gltf(text, &Extra::default()));
        rewriting::check(text, wavefront::model);
        rewriting::check(text, wavefront::materials);
    }
});

/// Puts something else into the place of the JSON text: the file still has all that is behind it.
fn binary(bytes: &[u8]) {
    let Some(json) = glb::json_chunk(bytes) else {
        return;
    };
    let new = b"{\"asset\":{}}";
    let delta = new.len() as isize - json.len() as isize;
    let Some(mut edits) = glb::lengths(bytes, delta) else {
        return;
    };
    let padding = edits.last().expect("the padding comes last").0.clone();
    edits.push((json, new.to_vec()));
    let changed = Edits::new(edits).apply(bytes);
    let again = glb::json_chunk(&changed).expect("it's still such a file");
    assert_eq!(&changed[again], new);
    assert!(changed.ends_with(&bytes[padding.end..]));
}
