//! Rates: so many a second, minute, hour, day, month or year.

use super::{quantity, text};
use std::fmt;

/// How often something happens [s⁻¹].
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Rate(f64);

impl Rate {
    /// So many a second; what is negative or not finite is none.
    pub fn from_per_second(per_second: f64) -> Self {
        Self(if per_second.is_finite() { per_second.max(0.0) } else { 0.0 })
    }

    /// How many a second [s⁻¹].
    pub fn per_second(self) -> f64 {
        self.0
    }

    /// Reads `800/s 10/min 2k/s 4/year`.
    ///
    /// # Errors
    /// Up to three lines: what is wrong, what was expected, what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (number, rest) = text::split(text.trim()).ok_or_else(|| text::not_a::<Self>(text))?;
        let Some((word, unit)) = rest.split_once('/') else {
            return Err(match text::suffix(rest) {
                Some(_) => text::needs_unit::<Self>(&format!("{}/s", text::shown(text.trim()))),
                None => text::not_a::<Self>(text),
            });
        };
        let exponent = text::suffix(word).ok_or_else(|| text::not_a::<Self>(text))?;
        let ns = text::denominator(unit).ok_or_else(|| unknown_unit(text, unit))?;
        let amount = number.to_f64(exponent).ok_or_else(|| text::too_large::<Self>(text))?;
        if amount < 0.0 {
            return Err(text::negative::<Self>());
        }
        Ok(Self(amount / (ns as f64 / 1e9)))
    }
}

fn unknown_unit(text: &str, unit: &str) -> String {
    let start = text::shown(text.trim().split('/').next().unwrap_or_default());
    let message = text::wrong::<Rate>(&format!("\"/{}\" is not a unit of a rate", text::shown(unit)));
    match unit {
        "m" => format!("{message}\nwrite {start}/min, or {start}/month"),
        "sec" | "second" => format!("{message}\nwrite {start}/s"),
        "minute" => format!("{message}\nwrite {start}/min"),
        "hour" => format!("{message}\nwrite {start}/h"),
        "day" => format!("{message}\nwrite {start}/d"),
        _ => format!("{message}\nunits are /s /min /h /d /month /year"),
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        // The first unit in which a short number of at least 1 reads back to the same rate.
        for (word, ns) in text::DENOMINATORS {
            let text = format!("{}/{word}", text::rounded(self.0 * (ns as f64 / 1e9)));
            if !text.starts_with("0.") && Self::parse(&text).as_ref() == Ok(self) {
                return f.pad(&text);
            }
        }
        f.pad(&format!("{}/s", text::decimal(self.0, 0)))
    }
}

quantity!(
    Rate,
    "a rate",
    "a rate such as 800/s, 48000/min",
    "string",
    r"^[0-9]+(\.[0-9]+)?[kMG]?/(s|min|h|d|month|year)$",
    ["800/s", "10/min", "2k/s", "4/year"]
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_parse_and_print() {
        for (text, per_second, printed) in [
            ("800/s", 800.0, "800/s"),
            ("2k/s", 2000.0, "2000/s"),
            ("1M/s", 1e6, "1000000/s"),
            ("7.81333/s", 7.81333, "7.81333/s"),
            ("10/min", 10.0 / 60.0, "10/min"),
            ("30/h", 30.0 / 3600.0, "30/h"),
            ("4/year", 4.0 / 31_536_000.0, "4/year"),
            ("3/month", 3.0 / 2_628_000.0, "3/month"),
            ("0/s", 0.0, "0/s"),
            ("1.23456789/s", 1.23456789, "1.23456789/s"),
        ] {
            let rate = Rate::parse(text).unwrap();
            assert!((rate.per_second() - per_second).abs() <= 1e-15 * per_second, "{text}");
            assert_eq!(rate.to_string(), printed);
            assert_eq!(Rate::parse(printed).unwrap(), rate);
        }
    }

    #[test]
    fn wrong_rates_say_why() {
        for (text, line, hint) in [
            ("800", "a rate needs a unit", Some("write 800/s")),
            ("2k", "a rate needs a unit", Some("write 2k/s")),
            ("10/m", "\"/m\" is not a unit of a rate", Some("write 10/min, or 10/month")),
            ("10/week", "\"/week\" is not a unit of a rate", Some("units are /s /min /h /d /month /year")),
            ("-1/s", "a rate cannot be negative", None),
            ("5ms", "\"5ms\" is not a rate", None),
            ("5T/s", "\"5T/s\" is not a rate", None),
        ] {
            let message = Rate::parse(text).unwrap_err();
            assert_eq!(message.lines().next(), Some(line));
            assert_eq!(message.lines().nth(2), hint, "{text}");
        }
    }
}
