//! Tests: URLs in drawings.

use super::*;

const DRAWINGS: &[Row] = &[
    (
        "href",
        "<svg><image href='x.png'/><use href=\"y.svg#i\"/></svg>",
        &["Load x.png", "Load y.svg#i"],
    ),
    (
        "xlink, undeclared",
        "<svg><image xlink:href='x.png'/></svg>",
        &["Load x.png"],
    ),
    (
        "xlink by another prefix",
        "<svg xmlns:l='http://www.w3.org/1999/xlink'><a l:href='x'/></svg>",
        &["Link x"],
    ),
    (
        "xlink as something else",
        "<svg xmlns:xlink='y'><a xlink:href='x'/></svg>",
        &[],
    ),
    (
        "a prefix out of scope",
        "<svg><g xmlns:l='http://www.w3.org/1999/xlink'/><g l:href='x'/></svg>",
        &[],
    ),
    (
        "a link",
        "<svg><a href='x.html'>y</a></svg>",
        &["Link x.html"],
    ),
    (
        "prefixed elements",
        "<svg:svg xmlns:svg='http://www.w3.org/2000/svg'><svg:image xlink:href='x'/><svg:a href='y'/></svg:svg>",
        &["Load x", "Link y"],
    ),
    (
        "another namespace",
        "<svg xmlns:n='n'><n:a href='x' n:href='y' style='a:url(z)'/></svg>",
        &[],
    ),
    (
        "xlink in another namespace",
        "<svg xmlns:n='n'><n:a xlink:href='x'/></svg>",
        &["Load x"],
    ),
    (
        "scripts",
        "<svg><script href='x'/><script href='y' type='module'/><script href='z' type='text/ecmascript'/></svg>",
        &["Script x", "ModuleScript y", "Script z"],
    ),
    (
        "data in scripts",
        "<svg><script type='application/json' href='x'>import \"y\"</script></svg>",
        &[],
    ),
    (
        "presentation",
        "<svg fill='url(#g) red' marker-end=\"url('x.svg#m')\"/>",
        &["Load #g", "Load x.svg#m"],
    ),
    (
        "other attributes",
        "<svg d='url(x)' id='url(y)' class='z'/>",
        &[],
    ),
    (
        "style",
        "<svg style='fill:url(x.svg#g);a:b'/>",
        &["Load x.svg#g"],
    ),
    (
        "a style element",
        "<svg><style>a{b:url(x)}</style></svg>",
        &["Load x"],
    ),
    (
        "a style in another language",
        "<svg><style type='text/less'>a{b:url(x)}</style></svg>",
        &[],
    ),
    (
        "HTML within",
        HTML_IN_SVG,
        &["Load x", "Link y", "Load z", "Load w"],
    ),
    (
        "a style sheet",
        "<?xml-stylesheet type='text/css' href='x.css?v'?><svg/>",
        &["Load x.css?v"],
    ),
    (
        "a style sheet too late",
        "<svg><?xml-stylesheet href='x.css'?></svg>",
        &[],
    ),
    (
        "an instruction that isn't one",
        "<?xml-stylesheet href=x y?><?x href='y'?><?xml-stylesheet?><svg/>",
        &[],
    ),
    (
        "a script",
        "<svg><script>import \"x\"</script></svg>",
        &["Import x"],
    ),
    (
        "a script that isn't run",
        "<svg><script href='x'>import \"y\"</script></svg>",
        &["Script x"],
    ),
    (
        "a script by xlink",
        "<svg><script xlink:href='x'>import \"y\"</script></svg>",
        &["Script x"],
    ),
    (
        "empty ones",
        "<svg><a href=''/><image href=' '/><a/></svg>",
        &[],
    ),
];

#[test]
fn drawings() {
    check(Dialect::Svg, &[], DRAWINGS);
}

const HTML_IN_SVG: &str = "<svg xmlns='http://www.w3.org/2000/svg'><foreignObject><div xmlns='http://www.w3.org/1999/xhtml'>\
    <img src='x'/><a href='y'><p style='a:url(z)' fill='url(v)'/></a></div></foreignObject><image href='w' src='v'/></svg>";
