//! Outcomes: how an attempt, a call or a request can end.

/// The outcome of an attempt, a call or a request; the order is from best to worst, and the number is the column in results.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Outcome {
    /// Answered in full.
    Ok = 0,
    /// Answered by a fallback, or without an optional part.
    Degraded = 1,
    /// Answered with an error.
    Error = 2,
    /// Not answered in the time that the caller waits.
    Timeout = 3,
    /// Turned away: a full queue, an open breaker, a limiter.
    Rejected = 4,
    /// Turned away to protect more important work.
    Shed = 5,
    /// Nothing answers there: crashed, partitioned, or no instance left.
    Unreachable = 6,
    /// The guarantee level falls short of what the endpoint requires.
    Refused = 7,
}

impl Outcome {
    /// All outcomes in the order of their columns.
    pub const ALL: [Self; 8] = [
        Self::Ok,
        Self::Degraded,
        Self::Error,
        Self::Timeout,
        Self::Rejected,
        Self::Shed,
        Self::Unreachable,
        Self::Refused,
    ];

    /// The word in files and results.
    pub fn name(self) -> &'static str {
        ["ok", "degraded", "error", "timeout", "rejected", "shed", "unreachable", "refused"][self as usize]
    }

    /// Whether the caller has an answer that it can use: ok or degraded.
    pub fn is_answer(self) -> bool {
        self <= Self::Degraded
    }
}
