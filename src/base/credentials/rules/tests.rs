//! That all of gitleaks' rules can be used, and that they find what gitleaks finds.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn text() -> RulesText {
    toml::from_str(RULES).expect("gitleaks.toml has only what is known")
}

fn patterns(text: &RulesText) -> Vec<&String> {
    let lists = text
        .rules
        .iter()
        .flat_map(|rule| &rule.allowlists)
        .chain([&text.allowlist]);
    let listed = lists.flat_map(|list| list.regexes.iter().chain(&list.paths));
    text.rules
        .iter()
        .flat_map(|rule| rule.regex.iter().chain(&rule.path))
        .chain(listed)
        .collect()
}

#[test]
fn every_pattern_compiles() {
    let text = text();
    let compile = |pattern: &str| {
        RegexBuilder::new(pattern)
            .unicode(false)
            .size_limit(REGEX_BYTES_MAX)
            .build()
    };
    let errors = patterns(&text)
        .into_iter()
        .filter_map(|pattern| compile(rust(pattern)).err());
    assert_eq!(
        errors.map(|error| error.to_string()).collect::<Vec<_>>(),
        [""; 0]
    );
}

#[test]
fn every_rule_can_be_made_ready() {
    for rule in &Rules::new().rules {
        let groups = rule.matcher().regex.as_ref().map_or(0, Regex::captures_len);
        assert!(
            rule.secret_group.is_none_or(|group| group < groups),
            "{}",
            rule.id
        );
    }
}

/// Every rule that is rewritten or switched off exists.
#[test]
fn overrides_refer_to_existing_rules() {
    let text = text();
    let with_end = text
        .rules
        .iter()
        .filter_map(|rule| rule.regex.as_ref())
        .filter(|pattern| pattern.contains(BEHIND.0));
    assert!(with_end.count() > 100);
    for (go, _) in REWRITTEN {
        assert!(patterns(&text).iter().any(|pattern| *pattern == go), "{go}");
        assert!(
            RegexBuilder::new(go).unicode(false).build().is_err(),
            "{go} can be taken as it is"
        );
    }
    for (id, _) in OFF {
        assert!(text.rules.iter().any(|rule| rule.id == id), "{id}");
        assert!(Rules::new().rules.iter().all(|rule| rule.id != id), "{id}");
    }
}

/// Most rules search only near their keywords.
#[test]
fn most_rules_search_near_keywords() {
    let rules = Rules::new().rules;
    let everywhere = rules
        .iter()
        .filter(|rule| rule.matcher().reach == Reach::Everywhere);
    let ids: Vec<&str> = everywhere.map(|rule| rule.id.as_str()).collect();
    assert!(ids.len() < 30, "of {}: {ids:?}", rules.len());
}

/// The name before a keyword belongs to the match.
#[test]
fn match_includes_name_before_keyword() {
    let generic = text()
        .rules
        .into_iter()
        .find(|rule| rule.id == "generic-api-key")
        .expect("gitleaks has it");
    let rule = Rule::new(generic);
    let regex = rule.matcher().regex.as_ref().expect("it has a pattern");
    let rows: [(&str, usize, Range<usize>, Range<usize>); 3] = [
        ("x; my.foreign_key = 'a1b2c3d4e5f6'", 0, 3..34, 21..33),
        ("x; my.foreign_key = 'a1b2c3d4e5f6'", 5, 5..34, 21..33),
        (
            &format!("{}key='a1b2c3d4e5f6'", "n".repeat(60)),
            0,
            10..78,
            65..77,
        ),
    ];
    for (text, at, whole, secret) in rows {
        let place = rule
            .find_at(regex, text.as_bytes(), at)
            .expect("it matches");
        assert_eq!(
            (place.whole, place.secret),
            (whole, secret),
            "{text} from {at}"
        );
    }
}

#[test]
fn entropy_is_shannons() {
    let rows: [(&[u8], f64); 4] = [(b"aaaa", 0.0), (b"abab", 1.0), (b"abcd", 2.0), (b"", 0.0)];
    for (secret, bits) in rows {
        assert!((entropy(secret) - bits).abs() < 1e-9, "{secret:?}");
    }
}

/// The line of a match ends at line ends or at the limit.
#[test]
fn match_line_is_limited() {
    let long = [vec![b'x'; 5000], b"secret".to_vec(), vec![b'y'; 5000]].concat();
    assert_eq!(line(b"a\nb secret c\nd", &(4..10)), 2..12);
    assert_eq!(line(b"secret", &(0..6)), 0..6);
    assert_eq!(
        line(&long, &(5000..5006)),
        5000 - LINE_BYTES_MAX..5006 + LINE_BYTES_MAX
    );
}

/// Names, lists, and whether they excuse the match.
const ALLOWLISTS: &[(&str, &str, bool)] = &[
    ("a word in the secret", r#"stopwords = ["SECR"]"#, true),
    (
        "a word that is only in the match",
        r#"stopwords = ["name"]"#,
        false,
    ),
    ("the secret", r#"regexes = ["^secret$"]"#, true),
    (
        "the match isn't the secret",
        r#"regexes = ["^name=secret$"]"#,
        false,
    ),
    (
        "the match",
        r#"regexTarget = "match"
            regexes = ["^name=secret$"]"#,
        true,
    ),
    (
        "the line",
        r#"regexTarget = "line"
            regexes = ["^the name=secret;$"]"#,
        true,
    ),
    (
        "not another line",
        r#"regexTarget = "line"
            regexes = ["other"]"#,
        false,
    ),
    (
        "one of two",
        r#"stopwords = ["no"]
            regexes = ["secret"]"#,
        true,
    ),
    (
        "not both",
        r#"condition = "AND"
            stopwords = ["no"]
            regexes = ["secret"]"#,
        false,
    ),
    (
        "both, but elsewhere",
        r#"condition = "AND"
            paths = ["[.]bb$"]
            regexes = ["secret"]"#,
        false,
    ),
    (
        "both",
        r#"condition = "AND"
            paths = ["[.]js$"]
            regexes = ["secret"]"#,
        true,
    ),
];

/// An allowlist excuses by the secret, the match, the line or the path.
#[test]
fn allowlists_check_their_own_target() {
    let text = b"other\nthe name=secret;\n";
    let place = Place {
        whole: 10..21,
        secret: 15..21,
    };
    for (name, list, expected) in ALLOWLISTS {
        let list: AllowlistText = toml::from_str(list).expect("rows are allowlists");
        assert_eq!(
            Allowlist::new(&list).excuses(text, &place, "a.js"),
            *expected,
            "{name}"
        );
    }
}

/// Does what gitleaks does: matches each rule that has a keyword in the text against the whole
/// text.
fn slowly(
    rules: &Rules,
    compiled: &[Option<Regex>],
    text: &[u8],
    path: &str,
) -> BTreeSet<(usize, String)> {
    let lower = text.to_ascii_lowercase();
    let has = |word: &String| {
        lower
            .windows(word.len())
            .any(|bytes| bytes == word.as_bytes())
    };
    let mut found = BTreeSet::new();
    for (rule, regex) in rules.rules.iter().zip(compiled) {
        let Some(regex) = regex
            .as_ref()
            .filter(|_| rule.is_for(path) && rule.keywords.iter().any(has))
        else {
            continue;
        };
        for captures in regex.captures_iter(text) {
            let whole = captures.get(0).expect("it matched").range();
            let group = match rule.secret_group {
                Some(number) => captures.get(number),
                None => captures
                    .iter()
                    .skip(1)
                    .flatten()
                    .find(|group| !group.is_empty()),
            };
            let secret = group.map_or(without_line_ends(text, whole.clone()), |group| {
                group.range()
            });
            let line = 1 + text[..secret.start]
                .iter()
                .filter(|&&byte| byte == b'\n')
                .count();
            if rules.is_serious(rule, text, &Place { whole, secret }, path) {
                found.insert((line, rule.id.clone()));
            }
        }
    }
    found
}

/// Pieces of which text is made that has keywords, names, random values and their surroundings in
/// it.
fn any_piece() -> impl Strategy<Value = String> {
    let keywords: Vec<String> = text()
        .rules
        .into_iter()
        .flat_map(|rule| rule.keywords)
        .collect();
    let keyword = prop::sample::select(keywords);
    let filler = (0usize..400).prop_map(|len| "f ".repeat(len));
    prop_oneof![
        4 => keyword.clone(),
        2 => keyword.prop_map(|word| word.to_uppercase()),
        4 => prop::sample::select(vec!["=", " = '", "\": \"", "'", "\"", ";", "\n", " ", "_", ".", "-", ":", "é"])
            .prop_map(str::to_string),
        2 => "[a-z0-9]{16}|[a-z0-9]{20}|[a-z0-9]{24}|[a-z0-9]{32}|[a-z0-9]{40}|[a-f0-9]{64}|[A-Z2-7]{16}",
        1 => "AK[I]A[A-Z2-7]{16}|gh[p]_[0-9a-zA-Z]{36}|S[K][0-9a-f]{32}|AIz[a][\\w-]{35}|[0-9]{8}:A[a-z0-9]{34}",
        1 => filler,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(crate::base::cases(400)))]
    /// Searching near keywords finds the same as searching everywhere.
    #[test]
    fn windowed_search_finds_everything(pieces in prop::collection::vec(any_piece(), 1..24)) {
        static ALL: std::sync::LazyLock<(Rules, Vec<Option<Regex>>)> = std::sync::LazyLock::new(|| {
            let rules = Rules::new();
            let compiled = rules.rules.iter().map(|rule| rule.pattern.as_deref().map(regex)).collect();
            (rules, compiled)
        });
        let text = pieces.concat();
        let found = super::super::find(text.as_bytes(), "a/b.js");
        let found = found.into_iter().map(|credential| (credential.line, credential.rule.to_string()));
        let found: BTreeSet<_> = found.collect();
        prop_assert_eq!(found, slowly(&ALL.0, &ALL.1, text.as_bytes(), "a/b.js"), "{}", text);
    }
}
