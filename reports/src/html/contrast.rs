//! Contrast of the tokens, computed from the style sheet as WCAG 2 does.

use super::CSS;
use sim_core::engine::math::pow;

/// Tokens that colour text.
const TEXT: [&str; 7] = ["ink", "ink2", "blue", "verm", "green", "purple", "ochre"];
/// Tokens of areas that names stand in, and the token of the name.
const FILLS: [(&str, &str); 4] = [("fok", "ink"), ("fdeg", "onfill"), ("fshed", "onfill"), ("frej", "onfill")];

/// The values of a block of tokens, the first that follows `head`.
fn token(head: &str, name: &str) -> [f64; 3] {
    let block = CSS.split_once(head).and_then(|(_, rest)| rest.split('}').next()).unwrap_or_default();
    let hex = block.split(';').find_map(|pair| pair.trim().strip_prefix(&format!("--{name}:#"))).unwrap_or_default();
    std::array::from_fn(|i| f64::from(u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).expect("a colour")) / 255.0)
}

/// Relative luminance, WCAG 2.2.
fn luminance(colour: [f64; 3]) -> f64 {
    let linear = colour.map(|c| if c <= 0.04045 { c / 12.92 } else { pow((c + 0.055) / 1.055, 2.4) });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

fn ratio(a: [f64; 3], b: [f64; 3]) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

const THEMES: [&str; 3] = [":root{", ":root:not([data-theme=light]){", ":root[data-theme=dark]{"];

#[test]
fn black_on_white_is_21() {
    assert!((ratio([0.0; 3], [1.0; 3]) - 21.0).abs() < 1e-9);
    // #767676 on white is known as the lightest grey that passes.
    assert!((ratio([118.0 / 255.0; 3], [1.0; 3]) - 4.54).abs() < 0.01);
}

#[test]
fn text_is_read_on_the_page_and_in_the_shade() {
    for theme in THEMES {
        for name in TEXT {
            for ground in ["bg", "shade"] {
                let found = ratio(token(theme, name), token(theme, ground));
                assert!(found >= 4.5, "{theme} {name} on {ground}: {found:.2}");
            }
        }
        for (fill, text) in FILLS {
            let found = ratio(token(theme, text), token(theme, fill));
            assert!(found >= 4.5, "{theme} {text} on {fill}: {found:.2}");
        }
    }
}

#[test]
fn lines_are_seen_on_the_page() {
    for theme in THEMES {
        for name in TEXT.into_iter().chain(["axis"]) {
            let found = ratio(token(theme, name), token(theme, "bg"));
            assert!(found >= 3.0, "{theme} {name}: {found:.2}");
        }
    }
}

#[test]
fn both_ways_to_the_dark_are_the_same() {
    for name in TEXT.into_iter().chain(["bg", "shade", "grid", "axis", "fok", "fdeg", "fshed", "frej", "ftime", "ferr"])
    {
        assert_eq!(token(THEMES[1], name), token(THEMES[2], name), "{name}");
    }
}
