//! A percentile of the latency of the last calls.

/// So many of the last calls are kept.
const KEPT: usize = 1000;
/// The percentile is found anew after so many more; and so many are the least that tell one.
const ROUND: usize = 100;

/// The last latencies of calls, and a quantile of them as it was found a little while ago.
#[derive(Debug, Clone)]
pub struct Recent {
    /// Which quantile, from 0 to 1.
    share: f64,
    /// The last latencies [ns], the oldest at `next` once there are all.
    latencies_ns: Vec<u64>,
    next: usize,
    /// Since it was found.
    unread: usize,
    found_ns: Option<u64>,
}

impl Recent {
    /// Nothing yet.
    pub fn new(share: f64) -> Self {
        Self { share, latencies_ns: Vec::new(), next: 0, unread: 0, found_ns: None }
    }

    /// One more.
    pub fn record(&mut self, latency_ns: u64) {
        if self.latencies_ns.len() < KEPT {
            self.latencies_ns.push(latency_ns);
        } else {
            self.latencies_ns[self.next] = latency_ns;
            self.next = (self.next + 1) % KEPT;
        }
        self.unread += 1;
        if self.unread >= ROUND {
            self.unread = 0;
            self.found_ns = Some(self.find());
        }
    }

    /// The quantile [ns]; `None` before there are enough calls.
    pub fn quantile_ns(&self) -> Option<u64> {
        self.found_ns
    }

    /// The smallest latency that the share does not exceed.
    fn find(&self) -> u64 {
        let mut sorted = self.latencies_ns.clone();
        let rank = (self.share * sorted.len() as f64 - 1e-9).ceil() as usize;
        let at = rank.clamp(1, sorted.len()) - 1;
        *sorted.select_nth_unstable(at).1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quantile_is_an_order_statistic_of_the_last_calls() {
        let mut recent = Recent::new(0.95);
        for latency in (1..=100).rev() {
            recent.record(latency);
        }
        assert_eq!(recent.quantile_ns(), Some(95));
        for latency in 0..1000 {
            recent.record(1000 + latency);
        }
        // The first hundred are forgotten.
        assert_eq!(recent.quantile_ns(), Some(1949));
    }

    #[test]
    fn without_enough_calls_there_is_none() {
        let mut recent = Recent::new(0.5);
        (0..99).for_each(|latency| recent.record(latency));
        assert_eq!(recent.quantile_ns(), None);
        recent.record(0);
        assert!(recent.quantile_ns().is_some());
    }
}
