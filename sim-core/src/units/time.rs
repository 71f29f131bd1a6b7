//! Durations and allowances of time.
//!
//! A duration is whole nanoseconds, at most 292 years, so that sums of two and signed differences fit. `m` is minutes; a month
//! is 730 h and a year 8760 h, which is the year of bills.

use super::{quantity, text};
use std::fmt;

/// A length of time, in whole nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SimDuration(u64);

/// Units from the largest to the smallest, with their nanoseconds.
const UNITS: [(&str, u64); 9] = [
    ("year", SimDuration::YEAR.0),
    ("month", SimDuration::MONTH.0),
    ("d", SimDuration::DAY.0),
    ("h", SimDuration::HOUR.0),
    ("m", SimDuration::MINUTE.0),
    ("s", SimDuration::SECOND.0),
    ("ms", SimDuration::MILLISECOND.0),
    ("us", SimDuration::MICROSECOND.0),
    ("ns", 1),
];

impl SimDuration {
    /// No time.
    pub const ZERO: Self = Self(0);
    /// 1000 ns.
    pub const MICROSECOND: Self = Self(1_000);
    /// 1000 µs.
    pub const MILLISECOND: Self = Self(1_000_000);
    /// 1000 ms.
    pub const SECOND: Self = Self(1_000_000_000);
    /// 60 s.
    pub const MINUTE: Self = Self(60 * Self::SECOND.0);
    /// 60 min.
    pub const HOUR: Self = Self(60 * Self::MINUTE.0);
    /// 24 h.
    pub const DAY: Self = Self(24 * Self::HOUR.0);
    /// 730 h.
    pub const MONTH: Self = Self(730 * Self::HOUR.0);
    /// 8760 h.
    pub const YEAR: Self = Self(8760 * Self::HOUR.0);
    /// The longest that can be said: 292 years.
    pub const MAX: Self = Self(i64::MAX as u64);

    /// So many nanoseconds; more than [`Self::MAX`] is `MAX`.
    pub const fn from_ns(ns: u64) -> Self {
        if ns > Self::MAX.0 { Self::MAX } else { Self(ns) }
    }

    /// So many seconds, to the nearest nanosecond; less than nothing is nothing, and too much is [`Self::MAX`].
    pub fn from_secs_f64(seconds: f64) -> Self {
        Self::from_ns((seconds * 1e9).round() as u64)
    }

    /// Its length [ns].
    pub const fn ns(self) -> u64 {
        self.0
    }

    /// Its length [s].
    pub fn secs(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// Whether it is no time at all.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The two together, at most [`Self::MAX`].
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self::from_ns(self.0.saturating_add(other.0))
    }

    /// What is left of it after `other`; nothing where `other` is longer.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Reads `250us 5ms 1.5s 10m 2h 3d 36month 1year`, joined from large to small: `19h30m`.
    ///
    /// # Errors
    /// Up to three lines: what is wrong, what was expected, what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut rest = text.trim();
        let mut total = 0u64;
        let mut last_unit = u64::MAX;
        while last_unit == u64::MAX || !rest.is_empty() {
            let (number, after) = text::split(rest).ok_or_else(|| text::not_a::<Self>(text))?;
            let word = &after[..after.find(|c: char| !c.is_alphabetic() && c != 'µ').unwrap_or(after.len())];
            let unit = unit_of(text, word)?;
            if number.negative && number.to_u64(1) != Some((0, true)) {
                return Err(text::negative::<Self>());
            }
            let part = number.to_u64(unit).ok_or_else(|| too_long(text))?.0;
            if unit >= last_unit {
                return Err(text::wrong::<Self>("joined units go from large to small, each once"));
            }
            total = total.checked_add(part).filter(|t| *t <= Self::MAX.0).ok_or_else(|| too_long(text))?;
            (rest, last_unit) = (&after[word.len()..], unit);
        }
        Ok(Self(total))
    }
}

fn unit_of(text: &str, word: &str) -> Result<u64, String> {
    if let Some((_, ns)) = UNITS.iter().find(|(name, _)| *name == word) {
        return Ok(*ns);
    }
    let meant = match word {
        "" => return Err(text::needs_unit::<SimDuration>(&format!("{0}ms or {0}s", text::shown(text.trim())))),
        "µs" | "μs" => "us",
        "min" | "mins" | "minute" | "minutes" => "m",
        "sec" | "secs" | "second" | "seconds" | "S" => "s",
        "hr" | "hrs" | "hour" | "hours" | "H" => "h",
        "day" | "days" | "D" => "d",
        "msec" | "MS" | "millis" => "ms",
        "months" | "mo" | "M" => "month",
        "years" | "y" | "yr" => "year",
        _ => {
            let message = format!("\"{}\" is not a unit of time", text::shown(word));
            return Err(format!("{}\nunits are ns us ms s m h d month year", text::wrong::<SimDuration>(&message)));
        }
    };
    let message = format!("\"{word}\" is not a unit of time");
    Err(format!("{}\nwrite {}", text::wrong::<SimDuration>(&message), text::shown(text).replace(word, meant)))
}

fn too_long(text: &str) -> String {
    text::wrong::<SimDuration>(&format!("\"{}\" is longer than 292 years", text::shown(text)))
}

impl fmt::Display for SimDuration {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        // A second and less may have three decimals; minutes and more are whole or go down a unit.
        let fits = |unit: u64| {
            let step = if unit <= Self::SECOND.0 { (unit / 1000).max(1) } else { unit };
            self.0 >= unit && self.0.is_multiple_of(step)
        };
        let (word, unit) = UNITS.into_iter().find(|(_, unit)| fits(*unit)).unwrap_or(("ns", 1));
        let thousandths = u128::from(self.0 % unit) * 1000 / u128::from(unit);
        let fraction = if thousandths == 0 { String::new() } else { format!(".{thousandths:03}") };
        f.pad(&format!("{}{}{word}", self.0 / unit, fraction.trim_end_matches('0')))
    }
}

impl std::ops::Add for SimDuration {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.saturating_add(other)
    }
}

quantity!(
    SimDuration,
    "a duration",
    "a duration such as 250us, 5ms, 1.5s, 10m, 19h30m",
    "string",
    r"^([0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h|d|month|year))+$",
    ["250us", "5ms", "1.5s", "10m", "19h30m", "36month"]
);

/// Time that may be used in each period: `240h/month`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// What may be used.
    pub used: SimDuration,
    /// In each such period.
    pub per: SimDuration,
}

impl Allowance {
    /// Reads `240h/month`.
    ///
    /// # Errors
    /// Up to three lines: what is wrong, what was expected, what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some((used, per)) = text.trim().split_once('/') else {
            return Err(match SimDuration::parse(text) {
                Ok(used) => text::needs_unit::<Self>(&format!("{used}/month")),
                Err(_) => text::not_a::<Self>(text),
            });
        };
        let per = text::denominator(per).ok_or_else(|| text::not_a::<Self>(text))?;
        let used = SimDuration::parse(used).map_err(|_| text::not_a::<Self>(text))?;
        if used.ns() > per {
            return Err(text::wrong::<Self>("an allowance is at most the whole period"));
        }
        Ok(Self { used, per: SimDuration::from_ns(per) })
    }

    /// The part of all time that may be used, from 0 to 1.
    pub fn share(self) -> f64 {
        self.used.secs() / self.per.secs()
    }
}

impl fmt::Display for Allowance {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let word = text::DENOMINATORS.iter().find(|(_, ns)| *ns == self.per.ns()).map_or("month", |(word, _)| word);
        write!(f, "{}/{word}", self.used)
    }
}

quantity!(
    Allowance,
    "an allowance",
    "time used per time such as 240h/month",
    "string",
    r"^([0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h|d|month|year))+/(s|min|h|d|month|year)$",
    ["240h/month"]
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_parse_and_print() {
        for (text, ns, printed) in [
            ("0s", 0, "0s"),
            ("-0s", 0, "0s"),
            ("250us", 250_000, "250us"),
            ("0.25ms", 250_000, "250us"),
            ("5ms", 5_000_000, "5ms"),
            ("1.5s", 1_500_000_000, "1.5s"),
            ("477.221ms", 477_221_000, "477.221ms"),
            ("1.234567s", 1_234_567_000, "1234.567ms"),
            ("90s", 90_000_000_000, "90s"),
            ("10m", 600_000_000_000, "10m"),
            ("120m", 7_200_000_000_000, "2h"),
            ("19h30m", 70_200_000_000_000, "1170m"),
            ("3d", 259_200_000_000_000, "3d"),
            ("36month", 94_608_000_000_000_000, "3year"),
            ("5month", 13_140_000_000_000_000, "5month"),
            ("1year", 31_536_000_000_000_000, "1year"),
            ("1ns", 1, "1ns"),
        ] {
            let parsed = SimDuration::parse(text).unwrap();
            assert_eq!(parsed.ns(), ns, "{text}");
            assert_eq!(parsed.to_string(), printed);
            assert_eq!(SimDuration::parse(printed).unwrap(), parsed);
        }
    }

    #[test]
    fn wrong_durations_say_why() {
        for (text, line, hint) in [
            ("5", "a duration needs a unit", Some("write 5ms or 5s")),
            ("5min", "\"min\" is not a unit of time", Some("write 5m")),
            ("5parsec", "\"parsec\" is not a unit of time", Some("units are ns us ms s m h d month year")),
            ("-5s", "a duration cannot be negative", None),
            ("400year", "\"400year\" is longer than 292 years", None),
            ("99999999999999999999999s", "\"99999999999999999999999s\" is longer than 292 years", None),
            ("200year2400month", "\"200year2400month\" is longer than 292 years", None),
            ("30m19h", "joined units go from large to small, each once", None),
            ("1h-5m", "a duration cannot be negative", None),
            ("soon", "\"soon\" is not a duration", None),
        ] {
            let message = SimDuration::parse(text).unwrap_err();
            let lines: Vec<&str> = message.lines().collect();
            assert_eq!(lines[0], line);
            assert!(lines[1].starts_with("expected a duration such as"));
            assert_eq!(lines.get(2).copied(), hint, "{text}");
        }
    }

    #[test]
    fn every_printed_duration_reads_back() {
        let mut ns = 1u64;
        while ns < SimDuration::MAX.ns() / 3 {
            let duration = SimDuration::from_ns(ns);
            assert_eq!(SimDuration::parse(&duration.to_string()).unwrap(), duration);
            ns = ns * 3 + 1;
        }
        assert_eq!(SimDuration::parse(&SimDuration::MAX.to_string()).unwrap(), SimDuration::MAX);
    }

    #[test]
    fn seconds_convert_with_saturation() {
        assert_eq!(SimDuration::from_secs_f64(1.5).ns(), 1_500_000_000);
        assert_eq!(SimDuration::from_secs_f64(-1.0), SimDuration::ZERO);
        assert_eq!(SimDuration::from_secs_f64(f64::NAN), SimDuration::ZERO);
        assert_eq!(SimDuration::from_secs_f64(f64::INFINITY), SimDuration::MAX);
        assert_eq!(SimDuration::MAX + SimDuration::YEAR, SimDuration::MAX);
    }

    #[test]
    fn allowances_are_part_of_their_period() {
        let allowance = Allowance::parse("240h/month").unwrap();
        assert!((allowance.share() - 240.0 / 730.0).abs() < 1e-15);
        assert_eq!(allowance.to_string(), "10d/month");
        assert_eq!(Allowance::parse("10d/month").unwrap(), allowance);
        assert!(Allowance::parse("740h/month").unwrap_err().starts_with("an allowance is at most"));
        assert!(Allowance::parse("240h").unwrap_err().ends_with("write 10d/month"));
    }
}
