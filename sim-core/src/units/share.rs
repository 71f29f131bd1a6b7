//! Probabilities, and percentages where a change or a part is meant.
//!
//! Both are fractions inside. A bare fraction is an error: `0.995` and `99.5` are too easily taken for each other.

use super::{Quantity, quantity, text};
use std::fmt;

/// The chance of an event, or a part of a whole, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Probability(f64);

impl Probability {
    /// 0: it never happens.
    pub const ZERO: Self = Self(0.0);
    /// 1: it always happens.
    pub const ONE: Self = Self(1.0);

    /// A probability; `None` where it is not from 0 to 1.
    pub fn new(value: f64) -> Option<Self> {
        (0.0..=1.0).contains(&value).then_some(Self(value))
    }

    /// The probability, from 0 to 1.
    pub fn value(self) -> f64 {
        self.0
    }

    /// The probability of the opposite.
    #[must_use]
    pub fn complement(self) -> Self {
        Self(1.0 - self.0)
    }

    /// Reads `99.5%`.
    ///
    /// # Errors
    /// Up to three lines: what is wrong, what was expected, what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        let value = read::<Self>(text)?;
        Self::new(value).ok_or_else(|| text::wrong::<Self>("a probability is from 0% to 100%"))
    }
}

/// A signed percentage, as a fraction; may exceed 100 %.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Percent(f64);

impl Percent {
    /// From a fraction: 0.2 is 20 %. `None` where it is not finite.
    pub fn new(fraction: f64) -> Option<Self> {
        fraction.is_finite().then_some(Self(fraction))
    }

    /// As a fraction: 20 % is 0.2.
    pub fn fraction(self) -> f64 {
        self.0
    }

    /// Reads `20%`, `-30%`, `150%`.
    ///
    /// # Errors
    /// Up to three lines: what is wrong, what was expected, what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        read::<Self>(text).map(Self)
    }
}

fn read<T: Quantity>(text: &str) -> Result<f64, String> {
    let (number, rest) = text::split(text.trim()).ok_or_else(|| text::not_a::<T>(text))?;
    if rest.is_empty() {
        let fraction = number.to_f64(0).filter(|v| (0.0..=1.0).contains(v)).map(|v| text::decimal(v, 2));
        return Err(text::needs_unit::<T>(&format!("{}%", fraction.unwrap_or_else(|| text::shown(text.trim())))));
    }
    if rest != "%" {
        return Err(text::not_a::<T>(text));
    }
    number.to_f64(-2).ok_or_else(|| text::too_large::<T>(text))
}

impl fmt::Display for Probability {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(&(text::decimal(self.0, 2) + "%"))
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(&(text::decimal(self.0, 2) + "%"))
    }
}

quantity!(
    Probability,
    "a probability",
    "a probability such as 99.5%, 0.01%",
    "string",
    r"^[0-9]+(\.[0-9]+)?%$",
    ["99.5%", "0.01%"]
);
quantity!(
    Percent,
    "a percentage",
    "a percentage such as 20%, -30%",
    "string",
    r"^[-+]?[0-9]+(\.[0-9]+)?%$",
    ["20%", "-30%"]
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_parse_and_print() {
        for (text, value) in [
            ("99.5%", 0.995),
            ("99.9%", 0.999),
            ("99.99%", 0.9999),
            ("0.01%", 0.0001),
            ("0%", 0.0),
            ("100%", 1.0),
            ("99.7303%", 0.997303),
        ] {
            let probability = Probability::parse(text).unwrap();
            assert_eq!(probability.value(), value);
            assert_eq!(probability.to_string(), text);
        }
    }

    #[test]
    fn percentages_are_signed_and_may_exceed_one_hundred() {
        for (text, fraction) in [("-30%", -0.3), ("150%", 1.5), ("1000%", 10.0)] {
            assert_eq!(Percent::parse(text).unwrap().fraction(), fraction);
            assert_eq!(Percent::new(fraction).unwrap().to_string(), text);
        }
    }

    #[test]
    fn wrong_probabilities_say_why() {
        for (text, line, hint) in [
            ("0.995", "a probability needs a unit", Some("write 99.5%")),
            ("1", "a probability needs a unit", Some("write 100%")),
            ("50", "a probability needs a unit", Some("write 50%")),
            ("101%", "a probability is from 0% to 100%", None),
            ("-1%", "a probability is from 0% to 100%", None),
            ("5 %", "\"5 %\" is not a probability", None),
        ] {
            let message = Probability::parse(text).unwrap_err();
            assert_eq!(message.lines().next(), Some(line));
            assert_eq!(message.lines().nth(2), hint, "{text}");
        }
    }
}
