//! Prices: money for time, bytes, bytes over time, or things.
//!
//! The meter of a cost item gives hours, bytes or things; the price says what one costs, and the two must fit. A price keeps
//! the unit as it was written, so that a bill can show `$0.17/h` and not `$0.0000472/s`.

use super::{Money, SimDuration, bytes, money, quantity, text};
use std::fmt;

/// What a price is for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Per {
    /// So many things; 1 where nothing is written.
    Things(f64),
    /// Such a time.
    Time(SimDuration),
    /// So many bytes.
    Bytes(f64),
    /// So many bytes, kept for such a time.
    BytesTime(f64, SimDuration),
}

/// Money for a number of things, a time, or bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Price {
    /// How much.
    pub amount: Money,
    /// For what.
    pub per: Per,
    unit: String,
}

impl Price {
    /// Reads `$0.17/h $400/month $0.02/GiB $0.125/GB/month $0.25/1M $38`.
    ///
    /// # Errors
    /// Up to three lines: what is wrong, what was expected, what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        let trimmed = text.trim();
        let (amount, unit) = trimmed.split_once('/').unwrap_or((trimmed, ""));
        let amount = money::read::<Self>(text, amount)?;
        let per = match (unit, trimmed.contains('/')) {
            ("", false) => Per::Things(1.0),
            _ => per_of(unit).ok_or_else(|| unknown_unit(unit))?,
        };
        Ok(Self { amount: Money::new(amount), per, unit: unit.to_owned() })
    }

    /// What `count` things cost; `None` where the price is for something else.
    pub fn for_things(&self, count: f64) -> Option<Money> {
        match self.per {
            Per::Things(things) => Some(Money::new(self.amount.amount() * count / things)),
            _ => None,
        }
    }

    /// What `seconds` [s] cost; `None` where the price is for something else.
    pub fn for_seconds(&self, seconds: f64) -> Option<Money> {
        match self.per {
            Per::Time(time) => Some(Money::new(self.amount.amount() * (seconds / time.secs()))),
            _ => None,
        }
    }

    /// What so many bytes cost; `None` where the price is for something else.
    pub fn for_bytes(&self, bytes: f64) -> Option<Money> {
        match self.per {
            Per::Bytes(unit) => Some(Money::new(self.amount.amount() * (bytes / unit))),
            _ => None,
        }
    }

    /// What `byte_seconds` [bytes s] cost; `None` where the price is for something else.
    pub fn for_byte_seconds(&self, byte_seconds: f64) -> Option<Money> {
        match self.per {
            Per::BytesTime(unit, time) => {
                Some(Money::new(self.amount.amount() * (byte_seconds / (unit * time.secs()))))
            }
            _ => None,
        }
    }
}

fn per_of(unit: &str) -> Option<Per> {
    let time = |word: &str| text::denominator(word).map(SimDuration::from_ns);
    if let Some((size, period)) = unit.split_once('/') {
        return Some(Per::BytesTime(bytes::unit(size)? as f64, time(period)?));
    }
    if let Some(period) = time(unit) {
        return Some(Per::Time(period));
    }
    if let Some(size) = bytes::unit(unit) {
        return Some(Per::Bytes(size as f64));
    }
    let (number, rest) = text::split(unit)?;
    let things = number.to_f64(text::suffix(rest)?)?;
    (things > 0.0).then_some(Per::Things(things))
}

fn unknown_unit(unit: &str) -> String {
    let message = format!("\"/{}\" is nothing that a price can be for", text::shown(unit));
    format!("{}\nunits are /s /min /h /d /month /year, /GiB /GB, /GB/month, /1M", text::wrong::<Price>(&message))
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let stroke = if self.unit.is_empty() { "" } else { "/" };
        f.pad(&format!("{}{stroke}{}", self.amount, self.unit))
    }
}

quantity!(
    Price,
    "a price",
    "a price such as $0.17/h, $0.02/GiB, $0.125/GB/month, $0.25/1M, $38",
    ["number", "string"],
    r"^\$?[0-9]+(\.[0-9]+)?[kMG]?(/.+)?$",
    ["$0.17/h", "$400/month", "$0.02/GiB", "$0.125/GB/month", "$0.25/1M", "$38"]
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_parse_and_print() {
        for (text, amount, per) in [
            ("$0.17/h", 0.17, Per::Time(SimDuration::HOUR)),
            ("$400/month", 400.0, Per::Time(SimDuration::MONTH)),
            ("$1600/min", 1600.0, Per::Time(SimDuration::MINUTE)),
            ("$0.02/GiB", 0.02, Per::Bytes(1_073_741_824.0)),
            ("$0.125/GB/month", 0.125, Per::BytesTime(1e9, SimDuration::MONTH)),
            ("$40/TB/month", 40.0, Per::BytesTime(1e12, SimDuration::MONTH)),
            ("$0.25/1M", 0.25, Per::Things(1e6)),
            ("$0.01/10k", 0.01, Per::Things(1e4)),
            ("$38", 38.0, Per::Things(1.0)),
        ] {
            let price = Price::parse(text).unwrap();
            assert_eq!((price.amount.amount(), price.per), (amount, per));
            assert_eq!(price.to_string(), text);
        }
    }

    #[test]
    fn prices_cost_what_their_unit_says() {
        let cost = |money: Option<Money>| money.unwrap().amount();
        assert!((cost(Price::parse("$0.17/h").unwrap().for_seconds(730.0 * 3600.0)) - 124.1).abs() < 1e-9);
        assert!((cost(Price::parse("$0.25/1M").unwrap().for_things(4e6)) - 1.0).abs() < 1e-12);
        assert!((cost(Price::parse("$0.02/GiB").unwrap().for_bytes(1_073_741_824.0 * 50.0)) - 1.0).abs() < 1e-12);
        let storage = Price::parse("$0.125/GB/month").unwrap();
        assert!((cost(storage.for_byte_seconds(2e12 * 2_628_000.0)) - 250.0).abs() < 1e-9);
        assert_eq!(storage.for_things(1.0), None);
    }

    #[test]
    fn wrong_prices_say_why() {
        for (text, line) in [
            ("$5/fortnight", "\"/fortnight\" is nothing that a price can be for"),
            ("$5/", "\"/\" is nothing that a price can be for"),
            ("$5/0", "\"/0\" is nothing that a price can be for"),
            ("-5/h", "a price cannot be negative"),
            ("cheap", "\"cheap\" is not a price"),
        ] {
            assert_eq!(Price::parse(text).unwrap_err().lines().next(), Some(line));
        }
    }
}
