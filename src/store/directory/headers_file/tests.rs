//! A `_headers` file before and after a push.

use super::*;

/// Returns the merged text for files by path, name and caching. Files whose name is their path are
/// plain.
fn merged(old: &str, files: &[(&str, &str, Headers)]) -> String {
    let keys: Vec<ObjectKey> = files
        .iter()
        .map(|(_, key, _)| ObjectKey::parse(key).expect("a key"))
        .collect();
    let served = files.iter().zip(&keys).map(|((path, _, headers), key)| {
        let is_plain = *path == key.as_str();
        Served {
            key,
            is_plain,
            headers,
        }
    });
    merge_headers(old, &served.collect::<Vec<_>>())
}

fn headers(content_type: &str, cache_control: &str) -> Headers {
    Headers {
        content_type: content_type.to_string(),
        cache_control: cache_control.to_string(),
        encoding: crate::base::name::EncodingPolicy::Identity,
        further: BTreeMap::new(),
    }
}

fn page(cache_control: &str) -> Headers {
    headers("text/html; charset=utf-8", cache_control)
}

/// Lines that are not ours stay, and names of earlier releases go.
#[test]
fn own_lines_stay_stale_names_go() {
    let own = "/mine\n  x-frame-options: DENY\n";
    let tail = "/more\n  a: b\n";
    let once = merge_headers(own, &[]);
    assert!(once.starts_with(own));
    let with = |ours: &str| format!("{own}{HEADERS_BEGIN}\n{ours}{HEADERS_END}\n{tail}");
    let pattern = "/*.png\n  cache-control: x\n";
    let old = with(&format!("{pattern}/team/secret.html\n  cache-control: x\n"));
    assert_eq!(merge_headers(&old, &[]), with(pattern));
}

/// A page is named only if a rule gives it a header of its own.
#[test]
fn pages_need_special_headers_to_appear() {
    let mut framed = page(CACHE_SHORTLY);
    framed.further = [("content-language".into(), "fr".into())].into();
    let shortly = || page(CACHE_SHORTLY);
    let text = merged(
        "",
        &[
            ("a.html", "a.html", shortly()),
            ("unlinked.html", "unlinked.html", shortly()),
            ("news.html", "news.html", page("no-store")),
            ("fr/b.html", "fr/b.html", framed),
            (
                "s/x.html",
                "k3q7x2m5vhd6rw4tzb2ycj6n5e.html",
                page("immutable"),
            ),
            (
                "puzzle/y.html",
                "0123456789abcdef/y.html",
                page("max-age=5"),
            ),
            ("LICENSE", "LICENSE", headers(UNKNOWN_TYPE, CACHE_SHORTLY)),
            ("about", "about", page(CACHE_SHORTLY)),
        ],
    );
    assert_eq!(
        text,
        format!(
            "{HEADERS_BEGIN}\n\
                 /*.html\n  content-type: text/html; charset=utf-8\n\
                 /about\n  content-type: text/html; charset=utf-8\n\
                 /fr/b.html\n  content-language: fr\n\
                 /news.html\n  cache-control: no-store\n{HEADERS_END}\n"
        )
    );
}

/// A page that is taken down is dropped from the headers file.
#[test]
fn removed_page_is_dropped_from_file() {
    let of_hosts = "/mine\n  a: b\n";
    let pages = [
        ("a.html", "a.html", page(CACHE_SHORTLY)),
        ("b.html", "b.html", page(CACHE_SHORTLY)),
        ("team/c.html", "team/c.html", page("no-store")),
    ];
    let text = merged(of_hosts, &pages);
    let key = |key: &str| ObjectKey::parse(key).expect("a key");
    let left = without(&text, &key("team/c.html")).expect("it was named");
    assert!(
        left.starts_with(of_hosts) && left.contains("/*.html"),
        "{left}"
    );
    assert!(!left.contains("team"), "{left}");
    assert_eq!(without(&text, &key("a.html")), None);
}

/// No file gets the caching that is meant for another.
#[test]
fn files_never_share_others_caching() {
    let keyed = headers("image/png", "immutable");
    let plain = headers("image/png", CACHE_SHORTLY);
    let with = |files: &[(&str, &str, Headers)]| merged("", files);
    let of_all = with(&[("a.png", "x.png", keyed.clone())]);
    assert!(
        of_all.contains("/*.png\n  cache-control: immutable\n"),
        "{of_all}"
    );
    let mixed = with(&[("a.png", "x.png", keyed), ("b.png", "b.png", plain)]);
    assert_eq!(
        mixed,
        format!(
            "{HEADERS_BEGIN}\n\
                 /*.png\n  content-type: image/png\n\
                 /b.png\n  cache-control: {CACHE_SHORTLY}\n{HEADERS_END}\n"
        )
    );
}

/// A plain page beside keyed ones is left to the host and not named.
#[test]
fn plain_page_beside_keyed_is_omitted() {
    let files = [
        ("team/room.html", "team/room.html", page(CACHE_SHORTLY)),
        (
            "s/x.html",
            "k3q7x2m5vhd6rw4tzb2ycj6n5e.html",
            page("immutable"),
        ),
    ];
    let text = merged("", &files);
    assert!(
        !text.contains("room") && !text.contains("cache-control"),
        "{text}"
    );
}
