//! Tests: URLs in presentations of DASH.

use super::*;
use crate::refs::FaultKind;

const PRESENTATIONS: &[Row] = &[
    (
        "a file for each representation",
        "<MPD xmlns='urn:mpeg:dash:schema:mpd:2011'><Location>a.mpd</Location><BaseURL>./</BaseURL><Period>\
                 <AdaptationSet><Representation><BaseURL> b.mp4?v&amp;w </BaseURL><SegmentBase indexRange='1-2'>\
                 <Initialization range='0-1'/></SegmentBase></Representation><Representation><BaseURL>c.mp4</BaseURL>\
                 <BaseURL>https://x.example/c.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>",
        &[
            "Load a.mpd",
            "Load b.mp4?v&w",
            "Load c.mp4",
            "Load https://x.example/c.mp4",
        ],
    ),
    (
        "lists of segments",
        "<MPD><Period><AdaptationSet><SegmentList><Initialization sourceURL='a.mp4'/>\
                 <RepresentationIndex sourceURL='b.sidx'/><BitstreamSwitching sourceURL='c.mp4'/></SegmentList>\
                 <Representation><SegmentList><SegmentURL media='d.m4s' index='e.sidx' mediaRange='f'/></SegmentList>\
                 </Representation></AdaptationSet></Period></MPD>",
        &[
            "Load a.mp4",
            "Load b.sidx",
            "Load c.mp4",
            "Load d.m4s",
            "Load e.sidx",
        ],
    ),
    (
        "templates",
        "<MPD><Period><SegmentTemplate initialization='a.mp4' media='b-$Number%05d$.m4s' index='c&#36;Time$' \
                 bitstreamSwitching='d.mp4' timescale='1'/></Period></MPD>",
        &["Load a.mp4", "Load d.mp4"],
    ),
    (
        "elements elsewhere",
        "<?xml-stylesheet href='a.xsl'?><MPD xmlns:xlink='http://www.w3.org/1999/xlink'>\
                 <Period xlink:href='b.xml'/><Period xlink:href='urn:mpeg:dash:resolve-to-zero:2013'/>\
                 <ContentProtection href='no'/><SegmentURL src='no'/></MPD>",
        &["Load a.xsl", "Load b.xml"],
    ),
];

#[test]
fn presentations() {
    check(Dialect::Dash, &[], PRESENTATIONS);
}

/// A DASH segment template counts as a path that the player builds.
#[test]
fn segment_template_is_built_by_player() {
    let text = "<MPD><Period><SegmentTemplate media='v/b-$Number$.m4s'/></Period></MPD>";
    let found = find(text, &Extra::default(), Dialect::Dash);
    assert_eq!(found.built[0].text, "v/b-$Number$.m4s");
    assert_eq!(
        (found.mentions[0].text.as_str(), &found.mentions[0].place),
        ("v/b-*.m4s", &Place::Name)
    );
}

/// Names, presentations, the URLs found in them and the bases that are told of.
const SHIFTED: &[(&str, &str, &[&str], &[&str])] = &[
    (
        "a folder",
        "<MPD><BaseURL>v/</BaseURL><Location>l.mpd</Location><Period><AdaptationSet><Representation>\
             <BaseURL>a.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>",
        &["Load l.mpd"],
        &["v/"],
    ),
    (
        "a folder among others",
        "<MPD><Period><BaseURL>v/</BaseURL><BaseURL>w/</BaseURL><SegmentList><SegmentURL media='a'/></SegmentList>\
             </Period><Period><SegmentList><SegmentURL media='b'/></SegmentList></Period></MPD>",
        &["Load b"],
        &["v/"],
    ),
    (
        "a folder within",
        "<MPD><Period><BaseURL>v/</BaseURL><AdaptationSet><BaseURL>w/</BaseURL></AdaptationSet></Period></MPD>",
        &[],
        &["v/"],
    ),
    (
        "a folder further in, of segments further out",
        "<MPD><Period><AdaptationSet><SegmentTemplate initialization='a.mp4' media='$Number$'/><Representation>\
             <BaseURL>v/</BaseURL></Representation></AdaptationSet></Period></MPD>",
        &[],
        &["v/"],
    ),
    (
        "a file that others are beside",
        "<MPD><Period><AdaptationSet><SegmentBase><Initialization sourceURL='a.mp4'/></SegmentBase><Representation>\
             <BaseURL>b.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>",
        &[],
        &["b.mp4"],
    ),
    (
        "a file with a template beside it",
        "<MPD><Period><BaseURL>b.mp4</BaseURL><SegmentTemplate media='$Number$'/></Period></MPD>",
        &[],
        &["b.mp4"],
    ),
    (
        "a file with another one within",
        "<MPD><Period><BaseURL>a.mp4</BaseURL><AdaptationSet><Representation><BaseURL>b.mp4</BaseURL>\
             </Representation></AdaptationSet></Period></MPD>",
        &[],
        &["a.mp4"],
    ),
    (
        "another site",
        "<MPD><BaseURL>https://x.example/v/</BaseURL><Period><SegmentList><SegmentURL media='a'/></SegmentList>\
             <BaseURL>w/</BaseURL></Period></MPD>",
        &[],
        &[],
    ),
    (
        "what can't be replaced",
        "<MPD><BaseURL>&a;b.mp4</BaseURL></MPD>",
        &[],
        &["&a;b.mp4"],
    ),
    (
        "what the user added",
        "<MPD><Period><BaseURL>v/</BaseURL><x thumb='a.png'/></Period><x thumb='b.png'/></MPD>",
        &[],
        &["v/"],
    ),
];

fn thumbs() -> Extra {
    Extra {
        attributes: vec![ExtraAttribute::named("thumb")],
        ..Extra::default()
    }
}

/// An address with a shifting base URL is left alone and reported as a fault.
#[test]
fn addresses_with_shifting_base_are_kept() {
    let extra = thumbs();
    for (name, text, expected, bases) in SHIFTED {
        assert_eq!(urls(text, &extra, Dialect::Dash), *expected, "{name}");
        let faults = find(text, &extra, Dialect::Dash).faults;
        let at: Vec<_> = faults.iter().map(|fault| Some(fault.at)).collect();
        let place = |base: &&str| text.find(&format!(">{base}<")).map(|at| at + 1);
        let expected: Vec<_> = bases.iter().map(place).collect();
        assert_eq!(at, expected, "{name}");
        assert!(
            faults
                .iter()
                .all(|fault| fault.message == dash::SHIFTS && fault.kind == FaultKind::Unread),
            "{name}"
        );
        let result = round_trip::check(text, |text| find(text, &extra, Dialect::Dash));
        result.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

/// Files whose base URL shifts are reported as mentions.
#[test]
fn files_with_shifting_base_are_mentioned() {
    let (name, text, ..) = SHIFTED[4];
    let found = find(text, &thumbs(), Dialect::Dash);
    let mentions: Vec<_> = found
        .mentions
        .iter()
        .map(|mention| mention.text.as_str())
        .collect();
    assert_eq!(mentions, ["a.mp4", "b.mp4"], "{name}");
}
