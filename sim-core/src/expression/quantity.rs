//! A quantity inside an expression: its number in base units, what it measures, and how exactly it was written.

use super::measure::Measure;
use crate::units::{Bandwidth, Bytes, Per, Percent, Price, Rate, SimDuration};

/// A written quantity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantity {
    /// In base units: seconds, dollars, bytes, shares from 0 to 1.
    pub value: f64,
    /// What it measures.
    pub measure: Measure,
    /// Half of the last decimal as written; 0 where there are no decimals.
    pub tolerance: f64,
}

/// Reads a quantity or plain number.
///
/// # Errors
/// What is wrong and what was expected, two lines.
pub fn read(text: &str) -> Result<Quantity, String> {
    let (value, measure) = value(text)?;
    Ok(Quantity { value, measure, tolerance: tolerance(text, value) })
}

fn value(text: &str) -> Result<(f64, Measure), String> {
    if let Some(money) = text.strip_prefix('-').filter(|rest| rest.starts_with('$')) {
        return value(money).map(|(value, measure)| (-value, measure));
    }
    if text.starts_with('$') {
        return price(text);
    }
    if text.ends_with('%') {
        return Percent::parse(text).map(|p| (p.fraction(), Measure::Share));
    }
    if text.contains("bps") || (text.contains("B/") && !text.ends_with('B')) {
        return Bandwidth::parse(text).map(|b| (b.bytes_per_second(), Measure::BANDWIDTH));
    }
    if text.contains('/') {
        return Rate::parse(text).map(|r| (r.per_second(), Measure::RATE));
    }
    if text.ends_with('B') {
        return Bytes::parse(text).map(|b| (b.get() as f64, Measure::BYTES));
    }
    match plain(text) {
        Some(number) => Ok((number, Measure::NUMBER)),
        None => match text.strip_prefix('-') {
            Some(size) => SimDuration::parse(size).map(|d| (-d.secs(), Measure::TIME)),
            None => SimDuration::parse(text).map(|d| (d.secs(), Measure::TIME)),
        },
    }
}

/// A bare number, with a decimal suffix perhaps: `3`, `1.5`, `10k`.
fn plain(text: &str) -> Option<f64> {
    let (digits, factor) = match text.as_bytes().last()? {
        b'k' => (&text[..text.len() - 1], 1e3),
        b'M' => (&text[..text.len() - 1], 1e6),
        b'G' => (&text[..text.len() - 1], 1e9),
        _ => (text, 1.0),
    };
    let written = digits.bytes().all(|c| c.is_ascii_digit() || matches!(c, b'.' | b'-'));
    digits.parse::<f64>().ok().filter(|n| written && n.is_finite()).map(|n| n * factor)
}

fn price(text: &str) -> Result<(f64, Measure), String> {
    let price = Price::parse(text)?;
    let amount = price.amount.amount();
    match price.per {
        Per::Things(things) => Ok((amount / things, Measure::MONEY)),
        Per::Time(time) => Ok((amount / time.secs(), Measure::COST)),
        Per::Bytes(_) | Per::BytesTime(..) => Err(format!(
            "{text} is a price for bytes\nexpected money such as $38, or money over time such as $400/month"
        )),
    }
}

/// Half of the last decimal, in base units.
fn tolerance(text: &str, value: f64) -> f64 {
    let digits = text.trim_start_matches(['-', '$']);
    let end = digits.bytes().position(|c| !c.is_ascii_digit() && c != b'.').unwrap_or(digits.len());
    let Some((_, decimals)) = digits[..end].split_once('.') else { return 0.0 };
    let written: f64 = digits[..end].parse().unwrap_or(0.0);
    if written == 0.0 {
        return 0.0;
    }
    (0..decimals.len()).fold(0.5, |half, _| half / 10.0) * (value / written).abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, value: f64, measure: Measure) {
        let quantity = read(text).unwrap();
        assert!((quantity.value - value).abs() <= value.abs() * 1e-12, "{text}: {}", quantity.value);
        assert_eq!(quantity.measure, measure, "{text}");
    }

    #[test]
    fn all_quantities_of_the_language_read() {
        check("200ms", 0.2, Measure::TIME);
        check("1h30m", 5400.0, Measure::TIME);
        check("99.5%", 0.995, Measure::Share);
        check("-30%", -0.3, Measure::Share);
        check("48000/min", 800.0, Measure::RATE);
        check("$1000/min", 1000.0 / 60.0, Measure::COST);
        check("$63.072G/year", 2000.0, Measure::COST);
        check("$38", 38.0, Measure::MONEY);
        check("300Mbps", 37.5e6, Measure::BANDWIDTH);
        check("64KiB", 65536.0, Measure::BYTES);
        check("14.4", 14.4, Measure::NUMBER);
        check("10k", 10_000.0, Measure::NUMBER);
    }

    #[test]
    fn decimals_say_how_exact_a_number_is() {
        assert!(read("0%").unwrap().tolerance.abs() < f64::EPSILON);
        assert!((read("99.7303%").unwrap().tolerance - 0.5e-6).abs() < 1e-12);
        assert!((read("$13116.74").unwrap().tolerance - 0.005).abs() < 1e-9);
    }

    #[test]
    fn unknown_units_are_errors() {
        for text in ["5parsecs", "3/m", "$1/GiB", "1..2"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
