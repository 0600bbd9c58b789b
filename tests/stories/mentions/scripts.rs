//! Mentions in styles and scripts.

use super::{PICTURE, SCRIPT, Way, way};

pub(super) fn in_styles_and_scripts(token: &str) -> Vec<Way> {
    let (one, other) = token.split_at(11);
    let base64 = data_encoding::BASE64.encode(format!("next={PICTURE}").as_bytes());
    let json =
        data_encoding::BASE64.encode(format!("{{\"sources\":[\"../{PICTURE}\"]}}").as_bytes());
    vec![
        way(
            "a style's picture",
            "hunt/lantern/s01.css",
            "p { background: url(solution/oil-and-wick.png) }",
        ),
        way(
            "a style's comment",
            "hunt/lantern/s02.css",
            "/* as in solution/wax.html */",
        ),
        way(
            "a style's variable",
            "s03.css",
            "p { --next: 'hunt/lantern/solution/oil-and-wick.png' }",
        ),
        way(
            "a style's escape",
            "s04.css",
            "p { --next: 'hunt\\2f lantern\\2f solution\\2f oil-and-wick.png' }",
        ),
        way(
            "an import of a style",
            "hunt/lantern/s05.css",
            "/* @import 'solution/../solution/oil-and-wick.png' */",
        ),
        way(
            "a string",
            "j01.js",
            "fetch('/hunt/lantern/solution/oil-and-wick.png')",
        ),
        way(
            "a relative string",
            "hunt/lantern/j02.js",
            "fetch(`solution/wax.html`)",
        ),
        way(
            "a sum of literals",
            "j03.js",
            "go('/hunt/lan' + 'tern/solution/' + 'oil-and-wick.png')",
        ),
        way(
            "a sum with a name",
            "j04.js",
            "const at = '/hunt/lantern/sol'; go(at + 'ution/oil-and-wick.png')",
        ),
        way(
            "a template with a name",
            "j05.js",
            "const of = 'lantern', a = 'wax'; go(`/hunt/${of}/solution/${a}.html`)",
        ),
        way(
            "a joined list",
            "j06.js",
            "go(['hunt', 'lantern', 'solution', 'wax.html'].join('/'))",
        ),
        way(
            "a joined list with a name",
            "j07.js",
            "let l = ['', 'hunt', 'lantern', 'solution', '']; go(l.join('/'))",
        ),
        way(
            "concat",
            "j08.js",
            "go('/hunt/'.concat('lantern', '/solution/', 'wax.html'))",
        ),
        way(
            "a member of settings",
            "j09.js",
            "const c = { dir: '/hunt/lan' }; go(c.dir + 'tern/solution/wax.html')",
        ),
        way(
            "a number in a name",
            "j10.js",
            "const q = 'oil-and'; go('/hunt/lantern/solution/' + q + '-wick' + ext)",
        ),
        way(
            "a script's comment",
            "hunt/lantern/j11.js",
            "// see solution/wax.html\nlet a",
        ),
        way(
            "an escape",
            "j12.js",
            "go('hunt\\u002flantern\\u{2f}solution\\x2foil-and-wick.png')",
        ),
        way(
            "JSON in a string",
            "j13.js",
            "a(JSON.parse('{\"a\":\"hunt\\\\/lantern\\\\/solution\\\\/\"}'))",
        ),
        way(
            "base64 in a string",
            "j14.js",
            format!("a(atob('{base64}'))"),
        ),
        way(
            "chunks by number",
            "j15.js",
            "u = n => ({12:'hunt/lantern/solution/flame',7:'a'})[n] + '.js'",
        ),
        way(
            "a precache list",
            "sw.js",
            "precache([{url:'hunt/lantern/solution/index.html',revision:null}])",
        ),
        way(
            "a precache list with its base",
            "hunt/j17.js",
            "const base = '/hunt/lantern/'; const all = ['solution/index.html', 'solution/oil-and-wick.png']",
        ),
        way(
            "names and their folder",
            "j18.js",
            "const dir = 'hunt/lantern/solution', all = ['flame.js', 'wax.html']",
        ),
        way(
            "routes",
            "j19.js",
            "r({path: '/hunt/lantern/solution', name: 'x'})",
        ),
        way(
            "a redirection",
            "j20.js",
            "const to = {'/lit': '/hunt/lantern/solution/'}",
        ),
        way(
            "encodeURIComponent",
            "j21.js",
            "go('https://x.example/?u=hunt%2Flantern%2Fsolution%2F')",
        ),
        way(
            "a worker",
            "hunt/lantern/j22.js",
            "new Worker(new URL('solution/flame.js', import.meta.url))",
        ),
        way(
            "a dynamic import",
            "hunt/lantern/j23.js",
            "import('./solution/flame.js')",
        ),
        way("a keyed name", "j24.js", format!("go('{token}')")),
        way(
            "a keyed name in upper case",
            "j25.js",
            format!("go('{}')", token.to_uppercase()),
        ),
        way(
            "a keyed name in two parts",
            "j26.js",
            format!("const a = '{one}'; go(a + '{other}.html')"),
        ),
        way(
            "a keyed name in a comment",
            "j27.js",
            format!("/* was x{token}.png */"),
        ),
        way(
            "a source map",
            "app.js.map",
            format!("{{\"version\":3,\"sources\":[\"{SCRIPT}\"],\"mappings\":\"\"}}"),
        ),
        way(
            "a source map's sources",
            "more.js.map",
            format!("{{\"version\":3,\"sources\":[],\"sourcesContent\":[\"// {SCRIPT}\"]}}"),
        ),
        way(
            "a data URL",
            "j30.js",
            format!("a('data:application/json;base64,{json}')"),
        ),
    ]
}
