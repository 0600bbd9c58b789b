//! URLs that are asked for releases, and places for them outside.

use super::*;

fn target(public_url: &str) -> Target {
    Target {
        place: Place::Directory("site/htdocs/live".into()),
        public_url: (!public_url.is_empty()).then(|| public_url.parse().expect("a URL")),
        state: None,
        ..super::super::settings::tests::target()
    }
}

/// Releases are probed below the public URL and below every folder above it.
#[test]
fn releases_are_probed_under_all_folders() {
    let asked = |public_url: &str, releases: &str| {
        urls(
            &target(public_url),
            Path::new("site/htdocs/live"),
            Path::new(releases),
        )
    };
    assert_eq!(
        asked("https://x.example/art/now/", "site/htdocs/live.releases"),
        [
            "https://x.example/art/now/live.releases/",
            "https://x.example/art/live.releases/",
            "https://x.example/art/now.releases/",
            "https://x.example/htdocs/live.releases/",
            "https://x.example/live.releases/",
        ]
    );
    assert_eq!(asked("", "site/htdocs/live.releases"), [""; 0]);
}

/// The suggested place for releases is beside the folder that visitors see.
#[test]
fn outside_place_is_beside_visible_folder() {
    let outside = |folder: &str, up| outside(Path::new(folder), up).expect("a place");
    assert_eq!(outside("htdocs/live", 1), Path::new("live.releases"));
    assert_eq!(outside("a/htdocs/x/live", 2), Path::new("a/live.releases"));
    assert_eq!(
        outside("/srv/htdocs/live", 1),
        Path::new("/srv/live.releases")
    );
    assert!(outside("live", 1).is_absolute());
    assert!(outside("../htdocs/live", 1).is_absolute());
}
