//! Similar names: for "did you mean". Pure.

/// At most a third of two names may differ.
const DIFFERENCE_MAX: usize = 3;

/// Such words have at least this likeness by Jaro and Winkler, who count beginnings for more.
const ALIKE: f64 = 0.85;

/// Words of at least so many characters are near if they begin alike.
const ALIKE_MIN: usize = 4;

/// Returns the candidate most like `name`, if any is like it at all: the same in another case
/// before all others, and then those with the fewest slips. Folders and extensions that both have
/// make nothing alike.
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let folded = name.to_lowercase();
    let near = candidates.filter_map(|candidate| {
        let slips = slips(&folded, &candidate.to_lowercase())?;
        Some((slips, strsim::osa_distance(name, candidate), candidate))
    });
    near.min().map(|(_, _, candidate)| candidate)
}

/// Counts the slips of the finger that lead from one name to the other; none if they aren't near.
fn slips(name: &str, candidate: &str) -> Option<usize> {
    let slips = strsim::osa_distance(name, candidate);
    let (a, b) = without_shared(name, candidate);
    let (short, long) = in_order(a.chars().count(), b.chars().count());
    // In a word of three letters, one of them may be wrong; two may have changed places in a
    // shorter one.
    let is_near = slips * DIFFERENCE_MAX <= long || are_swapped(a, b);
    let is_word = |text: &str| !text.contains(['/', '.', '\\']);
    let begins_alike = short >= ALIKE_MIN
        && is_word(a)
        && is_word(b)
        && (a.starts_with(b) || b.starts_with(a) || strsim::jaro_winkler(a, b) > ALIKE);
    (is_near || begins_alike).then_some(slips)
}

/// Returns what two paths don't share: of folders at their beginning, of the extension, and of
/// what is before that at their end.
fn without_shared<'a, 'b>(mut a: &'a str, mut b: &'b str) -> (&'a str, &'b str) {
    while let (Some((x, rest_a)), Some((y, rest_b))) = (a.split_once('/'), b.split_once('/'))
        && x == y
    {
        (a, b) = (rest_a, rest_b);
    }
    if let (Some((stem_a, x)), Some((stem_b, y))) = (a.rsplit_once('.'), b.rsplit_once('.'))
        && x == y
        && !x.contains('/')
    {
        (a, b) = (stem_a, stem_b);
    }
    while let (Some((rest_a, x)), Some((rest_b, y))) = (a.rsplit_once('/'), b.rsplit_once('/'))
        && x == y
    {
        (a, b) = (rest_a, rest_b);
    }
    (a, b)
}

fn are_swapped(a: &str, b: &str) -> bool {
    let sorted = |text: &str| {
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters
    };
    strsim::osa_distance(a, b) <= 1 && sorted(a) == sorted(b)
}

fn in_order(a: usize, b: usize) -> (usize, usize) {
    (a.min(b), a.max(b))
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[track_caller]
    fn is_meant(name: &str, candidates: &[&str], meant: Option<&str>) {
        assert_eq!(nearest(name, candidates.iter().copied()), meant, "{name}");
    }

    /// The same name in another case is suggested before all others.
    #[test]
    fn case_variant_is_the_best_match() {
        let all = ["img/B.svg", "img/a.svg", "img/A.png", "img/Z.svg"];
        is_meant("img/A.svg", &all, Some("img/a.svg"));
        is_meant("README.MD", &["readme.md", "README.ME"], Some("readme.md"));
        is_meant("Prod", &["prod", "Prog"], Some("prod"));
    }

    /// Typos, abbreviations and other separators still lead to the name that was meant.
    #[test]
    fn typos_are_recognised() {
        for (name, meant) in [
            ("porf", "prof"),
            ("qa", "aq"),
            ("stagin", "staging"),
            ("stage", "staging"),
            ("prod", "production"),
            ("soluton", "solution"),
            ("cache-control", "cache_control"),
            ("puzle/gears/index.html", "puzzle/gears/index.html"),
            ("img/mpa.png", "img/map.png"),
            ("a\\b.txt", "a/b.txt"),
            ("index.htm", "index.html"),
        ] {
            is_meant(name, &["x", "something/else.css", meant], Some(meant));
        }
    }

    #[test]
    fn the_nearest_of_several_is_meant() {
        is_meant(
            "map1.png",
            &["map-11.png", "map2.png", "mop1.jpg"],
            Some("map2.png"),
        );
        is_meant("prd", &["production", "prod"], Some("prod"));
    }

    /// Nothing is suggested where no name is near.
    #[test]
    fn distant_names_are_not_suggested() {
        for (name, other) in [
            ("a\\b.txt", " lead.txt"),
            ("img/A.svg", "img/b.svg"),
            ("a", "b"),
            ("js", "it"),
            ("puzzle/one/index.html", "puzzle/two/index.html"),
            ("map.png", "fog.png"),
            ("live", "prod"),
            ("", "prod"),
            ("prod", ""),
        ] {
            is_meant(name, &[other], None);
        }
    }
}
