//! Publishing to real S3 servers, and looking at it as strangers do.

use crate::support::Site;
use crate::support::gunzip;
use crate::support::s3::Bucket;

/// Pages of real teams, and what goes with them.
const TREE: [&str; 9] = [
    "index.html",
    "img/map.png",
    "team/The+🤔+Headscratchers+✍.html",
    "team/#mise.html",
    "team/http%3A%2F%2Fapple.com.html",
    "team/e\u{301}quipe.html",
    "team/Документ 12.html",
    "team/\u{202e}txet desrever.html",
    "team/what?.html",
];

fn site() -> Site {
    TREE.iter().fold(Site::bare().config(""), |site, path| {
        site.file(path, format!("<p>{path}</p>").repeat(40))
    })
}

fn content(answer: &crate::support::s3::Answer) -> Vec<u8> {
    if answer.header("content-encoding") != Some("gzip") {
        return answer.body.clone();
    }
    gunzip(&answer.body)
}

/// The path below the bucket of what `assetsync url` prints.
fn path_of(bucket: &Bucket, site: &Site, url: &str, path: &str) -> String {
    let printed = bucket.run(site, &bucket.typed(&["url", path], url));
    assert_eq!(printed.code, 0, "{printed}");
    let base = format!("{}/{}", bucket.endpoint, bucket.name);
    printed
        .stdout
        .trim_end()
        .strip_prefix(&base)
        .expect("below the bucket")
        .to_string()
}

/// Strangers can read every object by its URL and cannot list any.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn strangers_can_read_but_not_list() {
    for bucket in [Bucket::on_rgw(), Bucket::on_moto()] {
        let (site, url) = (site(), format!("{}/static", bucket.url()));
        let report = bucket.push(&site, &url);
        assert_eq!(report["uploaded"]["objects"], TREE.len());
        for path in TREE {
            let answer = bucket.anonymous(&path_of(&bucket, &site, &url, path));
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            assert_eq!(
                content(&answer),
                std::fs::read(site.asset(path)).expect("readable"),
                "{path}"
            );
            let html = path.ends_with(".html");
            let expected = if html {
                "text/html; charset=utf-8"
            } else {
                "image/png"
            };
            assert_eq!(answer.header("content-type"), Some(expected), "{path}");
            assert_eq!(
                answer.header("cache-control"),
                Some("public, max-age=31536000, immutable")
            );
            assert_eq!(
                answer.header("content-encoding"),
                html.then_some("gzip"),
                "{path}"
            );
        }
    }
    // moto asks nobody who he is when it comes to listings; radosgw does.
    let bucket = Bucket::on_rgw();
    bucket.push(&site(), &bucket.url());
    for listing in ["", "/", "/?list-type=2", "/?versions", "/?uploads"] {
        assert_eq!(bucket.anonymous(listing).status, 403, "{listing:?}");
    }
}

/// Neither the key nor the headers of an object reveal its path.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn objects_do_not_reveal_their_paths() {
    let bucket = Bucket::on_rgw();
    let site = Site::bare().config("").file(
        "puzzle/gears/solution/answer.html",
        "<p>WINDLASS</p>".repeat(99),
    );
    bucket.push(&site, &bucket.url());
    let keys = bucket.keys();
    assert_eq!(keys.len(), 1);
    let answer = bucket.anonymous(&format!("/{}", keys[0]));
    let headers = format!("{:?}", answer.headers).to_lowercase();
    for word in ["solution", "answer", "gears", "puzzle"] {
        assert!(
            !keys[0].contains(word) && !headers.contains(word),
            "{word}: {} {headers}",
            keys[0]
        );
    }
}

/// A push without changes takes three requests, however many objects there are.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn unchanged_push_takes_three_requests() {
    let bucket = Bucket::on_rgw();
    let site = (0..1500).fold(Site::bare().config(""), |site, n| {
        site.file(&format!("{n}.txt"), n.to_string())
    });
    assert_eq!(
        bucket.push(&site, &bucket.url())["uploaded"]["objects"],
        1500
    );
    let again = bucket.push(&site, &bucket.url());
    assert_eq!(
        (&again["uploaded"]["objects"], &again["kept"]["objects"]),
        (&0.into(), &1500.into())
    );
    // The root, the manifest, and a look at one of the objects.
    assert_eq!(again["requests"], 3);
    site.write("7.txt", "seven");
    let changed = bucket.push(&site, &bucket.url());
    assert_eq!(
        (&changed["uploaded"]["objects"], &changed["requests"]),
        (&1.into(), &17.into()),
        "these three, a stranger's two, the bucket's ACL and policy, the object, two pages of a listing, the manifest and a look at it, the release, the root, \
         and its swap, which radosgw takes only after a look and without quotes"
    );
}

/// A large bucket is listed in ranges, and nothing is missed.
#[test]
#[ignore = "takes a minute or two: tests/run --test stories -- --ignored"]
fn large_bucket_is_listed_in_ranges() {
    let bucket = Bucket::on_rgw();
    let site = (0..12_000).fold(Site::bare().config(""), |site, n| {
        site.file(&format!("{}/{n}.txt", n % 100), n.to_string())
    });
    assert_eq!(
        bucket.push(&site, &format!("{}/p", bucket.url()))["uploaded"]["objects"],
        12_000
    );
    let url = format!("{}/p", bucket.url());
    let verify = bucket.typed(&["push", "--json", "--verify", "list"], &url);
    let run = bucket.run(&site, &verify);
    assert_eq!(run.code, 0, "{run}");
    let again: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(
        (&again["uploaded"]["objects"], &again["kept"]["objects"]),
        (&0.into(), &12_000.into())
    );
    assert_eq!(again["repaired"], serde_json::json!([]));
    assert!(
        again["requests"]
            .as_u64()
            // Two for the root, one for the manifest, one for a look; six ranges, each of which may
            // end within a page.
            .is_some_and(|requests| (4 + 12..=4 + 12 + 6).contains(&requests)),
        "{again}"
    );
}

/// Without `object-acl`, nothing is made public.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn objects_stay_private_without_object_acl() {
    let bucket = Bucket::on_rgw();
    let site = Site::bare()
        .config("")
        .file("a.html", "<p>private for now</p>");
    let (url, endpoint) = (bucket.url(), bucket.endpoint.clone());
    let run = bucket.run(
        &site,
        &[
            "push",
            "--from",
            "assets",
            "--to",
            &url,
            "--key-file",
            "hunt.key",
            "--endpoint",
            &endpoint,
        ],
    );
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(
        bucket.anonymous(&format!("/{}", bucket.keys()[0])).status,
        403
    );
}

/// A large file is sent in parts with the same headers and rights.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn multipart_upload_keeps_headers_and_rights() {
    let bucket = Bucket::on_rgw();
    let big: Vec<u8> = (0..40_000_000u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 11) as u8)
        .collect();
    let words = "all work and no play makes jack a dull boy\n".repeat(500_000);
    let site = Site::bare()
        .config("")
        .file("big.bin", &big)
        .file("words.txt", &words);
    bucket.push(&site, &bucket.url());
    let binary = bucket.anonymous(&path_of(&bucket, &site, &bucket.url(), "big.bin"));
    assert_eq!(
        (binary.status, binary.header("content-encoding")),
        (200, None)
    );
    assert_eq!(
        binary.header("cache-control"),
        Some("public, max-age=31536000, immutable")
    );
    assert!(binary.body == big, "every byte");
    let text = bucket.anonymous(&path_of(&bucket, &site, &bucket.url(), "words.txt"));
    assert_eq!(
        (text.status, text.header("content-encoding")),
        (200, Some("gzip"))
    );
    assert_eq!(
        text.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    assert!(content(&text) == words.as_bytes(), "every byte");
}

/// Foreign keys that clients choke on do no harm.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn odd_foreign_keys_are_harmless() {
    let bucket = Bucket::on_rgw();
    for key in ["/a//b", "/%01control", "/trailing/"] {
        assert_eq!(bucket.signed("PUT", key, b"foreign").status, 200, "{key}");
    }
    let site = Site::bare().config("").file("a.html", "<p>hello</p>");
    assert_eq!(bucket.push(&site, &bucket.url())["uploaded"]["objects"], 1);
    assert_eq!(bucket.push(&site, &bucket.url())["kept"]["objects"], 1);
}

/// A bucket that refuses ACLs is explained.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn bucket_refusing_acls_is_explained() {
    let bucket = Bucket::on_rgw();
    let block = "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>false</IgnorePublicAcls>\
                 <BlockPublicPolicy>false</BlockPublicPolicy><RestrictPublicBuckets>false</RestrictPublicBuckets></PublicAccessBlockConfiguration>";
    assert_eq!(
        bucket
            .signed("PUT", "?publicAccessBlock", block.as_bytes())
            .status,
        200
    );
    let site = Site::bare().config("").file("a.html", "<p>hello</p>");
    let url = bucket.url();
    let run = bucket.run(&site, &bucket.typed(&["push"], &url));
    assert_eq!(run.code, 1, "{run}");
    assert!(run.stderr.contains("public access block"), "{run}");
    assert!(bucket.keys().is_empty());
}

/// Plain names are overwritten only if they changed.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn only_changed_plain_names_are_overwritten() {
    for bucket in [Bucket::on_rgw(), Bucket::on_moto()] {
        let config = format!(
            "[[rule]]\nmatch = \"**\"\nnames = \"plain\"\n[target.t]\nurl = \"{}/p\"\naccess = \"object-acl\"\nendpoint = \"{}\"\n",
            bucket.url(),
            bucket.endpoint,
        );
        let site = site().config(&config);
        let push = || -> serde_json::Value {
            let run = bucket.run(&site, &["push", "--json"]);
            assert_eq!(run.code, 0, "{run}");
            serde_json::from_str(&run.stdout).expect("JSON")
        };
        assert_eq!(push()["uploaded"]["objects"], TREE.len());
        let again = push();
        assert_eq!(
            (&again["kept"]["objects"], &again["sent_bytes"]),
            (&TREE.len().into(), &0.into())
        );
        site.write("index.html", "<p>changed</p>");
        let changed = push();
        assert_eq!(
            (
                &changed["overwritten"]["objects"],
                &changed["uploaded"]["objects"]
            ),
            (&1.into(), &0.into())
        );
        assert_eq!(bucket.anonymous("/p/index.html").text(), "<p>changed</p>");
        assert_eq!(
            bucket.anonymous("/p/index.html").header("cache-control"),
            Some("public, max-age=60")
        );
    }
}

/// Virtual addressing puts the bucket into the host.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn bucket_may_be_in_the_host() {
    let bucket = Bucket::on_rgw();
    let (site, url) = (site(), bucket.url());
    // No name server knows BUCKET.localhost, but radosgw takes the whole URL, as proxies do.
    let endpoint = bucket.endpoint.replace("127.0.0.1", "localhost");
    let run = |arguments: &[&str]| {
        let place = [
            "--from",
            "assets",
            "--to",
            &url,
            "--key-file",
            "hunt.key",
            "--endpoint",
            &endpoint,
        ];
        let more = ["--addressing", "virtual", "--access", "object-acl"];
        let mut command = bucket.command(&site, &[arguments, &place, &more].concat());
        crate::support::Run::of(command.env("http_proxy", &bucket.endpoint), &site.path(""))
    };
    let push = run(&["push"]);
    assert_eq!(push.code, 0, "{push}");
    assert_eq!(bucket.keys().len(), TREE.len());
    let again = run(&["diff", "--check"]);
    assert_eq!(again.code, 0, "{again}");
    let printed = run(&["url", "team/#mise.html"]).stdout;
    let host = endpoint.replace("http://", &format!("http://{}.", bucket.name));
    let path = printed
        .trim_end()
        .strip_prefix(&host)
        .unwrap_or_else(|| panic!("{printed}"));
    assert_eq!(bucket.anonymous(path).status, 200);
}

/// An IP address as endpoint has no room for a bucket, so path addressing is advised.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn ip_endpoint_advises_path_addressing() {
    let bucket = Bucket::on_rgw();
    let (site, url) = (site(), bucket.url());
    let arguments = bucket.typed(&["push", "--addressing", "virtual"], &url);
    let run = bucket.run(&site, &arguments);
    assert_eq!(run.code, 1, "{run}");
    assert!(run.stderr.contains("addressing = \"path\""), "{run}");
}
