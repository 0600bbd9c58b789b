//! Tests: URLs in subtitles.

use super::*;
use crate::refs::round_trip;
use proptest::prelude::*;

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    for text in [
        text.to_string(),
        text.replace('\n', "\r\n"),
        text.replace('\n', "\r"),
    ] {
        round_trip::assert_urls(&text, find, expected);
    }
}

/// A cue that consists of one path of a picture is a reference.
#[test]
fn picture_cue_is_a_reference() {
    let text = "\u{feff}WEBVTT - a.png\nKind: b.png\n\n1\n00:00.000 --> 00:05.000\nsprite.jpg#xywh=0,0,160,90\n\n\
        00:05.000 --> 00:10.000 align:start\n  img/b.PNG?v=1 \n\n\n00:10.000 --> 00:15.000\nhttps://x.example/c.webp\n\
        00:15.000 --> 00:20.000\n/d.avif";
    check(
        text,
        &[
            "sprite.jpg#xywh=0,0,160,90",
            "img/b.PNG?v=1",
            "https://x.example/c.webp",
            "/d.avif",
        ],
    );
    check("00:00.000 --> 00:05.000\na.jpg", &["a.jpg"]);
}

#[test]
fn what_people_read_is_none() {
    for payload in [
        "see a.png",
        "a.png\nb.png",
        "a.mp4",
        "Hello.",
        "<v a>b.png",
        "{\"src\":\"a.png\"}",
        ".png",
        "file:///a.png",
        "",
    ] {
        check(
            &format!("WEBVTT\n\n00:00.000 --> 00:05.000\n{payload}\n"),
            &[],
        );
    }
    check("WEBVTT\n\na.png\n\nNOTE\nb.png\n\nREGION\nid:c.png\n", &[]);
    let mentions = find("WEBVTT\n\n00:00.000 --> 00:05.000\n{\"src\":\"a.png\"}\n").mentions;
    assert_eq!(mentions[0].text, "a.png");
}

/// Style blocks before the first cue are read.
#[test]
fn styles_before_first_cue_are_read() {
    let style = "STYLE \n::cue { background: url(a.png) }\n@import \"b.css\";\n\n";
    let cue = "00:00.000 --> 00:05.000\nx\n\n";
    check(&format!("WEBVTT\n\n{style}{cue}"), &["a.png", "b.css"]);
    check(&format!("WEBVTT\n\n{cue}{style}"), &[]);
    check(&format!("WEBVTT\n{style}"), &[]);
    check("WEBVTT\n\nSTYLE", &[]);
    check("WEBVTT\n\nSTYLES\nurl(a.png)", &[]);
    check(
        "WEBVTT\n\nSTYLE\na{b:url(c.png)}\nd{--e: \"f.png\"}\n00:00.000 --> 00:05.000\ng.jpg",
        &["c.png", "g.jpg"],
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(crate::base::cases(2000)))]

    /// Any mix of WebVTT lines round-trips.
    #[test]
    fn any_mix_of_lines_round_trips(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..12)) {
        for text in [pieces.concat(), format!("STYLE\n{}", pieces.concat()), format!("-->\n{}", pieces.concat())] {
            prop_assert_eq!(round_trip::check(&text, find), Ok(()));
        }
    }

    #[test]
    fn any_text_is_read_without_panic(text in any::<String>()) {
        find(&text);
        find(&format!("STYLE\n{text}"));
        find(&format!("-->\n{text}"));
    }
}

const PIECES: &[&str] = &[
    "WEBVTT",
    "STYLE",
    "-->",
    "--",
    "a.png",
    "\u{e9}.jpg",
    "#xywh=0,0,1,1",
    "?v",
    " ",
    "\t",
    "\n",
    "\r\n",
    "\r",
    "url(x)",
    "@import \"y\";",
    "\"",
    "\\",
    "{",
    "}",
    "/*",
    "*/",
    "\u{feff}",
    "\0",
    "https://",
    "/",
];
