//! What a push does, and what it leaves alone.

use crate::support::Site;

#[test]
fn the_second_push_uploads_nothing() {
    let site = Site::new()
        .file("index.html", "<h1>Hello</h1>")
        .file("img/a.png", b"\x89PNG\r\n\x1a\n");
    insta::assert_snapshot!(site.run(&["push"]));
    let before = site.published("out");
    insta::assert_snapshot!(site.run(&["push"]));
    assert_eq!(site.published("out"), before);
}
