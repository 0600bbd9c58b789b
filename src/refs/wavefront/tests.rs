//! Tests: files that models and materials name.

use super::*;
use crate::refs::round_trip;
use proptest::prelude::*;

#[track_caller]
fn check(find: fn(&str) -> Found, text: &str, expected: &[&str]) {
    round_trip::assert_urls(text, find, expected);
}

#[test]
fn a_model_names_libraries() {
    let text = "# mtllib no.mtl\r\nmtllib a.mtl  ../b.MTL?v=1\r\no x\r\nv 1.0 2.0 3.0\r\n  mtllib\tc\r\nusemtl d.mtl\r\n\
        maplib \u{e9} e.map\r\nmtllib";
    check(
        model,
        text,
        &["a.mtl", "../b.MTL?v=1", "c", "\u{e9}", "e.map"],
    );
    check(model, "\u{feff}mtllib .\\a.mtl", &[".\\a.mtl"]);
    check(model, "mtllibs a.mtl\nMTLLIB b.mtl\ncall c.obj\n", &[]);
}

/// A file name with spaces extends up to its extension.
#[test]
fn names_extend_to_their_extension() {
    check(
        model,
        "mtllib my  old scene.mtl b.mtl c d",
        &["my  old scene.mtl", "b.mtl", "c", "d"],
    );
}

/// A backslash at the end of a line continues the line.
#[test]
fn trailing_backslash_continues_line() {
    check(
        model,
        "mtllib a.mtl \\\r\n b.mtl\\\nc.mtl\nd.mtl",
        &["a.mtl", "b.mtl", "c.mtl"],
    );
    check(model, "mtllib a \\\n b.mtl\\", &["a", "b.mtl"]);
    check(materials, "map_Kd -s 1 1 1 \\\n a b.png\n", &["a b.png"]);
    check(materials, "map_Kd a \\\n b.png\n", &[]);
}

#[test]
fn a_material_names_pictures() {
    let text = "newmtl a.png\nKd 1 1 1\nmap_Kd wood.png\nmap_Ka a\\b.png\n\tMAP_bump c.png \nbump d.png\ndisp e.png\n\
        decal f.png\nrefl -type sphere g.png\nnorm h.png\nmap_Pr i.png?v#w\nmap_aat on\n#map_Kd no.png\nmap_Ks\nd 0.5";
    let expected = [
        "wood.png",
        "a\\b.png",
        "c.png",
        "d.png",
        "e.png",
        "f.png",
        "g.png",
        "h.png",
        "i.png?v#w",
    ];
    check(materials, text, &expected);
}

#[test]
fn options_stand_before_the_name() {
    for (options, name) in [
        ("-s 1 1 1", "my wood.png"),
        ("-o 0.5 -t 1e-3 -2", "a.png"),
        ("-s 1 1 1", "1.png"),
        (
            "-bm 0.5 -clamp on -imfchan m -texres 512 -blendu off -blendv ON -boost 2 -cc on",
            "a.png",
        ),
        ("-mm 0 1 -colorspace linear", "a.png"),
        ("-S 2", "nan"),
        ("", "-wood.png"),
    ] {
        check(materials, &format!("map_Kd {options} {name}\n"), &[name]);
    }
    for nothing in ["-s 1 1 1", "-bm", "-mm 0", "-clamp on"] {
        check(materials, &format!("bump {nothing}\n"), &[]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(crate::base::cases(2000)))]

    /// Any mix of words round-trips in models and materials.
    #[test]
    fn any_mix_of_words_round_trips(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..16)) {
        for find in [model, materials] {
            for text in [pieces.concat(), format!("mtllib {}", pieces.concat()), format!("map_Kd {}", pieces.concat())] {
                prop_assert_eq!(round_trip::check(&text, find), Ok(()));
            }
        }
    }

    #[test]
    fn any_text_is_read_without_panic(text in any::<String>()) {
        for text in [format!("mtllib {text}"), format!("map_Kd {text}"), text] {
            model(&text);
            materials(&text);
        }
    }
}

const PIECES: &[&str] = &[
    "mtllib ",
    "map_Kd ",
    "bump",
    "a.mtl",
    "b.png",
    "c",
    "\u{e9}",
    "?v",
    "#f",
    " ",
    "\t",
    "\n",
    "\r\n",
    "\r",
    "\\",
    "\\\n",
    "-s ",
    "-mm ",
    "-bm ",
    "-clamp on ",
    "1 ",
    "\u{feff}",
    "\0",
    "/",
];
