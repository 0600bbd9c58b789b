//! What a server between visitors and the files can do to them; and a folder's files themselves.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

use super::published::{Published, Sign, found, site};
use crate::support::{Run, Site, set_mode};

/// What the server does that it shouldn't.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    DropsContentEncoding,
    NeverCompresses,
    KeepsAbsence,
    ChangesPages,
    SetsCookies,
    RedirectsToHttp,
    IgnoresRanges,
    AnswersWithThePage,
    SuggestsNames,
    HasNothing,
    KeepsPagesLonger,
    ForgetsTypes,
}

/// What is right for each file: its type and caching.
type Right = BTreeMap<String, (String, String)>;

/// Serves a folder with the headers that it was published with, but for the fault.
struct Careless {
    url: String,
    fault: Arc<Mutex<(Fault, Right)>>,
}

impl Careless {
    fn of(folder: impl Fn() -> PathBuf + Send + Sync + 'static) -> Careless {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/", listener.local_addr().expect("it's bound"));
        let fault = Arc::new(Mutex::new((Fault::None, Right::new())));
        let (shared, folder) = (Arc::clone(&fault), Arc::new(folder));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (fault, right) = shared.lock().expect("nobody panicked").clone();
                let folder = Arc::clone(&folder);
                thread::spawn(move || serve(&stream, &folder(), fault, &right));
            }
        });
        Careless { url, fault }
    }

    fn set(&self, fault: Fault, right: &Right) {
        *self.fault.lock().expect("nobody panicked") = (fault, right.clone());
    }
}

fn serve(stream: &TcpStream, folder: &Path, fault: Fault, right: &Right) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let Some(first) = lines.next() else { return };
    let asked: BTreeMap<String, String> = lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_lowercase(), value.trim().to_string()))
        })
        .collect();
    let mut words = first.split(' ');
    let is_head = words.next() == Some("HEAD");
    let key = words.next().unwrap_or_default().trim_start_matches('/');
    let (status, headers, body) = answer(folder, key, &asked, fault, right);
    let mut head = format!(
        "HTTP/1.1 {status} .\r\ncontent-length: {}\r\nconnection: close\r\n",
        body.len()
    );
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    let body = if is_head { Vec::new() } else { body };
    // Whoever hangs up gets nothing.
    let _ = { stream }.write_all(&[head.as_bytes(), b"\r\n", &body].concat());
}

fn answer(
    folder: &Path,
    key: &str,
    asked: &BTreeMap<String, String>,
    fault: Fault,
    right: &Right,
) -> (u16, Vec<(&'static str, String)>, Vec<u8>) {
    if fault == Fault::RedirectsToHttp {
        return (
            301,
            vec![("location", format!("http://old.example/{key}"))],
            Vec::new(),
        );
    }
    let file = match fault {
        Fault::HasNothing => folder.join("nowhere").join(key),
        _ => folder.join(key),
    };
    let (Some((content_type, caching)), Ok(content)) = (right.get(key), fs::read(file)) else {
        let caching = match fault {
            Fault::KeepsAbsence => "public, max-age=31536000",
            _ => "no-store",
        };
        let body = match fault {
            Fault::SuggestsNames => right.keys().cloned().collect::<Vec<_>>().join("\n"),
            _ => "not here".to_string(),
        };
        let status = if fault == Fault::AnswersWithThePage {
            200
        } else {
            404
        };
        return (
            status,
            vec![("cache-control", caching.to_string())],
            body.into_bytes(),
        );
    };
    let is_page = content_type.starts_with("text/html");
    let content_type = match fault {
        Fault::ForgetsTypes => "application/octet-stream",
        _ => content_type,
    };
    let caching = match fault {
        Fault::KeepsPagesLonger => "public, max-age=31536000",
        _ => caching,
    };
    let mut headers = vec![
        ("content-type", content_type.to_string()),
        ("cache-control", caching.to_string()),
    ];
    if fault == Fault::SetsCookies {
        headers.push(("set-cookie", "visitor=1".to_string()));
    }
    let takes_gzip = asked
        .get("accept-encoding")
        .is_some_and(|value| value.contains("gzip"));
    let gz = fs::read(folder.join(format!("{key}.gz")));
    if let (true, Ok(gz), true) = (takes_gzip, gz, fault != Fault::NeverCompresses) {
        if fault != Fault::DropsContentEncoding {
            headers.push(("content-encoding", "gzip".to_string()));
        }
        if !(is_page && fault == Fault::ChangesPages) {
            return (200, headers, gz);
        }
        headers.pop();
    }
    let mut body = content;
    if is_page && fault == Fault::ChangesPages {
        body.extend_from_slice(b"<script src=\"//count.example\"></script>");
    }
    let range = asked.get("range").and_then(|range| {
        let (from, to) = range.strip_prefix("bytes=")?.split_once('-')?;
        Some((from.parse::<usize>().ok()?, to.parse::<usize>().ok()?))
    });
    match range.filter(|_| fault != Fault::IgnoresRanges) {
        Some((from, to)) => {
            headers.push(("content-range", format!("bytes {from}-{to}/{}", body.len())));
            (206, headers, body[from..=to].to_vec())
        }
        None => (200, headers, body),
    }
}

/// A hunt in a folder, which a careless server shows.
struct Hunt {
    site: Site,
    server: Careless,
    right: Right,
    keys: BTreeMap<String, String>,
}

impl Published for Hunt {
    fn run(&self, arguments: &[&str]) -> Run {
        self.site.run(arguments)
    }
}

impl Hunt {
    fn published() -> Hunt {
        let folder = Arc::new(Mutex::new(PathBuf::new()));
        let shared = Arc::clone(&folder);
        let server = Careless::of(move || shared.lock().expect("nobody panicked").clone());
        let site = site(&format!(
            "[target.prod]\nurl = \"file:out\"\npublic_url = \"{}\"\n",
            server.url
        ));
        *folder.lock().expect("nobody panicked") = site.path("out");
        site.ok(&["push", "prod"]);
        let manifest = site.ok(&["manifest", "--live", "--target", "prod"]);
        let manifest: Value = serde_json::from_str(&manifest).expect("JSON");
        let objects = manifest["objects"].as_object().expect("objects");
        let text = |value: &Value| value.as_str().expect("text").to_string();
        let right = objects.values().map(|object| {
            let headers = (
                text(&object["content_type"]),
                text(&object["cache_control"]),
            );
            (text(&object["key"]), headers)
        });
        let right: Right = right.collect();
        let mut hunt = Hunt {
            site,
            server,
            right,
            keys: BTreeMap::new(),
        };
        hunt.keys = hunt.keys();
        hunt
    }

    fn file(&self, path: &str) -> PathBuf {
        self.site.path("out").join(&self.keys[path])
    }
}

/// Everything that a server in between does to files is reported.
#[test]
fn server_interference_is_reported() {
    use Fault::*;
    let hunt = Hunt::published();
    for (fault, kind, path, says, code) in [
        (
            DropsContentEncoding,
            "encoding",
            "app.css",
            "but `content-encoding` doesn't say so",
            3,
        ),
        (NeverCompresses, "encoding", "app.css", "not compressed", 0),
        (KeepsAbsence, "not-found", "", "cached for 31536000 s", 3),
        (ChangesPages, "content", "index.html", "bytes", 3),
        (SetsCookies, "cookie", "map.png", "set-cookie", 0),
        (
            RedirectsToHttp,
            "redirect",
            "map.png",
            "http://old.example/",
            3,
        ),
        (
            IgnoresRanges,
            "range",
            "song.mp3",
            "audio and video can't seek",
            0,
        ),
        (
            AnswersWithThePage,
            "held",
            "solution/answer.html",
            "anyone who knows its name can read it",
            3,
        ),
        (SuggestsNames, "not-found", "", "names other objects", 3),
        (
            HasNothing,
            "unreadable",
            "",
            "strangers can't read any of the 5 objects checked: 404",
            3,
        ),
        (
            KeepsPagesLonger,
            "headers",
            "index.html",
            "max-age=31536000",
            3,
        ),
        (
            ForgetsTypes,
            "headers",
            "app.css",
            "application/octet-stream",
            3,
        ),
    ] {
        hunt.server.set(fault, &hunt.right);
        let (exit_code, report) = hunt.audit(&[]);
        let findings = found(&report);
        assert_eq!(exit_code, code, "{fault:?}: {report:#}");
        assert!(
            findings.iter().all(|f| f["address"] == "public-url"),
            "{fault:?}: {report:#}"
        );
        let path = Option::Some(path).filter(|path| !path.is_empty());
        let sign = Sign { kind, path, says };
        sign.find(&format!("{fault:?}"), &report);
    }
    hunt.server.set(None, &hunt.right);
    let (code, report) = hunt.audit(&[]);
    assert_eq!((code, &report["findings"]), (0, &json!([])), "{report:#}");
}

struct Damage {
    sign: Sign,
    done: fn(&Hunt),
}

const fn damage(
    kind: &'static str,
    path: &'static str,
    says: &'static str,
    done: fn(&Hunt),
) -> Damage {
    let path = Some(path);
    let sign = Sign { kind, path, says };
    Damage { sign, done }
}

const DAMAGES: [Damage; 9] = [
    damage("missing", "map.png", "missing", |hunt| {
        fs::remove_file(hunt.file("map.png")).expect("gone")
    }),
    damage("content", "other.png", "15 different bytes", |hunt| {
        fs::write(hunt.file("other.png"), "ANOTHER PICTURE").expect("written")
    }),
    damage("content", "index.html", "15 bytes", |hunt| {
        fs::write(hunt.file("index.html"), "<h1>Hacked</h1>").expect("written")
    }),
    damage("encoding", "app.css", "different content", |hunt| {
        fs::write(gz(hunt, "app.css"), "not gzip").expect("written")
    }),
    damage("encoding", "app.css", "no `.gz`", |hunt| {
        fs::remove_file(gz(hunt, "app.css")).expect("gone")
    }),
    damage("encoding", "map.png", "a `.gz` next to it", |hunt| {
        fs::write(gz(hunt, "map.png"), "not a map").expect("written");
    }),
    damage("acl", "map.png", "mode 0600: a web server", |hunt| {
        set_mode(&hunt.file("map.png"), 0o600)
    }),
    damage("acl", "map.png", "mode 0664: users other", |hunt| {
        set_mode(&hunt.file("map.png"), 0o664)
    }),
    damage("acl", "app.css", "mode 0600: a web server", |hunt| {
        set_mode(&gz(hunt, "app.css"), 0o600)
    }),
];

/// Damage to the files of a folder is found and repaired.
#[test]
fn damaged_folder_files_are_repaired() {
    let hunt = Hunt::published();
    hunt.server.set(Fault::None, &hunt.right);
    for Damage { sign, done } in &DAMAGES {
        done(&hunt);
        let what = format!("{sign:?}");
        let (_, report) = hunt.audit(&[]);
        let it = sign.find(&what, &report);
        assert_eq!(it["address"], "storage", "{it:#}");
        let (code, after) = hunt.audit(&["--repair", "--yes"]);
        assert_eq!(
            (code, &after["findings"]),
            (0, &json!([])),
            "{what}: {after:#}"
        );
        hunt.is_clean(&what);
    }
}

/// Hosts that read `_headers` serve by it; and no server looks into a folder that's closed to it.
#[test]
fn folder_headers_and_modes_are_repaired() {
    let hunt = Hunt::published();
    hunt.server.set(Fault::None, &hunt.right);
    let headers = hunt.site.path("out/_headers");
    let text = fs::read_to_string(&headers).expect("it's there");
    for (damaged, says) in [
        (
            text.replace("image/png", "text/plain"),
            "first at `content-type: image/png`",
        ),
        (String::new(), "`_headers` differs"),
    ] {
        fs::write(&headers, damaged).expect("written");
        headers_are_put_right(&hunt, says);
        assert_eq!(fs::read_to_string(&headers).expect("it's there"), text);
    }
    fs::remove_file(&headers).expect("gone");
    headers_are_put_right(&hunt, "no `_headers`");

    for (mode, says) in [
        (0o700, "1 folder that a web server"),
        (0o777, "1 folder that every user"),
    ] {
        set_mode(&hunt.site.path("out"), mode);
        let (kind, path) = ("acl", None);
        let (_, report) = hunt.audit(&[]);
        let fix = Sign { kind, path, says }.find(says, &report)["fix"].clone();
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", fix.as_str().expect("text")]);
        shell.current_dir(hunt.site.path(""));
        assert!(shell.status().expect("it runs").success(), "{fix}");
        hunt.is_clean(says);
    }
}

fn headers_are_put_right(hunt: &Hunt, says: &str) {
    let (code, report) = hunt.audit(&[]);
    assert_eq!(code, 3, "{report:#}");
    let it = found(&report)[0];
    assert_eq!(
        (&it["kind"], &it["fix"]),
        (&json!("headers"), &json!("assetsync push prod"))
    );
    assert!(
        it["seen"].as_str().is_some_and(|seen| seen.contains(says)),
        "{it:#}"
    );
    hunt.ok(&["push", "prod"]);
    hunt.is_clean(says);
}

fn gz(hunt: &Hunt, path: &str) -> PathBuf {
    let file = hunt.file(path);
    let mut name = file.into_os_string();
    name.push(".gz");
    name.into()
}

/// A file in the folder that no release knows is reported.
#[test]
fn stray_file_in_folder_is_reported() {
    let hunt = Hunt::published();
    hunt.server.set(Fault::None, &hunt.right);
    fs::write(hunt.site.path("out/notes.txt"), "who put me here?").expect("written");
    let (code, report) = hunt.audit(&[]);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(found(&report)[0]["kind"], "stray", "{report:#}");
}
