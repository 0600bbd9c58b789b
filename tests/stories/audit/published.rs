//! A hunt that is published somewhere, whatever the place is, and what an audit says of it.

use std::collections::BTreeMap;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::support::{Run, Site};

pub const POLICY: &str = r#"[{"origin": ["https://hunt.example.org"], "method": ["GET", "HEAD"], "responseHeader": ["Range", "Content-Range"], "maxAgeSeconds": 60}]"#;

/// What all hunts can do.
pub trait Published {
    /// Runs the program as the one who published it.
    fn run(&self, arguments: &[&str]) -> Run;

    /// Runs the program, which must end well; returns its standard output.
    fn ok(&self, arguments: &[&str]) -> String {
        let run = self.run(arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {run}");
        run.stdout
    }

    /// Looks at everything, as fast as it goes.
    fn audit(&self, more: &[&str]) -> (i32, Value) {
        let everything = ["audit", "prod", "--all", "--rate", "5000", "--json"];
        let run = self.run(&[&everything, more].concat());
        let report = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run}"));
        (run.code, report)
    }

    /// What its objects are called now, by path.
    fn keys(&self) -> BTreeMap<String, String> {
        let arguments = [
            "manifest", "--live", "--target", "prod", "--format", "django",
        ];
        let manifest: Value = serde_json::from_str(&self.ok(&arguments)).expect("JSON");
        serde_json::from_value(manifest["paths"].clone()).expect("paths")
    }

    /// An audit finds nothing.
    fn is_clean(&self, when: &str) {
        let (code, report) = self.audit(&[]);
        assert_eq!(
            (code, &report["findings"]),
            (0, &json!([])),
            "{when}: {report:#}"
        );
    }
}

/// A page of a name that stays, what it loads, a recording, and a solution that is held.
pub fn site(config: &str) -> Site {
    let site = Site::new()
        .config(&format!(
            "{config}\n[[rule]]\nmatch = \"index.html\"\nnames = \"plain\"\n\
             [[level]]\nname = \"solution\"\nmatch = \"solution/**\"\nheld = true\n"
        ))
        .file("index.html", "<h1>The hunt</h1>\n".repeat(50))
        .file("app.css", "body { color: red }\n".repeat(50))
        .file("map.png", [b'\x89', b'P', b'N', b'G'].repeat(300))
        .file("other.png", "another picture")
        .file(
            "song.mp3",
            (0..20_000u32).map(|n| n as u8).collect::<Vec<u8>>(),
        )
        .file("solution/answer.html", "<p>CANDLE</p>");
    std::fs::write(site.path("cors.json"), POLICY).expect("written");
    site
}

/// What an audit says of a damage.
#[derive(Debug, Clone, Copy)]
pub struct Sign {
    pub kind: &'static str,
    /// Which file it says it is.
    pub path: Option<&'static str>,
    pub says: &'static str,
}

impl Sign {
    pub fn is(&self, finding: &Value) -> bool {
        finding["kind"] == self.kind
            && finding["path"].as_str() == self.path
            && finding["seen"]
                .as_str()
                .is_some_and(|seen| seen.contains(self.says))
    }

    pub fn is_in(&self, report: &Value) -> bool {
        found(report).into_iter().any(|finding| self.is(finding))
    }

    /// The finding, which says how it should be and what mends it.
    pub fn find<'r>(&self, what: &str, report: &'r Value) -> &'r Value {
        let it = found(report).into_iter().find(|finding| self.is(finding));
        let it = it.unwrap_or_else(|| panic!("{what} isn't told of:\n{report:#}"));
        assert_ne!(it["fix"], "", "{what}: {it:#}");
        assert_ne!(it["expected"], "", "{what}: {it:#}");
        it
    }
}

/// The findings that aren't about what can't be told.
pub fn found(report: &Value) -> Vec<&Value> {
    let findings = report["findings"].as_array().expect("a list");
    let told = findings.iter().filter(|f| f["verdict"] != "unknown");
    told.collect()
}

/// The exit code says whether anything is dangerous.
pub fn code_is_right(what: &str, code: i32, report: &Value) {
    let is_dangerous = found(report).iter().any(|f| f["verdict"] == "failed");
    let wanted = if is_dangerous { 3 } else { 0 };
    assert_eq!(code, wanted, "{what}: {report:#}");
}

pub fn gzipped(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).expect("a vector takes it");
    encoder.finish().expect("a vector takes it")
}
