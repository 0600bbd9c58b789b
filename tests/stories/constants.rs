//! Names of hidden files are found in what a script puts together from parts that are all written
//! in it.

use crate::support::Site;

const LEVELS: &str = r#"
[[level]]
name = "solution"
match = "**/solution/**"
[target.local]
url = "file:out"
"#;

const FILE: &str = "puzzle/gears/solution/answer-key.png";

/// A hidden path that a script puts together from constants is found.
#[test]
fn paths_joined_in_scripts_are_found() {
    for (script, column) in [
        (
            "const b = '/puzzle/ge'; go(b + 'ars/solution/answer-key.png')",
            28,
        ),
        (
            "let of = 'gears', n = 'answer';\ngo(`/puzzle/${of}/solution/${n}-key.png`)",
            4,
        ),
        (
            "go(['puzzle', 'gears', 'solution', 'answer-key.png'].join('/'))",
            5,
        ),
        (
            "go(['', 'puzzle', 'gears', 'solution', ''].join('/') + id)",
            9,
        ),
        (
            "const l = ['puzzle', 'gears', 'sol', 'ution']; go(l.join(`/`).replace('l/', 'l'))",
            51,
        ),
        (
            "go('puzzle'.concat('/gears/sol', 'ution/', 'answer-key.png'))",
            4,
        ),
        (
            "const c = {a: {}, dir: '/puzzle/ge', 'x': 1};\ngo(c.dir + 'ars/solution/' + n)",
            4,
        ),
        (
            "const v = 4, d = 'gears';\ngo(n + 'puzzle/' + d + `/solution/${x}`)",
            4,
        ),
        (
            "const a = 'puz' + 'zle', b = `${a}/gears`, c = b + '/sol';\ngo(c + 'ution/answer-key.png')",
            4,
        ),
    ] {
        let page = format!("<script>\n{script}</script>");
        for (path, text, line) in [("a.js", script, 0), ("a.html", page.as_str(), 1)] {
            let site = Site::new()
                .config(LEVELS)
                .file("puzzle/gears/index.html", "<p>a puzzle")
                .file("puzzle/gears/solution/index.html", "<p>a solution")
                .file(FILE, "a picture")
                .file(path, text);
            let line = line + script.lines().count();
            let run = site.run(&["push"]);
            let place = format!("`{path}:{line}:{column}`: is open, and names ");
            assert!(
                run.code == 2 && run.stderr.contains(&place),
                "{script}: {run}"
            );
        }
    }
    for script in [
        "const b = '/puz'; go(b + x + 'zle/gears/solution/answer-key.png')",
        "go(['gears', 'solution', 'x.png'].join('/'))",
        "go('other/' + 'solution/' + 'answer-key.png')",
    ] {
        let site = Site::new()
            .config(LEVELS)
            .file("puzzle/gears/solution/index.html", "<p>a solution")
            .file(FILE, "a picture")
            .file("puzzle/gears/x.html", "")
            .file("a.js", script);
        let run = site.run(&["push"]);
        assert_eq!(run.code, 0, "{script}: {run}");
    }
}
