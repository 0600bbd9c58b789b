//! The website's side: a real Django that pins a release when it's built, or follows the current
//! one.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use crate::support::{Run, Site, from_test_command, set_mode};

const SITE: &str = "[[level]]\nname = \"solution\"\nmatch = \"**/solution/**\"\n[target.local]\nurl = \"file:out\"\n";

fn hunt() -> Site {
    Site::new()
        .config(SITE)
        .file("map.png", "a map")
        .file("solution/answer.png", "BANANA")
}

/// Runs Python with Django set up as the example says.
fn django(site: &Site, program: &str) -> Run {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/django");
    let mut python = Command::new(from_test_command("ASSETSYNC_TEST_PYTHON"));
    python
        .current_dir(site.path(""))
        .env("PYTHONPATH", examples)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .args(["-c", program]);
    Run::of(&mut python, &site.path(""))
}

/// A site pins the release it was built for and stays on it.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn site_stays_on_its_pinned_release() {
    let site = hunt();
    site.ok(&["push"]);
    let manifest = [
        "manifest",
        "--live",
        "--format",
        "django",
        "--out",
        "pinned/staticfiles.json",
    ];
    site.ok(&manifest);
    let pinned = site.ok(&["url", "map.png"]);
    site.write("map.png", "a better map");
    site.ok(&["push"]);
    let run = django(
        &site,
        r#"
import django
from django.conf import settings
settings.configure(STATIC_ROOT="pinned", STATIC_URL="https://cdn.example.org/static/", INSTALLED_APPS=["django.contrib.staticfiles"],
    STORAGES={"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}})
django.setup()
from django.templatetags.static import static
print(static("map.png"))
"#,
    );
    assert_eq!(run.code, 0, "{run}");
    let name = pinned.trim().rsplit('/').next().expect("a name");
    assert_eq!(
        run.stdout.trim(),
        format!("https://cdn.example.org/static/{name}")
    );
    assert!(
        site.published("out").contains_key(name),
        "the old release is whole"
    );
}

/// A site that follows releases sees pushes and rollbacks but rejects an old root.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn following_site_rejects_old_roots() {
    let site = hunt();
    site.ok(&["push"]);
    site.ok(&["url", "map.png", "solution/answer.png"]);
    let first = site.ok(&["url", "map.png"]);
    let old_root = fs::read(site.path("out.releases/root.json")).expect("a root");
    site.write("map.png", "a better map");
    site.ok(&["push"]);
    let second = site.ok(&["url", "map.png"]);
    fs::write(site.path("old.json"), old_root).expect("written");
    let program = format!(
        r#"
import pathlib, shutil, subprocess
import django
from django.conf import settings
settings.configure(INSTALLED_APPS=["django.contrib.staticfiles"], STATIC_URL="/static/", LOGGING_CONFIG=None, STORAGES={{"staticfiles": {{
    "BACKEND": "release_storage.LiveReleaseStorage",
    "OPTIONS": {{"public_url": "https://cdn.example.org/static/", "state": "out.releases", "levels": ["open"], "max_age": 0}}}}}})
django.setup()
from django.templatetags.static import static
print(static("map.png"))
subprocess.run([{program:?}, "rollback"], check=True, stdout=subprocess.DEVNULL)
print(static("map.png"))
root = pathlib.Path("out.releases/root.json")
now = root.read_bytes()
subprocess.run([{program:?}, "rollback", {second:?}], check=True, stdout=subprocess.DEVNULL)
print(static("map.png"))
shutil.copy("old.json", root)
print(static("map.png"))
root.write_text("not JSON")
print(static("map.png"))
try:
    static("solution/answer.png")
except ValueError as error:
    print(error)
"#,
        program = env!("CARGO_BIN_EXE_assetsync"),
        second = release_ids(&site)[0],
    );
    let run = django(&site, &program);
    assert_eq!(run.code, 0, "{run}");
    let name = |url: &str| url.trim().rsplit('/').next().expect("a name").to_string();
    let (first, second) = (name(&first), name(&second));
    let names: Vec<String> = run.stdout.lines().take(5).map(name).collect();
    assert_eq!(
        names,
        [&second, &first, &second, &second, &second].map(Clone::clone),
        "{run}"
    );
    assert!(run.stdout.contains("its level may not be named"), "{run}");
    assert!(run.stderr.contains("is older than"), "{run}");
}

fn release_ids(site: &Site) -> Vec<String> {
    let releases: serde_json::Value =
        serde_json::from_str(&site.ok(&["releases", "--json"])).expect("JSON");
    let releases = releases["releases"].as_array().expect("a list").clone();
    releases
        .iter()
        .map(|release| release["id"].as_str().expect("an id").to_string())
        .collect()
}

// --- The admin, collectstatic

/// A project with the admin, whose other files are those of a release.
fn project(storage: &str) -> String {
    format!(
        r#"
import django, pathlib, re
from django.conf import settings
settings.configure(
    SECRET_KEY="a key of the site's own, which is long enough", ALLOWED_HOSTS=["*"], ROOT_URLCONF="urls",
    INSTALLED_APPS=["django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
        "django.contrib.messages", "django.contrib.staticfiles"],
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware"],
    TEMPLATES=[{{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {{"context_processors": [
        "django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages"]}}}}],
    DATABASES={{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}}},
    STATIC_ROOT="collected", STATIC_URL="/static/",
    STORAGES={{"staticfiles": {storage}}},
)
import sys, types
urls = types.ModuleType("urls")
sys.modules["urls"] = urls
django.setup()
from django.contrib import admin
from django.urls import path
urls.urlpatterns = [path("admin/", admin.site.urls)]
from django.core.management import call_command
from django.templatetags.static import static
from django.test import Client

def collect():
    call_command("collectstatic", interactive=False, verbosity=0)

def admin_works():
    page = Client().get("/admin/login/")
    assert page.status_code == 200, page
    files = re.findall(r'(?:href|src)="/static/([^"]+)"', page.content.decode())
    assert len(files) > 3, page.content
    missing = [file for file in files if not pathlib.Path("collected", file).is_file()]
    assert not missing, missing
"#
    )
}

const LIVE: &str = r#"{"BACKEND": "release_storage.LiveReleaseStorage",
    "OPTIONS": {"public_url": "https://cdn.example.org/static/", "state": "out.releases", "levels": ["open"], "max_age": 0}}"#;
const PINNED: &str = r#"{"BACKEND": "release_storage.PinnedReleaseStorage",
    "OPTIONS": {"public_url": "https://cdn.example.org/static/", "manifest": "release.json"}}"#;

fn pin(site: &Site) {
    let manifest = "manifest --live --format django --level open --out release.json";
    site.ok(&manifest.split(' ').collect::<Vec<_>>());
}

/// Django's admin and collectstatic work beside a release.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn django_commands_work_beside_a_release() {
    for storage in [LIVE, PINNED] {
        let site = hunt();
        site.ok(&["push"]);
        pin(&site);
        let key = site.ok(&["url", "map.png"]);
        let key = key.trim().rsplit('/').next().expect("a name");
        let program = format!(
            r#"{}
collect()
admin_works()
print(static("map.png"))
for path in ["solution/answer.png", "nowhere.png"]:
    try:
        print(static(path))
    except ValueError as error:
        print(error)
collect()
admin_works()
print(static("map.png"))
"#,
            project(storage)
        );
        let run = django(&site, &program);
        assert_eq!(run.code, 0, "{run}");
        let url = format!("https://cdn.example.org/static/{key}");
        let lines: Vec<&str> = run.stdout.lines().collect();
        assert_eq!((lines[0], lines[3]), (url.as_str(), url.as_str()), "{run}");
        let hidden = if storage == LIVE {
            "'solution/answer.png' is in the release, but its level may not be named"
        } else {
            "there is no 'solution/answer.png' in the release"
        };
        assert!(lines[1].starts_with(hidden), "{run}");
        let nowhere = "there is no 'nowhere.png' in the release, nor among the files that collectstatic collected";
        assert_eq!(lines[2], nowhere, "{run}");
        let again = django(&site, &(project(storage) + "admin_works()\n"));
        assert_eq!(again.code, 0, "what was collected stays: {again}");
    }
}

// --- A server that runs as somebody else

/// Commands of the example's README, for a group that this machine has.
fn give_to_the_servers_group(site: &Site, group: u32) {
    let readme = include_str!("../../examples/django/README.md");
    let block = readme
        .split("```sh\n")
        .nth(2)
        .expect("a block on the group");
    let block = block.split("```").next().expect("it ends");
    assert!(block.contains("chgrp") && block.contains("2750"), "{block}");
    let script = block
        .replace("www-data", &group.to_string())
        .replace("bucket.releases", "out.releases");
    let mut shell = Command::new("sh");
    shell.args(["-ec", &script]).current_dir(site.path(""));
    let run = Run::of(&mut shell, &site.path(""));
    assert_eq!(run.code, 0, "{run}");
}

fn mode(file: &Path) -> u32 {
    let metadata = fs::metadata(file).expect("it's there");
    metadata.permissions().mode() & 0o777
}

/// A server of another user reads the releases after each push, and nobody else does.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn only_the_servers_group_reads_releases() {
    let site = hunt();
    site.ok(&["push"]);
    pin(&site);
    assert_eq!(
        mode(&site.path("release.json")),
        0o640,
        "it names every file"
    );
    let owner = fs::metadata(site.path("hunt.key")).expect("it's there");
    // Only root can give a file to a group that it isn't in.
    let group = if owner.uid() == 0 { 4242 } else { owner.gid() };
    give_to_the_servers_group(&site, group);

    site.write("map.png", "a better map");
    site.ok(&["push"]);
    pin(&site);
    for entry in walkdir::WalkDir::new(site.path("out.releases")).min_depth(1) {
        let entry = entry.expect("readable");
        let metadata = entry.metadata().expect("readable");
        let path = entry.path().display();
        assert_eq!(metadata.mode() & 0o007, 0, "{path} is nobody else's");
        let is_document = entry.path().to_string_lossy().contains(".json");
        if is_document {
            assert_eq!(
                (metadata.gid(), metadata.mode() & 0o777),
                (group, 0o640),
                "{path}"
            );
        }
    }
    let pinned = fs::metadata(site.path("release.json")).expect("it's there");
    assert_eq!((pinned.gid(), pinned.mode() & 0o777), (group, 0o640));
    assert_eq!(site.run(&["diff", "--check"]).code, 0);
    site.ok(&["audit"]);

    if owner.uid() != 0 {
        return;
    }
    set_mode(&site.path(""), 0o711);
    let new = site.ok(&["url", "map.png"]);
    let new = new.trim().rsplit('/').next().expect("a name");
    for storage in [LIVE, PINNED] {
        let print = "print(static('map.png'))\n";
        let run = as_somebody_else(&site, group, &(project(storage) + print));
        assert_eq!(run.code, 0, "{run}");
        assert!(run.stdout.trim().ends_with(new), "{run}");
        let run = as_somebody_else(&site, 4243, &(project(storage) + print));
        assert!(
            run.code != 0 && run.stderr.contains("PermissionError"),
            "{run}"
        );
    }
}

/// Runs Python as a user who has nothing but this group.
fn as_somebody_else(site: &Site, group: u32, program: &str) -> Run {
    // Of the folders above Django and the example, nobody knows whether others may look into them.
    let libraries = site.path("libraries");
    if !libraries.exists() {
        fs::create_dir(&libraries).expect("a folder");
        let find = "import django, asgiref, sqlparse; print(*(m.__path__[0] for m in (django, asgiref, sqlparse)))";
        let found = django(site, find);
        let example = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/examples/django/release_storage.py"
        );
        let mut copy = Command::new("cp");
        copy.arg("-r")
            .args(found.stdout.split_whitespace())
            .args([Path::new(example), &libraries]);
        assert!(copy.status().expect("cp starts").success());
    }
    let mut python = Command::new("setpriv");
    python
        .args([
            "--reuid=65533",
            &format!("--regid={group}"),
            "--clear-groups",
        ])
        .args(["python3", "-c", program])
        .current_dir(site.path(""))
        // One that everybody may run.
        .env("PATH", "/usr/bin:/bin")
        .env("PYTHONPATH", libraries)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    Run::of(&mut python, &site.path(""))
}
