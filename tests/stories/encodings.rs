//! Files that were compressed before they came here: builds of games, pages that somebody gzipped
//! in place.

use serde_json::json;

use crate::hosts::{free_port, serve};
use crate::support::gcs;
use crate::support::packing::{brotlied, gzipped, zstandard};
use crate::support::s3::Bucket;
use crate::support::web::Browser;
use crate::support::{Run, Site};

/// A module of WebAssembly with nothing in it.
const WASM: &[u8] = b"\0asm\x01\0\0\0";

/// A page without a favicon.
const PAGE: &str = "<!doctype html><link rel=\"icon\" href=\"data:,\"><title>loading</title>";

/// A place that a story's files are published to.
enum Place {
    S3(Bucket),
    Google(gcs::Server),
}

impl Place {
    fn google() -> Place {
        let server = gcs::Server::start();
        server.require_token();
        server.bucket("hunt", &[]);
        Place::Google(server)
    }

    fn target(&self) -> String {
        let (url, endpoint) = match self {
            Place::S3(bucket) => (bucket.url(), bucket.endpoint.clone()),
            Place::Google(server) => ("gs://hunt".to_string(), server.url().to_string()),
        };
        format!("[target.t]\nurl = \"{url}\"\nendpoint = \"{endpoint}\"\naccess = \"object-acl\"\n")
    }

    fn run(&self, site: &Site, arguments: &[&str]) -> Run {
        match self {
            Place::S3(bucket) => bucket.run(site, arguments),
            Place::Google(server) => {
                let mut command = site.command(arguments);
                command.env("GOOGLE_OAUTH_ACCESS_TOKEN", server.token());
                Run::of(&mut command, &site.path(""))
            }
        }
    }

    #[track_caller]
    fn ok(&self, site: &Site, arguments: &[&str]) -> String {
        let run = self.run(site, arguments);
        assert_eq!(run.code, 0, "{run}");
        run.stdout
    }

    fn url(&self, site: &Site, path: &str) -> String {
        self.ok(site, &["url", path]).trim().to_string()
    }

    /// Makes sure that every object is served as it should be.
    #[track_caller]
    fn audit(&self, site: &Site) {
        let told = self.ok(site, &["audit", "--all"]);
        assert!(told.contains("0 failed"), "{told}");
    }
}

/// A game as Unity builds it: a page, a loader that puts names together, and parts that are packed.
fn game(end: &str, pack: fn(&[u8]) -> Vec<u8>) -> Vec<(String, Vec<u8>)> {
    let loader = format!(
        r#"
const part = (name) => "Build/hunt." + name + "{end}";
async function start() {{
    await WebAssembly.instantiateStreaming(fetch(part("wasm")));
    const data = await (await fetch(part("data"))).text();
    const symbols = await (await fetch(part("symbols.json"))).json();
    const framework = document.createElement("script");
    framework.src = part("framework.js");
    framework.onload = () => {{ document.title = "done " + data + symbols.name + window.framework; }};
    document.head.append(framework);
}}
start().catch((error) => {{ document.title = "failed " + error; }});
"#
    );
    let part = |name: &str, content: &[u8]| (format!("Build/hunt.{name}{end}"), pack(content));
    vec![
        (
            "index.html".to_string(),
            format!("{PAGE}<script src=\"Build/hunt.loader.js\"></script>").into_bytes(),
        ),
        ("Build/hunt.loader.js".to_string(), loader.into_bytes()),
        part("wasm", WASM),
        part("data", b"levels "),
        part("symbols.json", br#"{"name": "symbols "}"#),
        part("framework.js", b"window.framework = \"framework\";"),
    ]
}

const STARTED: &str = "done levels symbols framework";

fn with_game(config: &str, end: &str, pack: fn(&[u8]) -> Vec<u8>) -> Site {
    let site = Site::new().config(config);
    for (path, content) in game(end, pack) {
        site.write(&format!("play/{path}"), content);
    }
    site
}

/// A game that comes compressed starts from a bucket.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn compressed_game_starts_from_bucket() {
    let places: [fn() -> Place; 2] = [|| Place::S3(Bucket::on_rgw()), Place::google];
    for place in places {
        for (end, pack) in [
            (".gz", gzipped as fn(&[u8]) -> Vec<u8>),
            (".br", brotlied),
            (".unityweb", gzipped),
        ] {
            let place = place();
            let folder = format!("[[folder]]\nmatch = \"play\"\n{}", place.target());
            let site = with_game(&folder, end, pack);
            let push = place.run(&site, &["push"]);
            assert_eq!(push.code, 0, "{end}: {push}");
            assert!(!push.stderr.contains("warning"), "{end}: {push}");
            let browser = Browser::start();
            let seen = browser.visit(&place.url(&site, "play/index.html"));
            assert_eq!(seen, (STARTED.to_string(), Vec::new()), "{end}");
            place.audit(&site);
        }
    }
}

/// A game that comes compressed starts behind a web server.
#[test]
fn compressed_game_starts_behind_web_server() {
    for server in ["nginx", "caddy"] {
        for (end, pack) in [(".gz", gzipped as fn(&[u8]) -> Vec<u8>), (".br", brotlied)] {
            let port = free_port();
            let config = format!(
                "[[folder]]\nmatch = \"play\"\n[target.t]\nurl = \"file:out\"\nstate = \"file:releases\"\npublic_url = \"http://127.0.0.1:{port}/\"\n"
            );
            let site = with_game(&config, end, pack);
            site.ok(&["push"]);
            let _server = serve(&site, server, port);
            let url = site.ok(&["url", "play/index.html"]);
            let seen = Browser::start().visit(url.trim());
            assert_eq!(seen, (STARTED.to_string(), Vec::new()), "{server} {end}");
        }
    }
}

/// Keyed files show by their names what is in them.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn keyed_names_show_the_content() {
    let place = Place::S3(Bucket::on_rgw());
    let site = with_game(&place.target(), ".gz", gzipped);
    place.run(&site, &["push", "--deny-warnings"]);
    let site = Site::new()
        .config(&place.target())
        .file("hunt.wasm.gz", gzipped(WASM))
        .file("all.csv.gz", gzipped(b"a;b"));
    place.ok(&site, &["push"]);
    assert!(place.url(&site, "hunt.wasm.gz").ends_with(".wasm.gz"));
    let download = place.url(&site, "all.csv.gz");
    assert!(download.ends_with(".gz") && !download.ends_with(".csv.gz"));
    place.audit(&site);
}

/// A page that is gzipped in place stops the push until the printed lines are added.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn gzipped_site_works_with_printed_rules() {
    let place = Place::S3(Bucket::on_rgw());
    let page = format!(
        "{PAGE}<link rel=\"stylesheet\" href=\"app.css\"><script>onload = () => document.title = 'done ' + getComputedStyle(document.body).color</script>"
    );
    let plain = "[[rule]]\nmatch = \"**\"\nnames = \"plain\"\n";
    let site = Site::new()
        .config(&format!("{plain}{}", place.target()))
        .file("index.html", gzipped(page.as_bytes()))
        .file("app.css", gzipped(b"body { color: rgb(1, 2, 3) }"))
        .file("data/level.json", zstandard(b"{}"))
        .file("engine.wasm", gzipped(WASM));
    let run = place.run(&site, &["push"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(
        run.stderr.contains("`index.html`: is compressed with gzip"),
        "{run}"
    );
    assert!(
        run.stderr
            .contains("`data/level.json`: is compressed with zstd"),
        "{run}"
    );
    assert!(
        run.stderr
            .contains("`engine.wasm`: is compressed with gzip"),
        "{run}"
    );
    assert_eq!(
        run.config_lines(),
        "[[rule]]\nmatch = \"data/level.json\"\nencoding = \"zstd\"\n[[rule]]\nmatch = \"{app.css,engine.wasm,index.html}\"\nencoding = \"gzip\"\n"
    );
    site.add_config(&run.config_lines());
    let run = place.run(&site, &["push"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run}");
    let seen = Browser::start().visit(&place.url(&site, "index.html"));
    assert_eq!(seen, ("done rgb(1, 2, 3)".to_string(), Vec::new()));
    place.audit(&site);
}

/// A compressed page is not rewritten, so the files it refers to keep their names.
#[test]
fn compressed_page_cannot_be_rewritten() {
    let page = format!("{PAGE}<script src=\"app.js\"></script>");
    let site = |more: &str| {
        Site::new()
            .config(&format!("[[rule]]\nmatch = \"**/*.html\"\nencoding = \"gzip\"\n{more}[target.t]\nurl = \"file:out\"\n"))
            .file("play/index.html", gzipped(page.as_bytes()))
            .file("play/app.js", "document.title = 'done'")
    };
    let run = site("").run(&["push"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(
        run.stderr.contains(
            "`play/index.html`: is compressed (gzip), so its references can't be rewritten"
        ),
        "{run}"
    );
    let in_folder = site("[[folder]]\nmatch = \"play\"\n");
    assert_eq!(in_folder.run(&["push"]).code, 0);
    let published = in_folder.published("out");
    let key = published.keys().find(|key| key.ends_with("/index.html"));
    assert_eq!(
        published[key.expect("there")],
        gzipped(page.as_bytes()),
        "byte for byte"
    );
    let gone = site("[[folder]]\nmatch = \"play\"\n");
    std::fs::remove_file(gone.asset("play/app.js")).expect("removed");
    let run = gone.run(&["push"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(
        run.stderr.contains("`play/index.html:1:"),
        "its references are known: {run}"
    );
}

/// A compressed page works with the printed lines.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn compressed_page_works_with_printed_rules() {
    let bucket = Bucket::on_rgw();
    let page = format!("{PAGE}<script src=\"app.js\"></script>");
    let rule = "[[rule]]\nmatch = \"index.html\"\nencoding = \"gzip\"\n";
    let site = Site::new()
        .config(&format!("{rule}{}", bucket.target()))
        .file("index.html", gzipped(page.as_bytes()))
        .file("app.js", "document.title = 'done'");
    let run = bucket.run(&site, &["push"]);
    assert_eq!(run.code, 2, "{run}");
    assert_eq!(
        run.config_lines(),
        "[[rule]]\nmatch = \"{app.js,index.html}\"\nnames = \"plain\"\n"
    );
    site.add_config(&run.config_lines());
    assert_eq!(bucket.shown(&site), ("done".to_string(), Vec::new()));
}

#[test]
fn what_is_cut_off_is_told() {
    let levels: Vec<u8> = (0..5000_u32).map(|n| (n * n % 251) as u8).collect();
    let site = Site::new()
        .config("[target.t]\nurl = \"file:out\"\n")
        .file("hunt.wasm.gz", &gzipped(&levels)[..100])
        .file("hunt.data.br", &brotlied(&levels)[..100])
        .file("hunt.pck.zst", &zstandard(&levels)[..100]);
    let run = site.run(&["push", "--deny-warnings"]);
    assert_eq!(run.code, 2, "{run}");
    for (name, coding) in [
        ("hunt.wasm.gz", "gzip"),
        ("hunt.data.br", "br"),
        ("hunt.pck.zst", "zstd"),
    ] {
        let told = format!("`{name}` is damaged {coding} data, so browsers can't show it");
        assert!(run.stderr.contains(&told), "{told}\n{run}");
    }
}

/// A file that is not packed as its name or a rule says is not published.
#[test]
fn wrongly_labelled_encoding_is_refused() {
    for (name, content, rule, told) in [
        (
            "map.svgz",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(),
            "",
            "isn't gzip, although its name says so",
        ),
        (
            "hunt.wasm.gz",
            WASM.to_vec(),
            "",
            "isn't gzip, although its name says so",
        ),
        (
            "hunt.data.gz",
            vec![7; 3 << 20],
            "",
            "isn't gzip, although its name says so",
        ),
        (
            "hunt.data.br",
            b"plain words".to_vec(),
            "",
            "isn't br, although",
        ),
        (
            "a.html",
            b"<p>plain".to_vec(),
            "gzip",
            "isn't gzip, although a rule says `encoding = \"gzip\"`",
        ),
        ("a.json", gzipped(b"{}"), "zstd", "isn't zstd, although"),
    ] {
        let rule = match rule {
            "" => String::new(),
            rule => format!("[[rule]]\nmatch = \"{name}\"\nencoding = \"{rule}\"\n"),
        };
        let site = Site::new()
            .config(&format!("{rule}[target.t]\nurl = \"file:out\"\n"))
            .file(name, content);
        let run = site.run(&["push"]);
        assert_eq!(run.code, 2, "{name}: {run}");
        assert!(run.stderr.contains(&format!("`{name}`: {told}")), "{run}");
        site.add_config(&run.config_lines());
        let mended = site.run(&["push"]);
        assert!(
            !mended.stderr.contains("browsers can't show it"),
            "{mended}"
        );
    }
}

/// Secrets in compressed files are found, whatever packed them.
#[test]
fn secrets_in_compressed_files_are_found() {
    let token = ["ghp_", "0123456789abcdefghijABCDEFGHIJ012345"].concat();
    for (name, pack) in [
        ("hunt.framework.js.gz", gzipped as fn(&[u8]) -> Vec<u8>),
        ("hunt.framework.js.br", brotlied),
        ("hunt.framework.js.zst", zstandard),
        ("hunt.framework.js.unityweb", gzipped),
    ] {
        let script = format!("const a = 1;\nconst token = \"{token}\";\n");
        let site = Site::new()
            .config("[target.t]\nurl = \"file:out\"\n")
            .file(name, pack(script.as_bytes()));
        let run = site.run(&["push"]);
        assert_eq!(run.code, 2, "{name}: {run}");
        assert!(run.stderr.contains("credential"), "{name}: {run}");
    }
    for (name, pack) in [
        ("hunt.data.gz", gzipped as fn(&[u8]) -> Vec<u8>),
        ("hunt.data.br", brotlied),
        ("hunt.data.zst", zstandard),
    ] {
        let site = Site::new()
            .config("[[level]]\nname = \"solution\"\nmatch = \"solution/**\"\n[target.t]\nurl = \"file:out\"\n")
            .file("solution/kraken-map.png", "a map")
            .file(name, pack(b"levels: solution/kraken-map.png"));
        let run = site.run(&["push", "--show-hidden"]);
        assert_eq!(run.code, 2, "{name}: {run}");
        assert!(run.stderr.contains("kraken-map.png"), "{name}: {run}");
    }
    for name in ["a.html.br", "a.css.br", "a.txt.br", "in-place.html"] {
        let site = Site::new()
            .config("[[level]]\nname = \"solution\"\nmatch = \"solution/**\"\n[[rule]]\nmatch = \"*.*\"\nencoding = \"br\"\n[target.t]\nurl = \"file:out\"\n")
            .file("solution/kraken-map.png", "a map")
            .file(name, brotlied(b"<p>solution/kraken-map.png</p>"));
        let run = site.run(&["push", "--show-hidden"]);
        assert_eq!(run.code, 2, "{name}: {run}");
        assert!(run.stderr.contains("kraken-map.png"), "{name}: {run}");
    }
}

/// A second push of files that are recognized by their bytes sends nothing.
#[test]
fn second_push_of_compressed_sends_nothing() {
    let site = with_game(
        "[[folder]]\nmatch = \"play\"\n[target.t]\nurl = \"file:out\"\n",
        ".unityweb",
        gzipped,
    )
    .file(
        "old.html",
        b"<!doctype html><meta charset=iso-8859-1><p>caf\xe9",
    );
    site.ok(&["push"]);
    let anew = site.ok(&["manifest", "--no-cache"]);
    // What was written just now isn't remembered.
    std::thread::sleep(std::time::Duration::from_secs(4));
    for _ in 0..2 {
        let report = site.ok(&["push", "--json"]);
        let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
        assert_eq!(report["uploaded"]["objects"], json!(0), "{report:#}");
        assert_eq!(site.ok(&["manifest"]), anew, "types and codings as well");
    }
}
