//! Percentiles as they stand in keys and expressions: `p50`, `p99.9`.

use super::{quantity, text};
use std::fmt;

/// Percent in steps of a ten-thousandth, so that percentiles can be keys of a map.
const STEPS: u64 = 10_000;

/// Which part of all values lies below: `p99` is the value that 99 % do not exceed. Strictly between 0 and 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percentile(u32);

impl Percentile {
    /// 50 %: the median.
    pub const P50: Self = Self(50 * STEPS as u32);
    /// 95 %.
    pub const P95: Self = Self(95 * STEPS as u32);
    /// 99 %.
    pub const P99: Self = Self(99 * STEPS as u32);

    /// Reads `p50`, `p99.9`.
    ///
    /// # Errors
    /// Up to three lines: what is wrong, what was expected, what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (number, rest) = text.strip_prefix('p').and_then(text::split).ok_or_else(|| text::not_a::<Self>(text))?;
        if !rest.is_empty() {
            return Err(text::not_a::<Self>(text));
        }
        match number.to_u64(STEPS) {
            Some((steps, true)) if 0 < steps && steps < 100 * STEPS => Ok(Self(steps as u32)),
            Some((steps, false)) if steps < 100 * STEPS => {
                Err(text::wrong::<Self>("a percentile has at most four decimals"))
            }
            _ => Err(text::wrong::<Self>("a percentile is above p0 and below p100")),
        }
    }

    /// The part below, from 0 to 1.
    pub fn fraction(self) -> f64 {
        f64::from(self.0) / (100.0 * STEPS as f64)
    }
}

impl fmt::Display for Percentile {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(&format!("p{}", text::decimal(self.fraction(), 2)))
    }
}

quantity!(
    Percentile,
    "a percentile",
    "a percentile such as p50, p99.9",
    "string",
    r"^p[0-9]{1,2}(\.[0-9]{1,4})?$",
    ["p50", "p99", "p99.9"]
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_parse_and_print() {
        for (text, fraction) in [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("p99.99", 0.9999), ("p0.1", 0.001)] {
            let percentile = Percentile::parse(text).unwrap();
            assert_eq!(percentile.fraction(), fraction);
            assert_eq!(percentile.to_string(), text);
        }
    }

    #[test]
    fn wrong_percentiles_say_why() {
        for text in ["p0", "p100", "p-5", "50", "p999", "p99.99999", "p99%"] {
            assert!(Percentile::parse(text).is_err(), "{text}");
        }
    }
}
