//! Languages of documents, and the parser of each.

use super::{Extra, Found, css, html, js, json, playlist, vtt, wavefront, xml};

/// Languages, each of which has a parser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Pages.
    Html,
    /// Styles.
    Css,
    /// Scripts.
    Script(js::Goal),
    /// SVG, XHTML, DASH, feeds and other XML.
    Xml(xml::Dialect),
    /// Lists of an HLS stream's segments.
    Playlist,
    /// Subtitles, and the pictures that a player shows above its time line.
    Vtt,
    /// A glTF scene.
    Gltf,
    /// The JSON of a binary glTF scene.
    Glb,
    /// A Wavefront model.
    Obj,
    /// Materials of a Wavefront model.
    Mtl,
    /// Manifests of web apps.
    WebManifest,
    /// Source maps of scripts and styles.
    SourceMap,
    /// Data.
    Json,
}

/// Types whose files have one language, whatever they are called.
const BY_TYPE: [(&str, Language); 15] = [
    ("text/html", Language::Html),
    ("text/css", Language::Css),
    ("image/svg+xml", Language::Xml(xml::Dialect::Svg)),
    ("application/xhtml+xml", Language::Xml(xml::Dialect::Xhtml)),
    ("application/dash+xml", Language::Xml(xml::Dialect::Dash)),
    ("application/manifest+json", Language::WebManifest),
    ("application/vnd.apple.mpegurl", Language::Playlist),
    ("application/x-mpegurl", Language::Playlist),
    ("audio/mpegurl", Language::Playlist),
    ("audio/x-mpegurl", Language::Playlist),
    ("text/vtt", Language::Vtt),
    ("model/gltf+json", Language::Gltf),
    ("model/gltf-binary", Language::Glb),
    ("model/obj", Language::Obj),
    ("model/mtl", Language::Mtl),
];

impl Language {
    /// Returns the language of a file by its `Content-Type` and its extension (lower case); none if
    /// nothing in it can be a reference.
    pub fn of(content_type: &str, extension: Option<&str>, extra: &Extra) -> Option<Language> {
        let essence = content_type.split(';').next().unwrap_or(content_type);
        let essence = essence.trim().to_ascii_lowercase();
        let known = BY_TYPE.iter().find(|(known, _)| *known == essence);
        if let Some((_, language)) = known {
            return Some(*language);
        }
        let is_module = extension == Some("mjs");
        match essence.as_str() {
            "text/javascript" | "application/javascript" if is_module => {
                Some(Language::Script(js::Goal::Module))
            }
            "text/javascript" | "application/javascript" => Some(Language::Script(js::Goal::Guess)),
            _ if extension == Some("map") => Some(Language::SourceMap),
            "application/xml" | "text/xml" => Some(Language::Xml(xml::Dialect::Other)),
            other if other.ends_with("+xml") => Some(Language::Xml(xml::Dialect::Other)),
            "application/json" => Some(Language::Json),
            other if other.ends_with("+json") && !extra.pointers.is_empty() => Some(Language::Json),
            _ => None,
        }
    }

    /// Finds what `text` refers to.
    pub fn find(self, text: &str, extra: &Extra) -> Found {
        match self {
            Language::Html => html::find(text, extra),
            Language::Css => css::find(text, css::Part::Stylesheet),
            Language::Script(goal) => js::find(text, goal),
            Language::Xml(dialect) => xml::find(text, extra, dialect),
            Language::Playlist => playlist::find(text),
            Language::Vtt => vtt::find(text),
            Language::Gltf | Language::Glb => json::gltf(text, extra),
            Language::Obj => wavefront::model(text),
            Language::Mtl => wavefront::materials(text),
            Language::WebManifest => json::web_manifest(text, extra),
            Language::SourceMap => json::source_map(text),
            Language::Json => json::find(text, &extra.pointers),
        }
    }
}

#[cfg(test)]
mod tests;
