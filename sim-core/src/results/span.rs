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
    /// Whether it begins while another lasts, or at the moment at which that ends: an alert whose runbook mends a fault at once ends it as it begins
    /// to fire, and has found it.
    pub fn begins_in(&self, other: &Self) -> bool {
        (other.from_ns..=other.to_ns).contains(&self.from_ns)
    }

    /// Whether the two have a moment in common.
    pub fn meets(&self, other: &Self) -> bool {
        self.from_ns < other.to_ns && other.from_ns < self.to_ns
    }
}

/// Strikes that come again before so much time has passed are one [ns]: what flaps is one fault, which is found once and over once.
const APART_NS: i64 = 300_000_000_000;

/// Strikes of a fault, in the order in which they began, of which those that are less than five minutes apart are one.
pub fn episodes(struck: &[Span]) -> Vec<Span> {
    let mut all: Vec<Span> = Vec::new();
    for strike in struck {
        match all.last_mut() {
            Some(last) if strike.from_ns < last.to_ns.saturating_add(APART_NS) => {
                last.to_ns = last.to_ns.max(strike.to_ns);
            }
            _ => all.push(*strike),
        }
    }
    all
}
