//! How wrong a clock is: an offset, and how fast the offset grows.

use super::time::SimDuration;
use super::{quantity, text};
use std::fmt;

/// By how much a clock is ahead of the true time, or behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClockOffset {
    is_behind: bool,
    by: SimDuration,
}

impl ClockOffset {
    /// How far it is ahead [ns]; negative where it is behind.
    pub fn ns(self) -> i64 {
        let ns = self.by.ns() as i64;
        if self.is_behind { -ns } else { ns }
    }

    /// Reads `2s` (ahead) and `-300ms` (behind).
    ///
    /// # Errors
    /// Up to three lines: what is wrong, what was expected, what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (is_behind, by) = signed(text).map_err(|message| message.unwrap_or_else(|| text::not_a::<Self>(text)))?;
        Ok(Self { is_behind: is_behind && !by.is_zero(), by })
    }
}

/// A sign and a duration; the error is the duration's own, where it has more to say than that the text is none.
fn signed(text: &str) -> Result<(bool, SimDuration), Option<String>> {
    let trimmed = text.trim();
    let (is_negative, rest) = match trimmed.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, trimmed),
    };
    if rest.starts_with(['-', '+']) {
        return Err(None);
    }
    let by = SimDuration::parse(rest).map_err(|message| message.contains("unit").then_some(message))?;
    Ok((is_negative, by))
}

impl fmt::Display for ClockOffset {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(&format!("{}{}", if self.is_behind { "-" } else { "" }, self.by))
    }
}

quantity!(
    ClockOffset,
    "an offset of a clock",
    "how far a clock is ahead such as 2s, or behind such as -300ms",
    "string",
    r"^-?([0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h|d|month|year))+$",
    ["2s", "-300ms"]
);

/// How much a clock gains in a stretch of time, or loses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockDrift {
    gains: ClockOffset,
    per: SimDuration,
}

impl ClockDrift {
    /// A clock that runs as fast as time.
    pub const NONE: Self =
        Self { gains: ClockOffset { is_behind: false, by: SimDuration::ZERO }, per: SimDuration::SECOND };

    /// What it gains in a unit of time: 0.00005 is 50 µs a second. Negative where it loses.
    pub fn rate(self) -> f64 {
        self.gains.ns() as f64 / self.per.ns() as f64
    }

    /// Reads `50us/s` (fast) and `-4s/d` (slow).
    ///
    /// # Errors
    /// Up to three lines: what is wrong, what was expected, what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some((gains, per)) = text.trim().split_once('/') else {
            return Err(match ClockOffset::parse(text) {
                Ok(gains) => text::needs_unit::<Self>(&format!("{gains}/s")),
                Err(_) => text::not_a::<Self>(text),
            });
        };
        let per = text::denominator(per).ok_or_else(|| text::not_a::<Self>(text))?;
        let gains = ClockOffset::parse(gains).map_err(|_| text::not_a::<Self>(text))?;
        if gains.by.ns() >= per {
            return Err(text::wrong::<Self>("a clock gains or loses less than the time that passes"));
        }
        Ok(Self { gains, per: SimDuration::from_ns(per) })
    }
}

impl Default for ClockDrift {
    fn default() -> Self {
        Self::NONE
    }
}

impl fmt::Display for ClockDrift {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let word = text::DENOMINATORS.iter().find(|(_, ns)| *ns == self.per.ns()).map_or("s", |(word, _)| word);
        f.pad(&format!("{}/{word}", self.gains))
    }
}

quantity!(
    ClockDrift,
    "a drift of a clock",
    "what a clock gains in a time such as 50us/s, or loses such as -4s/d",
    "string",
    r"^-?([0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h|d|month|year))+/(s|min|h|d|month|year)$",
    ["50us/s", "-4s/d"]
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_ahead_or_behind() {
        for (text, ns, printed) in [
            ("2s", 2_000_000_000, "2s"),
            ("-300ms", -300_000_000, "-300ms"),
            ("0s", 0, "0s"),
            ("-0s", 0, "0s"),
            (" -1h30m ", -5_400_000_000_000, "-90m"),
        ] {
            let offset = ClockOffset::parse(text).unwrap();
            assert_eq!((offset.ns(), offset.to_string().as_str()), (ns, printed), "{text}");
            assert_eq!(ClockOffset::parse(printed).unwrap(), offset);
        }
        for text in ["", "-", "--2s", "-+2s", "2", "-2", "soon", "2s/s"] {
            let message = ClockOffset::parse(text).unwrap_err();
            assert!(message.lines().nth(1).is_some_and(|line| line.starts_with("expected")), "{text}: {message}");
        }
    }

    #[test]
    fn drift_is_a_rate() {
        for (text, rate, printed) in
            [("50us/s", 5e-5, "50us/s"), ("-4s/d", -4.0 / 86400.0, "-4s/d"), ("0s/s", 0.0, "0s/s")]
        {
            let drift = ClockDrift::parse(text).unwrap();
            assert!((drift.rate() - rate).abs() < 1e-18, "{text}");
            assert_eq!(drift.to_string(), printed);
            assert_eq!(ClockDrift::parse(printed).unwrap(), drift);
        }
        assert!(ClockDrift::parse("1s/s").unwrap_err().starts_with("a clock gains or loses less than"));
        assert!(ClockDrift::parse("50us").unwrap_err().ends_with("write 50us/s"));
        for text in ["", "/s", "50us/", "50/s", "fast"] {
            assert!(ClockDrift::parse(text).is_err(), "{text}");
        }
    }
}
