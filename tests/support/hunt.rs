//! A hunt on a storage: a site, a bucket for what is published, and one for the releases.

use super::gcs::{Server, Setup};
use super::s3::{Answer, Bucket, credential, received, sign};
use super::{Run, Site, from_test_command};

/// On radosgw.
pub struct Hunt {
    pub site: Site,
    pub assets: Bucket,
    pub releases: Bucket,
}

impl Hunt {
    /// Targets: `prod` has its releases in a bucket of their own; `one`, a whole bucket, and
    /// `part`, below a prefix, have them in the same; `acl` makes objects public one by one; the
    /// bucket of `gone` doesn't exist.
    pub fn new() -> Hunt {
        let (assets, releases) = (Bucket::on_rgw(), Bucket::on_rgw());
        let endpoint = &assets.endpoint;
        let target = |target: &str, bucket: &str, more: &str| {
            format!(
                "[target.{target}]\nurl = \"s3://{bucket}\"\nendpoint = \"{endpoint}\"\n{more}\n"
            )
        };
        let name = &assets.name;
        let state = format!("state = \"s3://{}/prod\"", releases.name);
        let config = [
            target("prod", &format!("{name}/static"), &state),
            target("one", name, ""),
            target("part", &format!("{name}/part"), ""),
            target("acl", &format!("{name}/acl"), "access = \"object-acl\""),
            target("gone", "no-such-bucket", ""),
        ];
        let site = Site::new()
            .config(&config.concat())
            .file("map.png", "a map");
        Hunt {
            site,
            assets,
            releases,
        }
    }

    /// Runs the program, with `prod` as its target unless another is named.
    pub fn run(&self, arguments: &[&str]) -> Run {
        let mut command = self.assets.command(&self.site, arguments);
        command.env("ASSETSYNC_TARGET", "prod");
        let mut run = Run::of(&mut command, &self.site.path(""));
        for text in [&mut run.stdout, &mut run.stderr] {
            *text = text
                .replace(&self.assets.endpoint, "[server]")
                .replace(&self.assets.name, "[assets]")
                .replace(&self.releases.name, "[releases]");
        }
        run
    }

    pub fn ok(&self, arguments: &[&str]) -> String {
        let run = self.run(arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {run}");
        run.stdout
    }

    /// What somebody with an account of their own gets, who isn't one of us.
    pub fn asked_by_another_account(&self, path: &str) -> Answer {
        let other = credential(
            &from_test_command("ASSETSYNC_TEST_STRANGER_ACCESS_KEY"),
            &from_test_command("ASSETSYNC_TEST_STRANGER_SECRET_KEY"),
        );
        let url = format!("{}/{}{path}", self.assets.endpoint, self.assets.name);
        let request = sign(&other, "GET", &url, b"", &[]);
        received(super::s3::agent().run(request)).expect("an answer")
    }
}

/// On a strict server of Google's API, which tells strangers from the account.
pub struct Google {
    pub site: Site,
    pub server: Server,
}

impl Google {
    /// Targets: `prod` has its releases in a bucket of their own, `one` in the same; `acl` makes
    /// objects public one by one.
    pub fn new(setup: &[Setup]) -> Google {
        let server = Server::start();
        server.require_token();
        server.bucket("hunt", setup);
        server.bucket("releases", &[Setup::Uniform]);
        let url = server.url();
        let config = format!(
            "[target.prod]\nurl = \"gs://hunt/static\"\nstate = \"gs://releases/prod\"\nendpoint = \"{url}\"\n\
             [target.one]\nurl = \"gs://hunt/one\"\nendpoint = \"{url}\"\n\
             [target.acl]\nurl = \"gs://hunt/acl\"\nendpoint = \"{url}\"\naccess = \"object-acl\"\n"
        );
        let site = Site::new().config(&config).file("map.png", "a map");
        Google { site, server }
    }

    /// Runs the program, with `prod` as its target unless another is named.
    pub fn run(&self, arguments: &[&str]) -> Run {
        let mut command = self.site.command(arguments);
        command
            .env("GOOGLE_OAUTH_ACCESS_TOKEN", self.server.token())
            .env("ASSETSYNC_TARGET", "prod");
        let mut run = Run::of(&mut command, &self.site.path(""));
        run.stdout = run.stdout.replace(self.server.url(), "[server]");
        run.stderr = run.stderr.replace(self.server.url(), "[server]");
        run
    }
}
