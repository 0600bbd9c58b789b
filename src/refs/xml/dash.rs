//! DASH (ISO/IEC 23009-1): what elements and attributes are, and which addresses stay out of reach
//! since a `BaseURL` shifts them.
//!
//! An address is relative to the `BaseURL`s of all elements that it holds in. What an element says
//! of its segments holds in those within, too, so that a `BaseURL` further in shifts an address
//! further out. A new URL in the place of one that was shifted would be shifted again. So an
//! address is followed only where nothing shifts it, and a `BaseURL` only if it's the address of a
//! file and no other address depends on it.

use super::elements::{Attribute, Element, Language, Use};
use crate::refs::{Base, Built, Fault, Found, Kind, Mention, Place, Reference, paths};

/// The fault of a `BaseURL` that isn't just the address of a file.
pub(super) const SHIFTS: &str = "a `BaseURL` changes where other URLs point, so these aren't \
    rewritten and the video may not play: publish its files in a keyed folder (`[[folder]]`)";

/// Elements that have addresses of their own.
const LEVELS: [&str; 5] = [
    "MPD",
    "Period",
    "AdaptationSet",
    "Representation",
    "Preselection",
];

/// Returns what an attribute is.
pub(super) fn of_attribute(element: &Element, attribute: &Attribute) -> Option<Use> {
    // `urn:mpeg:dash:resolve-to-zero:2013` takes the element out.
    let is_remote = attribute.is_xlink_href() && !attribute.value.trim().starts_with("urn:");
    match (element.local(), attribute.name) {
        ("SegmentTemplate", "media" | "index" | "initialization" | "bitstreamSwitching") => {
            Some(Use::Template)
        }
        ("SegmentURL", "media" | "index")
        | ("Initialization" | "RepresentationIndex" | "BitstreamSwitching", "sourceURL") => {
            Some(Use::Url(Kind::Load))
        }
        _ => is_remote.then_some(Use::Url(Kind::Load)),
    }
}

/// Returns what the text of an element is.
pub(super) fn of_text(element: &Element) -> Option<Language> {
    match element.local() {
        "BaseURL" => Some(Language::BaseUrl),
        "Location" | "PatchLocation" => Some(Language::Url(Kind::Load)),
        _ => None,
    }
}

/// The addresses of a document as far as it was read.
#[derive(Debug, Default)]
pub(super) struct Presentation {
    /// Levels in the order of the document: outer ones come before those within.
    levels: Vec<Level>,
    /// Each level that hasn't ended, with how many elements it's in.
    open: Vec<(usize, usize)>,
}

/// An element in which a `BaseURL` may hold.
#[derive(Debug, Default)]
struct Level {
    parent: Option<usize>,
    bases: Vec<BaseUrl>,
    addresses: Vec<Reference>,
    templates: Vec<Template>,
    /// Says whether a level around it has addresses, which hold here, too.
    has_addresses_outside: bool,
    /// Says whether a level within has addresses, which depend on this one.
    has_addresses_inside: bool,
    /// Says whether a `BaseURL` of its own or of a level around it shifts what is here.
    is_shifted: bool,
    /// Says whether a `BaseURL` of a level within shifts what holds there.
    is_shifted_inside: bool,
}

#[derive(Debug)]
struct BaseUrl {
    at: usize,
    /// None if it can't be replaced.
    reference: Option<Reference>,
}

/// An address with parts that the player knows, between dollar signs.
#[derive(Debug)]
struct Template {
    at: usize,
    text: String,
}

impl Presentation {
    /// Enters an element that stands in `depth` others. Outside of any level, that's one, whatever
    /// it's called.
    pub fn enter(&mut self, depth: usize, name: &str) {
        if depth == 0 || LEVELS.contains(&name) {
            self.levels.push(Level {
                parent: self.open.last().map(|(_, level)| *level),
                ..Level::default()
            });
            self.open.push((depth, self.levels.len() - 1));
        }
    }

    /// Leaves an element that stands in `depth` others.
    pub fn leave(&mut self, depth: usize) {
        self.open.pop_if(|(level, _)| *level == depth);
    }

    /// Adds the address that an attribute is.
    pub fn add_address(&mut self, reference: Reference) {
        if let Some(level) = self.level() {
            level.addresses.push(reference);
        }
    }

    /// Adds an address with parts that the player knows.
    pub fn add_template(&mut self, at: usize, text: &str) {
        let text = text.to_string();
        if let Some(level) = self.level() {
            level.templates.push(Template { at, text });
        }
    }

    /// Adds the `BaseURL` that stands at `at`.
    pub fn add_base(&mut self, at: usize, reference: Option<Reference>) {
        let is_same_folder = |reference: &Reference| matches!(reference.url.as_str(), "." | "./");
        if reference.as_ref().is_some_and(is_same_folder) {
            return;
        }
        if let Some(level) = self.level() {
            level.bases.push(BaseUrl { at, reference });
        }
    }

    fn level(&mut self) -> Option<&mut Level> {
        let (_, level) = self.open.last()?;
        self.levels.get_mut(*level)
    }

    /// Returns what can be followed, and tells of what can't.
    pub fn finish(mut self) -> Found {
        let mut found = Found::default();
        self.compare();
        found.faults.extend(self.shift());
        for level in self.levels {
            level.give(&mut found);
        }
        found
    }

    /// Finds out which levels have addresses in the levels around them, or in those within.
    fn compare(&mut self) {
        for at in 0..self.levels.len() {
            if let Some(parent) = self.levels[at].parent {
                let parent = &self.levels[parent];
                let is_there = parent.has_addresses_outside || parent.has_addresses();
                self.levels[at].has_addresses_outside = is_there;
            }
        }
        for at in (0..self.levels.len()).rev() {
            let level = &self.levels[at];
            let is_there =
                level.has_addresses_inside || level.has_addresses() || !level.bases.is_empty();
            if let (Some(parent), true) = (level.parent, is_there) {
                self.levels[parent].has_addresses_inside = true;
            }
        }
    }

    /// Finds out what is shifted, and returns a fault for the outermost cause of each.
    fn shift(&mut self) -> Vec<Fault> {
        let mut faults = Vec::new();
        for at in 0..self.levels.len() {
            let level = &self.levels[at];
            let is_shifted_outside = level.parent.is_some_and(|p| self.levels[p].is_shifted);
            let mut causes = level.bases.iter().filter(|base| level.is_shifted_by(base));
            let is_shifted = is_shifted_outside || causes.clone().next().is_some();
            // This isn't expected of addresses that lead to another site.
            let told = causes.find(|base| !is_shifted_outside && !base.is_elsewhere());
            faults.extend(told.map(|base| Fault::unread(base.at, SHIFTS)));
            self.levels[at].is_shifted = is_shifted;
        }
        for at in (0..self.levels.len()).rev() {
            let level = &self.levels[at];
            let is_shifted = level.is_shifted || level.is_shifted_inside;
            if let (Some(parent), true) = (level.parent, is_shifted) {
                self.levels[parent].is_shifted_inside = true;
            }
        }
        faults
    }
}

impl Level {
    fn has_addresses(&self) -> bool {
        !self.addresses.is_empty() || !self.templates.is_empty()
    }

    /// Says whether a `BaseURL` of this level is more than the address of a file.
    fn is_shifted_by(&self, base: &BaseUrl) -> bool {
        let has_others =
            self.has_addresses() || self.has_addresses_outside || self.has_addresses_inside;
        has_others || !base.is_file()
    }

    /// Adds what is here to `found`.
    fn give(self, found: &mut Found) {
        let is_followed = !self.is_shifted && !self.is_shifted_inside;
        let bases = self.bases.into_iter().filter_map(|base| base.reference);
        let all = bases.chain(self.addresses);
        if is_followed {
            found.references.extend(all)
        } else {
            found.mentions.extend(all.filter_map(mention))
        }
        for Template { at, text } in self.templates {
            match (text.find('$'), text.rfind('$')) {
                (Some(start), Some(end)) if is_followed => {
                    found.add_built(at, &text, start..end + 1);
                }
                _ => found.built.push(Built::new(at, &text)),
            }
        }
    }
}

/// Returns what is told of an address that isn't followed.
fn mention(reference: Reference) -> Option<Mention> {
    paths::is_file_path(&reference.url).then_some(Mention {
        at: reference.span.start,
        text: reference.url,
        place: Place::Text,
        base: Base::Page,
    })
}

impl BaseUrl {
    fn is_file(&self) -> bool {
        self.reference.as_ref().is_some_and(|reference| {
            let name = paths::path_of(&reference.url).rsplit('/').next();
            !matches!(name, None | Some("" | "." | ".."))
        })
    }

    fn is_elsewhere(&self) -> bool {
        let reference = self.reference.as_ref();
        reference.is_some_and(|reference| paths::is_absolute(&reference.url))
    }
}
