//! The unit of a number in results.

use serde::{Deserialize, Serialize};

/// The unit of a number, which decides how it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A time [s].
    Seconds,
    /// A share from 0 to 1, written in percent.
    Share,
    /// Per second.
    PerSecond,
    /// An amount of money [$].
    Money,
    /// Money a month.
    MoneyPerMonth,
    /// Money a year.
    MoneyPerYear,
    /// A number of bytes.
    Bytes,
    /// Bytes a second, written in bits as bandwidths are.
    Bandwidth,
    /// A number.
    Count,
}
