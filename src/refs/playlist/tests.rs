//! Tests: URLs in playlists.

use super::*;
use crate::refs::{Place, round_trip};
use proptest::prelude::*;

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    round_trip::assert_urls(text, find, expected);
}

#[test]
fn lines_without_a_mark_are_uris() {
    let media = "#EXTM3U\r\n#EXT-X-TARGETDURATION:10\r\n\r\n#EXTINF:9.009,\r\nseg 1.ts?v=1\r\n# a comment.ts\r\n\
        #EXTINF:9,x.ts\r\n\t../b/\u{e9}.ts#f \r\n#EXT-X-ENDLIST";
    check(media, &["seg 1.ts?v=1", "../b/\u{e9}.ts#f"]);
    check(
        "\u{feff}a.mp3\nhttps://x.example/b.mp3\n\n",
        &["a.mp3", "https://x.example/b.mp3"],
    );
    check("#a.ts\n #b.ts\n##EXT-X-MAP:URI=\"c\"\n", &[]);
    check("", &[]);
}

const OF_ANY_TAG: &str = "#EXT-X-MAP:URI=\"init.mp4\",BYTERANGE=\"720@0\"\n\
        #EXT-X-KEY:METHOD=AES-128,URI=\"k.bin\",IV=0x1\n\
        #EXT-X-SESSION-KEY:METHOD=SAMPLE-AES,URI=\"skd://k\"\n\
        #EXT-X-MEDIA:TYPE=AUDIO,NAME=\"a, URI=b\",URI=\"audio.m3u8\"\n\
        #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,CODECS=\"avc1,mp4a\",URI=\"i.m3u8\"\n\
        #EXT-X-PART:DURATION=0.3, URI=\"p.m4s\" , INDEPENDENT=YES\n\
        #EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"h.m4s\"\n\
        #EXT-X-RENDITION-REPORT:URI=\"r.m3u8\",LAST-MSN=1\n\
        #EXT-X-SESSION-DATA:DATA-ID=\"x\",URI=\"d.json\"\n\
        #EXT-X-CONTENT-STEERING:SERVER-URI=\"s.json?v\",PATHWAY-ID=\"A\"\n\
        #EXT-X-DATERANGE:ID=\"a\",X-ASSET-URI=\"ad.m3u8\",X-ASSET-LIST=\"l.json\",X-OTHER=\"o.json\"\n";

/// A quoted `URI` attribute of any playlist tag is a reference.
#[test]
fn quoted_uri_attributes_are_found() {
    let expected = [
        "init.mp4",
        "k.bin",
        "skd://k",
        "audio.m3u8",
        "i.m3u8",
        "p.m4s",
        "h.m4s",
        "r.m3u8",
        "d.json",
        "s.json?v",
        "ad.m3u8",
        "l.json",
    ];
    check(OF_ANY_TAG, &expected);
}

/// Text that is no attribute list with a quoted `URI` yields no reference.
#[test]
fn malformed_attributes_have_no_uris() {
    for text in [
        "#EXT-X-MAP:URI=init.mp4",
        "#EXT-X-MAP:URI=\"init.mp4",
        "#EXT-X-MAP:URI=\"\"",
        "#EXT-X-MAP:BYTERANGE=\"URI=\"",
        "#EXT-X-MAP URI=\"a\"",
        "#EXT-X-BYTERANGE:75232@0",
        "#EXTINF:9,URI=\"a\"",
        "#EXT-X-MAP:uri=\"a\"",
    ] {
        check(text, &[]);
    }
}

#[test]
fn a_path_with_variables_is_built() {
    let text = "#EXT-X-DEFINE:NAME=\"q\",VALUE=\"low\"\nvideo/{$q}.m3u8\n{$a}/b{$c}\nv/{$a}/{$b}.ts\na.ts?t={$q}\n\
        #EXT-X-MAP:URI=\"{$q\"";
    check(text, &["a.ts?t={$q}"]);
    let found = find(text);
    let built: Vec<&str> = found
        .built
        .iter()
        .map(|built| built.text.as_str())
        .collect();
    assert_eq!(
        built,
        ["video/{$q}.m3u8", "{$a}/b{$c}", "v/{$a}/{$b}.ts", "{$q"]
    );
    let of_place = |place| {
        let mentions = found
            .mentions
            .iter()
            .filter(move |mention| mention.place == place);
        mentions
            .map(|mention| mention.text.as_str())
            .collect::<Vec<_>>()
    };
    assert_eq!(of_place(Place::Name), ["video/*.m3u8"]);
    assert_eq!(of_place(Place::Beginning), ["v/"]);
}

#[test]
fn paths_elsewhere_are_mentions() {
    let text = "#EXTM3U\n#EXTINF:-1 tvg-logo=\"logo.png\",x\nmy song.mp3\n# b.mp3";
    let mentions = find(text).mentions;
    let mentions: Vec<&str> = mentions
        .iter()
        .map(|mention| mention.text.as_str())
        .collect();
    assert_eq!(mentions, ["logo.png", "b.mp3"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(crate::base::cases(2000)))]

    /// Any mix of playlist lines round-trips.
    #[test]
    fn any_mix_of_lines_round_trips(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..12)) {
        prop_assert_eq!(round_trip::check(&pieces.concat(), find), Ok(()));
    }

    #[test]
    fn any_text_is_read_without_panic(text in any::<String>()) {
        find(&text);
        find(&format!("#EXT-X-MAP:{text}"));
    }
}

const PIECES: &[&str] = &[
    "#EXTM3U",
    "#EXT-X-MAP:",
    "#EXT-X-KEY:METHOD=NONE,",
    "#EXTINF:9,",
    "#",
    "URI=",
    "\"",
    ",",
    "=",
    ":",
    "a.ts",
    "\u{e9}",
    "?v",
    "#f",
    " ",
    "\t",
    "\n",
    "\r\n",
    "\r",
    "{$",
    "}",
    "\u{feff}",
    "\0",
    "SERVER-URI=\"a\"",
];
