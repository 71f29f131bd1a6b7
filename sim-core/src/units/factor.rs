//! Factors: plain numbers by which something is multiplied.

use super::{quantity, text};
use std::fmt;

/// A number above zero by which something is multiplied.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Factor(f64);

impl Factor {
    /// Changes nothing.
    pub const ONE: Self = Self(1.0);

    /// A factor; `None` where it is not above zero or not finite.
    pub fn new(value: f64) -> Option<Self> {
        (value.is_finite() && value > 0.0).then_some(Self(value))
    }

    /// By how much is multiplied: 2 for `2x`.
    pub fn value(self) -> f64 {
        self.0
    }

    /// Reads `10`, `1.5`.
    ///
    /// # Errors
    /// Up to three lines: what is wrong, what was expected, what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (number, rest) = text::split(text.trim()).ok_or_else(|| text::not_a::<Self>(text))?;
        if !rest.is_empty() {
            let percent = (rest == "%").then(|| number.to_f64(-2)).flatten().and_then(Self::new);
            let hint = percent.map(|factor| format!("\nwrite {factor}")).unwrap_or_default();
            return Err(text::not_a::<Self>(text) + &hint);
        }
        let value = number.to_f64(0).ok_or_else(|| text::too_large::<Self>(text))?;
        Self::new(value).ok_or_else(|| text::wrong::<Self>("a factor is above 0"))
    }
}

impl Default for Factor {
    fn default() -> Self {
        Self::ONE
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(&text::decimal(self.0, 0))
    }
}

quantity!(
    Factor,
    "a factor",
    "a plain number above 0 such as 10, 1.5",
    ["number", "string"],
    r"^[0-9]+(\.[0-9]+)?$",
    [10, 1.5]
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_parse_and_print() {
        for (text, value) in [("10", 10.0), ("1.5", 1.5), ("0.001", 0.001)] {
            let factor = Factor::parse(text).unwrap();
            assert_eq!(factor.value(), value);
            assert_eq!(factor.to_string(), text);
        }
    }

    #[test]
    fn wrong_factors_say_why() {
        assert!(Factor::parse("0").unwrap_err().starts_with("a factor is above 0"));
        assert!(Factor::parse("-2").unwrap_err().starts_with("a factor is above 0"));
        assert!(Factor::parse("150%").unwrap_err().ends_with("write 1.5"));
        assert!(Factor::parse("2x").is_err());
    }
}
