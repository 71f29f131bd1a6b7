//! What a number measures: time, money, bytes, a share, or nothing at all; and what comes out when two are joined.
//!
//! Values are kept in base units: seconds, dollars, bytes, shares from 0 to 1. Shares are kept apart from plain numbers, because
//! `availability > 0.99` is nearly always a slip for `99%`.

use crate::units::SimDuration;
use crate::units::Unit;
use std::fmt;

/// What a number measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// True or false.
    Truth,
    /// A part of a whole, written in percent.
    Share,
    /// Powers of the base units; all zero is a plain number.
    Of(Dimension),
}

/// Powers of second, dollar and byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dimension {
    /// Power of the second.
    pub time: i8,
    /// Power of the dollar.
    pub money: i8,
    /// Power of the byte.
    pub bytes: i8,
}

impl Dimension {
    fn times(self, other: Self) -> Self {
        Self { time: self.time + other.time, money: self.money + other.money, bytes: self.bytes + other.bytes }
    }

    fn inverse(self) -> Self {
        Self { time: -self.time, money: -self.money, bytes: -self.bytes }
    }
}

impl Measure {
    /// A plain number: a count or a factor.
    pub const NUMBER: Self = Self::Of(Dimension { time: 0, money: 0, bytes: 0 });
    /// A time [s].
    pub const TIME: Self = Self::Of(Dimension { time: 1, money: 0, bytes: 0 });
    /// Per second.
    pub const RATE: Self = Self::Of(Dimension { time: -1, money: 0, bytes: 0 });
    /// An amount of money [$].
    pub const MONEY: Self = Self::Of(Dimension { time: 0, money: 1, bytes: 0 });
    /// Dollars per second.
    pub const COST: Self = Self::Of(Dimension { time: -1, money: 1, bytes: 0 });
    /// A number of bytes.
    pub const BYTES: Self = Self::Of(Dimension { time: 0, money: 0, bytes: 1 });
    /// Bytes per second.
    pub const BANDWIDTH: Self = Self::Of(Dimension { time: -1, money: 0, bytes: 1 });

    /// The measure of a product; `None` where there is none.
    pub fn times(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Truth, _) | (_, Self::Truth) => None,
            (Self::Share, Self::Share | Self::NUMBER) | (Self::NUMBER, Self::Share) => Some(Self::Share),
            (Self::Share, of) | (of, Self::Share) => Some(of),
            (Self::Of(a), Self::Of(b)) => Some(Self::Of(a.times(b))),
        }
    }

    /// The measure of a quotient; `None` where there is none.
    pub fn over(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Truth, _) | (_, Self::Truth) => None,
            (Self::Share, Self::Share) => Some(Self::NUMBER),
            (Self::Share, Self::NUMBER) => Some(Self::Share),
            (of, Self::Share) => Some(of),
            (Self::Share, Self::Of(b)) => Some(Self::Of(b.inverse())),
            (Self::Of(a), Self::Of(b)) => Some(Self::Of(a.times(b.inverse()))),
        }
    }

    /// The unit in which a value is shown, and how many of it are one base unit.
    pub fn shown(self) -> (Unit, f64) {
        match self {
            Self::Share => (Unit::Share, 1.0),
            Self::TIME => (Unit::Seconds, 1.0),
            Self::RATE => (Unit::PerSecond, 1.0),
            Self::MONEY => (Unit::Money, 1.0),
            Self::COST => (Unit::MoneyPerMonth, SimDuration::MONTH.secs()),
            Self::BYTES => (Unit::Bytes, 1.0),
            Self::BANDWIDTH => (Unit::Bandwidth, 1.0),
            _ => (Unit::Count, 1.0),
        }
    }

    /// An example of how a value of this measure is written.
    pub fn example(self) -> &'static str {
        match self {
            Self::Truth => "a comparison such as availability(api.get) > 99%",
            Self::Share => "a percentage such as 99.5%",
            Self::NUMBER => "a plain number such as 3",
            Self::TIME => "a duration such as 200ms",
            Self::RATE => "a rate such as 800/s",
            Self::MONEY => "an amount of money such as $38",
            Self::COST => "money over time such as $400/month",
            Self::BYTES => "bytes such as 64KiB",
            Self::BANDWIDTH => "a bandwidth such as 100Mbps",
            Self::Of(_) => "a value of the same unit",
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match *self {
            Self::Truth => "a condition",
            Self::Share => "a share",
            Self::NUMBER => "a plain number",
            Self::TIME => "a duration",
            Self::RATE => "a rate",
            Self::MONEY => "money",
            Self::COST => "money over time",
            Self::BYTES => "bytes",
            Self::BANDWIDTH => "a bandwidth",
            Self::Of(_) => "a compound unit",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_join_as_they_should() {
        assert_eq!(Measure::COST.times(Measure::TIME), Some(Measure::MONEY));
        assert_eq!(Measure::COST.over(Measure::NUMBER), Some(Measure::COST));
        assert_eq!(Measure::Share.over(Measure::Share), Some(Measure::NUMBER));
        assert_eq!(Measure::Share.times(Measure::RATE), Some(Measure::RATE));
        assert_eq!(Measure::Truth.times(Measure::NUMBER), None);
    }
}
