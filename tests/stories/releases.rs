//! Releases on a store in memory: what a push, a rollback, the live switch and a prune ask of it,
//! and what they leave.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::support::memory::{Call, Fault, Memory};
use assetsync::testing::release::prune::{self, Keep};
use assetsync::testing::release::publish::Published;
use assetsync::testing::release::root::{Plain, Refusal};
use assetsync::testing::release::state::{Changed, State};
use assetsync::testing::release::verify::Verify;
use assetsync::testing::store::{PutMode, StoreErrorKind};
use assetsync::testing::{Build, Error, Store, encode};

use crate::support::library::{Deployer, block_on, built, secret};
use crate::support::{Site, gunzip};

const RULES: &str =
    "[[rule]]\nmatch = \"*.html\"\nnames = \"plain\"\n[target.local]\nurl = \"file:out\"\n";

fn hunt() -> Site {
    Site::new()
        .config(RULES)
        .file("index.html", "<h1>The hunt</h1><img src=\"map.png\">")
        .file("map.png", "a map")
        .file("app.css", "body{}")
        .file("puzzle/gears.js", "turn()")
        .file("puzzle/gears.txt", "gears")
}

fn bucket() -> (Memory, Arc<dyn Store>) {
    let memory = Memory::new();
    memory.set_clock(Duration::from_secs(1_800_000_000));
    (memory.clone(), Arc::new(memory))
}

/// The calls since, without the folder of releases' name, which only the key tells.
fn calls(memory: &Memory) -> Vec<String> {
    let folder = memory
        .keys()
        .iter()
        .find_map(|key| key.strip_suffix("root.json").map(str::to_string))
        .unwrap_or_default();
    let name = |key: &str| match key.strip_prefix(&folder) {
        Some(rest) if !folder.is_empty() => rest.split('/').next().unwrap_or(rest).to_string(),
        _ => key.rsplit('.').next().unwrap_or(key).to_string(),
    };
    let call = |call: &Call| match call {
        Call::List => "list".to_string(),
        Call::Head(key) => format!("head {}", name(key)),
        Call::Put(key, PutMode::Create) => format!("create {}", name(key)),
        Call::Put(key, PutMode::Over(_)) => format!("overwrite {}", name(key)),
        Call::Read(key) => format!("read {}", name(key)),
        Call::Write(key, PutMode::Create) => format!("create {}", name(key)),
        Call::Write(key, PutMode::Over(_)) => format!("swap {}", name(key)),
        Call::Delete(key) => format!("delete {}", name(key)),
    };
    memory.calls().iter().map(call).collect()
}

/// A push writes objects, verifies them, then writes manifest, release and root.
#[test]
fn push_writes_root_last() {
    let (memory, store) = bucket();
    let ann = Deployer::new("ann", &store);
    block_on(async {
        ann.push(&built(&hunt())).await.expect("published");
        let site = hunt();
        site.write("puzzle/gears.txt", "more gears");
        memory.clear_calls();
        let published = ann.push(&built(&site)).await.expect("published");
        assert!(published.is_new);
    });
    assert_eq!(
        calls(&memory),
        [
            "read root.json",
            "read manifests",
            "create txt",
            "list",
            "create manifests",
            "read manifests",
            "create releases",
            "read root.json",
            "swap root.json",
        ]
    );
}

/// A push of what is there reads the root and the manifest and writes nothing.
#[test]
fn unchanged_push_writes_nothing() {
    let (memory, store) = bucket();
    let ann = Deployer::new("ann", &store);
    block_on(async {
        let first = ann.push(&built(&hunt())).await.expect("published");
        memory.clear_calls();
        let second = ann.push(&built(&hunt())).await.expect("published");
        assert!(!second.is_new);
        assert_eq!(second.release, first.release);
        assert_eq!(second.report.kept.objects, 5);
    });
    assert!(memory.writes().is_empty());
    assert!(!calls(&memory).contains(&"list".to_string()));
}

/// A manifest that another version packed differently still serves.
#[test]
fn differently_packed_manifest_still_serves() {
    let (memory, store) = bucket();
    let ann = Deployer::new("ann", &store);
    let site = hunt();
    block_on(async {
        ann.push(&built(&site)).await.expect("published");
        let is_manifest = |key: &String| key.contains("/manifests/");
        let first = memory.keys().into_iter().find(is_manifest).expect("one");
        let packed = memory.bytes(&first).expect("it's there");
        let text = gunzip(&packed);
        let otherwise = encode::gzip(&text, 9).expect("shorter");
        assert_ne!(packed, otherwise);

        site.write("app.css", "body{color:red}");
        ann.push(&built(&site)).await.expect("published");
        memory.damage(&first, &otherwise);
        site.write("app.css", "body{}");
        let back = ann.push(&built(&site)).await.expect("published");
        assert!(back.is_new);
        assert_eq!(memory.bytes(&first), Some(otherwise));

        site.write("app.css", "body{color:red}");
        ann.push(&built(&site)).await.expect("published");
        memory.damage(&first, b"something else");
        site.write("app.css", "body{}");
        let refused = ann.push(&built(&site)).await.expect_err("it's damaged");
        assert!(refused.to_string().contains("manifest"), "{refused}");
    });
}

/// Plain names are written after the root, and only then is the root settled.
#[test]
fn plain_names_follow_the_root() {
    let (memory, store) = bucket();
    let ann = Deployer::new("ann", &store);
    let site = hunt();
    block_on(async {
        ann.push(&built(&site)).await.expect("published");
        site.write("index.html", "<h1>Erratum</h1>");
        memory.clear_calls();
        ann.push(&built(&site)).await.expect("published");
        assert_eq!(ann.root().await.plain, Plain::Settled);
    });
    let calls = calls(&memory);
    let at = |wanted: &str| {
        let found = calls.iter().position(|call| call == wanted);
        found.unwrap_or_else(|| panic!("no `{wanted}` in {calls:?}"))
    };
    assert!(at("swap root.json") < at("overwrite html"), "{calls:?}");
    assert!(
        at("create plain") < at("swap root.json"),
        "a copy for rollbacks comes first"
    );
    assert_eq!(
        memory.bytes("index.html").as_deref(),
        Some(&b"<h1>Erratum</h1>"[..])
    );
}

/// A push that was stopped before its plain names is finished by the next one.
#[test]
fn next_push_finishes_plain_names() {
    let (memory, store) = bucket();
    let ann = Deployer::new("ann", &store);
    let site = hunt();
    block_on(async {
        ann.push(&built(&site)).await.expect("published");
        site.write("index.html", "<h1>Erratum</h1>");
        memory.trouble(|call| match call {
            Call::Put(key, PutMode::Over(_)) if key == "index.html" => {
                Fault::Refuse(StoreErrorKind::Other)
            }
            _ => Fault::None,
        });
        let stopped = ann.push(&built(&site)).await.expect("committed");
        assert_eq!((stopped.is_new, stopped.report.exit_code()), (true, 1));
        assert_eq!(ann.root().await.plain, Plain::Pending);
        memory.trouble(|_| Fault::None);
        let finished = ann.push(&built(&site)).await.expect("published");
        assert!(finished.report.is_complete());
        assert_eq!(finished.report.overwritten.objects, 1);
        assert_eq!(ann.root().await.plain, Plain::Settled);
    });
    assert_eq!(
        memory.bytes("index.html").as_deref(),
        Some(&b"<h1>Erratum</h1>"[..])
    );
}

/// An object that fails leaves the release as it was.
#[test]
fn failed_object_keeps_the_release() {
    let (memory, store) = bucket();
    let ann = Deployer::new("ann", &store);
    let site = hunt();
    block_on(async {
        ann.push(&built(&site)).await.expect("published");
        let before = ann.root().await;
        site.write("app.css", "body{color:red}");
        memory.fail_next_put(StoreErrorKind::Other);
        let failed = ann.push(&built(&site)).await.expect("told in the report");
        assert_eq!((failed.release, failed.report.exit_code()), (None, 1));
        assert_eq!(ann.root().await, before);
    });
}

/// Of two concurrent pushes, the second loses and changes nothing.
#[test]
fn second_concurrent_push_changes_nothing() {
    let (memory, store) = bucket();
    let (ann, ben) = (Deployer::new("ann", &store), Deployer::new("ben", &store));
    let (anns, bens) = (hunt(), hunt());
    anns.write("app.css", "body{color:red}");
    bens.write("app.css", "body{color:blue}");
    bens.write("index.html", "<h1>Ben's</h1>");
    block_on(async {
        ann.push(&built(&hunt())).await.expect("published");
        // Ben reads the root; then, while he uploads, Ann publishes.
        let (build, theirs) = (built(&bens), built(&anns));
        let other = Arc::new(Deployer::new("ann", &store));
        let mut is_done = false;
        memory.trouble(move |call| {
            if matches!(call, Call::Put(key, _) if key.ends_with(".css")) && !is_done {
                is_done = true;
                let (other, theirs) = (Arc::clone(&other), theirs.clone());
                std::thread::spawn(move || block_on(async move { other.push(&theirs).await }))
                    .join()
                    .ok();
            }
            Fault::None
        });
        let lost = ben.push(&build).await;
        assert!(matches!(lost, Err(Error::LostRace { .. })), "{lost:?}");
        assert_eq!(ann.root().await.actor, "ann");
    });
    assert_eq!(
        memory.bytes("index.html"),
        Some(std::fs::read(hunt().asset("index.html")).expect("a page"))
            .map(|_| memory.bytes("index.html").expect("there"))
    );
}

/// The loser of a race is told who published, not who changed something else since.
#[test]
fn lost_race_names_the_publisher() {
    let (_, store) = bucket();
    let [ann, ben, cat] = ["ann", "ben", "cat"].map(|name| Deployer::new(name, &store));
    let (bens, cats) = (hunt(), hunt());
    bens.write("app.css", "body{color:blue}");
    cats.write("app.css", "body{color:red}");
    block_on(async {
        ann.push(&built(&hunt())).await.expect("published");
        let looked = cat.look().await.expect("a look");
        let bens = ben.push(&built(&bens)).await.expect("published");
        ann.go_live().await.expect("live");
        let lost = cat.push_on(&built(&cats), looked).await;
        let lost = lost.expect_err("too late").to_string();
        let release = bens.release.expect("a release");
        let told = format!("is now {}, made by ben at {}", release.id, release.at);
        assert!(lost.contains(&told), "{lost}");
        assert!(!lost.contains("ann"), "{lost}");
    });
}

/// A lost answer to the swap of the root is found to be a success.
#[test]
fn lost_swap_answer_is_a_success() {
    for fault in [Fault::Lose, Fault::Delay] {
        let (memory, store) = bucket();
        let ann = Deployer::new("ann", &store);
        let site = hunt();
        block_on(async {
            ann.push(&built(&site)).await.expect("published");
            site.write("app.css", "body{color:red}");
            let mut left = 1;
            memory.trouble(move |call| match call {
                Call::Write(key, PutMode::Over(_)) if key.ends_with("root.json") && left > 0 => {
                    left -= 1;
                    fault
                }
                _ => Fault::None,
            });
            let published = ann.push(&built(&site)).await.expect("published");
            assert_eq!(ann.root().await.current, published.release, "{fault:?}");
            // What comes late is refused: the root has moved on.
            let root = ann.root().await;
            assert_eq!(memory.deliver(), fault == Fault::Delay);
            assert_eq!(ann.root().await, root);
        });
    }
}

/// A swap that is never answered has an unknown outcome and has not failed.
#[test]
fn unanswered_swap_is_unknown() {
    let (memory, store) = bucket();
    let ann = Deployer::new("ann", &store);
    let site = hunt();
    block_on(async {
        ann.push(&built(&site)).await.expect("published");
        site.write("app.css", "body{color:red}");
        memory.trouble(|call| match call {
            Call::Write(key, PutMode::Over(_)) if key.ends_with("root.json") => Fault::Delay,
            _ => Fault::None,
        });
        let unknown = ann.push(&built(&site)).await;
        assert!(matches!(unknown, Err(Error::Unknown { .. })), "{unknown:?}");
        assert_eq!(unknown.err().map(|error| error.exit_code()), Some(5));
    });
}

/// A rollback moves only the root, and can move it forward again.
#[test]
fn rollback_moves_only_the_root() {
    let (memory, store) = bucket();
    let ann = Deployer::new("ann", &store);
    let site = hunt();
    block_on(async {
        let first = ann.push(&built(&site)).await.expect("published").release;
        site.write("app.css", "body{color:red}");
        let second = ann.push(&built(&site)).await.expect("published").release;
        memory.clear_calls();
        let done = ann.roll_back(None).await.expect("rolled back");
        assert_eq!(
            (Some(done.from), Some(done.to)),
            (second.clone(), first.clone())
        );
        assert_eq!(ann.root().await.current, first);
        assert_eq!(memory.writes().len(), 1, "the root");
        let id = second.as_ref().expect("released").id.0.clone();
        let end = id.rsplit('-').next().expect("an end");
        ann.roll_back(Some(end))
            .await
            .expect("and forward, by the end of its name");
        assert_eq!(ann.root().await.current, second);
        assert_eq!(
            ann.root().await.seq,
            6,
            "it only rises; the beginning and plain names took one each"
        );
    });
}

#[test]
fn a_rollback_brings_plain_names_back() {
    let (memory, store) = bucket();
    let ann = Deployer::new("ann", &store);
    let site = hunt();
    let page = "<p>So much to say of it</p>".repeat(99);
    site.write("index.html", &page);
    block_on(async {
        ann.push(&built(&site)).await.expect("published");
        let before = memory.bytes("index.html");
        site.write("index.html", "<h1>A mistake</h1>");
        ann.push(&built(&site)).await.expect("published");
        let done = ann.roll_back(None).await.expect("rolled back");
        assert_eq!(done.report.overwritten.objects, 1);
        assert_eq!(memory.bytes("index.html"), before, "gzipped as before");
        assert_eq!(
            memory.headers("index.html").map(|(_, gzipped)| gzipped),
            Some(true)
        );
        assert_eq!(ann.root().await.plain, Plain::Settled);
    });
}

/// A rollback to a release whose objects are damaged or gone is refused.
#[test]
fn rollback_to_damaged_release_is_refused() {
    for is_gone in [true, false] {
        let (memory, store) = bucket();
        let ann = Deployer::new("ann", &store);
        let site = hunt();
        block_on(async {
            let first = built(&site);
            ann.push(&first).await.expect("published");
            site.write("app.css", "body{color:red}");
            ann.push(&built(&site)).await.expect("published");
            let old = first.find("app.css").expect("built").key.to_string();
            if is_gone {
                memory.remove(&old)
            } else {
                memory.damage(&old, b"bodx{}")
            }
            let before = ann.root().await;
            let refused = ann.roll_back(None).await;
            assert_eq!(refused.err().map(|error| error.exit_code()), Some(3));
            assert_eq!(ann.root().await, before);
        });
    }
}

/// While live, nothing is overwritten, but releases of keyed names go on.
#[test]
fn live_releases_overwrite_nothing() {
    let (memory, store) = bucket();
    let mut ann = Deployer::new("ann", &store);
    let site = hunt();
    block_on(async {
        ann.push(&built(&site)).await.expect("published");
        assert!(matches!(ann.go_live().await, Ok(Changed::Done(_))));
        site.write("app.css", "body{color:red}");
        let published = ann.push(&built(&site)).await.expect("keyed names go on");
        assert!(published.is_new);
        ann.roll_back(None).await.expect("rollbacks too");
        site.write("index.html", "<h1>Erratum</h1>");
        memory.clear_calls();
        let refused = ann.push(&built(&site)).await.expect_err("refused");
        assert_eq!(refused.exit_code(), 3);
        assert!(refused.to_string().contains("index.html"), "{refused}");
        assert!(memory.writes().is_empty());
        ann.allowed.overwrite_live = ["index.html".to_string()].into();
        ann.push(&built(&site)).await.expect("excused by name");
        assert_eq!(
            memory.bytes("index.html").as_deref(),
            Some(&b"<h1>Erratum</h1>"[..])
        );
        assert!(matches!(ann.end_live().await, Ok(Changed::Done(_))));
        assert!(matches!(
            ann.end_live().await,
            Ok(Changed::Refused(Refusal::Already, _))
        ));
    });
}

/// A target that goes live during a push is not overwritten.
#[test]
fn going_live_mid_push_prevents_overwriting() {
    let (memory, store) = bucket();
    let ann = Deployer::new("ann", &store);
    let site = hunt();
    block_on(async {
        ann.push(&built(&site)).await.expect("published");
        site.write("index.html", "<h1>Erratum</h1>");
        site.write("app.css", "body{color:red}");
        let build = built(&site);
        let before = memory.bytes("index.html");
        let operator = Arc::new(Deployer::new("operator", &store));
        let mut is_done = false;
        memory.trouble(move |call| {
            if matches!(call, Call::Put(key, _) if key.ends_with(".css")) && !is_done {
                is_done = true;
                let operator = Arc::clone(&operator);
                let live = std::thread::spawn(move || {
                    block_on(async move { operator.go_live().await.is_ok() })
                });
                assert!(live.join().expect("no panic"));
            }
            Fault::None
        });
        let refused = ann.push(&build).await.expect_err("refused");
        assert_eq!(refused.exit_code(), 3, "{refused}");
        assert_eq!(memory.bytes("index.html"), before);
    });
}

/// Ann is stopped right before she writes a page; by a push or a rollback to where that page isn't,
/// and then the target goes live.
fn overtaken(by: impl AsyncFn(&Deployer, &Build) -> bool + Send + Sync + 'static) {
    let (memory, store) = bucket();
    let client = memory.another_client();
    let anns: Arc<dyn Store> = Arc::new(client.clone());
    let (ann, ben) = (Deployer::new("ann", &anns), Deployer::new("ben", &store));
    let sites = [
        hunt(),
        hunt().file("credits.html", "the first"),
        hunt().file("credits.html", "the second"),
    ];
    let [without, first, second] = sites.each_ref().map(built);
    let at_live = Arc::new(std::sync::Mutex::new(None));
    let (seen, by) = (Arc::clone(&at_live), Arc::new(by));
    let deed = Arc::new((ben, without.clone(), memory.clone()));
    block_on(async {
        ann.push(&without).await.expect("published");
        ann.push(&first).await.expect("published");
        client.trouble(move |call| {
            let is_page = matches!(call, Call::Put(key, _) if key == "credits.html");
            if is_page && seen.lock().expect("no holder panics").is_none() {
                let (by, deed) = (Arc::clone(&by), Arc::clone(&deed));
                let meanwhile = move || {
                    let (ben, without, memory) = &*deed;
                    assert!(block_on(by(ben, without)));
                    let live = block_on(ben.go_live()).expect("told");
                    assert!(matches!(live, Changed::Done(_)), "{live:?}");
                    memory.bytes("credits.html")
                };
                let page = std::thread::spawn(meanwhile).join().expect("no panic");
                *seen.lock().expect("no holder panics") = page;
            }
            Fault::None
        });
        let overtaken = ann.push(&second).await.expect("the release was made");
        assert_eq!(overtaken.report.exit_code(), 1, "{:?}", overtaken.report);
        let at_live = at_live.lock().expect("no holder panics").clone();
        assert!(at_live.is_some(), "she was overtaken");
        assert_eq!(memory.bytes("credits.html"), at_live);
        let root = ann.root().await;
        assert!(root.live.is_some() && root.overtaken.is_empty());
    });
}

/// What fails for us now may succeed for whoever was overtaken, later.
#[test]
fn unwritable_dropped_page_prevents_going_live() {
    let (memory, store) = bucket();
    let (ann, ben) = (Deployer::new("ann", &store), Deployer::new("ben", &store));
    let sites = [
        hunt(),
        hunt().file("credits.html", "the first"),
        hunt().file("credits.html", "the second"),
    ];
    let [without, first, second] = sites.each_ref().map(built);
    let once = |fault| {
        let mut left = 1;
        memory.trouble(move |call| match call {
            Call::Put(key, _) if key == "credits.html" && left > 0 => {
                left -= 1;
                fault
            }
            _ => Fault::None,
        });
    };
    block_on(async {
        ann.push(&without).await.expect("published");
        ann.push(&first).await.expect("published");
        once(Fault::Delay);
        let late = ann.push(&second).await.expect("the release was made");
        assert!(!late.report.is_complete());
        once(Fault::Refuse(StoreErrorKind::Other));
        let pushed = ben.push(&without).await.expect("the release was made");
        assert!(!pushed.report.is_complete());
        let live = ben.go_live().await.expect("told");
        assert!(
            matches!(live, Changed::Refused(Refusal::Pending, _)),
            "{live:?}"
        );

        ben.resolve().await.expect("settled");
        let live = ben.go_live().await.expect("told");
        assert!(matches!(live, Changed::Done(_)), "{live:?}");
        let page = memory.bytes("credits.html");
        assert!(memory.deliver(), "ann's page comes now");
        assert_eq!(memory.bytes("credits.html"), page);
    });
}

/// A push overtaken by one that drops its page overwrites nothing while live.
#[test]
fn overtaken_by_push_spares_live_page() {
    overtaken(async |ben, without| {
        ben.push(without)
            .await
            .is_ok_and(|pushed| pushed.report.is_complete())
    });
}

/// A push overtaken by a rollback from before its page overwrites nothing while live.
#[test]
fn overtaken_by_rollback_spares_live_page() {
    overtaken(async |ben, _| {
        let state = ben.state().await.expect("a state");
        let root = state.root().await.expect("read").expect("there").root;
        let first = root.oldest.expect("released").0;
        ben.roll_back(Some(&first))
            .await
            .is_ok_and(|back| back.report.is_complete())
    });
}

/// The next release repairs damaged objects, but not while live.
#[test]
fn next_release_repairs_damage_unless_live() {
    let (memory, store) = bucket();
    let ann = Deployer::new("ann", &store);
    let site = hunt();
    block_on(async {
        let build = built(&site);
        ann.push(&build).await.expect("published");
        let map = build.find("map.png").expect("built").key.to_string();
        let css = build.find("app.css").expect("built").key.to_string();
        memory.damage(&map, b"A map");
        memory.remove(&css);
        site.write("puzzle/gears.js", "turn(2)");
        ann.go_live().await.expect("live");
        let refused = ann.push(&built(&site)).await.expect_err("refused");
        assert_eq!(refused.exit_code(), 3);
        ann.end_live().await.expect("open");
        let published = ann.push(&built(&site)).await.expect("published");
        assert_eq!(
            published.repaired.len(),
            2,
            "neither was touched while live"
        );
        assert_eq!(memory.bytes(&map).as_deref(), Some(&b"a map"[..]));
        assert_eq!(memory.bytes(&css).as_deref(), Some(&b"body{}"[..]));
    });
}

/// An object that is written again counts as written, not as kept.
#[test]
fn repaired_objects_arent_counted_as_kept() {
    let numbers = |published: &Published| {
        let report = &published.report;
        let tallies = [report.uploaded, report.overwritten, report.kept];
        tallies.map(|tally| tally.objects)
    };
    let (memory, store) = bucket();
    let ann = Deployer::new("ann", &store);
    let site = hunt();
    block_on(async {
        let build = built(&site);
        let first = ann.push(&build).await.expect("published");
        assert_eq!(numbers(&first), [5, 0, 0]);
        let key = |path| build.find(path).expect("built").key.to_string();
        memory.remove(&key("app.css"));
        memory.damage(&key("map.png"), b"A map");
        let again = ann.verify_again(&build).await.expect("repaired");
        assert_eq!((again.repaired.len(), numbers(&again)), (2, [1, 1, 3]));
        let sum = |published: &Published| {
            let report = &published.report;
            report.uploaded.bytes + report.overwritten.bytes + report.kept.bytes
        };
        assert_eq!(sum(&again), sum(&first));

        // A page takes another release.
        memory.remove(&key("app.css"));
        memory.remove("index.html");
        let again = ann.verify_again(&build).await.expect("repaired");
        assert_eq!((again.is_new, numbers(&again)), (true, [2, 0, 3]));
        assert!(again.report.sent_bytes > 0);

        // Noticed by a push that has other work, too.
        memory.remove(&key("app.css"));
        memory.remove("index.html");
        site.write("puzzle/gears.js", "turn(2)");
        let pushed = ann.push(&built(&site)).await.expect("published");
        assert_eq!(numbers(&pushed), [3, 0, 2]);
    });
}

/// While live, damaged objects are repaired if their paths are named.
#[test]
fn live_damage_is_repaired_if_named() {
    let (memory, store) = bucket();
    let mut ann = Deployer::new("ann", &store);
    let site = hunt();
    block_on(async {
        let build = built(&site);
        ann.push(&build).await.expect("published");
        for path in ["map.png", "app.css"] {
            let key = build.find(path).expect("built").key.to_string();
            memory.damage(&key, b"xxxxxx");
        }
        site.write("puzzle/gears.js", "turn(2)");
        ann.go_live().await.expect("live");
        ann.allowed.overwrite_live.insert("map.png".to_string());
        let refused = ann.push(&built(&site)).await.expect_err("refused");
        assert!(refused.to_string().contains("`app.css`"), "{refused}");
        ann.allowed.overwrite_live.insert("app.css".to_string());
        let published = ann.push(&built(&site)).await.expect("published");
        assert_eq!(published.repaired.len(), 2);
        let map = build.find("map.png").expect("built").key.to_string();
        assert_eq!(memory.bytes(&map).as_deref(), Some(&b"a map"[..]));
    });
}

/// Whoever deletes the root would end a live event's protection with it: after the first release,
/// too.
#[test]
fn deleted_root_stops_every_command() {
    let (memory, store) = bucket();
    let ann = Deployer::new("ann", &store);
    let site = hunt();
    let secret = secret();
    block_on(async {
        for round in 0..3 {
            site.write("puzzle/gears.js", format!("turn({round})"));
            ann.push(&built(&site)).await.expect("published");
            ann.go_live().await.expect("live");
            let keys = memory.keys().into_iter();
            let mut roots = keys.filter(|key| key.ends_with("root.json"));
            let root = roots.next().expect("there");
            let found = State::within(&store, &secret, 8, "ann");
            let refused = memory.without(&root, found).await.expect_err("refused");
            assert_eq!(refused.exit_code(), 3);
            assert!(refused.to_string().contains("is missing"), "{refused}");
        }
    });

    for pushes in 1..3 {
        let site = hunt();
        for round in 0..pushes {
            site.write("puzzle/gears.js", format!("turn({round})"));
            site.ok(&["push"]);
        }
        site.ok(&["live", "on"]);
        std::fs::remove_file(site.path("out.releases/root.json")).expect("there");
        let commands: [&[&str]; 6] = [
            &["push"],
            &["push", "--begin-anew"],
            &["audit"],
            &["live", "status"],
            &["releases"],
            &["rollback"],
        ];
        for command in commands {
            let run = site.run(command);
            assert_eq!(run.code, 3, "{command:?}: {run}");
            assert!(
                format!("{run}").contains("`root.json` was deleted"),
                "{run}"
            );
        }
    }
}

/// A misspelt target is not taken for a release.
#[test]
fn misspelt_target_is_not_a_release() {
    let site = hunt();
    let run = site.run(&["rollback", "locl"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("did you mean `local`?"), "{run}");
}

/// A push that is told to verify nothing lists nothing.
#[test]
fn verify_none_lists_nothing() {
    let (memory, store) = bucket();
    let mut ann = Deployer::new("ann", &store);
    ann.verify = Verify::None;
    let site = hunt();
    block_on(async {
        ann.push(&built(&site)).await.expect("published");
        site.write("app.css", "body{color:red}");
        memory.clear_calls();
        ann.push(&built(&site)).await.expect("published");
    });
    assert!(!calls(&memory).contains(&"list".to_string()));
}

async fn sweep(ann: &Deployer, keep: Keep) -> Result<(u64, usize), Error> {
    let state = ann.state().await?;
    let here = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let here = ann.store.now().unwrap_or(here);
    let sweep = prune::plan(&ann.store, &state, keep, 8, here).await?;
    let dropped = sweep.dropped.len();
    let gone = prune::sweep(&ann.store, &state, &sweep, 8).await?;
    Ok((gone, dropped))
}

const ONE: Keep = Keep {
    releases: 1,
    age: Duration::ZERO,
};

/// A prune deletes what no retained release needs and nothing else.
#[test]
fn prune_deletes_only_unneeded_objects() {
    let (memory, store) = bucket();
    let ann = Deployer::new("ann", &store);
    let site = hunt();
    let (objects, old) = block_on(async {
        let first = built(&site);
        ann.push(&first).await.expect("published");
        site.write("app.css", "body{color:red}");
        let second = built(&site);
        ann.push(&second).await.expect("published");
        memory
            .below("")
            .write("foreign.txt", "somebody else's".into(), &PutMode::Create)
            .await
            .expect("written");
        let (_, dropped) = sweep(&ann, ONE).await.expect("pruned");
        assert_eq!(dropped, 1);
        let kept: Vec<String> = second.objects.iter().map(|o| o.key.to_string()).collect();
        (kept, first.find("app.css").expect("built").key.to_string())
    });
    let keys = memory.keys();
    assert!(!keys.contains(&old));
    for key in objects {
        assert!(keys.contains(&key), "{key}");
    }
    assert!(keys.contains(&"foreign.txt".to_string()));
    assert_eq!(
        keys.iter().filter(|key| key.contains("/releases/")).count(),
        1
    );
    assert_eq!(
        keys.iter()
            .filter(|key| key.contains("/manifests/"))
            .count(),
        1
    );
    block_on(async {
        let root = ann.root().await;
        assert_eq!((root.gc.epoch, root.gc.sweep), (2, None));
        let refused = ann
            .roll_back(None)
            .await
            .expect_err("there's nothing to go back to");
        assert_eq!(refused.exit_code(), 2);
    });
}

/// A prune keeps releases that are young, among the newest, or current.
#[test]
fn prune_keeps_young_newest_and_current() {
    let (memory, store) = bucket();
    let ann = Deployer::new("ann", &store);
    let site = hunt();
    let day = Duration::from_secs(86_400);
    block_on(async {
        for n in 0..5 {
            memory.set_clock(Duration::from_secs(1_800_000_000) + day * n);
            site.write("app.css", format!("body{{order:{n}}}"));
            ann.push(&built(&site)).await.expect("published");
        }
        let of = |releases, age| Keep { releases, age };
        let plan = |keep| {
            let (ann, store) = (&ann, &store);
            async move {
                let state = ann.state().await.expect("a state");
                let here = store.now().expect("a clock");
                let sweep = prune::plan(store, &state, keep, 8, here)
                    .await
                    .expect("planned");
                (sweep.dropped.len(), sweep.retained)
            }
        };
        assert_eq!(plan(of(10, Duration::ZERO)).await, (0, 5));
        assert_eq!(plan(of(2, Duration::ZERO)).await, (3, 2));
        // The third was replaced a day ago, the second two days ago.
        assert_eq!(plan(of(0, day * 3 / 2)).await, (2, 3));
        ann.roll_back(None).await.expect("back to the fourth");
        assert_eq!(
            plan(of(0, Duration::ZERO)).await,
            (3, 2),
            "the current one and all newer ones"
        );
    });
}

#[test]
fn a_prune_is_refused_while_live() {
    let (memory, store) = bucket();
    let ann = Deployer::new("ann", &store);
    block_on(async {
        ann.push(&built(&hunt())).await.expect("published");
        ann.go_live().await.expect("live");
        memory.clear_calls();
        let refused = sweep(&ann, ONE).await.expect_err("refused");
        assert_eq!(refused.exit_code(), 3);
    });
    assert!(memory.writes().is_empty());
}

/// An interrupted prune stops publishing until it is finished.
#[test]
fn interrupted_prune_blocks_publishing() {
    let (memory, store) = bucket();
    let ann = Deployer::new("ann", &store);
    let site = hunt();
    block_on(async {
        ann.push(&built(&site)).await.expect("published");
        site.write("app.css", "body{color:red}");
        ann.push(&built(&site)).await.expect("published");
        memory.trouble(|call| match call {
            Call::Delete(key) if key.ends_with(".css") => {
                Fault::Refuse(StoreErrorKind::Unreachable)
            }
            _ => Fault::None,
        });
        let failed = sweep(&ann, ONE).await.expect_err("failed");
        assert_eq!(failed.exit_code(), 1);
        let hint = failed.hint().expect("one");
        assert!(
            hint.contains("run `assetsync resolve` to finish it"),
            "{hint}"
        );
        memory.trouble(|call| match call {
            Call::Delete(key) if key.ends_with(".css") => {
                Fault::Refuse(StoreErrorKind::OutcomeUnknown)
            }
            _ => Fault::None,
        });
        let state = ann.state().await.expect("a state");
        let unknown = prune::finish(&store, &state, 8).await;
        assert_eq!(unknown.expect_err("unknown").exit_code(), 5);
        memory.trouble(|_| Fault::None);
        site.write("app.css", "body{color:blue}");
        let refused = ann.push(&built(&site)).await.expect_err("refused");
        assert_eq!(refused.exit_code(), 3);
        let live = ann.go_live().await.expect("an answer");
        assert!(matches!(live, Changed::Refused(Refusal::Sweeping, _)));
        let finished = prune::finish(&store, &state, 8).await.expect("finished");
        assert!(finished.is_some());
        ann.push(&built(&site)).await.expect("published");
    });
}

/// A prune without permission to delete leaves the root as it was.
#[test]
fn forbidden_prune_announces_nothing() {
    let (memory, store) = bucket();
    let ann = Deployer::new("ann", &store);
    let site = hunt();
    block_on(async {
        ann.push(&built(&site)).await.expect("published");
        site.write("app.css", "body{color:red}");
        ann.push(&built(&site)).await.expect("published");
        memory.trouble(|call| match call {
            Call::Delete(_) => Fault::Refuse(StoreErrorKind::Denied),
            _ => Fault::None,
        });
        let before = ann.root().await;
        assert!(sweep(&ann, ONE).await.is_err());
        assert_eq!(ann.root().await, before);
    });
}

/// A push with too many files gone is refused unless it is allowed.
#[test]
fn shrinking_push_is_refused() {
    let (memory, store) = bucket();
    let mut ann = Deployer::new("ann", &store);
    block_on(async {
        ann.push(&built(&hunt())).await.expect("published");
        let smaller = Site::new()
            .config(RULES)
            .file("index.html", "<h1>The hunt</h1>")
            .file("app.css", "body{}");
        memory.clear_calls();
        let refused = ann.push(&built(&smaller)).await.expect_err("refused");
        assert_eq!(refused.exit_code(), 3);
        assert!(refused.to_string().contains("3 of 5 files"), "{refused}");
        assert!(memory.writes().is_empty());
        ann.allowed.shrink = true;
        ann.push(&built(&smaller)).await.expect("allowed");
    });
}

/// Another key finds the same releases and the id of their key.
#[test]
fn another_key_finds_the_same_releases() {
    let (memory, store) = bucket();
    let ann = Deployer::new("ann", &store);
    block_on(async {
        ann.push(&built(&hunt())).await.expect("published");
        let other = assetsync::testing::Secret::new(&[7; 32]).expect("long enough");
        let theirs = State::within(&store, &other, 8, "eve").await;
        let (_, root) = theirs.expect("found");
        let root = root.expect("there");
        assert_eq!(root.root, ann.root().await);
        assert_eq!(
            root.root.current.expect("released").key_id,
            secret().id().to_string()
        );
    });
    assert!(
        memory
            .keys()
            .iter()
            .filter(|key| key.ends_with("root.json"))
            .count()
            == 1
    );
}

/// A prune of a folder removes old files with their `.gz` and leaves the current ones.
#[test]
fn folder_prune_removes_old_gz() {
    let site = hunt().file("big.css", "body{margin:0}".repeat(99));
    site.ok(&["push"]);
    let first = site.published("out");
    site.write("big.css", "body{margin:1px}".repeat(99));
    site.ok(&["push"]);
    let both = site.published("out");
    let gz = |files: &std::collections::BTreeMap<String, Vec<u8>>| {
        files.keys().filter(|key| key.ends_with(".css.gz")).count()
    };
    assert_eq!((gz(&first), gz(&both)), (1, 2));
    site.ok(&["prune", "--keep", "1", "--keep-days", "0", "--yes"]);
    let left = site.published("out");
    assert_eq!(gz(&left), 1);
    let second: Vec<&String> = both
        .keys()
        .filter(|key| !first.contains_key(*key))
        .collect();
    assert_eq!(second.len(), 2, "the new style and its .gz: {second:?}");
    assert!(
        second.iter().all(|key| left.contains_key(*key)),
        "{second:?}"
    );
    let unchanged = first.keys().filter(|key| !key.contains(".css"));
    assert!(unchanged.into_iter().all(|key| left.contains_key(key)));
}

/// Advice names the target that was asked for and not the default one.
#[test]
fn advice_names_the_requested_target() {
    let site = hunt().raw_config(&format!(
        "key_file = \"hunt.key\"\ndefault_target = \"local\"\n[[source]]\ndir = \"assets\"\n{RULES}[target.staging]\nurl = \"file:staging\"\n"
    ));
    let advised = |arguments: &[&str], code: i32, command: &str| {
        let run = site.run(arguments);
        assert_eq!(run.code, code, "{arguments:?}\n{run}");
        assert!(run.stderr.contains(&format!("`{command}")), "{run}");
    };
    advised(&["releases", "staging"], 2, "assetsync push staging`");
    advised(&["releases"], 2, "assetsync push local`");
    let elsewhere = ["releases", "--to", "file:elsewhere"];
    advised(&elsewhere, 2, "assetsync push --to file:elsewhere`");
    site.ok(&["push", "staging"]);
    advised(&["rollback", "staging"], 2, "assetsync releases staging`");
    site.ok(&["live", "on", "staging"]);
    let prune = [
        "prune",
        "staging",
        "--keep",
        "1",
        "--keep-days",
        "0",
        "--yes",
    ];
    advised(&prune, 3, "assetsync live off staging`");
}

/// A release that was current until a rollback is retained from that moment on.
#[test]
fn retention_counts_from_the_rollback() {
    let (memory, store) = bucket();
    let ann = Deployer::new("ann", &store);
    let site = hunt();
    let day = Duration::from_secs(86_400);
    block_on(async {
        let mut ids = Vec::new();
        for n in 0..4 {
            site.write("app.css", format!("body{{order:{n}}}"));
            ids.push(ann.push(&built(&site)).await.expect("published"));
        }
        let id = |n: usize| ids[n].release.as_ref().expect("released").id.0.clone();
        let start = Duration::from_secs(1_800_000_000);
        memory.set_clock(start + day * 90);
        ann.roll_back(Some(&id(0))).await.expect("long ago");
        memory.set_clock(start + day * 100);
        ann.roll_back(Some(&id(3))).await.expect("and forth");
        let dropped = async |days| {
            let keep = Keep {
                releases: 1,
                age: day * days,
            };
            let state = ann.state().await.expect("a state");
            let here = store.now().expect("a clock");
            let sweep = prune::plan(&store, &state, keep, 8, here).await;
            sweep.expect("planned").dropped.len()
        };
        memory.set_clock(start + day * 120);
        assert_eq!(dropped(30).await, 0, "the first was current 20 days ago");
        assert_eq!(dropped(10).await, 3);
    });
}

/// A prune leaves whatever else is beside its releases or inside its target.
#[test]
fn prune_spares_neighbours_and_nested_targets() {
    // Two who know nothing of each other.
    let site = hunt();
    let top = std::fs::read_to_string(site.path("assetsync.toml")).expect("there");
    let (top, _) = top.split_once("[target").expect("a target");
    let write = |name: &str, target: &str| {
        std::fs::write(site.path(name), format!("{top}{target}")).expect("written");
    };
    let publish_twice = || {
        for color in ["red", "blue"] {
            site.write("app.css", format!("body{{color:{color}}}"));
            site.ok(&["push", "-c", "a.toml"]);
            // The one's releases are inside of the other's site: somebody means that.
            site.ok(&["push", "-c", "b.toml", "--allow-exposed"]);
        }
    };
    let prune = ["prune", "a", "--keep", "1", "--keep-days", "0", "--yes"];
    let prune = [&prune[..], &["-c", "a.toml"]].concat();
    // The releases of the one beside those of the other.
    write(
        "a.toml",
        "[target.a]\nurl = \"file:one\"\nstate = \"file:private\"\n",
    );
    write(
        "b.toml",
        "[target.b]\nurl = \"file:two\"\nstate = \"file:private/b\"\n",
    );
    publish_twice();
    site.ok(&["live", "on", "-c", "b.toml"]);
    std::fs::write(site.path("private/answers.txt"), "theirs").expect("written");
    let theirs = site.published("private/b");
    let pruned = site.run(&prune);
    assert!(pruned.stderr.contains("deleted"), "{pruned}");
    assert_eq!(site.published("private/b"), theirs);
    assert!(site.path("private/answers.txt").exists());
    let live = site.ok(&["live", "status", "-c", "b.toml"]);
    assert!(live.contains("live since"), "{live}");

    // The one inside of the other, as the listing says, or the configuration does.
    write("a.toml", "[target.a]\nurl = \"file:out\"\n");
    write("b.toml", "[target.b]\nurl = \"file:out/inner\"\n");
    publish_twice();
    let before = site.published("out");
    let refused = site.run(&prune);
    assert_eq!(refused.code, 3, "{refused}");
    let told = "other releases in `inner.releases`";
    assert!(refused.stderr.contains(told), "{refused}");
    let inner = "[target.b]\nurl = \"file:./out/inner\"\nstate = \"file:b.releases\"\n";
    write(
        "a.toml",
        &format!("[target.a]\nurl = \"file:out\"\n{inner}"),
    );
    let refused = site.run(&prune);
    assert_eq!(refused.code, 3, "{refused}");
    assert!(refused.stderr.contains("`b` is inside `a`"), "{refused}");
    assert_eq!(site.published("out"), before);
}

/// A site without files is published only with `--allow-shrink`.
#[test]
fn empty_site_needs_allow_shrink() {
    let site = hunt();
    site.ok(&["push"]);
    std::fs::remove_dir_all(site.path("assets")).expect("removed");
    std::fs::create_dir(site.path("assets")).expect("a folder");
    let before = site.published("out");
    let refused = site.run(&["push"]);
    assert_eq!(refused.code, 3, "{refused}");
    let said = site.ok(&["push", "--allow-shrink"]);
    assert!(said.contains("0 added, 0 changed, 5 removed"), "{said}");
    assert_eq!(site.published("out"), before, "nothing is deleted");
    site.ok(&["rollback"]);
}

/// An older commit is refused without `--allow-older`.
#[test]
fn older_commit_needs_allow_older() {
    let site = hunt();
    let git = |arguments: &[&str]| {
        let done = std::process::Command::new("git")
            .current_dir(site.path(""))
            .args(["-c", "user.name=ann", "-c", "user.email=ann@example.org"])
            .args(arguments)
            .output()
            .expect("git runs");
        assert!(done.status.success(), "git {arguments:?}: {done:?}");
    };
    git(&["init", "--quiet"]);
    git(&["add", "assets"]);
    git(&["commit", "--quiet", "--message", "first"]);
    site.ok(&["push"]);
    site.write("map.png", "a better map");
    git(&["commit", "--quiet", "--all", "--message", "second"]);
    site.ok(&["push"]);
    git(&["checkout", "--quiet", "HEAD~1"]);
    let refused = site.run(&["push"]);
    assert_eq!(refused.code, 3, "{refused}");
    assert!(refused.stderr.contains("--allow-older"), "{refused}");
    site.ok(&["push", "--allow-older"]);
    let releases: serde_json::Value =
        serde_json::from_str(&site.ok(&["releases", "--json"])).expect("JSON");
    let commit = &releases["releases"][0]["commit"];
    assert_eq!(commit["is_clean"], true, "{commit}");
    assert_ne!(commit["id"], releases["releases"][1]["commit"]["id"]);

    // Somebody else's fix, which isn't in the other branch.
    site.write("fix.css", "p { color: red }");
    git(&["add", "assets"]);
    git(&["commit", "--quiet", "--message", "a fix"]);
    git(&["branch", "fix"]);
    site.ok(&["push"]);
    git(&["checkout", "--quiet", "-"]);
    let refused = site.run(&["push"]);
    assert_eq!(refused.code, 3, "{refused}");
    for words in ["made from another branch, commit ", "merge or rebase first"] {
        assert!(refused.stderr.contains(words), "{refused}");
    }
    git(&["merge", "--quiet", "--no-edit", "fix"]);
    site.ok(&["push"]);
}

/// The next release repairs a plain name that somebody changed, but not while live.
#[test]
fn next_release_repairs_page_unless_live() {
    let (memory, store) = bucket();
    let ann = Deployer::new("ann", &store);
    let site = hunt();
    block_on(async {
        ann.push(&built(&site)).await.expect("published");
        let page = memory.bytes("index.html");
        memory.remove("index.html");
        let bucket = memory.below("");
        let foreign = bucket.write("index.html", "defaced".into(), &PutMode::Create);
        foreign.await.expect("written");
        site.write("puzzle/gears.js", "turn(2)");
        ann.go_live().await.expect("live");
        let before = ann.root().await;
        let refused = ann.push(&built(&site)).await.expect_err("refused");
        assert_eq!(refused.exit_code(), 3);
        assert_eq!(
            ann.root().await,
            before,
            "no release, and nothing is pending"
        );
        ann.end_live().await.expect("open");
        let published = ann.push(&built(&site)).await.expect("published");
        assert_eq!(memory.bytes("index.html"), page);
        assert_eq!(published.repaired, ["index.html"], "and that is told");
    });
}

/// A rollback publishes a held level again only with `--unlock`.
#[test]
fn rollback_of_held_level_needs_unlock() {
    let site = Site::new()
        .config(
            r#"
            [[level]]
            name = "posthunt"
            match = "posthunt/**"
            held = true
            [[rule]]
            match = "**/*.html"
            names = "plain"
            [target.local]
            url = "file:out"
            "#,
        )
        .file("index.html", "<h1>Welcome</h1>")
        .file("posthunt/index.html", "<h1>All answers</h1>");
    let ok = |arguments: &[&str]| {
        let run = site.run(arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {run}");
    };
    ok(&["push", "--unlock", "posthunt"]);
    ok(&["push", "--relock", "posthunt"]);
    let refused = site.run(&["rollback"]);
    assert_eq!(refused.code, 3, "{refused}");
    assert!(
        refused
            .stderr
            .contains("would publish the level `posthunt`"),
        "{refused}"
    );
    assert!(refused.stderr.contains("`--unlock posthunt`"), "{refused}");
    ok(&["rollback", "--unlock", "posthunt"]);
}
