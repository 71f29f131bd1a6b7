//! Network cards: packets that arrive wait in a ring until the host handles them, and are dropped where it is full.
//!
//! [`ReceiveRing`] is a first-come queue of which only the work that is left is kept, so that a burst of packets costs no event. It knows neither
//! messages nor links: what becomes of a message of which packets were dropped is decided where messages travel.

use crate::dist::{Distribution, Sampler};
use crate::engine::math::whole_ns;
use crate::engine::rng::{Keyed, mix};
use crate::kind::Kind;
use crate::metrics::counters;
use crate::network::egress::FOREVER_NS;
use crate::problem::Problems;
use crate::units::{Bandwidth, Count, SimDuration};
use serde::{Deserialize, Serialize};

/// After so many stalls in which no packet came the host begins its stalls anew, which nobody can tell; what it has handled meanwhile is what it
/// handles on average.
const STALLS_WALKED: u64 = 1000;

/// A host that takes longer for a packet than this is no host [ns].
const LONGEST_PACKET_NS: u64 = 100_000_000;

/// A ring of more places than this is larger than that of any card.
const MOST_PLACES: u64 = 65_536;

/// The network card of an instance: a ring of packets that the host has not handled yet.
///
/// # What it models
/// A message arrives as a burst of packets, one after the other at the card's `bandwidth`. The host handles them one by one, each in `packet_time`,
/// and none while it stalls: interrupts are held back to be handled together, or the core that handles them is busy. What has not been handled stands
/// in the receive ring. Packets that find it full are dropped, and nobody logs an error: `nic_drops` counts them, as `ethtool -S` does.
///
/// All that arrives at an instance passes its card: requests, deliveries of queues, health checks, and the answers to its own calls. A message has as
/// many packets as its `size` fills, of 1460 bytes or of the `segment` of its link's transport, and one where the call has no sizes. It has arrived
/// when the host has handled the last of them. Over a link with `transport: tcp` dropped packets are sent again: after about a round trip where at
/// least three later packets of the message tell of the drop, else after the retransmission timer, which doubles with each timeout in a row. Without
/// a transport the message is lost.
///
/// Simplified: a message comes to the card as one burst when the last of it arrives, also where TCP sent it in several windows. Acknowledgements take
/// no place in the ring. What comes for a caller that has given up passes no card. What an instance sends is not held up by its card; for that, the
/// link has a `bandwidth`. Handling packets takes no processor time from requests.
///
/// The card of an instance that is down takes nothing and drops nothing: what comes is refused, or lost, as without a card. A crash loses no message
/// that is in the ring: it is answered when it would have been handled, as the instance is by then. While an instance is frozen its host handles no
/// packet, so that the ring fills, and drops what comes after that. When it goes on, messages in the ring are as far as they were.
///
/// # When to use it
/// Where answers are large or arrive together, or the ring is small: drops come from bursts and stalls, and not from the mean load.
///
/// # Knobs
/// - `ring`: packets that wait at most, count, default 256
/// - `packet_time`: how long the host handles one, duration, default 1us
/// - `stalls`: when it handles none: `every` (from one begin to the next) and `for`, durations or distributions, default never
/// - `bandwidth`: of what arrives, default 10Gbps
///
/// # Example
/// ```yaml
/// services:
///   api:
///     workers: 16
///     machine: {nic: {ring: 256, packet_time: 1us, stalls: {every: 10ms, for: {exponential: {mean: 150us}}}}}
/// ```
///
/// # Source
/// `ethtool -g` and `-c`: rings of 256 are usual and 4096 the largest of common cards; interrupt coalescing. The queue is M/D/1/K where single
/// packets arrive as a Poisson process (Kleinrock, Queueing Systems I, 1975, 5.6).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NicSettings {
    /// Packets that wait at most.
    pub ring: Count,
    /// How long the host handles one.
    pub packet_time: SimDuration,
    /// When it handles none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stalls: Option<StallSettings>,
    /// Of what arrives.
    pub bandwidth: Bandwidth,
}

/// The one kind of network card.
pub const ALL: &[Kind] = &[Kind { family: "machine", name: "nic", schema: || schemars::schema_for!(NicSettings) }];

counters! {
    Service {
        DROPS = "nic_drops", "packets that the network cards of all instances dropped, because their ring was full or by a fault";
    }
}

/// When a host handles no packet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StallSettings {
    /// From one stall's beginning to the next.
    pub every: Distribution,
    /// How long one lasts.
    #[serde(rename = "for")]
    pub length: Distribution,
}

impl StallSettings {
    /// The share of the time in which the host handles packets, above 0 where the settings are valid.
    fn handling(&self) -> f64 {
        let share = self.length.mean() / self.every.mean();
        if share.is_finite() { (1.0 - share).max(1e-6) } else { 1.0 }
    }
}

impl Default for NicSettings {
    fn default() -> Self {
        Self {
            ring: Count::new(256),
            packet_time: SimDuration::MICROSECOND,
            stalls: None,
            bandwidth: Bandwidth::from_bits_per_second(1e10),
        }
    }
}

impl NicSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        check_ring(self.ring, problems);
        if self.packet_time.is_zero() {
            problems.error("packet_time", "a host that handles packets in no time never drops one").hint =
                Some("write a duration such as 1us".into());
        } else if self.packet_time.ns() > LONGEST_PACKET_NS {
            problems.error("packet_time", format!("no host takes {} to handle a packet", self.packet_time)).hint =
                Some("write a duration such as 1us".into());
        }
        if self.bandwidth.bytes_per_second() <= 0.0 {
            problems.error("bandwidth", "nothing ever arrives").hint = Some("write a bandwidth such as 10Gbps".into());
        }
        if let Some(stalls) = &self.stalls {
            problems.at("stalls", |p| {
                p.at("every", |p| stalls.every.validate(p));
                p.at("for", |p| stalls.length.validate(p));
                let (every, length) = (stalls.every.mean(), stalls.length.mean());
                if every <= 0.0 {
                    p.error("every", "a host that stalls without pause handles nothing").hint =
                        Some("write a duration such as 10ms".into());
                } else if length >= every {
                    p.error("for", "a stall is as long as the time to the next, so that the host handles nothing")
                        .hint = Some("write a shorter one, such as 150us every 10ms".into());
                } else if length <= 0.0 {
                    p.error("for", "a stall of no length does nothing").hint = Some("leave stalls out".into());
                }
            });
        }
    }
}

/// A ring has places, and not more than any card.
pub fn check_ring(ring: Count, problems: &mut Problems) {
    if ring.get() == 0 {
        problems.error("ring", "a ring without a place takes no packet").hint =
            Some("write 256; to lose all messages, inject: partition".into());
    } else if ring.get() > MOST_PLACES {
        problems.error("ring", format!("no card has {ring} places")).hint =
            Some(format!("write at most {MOST_PLACES}"));
    }
}

/// What faults do to a network card.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct NicFault {
    /// So few places; `None` for as many as it has.
    pub ring: Option<u32>,
    /// Chance that a packet is dropped.
    pub loss: f64,
}

impl NicFault {
    /// With another fault that has grown in so far, above 0 to 1.
    pub fn add(&mut self, other: &Self, grown: f64) {
        self.ring = self.ring.into_iter().chain(other.ring).min();
        self.loss = 1.0 - (1.0 - self.loss) * (1.0 - other.loss * grown);
    }

    /// The places that are left of so many.
    pub fn ring_of(&self, own: u32) -> u32 {
        self.ring.map_or(own, |ring| ring.min(own))
    }
}

/// Stalls as they are drawn.
#[derive(Debug, Clone)]
struct Stalls {
    every: Sampler,
    length: Sampler,
}

/// The receive ring of one instance.
#[derive(Debug, Clone)]
pub struct ReceiveRing {
    /// Places.
    size: u64,
    /// How long the host handles a packet [ns].
    packet_ns: u64,
    /// Time of a byte on its way to the card [ns].
    ns_per_byte: f64,
    /// Handling that is left at `at` [ns].
    work: u64,
    /// Handling that is left of packets that came before interrupts were spread, and are handled first [ns].
    work_before: u64,
    /// How long the host handles one of them [ns].
    packet_before_ns: u64,
    at: u64,
    /// Until when the last packet takes the bandwidth of the card [ns].
    free: u64,
    /// Since when the host stands still [ns].
    frozen_since: Option<u64>,
    /// The present stall, or the next.
    begin: u64,
    end: u64,
    stalls: Option<Stalls>,
    /// The share of the time in which the host handles packets.
    handling: f64,
    key: u64,
    /// Stalls drawn.
    drawn: u64,
}

/// What became of a burst.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Packets that found a place.
    pub packets: u64,
    /// Packets that found one after the last that did not: by them a sender notices a loss.
    pub after_last_drop: u64,
    /// When the host has handled the last of them [ns].
    pub handled_at: u64,
}

impl ReceiveRing {
    /// An empty ring; the instance's key draws its stalls.
    pub fn new(nic: &NicSettings, key: u64) -> Self {
        let stalls = nic.stalls.as_ref().map(|s| Stalls { every: s.every.build(), length: s.length.build() });
        let mut ring = Self {
            size: nic.ring.get(),
            packet_ns: nic.packet_time.ns().max(1),
            ns_per_byte: 1e9 / nic.bandwidth.bytes_per_second(),
            work: 0,
            work_before: 0,
            packet_before_ns: 1,
            at: 0,
            free: 0,
            frozen_since: None,
            begin: u64::MAX,
            end: u64::MAX,
            stalls,
            handling: nic.stalls.as_ref().map_or(1.0, StallSettings::handling),
            key,
            drawn: 0,
        };
        ring.begins_anew(0);
        ring
    }

    /// So many places from now on; what stands beyond them is handled all the same.
    pub fn resize(&mut self, size: u32) {
        self.size = u64::from(size);
    }

    /// So many cores handle the packets of this card that come from now on. Those in the ring are handled before, and take as long as they did.
    pub fn spread(&mut self, now: u64, nic: &NicSettings, cores: u64) {
        self.handles(now);
        let (packets, left) = (self.packets(), self.work_before + self.work);
        (self.work_before, self.work) = (left, 0);
        self.packet_before_ns = (left / packets.max(1)).max(1);
        self.packet_ns = (nic.packet_time.ns() / cores.max(1)).max(1);
    }

    /// What is in the ring is gone.
    pub fn forget(&mut self) {
        (self.work_before, self.work) = (0, 0);
    }

    /// A new ring takes the place of another: its host stalls when that one would have, and stands still where that one does.
    pub fn follows(&mut self, other: &Self, now: u64) {
        *self = Self { size: self.size, packet_ns: self.packet_ns, ns_per_byte: self.ns_per_byte, ..other.clone() };
        self.handles(now);
        self.forget();
        self.free = 0;
    }

    /// The host stands still from now on.
    pub fn freezes(&mut self, now: u64) {
        self.handles(now);
        self.frozen_since.get_or_insert(now);
    }

    /// The host goes on, with the stall that it may have been in.
    pub fn thaws(&mut self, now: u64) {
        let Some(since) = self.frozen_since.take() else { return };
        let stood = now - since;
        self.at = self.at.saturating_add(stood);
        (self.begin, self.end) = (self.begin.saturating_add(stood), self.end.saturating_add(stood));
    }

    /// Packets in the ring.
    fn packets(&self) -> u64 {
        self.work_before.div_ceil(self.packet_before_ns) + self.work.div_ceil(self.packet_ns)
    }

    /// The host handles packets for so long [ns].
    fn works(&mut self, for_ns: u64) {
        let before = for_ns.min(self.work_before);
        self.work_before -= before;
        self.work = self.work.saturating_sub(for_ns - before);
    }

    /// A stall begins somewhere in the time between two.
    fn begins_anew(&mut self, now: u64) {
        let Some(stalls) = &self.stalls else { return };
        let mut draw = Keyed::new(mix(self.key, self.drawn));
        self.drawn += 1;
        let phase = draw.unit();
        self.begin = now.saturating_add(whole_ns(stalls.every.sample(&mut draw) * phase));
        self.end = self.begin.saturating_add(whole_ns(stalls.length.sample(&mut draw)));
    }

    fn next_stall(&mut self) {
        let Some(stalls) = &self.stalls else {
            (self.begin, self.end) = (u64::MAX, u64::MAX);
            return;
        };
        let mut draw = Keyed::new(mix(self.key, self.drawn));
        self.drawn += 1;
        let begin = self.begin.saturating_add(whole_ns(stalls.every.sample(&mut draw)));
        self.begin = begin.max(self.end);
        self.end = self.begin.saturating_add(whole_ns(stalls.length.sample(&mut draw)));
    }

    /// The host handles packets until `to`.
    fn handles(&mut self, to: u64) {
        if self.frozen_since.is_some() {
            return;
        }
        let mut walked = 0;
        while self.at < to {
            if self.at < self.begin {
                let until = self.begin.min(to);
                self.works(until - self.at);
                self.at = until;
            } else if self.at < self.end {
                self.at = self.end.min(to);
            } else {
                self.next_stall();
                walked += 1;
                if walked > STALLS_WALKED {
                    self.works(((to - self.at) as f64 * self.handling) as u64);
                    self.at = to;
                    self.begins_anew(to);
                }
            }
        }
    }

    /// When all that is in the ring is handled [ns]; of a host that stands still, when it would be if it went on where it stopped.
    fn handled_at(&self) -> u64 {
        let left = self.work_before + self.work;
        if self.begin.saturating_sub(self.at) >= left {
            return self.at.saturating_add(left);
        }
        let mut later = Self { frozen_since: None, ..self.clone() };
        let mut steps = 0;
        loop {
            let left = later.work_before + later.work;
            if left == 0 {
                return later.at;
            }
            if steps > STALLS_WALKED {
                return later.at.saturating_add(whole_ns(left as f64 / later.handling));
            }
            let done = later.at.saturating_add(left);
            let step = if later.at < later.begin { later.begin.min(done) } else { later.end };
            later.handles(step.max(later.at + 1));
            steps += 1;
        }
    }

    /// Takes a burst of packets of so many bytes, the first of which arrives now. `is_lost` says of each whether a fault drops it.
    pub fn take(&mut self, now: u64, packets: u64, bytes: u64, mut is_lost: impl FnMut() -> bool) -> Taken {
        let spacing = whole_ns((bytes as f64 * self.ns_per_byte).min(FOREVER_NS as f64));
        // What arrives while an earlier burst still does, arrives behind it.
        let mut at = self.free.max(now);
        let mut taken = Taken { packets: 0, after_last_drop: 0, handled_at: 0 };
        for _ in 0..packets {
            self.handles(at);
            if !is_lost() && self.packets() < self.size {
                self.work += self.packet_ns;
                taken.packets += 1;
                taken.after_last_drop += 1;
            } else {
                taken.after_last_drop = 0;
            }
            at = at.saturating_add(spacing).min(FOREVER_NS.max(now));
        }
        self.free = at;
        taken.handled_at = self.handled_at();
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::math::{exp, ln};

    fn ring(size: u32) -> ReceiveRing {
        ReceiveRing::new(&NicSettings { ring: Count::new(u64::from(size)), ..NicSettings::default() }, 0)
    }

    /// A million packets of 1250 bytes a second, a ring of 512: a stall of 1 ms loses 48.8 % of what comes in it, one of 0.4 ms nothing.
    #[test]
    fn a_stall_drops_what_the_ring_cannot_hold() {
        for (stall, dropped) in [(1_000_000, 488), (400_000, 0)] {
            let mut ring = ring(512);
            (ring.begin, ring.end) = (0, stall);
            let packets = stall / 1000;
            let taken = ring.take(0, packets, 1250, || false);
            assert_eq!(packets - taken.packets, dropped);
            assert_eq!(taken.handled_at, stall + taken.packets * 1000, "all are handled after the stall");
            assert_eq!(taken.after_last_drop, if dropped > 0 { 0 } else { packets });
        }
    }

    #[test]
    fn a_burst_at_once_fills_the_ring_and_is_handled_packet_by_packet() {
        let mut ring = ring(10);
        assert_eq!(ring.take(0, 12, 0, || false), Taken { packets: 10, after_last_drop: 0, handled_at: 10_000 });
        assert_eq!(ring.take(5_000, 6, 0, || false), Taken { packets: 5, after_last_drop: 0, handled_at: 15_000 });
        ring.resize(20);
        assert_eq!(ring.take(5_000, 6, 0, || false).packets, 6);
    }

    /// Share that M/D/1/K turns away: from the states that departures leave behind (Kleinrock, Queueing Systems I, 5.6).
    fn lost_by_m_d_1_k(load: f64, places: usize) -> f64 {
        let arrive = |k: usize| (1..=k).fold(exp(-load), |p, i| p * load / i as f64);
        // Unnormalised shares of departures that leave so many behind.
        let mut left = vec![1.0];
        for n in 0..places - 1 {
            let known: f64 = left[0] * arrive(n) + (1..=n).map(|i| left[i] * arrive(n + 1 - i)).sum::<f64>();
            left.push((left[n] - known) / arrive(0));
        }
        let empty = left[0] / left.iter().sum::<f64>();
        1.0 - 1.0 / (empty + load)
    }

    #[test]
    fn drops_of_a_poisson_stream_are_those_of_m_d_1_k() {
        for (load, places) in [(0.8, 4), (0.95, 8), (1.2, 16)] {
            let mut ring = ring(places as u32);
            let (mut now, mut lost) = (0.0, 0);
            let packets = 400_000;
            for packet in 0..packets {
                now -= ln(1.0 - Keyed::new(mix(3, packet)).unit()) * 1000.0 / load;
                lost += 1 - ring.take(whole_ns(now), 1, 0, || false).packets;
            }
            let (share, expected) = (lost as f64 / packets as f64, lost_by_m_d_1_k(load, places));
            assert!((share / expected - 1.0).abs() < 0.05, "{share} of them, and not {expected}");
        }
    }

    #[test]
    fn stalls_take_their_share_of_the_time() {
        let every = Distribution::constant(SimDuration::from_ns(10_000_000));
        let length = Distribution::exponential(SimDuration::from_ns(1_000_000));
        let nic = NicSettings { stalls: Some(StallSettings { every, length }), ..NicSettings::default() };
        let mut ring = ReceiveRing::new(&nic, 5);
        // A packet now and then waits for the rest of a stall: a tenth of the time times the mean rest, and its own time.
        let packets = 100_000_u64;
        let waits: u64 =
            (0..packets).map(|i| ring.take(i * 7_318_913, 1, 0, || false).handled_at - i * 7_318_913 - 1000).sum();
        let (mean, expected) = (waits as f64 / packets as f64, 1.0 / 10.0 * 1_000_000.0);
        assert!((mean / expected - 1.0).abs() < 0.05, "{mean} ns, and not {expected}");
    }

    #[test]
    fn what_a_fault_drops_takes_no_place_and_later_packets_tell_of_it() {
        let mut ring = ring(4);
        let mut number = 0;
        let lost = || {
            number += 1;
            number == 2
        };
        assert_eq!(ring.take(0, 5, 0, lost), Taken { packets: 4, after_last_drop: 3, handled_at: 4_000 });
        ring.forget();
        assert_eq!(ring.take(0, 1, 0, || false).handled_at, 1_000);
    }

    #[test]
    fn messages_in_the_ring_are_handled_as_before_when_interrupts_are_spread() {
        let nic = NicSettings::default();
        let mut ring = ReceiveRing::new(&nic, 0);
        ring.take(0, 100, 0, || false);
        ring.spread(20_000, &nic, 4);
        assert_eq!(ring.take(20_000, 1, 0, || false).handled_at, 100_000 + 250);
        assert_eq!(ring.packets(), 81);
        assert_eq!(ring.take(200_000, 2, 0, || false).handled_at, 200_000 + 500);
    }

    #[test]
    fn messages_of_one_packet_share_the_bandwidth_too() {
        // Twelve packets of 1250 bytes that come at once take 1 us each on the wire, and as long to be handled: no more than one waits.
        let mut ring = ring(2);
        let taken: Vec<_> = (0..12).map(|_| ring.take(0, 1, 1250, || false)).collect();
        assert!(taken.iter().all(|taken| taken.packets == 1), "{taken:?}");
        assert_eq!(taken[11].handled_at, 12_000);
    }

    #[test]
    fn a_host_that_stands_still_handles_nothing_and_goes_on_where_it_was() {
        let mut ring = ring(10);
        assert_eq!(ring.take(0, 5, 0, || false).handled_at, 5_000);
        ring.freezes(2_000);
        assert_eq!(ring.take(900_000, 9, 0, || false), Taken { packets: 7, after_last_drop: 0, handled_at: 12_000 });
        ring.thaws(1_002_000);
        assert_eq!(ring.take(1_002_000, 1, 0, || false).packets, 0);
        assert_eq!(ring.take(1_003_000, 1, 0, || false).handled_at, 1_003_000 + 10_000);
    }

    #[test]
    fn faults_together_leave_the_smallest_ring_and_lose_independently() {
        let mut both = NicFault::default();
        both.add(&NicFault { ring: Some(128), loss: 0.1 }, 0.5);
        both.add(&NicFault { ring: Some(200), loss: 0.2 }, 1.0);
        assert_eq!(both.ring, Some(128));
        assert!((both.loss - (1.0 - 0.95 * 0.8)).abs() < 1e-12);
    }

    #[test]
    fn settings_that_cannot_be_are_refused() {
        let problems = |text: &str| {
            let nic: NicSettings = serde_json::from_str(text).unwrap();
            let mut problems = Problems::new();
            nic.validate(&mut problems);
            problems.into_vec().into_iter().map(|p| p.path).collect::<Vec<_>>()
        };
        assert!(problems("{}").is_empty());
        assert_eq!(problems(r#"{"ring": 0, "packet_time": "0s"}"#), ["ring", "packet_time"]);
        assert_eq!(problems(r#"{"ring": "1M", "packet_time": "1s"}"#), ["ring", "packet_time"]);
        assert_eq!(problems(r#"{"bandwidth": "0bps"}"#), ["bandwidth"]);
        assert_eq!(problems(r#"{"stalls": {"every": "1ms", "for": "1ms"}}"#), ["stalls.for"]);
        assert_eq!(problems(r#"{"stalls": {"every": "1ms", "for": "0s"}}"#), ["stalls.for"]);
        assert_eq!(problems(r#"{"stalls": {"every": "0s", "for": "1ms"}}"#), ["stalls.every"]);
    }
}
