//! Roots load as every version wrote them, and change in no other way than they may.

use super::*;

/// Release names stay in order even if the clock goes back.
#[test]
fn release_ids_never_decrease() {
    let at = |text: &str| text.parse::<Timestamp>().expect("a time");
    let nonce = Nonce("a".into());
    let newest = ReleaseId::new(at("2027-01-15T19:04:12Z"), &nonce);
    let after = |text| ReleaseId::after(Some(&newest), at(text), &nonce);
    assert_eq!(after("2027-01-15T19:04:13Z").0[..15], *"20270115-190413");
    for earlier in [
        "2027-01-15T19:04:12Z",
        "2027-01-15T19:04:11Z",
        "1970-01-01T00:00:00Z",
    ] {
        let id = after(earlier);
        assert!(id > newest, "{id}");
        assert_eq!(id.0[..15], *"20270115-190413", "{earlier}");
    }
    assert!(ReleaseId::is_one(&after("1970-01-01T00:00:00Z").0));
    let odd = ReleaseId("zzz".to_string());
    let new = ReleaseId::new(at("2027-01-15T19:04:12Z"), &nonce);
    assert_eq!(
        ReleaseId::after(Some(&odd), at("2027-01-15T19:04:12Z"), &nonce),
        new
    );
    assert_eq!(
        ReleaseId::after(None, at("2027-01-15T19:04:12Z"), &nonce),
        new
    );
}

const V1: &str = include_str!("../../../tests/data/root/v1.json");
const MOVED_V2: &str = include_str!("../../../tests/data/root/v2-moved.json");
const V1_WITH_TARGET: &str = include_str!("../../../tests/data/root/v1-with-target.json");
const V1_WITH_CONDITIONS: &str = include_str!("../../../tests/data/root/v1-with-conditions.json");

/// A version 1 root with conditions loads and is written back unchanged.
#[test]
fn version_1_with_conditions_round_trips() {
    let root = parse(V1_WITH_CONDITIONS.as_bytes()).expect("loads");
    assert_eq!(root.conditions, Some(Conditions::Proven));
    assert_eq!(
        serde_json::to_string_pretty(&root).expect("JSON"),
        V1_WITH_CONDITIONS.trim_end()
    );
}

const V1_BEGUN: &str = include_str!("../../../tests/data/root/v1-begun.json");

/// A version 1 root of a push that has begun loads and is written back unchanged.
#[test]
fn version_1_of_push_round_trips() {
    let root = parse(V1_BEGUN.as_bytes()).expect("loads");
    assert!(root.begun && root.is_begun() && root.current.is_none());
    assert_eq!(
        serde_json::to_string_pretty(&root).expect("JSON"),
        V1_BEGUN.trim_end()
    );
}

const V1_TAKEN_DOWN: &str = include_str!("../../../tests/data/root/v1-taken-down.json");

/// A version 1 root with takedowns and levels loads and is written back unchanged.
#[test]
fn version_1_with_takedowns_round_trips() {
    let root = parse(V1_TAKEN_DOWN.as_bytes()).expect("loads");
    assert!(root.blocked("puzzle/gears/notes.html").is_some());
    assert!(root.blocked("news.html").is_none() && root.was_taken_down("news.html"));
    assert_eq!(
        root.unlocked_names(),
        BTreeSet::from(["posthunt".to_string()])
    );
    assert_eq!((root.relocked.len(), root.left.len()), (1, 3));
    assert_eq!(
        serde_json::to_string_pretty(&root).expect("JSON"),
        V1_TAKEN_DOWN.trim_end()
    );
}

/// A root forgets the oldest takedowns once it holds too many paths.
#[test]
fn root_forgets_oldest_takedowns() {
    let stamp = |nonce: usize| Stamp {
        nonce: Nonce(nonce.to_string()),
        actor: "ann".to_string(),
        at: Timestamp::UNIX_EPOCH,
    };
    let mut root = parse(V1_TAKEN_DOWN.as_bytes()).expect("loads");
    for n in 0..5 {
        let takedown = Takedown {
            at: Timestamp::UNIX_EPOCH,
            actor: String::new(),
            why: None,
            sweep: format!("sweeps/{n}-a.json.gz"),
            blocked: (0..1000).map(|path| format!("{n}/{path}")).collect(),
            others: BTreeSet::new(),
        };
        let seen = Root::seen(Some(&root));
        root = root
            .take_down(&seen, None, takedown, &stamp(n))
            .expect("may be");
        assert_eq!(
            root.taking_down().map(|down| down.actor.as_str()),
            Some("ann")
        );
        let again = root.take_down(&seen, None, root.takedowns[0].clone(), &stamp(n));
        assert_eq!(again, Err(Refusal::Sweeping));
        let sweep = root.gc.sweep.clone().expect("going on");
        root = root.end_sweep(&sweep, &stamp(n + 10)).expect("done");
    }
    assert!(root.blocked("4/999").is_some() && root.blocked("1/0").is_some());
    assert!(root.blocked("0/0").is_none(), "the oldest are forgotten");
    assert_eq!(root.takedowns.len(), 4);
}

/// A version 1 root still loads and is written back unchanged.
#[test]
fn version_1_round_trips() {
    let root = parse(V1.as_bytes()).expect("loads");
    let live = root.live.as_ref().expect("live");
    assert_eq!(
        (root.seq, live.message.as_deref()),
        (4, Some("the hunt is on"))
    );
    assert_eq!(
        serde_json::to_string_pretty(&root).expect("JSON"),
        V1.trim_end()
    );
}

/// A version 1 root that names its target loads and is written back unchanged.
#[test]
fn version_1_with_target_round_trips() {
    let root = parse(V1_WITH_TARGET.as_bytes()).expect("loads");
    let target = root.target.as_ref().expect("named");
    assert_eq!(
        target.to_string(),
        "s3://hunt-assets/static at https://s3.amazonaws.com"
    );
    assert_eq!(
        serde_json::to_string_pretty(&root).expect("JSON"),
        V1_WITH_TARGET.trim_end()
    );
}

/// The marker that a moved root leaves behind loads and is written back unchanged.
#[test]
fn moved_root_round_trips() {
    let Document::Moved(moved) = Document::parse(MOVED_V2.as_bytes()).expect("loads") else {
        panic!("it was moved");
    };
    assert_eq!(
        (moved.to.as_str(), moved.is_done),
        ("869e04ca9bccd50c", false)
    );
    assert_eq!(
        serde_json::to_string_pretty(&moved).expect("JSON"),
        MOVED_V2.trim_end()
    );
    let newer = parse(MOVED_V2.as_bytes()).expect_err("no version before could read it");
    assert!(
        matches!(newer, Unusable::Newer { version: 2, .. }),
        "{newer}"
    );
    let Document::Root(_) = Document::parse(V1.as_bytes()).expect("loads") else {
        panic!("it's a root");
    };
    for (what, hostile) in [
        ("\"version\": 2", "\"version\": 3"),
        ("\"seq\": 4", "\"seq\": 9007199254740992"),
    ] {
        let document = MOVED_V2.replace(what, hostile);
        assert_ne!(document, MOVED_V2);
        assert!(Document::parse(document.as_bytes()).is_err(), "{hostile}");
    }
}

/// Releases cannot be adopted while somebody else is changing them.
#[test]
fn adopt_is_refused_during_changes() {
    let root = parse(V1.as_bytes()).expect("loads");
    let target = Owner {
        url: "s3://hunt".to_string(),
        server: None,
    };
    let stamp = Stamp {
        nonce: Nonce::random(),
        actor: "ann@laptop".to_string(),
        at: root.at,
    };
    let (seen, plain) = (Root::seen(Some(&root)), Plain::Settled);
    let idle = Root { plain, ..root };
    let adopted = idle.adopt(&seen, &target, &stamp).expect("idle");
    assert_eq!(adopted.target.as_ref(), Some(&target));
    assert_eq!(adopted.current, idle.current);
    let again = adopted.adopt(&seen, &target, &stamp);
    assert_eq!(again, Err(Refusal::Already));
    let pending = Root {
        plain: Plain::Pending,
        ..idle.clone()
    };
    let refused = pending.adopt(&seen, &target, &stamp);
    assert_eq!(refused, Err(Refusal::Pending));
    let mut swept = idle.clone();
    swept.gc.sweep = Some("sweeps/00000001-2a78dfae.json.gz".to_string());
    let refused = swept.adopt(&seen, &target, &stamp);
    assert_eq!(refused, Err(Refusal::Sweeping));
    let other = Root {
        switched: Nonce::random(),
        ..idle
    };
    let refused = other.adopt(&seen, &target, &stamp);
    assert_eq!(refused, Err(Refusal::LostRace));
}

/// A root that is newer, foreign or cut off is refused.
#[test]
fn newer_or_foreign_root_is_refused() {
    let newer = V1.replace("\"version\": 1", "\"version\": 2");
    let why = parse(newer.as_bytes()).expect_err("refused");
    let (version, known) = (2, VERSION);
    assert_eq!(why, Unusable::Newer { version, known });
    let words = why.to_string();
    assert!(
        words.contains("version 2") && words.contains("upgrade assetsync"),
        "{words}"
    );
    for other in [
        "",
        "{}",
        "[]",
        "{\"format\": \"assetsync plan\", \"version\": 1}",
    ] {
        assert!(parse(other.as_bytes()).is_err(), "{other}");
    }
    let cut = &V1[..V1.len() / 2];
    assert!(parse(cut.as_bytes()).is_err());
}

/// Values that no writer produces are refused before anything uses them.
#[test]
fn hostile_root_values_are_refused() {
    let digest = "a41eea3a308c9d7bd3c53bfbdce5992b7d18c7cd29786459b2a56d0fbf29c3c3";
    for (what, hostile) in [
        ("\"seq\": 4", format!("\"seq\": {}", u64::MAX)),
        ("\"epoch\": 0", format!("\"epoch\": {COUNT_MAX}")),
        ("20261121-161807-ggfebe", "../../x".to_string()),
        ("20261121-161807-gft6u5", String::new()),
        (digest, "../x".to_string()),
        (digest, digest.replace('a', "/")),
        (
            "\"sweep\": null",
            "\"sweep\": \"sweeps/../../x.json.gz\"".to_string(),
        ),
        ("\"sweep\": null", "\"sweep\": \"root.json\"".to_string()),
    ] {
        let root = V1.replace(what, &hostile);
        assert_ne!(root, V1);
        let refused = parse(root.as_bytes());
        assert!(matches!(refused, Err(Unusable::Damaged(_))), "{hostile}");
    }
    let sweep = "\"sweep\": \"sweeps/00000001-2a78dfae.json.gz\"";
    assert!(parse(V1.replace("\"sweep\": null", sweep).as_bytes()).is_ok());
}

/// A root stays small however often it changes.
#[test]
fn root_stays_small_after_many_changes() {
    let first = parse(V1.as_bytes()).expect("loads");
    let stamp = || Stamp {
        nonce: Nonce::random(),
        actor: "ann@laptop".to_string(),
        at: first.at,
    };
    let last = (0..1000).fold(first.clone(), |root, _| Root::touch(Some(&root), &stamp()));
    let size = serde_json::to_vec_pretty(&last).expect("JSON").len();
    assert!(size < 3000, "{size} bytes");
    assert_eq!(last.recent.len(), RECENT_MAX);

    let back = |root: Root, n: u64| {
        let mut to = first.current.clone().expect("released");
        to.id = ReleaseId(format!("20270115-190412-{n:06}"));
        to.manifest = blake3::hash(&n.to_le_bytes()).to_hex().to_string();
        let seen = Root::seen(Some(&root));
        let pending = root.roll_back(&seen, to, Overwrites::None, Plain::Pending, &stamp());
        pending.expect("it isn't the current one")
    };
    let last = (0..1000).fold(last, back);
    let size = serde_json::to_vec_pretty(&last).expect("JSON").len();
    assert!(size < 14_000, "{size} bytes");
    let lengths = (last.overtaken.len(), last.replaced.len());
    assert_eq!(lengths, (OVERTAKEN_MAX, REPLACED_MAX));
    assert_eq!(last.replaced[0].release.0, "20270115-190412-000998");
    let json = serde_json::to_vec(&last).expect("JSON");
    assert_eq!(parse(&json), Ok(last.clone()));
    let settled = last.settle_plain(&last.switched, &stamp());
    assert!(settled.expect("pending").overtaken.is_empty());
}
