//! Buckets on the real S3 servers that `tests/run` starts: Ceph's radosgw and moto.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use object_store::aws::{AwsAuthorizer, AwsCredential};
use object_store::client::{HttpRequest, HttpRequestBody};
use sha2::{Digest, Sha256};

use super::web::Browser;
use super::{Site, from_test_command};

/// A server, and a bucket of this story's own on it.
pub struct Bucket {
    pub endpoint: String,
    pub name: String,
    /// The server asks nobody for credentials, so that strangers can list.
    pub is_exposed: bool,
}

/// An answer to a request that a story makes itself.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Bucket {
    /// On Ceph's radosgw.
    pub fn on_rgw() -> Bucket {
        Bucket::make(from_test_command("ASSETSYNC_TEST_RGW"))
    }

    /// On moto.
    pub fn on_moto() -> Bucket {
        Bucket {
            is_exposed: true,
            ..Bucket::make(from_test_command("ASSETSYNC_TEST_MOTO"))
        }
    }

    /// On Ceph's radosgw: somebody has yet to make it.
    pub fn unmade(name: &str) -> Bucket {
        let mut bucket = Bucket::called(from_test_command("ASSETSYNC_TEST_RGW"));
        bucket.name += &format!("-{name}");
        bucket
    }

    fn called(endpoint: String) -> Bucket {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "story-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        Bucket {
            endpoint,
            name,
            is_exposed: false,
        }
    }

    fn make(endpoint: String) -> Bucket {
        let bucket = Bucket::called(endpoint);
        let answer = bucket.signed("PUT", "", b"");
        assert_eq!(answer.status, 200, "making a bucket: {}", answer.text());
        bucket
    }

    /// A command for this bucket, of a site's `assets` if it reads the tree, as it's typed.
    pub fn typed<'a>(&'a self, command: &[&'a str], url: &'a str) -> Vec<&'a str> {
        let place = ["--to", url, "--key-file", "hunt.key"];
        let server = ["--endpoint", &self.endpoint, "--access", "object-acl"];
        let source = match command[0] {
            "diff" | "push" | "url" => &["--from", "assets"][..],
            _ => &[],
        };
        [command, source, &place, &server].concat()
    }

    pub fn url(&self) -> String {
        format!("s3://{}", self.name)
    }

    /// A target `t` that publishes here, as a configuration has it.
    pub fn target(&self) -> String {
        format!(
            "[target.t]\nurl = \"{}\"\nendpoint = \"{}\"\naccess = \"object-acl\"\n",
            self.url(),
            self.endpoint
        )
    }

    /// Publishes a site here, makes sure that every object is served as it should be, and returns
    /// what a browser shows of `index.html`: its title, and what stands in the console.
    #[track_caller]
    pub fn shown(&self, site: &Site) -> (String, Vec<String>) {
        let run = self.run(site, &["push"]);
        assert_eq!(run.code, 0, "{run}");
        let audit = self.run(site, &["audit", "--all"]);
        assert!(audit.stdout.contains("0 failed"), "{audit}");
        let url = self.run(site, &["url", "index.html"]).stdout;
        Browser::start().visit(url.trim())
    }

    /// Runs the program with this server's credentials in its environment.
    pub fn run(&self, site: &Site, arguments: &[&str]) -> super::Run {
        super::Run::of(&mut self.command(site, arguments), &site.path(""))
    }

    pub fn command(&self, site: &Site, arguments: &[&str]) -> std::process::Command {
        let mut command = site.command(arguments);
        if self.is_exposed && arguments.first() == Some(&"push") {
            command.arg("--allow-exposed");
        }
        command.envs(owner());
        command
    }

    /// Publishes the site's `assets` to `url`, which must go well; returns the JSON report.
    pub fn push(&self, site: &Site, url: &str) -> serde_json::Value {
        let run = self.run(site, &self.typed(&["push", "--json"], url));
        assert_eq!(run.code, 0, "{run}");
        serde_json::from_str(&run.stdout).expect("JSON")
    }

    /// Amazon's own command line, as the bucket's owner: `["s3api", "delete-object", …]`. It must
    /// end well.
    pub fn aws(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(from_test_command("ASSETSYNC_TEST_AWS"));
        command
            .args(["--endpoint-url", &self.endpoint])
            .args(arguments);
        ran_well(&mut command, &format!("aws {arguments:?}"))
    }

    /// Commands of a shell, which finds `aws`, in this folder, as the bucket's owner. They must end
    /// well.
    pub fn shell(&self, script: &str, folder: &Path) -> String {
        let mut command = Command::new("sh");
        command.args(["-c", script]).current_dir(folder);
        ran_well(&mut command, script)
    }

    /// A command that somebody was advised to run: in the site's folder, as the bucket's owner,
    /// with `assetsync` and `aws` at hand. It must end well.
    pub fn advised(&self, site: &Site, command: &str) -> String {
        let program = site.command(&[]);
        let folder = Path::new(program.get_program()).parent();
        let folder = folder.expect("it's in a folder").display().to_string();
        let set = format!("PATH=\"{folder}:$PATH\"; export PATH; {command}");
        let mut shell = Command::new("sh");
        shell.args(["-c", &set]).current_dir(site.path(""));
        ran_well(&mut shell, command)
    }

    /// A stranger's GET; `path` is encoded already.
    pub fn anonymous(&self, path: &str) -> Answer {
        let url = format!("{}/{}{path}", self.endpoint, self.name);
        fetch(agent().get(url).header("accept-encoding", "gzip").call())
    }

    /// A request of the bucket's owner; `path` is what follows the bucket's name, encoded.
    pub fn signed(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        self.signed_with(method, path, body, &[])
    }

    /// The same with further headers.
    pub fn signed_with(
        &self,
        method: &str,
        path: &str,
        body: &[u8],
        headers: &[(&str, &str)],
    ) -> Answer {
        let credential = credential(
            &from_test_command("ASSETSYNC_TEST_ACCESS_KEY"),
            &from_test_command("ASSETSYNC_TEST_SECRET_KEY"),
        );
        let url = format!("{}/{}{path}", self.endpoint, self.name);
        fetch(agent().run(sign(&credential, method, &url, body, headers)))
    }

    /// The keys of all objects, sorted, without those of releases.
    pub fn keys(&self) -> Vec<String> {
        let mut keys = self.all_keys();
        keys.retain(|key| !key.contains(".assetsync/"));
        keys
    }

    /// The keys of all objects, sorted.
    pub fn all_keys(&self) -> Vec<String> {
        let answer = self.signed("GET", "/?list-type=2&max-keys=1000", b"");
        assert_eq!(answer.status, 200, "{}", answer.text());
        let text = answer.text();
        let mut keys: Vec<String> = text
            .split("<Key>")
            .skip(1)
            .filter_map(|rest| rest.split("</Key>").next())
            .map(str::to_string)
            .collect();
        keys.sort();
        keys
    }
}

/// Runs a command that may use `aws`, as the bucket's owner.
fn ran_well(command: &mut Command, what: &str) -> String {
    let aws = from_test_command("ASSETSYNC_TEST_AWS");
    let folder = Path::new(&aws).parent().expect("it's in a folder");
    command
        .env_clear()
        .env("PATH", format!("{}:/usr/bin:/bin", folder.display()))
        .envs(owner())
        .env("AWS_DEFAULT_REGION", "us-east-1")
        // Of nobody who is logged in on this machine.
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        // Ceph's radosgw 16 doesn't know the checksums that are newer than it.
        .env("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
        .env("AWS_RESPONSE_CHECKSUM_VALIDATION", "when_required")
        .env("no_proxy", "127.0.0.1");
    let output = command.output().unwrap_or_else(|error| {
        panic!("{what} doesn't run ({error}): run `tests/run`, which installs `awscli`")
    });
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let errors = text(&output.stderr);
    assert!(output.status.success(), "{what}: {errors}");
    text(&output.stdout)
}

/// Who owns the buckets, for a program's environment.
fn owner() -> [(&'static str, String); 2] {
    [
        ("AWS_ACCESS_KEY_ID", "ASSETSYNC_TEST_ACCESS_KEY"),
        ("AWS_SECRET_ACCESS_KEY", "ASSETSYNC_TEST_SECRET_KEY"),
    ]
    .map(|(name, variable)| (name, from_test_command(variable)))
}

pub fn credential(access_key: &str, secret: &str) -> AwsCredential {
    AwsCredential {
        key_id: access_key.to_string(),
        secret_key: secret.to_string(),
        token: None,
    }
}

/// A signed request.
pub fn sign(
    credential: &AwsCredential,
    method: &str,
    url: &str,
    body: &[u8],
    headers: &[(&str, &str)],
) -> ureq::http::Request<Vec<u8>> {
    let mut request = HttpRequest::new(HttpRequestBody::empty());
    *request.method_mut() = method.parse().expect("a method");
    *request.uri_mut() = url.parse().expect("a URL");
    for (name, value) in headers {
        let name: http::HeaderName = name.parse().expect("a name");
        request
            .headers_mut()
            .insert(name, value.parse().expect("a value"));
    }
    AwsAuthorizer::new(credential, "s3", "us-east-1")
        .try_authorize(&mut request, Some(&Sha256::digest(body)))
        .expect("signing");
    request.map(|_| body.to_vec())
}

/// Statuses are answers, not errors.
pub fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into()
}

fn fetch(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Answer {
    received(answer).unwrap_or_else(|error| panic!("the server doesn't answer: {error}"))
}

/// An answer with all of its body.
pub fn received(
    answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
) -> Result<Answer, ureq::Error> {
    let (parts, mut body) = answer?.into_parts();
    let body = body.with_config().limit(1 << 30).read_to_vec()?;
    Ok(Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body,
    })
}
