//! The website's side: a real Django that pins a release when it's built, or follows the current one.

use std::process::Command;

use crate::support::{Run, Site, from_test_command};

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

#[test]
fn a_site_pins_the_release_it_was_built_for_and_goes_on_with_it() {
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

#[test]
fn a_site_that_follows_the_current_release_sees_pushes_and_rollbacks_but_no_old_copy_of_the_root() {
    let site = hunt();
    site.ok(&["push"]);
    site.ok(&["url", "map.png", "solution/answer.png"]);
    let first = site.ok(&["url", "map.png"]);
    let old_root = std::fs::read(site.path("out.releases/root.json")).expect("a root");
    site.write("map.png", "a better map");
    site.ok(&["push"]);
    let second = site.ok(&["url", "map.png"]);
    std::fs::write(site.path("old.json"), old_root).expect("written");
    let program = format!(
        r#"
import pathlib, shutil, subprocess
import django
from django.conf import settings
settings.configure(INSTALLED_APPS=["django.contrib.staticfiles"], STATIC_URL="/static/", LOGGING_CONFIG=None, STORAGES={{"staticfiles": {{
    "BACKEND": "live_release.LiveReleaseStorage",
    "OPTIONS": {{"base_url": "https://cdn.example.org/static/", "state": "out.releases", "levels": ["open"], "max_age": 0}}}}}})
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
