//! Documents that name files: what is followed of each, in a browser where one reads it.

use std::fs;
use std::path::PathBuf;

use crate::support::media::png;
use crate::support::s3::Bucket;
use crate::support::{Run, Site, from_test_command};

const PAGE: &str = "<!doctype html><link rel=\"icon\" href=\"data:,\"><title>loading</title>";

/// The text of the published file that has these words.
#[track_caller]
fn published(site: &Site, words: &str) -> String {
    let mut all = site.published("out").into_values();
    let found = all.find(|content| String::from_utf8_lossy(content).contains(words));
    let content = found.unwrap_or_else(|| panic!("{words} isn't published"));
    String::from_utf8(content).expect("text")
}

const LOCAL: &str = "[target.t]\nurl = \"file:out\"\n";

/// A file that a page links as its manifest is one, whatever it is called.
#[test]
fn linked_manifest_is_one_by_link() {
    let manifest = r#"{"name": "The hunt", "start_url": "index.html", "scope": "/", "icons": [{"src": "icons/a.png"}],
        "shortcuts": [{"name": "map", "url": "map.html?from=home", "icons": [{"src": "icons/b.png"}]}],
        "screenshots": [{"src": "icons/c.png"}], "file_handlers": [{"action": "open.html", "icons": [{"src": "icons/d.png"}]}],
        "share_target": {"action": "share.html"}}"#;
    let site = Site::new()
        .config(&format!(
            "[[rule]]\nmatch = \"*.html\"\nnames = \"plain\"\n{LOCAL}"
        ))
        .file(
            "index.html",
            format!("{PAGE}<link rel=\"Manifest\" href=\"app/manifest.json\">"),
        )
        .file(
            "app/manifest.json",
            manifest
                .replace("icons/", "../icons/")
                .replace("index.html", "../index.html")
                .replace("map.html", "../map.html")
                .replace("open.html", "../open.html")
                .replace("share.html", "../share.html"),
        )
        .file("map.html", "map")
        .file("open.html", "open")
        .file("share.html", "share")
        .file("data.json", r#"{"icons": [{"src": "icons/a.png"}]}"#);
    let site = ["a", "b", "c", "d"].into_iter().fold(site, |site, name| {
        site.file(&format!("icons/{name}.png"), png(&[]))
    });
    let run = site.run(&["push"]);
    assert_eq!(run.code, 0, "{run}");
    let told: Vec<&str> = run
        .stderr
        .lines()
        .filter(|line| line.contains("manifest.json"))
        .collect();
    assert_eq!(told, Vec::<&str>::new(), "{run}");
    assert!(!run.stderr.contains("get other names"), "{run}");
    let manifest = published(&site, "The hunt");
    assert!(!manifest.contains("icons/"), "{manifest}");
    // The manifest is at the top now, and so are the pages.
    for page in [
        "\"index.html\"",
        "\"map.html?from=home\"",
        "\"open.html\"",
        "\"share.html\"",
        "\"scope\": \"/\"",
    ] {
        assert!(manifest.contains(page), "{page}: {manifest}");
    }
    let list: serde_json::Value = serde_json::from_str(&site.ok(&["manifest"])).expect("JSON");
    let object = |path: &str| list["objects"][path]["content_type"].clone();
    assert_eq!(
        object("app/manifest.json"),
        "application/manifest+json; charset=utf-8"
    );
    assert_eq!(object("data.json"), "application/json; charset=utf-8");
    assert!(
        published(&site, "{\"icons\"").contains("icons/a.png"),
        "other JSON is for scripts"
    );
}

/// Attributes that scripts read are followed by the grammar of a rule.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn attributes_follow_grammar_of_rule() {
    let page = format!(
        "{PAGE}<img data-src=\"img/a.png\" data-set=\"img/a.png 1x, img/b.png 2x\"><p data-look=\"background: url('img/c.png')\"></p>\
         <script>for (const it of document.querySelectorAll('img')) {{ it.srcset = it.dataset.set; it.src = it.dataset.src; }}\
         const p = document.querySelector('p'); p.style = p.dataset.look;\
         onload = () => {{ const shown = document.querySelector('img').naturalWidth; document.title = 'done ' + shown + p.style.background.slice(0, 3); }};</script>"
    );
    let bucket = Bucket::on_rgw();
    let site = Site::new()
        .config(&bucket.target())
        .file("index.html", &page);
    let site = ["a", "b", "c"].into_iter().fold(site, |site, name| {
        site.file(&format!("img/{name}.png"), png(&[]))
    });
    let naive: Run = bucket.run(&site, &["diff", "--deny-warnings"]);
    assert_eq!(naive.code, 2, "{naive}");
    site.add_config("[[rule]]\nmatch = \"**/*.html\"\nreferences = [\"data-src\", \"img@data-set as srcset\", \"data-look as css\"]\n");
    assert_eq!(bucket.shown(&site), ("done 1url".to_string(), Vec::new()));
}

/// An unknown grammar in a rule is an error.
#[test]
fn unknown_grammar_is_an_error() {
    let site = Site::new().config(&format!(
        "[[rule]]\nmatch = \"*\"\nreferences = [\"data-src as links\"]\n{LOCAL}"
    ));
    let run = site.run(&["push"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(
        run.stderr
            .contains("`data-src as links` is neither a JSON pointer nor an attribute"),
        "{run}"
    );
    assert!(run.stderr.contains("`data-set as srcset`"), "{run}");
}

/// Scripts that other code starts later are followed.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn deferred_scripts_are_followed() {
    let page = format!(
        "{PAGE}<script type=\"text/plain\" data-category=\"statistics\" src=\"js/track.js\"></script>\
         <script type=\"x-shader/x-vertex\" id=\"shader\" src=\"js/s.txt\"></script>\
         <script type=\"speculationrules\">{{\"prefetch\": [{{\"urls\": [\"next.html\"]}}]}}</script>\
         <script>const held = document.querySelector('[type=\"text/plain\"]'); const run = document.createElement('script'); run.src = held.src;\
         run.onload = async () => {{ document.title = 'done ' + window.tracked + await (await fetch(document.querySelector('#shader').src)).text(); }};\
         document.head.append(run);</script>"
    );
    let bucket = Bucket::on_rgw();
    let site = Site::new()
        .config(&bucket.target())
        .file("index.html", page)
        .file("next.html", "next")
        .file("js/track.js", "window.tracked = 'tracked ';")
        .file("js/s.txt", "void main() {}");
    assert_eq!(
        bucket.shown(&site),
        ("done tracked void main() {}".to_string(), Vec::new())
    );
}

/// A page whose script reads what a document names, relative to where it came from.
fn follows(document: &str, how: &str) -> String {
    format!(
        "{PAGE}<link rel=\"preload\" as=\"fetch\" crossorigin href=\"{document}\"><script type=\"module\">\
         const from = document.querySelector('[as=fetch]').href; const get = async (url) => {{ const answer = await fetch(url); if (!answer.ok) throw url; return answer; }};\
         const text = async (name, base) => (await get(new URL(name, base))).text();\
         try {{ {how} }} catch (error) {{ document.title = 'failed ' + error; }}</script>"
    )
}

/// Files that media and models refer to are found where they say.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn media_and_model_references_work() {
    let glb = {
        let mut json = br#"{"asset":{"version":"2.0"},"images":[{"uri":"tex/skin.png"}],"buffers":[{"byteLength":2},{"uri":"wheel.bin","byteLength":2}]}"#.to_vec();
        json.resize(json.len().next_multiple_of(4), b' ');
        let rest = b"\x04\0\0\0BIN\0ab\0\0";
        let total = (20 + json.len() + rest.len()) as u32;
        let length = json.len() as u32;
        [
            b"glTF\x02\0\0\0".as_slice(),
            &total.to_le_bytes(),
            &length.to_le_bytes(),
            b"JSON",
            &json,
            rest,
        ]
        .concat()
    };
    let files: [(&str, Vec<u8>); 13] = [
        ("v/main.m3u8", b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlow/low.m3u8\n".to_vec()),
        ("v/low/low.m3u8", b"#EXTM3U\n#EXT-X-MAP:URI=\"init.mp4\"\n#EXTINF:9,\ns 0.m4s\n#EXT-X-ENDLIST\n".to_vec()),
        ("v/low/init.mp4", b"init".to_vec()),
        ("v/low/s 0.m4s", b"segment".to_vec()),
        ("v/film.mpd", br#"<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><AdaptationSet><Representation id="a"><BaseURL>film.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>"#.to_vec()),
        ("v/film.mp4", b"film".to_vec()),
        ("m/car.gltf", br#"{"asset":{"version":"2.0"},"buffers":[{"uri":"wheel.bin","byteLength":2}],"images":[{"uri":"tex\/skin.png"}]}"#.to_vec()),
        ("m/wheel.bin", b"wheel".to_vec()),
        ("m/tex/skin.png", png(&[])),
        ("m/car.glb", glb),
        ("m/car.obj", b"mtllib car.mtl\nv 0 0 0\n".to_vec()),
        ("m/car.mtl", b"newmtl a\nmap_Kd -s 1 1 1 tex/skin.png\n".to_vec()),
        ("v/previews.vtt", b"WEBVTT\n\n00:00.000 --> 00:05.000\n../m/tex/skin.png#xywh=0,0,1,1\n".to_vec()),
    ];
    let line =
        "const line = (text, n) => text.split('\\n').filter((it) => it && !it.startsWith('#'))[n];";
    for (document, how, wanted) in [
        (
            "v/main.m3u8",
            format!("{line} const main = await text(from); const low = new URL(line(main, 0), from); const list = await text(low);\
                document.title = 'done ' + await text(list.match(/URI=\"([^\"]*)\"/)[1], low) + ' ' + await text(line(list, 0), low);"),
            "done init segment",
        ),
        (
            "v/film.mpd",
            "const film = new DOMParser().parseFromString(await text(from), 'text/xml').querySelector('BaseURL').textContent; document.title = 'done ' + await text(film, from);".to_string(),
            "done film",
        ),
        (
            "m/car.gltf",
            "const car = JSON.parse(await text(from)); const skin = await createImageBitmap(await (await get(new URL(car.images[0].uri, from))).blob()); document.title = 'done ' + await text(car.buffers[0].uri, from) + skin.width;".to_string(),
            "done wheel1",
        ),
        (
            "m/car.glb",
            "const file = await (await get(from)).arrayBuffer(); const words = new Uint32Array(file); if (words[2] !== file.byteLength || words[3] % 4) throw 'lengths';\
                const car = JSON.parse(new TextDecoder().decode(new Uint8Array(file, 20, words[3]))); const bin = new DataView(file, 20 + words[3]); if (bin.getUint32(4, true) !== 0x4e4942) throw 'chunk';\
                await get(new URL(car.images[0].uri, from)); document.title = 'done ' + await text(car.buffers[1].uri, from);".to_string(),
            "done wheel",
        ),
        (
            "m/car.obj",
            "const library = new URL((await text(from)).match(/mtllib (.*)/)[1], from); const skin = (await text(library)).match(/map_Kd -s 1 1 1 (.*)/)[1]; await get(new URL(skin, library)); document.title = 'done';".to_string(),
            "done",
        ),
        (
            "v/previews.vtt",
            "const cue = (await text(from)).split('\\n')[3]; await get(new URL(cue, from)); document.title = 'done' + cue.slice(cue.indexOf('#'));".to_string(),
            "done#xywh=0,0,1,1",
        ),
    ] {
        for rules in ["", "[[folder]]\nmatch = \"m\"\n[[folder]]\nmatch = \"v\"\n"] {
            let bucket = Bucket::on_rgw();
            let site = Site::new()
                .config(&format!("{rules}{}", bucket.target()))
                .file("index.html", follows(document, &how));
            let site = files.iter().fold(site, |site, (path, content)| site.file(path, content));
            assert_eq!(bucket.shown(&site), (wanted.to_string(), Vec::new()), "{document} {rules}");
        }
    }
}

/// A scene that cannot be read gets a warning.
#[test]
fn unreadable_scene_warns() {
    for content in [
        &b"glTF\x01\0\0\0\x14\0\0\0\0\0\0\0JSON"[..],
        b"glTF\x02\0\0\0\x14\0\0\0\xff\0\0\0JSON{}",
    ] {
        let site = Site::new().config(LOCAL).file("old.glb", content);
        let run = site.run(&["push", "--deny-warnings"]);
        assert_eq!(run.code, 2, "{run}");
        assert!(
            run.stderr
                .contains("`old.glb` is not a complete binary glTF 2.0 file"),
            "{run}"
        );
    }
}

/// A shifting base URL and templates in DASH get warnings with a fix.
#[test]
fn shifting_dash_base_and_templates_warn() {
    let site = Site::new()
        .config(LOCAL)
        .file("v/a.mpd", "<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\"><BaseURL>seg/</BaseURL><Period><SegmentList><SegmentURL media=\"1.m4s\"/></SegmentList></Period></MPD>")
        .file("v/b.mpd", "<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\"><Period><SegmentTemplate media=\"seg/$Number$.m4s\"/></Period></MPD>")
        .file("v/seg/1.m4s", "segment");
    let run = site.run(&["push", "--deny-warnings"]);
    assert_eq!(run.code, 2, "{run}");
    for told in ["`v/a.mpd:1:", "`v/b.mpd:1:"] {
        assert!(run.stderr.contains(told), "{told}: {run}");
    }
    site.add_config(&run.config_lines());
    let mended = site.run(&["push"]);
    assert_eq!(mended.code, 0, "{mended}");
    assert!(!mended.stderr.contains("v/b.mpd"), "{mended}");
}

/// Segments of a video are told apart from TypeScript.
#[test]
fn video_segments_are_not_typescript() {
    let mut packet = [0; 188];
    packet[0] = 0x47;
    let site = Site::new()
        .config(LOCAL)
        .file(
            "v/low.m3u8",
            "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\ns0.ts\n#EXT-X-ENDLIST\n",
        )
        .file("v/s0.ts", packet.repeat(3))
        .file("src/app.ts", "export const a: number = 1;");
    let run = site.run(&["push"]);
    assert_eq!(run.code, 0, "{run}");
    let list: serde_json::Value = serde_json::from_str(&site.ok(&["manifest"])).expect("JSON");
    assert_eq!(
        list["objects"]["v/s0.ts"]["content_type"], "video/mp2t",
        "{list:#}"
    );
    assert_eq!(list["objects"]["src/app.ts"], serde_json::Value::Null);
}

/// A file of a package that the test command fetches.
fn of_package(variable: &str, path: &str) -> Vec<u8> {
    let file = PathBuf::from(from_test_command(variable)).join(path);
    fs::read(&file)
        .unwrap_or_else(|_| panic!("{file:?} isn't there: `tests/run -- --ignored` fetches it"))
}

/// Keyed files, and all in one keyed folder.
const NAMINGS: [&str; 2] = ["", "[[folder]]\nmatch = \".\"\n"];

/// A second of silence: frames of MPEG-1 Layer III with nothing in them.
fn silence() -> Vec<u8> {
    const FRAME_BYTES: usize = 417;
    let mut frame = vec![0xff, 0xfb, 0x90, 0x00];
    frame.resize(FRAME_BYTES, 0);
    frame.repeat(39)
}

/// `hls.js` plays a published playlist.
#[test]
#[ignore = "needs packages of the long part: tests/run --test stories -- --ignored formats"]
fn hls_js_plays_published_playlist() {
    let page = format!(
        "{PAGE}<link rel=\"preload\" as=\"fetch\" crossorigin href=\"v/main.m3u8\"><video muted></video><script src=\"lib/hls.js\"></script><script>\
         const video = document.querySelector('video'); const hls = new Hls({{ enableWorker: false }});\
         hls.on(Hls.Events.ERROR, (_, error) => {{ if (error.fatal) document.title = 'failed ' + error.details; }});\
         video.ontimeupdate = () => {{ if (video.currentTime > 1.2) document.title = 'done ' + Math.round(video.duration); }};\
         hls.loadSource(document.querySelector('[as=fetch]').href); hls.attachMedia(video); hls.on(Hls.Events.MANIFEST_PARSED, () => video.play());</script>"
    );
    for naming in NAMINGS {
        let bucket = Bucket::on_rgw();
        let list = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXTINF:1.019,\na/s0.mp3\n#EXTINF:1.019,\na/s1.mp3\n#EXTINF:1.019,\na/s2.mp3\n#EXT-X-ENDLIST\n";
        let main =
            "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=128000,CODECS=\"mp4a.40.34\"\nsound/list.m3u8\n";
        let site = Site::new()
            .config(&format!("{naming}[[rule]]\nmatch = \"lib/*\"\nsource_maps = \"publish\"\ndangling = \"ignore\"\n{}", bucket.target()))
            .file("index.html", &page)
            .file("lib/hls.js", of_package("ASSETSYNC_TEST_SITES", "hls.js/dist/hls.min.js"))
            .file("v/main.m3u8", main)
            .file("v/sound/list.m3u8", list)
            .file("v/sound/a/s0.mp3", silence())
            .file("v/sound/a/s1.mp3", silence())
            .file("v/sound/a/s2.mp3", silence());
        let (title, errors) = bucket.shown(&site);
        assert_eq!((title.as_str(), errors), ("done 3", Vec::new()), "{naming}");
    }
}

/// `three.js` loads published models with their textures.
#[test]
#[ignore = "needs packages of the long part: tests/run --test stories -- --ignored formats"]
fn three_js_loads_models_with_textures() {
    let positions = [
        0.0_f32, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0,
    ];
    let buffer: Vec<u8> = positions.iter().flat_map(|it| it.to_le_bytes()).collect();
    let scene = |buffer: &str| {
        format!(
            r#"{{"asset":{{"version":"2.0"}},"scene":0,"scenes":[{{"nodes":[0]}}],"nodes":[{{"mesh":0}}],
            "meshes":[{{"primitives":[{{"attributes":{{"POSITION":0,"TEXCOORD_0":1}},"material":0}}]}}],
            "materials":[{{"pbrMetallicRoughness":{{"baseColorTexture":{{"index":0}}}}}}],
            "textures":[{{"source":0}}],"images":[{{"uri":"tex/skin.png"}}],"buffers":[{{{buffer}"byteLength":60}}],
            "bufferViews":[{{"buffer":0,"byteLength":36}},{{"buffer":0,"byteOffset":36,"byteLength":24}}],
            "accessors":[{{"bufferView":0,"componentType":5126,"count":3,"type":"VEC3","min":[0,0,0],"max":[1,1,0]}},
            {{"bufferView":1,"componentType":5126,"count":3,"type":"VEC2"}}]}}"#
        )
    };
    let binary = {
        let mut json = scene("").into_bytes();
        json.resize(json.len().next_multiple_of(4), b' ');
        let total = (28 + json.len() + buffer.len()) as u32;
        let (json_bytes, buffer_bytes) = (json.len() as u32, buffer.len() as u32);
        [
            b"glTF\x02\0\0\0".as_slice(),
            &total.to_le_bytes(),
            &json_bytes.to_le_bytes(),
            b"JSON",
            &json,
            &buffer_bytes.to_le_bytes(),
            b"BIN\0",
            &buffer,
        ]
        .concat()
    };
    let page = |model: &str| {
        format!(
            "{PAGE}<link rel=\"preload\" as=\"fetch\" crossorigin href=\"m/{model}\">\
             <script type=\"importmap\">{{\"imports\": {{\"three\": \"./lib/build/three.module.js\"}}}}</script>\
             <script type=\"module\">import {{ GLTFLoader }} from './lib/loaders/GLTFLoader.js';\
             new GLTFLoader().load(document.querySelector('[as=fetch]').href, (model) => model.scene.traverse((it) => {{\
             if (it.isMesh) document.title = 'done ' + it.geometry.attributes.position.count + it.material.map.image.width; }}),\
             undefined, (error) => {{ document.title = 'failed ' + error; }});</script>"
        )
    };
    for naming in NAMINGS {
        for model in ["car.gltf", "car.glb"] {
            let bucket = Bucket::on_rgw();
            let three =
                |path: &str| of_package("ASSETSYNC_TEST_PACKAGES", &format!("vendor/three/{path}"));
            let site = Site::new()
                .config(&format!("{naming}{}", bucket.target()))
                .file("index.html", page(model))
                .file("lib/build/three.module.js", three("build/three.module.js"))
                .file(
                    "lib/loaders/GLTFLoader.js",
                    three("examples/jsm/loaders/GLTFLoader.js"),
                )
                .file(
                    "lib/utils/BufferGeometryUtils.js",
                    three("examples/jsm/utils/BufferGeometryUtils.js"),
                )
                .file("m/car.gltf", scene("\"uri\":\"car.bin\","))
                .file("m/car.glb", &binary)
                .file("m/car.bin", &buffer)
                .file("m/tex/skin.png", png(&[]));
            assert_eq!(
                bucket.shown(&site),
                ("done 31".to_string(), Vec::new()),
                "{model} {naming}"
            );
        }
    }
}

/// Paths in data for machines are reported with the lines that fix them.
#[test]
fn machine_read_data_gets_fixing_lines() {
    let data = r#"{"@context": "https://schema.org", "image": "img/a.png", "logo": {"url": "./img/b.png"}}"#;
    let site = Site::new()
        .config(&format!(
            "[[rule]]\nmatch = \"*.html\"\nnames = \"plain\"\n{LOCAL}"
        ))
        .file(
            "index.html",
            format!("{PAGE}<script type=\"application/ld+json\">{data}</script>"),
        )
        .file("img/a.png", png(&[]))
        .file("img/b.png", png(&[]));
    let run = site.run(&["push"]);
    assert!(
        run.stderr
            .contains("2 places name files in `img/` that get other names"),
        "{run}"
    );
    site.add_config(&run.config_lines());
    let run = site.run(&["push"]);
    assert!(!run.stderr.contains("get other names"), "{run}");
    assert!(site.published("out").contains_key("img/b.png"));
}
