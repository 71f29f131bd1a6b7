//! How soon after a fault a queue is drained.

use crate::ids::{FaultId, ServiceId};
use crate::results::{RunResult, Slice};

/// Fewer than this many that wait are nobody, whatever it was before.
const FEW: f64 = 1.0;

/// From the end of a fault until no more wait than before it [s], the slowest of all times that it struck; infinite where that is not seen in the
/// run, and `None` where the fault never ended in it.
pub fn drained(run: &RunResult, of: ServiceId, after: FaultId) -> Option<f64> {
    let end_ns = run.whole().to_ns;
    let ended = run.struck(after).iter().filter(|span| span.to_ns >= 0 && span.to_ns < end_ns);
    let first_ns = run.struck(after).first()?.from_ns;
    let (mut waited, mut seconds) = (0.0, 0.0);
    for slice in run.slices.iter().filter(|slice| slice.to_ns as i64 <= first_ns) {
        let length = length_s(slice);
        waited += waiting(slice, of) * length;
        seconds += length;
    }
    let usual = if seconds > 0.0 { (waited / seconds).max(FEW) } else { FEW };
    let from = |to_ns: i64| {
        let later = run.slices.iter().filter(|slice| slice.from_ns as i64 >= to_ns && slice.to_ns > slice.from_ns);
        let drained = later.into_iter().find(|slice| waiting(slice, of) <= usual);
        drained.map_or(f64::INFINITY, |slice| (slice.from_ns as i64 - to_ns) as f64 / 1e9)
    };
    ended.map(|span| from(span.to_ns)).reduce(f64::max)
}

fn length_s(slice: &Slice) -> f64 {
    (slice.to_ns - slice.from_ns) as f64 / 1e9
}

/// How many wait on average.
fn waiting(slice: &Slice, of: ServiceId) -> f64 {
    let length = length_s(slice);
    if length > 0.0 { slice.services[of.index()].queue_ns as f64 / 1e9 / length } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::drained;
    use crate::ids::{FaultId, ServiceId};
    use crate::judge::testing::{SECOND, System};

    #[test]
    fn drained_when_as_few_wait_as_before() {
        let mut system = System::new(300);
        let api = system.service("api", 1);
        let get = system.endpoint(api, "get");
        system.load("users", get);
        system.fault("cut", 50, 50, None);
        let waits = |peak: u64, gone_s: u64| {
            let mut run = system.run(5);
            for slice in &mut run.slices {
                let at = slice.from_ns / SECOND;
                let waiting = if at < 50 {
                    2
                } else if at < 100 + gone_s {
                    peak
                } else {
                    2
                };
                slice.services[0].queue_ns = u128::from(waiting * 5 * SECOND);
            }
            drained(&run, ServiceId(0), FaultId(0))
        };
        assert_eq!(waits(500, 40), Some(40.0));
        assert_eq!(waits(2, 0), Some(0.0));
        assert_eq!(waits(500, 1000), Some(f64::INFINITY), "not drained in the run");
    }
}
