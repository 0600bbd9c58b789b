//! What assetsync needs of a folder for itself: it isn't where visitors get it, whoever made it,
//! and whatever the umask.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::support::{Run, Site, set_mode};

const CONFIG: &str = "[[rule]]\nmatch = \"**/*.html\"\nnames = \"plain\"\n[target.local]\nurl = \"file:htdocs/live\"\nstate = \"file:kept\"\n";

fn site() -> Site {
    Site::new()
        .config(CONFIG)
        .file("index.html", "<h1>Welcome</h1>".repeat(20))
        .file("team/unlinked.html", "<p>nobody leads here</p>")
        .file("map.png", b"\x89PNG\r\n\x1a\n a map")
}

/// All that is below a folder, in order, folders with a slash.
fn below(folder: &Path) -> Vec<String> {
    let entries = walkdir::WalkDir::new(folder)
        .min_depth(1)
        .sort_by_file_name();
    let name = |entry: walkdir::Result<walkdir::DirEntry>| {
        let entry = entry.expect("readable");
        let path = entry.path().strip_prefix(folder).expect("below");
        let slash = if entry.file_type().is_dir() { "/" } else { "" };
        format!("{}{slash}", path.display())
    };
    entries.into_iter().map(name).collect()
}

fn own(folder: &Path) -> Vec<String> {
    let mut all = below(folder);
    all.retain(|name| name.contains("assetsync") || name.ends_with("lock"));
    all
}

fn mode(file: &Path) -> u32 {
    let metadata = fs::metadata(file).expect("it's there");
    metadata.permissions().mode() & 0o7777
}

/// As a version before this one left it: with what it noted, its lock, and a file of a run that was
/// killed two days ago.
fn as_it_was(site: &Site) {
    let former = site.path("htdocs/live/.assetsync");
    fs::create_dir_all(former.join("unfinished")).expect("made");
    fs::rename(
        site.path("kept/.assetsync/plain.json"),
        former.join("plain.json"),
    )
    .expect("moved");
    fs::write(former.join("lock"), "").expect("written");
    let left = former.join("unfinished/put-Xq1z");
    fs::write(&left, "half a fil").expect("written");
    let age = std::time::Duration::from_secs(48 * 60 * 60);
    let file = fs::File::options().write(true).open(left).expect("there");
    file.set_modified(std::time::SystemTime::now() - age)
        .expect("set");
    fs::remove_dir_all(site.path("kept/.assetsync")).expect("gone");
}

/// The published folder contains nothing but what is published.
#[test]
fn published_folder_holds_only_published() {
    let site = site();
    site.ok(&["push"]);
    site.ok(&["doctor"]);
    site.write("index.html", "<h1>Welcome back</h1>".repeat(20));
    site.ok(&["push"]);
    site.ok(&["rollback"]);
    let published = below(&site.path("htdocs/live"));
    assert_eq!(published.len(), 6, "{published:?}");
    assert_eq!(own(&site.path("htdocs")), [""; 0]);
    let noted = fs::read_to_string(site.path("kept/.assetsync/plain.json")).expect("there");
    assert!(noted.contains("team/unlinked.html"), "{noted}");
}

/// Without a `state`, assetsync's own files are beside the target folder.
#[test]
fn releases_default_to_sibling_folder() {
    let plain =
        "[[rule]]\nmatch = \"**/*.html\"\nnames = \"plain\"\n[target.local]\nurl = \"file:out\"\n";
    let site = Site::new().config(plain).file("index.html", "hello");
    site.ok(&["push"]);
    assert_eq!(own(&site.path("out")), [""; 0]);
    assert!(site.path("out.releases/.assetsync/plain.json").exists());
}

/// A push moves the notes of earlier versions out of the folder without loss.
#[test]
fn push_migrates_notes_of_earlier_versions() {
    for changes in [false, true] {
        let site = site();
        site.ok(&["push"]);
        as_it_was(&site);
        let audit = site.run(&["audit"]);
        assert_eq!(audit.code, 3, "{audit}");
        assert!(
            audit
                .stdout
                .contains("`.assetsync/plain.json`, which lists all plain names"),
            "{audit}"
        );
        let before = fs::metadata(site.path("htdocs/live/team/unlinked.html")).expect("there");
        if changes {
            site.write("index.html", "<h1>Something new</h1>".repeat(20));
        }
        let diff = site.ok(&["diff"]);
        assert!(
            !diff.contains("unlinked"),
            "it's known to be the same: {diff}"
        );
        site.ok(&["push"]);
        assert_eq!(own(&site.path("htdocs")), [""; 0]);
        let noted = fs::read_to_string(site.path("kept/.assetsync/plain.json")).expect("there");
        assert!(noted.contains("team/unlinked.html"), "{noted}");
        let after = fs::metadata(site.path("htdocs/live/team/unlinked.html")).expect("there");
        assert_eq!(
            after.modified().expect("a time"),
            before.modified().expect("a time"),
            "not written again"
        );
        assert_eq!(site.run(&["audit"]).code, 0);
    }
}

/// Killed between the two steps of the move, or pushed to by an older version after it.
#[test]
fn plain_names_in_both_places_merge() {
    let site = site();
    site.ok(&["push"]);
    let noted = fs::read_to_string(site.path("kept/.assetsync/plain.json")).expect("there");
    as_it_was(&site);
    let mut of_one: serde_json::Value = serde_json::from_str(&noted).expect("JSON");
    let objects = of_one["objects"].as_object_mut().expect("objects");
    objects.remove("team/unlinked.html").expect("it was there");
    fs::create_dir(site.path("kept/.assetsync")).expect("made");
    fs::write(site.path("kept/.assetsync/plain.json"), of_one.to_string()).expect("written");
    assert_eq!(site.run(&["diff", "--check"]).code, 0, "nothing to do");
    site.ok(&["push"]);
    let after = fs::read_to_string(site.path("kept/.assetsync/plain.json")).expect("there");
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
    assert_eq!(value(&after), value(&noted));
    assert_eq!(own(&site.path("htdocs")), [""; 0]);
}

/// Audit reports what a killed run left, and a push removes it once it is old and free.
#[test]
fn audit_reports_leftovers_of_killed_runs() {
    let site = site();
    site.ok(&["push"]);
    let left = site.path("htdocs/live/.assetsync/unfinished");
    fs::create_dir_all(&left).expect("made");
    fs::write(left.join("new-Ab3d"), "half a fil").expect("written");
    let audit = site.run(&["audit"]);
    assert!(
        audit
            .stdout
            .contains("left by an earlier version or a killed run"),
        "{audit}"
    );
    site.ok(&["push"]);
    assert!(
        left.join("new-Ab3d").exists(),
        "somebody may be writing it just now"
    );
    let file = fs::File::options()
        .write(true)
        .open(left.join("new-Ab3d"))
        .expect("there");
    let age = std::time::Duration::from_secs(90);
    file.set_modified(std::time::SystemTime::now() - age)
        .expect("set");
    file.lock().expect("held, as by the run that writes it");
    site.ok(&["push"]);
    assert!(left.join("new-Ab3d").exists(), "somebody is writing it");
    drop(file);
    site.ok(&["push"]);
    assert_eq!(own(&site.path("htdocs")), [""; 0]);
}

/// The lock is the folder's, by whatever path, and with whatever place for releases.
#[test]
fn push_waits_for_lock_through_symlink() {
    let site = site();
    site.ok(&["push"]);
    std::os::unix::fs::symlink("live", site.path("htdocs/alias")).expect("linked");
    let held = fs::File::open(site.path("htdocs/live")).expect("opened");
    held.lock().expect("locked");
    let other = CONFIG
        .replace("htdocs/live", "htdocs/alias")
        .replace("kept", "other");
    let other = format!("key_file = \"hunt.key\"\n[[source]]\ndir = \"assets\"\n{other}");
    fs::write(site.path("other.toml"), other).expect("written");
    let mut push = site.command(&["-c", "other.toml", "push", "--begin-anew", "--allow-plain"]);
    push.stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    site.write("index.html", "<h1>By another path</h1>");
    let mut push = push.spawn().expect("it runs");
    std::thread::sleep(std::time::Duration::from_secs(2));
    let page = || fs::read_to_string(site.path("htdocs/live/index.html")).expect("there");
    assert!(page().contains("Welcome"), "it waits");
    drop(held);
    assert!(push.wait().expect("it ends").success());
    assert!(page().contains("By another path"));
}

/// Modes of assetsync's own files depend neither on the umask nor on earlier modes.
#[test]
fn modes_ignore_umask_and_existing_modes() {
    let site = site();
    fs::create_dir(site.path("cache")).expect("made");
    fs::create_dir_all(site.path("kept/.assetsync")).expect("made");
    fs::write(site.path("kept/.assetsync/lock"), "").expect("written");
    set_mode(&site.path("cache"), 0o777);
    set_mode(&site.path("kept/.assetsync"), 0o777);
    set_mode(&site.path("kept/.assetsync/lock"), 0o666);
    let push = || {
        let mut push = site.command(&["push"]);
        push.env("ASSETSYNC_CACHE_DIR", site.path("cache"));
        let program = push.get_program().to_owned();
        let mut shell = Command::new("sh");
        shell.args(["-c", "umask 0; exec \"$0\" push"]).arg(program);
        shell.current_dir(site.path(""));
        shell.envs(
            push.get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        let run = Run::of(&mut shell, &site.path(""));
        assert_eq!(run.code, 0, "{run}");
    };
    push();
    let caches = || {
        let files = fs::read_dir(site.path("cache")).expect("readable");
        files
            .map(|file| file.expect("a file").path())
            .collect::<Vec<_>>()
    };
    set_mode(&site.path("cache"), 0o755);
    caches().iter().for_each(|file| set_mode(file, 0o644));
    push();
    assert_eq!(mode(&site.path("cache")), 0o700);
    assert!(!caches().is_empty());
    for file in caches() {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    for (path, wanted) in [
        ("kept/.assetsync", 0o770),
        ("kept/.assetsync/lock", 0o600),
        ("kept/.assetsync/plain.json", 0o600),
        ("kept/lock", 0o600),
        ("kept/root.json", 0o600),
    ] {
        assert_eq!(mode(&site.path(path)), wanted, "{path}");
    }
    let site = Site::new().file("index.html", "hello");
    site.ok(&["push"]);
    assert_eq!(mode(&site.path("out.releases")), 0o700);
    assert_eq!(mode(&site.path("out")) & 0o055, 0o055, "for everybody");
}

/// Everybody can read published files and no stranger can write them, whatever the umask.
#[test]
fn published_files_are_readable_despite_umask() {
    for umask in ["077", "000"] {
        let site = Site::new()
            .config(
                "[[rule]]\nmatch = \"**\"\nnames = \"plain\"\n[target.t]\nurl = \"file:srv/www\"\n",
            )
            .file("puzzle/lamp/index.html", "hello");
        let push = site.command(&["push"]);
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("umask {umask}; exec \"$0\" push")]);
        shell.arg(push.get_program()).current_dir(site.path(""));
        let set = push.get_envs();
        shell.envs(set.filter_map(|(name, value)| Some((name, value?))));
        let run = Run::of(&mut shell, &site.path(""));
        assert_eq!(run.code, 0, "{run}");
        for folder in ["srv", "srv/www", "srv/www/puzzle", "srv/www/puzzle/lamp"] {
            let mode = mode(&site.path(folder));
            assert_eq!(mode & 0o757, 0o755, "{umask}: {folder} has {mode:o}");
        }
        assert_eq!(mode(&site.path("srv/www/puzzle/lamp/index.html")), 0o644);
        assert_eq!(mode(&site.path("srv/www.releases")), 0o700);
    }
}

/// A cache folder that holds other files keeps its mode.
#[test]
fn shared_cache_folder_keeps_its_mode() {
    let site = site();
    fs::create_dir(site.path("shared")).expect("made");
    fs::write(site.path("shared/notes.txt"), "not ours").expect("written");
    set_mode(&site.path("shared"), 0o1777);
    let mut push = site.command(&["push"]);
    push.env("ASSETSYNC_CACHE_DIR", site.path("shared"));
    let run = Run::of(&mut push, &site.path(""));
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(mode(&site.path("shared")), 0o1777);
}

/// Beside the folder of a web server, only root may make anything.
#[test]
fn unwritable_parent_folder_explains_the_fix() {
    let site = Site::new().file("index.html", "hello");
    fs::create_dir_all(site.path("srv/www")).expect("made");
    set_mode(&site.path("srv"), 0o555);
    let push = ["push", "--to", "file:srv/www"];
    let run = site.run_as_anybody(&push);
    set_mode(&site.path("srv"), 0o755);
    assert_eq!(run.code, 1, "{run}");
    for words in [
        "srv/www.releases",
        "cannot create the private folder",
        "sudo install -d -m 700",
        "`state = ",
    ] {
        assert!(run.stderr.contains(words), "{words}: {run}");
    }
    let made = site.path("srv/www.releases");
    let install = Command::new("install")
        .args(["-d", "-m", "700"])
        .arg(made)
        .status();
    assert!(install.expect("it runs").success());
    set_mode(&site.path("srv"), 0o555);
    let run = site.run_as_anybody(&push);
    set_mode(&site.path("srv"), 0o755);
    assert_eq!(run.code, 0, "{run}");
}

/// `_headers` names neither pages without a rule of their own nor keyed folders.
#[test]
fn headers_file_reveals_no_unlinked_page() {
    let rules = "[[rule]]\nmatch = \"**/*.html\"\nnames = \"plain\"\n\
        [[rule]]\nmatch = \"puzzle/**\"\nnames = \"palindrome-2022\"\n\
        [[rule]]\nmatch = \"secret/**\"\nnames = \"opaque\"\n\
        [[rule]]\nmatch = \"news.html\"\ncache_control = \"no-store\"\n\
        [target.local]\nurl = \"file:out\"\n";
    let site = Site::new()
        .config(rules)
        .file("index.html", "<p>a</p>")
        .file("team/unlinked.html", "<p>b</p>")
        .file("news.html", "<p>c</p>")
        .file("secret/party.html", "<p>d</p>")
        .file("puzzle/gears/solution/index.html", "<p>e</p>")
        .file("puzzle/gears/index.html", "<p>f</p>");
    site.ok(&["push"]);
    let text = fs::read_to_string(site.path("out/_headers")).expect("there");
    let paths: Vec<&str> = text.lines().filter(|line| line.starts_with('/')).collect();
    assert_eq!(paths, ["/*.html", "/news.html"], "{text}");
    assert!(
        text.contains("/news.html\n  cache-control: no-store\n"),
        "{text}"
    );
    assert_eq!(site.run(&["audit"]).code, 0);
    site.write("late.html", "<p>g</p>");
    let rule = rules.replace("news.html", "{news,late}.html");
    let site = site.config(&rule);
    site.ok(&["push"]);
    site.ok(&["rollback"]);
    let audit = site.run(&["audit"]);
    // What is there besides is of the next release, which may come again.
    assert!(!audit.stdout.contains("_headers"), "{audit}");
    site.ok(&["push"]);
    site.ok(&["takedown", "local", "news.html", "--yes"]);
    let text = fs::read_to_string(site.path("out/_headers")).expect("there");
    assert!(text.contains("/*.html") && !text.contains("news"), "{text}");
}
