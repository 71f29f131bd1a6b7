//! The sending end of a link in one direction: bytes leave one after the other, at its bandwidth, from a buffer.
//!
//! It is a fluid first-come queue: all that is kept is until when it is busy, so that the time at which a message has left, or that it finds no
//! room, is known when it sets out.

use crate::engine::math::whole_ns;
use crate::units::{Bandwidth, Bytes};

/// No message takes longer than this, and no egress is busy for longer [ns], so that times stay far from the end of their range: 126 years.
pub const FOREVER_NS: u64 = 4_000_000_000_000_000_000;

/// The sending end of a link in one direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Egress {
    /// Time of a byte [ns].
    ns_per_byte: f64,
    /// Bytes that may wait or be under way at once; `None` for as many as come.
    buffer: Option<u64>,
    /// Until when it sends what it has [ns].
    busy_until: u64,
}

impl Egress {
    /// An idle egress.
    pub fn new(bandwidth: Bandwidth, buffer: Option<Bytes>) -> Self {
        Self { ns_per_byte: 1e9 / bandwidth.bytes_per_second(), buffer: buffer.map(Bytes::get), busy_until: 0 }
    }

    /// With another bandwidth from now on; what waits is sent at it as well.
    pub fn set(&mut self, now: u64, bandwidth: Bandwidth, buffer: Option<Bytes>) {
        let waits = self.backlog(now);
        *self = Self::new(bandwidth, buffer);
        self.busy_until = now.saturating_add(self.takes(waits));
    }

    /// Whether what comes may find no room.
    pub fn has_buffer(&self) -> bool {
        self.buffer.is_some()
    }

    /// How long so many bytes take [ns].
    pub fn takes(&self, bytes: u64) -> u64 {
        whole_ns((bytes as f64 * self.ns_per_byte).min(FOREVER_NS as f64))
    }

    /// Bytes that wait or are being sent.
    pub fn backlog(&self, now: u64) -> u64 {
        (self.busy_until.saturating_sub(now) as f64 / self.ns_per_byte).round() as u64
    }

    /// How long what comes now waits for what is being sent [ns].
    pub fn waits_ns(&self, now: u64) -> u64 {
        self.busy_until.saturating_sub(now)
    }

    /// Bytes that are sent in so long.
    pub fn bytes_in(&self, ns: u64) -> f64 {
        ns as f64 / self.ns_per_byte
    }

    /// Takes so many bytes and tells when the last of them has left [ns]; `None` where they find no room. An idle egress takes whatever comes: what
    /// is larger than the buffer was never in it as a whole.
    pub fn put(&mut self, now: u64, bytes: u64) -> Option<u64> {
        if let Some(buffer) = self.buffer
            && self.busy_until > now
            && self.backlog(now).saturating_add(bytes) > buffer
        {
            return None;
        }
        self.busy_until = self.busy_until.max(now).saturating_add(self.takes(bytes)).min(FOREVER_NS.max(now));
        Some(self.busy_until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::math::ln;
    use crate::engine::rng::{Keyed, mix};

    /// 1000 bytes a microsecond, so that one packet of 1000 bytes takes 1 µs.
    fn fast() -> Bandwidth {
        Bandwidth::from_bytes_per_second(1e9)
    }

    #[test]
    fn bytes_leave_one_after_the_other() {
        let mut egress = Egress::new(fast(), None);
        assert_eq!(
            (egress.put(0, 1000), egress.put(0, 500), egress.put(5000, 1)),
            (Some(1000), Some(1500), Some(5001))
        );
    }

    #[test]
    fn a_full_buffer_takes_nothing_and_an_idle_pipe_everything() {
        let mut egress = Egress::new(fast(), Some(Bytes::new(3000)));
        assert_eq!(egress.put(0, 5000), Some(5000));
        assert_eq!((egress.put(0, 1), egress.put(2500, 500), egress.put(2500, 1)), (None, Some(5500), None));
        assert_eq!(egress.backlog(2500), 3000);
    }

    #[test]
    fn what_takes_longer_than_any_run_stays_within_the_range_of_times() {
        let mut egress = Egress::new(Bandwidth::from_bytes_per_second(1.0), None);
        for _ in 0..10 {
            assert_eq!(egress.put(5, u64::MAX), Some(FOREVER_NS));
        }
    }

    #[test]
    fn what_waits_is_sent_at_the_new_bandwidth() {
        let mut egress = Egress::new(fast(), None);
        egress.put(0, 1000);
        egress.set(500, Bandwidth::from_bytes_per_second(5e8), None);
        assert_eq!(egress.put(500, 0), Some(1500));
    }

    /// Poisson packets of one size that take 1 µs: the mean wait of M/D/1 is rho / (2 (1 - rho)) of that, Pollaczek and Khinchine.
    #[test]
    fn waits_are_those_of_m_d_1() {
        for load in [0.5, 0.8] {
            let mut egress = Egress::new(fast(), None);
            let (mut now, mut waits) = (0.0, 0.0);
            let packets = 400_000;
            for packet in 0..packets {
                now -= ln(1.0 - Keyed::new(mix(7, packet)).unit()) * 1000.0 / load;
                let sent = egress.put(whole_ns(now), 1000).unwrap();
                waits += sent as f64 - whole_ns(now) as f64 - 1000.0;
            }
            let expected = load / (2.0 * (1.0 - load)) * 1000.0;
            let mean = waits / packets as f64;
            assert!((mean / expected - 1.0).abs() < 0.03, "{mean} ns, and not {expected}");
        }
    }
}
