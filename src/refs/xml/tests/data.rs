//! Tests: URLs in feeds and other data.

use super::*;

const FEEDS: &[Row] = &[
    (
        "RSS",
        "<rss version='2.0'><channel><link> https://x.example/ </link><image><url>a.png?v&amp;w</url>\
                 <title>t</title><link>b.html</link></image><item><link>c.html</link><enclosure url='d.mp3' type='x'/>\
                 <guid>no.html</guid><description>&lt;img src='no.png'></description></item></channel></rss>",
        &[
            "Link https://x.example/",
            "Load a.png?v&w",
            "Link b.html",
            "Link c.html",
            "Load d.mp3",
        ],
    ),
    (
        "RSS 1.0",
        "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'>\
                 <channel><link>a.html</link></channel><image><url>b.png</url></image></rdf:RDF>",
        &["Link a.html", "Load b.png"],
    ),
    (
        "what is added to RSS",
        "<rss xmlns:m='http://search.yahoo.com/mrss/' xmlns:itunes='http://www.itunes.com/DTDs/Podcast-1.0.dtd' \
                 xmlns:a='http://www.w3.org/2005/Atom'><channel><itunes:image href='a.png'/><a:link href='b.rss' \
                 rel='self'/><item><m:content url='c.mp4'><m:thumbnail url='d.jpg'/><m:player url='e.html'/></m:content>\
                 <itunes:link>no</itunes:link></item></channel></rss>",
        &[
            "Load a.png",
            "Link b.rss",
            "Load c.mp4",
            "Load d.jpg",
            "Link e.html",
        ],
    ),
    (
        "Atom",
        "<feed xmlns='http://www.w3.org/2005/Atom'><icon>a.ico</icon><logo><![CDATA[b.png?v&w]]></logo>\
                 <link href='c.html'/><entry><link rel='enclosure' href='d.mp3'/><content src='e.html'/><id>no</id>\
                 </entry></feed>",
        &[
            "Load a.ico",
            "Load b.png?v&w",
            "Link c.html",
            "Load d.mp3",
            "Load e.html",
        ],
    ),
    (
        "another base",
        "<feed xmlns='http://www.w3.org/2005/Atom'><icon>a.ico</icon><entry xml:base='x/'><link href='b.html'/>\
                 <content><logo>c.png</logo></content></entry><link href='d.html'/></feed>",
        &["Load a.ico", "Link d.html"],
    ),
    (
        "marks in a URL",
        "<feed xmlns='http://www.w3.org/2005/Atom'><icon>a<!-- b -->.ico</icon><logo>&c;.png</logo>\
                 <icon>\n <!-- d -->e.ico?<!-- f -->g\n</icon></feed>",
        &["Load e.ico?\ng"],
    ),
    (
        "no feed",
        "<r><channel><link>a.html</link></channel><image><url>b.png</url></image><enclosure url='c.mp3'/></r>",
        &[],
    ),
];

#[test]
fn feeds() {
    check(Dialect::Other, &[], FEEDS);
}

const DATA: &[Row] = &[
    (
        "XSLT",
        "<xsl:stylesheet xmlns:xsl='http://www.w3.org/1999/XSL/Transform'><xsl:import href='a.xsl'/>\
                 <xsl:include href='b.xsl'/><xsl:template match='x'><img src='no.png'/></xsl:template></xsl:stylesheet>",
        &["Load a.xsl", "Load b.xsl"],
    ),
    (
        "XInclude",
        "<r xmlns:xi='http://www.w3.org/2001/XInclude'><xi:include href='a.xml'/><include href='no'/></r>",
        &["Load a.xml"],
    ),
    (
        "OpenSearch",
        "<OpenSearchDescription xmlns='http://a9.com/-/spec/opensearch/1.1/'><Image width='16'>a.ico</Image>\
                 <Url template='b.html?q={searchTerms}'/><Url rel='self' template='c.xml'/></OpenSearchDescription>",
        &["Load a.ico", "Link c.xml"],
    ),
    (
        "XSPF",
        "<playlist xmlns='http://xspf.org/ns/0/'><location>no.xspf</location><image>a.png</image><trackList>\
                 <track><location>b.mp3</location><info>c.html</info></track></trackList></playlist>",
        &["Load a.png", "Load b.mp3", "Link c.html"],
    ),
    (
        "tiles",
        "<browserconfig><msapplication><tile><square70x70logo src='a.png'/><TileColor>#fff</TileColor></tile>\
                 <badge><polling-uri src='b.xml'/></badge><notification polling-uri='c.xml'/></msapplication>\
                 </browserconfig>",
        &["Load a.png", "Load b.xml", "Load c.xml"],
    ),
];

#[test]
fn other_data_that_is_known() {
    check(Dialect::Other, &[], DATA);
}

/// Text that is a reference is not a mention as well.
#[test]
fn reference_text_is_not_a_mention() {
    let text = "<rss><channel><image><url>a.png?b=c.png</url><title>d.png</title></image><item><url>e.png</url></item>\
        </channel></rss>";
    let mentions = find(text, &Extra::default(), Dialect::Other).mentions;
    let mentions: Vec<_> = mentions
        .iter()
        .map(|mention| mention.text.as_str())
        .collect();
    assert_eq!(mentions, ["d.png", "e.png"]);
}
