//! Paths with a hash, and paths that people write.

use super::*;

#[test]
fn hashes_of_bundlers_are_found() {
    for (path, hash) in [
        ("assets/index-COX0n4P-.js", "COX0n4P-"),
        ("assets/lamp-D8E8a-G1.svg", "D8E8a-G1"),
        ("js/tour.91ebc2ae.js", "91ebc2ae"),
        (
            "_next/static/chunks/972-380f0c685af81116.js",
            "380f0c685af81116",
        ),
        ("_app/immutable/chunks/_RU0UaHA.js", "_RU0UaHA"),
        ("_app/immutable/nodes/4.BJngRtwA.js", "BJngRtwA"),
        ("chunk-X5L2M3QK.js", "X5L2M3QK"),
        ("static/js/main.9c1f2b3d.js.LICENSE.txt", "9c1f2b3d"),
    ] {
        let found = of_file(path).expect(path);
        assert_eq!(
            (found.text, found.at),
            (hash, path.find(hash).expect("there"))
        );
    }
}

#[test]
fn words_and_numbers_are_no_hashes() {
    for path in [
        "img/my-photo_20240612.jpg",
        "levels/Level10Part2.json",
        "round-2/puzzle-11.html",
        "20240101.png",
        "styles.min.css",
        "decade1999.mp3",
        "renderers/CSS2DRenderer.js",
        "renderers/SVGRenderer.js",
        "libs/rhino3dm.wasm",
        "cmaps/UniJIS-UCS2-H.bcmap",
        "crs/CRS.EPSG3857.js",
    ] {
        let is_certain = of_file(path).is_some_and(|hash| hash.is_certain);
        assert!(!is_certain, "{path}");
    }
}

#[test]
fn a_folder_may_be_a_hash() {
    let path = "_next/static/RTZgbwQz6dCnrLNIcVPba/_buildManifest.js";
    let found = of_folder(path).expect("a build id");
    assert_eq!((found.text, found.at), ("RTZgbwQz6dCnrLNIcVPba", 13));
    assert_eq!(of_folder("puzzle/the-very-long-road/1.png"), None);
}
