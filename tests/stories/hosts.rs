//! What stands before a target: which page people see first, links that need a host which knows
//! folders, and web servers that show a published folder by the configuration that `init --server`
//! prints.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::packing::{brotlied, gzipped};
use crate::support::s3::Bucket;
use crate::support::web::{Browser, WebServer};
use crate::support::{Run, Site, gunzip, set_mode};

const PAGES: &str = "[[rule]]\nmatch = \"**/*.html\"\nnames = \"plain\"\n";

/// A bucket behind a host, with what the target says of it.
fn target(bucket: &Bucket, more: &str) -> String {
    format!(
        "[target.prod]\nurl = \"{}\"\nendpoint = \"{}\"\naccess = \"object-acl\"\n{more}",
        bucket.url(),
        bucket.endpoint
    )
}

/// Pages that link to folders, and to pages without their `.html`.
fn linked(rules: &str) -> Site {
    Site::new()
        .config(rules)
        .file(
            "index.html",
            r#"<!doctype html><title>home</title><link rel="icon" href="data:,"><a id="gears" href="puzzle/gears/">gears</a> <a href="about">about</a>"#,
        )
        .file(
            "puzzle/gears/index.html",
            r#"<!doctype html><title>gears</title><link rel="icon" href="data:,"><a href="../../">home</a>"#,
        )
        .file("about.html", "<!doctype html><title>about</title>")
}

// --- Links to folders

/// A link to a folder causes a warning where a bucket is all there is.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn folder_link_warns_on_bare_bucket() {
    let bucket = Bucket::on_rgw();
    let site = linked(&format!("{PAGES}{}", target(&bucket, "")));
    let bare = bucket.run(&site, &["push"]);
    assert_eq!(bare.code, 0, "{bare}");
    for told in [
        "warning: 3 references (",
        ") lead to folders or to pages without `.html`",
        "`index.html:1:",
        "set `index = \"index.html\"` in the target",
    ] {
        assert!(bare.stderr.contains(told), "{told}: {bare}");
    }

    // A host that shows the page of a folder makes it right.
    let server = WebServer::before(format!("{}/{}/", bucket.endpoint, bucket.name));
    let host = format!("index = \"index.html\"\npublic_url = \"{}\"\n", server.url);
    site.add_config(&host);
    let hosted = bucket.run(&site, &["push"]);
    assert_eq!((hosted.code, hosted.stderr.as_str()), (0, ""), "{hosted}");
    let browser = Browser::start();
    browser.open(&server.url);
    browser.value("document.querySelector('#gears').click()");
    browser.wait_for("document.title", "gears");
}

/// What is published of a file, where `assetsync url` says that it is.
fn at_url(site: &Site, path: &str) -> String {
    let url = site.ok(&["url", path]);
    let (_, key) = url.trim().rsplit_once("/out/").expect("it's in the target");
    fs::read_to_string(site.path("out").join(key)).expect("it's there")
}

/// A link without its page's extension finds the page wherever it is.
#[test]
fn page_without_extension_is_found() {
    let keyed = linked("[target.t]\nurl = \"file:out\"\n");
    keyed.ok(&["push"]);
    let home = at_url(&keyed, "index.html");
    for page in ["about.html", "puzzle/gears/index.html"] {
        let url = keyed.ok(&["url", page]);
        let (_, key) = url.trim().rsplit_once('/').expect("a URL");
        assert!(home.contains(&format!("href=\"{key}\"")), "{page}: {home}");
    }
    let plain = linked(&format!("{PAGES}[target.t]\nurl = \"file:out\"\n"));
    let run = plain.run(&["push"]);
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (0, ""),
        "a web server: {run}"
    );
}

/// A link that is rewritten to a whole name needs no help of the host.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn rewritten_link_needs_no_host() {
    let bucket = Bucket::on_rgw();
    let site = Site::new()
        .config(&format!("{PAGES}{}", target(&bucket, "")))
        .file("index.html", "<a href=\"more//page.html\">more</a>")
        .file("more/page.html", "<p>more");
    let run = bucket.run(&site, &["push"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run}");
    let page = bucket.anonymous("/index.html");
    assert_eq!(page.text(), "<a href=\"more/page.html\">more</a>");
}

/// Links to folders that are meant pass by the kind of their warning.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn intended_folder_links_can_be_allowed() {
    let bucket = Bucket::on_rgw();
    let site = linked(&format!(
        "[warnings]\nallow = [\"host-index\"]\n{PAGES}{}",
        target(&bucket, "")
    ));
    let run = bucket.run(&site, &["push", "--deny-warnings"]);
    assert_eq!(run.code, 0, "{run}");
}

/// Findings of this name in the JSON of `audit` or `doctor`.
fn findings(run: &Run, name: &str) -> Vec<(String, String)> {
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let text = report.to_string();
    let found = ["findings", "checks"]
        .into_iter()
        .find_map(|list| report[list].as_array().or(report[0][list].as_array()));
    let found = found.unwrap_or_else(|| panic!("{text}"));
    let found = found
        .iter()
        .filter(|finding| finding["kind"] == name || finding["check"] == name);
    let told =
        |finding: &Value, field: &str| finding[field].as_str().unwrap_or_default().to_string();
    found
        .map(|finding| {
            let seen = told(finding, "seen") + &told(finding, "text");
            (told(finding, "verdict"), seen)
        })
        .collect()
}

/// Doctor and audit check whether the host shows the page of a folder.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn doctor_and_audit_probe_folder_pages() {
    let bucket = Bucket::on_rgw();
    let site = linked(&format!(
        "{PAGES}{}",
        target(&bucket, "index = \"index.html\"\n")
    ));
    assert_eq!(bucket.run(&site, &["push"]).code, 0);
    let ask = |command: &[&str]| bucket.run(&site, &[command, &["--json"]].concat());
    let [audited, examined] = [
        findings(&ask(&["audit"]), "host"),
        findings(&ask(&["doctor"]), "index"),
    ];
    assert_eq!(audited.len(), 1, "{audited:?}");
    assert_eq!(
        (audited[0].0.as_str(), examined[0].0.as_str()),
        ("failed", "failed")
    );

    let server = WebServer::before(format!("{}/{}/", bucket.endpoint, bucket.name));
    site.add_config(&format!("public_url = \"{}\"\n", server.url));
    assert_eq!(findings(&ask(&["audit"]), "host"), []);
    assert_eq!(findings(&ask(&["doctor"]), "index")[0].0, "passed");
    let left = bucket.aws(&["s3", "ls", "--recursive", &format!("{}/", bucket.url())]);
    assert!(
        !left.contains("assetsync-doctor"),
        "its page is gone again: {left}"
    );
}

/// A setting of the host that means nothing is a mistake.
#[test]
fn meaningless_host_setting_is_a_mistake() {
    for (line, told) in [
        ("index = \"home.html\"", "but must be `index.html`"),
        ("not_found = \"/404.html\"", "must be a path in the tree"),
    ] {
        let site = Site::new().config(&format!("[target.t]\nurl = \"file:out\"\n{line}\n"));
        let run = site.run(&["push"]);
        assert_eq!(run.code, 2, "{run}");
        assert!(run.stderr.contains(told), "{run}");
        assert!(run.stderr.contains("assetsync.toml:8:"), "{run}");
    }
}

// --- The end of a push

/// A push ends with the address of the front page.
#[test]
fn push_ends_with_front_page_address() {
    let site = linked(&format!(
        "{PAGES}[target.t]\nurl = \"file:out\"\npublic_url = \"https://hunt.example.org/\"\n"
    ));
    let last = |site: &Site| site.ok(&["push"]).lines().last().map(str::to_string);
    let front = Some("front page: https://hunt.example.org/index.html".to_string());
    assert_eq!(last(&site), front);
    assert_eq!(last(&site), front, "of a push that changes nothing, too");
    site.add_config("index = \"index.html\"\n");
    assert_eq!(
        last(&site),
        Some("front page: https://hunt.example.org/".to_string())
    );
    assert_eq!(site.ok(&["push", "-q"]), "");
}

/// The only page is the front page, and the one for errors does not count.
#[test]
fn only_page_is_the_front_page() {
    let site = Site::new()
        .config(&format!("{PAGES}[target.t]\nurl = \"file:out\"\n"))
        .file("404.html", "<!doctype html><title>nothing</title>")
        .file("hunt.html", "<!doctype html><title>hunt</title>");
    assert!(site.ok(&["push"]).ends_with("/out/hunt.html\n"));
    site.write("map.html", "<!doctype html><title>map</title>");
    assert!(
        !site.ok(&["push"]).contains("front page"),
        "either may be it"
    );
}

/// A site without a findable page is told the rule that gives it one.
#[test]
fn site_without_findable_page_is_advised() {
    let site = linked("[target.t]\nurl = \"file:out\"\n");
    let run = site.run(&["push"]);
    assert!(
        run.stderr.contains(
            "All 3 pages have names that can't be guessed, so visitors can't find the site"
        ),
        "{run}"
    );
    assert!(
        !run.stdout.contains("front page"),
        "its address is a secret: {run}"
    );
    assert_eq!(
        run.config_lines(),
        "[[rule]]\nmatch = \"**/*.html\"\nnames = \"plain\"\n"
    );
    site.add_config(&run.config_lines());
    let run = site.run(&["push"]);
    assert!(!run.stderr.contains("No page"), "{run}");
    assert!(run.stdout.contains("front page: "), "{run}");
}

/// Pages of a level stay hidden whoever adds the printed lines.
#[test]
fn printed_rules_spare_level_pages() {
    let site = linked(
        "[[level]]\nname = \"solution\"\nmatch = \"**/solution/**\"\n[target.t]\nurl = \"file:out\"\n",
    )
    .file("puzzle/gears/solution/index.html", "<!doctype html><title>teeth</title>");
    let run = site.run(&["push"]);
    assert_eq!(
        run.config_lines(),
        "[[rule]]\nmatch = \"index.html\"\nnames = \"plain\"\n"
    );
    site.add_config(&run.config_lines());
    assert_eq!(site.run(&["push"]).code, 0);
}

/// A whole site in a keyed folder is told how to find its address.
#[test]
fn keyed_site_shows_its_address_command() {
    let site = linked("[[folder]]\nmatch = \".\"\n[target.t]\nurl = \"file:out\"\n");
    let run = site.run(&["push"]);
    assert!(run.stderr.contains("`assetsync url t index.html`"), "{run}");
    assert!(at_url(&site, "index.html").contains("home"));
}

/// A rule that asks for unguessable names causes no advice.
#[test]
fn explicit_opaque_names_cause_no_advice() {
    let rule = "[[rule]]\nmatch = \"**/*.html\"\nnames = \"opaque\"\n";
    let site = linked(&format!("{rule}[target.t]\nurl = \"file:out\"\n"));
    let run = site.run(&["push"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run}");
}

// --- Web servers

/// A web server that runs until the end of the story.
pub struct Server {
    process: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().expect("it was running");
        self.process.wait().expect("it ended");
    }
}

/// What nginx needs besides the part that is printed.
const NGINX: &str = "daemon off; master_process off; pid FOLDER/nginx.pid; error_log FOLDER/nginx.log; events {}
http {
    access_log off;
    client_body_temp_path FOLDER/nginx-body; proxy_temp_path FOLDER/nginx-proxy; fastcgi_temp_path FOLDER/nginx-fastcgi;
    uwsgi_temp_path FOLDER/nginx-uwsgi; scgi_temp_path FOLDER/nginx-scgi;
    include FOLDER/printed.conf;
}
";

pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it's bound").port()
}

/// What is printed for a server, to the letter.
fn printed(site: &Site, server: &str) -> String {
    let output = site.command(&["init", "--server", server]).output();
    let output = output.expect("it runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// Starts a server with what is printed for it, and nothing else that says what is served.
pub fn serve(site: &Site, server: &str, port: u16) -> Server {
    serve_with(site, server, &printed(site, server), port)
}

fn serve_with(site: &Site, server: &str, printed: &str, port: u16) -> Server {
    let folder = site.path("");
    set_mode(&folder, 0o755);
    let folder = folder.to_str().expect("UTF-8").trim_end_matches('/');
    fs::write(site.path("printed.conf"), printed).expect("written");
    let mut command = Command::new(server);
    match server {
        "nginx" => {
            fs::write(site.path("nginx.conf"), NGINX.replace("FOLDER", folder)).expect("written");
            command.args(["-p", folder, "-c", "nginx.conf", "-e", "nginx.log"]);
        }
        _ => {
            let options = "{\n\tadmin off\n\tauto_https off\n}\n";
            fs::write(site.path("printed.conf"), format!("{options}{printed}")).expect("written");
            command.args(["run", "--adapter", "caddyfile", "--config"]);
            command.arg(site.path("printed.conf")).env("HOME", folder);
        }
    }
    let errors = fs::File::create(site.path("server.log")).expect("created");
    let process = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(errors)
        .spawn()
        .unwrap_or_else(|e| panic!("{server} doesn't run: {e}; `tests/run` installs it"));
    let mut server = Server { process, port };
    let deadline = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        let ended = server.process.try_wait().expect("its state");
        if ended.is_some() || Instant::now() > deadline {
            let log = |name: &str| fs::read_to_string(site.path(name)).unwrap_or_default();
            panic!(
                "it doesn't start: {} {}",
                log("server.log"),
                log("nginx.log")
            );
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    server
}

impl Server {
    fn get(&self, path: &str) -> ureq::http::Response<ureq::Body> {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        let request = ureq::get(&url)
            .config()
            .http_status_as_error(false)
            .max_redirects(0);
        let request = request.max_redirects_will_error(false).build();
        let answer = request.header("accept-encoding", "gzip").call();
        answer.expect("it answers")
    }
}

/// A site with all that a server can get wrong, at this URL.
fn served(url: &str) -> Site {
    let words = "some words that are worth to be packed\n".repeat(40);
    let rules = "[[rule]]\nmatch = \"assets/*\"\nnames = \"fingerprinted\"\n\
        [[rule]]\nmatch = \"feeds/{news,all}.xml\"\nnames = \"plain\"\ncontent_type = \"application/rss+xml; charset=utf-8\"\ncache_control = \"public, max-age=5\"\n\
        [[rule]]\nmatch = \"terms.txt\"\nnames = \"plain\"\nheaders = { \"content-language\" = \"en\" }\n\
        [[rule]]\nmatch = \"packed/*.txt\"\nnames = \"plain\"\nencoding = \"gzip\"\n\
        [[rule]]\nmatch = \"pages/*.gz\"\nnames = \"plain\"\nencoding = \"gzip\"\n\
        [[folder]]\nmatch = \"viewer\"\n";
    let feed = format!("<rss version=\"2.0\"><channel><title>{words}</title></channel></rss>");
    let page = |title: &str| {
        format!(
            "<!doctype html><title>{title}</title><link rel=\"icon\" href=\"data:,\"><p>{words}"
        )
    };
    Site::new()
        .config(&format!(
            "{PAGES}{rules}[target.t]\nurl = \"file:out\"\nstate = \"file:releases\"\npublic_url = \"{url}\"\nnot_found = \"404.html\"\nindex = \"index.html\"\n"
        ))
        .file("index.html", page("home") + "<script type=\"module\" src=\"main.mjs\"></script><a id=\"gears\" href=\"puzzle/gears/\">g</a><a id=\"about\" href=\"about\">a</a>")
        .file("404.html", page("nothing"))
        .file("about.html", page("about"))
        .file("puzzle/gears/index.html", page("gears"))
        .file("main.mjs", "import \"./assets/part-4f2a9c1b.js\";\n")
        .file("assets/part-4f2a9c1b.js", "document.body.dataset.part = \"ran\";\n")
        .file("feeds/news.xml", &feed)
        .file("feeds/all.xml", &feed)
        .file("feeds/old.xml", &feed)
        .file("terms.txt", &words)
        .file("style.css", "p { color: teal }\n".repeat(40))
        .file("data.json", "{\"a\": [1, 2, 3]}")
        .file("map.webmanifest", "{}")
        .file("song.mp3", vec![7; 5000])
        .file("viewer/hunt.wasm.gz", gzipped(b"\0asm\x01\0\0\0"))
        .file("viewer/hunt.framework.js.br", brotlied(b"window.framework = 1;"))
        .file("viewer/hunt.data.gz", gzipped(b"levels"))
        .file("viewer/all.csv.gz", gzipped(b"a;b"))
        .file("hunt.wasm.gz", gzipped(b"\0asm\x01\0\0\0"))
        .file("hunt.framework.js.gz", gzipped(b"window.framework = 1;"))
        .file("drawing.svgz", gzipped(b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>"))
        .file("packed/old.txt", gzipped(b"an old text"))
        .file("pages/old.html.gz", gzipped(b"<!doctype html>an old page"))
        .file("viewer/run.js", "export default 1;\n".repeat(40))
        .file("viewer/img/a.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>")
}

/// A folder behind a web server is served as a bucket would be.
#[test]
fn web_server_serves_like_a_bucket() {
    for name in ["nginx", "caddy"] {
        let port = free_port();
        let site = served(&format!("http://127.0.0.1:{port}/"));
        site.ok(&["push"]);
        let server = serve(&site, name, port);
        let audit = site.run(&["audit", "--all"]);
        assert_eq!(
            (audit.code, audit.stderr.as_str()),
            (0, ""),
            "{name}: {audit}"
        );
        assert!(
            audit.stdout.contains("0 failed, 0 warnings, 0 unknown"),
            "{name}: {audit}"
        );
        let doctor = site.run(&["doctor"]);
        assert_eq!(doctor.code, 0, "{name}: {doctor}");

        let browser = Browser::start();
        for (link, title) in [("gears", "gears"), ("about", "about")] {
            let errors = browser.open(&format!("http://127.0.0.1:{port}/"));
            assert_eq!(errors, Vec::<String>::new(), "{name}");
            browser.wait_for("document.body.dataset.part", "ran");
            browser.value(&format!("document.querySelector('#{link}').click()"));
            browser.wait_for("document.title", title);
        }

        let mut packed = server.get("/terms.txt");
        let header = |answer: &ureq::http::Response<ureq::Body>, name: &str| {
            let value = answer.headers().get(name)?;
            Some(value.to_str().expect("text").to_string())
        };
        assert_eq!(
            header(&packed, "content-encoding").as_deref(),
            Some("gzip"),
            "{name}"
        );
        assert_eq!(
            header(&packed, "vary").as_deref(),
            Some("Accept-Encoding"),
            "{name}"
        );
        assert_eq!(
            header(&packed, "content-language").as_deref(),
            Some("en"),
            "{name}"
        );
        let body = packed.body_mut().read_to_vec().expect("a body");
        assert_eq!(
            gunzip(&body),
            fs::read(site.asset("terms.txt")).expect("there")
        );
        for nothing in ["/_headers", "/.assetsync/", "/none.html", "/puzzle/"] {
            let answer = server.get(nothing);
            assert_eq!(answer.status(), 404, "{name}: {nothing}");
            let caching = header(&answer, "cache-control").unwrap_or_default();
            assert!(
                !caching.contains("31536000"),
                "{name}: {nothing} is kept: {caching}"
            );
        }
    }
}

/// A folder below a path of a web server is served correctly too.
#[test]
fn web_server_works_below_a_path() {
    for name in ["nginx", "caddy"] {
        let port = free_port();
        let url = format!("http://127.0.0.1:{port}/static/");
        let site = served(&url);
        site.ok(&["push"]);
        let server = serve(&site, name, port);
        let audit = site.run(&["audit", "--all"]);
        assert!(
            audit.stdout.contains("0 failed, 0 warnings, 0 unknown"),
            "{name}: {audit}"
        );
        let browser = Browser::start();
        assert_eq!(browser.open(&url), Vec::<String>::new(), "{name}");
        assert_eq!(browser.value("document.title"), "home", "{name}");
        for nothing in ["/static/_headers", "/index.html", "/static/none"] {
            assert_eq!(server.get(nothing).status(), 404, "{name}: {nothing}");
        }
    }
}

/// A server that sends other types is told the configuration that is printed for it.
#[test]
fn wrong_server_types_advise_printed_config() {
    let port = free_port();
    let site = served(&format!("http://127.0.0.1:{port}/"));
    site.ok(&["push"]);
    let printed = printed(&site, "nginx");
    let changed = |from: &str, to: &str| {
        assert!(printed.contains(from), "{from}: {printed}");
        printed.replace(from, to)
    };
    // As a server has it that nobody told: JSON without a charset, and scripts by their former
    // name, do no harm; others do.
    let harmless = changed("application/json; charset=utf-8", "application/json")
        .replace("text/javascript;", "application/javascript;");
    let harmful = changed("text/javascript; charset=utf-8", "text/plain");
    let audit = |text: &str| {
        let _server = serve_with(&site, "nginx", text, port);
        site.run(&["audit", "--all"])
    };
    let run = audit(&harmless);
    assert!(run.stdout.contains("0 failed"), "{run}");
    let run = audit(&harmful);
    assert_eq!(run.code, 3, "{run}");
    let advised = "assetsync init --server nginx t";
    assert!(run.stdout.contains(&format!("`{advised}`")), "{run}");
    let words: Vec<&str> = advised.split(' ').skip(1).collect();
    let output = site.command(&words).output().expect("it runs");
    let run = audit(&String::from_utf8(output.stdout).expect("text"));
    assert_eq!(run.code, 0, "{run}");
}

/// Doctor and audit report a server without pages for folders and errors.
#[test]
fn server_without_pages_fails_checks() {
    let port = free_port();
    let site = served(&format!("http://127.0.0.1:{port}/"));
    site.ok(&["push"]);
    let printed = printed(&site, "nginx");
    let bare = printed
        .replace("    index index.html;\n", "    index none;\n")
        .replace("    error_page 404 /404.html;\n", "");
    let server = serve_with(&site, "nginx", &bare, port);
    let verdicts = |arguments: &[&str], name: &str| -> Vec<String> {
        let found = findings(&site.run(arguments), name).into_iter();
        found.map(|(verdict, _)| verdict).collect()
    };
    assert_eq!(verdicts(&["audit", "--json"], "host"), ["failed", "failed"]);
    for check in ["index", "not-found"] {
        assert_eq!(
            verdicts(&["doctor", "--json"], check),
            ["failed"],
            "{check}"
        );
    }
    drop(server);
    let _server = serve(&site, "nginx", port);
    assert!(verdicts(&["audit", "--json"], "host").is_empty());
    for check in ["index", "not-found"] {
        assert_eq!(
            verdicts(&["doctor", "--json"], check),
            ["passed"],
            "{check}"
        );
    }
    let left = fs::read_dir(site.path("out")).expect("a folder").flatten();
    let mut left = left.map(|entry| entry.file_name().to_string_lossy().into_owned());
    assert!(
        !left.any(|name| name.contains("doctor")),
        "its page is gone again"
    );

    // The page isn't published.
    fs::remove_file(site.asset("404.html")).expect("removed");
    site.ok(&["push"]);
    let told = findings(&site.run(&["audit", "--json"]), "host");
    assert_eq!(
        told,
        [(
            "failed".to_string(),
            "the release doesn't have it".to_string()
        )]
    );
}

/// No configuration is printed for a bucket or for one of several folders.
#[test]
fn server_config_needs_one_folder() {
    let site = Site::new().config("[target.prod]\nurl = \"s3://hunt\"\n");
    let run = site.run(&["init", "--server", "nginx"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("`prod` isn't a folder"), "{run}");
    site.add_config("[target.a]\nurl = \"file:a\"\n");
    assert!(
        site.ok(&["init", "--server", "caddy"]).contains("/a\""),
        "the only folder"
    );
    site.add_config("[target.b]\nurl = \"file:b\"\n");
    let run = site.run(&["init", "--server", "nginx"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(
        run.stderr.contains("`assetsync init --server nginx a`"),
        "{run}"
    );
    assert!(
        site.ok(&["init", "--server", "nginx", "b"])
            .contains("/b\"")
    );
    let run = site.run(&["init", "b"]);
    assert_eq!(run.code, 2, "a target is named for a server: {run}");
}

/// A page for missing names finds its style and its script from every address: also the front page
/// of an app with routes.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn error_page_works_at_any_address() {
    let rules = format!(
        "prefixes = [\"/\"]\nkey_file = \"hunt.key\"\n[[source]]\ndir = \"assets\"\n{PAGES}[[rule]]\nmatch = \"js/*\"\nnames = \"fingerprinted\"\n"
    );
    for page in ["404.html", "index.html"] {
        let bucket = Bucket::on_rgw();
        let cdn = WebServer::with_error_page(format!("{}/{}/", bucket.endpoint, bucket.name), page);
        let host = format!("public_url = \"{}\"\nnot_found = \"{page}\"\n", cdn.url);
        let site = Site::new()
            .raw_config(&format!("{rules}{}", target(&bucket, &host)))
            .file(
                page,
                r#"<!doctype html><title>gone</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/css/style.css"><p>gone<script type="module" src="/js/main-C7pQ2kLm.js"></script>"#,
            )
            .file("css/style.css", "p { color: rgb(1, 2, 3) }")
            .file("js/main-C7pQ2kLm.js", "document.title = location.pathname")
            .file("other.html", "<a href=\"other.html\">other</a>");
        let run = bucket.run(&site, &["push", "--deny-warnings"]);
        assert_eq!(run.code, 0, "{run}");
        let browser = Browser::start();
        browser.open(&format!("{}puzzle/no/such/page", cdn.url));
        let color = browser.value("getComputedStyle(document.querySelector('p')).color");
        assert_eq!(color, "rgb(1, 2, 3)", "{page}: {:?}", cdn.asked());
        browser.wait_for("document.title", "/puzzle/no/such/page");
    }
}

/// A page that is called otherwise is one for missing names if the target says so.
#[test]
fn only_named_error_page_keeps_top() {
    let style = |config: &str| {
        let site = Site::new()
            .raw_config(config)
            .file(
                "gone.html",
                r#"<link rel="stylesheet" href="/css/style.css">"#,
            )
            .file("css/style.css", "p { color: red }");
        site.ok(&["push"]);
        let page = String::from_utf8_lossy(&site.published("out")["gone.html"]).into_owned();
        page.contains("href=\"/")
    };
    let config = |host: &str| {
        format!(
            "prefixes = [\"/\"]\nkey_file = \"hunt.key\"\n[[source]]\ndir = \"assets\"\n{PAGES}[target.t]\nurl = \"file:out\"\n{host}"
        )
    };
    assert!(!style(&config("")));
    assert!(style(&config("not_found = \"gone.html\"\n")));
}
