//! Tests of patterns of policies and rules, and of the objects that they match.

use super::*;

#[test]
fn patterns_of_policies() {
    for (glob, text, is) in [
        ("s3:GetObject", "s3:GetObject", true),
        ("s3:Get*", "s3:GetObject", true),
        ("s3:*Object", "s3:GetObjectAcl", false),
        ("*", "", true),
        ("", "a", false),
        ("a?c", "abc", true),
        ("a?c", "ac", false),
        ("a*b*c", "a.b.b.c", true),
        ("a*b*c", "a.b.b.d", false),
        ("static/*", "static/img/1.png", true),
    ] {
        assert_eq!(is_like(glob, text), is, "{glob} {text}");
    }
}

#[test]
fn which_objects_a_rule_is_about() {
    let only = |globs: &[&str]| Reach::Only(globs.iter().map(|g| g.to_string()).collect());
    let all_but = |globs: &[&str]| Reach::AllBut(globs.iter().map(|g| g.to_string()).collect());
    for (reach, prefix, private, is) in [
        (Reach::All, "", None, true),
        (only(&["*"]), "", None, true),
        (only(&["static/*"]), "static/", None, true),
        (only(&["*"]), "static/", None, true),
        (only(&["static/*"]), "", None, false),
        (only(&["static/*.png"]), "static/", None, false),
        (only(&["static/?"]), "static/", None, false),
        (all_but(&["secret/*"]), "static/", None, true),
        (all_but(&["static/secret/*"]), "static/", None, false),
        (all_but(&["*.zip"]), "static/", None, false),
        (all_but(&[".assetsync/*"]), "", Some(".assetsync/"), true),
        (all_but(&[".assetsync/*"]), "", None, false),
    ] {
        let found = reach.covers_below(prefix, private);
        assert_eq!(found, is, "{reach:?} {prefix} {private:?}");
    }
    assert!(!all_but(&[".assetsync/*"]).covers(".assetsync/x/root.json"));
}
