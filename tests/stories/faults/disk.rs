//! A disk that is full, files that change while they are read, and a system that gives too little.

use std::process::Stdio;

use super::*;
use crate::support::proxy::gate_before;

/// A site, and what a folder holds when all of it is published.
struct Shelf {
    site: Site,
    whole: BTreeMap<String, Vec<u8>>,
}

impl Shelf {
    fn new() -> Shelf {
        let mut site = small().file("film.mp4", noise(17 * MIB));
        for number in 0..4 {
            let text = format!("<p>Page {number} of many</p>\n").repeat(999);
            site = site.file(&format!("page/{number}.html"), text);
        }
        Shelf::of(site)
    }

    fn of(site: Site) -> Shelf {
        site.ok(&push_to("file:whole"));
        let whole = site.published("whole");
        Shelf { site, whole }
    }

    fn command(&self, folder: &str) -> Command {
        self.site.command(&push_to(&format!("file:{folder}")))
    }

    /// Whatever is under a final name is all of it.
    fn assert_nothing_is_half_written(&self, folder: &str) {
        if !self.site.path(folder).exists() {
            return;
        }
        for (key, content) in self.site.published(folder) {
            let whole = self.whole.get(&key).expect("nothing but what is published");
            assert!(content == *whole, "{key}: {} bytes", content.len());
        }
    }

    fn assert_next_push_completes(&self, folder: &str) {
        self.site.ok(&push_to(&format!("file:{folder}")));
        let published = self.site.published(folder);
        assert!(published == self.whole, "{:?}", published.keys());
    }
}

fn push_to(url: &str) -> [&str; 7] {
    [
        "push",
        "--from",
        "assets",
        "--to",
        url,
        "--key-file",
        "hunt.key",
    ]
}

/// `command` run by another program, such as a shell that sets a limit.
pub(super) fn under(wrapper: &[&str], command: &Command) -> Command {
    let mut under = Command::new(wrapper[0]);
    let environment = command.get_envs();
    under
        .args(&wrapper[1..])
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear()
        .envs(environment.filter_map(|(name, value)| Some((name, value?))))
        .current_dir(command.get_current_dir().expect("the site's folder"))
        .stdin(Stdio::null());
    under
}

/// Runs `command` with a fault in its system calls, such as `write:signal=KILL:when=2`. Every
/// thread counts its own calls, so which call of the program it is differs from run to run.
fn inject(shelf: &Shelf, fault: &str, command: &Command) -> Run {
    let (call, _) = fault.split_once(':').expect("CALL:FAULT");
    let strace = format!("strace -f -qq -o /dev/null -e trace={call} -e inject={fault}");
    let strace: Vec<&str> = strace.split(' ').collect();
    Run::of(&mut under(&strace, command), &shelf.site.path(""))
}

/// A story that can't be told fails, and says what it needs.
fn needs(what: &str, program: &[&str], how: &str) {
    let output = Command::new(program[0]).args(&program[1..]).output();
    let works = output.is_ok_and(|output| output.status.success());
    assert!(works, "this story needs {what}: {how}");
}

fn needs_strace() {
    let how = "install strace; in a container, allow it (`--cap-add SYS_PTRACE`)";
    needs("strace", &["strace", "-f", "-o", "/dev/null", "true"], how);
}

// ---- folders ----

/// A push killed at any write leaves no half file, and the next push completes.
#[test]
#[ignore = "takes a minute or two: tests/run --test stories -- --ignored"]
fn killed_write_leaves_no_half_file() {
    needs_strace();
    let shelf = Shelf::new();
    let calls = [
        "mkdir",
        "write",
        "fchmod",
        "fdatasync",
        "renameat",
        "renameat2",
        "rmdir",
    ];
    let rows = calls.iter().flat_map(|call| {
        (1..=3).map(move |number| {
            let folder = format!("{call}-{number}");
            (
                folder.clone(),
                (format!("{call}:signal=KILL:when={number}"), folder),
            )
        })
    });
    let killed = Mutex::new(0);
    each(4, rows, |(fault, folder)| {
        let run = inject(&shelf, &fault, &shelf.command(&folder));
        // A thread may not come to its third call.
        match run.code {
            0 => {}
            -1 => *killed.lock().expect("no holder panics") += 1,
            _ => panic!("{run}"),
        }
        shelf.assert_nothing_is_half_written(&folder);
        shelf.assert_next_push_completes(&folder);
    });
    let killed = killed.into_inner().expect("no holder panics");
    assert!(killed >= calls.len(), "{killed} runs were killed");
}

/// A disk that is full at any call is an error and leaves no half file.
#[test]
fn full_disk_leaves_no_half_file() {
    needs_strace();
    let shelf = Shelf::new();
    let calls = ["mkdir", "fdatasync", "renameat", "renameat2"];
    let rows = calls.iter().flat_map(|call| {
        ["1", "1+"].map(|which| {
            let folder = format!("{call}-{which}");
            (
                folder.clone(),
                (format!("{call}:error=ENOSPC:when={which}"), folder),
            )
        })
    });
    each(4, rows, |(fault, folder)| {
        let run = inject(&shelf, &fault, &shelf.command(&folder));
        assert_eq!(run.code, 1, "{run}");
        assert_says(&run, &["Cannot write `", "no space left on device"]);
        shelf.assert_nothing_is_half_written(&folder);
        shelf.assert_next_push_completes(&folder);
    });
}

/// Gives a program a disk of 1 MiB as the folder `small`, in a name space of its own, where even
/// people who aren't root may mount. What is on it at the end is copied to `seen`, which outlives
/// it.
const WITH_A_SMALL_DISK: [&str; 6] = [
    "unshare",
    "--map-root-user",
    "--mount",
    "sh",
    "-c",
    r#"mkdir small && mount -t tmpfs -o size=1m none small && "$0" "$@"; code=$?; cp -a small seen; exit $code"#,
];

fn needs_a_small_disk() {
    let mount = "mount -t tmpfs none /mnt";
    let program = [&WITH_A_SMALL_DISK[..5], &[mount]].concat();
    let how = "run as root, or allow user namespaces \
               (on Ubuntu: `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`)";
    needs("a small disk of its own", &program, how);
}

/// A full disk is reported with what to do.
#[test]
fn full_disk_says_what_to_do() {
    needs_a_small_disk();
    let shelf = Shelf::new();
    let push = &mut under(&WITH_A_SMALL_DISK, &shelf.command("small"));
    let run = Run::of(push, &shelf.site.path(""));
    assert_eq!(run.code, 1, "{run}");
    assert_says(
        &run,
        &["film.mp4", "no space left on device", "free some space"],
    );
    shelf.assert_nothing_is_half_written("seen");
    let unfinished = shelf.site.path("seen/.assetsync/unfinished");
    let left = fs::read_dir(&unfinished).map_or(0, Iterator::count);
    assert_eq!(left, 0, "what would keep the disk full");
    // It's a target of another name, so its releases begin anew.
    shelf
        .site
        .ok(&[&push_to("file:seen")[..], &["--begin-anew"]].concat());
    shelf.assert_next_push_completes("seen");
}

/// A page too large for memory, of which gzip leaves half.
fn novel() -> Site {
    let hex: String = noise(9 * MIB).iter().map(|b| format!("{b:02x}")).collect();
    Site::bare().config("").file("novel.html", hex)
}

/// A full disk for temporary files is named.
#[test]
fn full_temporary_disk_is_named() {
    needs_a_small_disk();
    let site = novel();
    let mut push = site.command(&push_to("file:out"));
    push.env("TMPDIR", site.path("small"));
    let run = Run::of(&mut under(&WITH_A_SMALL_DISK, &push), &site.path(""));
    assert_eq!(run.code, 1, "{run}");
    assert_says(
        &run,
        &["novel.html", "no space in `[folder]small`", "TMPDIR"],
    );
    assert!(!site.path("out").exists() || site.published("out").is_empty());
}

/// A missing folder for temporary files is named.
#[test]
fn missing_temporary_folder_is_named() {
    let site = novel();
    let mut push = site.command(&push_to("file:out"));
    push.env("TMPDIR", "/nowhere");
    let run = Run::of(&mut push, &site.path(""));
    assert_eq!(run.code, 1, "{run}");
    assert_says(&run, &["novel.html", "/nowhere"]);
}

/// A disk that is full at the very end is an error too.
#[test]
fn full_disk_at_the_end_fails() {
    needs_strace();
    // Nothing else is written by a push that changes nothing.
    let shelf = Shelf::of(
        Site::bare()
            .config("")
            .file("a.png", noise(99))
            .file("b.png", noise(999)),
    );
    shelf.site.ok(&push_to("file:out"));
    fs::remove_file(shelf.site.path("out/_headers")).expect("removed");
    let run = inject(&shelf, "renameat:error=ENOSPC", &shelf.command("out"));
    assert_eq!(run.code, 1, "{run}");
    assert_says(&run, &["_headers", "no space left on device"]);
    shelf.assert_nothing_is_half_written("out");
    shelf.assert_next_push_completes("out");
}

/// After a kill between a page and its `.gz`, the next push fixes both.
#[test]
fn killed_between_page_and_gz_recovers() {
    needs_strace();
    let page = |version: u8| format!("<p>version {version}</p>\n").repeat(99);
    for next in [1, 2] {
        let plain =
            "[[rule]]\nmatch = \"**\"\nnames = \"plain\"\n\n[target.local]\nurl = \"file:out\"\n";
        let site = Site::bare().config(plain).file("page.html", page(1));
        site.ok(&["push"]);
        site.write("page.html", page(2));
        let shelf = Shelf {
            site,
            whole: BTreeMap::new(),
        };
        // Two files are replaced, the second comes to nothing.
        let run = inject(
            &shelf,
            "renameat:signal=KILL:when=2",
            &shelf.site.command(&["push"]),
        );
        assert_eq!(run.code, -1, "killed: {run}");
        shelf.site.write("page.html", page(next));
        shelf.site.ok(&["push"]);
        let published = shelf.site.published("out");
        assert!(
            published["page.html"] == page(next).as_bytes(),
            "the page of version {next}"
        );
        let gz = gunzip(&published["page.html.gz"]);
        assert!(
            gz == page(next).as_bytes(),
            "the page's .gz of version {next}"
        );
    }
}

// ---- sources ----

/// What happens to the last file of a tree while the first is sent.
type Change = fn(&Site, &str);

fn rewritten(site: &Site, path: &str) {
    let mut content = fs::read(site.asset(path)).expect("readable");
    *content.last_mut().expect("not empty") ^= 1;
    site.write(path, content);
}

fn grown(site: &Site, path: &str) {
    let mut content = fs::read(site.asset(path)).expect("readable");
    content.push(b' ');
    site.write(path, content);
}

fn cut(site: &Site, path: &str) {
    let mut content = fs::read(site.asset(path)).expect("readable");
    content.pop();
    site.write(path, content);
}

fn gone(site: &Site, path: &str) {
    fs::remove_file(site.asset(path)).expect("it's there");
}

fn a_folder_now(site: &Site, path: &str) {
    gone(site, path);
    fs::create_dir(site.asset(path)).expect("a folder");
}

/// Changes the last file while the first is sent; the second is published as it is.
fn push_while_changing(path: &'static str, change: Change) -> (Stage, Run) {
    let site = small()
        .file("zz/film.mp4", noise(17 * MIB))
        .file("zz/page.html", "<p>Here.</p>\n".repeat(99))
        .file("zz/picture.png", noise(3000));
    for other in ["zz/film.mp4", "zz/page.html", "zz/picture.png"] {
        if other != path {
            gone(&site, other);
        }
    }
    let (fault, gate) = gate_before();
    let stage = Stage::new(site, [Rule::new("PUT", "", fault)]);
    let run = thread::scope(|scope| {
        let push = scope.spawn(|| stage.push(&[]));
        // Everything was hashed before the first is sent, and one is sent at a time.
        gate.wait();
        change(&stage.site, path);
        gate.open();
        push.join().expect("the push ends")
    });
    let report = report(&run);
    assert_counts(&report, SMALL + 1);
    assert_eq!(report["uploaded"]["objects"], SMALL, "{run}");
    assert_eq!(report["failures"][0]["path"], path, "{run}");
    assert_eq!(stage.bucket.keys().len() as u64, SMALL);
    assert_eq!(stage.unfinished_uploads(), 0);
    (stage, run)
}

/// A file that changes while it is published is reported and not published.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn changing_file_is_not_published() {
    let changes: [(_, Change); 3] = [("rewritten", rewritten), ("grown", grown), ("cut", cut)];
    let rows = ["zz/film.mp4", "zz/page.html", "zz/picture.png"]
        .into_iter()
        .flat_map(|path| changes.map(|(how, change)| (format!("{path} {how}"), (path, change))));
    each(4, rows, |(path, change)| {
        let (stage, run) = push_while_changing(path, change);
        assert_eq!(run.code, 2, "{run}");
        assert_says(&run, &["changed while being published"]);
        // Read again twice: three uploads in parts were begun, and given up.
        let begun = stage.proxy.matching("POST", "?uploads").len();
        assert_eq!(begun, if path.ends_with(".mp4") { 3 } else { 0 });
        stage.assert_next_push_completes();
    });
}

/// A file that vanishes while others are published is named.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn vanished_file_is_named() {
    let changes: [(_, Change, _); 2] = [
        ("gone", gone, "no such file or directory"),
        ("a folder now", a_folder_now, "is a directory"),
    ];
    let rows = ["zz/film.mp4", "zz/page.html"]
        .into_iter()
        .flat_map(|path| {
            changes.map(|(how, change, says)| (format!("{path} {how}"), (path, change, says)))
        });
    each(4, rows, |(path, change, says)| {
        let (stage, run) = push_while_changing(path, change);
        assert_eq!(run.code, 1, "{run}");
        assert_says(&run, &[path, says]);
        stage.assert_next_push_completes();
    });
}

// ---- limits ----

fn crowd() -> Site {
    (0..200).fold(Site::bare().config(""), |site, number| {
        let text = format!("<p>Page {number} of many</p>\n").repeat(50);
        site.file(&format!("{number}.html"), text)
    })
}

/// Few file handles are enough or reported, and the next push completes.
#[test]
fn few_file_handles_suffice_for_folders() {
    let shelf = Shelf::of(crowd());
    for handles in [40, 32, 15] {
        let folder = format!("out-{handles}");
        let limit = format!(r#"ulimit -n {handles}; exec "$0" "$@""#);
        let limited = &mut under(&["sh", "-c", &limit], &shelf.command(&folder));
        let run = Run::of(limited, &shelf.site.path(""));
        match handles {
            15 => assert_done_or_told(&run),
            _ => assert_eq!(run.code, 0, "slow, and not failed: {run}"),
        }
        shelf.assert_nothing_is_half_written(&folder);
        shelf.assert_next_push_completes(&folder);
    }
}

/// Few file handles are enough for a bucket, and a soft limit is raised.
#[test]
#[ignore = "takes a minute or two: tests/run --test stories -- --ignored"]
fn few_file_handles_suffice_for_buckets() {
    // Files in parts have a spool, too.
    let site = || {
        let words = "It is a long way from here to there.\n".repeat(20 * MIB / 37);
        crowd()
            .file("long.txt", words)
            .file("film.mp4", noise(17 * MIB))
    };
    let rows = [
        ("32", "ulimit -n 32"),
        ("soft", "ulimit -S -n 16; test $(ulimit -H -n) -gt 100"),
    ];
    each(2, rows, |limit| {
        let stage = Stage::new(site(), []);
        let limit = format!(r#"{limit}; exec "$0" "$@""#);
        let push = stage.program(&["push", "--json", "--requests", "50", "--retry-seconds", "5"]);
        let run = stage.run(&mut under(&["sh", "-c", &limit], &push));
        assert_eq!(run.code, 0, "slow, and not failed: {run}");
        assert_counts(&report(&run), 202);
        stage.assert_published();
        for look in ["doctor", "audit"] {
            let run = stage.run(&mut under(&["sh", "-c", &limit], &stage.program(&[look])));
            assert!(!run.to_string().contains("open files"), "{run}");
            assert!([0, 3].contains(&run.code), "{run}");
        }
    });
}

fn assert_done_or_told(run: &Run) {
    match run.code {
        0 => {}
        1 => assert_says(run, &["oo many open files"]),
        _ => panic!("{run}"),
    }
}

/// Little memory leaves no half file, and the next push completes.
#[test]
fn little_memory_leaves_no_half_file() {
    let shelf = Shelf::new();
    // With less, the system can't even load a program that isn't optimised.
    let rows = [400, 250, 150, 120, 110, 100, 90].map(|mib| (mib, mib));
    each(4, rows, |mib| {
        let folder = format!("out-{mib}");
        let limit = format!(r#"ulimit -v {}; exec "$0" "$@""#, mib * 1024);
        let limited = &mut under(&["sh", "-c", &limit], &shelf.command(&folder));
        let run = Run::of(limited, &shelf.site.path(""));
        // An allocation of something small still ends it by a signal, if it's the one that fails.
        match run.code {
            0 => {}
            1 | 2 => assert_says(&run, &["emory"]),
            -1 => assert_says(&run, &["memory allocation of "]),
            _ => panic!("{run}"),
        }
        shelf.assert_nothing_is_half_written(&folder);
        shelf.assert_next_push_completes(&folder);
    });
}

/// Fifty files for which a disk has no room are one line.
#[test]
fn full_disk_failures_are_one_line() {
    let mount = "mount -t tmpfs none /mnt";
    needs(
        "a mount namespace",
        &["unshare", "-m", "sh", "-c", mount],
        "run as root",
    );
    let mut site = Site::bare();
    for number in 0..50 {
        let mut picture = noise(20_000);
        picture[0] = number;
        site = site.file(&format!("{number:02}.png"), picture);
    }
    let script = r#"mkdir small && mount -t tmpfs -o size=128k none small && exec "$0" "$@""#;
    let push = site.command(&push_to("file:small/out"));
    let run = Run::of(
        &mut under(&["unshare", "-m", "sh", "-c", script], &push),
        &site.path(""),
    );
    assert_eq!(run.code, 1, "{run}");
    let failed = run.stderr.lines().filter(|line| line.starts_with("failed"));
    let failed: Vec<&str> = failed.collect();
    assert_eq!(failed.len(), 1, "{run}");
    assert!(
        failed[0].contains(" objects (such as ") && failed[0].contains("no space left"),
        "{run}"
    );
    assert_says(&run, &["what visitors see is unchanged"]);
}
