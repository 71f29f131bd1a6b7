//! What a word without quotes means: null, a truth value, a number, or text.
//!
//! Only what every YAML reader and JSON agree on: `null` and `~`, `true` and `false`, decimal numbers. All else is text, so that a
//! quantity such as `5ms` or a version such as `1.2.3` never turns into something else. Octal, hexadecimal, `yes`, `.inf` and
//! dates are text too.

use super::node::Scalar;

/// A word, understood.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Word<'a> {
    /// Nothing was written, `null` or `~`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number, not negative, that fits in 64 bits.
    Unsigned(u64),
    /// A negative whole number that fits in 64 bits.
    Negative(i64),
    /// A number with a fraction or an exponent.
    Float(f64),
    /// Anything else; also numbers that are too large.
    Text(&'a str),
}

/// Understands a scalar.
pub fn word(scalar: &Scalar) -> Word<'_> {
    let text = scalar.text.as_str();
    if !scalar.plain {
        return Word::Text(text);
    }
    match text {
        "" | "~" | "null" => Word::Null,
        "true" => Word::Bool(true),
        "false" => Word::Bool(false),
        _ => number(text).unwrap_or(Word::Text(text)),
    }
}

fn number(text: &str) -> Option<Word<'_>> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if is_digits(digits) {
        let unsigned = text.strip_prefix('+').unwrap_or(text).parse().ok().map(Word::Unsigned);
        return unsigned.or_else(|| text.parse().ok().map(Word::Negative));
    }
    let (mantissa, exponent) = digits.split_once(['e', 'E']).unwrap_or((digits, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    let shaped = is_digits(whole) && (fraction.is_empty() || is_digits(fraction)) && is_digits(exponent);
    let value: f64 = if shaped { text.parse().ok()? } else { return None };
    value.is_finite().then_some(Word::Float(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Scalar {
        Scalar { text: text.to_owned(), plain: true }
    }

    #[test]
    fn plain_words_mean_what_json_and_yaml_agree_on() {
        for (text, meant) in [
            ("", Word::Null),
            ("~", Word::Null),
            ("true", Word::Bool(true)),
            ("800", Word::Unsigned(800)),
            ("-3", Word::Negative(-3)),
            ("1.5", Word::Float(1.5)),
            ("1e3", Word::Float(1000.0)),
            ("yes", Word::Text("yes")),
            ("0x1f", Word::Text("0x1f")),
            ("5ms", Word::Text("5ms")),
            ("1.2.3", Word::Text("1.2.3")),
            (".5", Word::Text(".5")),
            ("1e999", Word::Text("1e999")),
            ("99999999999999999999999", Word::Text("99999999999999999999999")),
        ] {
            assert_eq!(word(&plain(text)), meant, "{text}");
        }
    }

    #[test]
    fn quoted_words_are_text() {
        assert_eq!(word(&Scalar { text: "800".into(), plain: false }), Word::Text("800"));
    }
}
