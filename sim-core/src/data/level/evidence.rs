//! Evidence: what a request can show for the level that it carries.

use crate::ids::ServiceId;
use serde::Serialize;

/// A time that never runs backwards along a chain of messages, however wrong the clocks are: the highest clock that was seen, and a number that
/// tells events of the same time apart.
///
/// # Source
/// Kulkarni, Demirbas, Madappa, Avva and Leone, "Logical Physical Clocks", OPODIS 2014 (hybrid logical clocks).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct HybridTime {
    /// The highest clock that was seen [ns].
    pub wall_ns: u64,
    /// Events at that time that came before.
    pub logical: u32,
}

/// The hybrid clock of one instance.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock(HybridTime);

impl Clock {
    /// A message with this time comes while the instance's own clock shows `now_ns`: the time of what it does about it.
    pub fn receives(&mut self, sent: HybridTime, now_ns: u64) -> HybridTime {
        let last = self.0;
        let wall_ns = last.wall_ns.max(sent.wall_ns).max(now_ns);
        let logical = match (wall_ns == last.wall_ns, wall_ns == sent.wall_ns) {
            (true, true) => last.logical.max(sent.logical) + 1,
            (true, false) => last.logical + 1,
            (false, true) => sent.logical + 1,
            (false, false) => 0,
        };
        self.0 = HybridTime { wall_ns, logical };
        self.0
    }
}

/// What a request has last read in a store, and where that stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// The store that was read.
    pub store: ServiceId,
    /// The version of the row: how often it had been written, as far as the copy knew.
    pub version: u64,
    /// When it was read, by the hybrid clock of the copy.
    pub at: HybridTime,
    /// The number of the read among all reads and writes of the store: its transaction.
    pub transaction: u64,
    /// The moment at which the read was true at the authority [ns from the start]; `None` where a copy that may be behind was asked.
    pub linearised_ns: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Process 0 is ahead with a clock of 10; a message goes from it through the others, whose clocks are behind.
    #[test]
    fn hybrid_times_grow_along_a_chain_of_messages_whatever_the_clocks_say() {
        let mut clocks = [Clock::default(); 4];
        let mut sent = HybridTime::default();
        let mut times = Vec::new();
        for (process, own) in [(0, 10), (1, 1), (2, 0), (1, 2), (3, 10), (0, 11)] {
            sent = clocks[process].receives(sent, own);
            times.push((sent.wall_ns, sent.logical));
        }
        assert_eq!(times, [(10, 0), (10, 1), (10, 2), (10, 3), (10, 4), (11, 0)]);
    }

    #[test]
    fn it_is_never_behind_the_own_clock_and_no_further_ahead_than_the_clocks_that_were_seen() {
        let mut clock = Clock::default();
        let ahead = HybridTime { wall_ns: 50, logical: 2 };
        assert_eq!(clock.receives(ahead, 7), HybridTime { wall_ns: 50, logical: 3 });
        assert_eq!(clock.receives(HybridTime::default(), 60), HybridTime { wall_ns: 60, logical: 0 });
        assert_eq!(clock.receives(HybridTime::default(), 59), HybridTime { wall_ns: 60, logical: 1 });
    }
}
