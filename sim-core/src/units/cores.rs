//! Numbers of processor cores, whole or in thousandths.

use super::{quantity, text};
use std::fmt;

/// Thousandths of a core in one core.
const MILLI: u64 = 1_000;

/// A number of cores, above zero, in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cores(u64);

impl Cores {
    /// So many whole cores; at least one.
    pub const fn whole(cores: u32) -> Self {
        Self(if cores == 0 { MILLI } else { cores as u64 * MILLI })
    }

    /// The number of cores.
    pub fn get(self) -> f64 {
        self.0 as f64 / MILLI as f64
    }

    /// What these cores do in a time: the time of one core [ns], rounded down.
    pub fn times(self, ns: u128) -> u128 {
        ns * u128::from(self.0) / u128::from(MILLI)
    }

    /// Whether there is a core for each of so many.
    pub fn is_one_each(self, workers: u32) -> bool {
        self.0 >= u64::from(workers) * MILLI
    }

    /// Reads `2`, `0.5`, `500m`.
    ///
    /// # Errors
    /// Up to three lines: what is wrong, what was expected, what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (number, rest) = text::split(text.trim()).ok_or_else(|| text::not_a::<Self>(text))?;
        let unit = match rest {
            "" => MILLI,
            "m" => 1,
            _ => return Err(text::not_a::<Self>(text)),
        };
        if number.negative && number.to_u64(1) != Some((0, true)) {
            return Err(text::negative::<Self>());
        }
        match number.to_u64(unit) {
            Some((0, true)) => Err(text::wrong::<Self>("without cores no work is ever done")),
            Some((milli, true)) if u32::try_from(milli).is_ok() => Ok(Self(milli)),
            Some((_, false)) => Err(text::wrong::<Self>("a core has a thousand parts, 1m each")),
            _ => Err(text::too_large::<Self>(text)),
        }
    }
}

impl fmt::Display for Cores {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        if self.0.is_multiple_of(MILLI) {
            return f.pad(&(self.0 / MILLI).to_string());
        }
        f.pad(&format!("{}m", self.0))
    }
}

quantity!(
    Cores,
    "a number of cores",
    "a number of cores such as 2, 0.5, 500m",
    ["number", "string"],
    r"^[0-9]+(\.[0-9]+)?m?$",
    [2, 0.5, "500m"]
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_parse_and_print() {
        for (text, cores, printed) in [
            ("2", 2.0, "2"),
            ("0.5", 0.5, "500m"),
            ("500m", 0.5, "500m"),
            ("1500m", 1.5, "1500m"),
            ("1.25", 1.25, "1250m"),
        ] {
            let parsed = Cores::parse(text).unwrap();
            assert_eq!((parsed.get(), parsed.to_string().as_str()), (cores, printed), "{text}");
            assert_eq!(Cores::parse(printed).unwrap(), parsed);
        }
        assert_eq!(Cores::parse("250m").unwrap().times(8_000), 2_000);
        assert!(Cores::parse("4").unwrap().is_one_each(4) && !Cores::parse("3999m").unwrap().is_one_each(4));
    }

    #[test]
    fn wrong_cores_say_why() {
        for (text, line) in [
            ("0", "without cores no work is ever done"),
            ("0m", "without cores no work is ever done"),
            ("-1", "a number of cores cannot be negative"),
            ("0.5m", "a core has a thousand parts, 1m each"),
            ("2k", "\"2k\" is not a number of cores"),
            ("99999999999", "\"99999999999\" is too large for a number of cores"),
        ] {
            assert_eq!(Cores::parse(text).unwrap_err().lines().next(), Some(line));
        }
    }
}
