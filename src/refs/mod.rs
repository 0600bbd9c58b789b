//! References in documents: URLs in pages, styles, scripts, images and data, and the position of
//! their bytes. Each language has its own parser. A URL can be replaced while every other byte
//! stays. Pure.

pub mod css;
mod decoded;
pub mod digest;
pub mod edit;
mod extra;
mod found;
pub mod glb;
pub mod html;
pub mod js;
pub mod json;
mod language;
mod lines;
pub mod order;
mod paths;
mod placeholder;
pub mod playlist;
mod reference;
pub mod resolve;
#[cfg(test)]
mod round_trip;
pub mod vtt;
pub mod wavefront;
pub mod words;
pub mod xml;

pub use self::extra::{Extra, ExtraAttribute, Grammar};
pub use self::found::{
    Built, Fault, FaultKind, Found, Joined, Mention, Place, Placeholder, SourceMap, UNKNOWN,
};
pub use self::language::Language;
pub use self::placeholder::StandsFor;
pub use self::reference::{Base, Kind, Reference};
