//! What the web is made of, for stories: a server of a published folder, and a real browser.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde_json::{Value, json};

/// Serves a folder or a bucket on loopback, and remembers what it was asked for.
pub struct WebServer {
    pub url: String,
    asked: Arc<Mutex<BTreeMap<String, u16>>>,
}

/// What a server has at a path.
struct Content {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl WebServer {
    /// Types are those of the extensions, as a bucket would have them from the push.
    pub fn of(folder: PathBuf) -> WebServer {
        WebServer::from(move |file| in_folder(&folder, file))
    }

    /// As a CDN before a bucket: it shows `index.html` of a folder, and everything else as the
    /// bucket has it. `url` ends in a slash.
    pub fn before(url: String) -> WebServer {
        WebServer::from(move |file| in_bucket(&format!("{url}{file}")))
    }

    /// The same, with this page for missing names.
    pub fn with_error_page(url: String, page: &'static str) -> WebServer {
        WebServer::from(move |file| match in_bucket(&format!("{url}{file}")) {
            found if found.status < 400 => found,
            _ => Content {
                status: 404,
                ..in_bucket(&format!("{url}{page}"))
            },
        })
    }

    fn from(content: impl Fn(&str) -> Content + Clone + Send + 'static) -> WebServer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/", listener.local_addr().expect("it's bound"));
        let asked = Arc::new(Mutex::new(BTreeMap::new()));
        let log = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (content, log) = (content.clone(), Arc::clone(&log));
                thread::spawn(move || serve(stream, content, &log));
            }
        });
        WebServer { url, asked }
    }

    /// Every path that was asked for, with the status it got.
    pub fn asked(&self) -> BTreeMap<String, u16> {
        self.asked.lock().expect("nobody panicked").clone()
    }
}

fn in_folder(folder: &Path, file: &str) -> Content {
    let (status, body) = match fs::read(folder.join(file)) {
        Ok(body) => (200, body),
        Err(_) => (404, b"not found".to_vec()),
    };
    let extension = file.rsplit_once('.').map(|(_, extension)| extension);
    let content_type = assetsync::testing::media::content_type(extension);
    Content {
        status,
        headers: vec![("Content-Type", content_type)],
        body,
    }
}

fn in_bucket(url: &str) -> Content {
    let url = utf8_percent_encode(url, IN_URLS).to_string();
    let answer = ureq::get(&url)
        .config()
        .http_status_as_error(false)
        .build()
        .header("accept-encoding", "identity")
        .call();
    let mut answer = answer.expect("the bucket answers");
    let passed = ["Content-Type", "Content-Encoding", "Cache-Control"];
    let headers = passed.into_iter().filter_map(|name| {
        let value = answer.headers().get(name)?.to_str().ok()?;
        Some((name, value.to_string()))
    });
    Content {
        status: answer.status().as_u16(),
        headers: headers.collect(),
        body: answer.body_mut().read_to_vec().expect("it has a body"),
    }
}

/// What isn't written as it is in a path.
const IN_URLS: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b']')
    .add(b'%')
    .add(b'?')
    .add(b'#');

fn serve(stream: TcpStream, content: impl Fn(&str) -> Content, log: &Mutex<BTreeMap<String, u16>>) {
    let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
    // A browser opens connections that it may not use.
    let Some(first) = lines.next() else { return };
    lines.take_while(|line| !line.is_empty()).for_each(drop);
    let path = first
        .split(' ')
        .nth(1)
        .unwrap_or("/")
        .split('?')
        .next()
        .unwrap_or("/");
    let file = percent_decode_str(path.trim_start_matches('/'))
        .decode_utf8_lossy()
        .into_owned();
    // As every host of static sites does.
    let file = if file.ends_with('/') || file.is_empty() {
        format!("{file}index.html")
    } else {
        file
    };
    let Content {
        status,
        headers,
        body,
    } = content(&file);
    log.lock()
        .expect("nobody panicked")
        .insert(path.to_string(), status);
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let head = format!(
        "HTTP/1.1 {status} .\r\n{headers}Content-Length: {}\r\nAccess-Control-Allow-Origin: *\r\nConnection: close\r\n\r\n",
        body.len()
    );
    // Whoever hangs up gets nothing.
    let _ = (&stream).write_all(&[head.as_bytes(), &body].concat());
}

/// A headless Chromium, driven by chromedriver (WebDriver, <https://www.w3.org/TR/webdriver2/>).
pub struct Browser {
    driver: Child,
    session: String,
}

/// How often chromedriver is started until it has a port.
const STARTS_MAX: usize = 5;

/// A chromedriver, and its port; none if it found none.
fn driver() -> Option<(Child, u16)> {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver starts: tests/run installs it (Debian's package chromium-driver)");
    let mut lines = BufReader::new(driver.stdout.take().expect("it's piped"))
        .lines()
        .map_while(Result::ok);
    let port = lines.find_map(|line| {
        let (_, port) = line.rsplit_once("started successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    });
    let Some(port) = port else {
        driver.wait().expect("it has ended");
        return None;
    };
    // It ends when nobody listens to it any more.
    thread::spawn(move || lines.for_each(drop));
    Some((driver, port))
}

impl Browser {
    pub fn start() -> Browser {
        // It takes a port of IPv4 first, and ends if somebody has that of IPv6.
        let (driver, port) = (0..STARTS_MAX)
            .find_map(|_| driver())
            .expect("chromedriver says where it listens");
        let root = format!("http://127.0.0.1:{port}/session");
        let options = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": { "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader", "--disable-dev-shm-usage"] },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let answer = post(&root, &options);
        let id = answer["value"]["sessionId"]
            .as_str()
            .expect("a session starts")
            .to_string();
        Browser {
            driver,
            session: format!("{root}/{id}"),
        }
    }

    /// Opens `url`, and waits until the page says in `document.title` that it's done. Returns the
    /// title, and what [`Browser::errors`] says.
    pub fn visit(&self, url: &str) -> (String, Vec<String>) {
        post(&format!("{}/url", self.session), &json!({ "url": url }));
        let until = Instant::now() + Duration::from_secs(30);
        let title = loop {
            let title = get(&format!("{}/title", self.session))["value"]
                .as_str()
                .expect("a title")
                .to_string();
            if title.starts_with("done") || title.starts_with("failed") || Instant::now() > until {
                break title;
            }
            thread::sleep(Duration::from_millis(100));
        };
        (title, self.errors())
    }

    /// Opens `url`, and waits until it's loaded and a moment longer, for what its scripts do then.
    /// Returns what [`Browser::errors`] says.
    pub fn open(&self, url: &str) -> Vec<String> {
        // It answers when the page has had its `load` event.
        post(&format!("{}/url", self.session), &json!({ "url": url }));
        thread::sleep(Duration::from_millis(300));
        self.errors()
    }

    /// Whatever stands in the console since the last look but plain output: errors, failed
    /// requests.
    pub fn errors(&self) -> Vec<String> {
        let log = post(
            &format!("{}/se/log", self.session),
            &json!({ "type": "browser" }),
        );
        let entries = log["value"].as_array().expect("entries").iter();
        let errors =
            entries.filter(|entry| matches!(entry["level"].as_str(), Some("SEVERE" | "WARNING")));
        let messages = errors.map(|entry| entry["message"].to_string());
        // Of a machine without a graphics card.
        messages
            .filter(|message| !message.contains("GL Driver Message"))
            .collect()
    }

    /// Waits until an expression in the page that is open has this value.
    #[track_caller]
    pub fn wait_for(&self, expression: &str, wanted: &str) {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let value = self.value(expression);
            if value == wanted {
                return;
            }
            assert!(
                Instant::now() < until,
                "{expression} is {value}, and not {wanted}: {:?}",
                self.errors()
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// The value of an expression in the page that is open.
    pub fn value(&self, expression: &str) -> Value {
        let script = json!({ "script": format!("return {expression}"), "args": [] });
        post(&format!("{}/execute/sync", self.session), &script)["value"].clone()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The story's own failure matters more than how the browser ends.
        let _ = ureq::delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn post(url: &str, body: &Value) -> Value {
    let mut answer = ureq::post(url)
        .config()
        .http_status_as_error(false)
        .build()
        .header("content-type", "application/json")
        .send(body.to_string())
        .expect("chromedriver answers");
    read(answer.body_mut())
}

fn get(url: &str) -> Value {
    let mut answer = ureq::get(url).call().expect("chromedriver answers");
    read(answer.body_mut())
}

fn read(body: &mut ureq::Body) -> Value {
    let text = body
        .with_config()
        .limit(64 << 20)
        .read_to_string()
        .expect("text");
    serde_json::from_str(&text).expect("JSON")
}
