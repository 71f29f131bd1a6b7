//! Counts of things.

use super::{quantity, text};
use std::fmt;

/// How many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Count(u64);

impl Count {
    /// So many.
    pub const fn new(count: u64) -> Self {
        Self(count)
    }

    /// How many.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// How many, at most `u32::MAX`.
    pub fn get_u32(self) -> u32 {
        u32::try_from(self.0).unwrap_or(u32::MAX)
    }

    /// Reads `64 10k 5M 2G`.
    ///
    /// # Errors
    /// Up to three lines: what is wrong, what was expected, what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (number, rest) = text::split(text.trim()).ok_or_else(|| text::not_a::<Self>(text))?;
        let exponent = text::suffix(rest).ok_or_else(|| text::not_a::<Self>(text))?;
        if number.negative && number.to_u64(1) != Some((0, true)) {
            return Err(text::negative::<Self>());
        }
        match number.to_u64(10u64.pow(exponent.unsigned_abs())) {
            Some((count, true)) => Ok(Self(count)),
            Some((_, false)) => Err(text::wrong::<Self>("a count is a whole number")),
            None => Err(text::too_large::<Self>(text)),
        }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let (divisor, suffix) = [(1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")]
            .into_iter()
            .find(|(divisor, _)| self.0 >= *divisor && self.0.is_multiple_of(*divisor))
            .unwrap_or((1, ""));
        f.pad(&format!("{}{suffix}", self.0 / divisor))
    }
}

quantity!(
    Count,
    "a count",
    "a count such as 64, 10k, 5M",
    ["integer", "string"],
    r"^[0-9]+(\.[0-9]+)?[kMG]?$",
    [64, "10k", "5M", "2G"]
);

/// How many, or all that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountOrAll {
    /// So many.
    Count(Count),
    /// All that there are.
    All,
}

impl CountOrAll {
    /// Reads `2 10k all`.
    ///
    /// # Errors
    /// Up to three lines: what is wrong, what was expected, what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.trim() == "all" {
            return Ok(Self::All);
        }
        let count = Count::parse(text).map(Self::Count);
        count.map_err(|error| error.replace("a count such as 64, 10k, 5M", "a count such as 2, or all"))
    }
}

impl fmt::Display for CountOrAll {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Count(count) => count.fmt(f),
            Self::All => f.pad("all"),
        }
    }
}

quantity!(
    CountOrAll,
    "a count or all",
    "a count such as 2, or all",
    ["integer", "string"],
    r"^([0-9]+(\.[0-9]+)?[kMG]?|all)$",
    [2, "all"]
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_parse_and_print() {
        for (text, count, printed) in [
            ("0", 0, "0"),
            ("64", 64, "64"),
            ("10k", 10_000, "10k"),
            ("1.5k", 1_500, "1500"),
            ("5M", 5_000_000, "5M"),
            ("2G", 2_000_000_000, "2G"),
            ("3.0", 3, "3"),
        ] {
            assert_eq!(Count::parse(text).unwrap().get(), count);
            assert_eq!(Count::new(count).to_string(), printed);
        }
    }

    #[test]
    fn wrong_counts_say_why() {
        for (text, line) in [
            ("1.5", "a count is a whole number"),
            ("-3", "a count cannot be negative"),
            ("10K", "\"10K\" is not a count"),
            ("99999999999G", "\"99999999999G\" is too large for a count"),
        ] {
            assert_eq!(Count::parse(text).unwrap_err().lines().next(), Some(line));
        }
    }

    #[test]
    fn all_is_no_count() {
        assert_eq!(CountOrAll::parse("all"), Ok(CountOrAll::All));
        assert_eq!(CountOrAll::parse("2"), Ok(CountOrAll::Count(Count::new(2))));
        assert_eq!(CountOrAll::All.to_string(), "all");
        assert!(CountOrAll::parse("none").unwrap_err().contains("or all"));
    }

    #[test]
    fn json_numbers_are_counts() {
        assert_eq!(serde_json::from_str::<Count>("1000000").unwrap(), Count::new(1_000_000));
        assert!(serde_json::from_str::<Count>("-1").is_err());
        assert!(serde_json::from_str::<Count>("1.5").is_err());
        assert!(serde_json::from_str::<Count>("1e30").is_err());
    }
}
