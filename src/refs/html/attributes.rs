//! Contents of the attributes of HTML, SVG and MathML elements.

use crate::refs::{Extra, ExtraAttribute, Grammar, Kind};

use super::foreign::Space;

/// Type of an attribute's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// A URL.
    Url(Kind),
    /// The URL of a `<base>`.
    Base,
    /// Image candidates.
    Srcset,
    /// CSS declarations.
    Declarations,
    /// The value of the CSS property that has the attribute's name.
    Property,
    /// Seconds and a URL.
    Refresh,
    /// A page.
    Page,
}

/// Way in which a `<script>` is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScriptType {
    Classic,
    Module,
    ImportMap,
    /// Not at all, but it says which pages may be fetched early.
    SpeculationRules,
    /// Not at all, unless another script does: templates, JSON-LD, scripts that wait for consent.
    Data,
}

/// An element with its attributes decoded.
pub(super) trait Element {
    fn name(&self) -> &str;
    fn space(&self) -> Space;
    fn attribute(&self, name: &str) -> Option<&str>;
}

/// Returns the type of the attribute `name` of `element`, if its value can contain URLs.
pub(super) fn holds(element: &impl Element, name: &str, extra: &Extra) -> Option<Holds> {
    let by_language = match (element.space(), name) {
        (_, "style") => Some(Holds::Declarations),
        (Space::Html, _) => in_html(element, name),
        (Space::Svg, "href" | "xlink:href") if element.name() == "a" => {
            Some(Holds::Url(Kind::Link))
        }
        (Space::Svg, "href" | "xlink:href") => Some(Holds::Url(Kind::Load)),
        (Space::Svg, _) if SVG_PROPERTIES.contains(&name) => Some(Holds::Property),
        (Space::MathMl, "href" | "xlink:href") => Some(Holds::Url(Kind::Link)),
        _ => None,
    };
    let by_rule = || {
        Some(match extra_grammar(element.name(), name, extra)? {
            Grammar::Url => Holds::Url(Kind::Load),
            Grammar::Srcset => Holds::Srcset,
            Grammar::Css => Holds::Property,
        })
    };
    by_language.or_else(by_rule)
}

/// Returns the attribute with the URL of the file that an `integrity` of this element is of.
pub(super) fn source_of_integrity(element: &impl Element) -> Option<&'static str> {
    let has = |name: &'static str| element.attribute(name).map(|_| name);
    match (element.space(), element.name()) {
        (Space::Html, "script") => has("src"),
        (Space::Html, "link") => has("href"),
        (Space::Svg, "script") => has("href").or_else(|| has("xlink:href")),
        _ => None,
    }
}

/// Says whether an element loads a script or a style for the page.
pub(super) fn is_run_or_applied(element: &impl Element) -> bool {
    let is = |value: Option<&str>, words: &[&str]| {
        let words = |part: &str| words.iter().any(|word| part.eq_ignore_ascii_case(word));
        value
            .unwrap_or_default()
            .split_ascii_whitespace()
            .any(words)
    };
    let rel = element.attribute("rel");
    let is_preloaded = is(rel, &["preload"]) && is(element.attribute("as"), &["script", "style"]);
    match element.name() {
        "script" => script_type(element) != ScriptType::Data,
        _ => is(rel, &["stylesheet", "modulepreload"]) || is_preloaded,
    }
}

/// Returns how a script is run, by the standard's "prepare the script element".
pub(super) fn script_type(element: &impl Element) -> ScriptType {
    let written = match (element.attribute("type"), element.attribute("language")) {
        (Some(written), _) => written.trim_ascii().to_ascii_lowercase(),
        (None, Some(language)) if !language.is_empty() => {
            format!("text/{}", language.to_ascii_lowercase())
        }
        (None, _) => String::new(),
    };
    match written.as_str() {
        // Those of es-module-shims mean the same.
        "module" | "module-shim" => ScriptType::Module,
        "importmap" | "importmap-shim" => ScriptType::ImportMap,
        "speculationrules" => ScriptType::SpeculationRules,
        // Only if `type=""` really is empty. White space is an unknown type.
        "" if element.attribute("type").is_none_or(str::is_empty) => ScriptType::Classic,
        javascript if JAVASCRIPT.contains(&javascript) => ScriptType::Classic,
        _ => ScriptType::Data,
    }
}

/// Says whether a `<style>` is CSS.
pub(super) fn is_css(element: &impl Element) -> bool {
    element
        .attribute("type")
        .is_none_or(|it| it.is_empty() || it.eq_ignore_ascii_case("text/css"))
}

fn in_html(element: &impl Element, name: &str) -> Option<Holds> {
    match (element.name(), name) {
        // `<image>` is read as `<img>`.
        ("img" | "image" | "source" | "input" | "embed" | "iframe" | "frame", "src")
        | ("audio" | "video" | "track" | "portal", "src")
        | ("video", "poster")
        | ("object", "data")
        | ("body" | "table" | "td" | "th" | "tr", "background") => Some(Holds::Url(Kind::Load)),
        ("img" | "image" | "source", "srcset") | ("link", "imagesrcset") => Some(Holds::Srcset),
        ("a" | "area", "href") => Some(Holds::Url(Kind::Link)),
        ("link", "href") => Some(Holds::Url(kind_of_link(element))),
        ("script", "src") => Some(Holds::Url(kind_of_script(element))),
        ("base", "href") => Some(Holds::Base),
        ("iframe", "srcdoc") => Some(Holds::Page),
        ("meta", "content") => in_meta(element),
        _ => None,
    }
}

fn kind_of_link(element: &impl Element) -> Kind {
    let rel = element.attribute("rel").unwrap_or_default();
    let is_loaded = |rel: &str| {
        LOADED_RELS
            .iter()
            .any(|loaded| rel.eq_ignore_ascii_case(loaded))
    };
    let mut rels = rel.split_ascii_whitespace();
    match rels.clone().any(|rel| rel.eq_ignore_ascii_case("manifest")) {
        true => Kind::Manifest,
        false if rels.any(is_loaded) => Kind::Load,
        false => Kind::Link,
    }
}

/// Scripts of other types are run by other scripts, which know what they are.
fn kind_of_script(element: &impl Element) -> Kind {
    match script_type(element) {
        ScriptType::Classic | ScriptType::Data => Kind::Script,
        ScriptType::Module => Kind::ModuleScript,
        ScriptType::ImportMap | ScriptType::SpeculationRules => Kind::Load,
    }
}

fn in_meta(element: &impl Element) -> Option<Holds> {
    let is_refresh = |it: &str| it.eq_ignore_ascii_case("refresh");
    if element.attribute("http-equiv").is_some_and(is_refresh) {
        return Some(Holds::Refresh);
    }
    let is_loaded = |name: &str| {
        let name = name.trim_ascii().to_ascii_lowercase();
        let is_tile = name.starts_with("msapplication-") && name.ends_with("logo");
        is_tile || LOADED_METAS.contains(&name.as_str())
    };
    let is_image = |name: &str| {
        name.split_ascii_whitespace()
            .any(|name| name.eq_ignore_ascii_case("image"))
    };
    let is_url = element.attribute("property").is_some_and(is_loaded)
        || element.attribute("name").is_some_and(is_loaded)
        || element.attribute("itemprop").is_some_and(is_image);
    is_url.then_some(Holds::Url(Kind::Load))
}

/// Returns the grammar of an attribute that a rule names: the last one that does.
fn extra_grammar(element: &str, name: &str, extra: &Extra) -> Option<Grammar> {
    let mut attributes = extra.attributes.iter().rev();
    let is_named = |attribute: &&ExtraAttribute| match attribute.name.split_once('@') {
        Some((on, attribute)) => on == element && attribute == name,
        None => attribute.name == name,
    };
    attributes.find(is_named).map(|attribute| attribute.grammar)
}

/// `rel`s of links that are fetched by the browser itself, or by programs that show the page
/// elsewhere.
const LOADED_RELS: [&str; 11] = [
    "apple-touch-icon",
    "apple-touch-icon-precomposed",
    "apple-touch-startup-image",
    "fluid-icon",
    "icon",
    "image_src",
    "mask-icon",
    "modulepreload",
    "prefetch",
    "preload",
    "stylesheet",
];

/// Names of `<meta>`s whose `content` is fetched by programs that show a preview of the page.
const LOADED_METAS: [&str; 15] = [
    "msapplication-config",
    "msapplication-tileimage",
    "og:audio",
    "og:audio:secure_url",
    "og:audio:url",
    "og:image",
    "og:image:secure_url",
    "og:image:url",
    "og:video",
    "og:video:secure_url",
    "og:video:url",
    "thumbnail",
    "twitter:image",
    "twitter:image:src",
    "twitter:player:stream",
];

/// SVG's presentation attributes with a `url(...)`.
const SVG_PROPERTIES: [&str; 10] = [
    "clip-path",
    "cursor",
    "fill",
    "filter",
    "marker",
    "marker-end",
    "marker-mid",
    "marker-start",
    "mask",
    "stroke",
];

/// "JavaScript MIME type essence match" of the MIME Sniffing standard.
const JAVASCRIPT: [&str; 16] = [
    "application/ecmascript",
    "application/javascript",
    "application/x-ecmascript",
    "application/x-javascript",
    "text/ecmascript",
    "text/javascript",
    "text/javascript1.0",
    "text/javascript1.1",
    "text/javascript1.2",
    "text/javascript1.3",
    "text/javascript1.4",
    "text/javascript1.5",
    "text/jscript",
    "text/livescript",
    "text/x-ecmascript",
    "text/x-javascript",
];
