//! Manifests load as every version wrote them, and damage is found.

use super::*;

const V1: &[u8] = include_bytes!("../../../../tests/data/release-manifest/v1.json.gz");
const V2: &[u8] = include_bytes!("../../../../tests/data/release-manifest/v2.json.gz");
const V3: &[u8] = include_bytes!("../../../../tests/data/release-manifest/v3.json.gz");

fn text(packed: &[u8]) -> String {
    packed::unpack(packed).expect("gzip").concat()
}

fn load(text: &str) -> Result<Manifest, Unusable> {
    Manifest::from_text(text.as_bytes())
}

/// A version 3 manifest still loads and is written back unchanged.
#[test]
fn version_3_loads_and_round_trips() {
    let manifest = load(&text(V3)).expect("loads");
    let kinds = manifest.entries.iter().map(|entry| {
        let kind = (entry.is_keyed(), entry.is_fingerprinted, entry.is_mutable());
        (&*entry.path, kind)
    });
    assert_eq!(
        kinds.collect::<Vec<_>>(),
        [
            ("app.css", (true, false, false)),
            ("chunks/entry-Bx31.js", (false, true, false)),
            ("chunks/tour-Q9d0.js", (false, true, false)),
            ("index.html", (false, false, true)),
            ("late/a.txt", (true, false, false)),
        ]
    );
    assert_eq!(manifest.to_text(), text(V3).as_bytes());
}

/// A version 2 manifest still loads and is written back unchanged.
#[test]
fn version_2_loads_and_round_trips() {
    let manifest = load(&text(V2)).expect("loads");
    assert_eq!(
        (manifest.entries.len(), manifest.published().count()),
        (4, 3)
    );
    assert!(manifest.find("index.html").expect("there").is_mutable());
    assert!(!manifest.find("map.png").expect("there").is_mutable());
    let css = manifest.find("app.css").expect("there").stored.as_ref();
    assert_eq!(
        &*css.expect("stored").fingerprint,
        "9a0364b9e99bb480dd25e1f0284c8555"
    );
    assert_eq!(manifest.to_text(), text(V2).as_bytes());
}

/// A version 1 manifest still loads and means the same as version 2.
#[test]
fn version_1_loads_like_version_2() {
    assert_eq!(load(&text(V1)), load(&text(V2)));
}

/// The space reserved for entries is bounded by the size of the text.
#[test]
fn capacity_follows_size_of_text() {
    let text = text(V2);
    let lines: Vec<&str> = text.lines().skip(1).collect();
    assert!(lines.iter().all(|line| line.len() >= LINE_BYTES_MIN));
    assert!(lines_at_most(&text) > lines.len());
    let empty = "\n".repeat(1 << 20);
    assert!(lines_at_most(&empty) <= empty.len() / LINE_BYTES_MIN + 1);
    assert!(load(&(text + &empty)).is_ok(), "empty lines are nothing");
}

/// A manifest that is newer, cut off, out of order or malformed is refused.
#[test]
fn newer_or_damaged_manifest_is_refused() {
    let text = text(V2);
    let newer = text.replace("\"version\":2", "\"version\":4");
    let error = load(&newer).expect_err("refused");
    let (version, known) = (4, VERSION);
    assert_eq!(error, Unusable::Newer { version, known });
    let lines: Vec<&str> = text.lines().collect();
    let without_the_last = lines[..lines.len() - 1].join("\n");
    assert!(load(&without_the_last).is_err());
    let swapped = [lines[0], lines[2], lines[1], lines[3], lines[4]].join("\n");
    assert!(load(&swapped).is_err(), "out of order");
    let [first, second] = [lines[..3].join("\n"), lines[3..].join("\n")];
    assert!(Manifest::from_blocks(&[&first, &second]).is_ok());
    let head = lines[0];
    let [first, second] = [
        format!("{head}\n{second}"),
        first.replacen(&format!("{head}\n"), "", 1),
    ];
    let error = Manifest::from_blocks(&[first, second]).expect_err("blocks out of order");
    assert_eq!(error, Unusable::damaged(disorder()));
    let bad_level = text.replace(",2,1,null]", ",2,9,null]");
    assert!(load(&bad_level).is_err());
    for (name, value) in [("text/css", "text/css\\r\\nx: y"), ("immutable", "\\n")] {
        assert!(load(&text.replacen(name, value, 1)).is_err(), "{value}");
    }
    let bad_digest = text.replace("_nvq-I", "_nvq-");
    assert!(load(&bad_digest).is_err());
}
