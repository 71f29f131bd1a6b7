//! A stretch of simulated time.

/// From when to when, in nanoseconds from time 0 (the warm-up is negative).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// When it begins [ns from time 0].
    pub from_ns: i64,
    /// When it ends [ns from time 0].
    pub to_ns: i64,
}

impl Span {
    /// Whether it begins while another lasts.
    pub fn begins_in(&self, other: &Self) -> bool {
        (other.from_ns..other.to_ns).contains(&self.from_ns)
    }

    /// Whether the two have a moment in common.
    pub fn meets(&self, other: &Self) -> bool {
        self.from_ns < other.to_ns && other.from_ns < self.to_ns
    }
}
