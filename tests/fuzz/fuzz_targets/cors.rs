#![no_main]

use assetsync::testing::cors::{Cloud, check};
use libfuzzer_sys::fuzz_target;

// Whatever the bytes are: no panic, every finding has a place in them, and a policy without
// mistakes survives being written down.
fuzz_target!(|bytes: &[u8]| {
    let checked = check(bytes, &Cloud::ALL);
    let lines = 1 + bytes.iter().filter(|byte| **byte == b'\n').count();
    assert!(checked.findings.iter().all(|found| (1..=lines).contains(&found.line) && found.column > 0));
    if let (Some(policy), []) = (checked.policy, &checked.findings[..]) {
        let again = check(policy.json().to_string().as_bytes(), &Cloud::ALL);
        let again = again.policy.expect("our own JSON");
        assert!(Cloud::ALL.iter().all(|cloud| again.means(&policy, *cloud)));
    }
});
