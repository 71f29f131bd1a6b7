//! Amounts of money. There is one currency; its sign is decoration.

use super::{Quantity, quantity, text};
use std::fmt;

/// An amount of money. Differences of two may be negative; what a file says is not.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Money(f64);

impl Money {
    /// No money.
    pub const ZERO: Self = Self(0.0);

    /// So much; what is not finite is nothing.
    pub fn new(amount: f64) -> Self {
        Self(if amount.is_finite() { amount } else { 0.0 })
    }

    /// How much.
    pub fn amount(self) -> f64 {
        self.0
    }

    /// Reads `$38 $10k $63.072G`, and the same without the sign.
    ///
    /// # Errors
    /// Up to three lines: what is wrong, what was expected, what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        read::<Self>(text, text.trim()).map(Self)
    }
}

/// Reads the amount `part` of `text` for a message about a `T`.
pub(super) fn read<T: Quantity>(text: &str, part: &str) -> Result<f64, String> {
    let bare = part.strip_prefix('$').unwrap_or(part);
    let (number, rest) = text::split(bare).ok_or_else(|| text::not_a::<T>(text))?;
    let exponent = text::suffix(rest).ok_or_else(|| text::not_a::<T>(text))?;
    let amount = number.to_f64(exponent).ok_or_else(|| text::too_large::<T>(text))?;
    if amount < 0.0 { Err(text::negative::<T>()) } else { Ok(amount) }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let sign = if self.0 < 0.0 { "-" } else { "" };
        let size = self.0.abs();
        let plain = text::decimal(size, 0);
        let short = [(9, "G"), (6, "M"), (3, "k")]
            .into_iter()
            .map(|(exponent, suffix)| (text::decimal(size, -exponent), suffix))
            .find(|(digits, _)| !digits.starts_with("0.") && digits.len() + 2 < plain.len());
        match short {
            Some((digits, suffix)) if size > 0.0 => f.pad(&format!("{sign}${digits}{suffix}")),
            _ => f.pad(&format!("{sign}${plain}")),
        }
    }
}

quantity!(
    Money,
    "an amount of money",
    "money such as $38, $10k",
    ["number", "string"],
    r"^\$?[0-9]+(\.[0-9]+)?[kMG]?$",
    ["$38", "$10k", "$63.072G"]
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_parses_and_prints() {
        for (text, amount, printed) in [
            ("$38", 38.0, "$38"),
            ("38", 38.0, "$38"),
            ("$0.17", 0.17, "$0.17"),
            ("$10k", 10_000.0, "$10k"),
            ("$1600", 1600.0, "$1600"),
            ("$28969.91", 28969.91, "$28969.91"),
            ("$63.072G", 63.072e9, "$63.072G"),
            ("0", 0.0, "$0"),
        ] {
            let money = Money::parse(text).unwrap();
            assert_eq!(money.amount(), amount);
            assert_eq!(money.to_string(), printed);
            assert_eq!(Money::parse(printed).unwrap(), money);
        }
        assert_eq!(Money::new(-5.0).to_string(), "-$5");
    }

    #[test]
    fn wrong_money_says_why() {
        assert!(Money::parse("-5").unwrap_err().starts_with("an amount of money cannot be negative"));
        assert!(Money::parse("5 EUR").unwrap_err().starts_with("\"5 EUR\" is not an amount of money"));
    }
}
