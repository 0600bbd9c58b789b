#![no_main]

use assetsync::testing::packed::{self, Found, Limits};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits {
        unpacked_bytes_min: 1 << 20,
        ..Limits::default()
    };
    let mut unpacked = 0;
    for name in ["a", "a.br"] {
        packed::walk_bytes(name, bytes, &limits, &mut |packed| {
            if let Found::Content(content) = packed.found {
                unpacked += std::io::copy(content, &mut std::io::sink())?;
            }
            Ok(())
        })
        .expect("memory can be read");
    }
    // What is read into memory is given as a whole, too.
    assert!(unpacked <= 8 * ((1 << 20) + 32 * bytes.len() as u64));
});
