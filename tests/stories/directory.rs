//! A published folder in the hands of those who serve it: nginx, WhiteNoise and Django.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::support::{Site, from_test_command, gunzip};
use crate::tree::ODD_NAMES;

/// Plain pages of every odd name, and keyed files of three kinds.
fn hunt() -> Site {
    let rule =
        "[[rule]]\nmatch = \"**/*.html\"\nnames = \"plain\"\n[target.local]\nurl = \"file:out\"\n";
    let site = ODD_NAMES
        .iter()
        .fold(Site::new().config(rule), |site, name| {
            site.file(name, format!("<p>{name}</p>").repeat(40))
        });
    site.file("style.css", "body { color: teal }\n".repeat(40))
        .file("img/map.png", b"\x89PNG\r\n\x1a\n a map")
        .file("empty.css", "")
}

/// The path below the published folder at which browsers ask for a file.
fn url_path(site: &Site, path: &str) -> String {
    let printed = site.ok(&[
        "url",
        "--public-url",
        "https://cdn.example.org/",
        "--",
        path,
    ]);
    let path = printed.trim_end().strip_prefix("https://cdn.example.org");
    path.expect("below the site").to_string()
}

#[derive(Debug, Deserialize)]
struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    #[serde(deserialize_with = "from_hex")]
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

fn from_hex<'de, D: serde::Deserializer<'de>>(hex: D) -> Result<Vec<u8>, D::Error> {
    let hex = String::deserialize(hex)?;
    Ok(data_encoding::HEXLOWER.decode(hex.as_bytes()).expect("hex"))
}

// --- nginx

/// What a server needs for a published folder, and what a story needs besides.
const NGINX: &str = r#"
daemon off;
master_process off;
pid FOLDER/nginx.pid;
error_log FOLDER/nginx.log;
events {}
http {
    access_log off;
    client_body_temp_path FOLDER/nginx-body;
    proxy_temp_path FOLDER/nginx-proxy;
    fastcgi_temp_path FOLDER/nginx-fastcgi;
    uwsgi_temp_path FOLDER/nginx-uwsgi;
    scgi_temp_path FOLDER/nginx-scgi;
    types {
        text/html html;
        text/css  css;
        image/png png;
    }
    charset utf-8;
    charset_types text/css;
    server {
        listen unix:FOLDER/nginx.socket;
        root FOLDER/out;
        gzip_static on;
        gzip_vary on;
        location ~ "[a-z2-7]{26}\.[a-z0-9]+$" {
            add_header Cache-Control "public, max-age=31536000, immutable";
        }
        location / {
            add_header Cache-Control "public, max-age=60";
        }
        location = /_headers { return 404; }
    }
}
"#;

/// A real nginx on a socket of its own, until the end of the story.
struct Nginx {
    process: Child,
    socket: PathBuf,
}

impl Nginx {
    fn serve(site: &Site) -> Nginx {
        let folder = site.path("");
        let folder = folder.to_str().expect("UTF-8").trim_end_matches('/');
        fs::write(site.path("nginx.conf"), NGINX.replace("FOLDER", folder)).expect("written");
        let process = Command::new("nginx")
            .args(["-p", folder, "-c", "nginx.conf", "-e", "nginx.log"])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nginx isn't here; run `tests/run`, which installs it");
        let mut nginx = Nginx {
            process,
            socket: site.path("nginx.socket"),
        };
        let deadline = Instant::now() + Duration::from_secs(20);
        while UnixStream::connect(&nginx.socket).is_err() {
            let ended = nginx.process.try_wait().expect("its state");
            if ended.is_some() || Instant::now() > deadline {
                let log = fs::read_to_string(site.path("nginx.log"));
                panic!("nginx doesn't start: {ended:?}, {log:?}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        nginx
    }

    fn get(&self, path: &str, accept_encoding: &str) -> Answer {
        let mut stream = UnixStream::connect(&self.socket).expect("connected");
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept-Encoding: {accept_encoding}\r\n\r\n"
        )
        .expect("sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        let end = answer
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .expect("headers");
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        let (status, headers) = head.split_once("\r\n").expect("a status line");
        let headers = headers
            .lines()
            .map(|line| line.split_once(": ").expect("a header"));
        Answer {
            status: status
                .split(' ')
                .nth(1)
                .expect("a status")
                .parse()
                .expect("a number"),
            headers: headers
                .map(|(name, value)| (name.to_lowercase(), value.to_string()))
                .collect(),
            body: answer[end + 4..].to_vec(),
        }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        self.process.kill().expect("it was running");
        self.process.wait().expect("it ended");
    }
}

/// nginx serves every file by its URL, compressed where it was.
#[test]
fn nginx_serves_every_published_file() {
    let site = hunt();
    site.ok(&["push"]);
    let nginx = Nginx::serve(&site);
    for path in ODD_NAMES
        .iter()
        .chain(&["style.css", "img/map.png", "empty.css"])
    {
        let url = url_path(&site, path);
        let source = fs::read(site.asset(path)).expect("readable");
        let is_gzipped = source.len() > 100;
        let is_plain = path.ends_with(".html");

        let gzipped = nginx.get(&url, "gzip");
        assert_eq!(gzipped.status, 200, "{path} at {url}");
        assert_eq!(
            gzipped.header("content-encoding"),
            is_gzipped.then_some("gzip"),
            "{path}"
        );
        assert_eq!(
            gzipped.header("vary"),
            Some("Accept-Encoding").filter(|_| is_gzipped)
        );
        let content = if is_gzipped {
            gunzip(&gzipped.body)
        } else {
            gzipped.body
        };
        assert!(content == source, "{path}");

        let whole = nginx.get(&url, "identity");
        assert_eq!(
            (whole.status, whole.header("content-encoding")),
            (200, None),
            "{path}"
        );
        assert!(whole.body == source, "{path}");
        let caching = if is_plain {
            "public, max-age=60"
        } else {
            "public, max-age=31536000, immutable"
        };
        assert_eq!(whole.header("cache-control"), Some(caching), "{path}");
    }
    for private in ["/", "/team/", "/_headers"] {
        assert!(nginx.get(private, "gzip").status >= 400, "{private}");
    }
}

/// A page that no longer shrinks is not served from its old `.gz`.
#[test]
fn stale_gz_is_not_served() {
    let site = hunt().file("team/news.html", "<p>old news</p>".repeat(40));
    site.ok(&["push"]);
    let nginx = Nginx::serve(&site);
    assert_eq!(
        nginx
            .get("/team/news.html", "gzip")
            .header("content-encoding"),
        Some("gzip")
    );
    site.write("team/news.html", "<p>new</p>");
    site.ok(&["push"]);
    assert_eq!(nginx.get("/team/news.html", "gzip").body, b"<p>new</p>");
    site.write("team/news.html", "<p>newer</p>".repeat(40));
    site.ok(&["push"]);
    assert_eq!(
        gunzip(&nginx.get("/team/news.html", "gzip").body),
        "<p>newer</p>".repeat(40).as_bytes()
    );
}

// --- WhiteNoise and Django

/// Runs a script of tests/support with the Python that has Django and WhiteNoise; returns its
/// lines.
fn python(script: &str, arguments: &[&str]) -> Vec<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/support")
        .join(script);
    let output = Command::new(from_test_command("ASSETSYNC_TEST_PYTHON"))
        .arg(script)
        .args(arguments)
        .output()
        .expect("Python runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let lines = String::from_utf8(output.stdout).expect("text");
    lines.lines().map(str::to_string).collect()
}

fn whitenoise(site: &Site, accept_encoding: &str, path: &str) -> Answer {
    let folder = site.path("out");
    let folder = folder.to_str().expect("UTF-8");
    let lines = python("whitenoise_serves.py", &[folder, accept_encoding, path]);
    serde_json::from_str(&lines[0]).expect("JSON")
}

/// WhiteNoise serves the compressed variant of a keyed file and caches it for ever.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn whitenoise_serves_and_caches_gzip() {
    let site = hunt();
    site.ok(&["push"]);
    let style = url_path(&site, "style.css");
    let source = fs::read(site.asset("style.css")).expect("readable");

    let gzipped = whitenoise(&site, "gzip, br", &style);
    assert_eq!(
        (gzipped.status, gzipped.header("content-encoding")),
        (200, Some("gzip"))
    );
    assert_eq!(
        gzipped.header("content-type"),
        Some("text/css; charset=\"utf-8\"")
    );
    assert!(gunzip(&gzipped.body) == source);
    let caching = gzipped.header("cache-control").expect("a header");
    assert!(caching.contains("immutable"), "{caching}");

    let whole = whitenoise(&site, "identity", &style);
    assert_eq!(
        (whole.status, whole.header("content-encoding")),
        (200, None)
    );
    assert!(whole.body == source);

    let page = whitenoise(&site, "gzip", "/team/what?.html");
    assert_eq!(
        (page.status, page.header("content-encoding")),
        (200, Some("gzip"))
    );
    let caching = page.header("cache-control").expect("a header");
    assert!(!caching.contains("immutable"), "{caching}");
}

/// Django finds every object by the manifest.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn django_finds_objects_by_manifest() {
    let site = hunt();
    site.ok(&["push"]);
    site.ok(&[
        "manifest",
        "--format",
        "django",
        "--out",
        "build/staticfiles.json",
    ]);
    let build = site.path("build");
    // Django itself takes `?`, `#` and `%` in a path for parts of a URL.
    let paths: Vec<&str> = ["style.css", "img/map.png", "empty.css"]
        .into_iter()
        .chain(
            ODD_NAMES
                .iter()
                .copied()
                .filter(|name| !name.contains(['?', '#', '%'])),
        )
        .collect();
    let urls = python(
        "django_reads_manifest.py",
        &[&[build.to_str().expect("UTF-8")], paths.as_slice()].concat(),
    );
    let expected: Vec<String> = paths
        .iter()
        .map(|path| format!("https://cdn.example.org/static{}", url_path(&site, path)))
        .collect();
    let decoded = |urls: &[String]| -> Vec<String> {
        let decode = |url: &String| {
            percent_encoding::percent_decode_str(url)
                .decode_utf8_lossy()
                .into_owned()
        };
        urls.iter().map(decode).collect()
    };
    assert_eq!(decoded(&urls), decoded(&expected));
}

// --- What the folder tells strangers

/// Whoever serves the whole folder, as WhiteNoise does, serves its lists too.
#[test]
fn published_files_list_no_names() {
    let site = hunt();
    site.ok(&["push"]);
    let keyed: Vec<String> = ["style.css", "img/map.png", "empty.css"]
        .iter()
        .map(|path| url_path(&site, path)[1..27].to_string())
        .collect();
    for entry in walkdir::WalkDir::new(site.path("out")) {
        let entry = entry.expect("readable");
        if !entry.file_type().is_file() {
            continue;
        }
        let text = fs::read(entry.path()).expect("readable");
        let text = String::from_utf8_lossy(&text);
        for token in &keyed {
            assert!(
                !text.contains(token.as_str()),
                "{token} in {}",
                entry.path().display()
            );
        }
    }
}

/// What the release knows of a plain page is its gzipped copy; the folder has the page as it is.
#[test]
fn going_live_warns_of_missing_page() {
    let rule =
        "[[rule]]\nmatch = \"**/*.html\"\nnames = \"plain\"\n[target.local]\nurl = \"file:out\"\n";
    let site = Site::new()
        .config(rule)
        .file("index.html", "<p>Welcome</p>".repeat(40));
    site.ok(&["push"]);
    let on = site.run(&["live", "on"]);
    assert!(!on.stderr.contains("warning"), "{on}");
    site.ok(&["live", "off"]);
    fs::remove_file(site.path("out/index.html")).expect("it's there");
    let on = site.run(&["live", "on"]);
    assert!(
        on.stderr.contains("is missing or changed in the target"),
        "{on}"
    );
}
