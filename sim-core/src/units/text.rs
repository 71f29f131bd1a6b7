//! Reading and writing decimal numbers with suffixes: the part that all quantities share.
//!
//! Decimal powers are put into the exponent of the text before it becomes a float, so that `99.9%` is the float nearest to
//! 0.999 and prints as it was written. Integers are scaled exactly. Exponents, hexadecimal and separators are not numbers here.

use super::text_form::Quantity;

/// The longest whole part [digits] that can be meant.
const WHOLE_DIGITS: usize = 20;
/// Digits after the point that are looked at when the result is an integer.
const PLACES: usize = 18;

/// A decimal number as it was written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number<'a> {
    /// Whether it has a minus sign.
    pub(super) negative: bool,
    whole: &'a str,
    fraction: &'a str,
}

impl Number<'_> {
    /// The number times `10^exponent`; `None` where that is not finite.
    pub(super) fn to_f64(self, exponent: i32) -> Option<f64> {
        let sign = if self.negative { "-" } else { "" };
        let value: f64 = format!("{sign}{}.{}e{exponent}", self.whole, self.fraction).parse().ok()?;
        value.is_finite().then_some(value)
    }

    /// The number times `unit`, to the nearest integer, with whether it was one; `None` where it is negative or too large.
    pub(super) fn to_u64(self, unit: u64) -> Option<(u64, bool)> {
        let whole = self.whole.trim_start_matches('0');
        let fraction = self.fraction.trim_end_matches('0');
        if whole.len() > WHOLE_DIGITS || (self.negative && !(whole.is_empty() && fraction.is_empty())) {
            return None;
        }
        let kept = &fraction[..fraction.len().min(PLACES)];
        let digits = format!("0{whole}{kept}").parse::<u128>().ok()?;
        let scaled = digits.checked_mul(u128::from(unit))?;
        let one = 10u128.pow(u32::try_from(kept.len()).ok()?);
        let rounded = u64::try_from((scaled + one / 2) / one).ok()?;
        Some((rounded, scaled % one == 0 && kept.len() == fraction.len()))
    }
}

/// Splits a text into its leading number and the rest; `None` where it does not begin with a number.
pub(super) fn split(text: &str) -> Option<(Number<'_>, &str)> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, rest) = digits(unsigned);
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(after) => digits(after),
        None => ("", rest),
    };
    let point_without_digits = fraction.is_empty() && unsigned[whole.len()..].starts_with('.');
    (!whole.is_empty() && !point_without_digits)
        .then_some((Number { negative: text.starts_with('-'), whole, fraction }, rest))
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// The power of ten of a decimal suffix of counts: nothing, `k`, `M` or `G`.
pub(super) fn suffix(word: &str) -> Option<i32> {
    match word {
        "" => Some(0),
        "k" => Some(3),
        "M" => Some(6),
        "G" => Some(9),
        _ => None,
    }
}

/// The nanoseconds of a unit that may stand below a stroke: `s min h d month year`.
pub(super) fn denominator(word: &str) -> Option<u64> {
    DENOMINATORS.iter().find(|(name, _)| *name == word).map(|(_, ns)| *ns)
}

/// Units that may stand below a stroke, with their nanoseconds.
pub(super) const DENOMINATORS: [(&str, u64); 6] = [
    ("s", 1_000_000_000),
    ("min", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
    ("month", 2_628_000_000_000_000),
    ("year", 31_536_000_000_000_000),
];

/// `"abc" is not a rate`, with what was expected.
pub(super) fn not_a<T: Quantity>(text: &str) -> String {
    wrong::<T>(&format!("\"{}\" is not {}", shown(text), T::NAME))
}

/// `a rate needs a unit`, with what was expected and what to write.
pub(super) fn needs_unit<T: Quantity>(hint: &str) -> String {
    format!("{}\nwrite {hint}", wrong::<T>(&format!("{} needs a unit", T::NAME)))
}

/// `a rate cannot be negative`.
pub(super) fn negative<T: Quantity>() -> String {
    wrong::<T>(&format!("{} cannot be negative", T::NAME))
}

/// `"9e99" is too large for a rate`.
pub(super) fn too_large<T: Quantity>(text: &str) -> String {
    wrong::<T>(&format!("\"{}\" is too large for {}", shown(text), T::NAME))
}

/// Any message, with what was expected.
pub(super) fn wrong<T: Quantity>(message: &str) -> String {
    format!("{message}\nexpected {}", T::EXPECTED)
}

/// The text of a user as it may stand in a message: one line, not long, without control characters.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(40).collect();
    if text.chars().count() > 40 {
        shown.push_str("...");
    }
    shown
}

/// The shortest decimal text, without exponent, of `value` times `10^shift`; it reads back to the same float.
pub(super) fn decimal(value: f64, shift: i32) -> String {
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |m| ("-", m));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    if digits == "0" {
        return "0".to_owned();
    }
    let point = 1 + shift + exponent.parse::<i32>().unwrap_or(0);
    let length = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let text = if point <= 0 {
        format!("0.{}{digits}", "0".repeat(point.unsigned_abs() as usize))
    } else if point >= length {
        format!("{digits}{}", "0".repeat((point - length) as usize))
    } else {
        let (whole, fraction) = digits.split_at(point as usize);
        format!("{whole}.{fraction}")
    };
    format!("{sign}{text}")
}

/// `value` with at most six significant digits, without exponent and trailing zeros.
pub(super) fn rounded(value: f64) -> String {
    decimal(format!("{value:.5e}").parse().unwrap_or(value), 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_read_back() {
        for (value, shift, text) in [
            (0.995, 2, "99.5"),
            (0.999, 2, "99.9"),
            (1.0, 2, "100"),
            (0.0001, 2, "0.01"),
            (0.0, 2, "0"),
            (-0.3, 2, "-30"),
        ] {
            assert_eq!(decimal(value, shift), text);
            assert_eq!(split(text).unwrap().0.to_f64(-shift), Some(value));
        }
    }

    #[test]
    fn integers_are_scaled_exactly() {
        let number = |text: &'static str| split(text).unwrap().0;
        assert_eq!(number("477.221").to_u64(1_000_000), Some((477_221_000, true)));
        assert_eq!(number("0.1").to_u64(1), Some((0, false)));
        assert_eq!(number("0.5").to_u64(1), Some((1, false)));
        assert_eq!(number("-1").to_u64(1), None);
        assert_eq!(number("-0").to_u64(1), Some((0, true)));
        assert_eq!(number("18446744073709551615").to_u64(1), Some((u64::MAX, true)));
        assert_eq!(number("18446744073709551616").to_u64(1), None);
        assert_eq!(number("99999999999999999999").to_u64(u64::MAX), None);
    }

    #[test]
    fn what_does_not_begin_with_a_number_is_none() {
        for text in ["", "-", "s", ".5s", "5.s", "5.", "+.", "inf"] {
            assert!(split(text).is_none(), "{text}");
        }
    }
}
