//! What named links carry: messages, bytes, how busy their sending ends are, and what waits for them.
//!
//! A message is counted as it sets out, because what becomes of it is known then. Sums are kept here, and put among the times of the run where
//! somebody reads those ([`World::reads_meters`]). Health checks are not counted, as at call sites. A system without named links has no meter.

use super::carriage::Crossed;
use super::fate::Fate;
use super::message::Message;
use crate::counters::link;
use crate::metrics::{PartAt, PartId, Times};
use crate::model::Model;
use crate::network::egress::Egress;
use crate::world::World;

/// Messages that set out within so long count as begun at once [ns].
const AT_ONCE_NS: u64 = 10_000_000;

/// A number as so many seconds [ns], which histograms keep to about a percent.
fn as_time(number: u64) -> u64 {
    number.saturating_mul(1_000_000_000)
}

/// What one direction of a link has carried since it was read last.
#[derive(Debug, Clone, Default)]
struct Meter {
    lost: u64,
    messages: u64,
    bytes: u64,
    dropped: u64,
    segments_dropped: u64,
    timeouts: u64,
    /// Until when its sending end was looked at [ns].
    since: u64,
    busy_ns: u64,
    /// Integral of what waited or was being sent [bytes ns].
    backlog: f64,
    /// When the stretch began in which messages are counted that set out at once [ns].
    stretch: u64,
    /// How many these are.
    at_once: u64,
}

impl Meter {
    /// The sending end does what it has to do until now.
    fn advance(&mut self, egress: &Egress, now: u64) {
        let before = egress.waits_ns(self.since);
        if before == 0 {
            // Nearly always, where a link is not nearly full.
            self.since = now;
            return;
        }
        let after = egress.waits_ns(now);
        let busy_ns = before.min(now - self.since);
        self.since = now;
        self.busy_ns += busy_ns;
        // What is left shrinks evenly.
        self.backlog += f64::midpoint(egress.bytes_in(before), egress.bytes_in(after)) * busy_ns as f64;
    }

    /// A message sets out; how many did so in the stretch before, where that is over.
    fn starts(&mut self, now: u64) -> Option<u64> {
        if now < self.stretch.saturating_add(AT_ONCE_NS) && self.at_once > 0 {
            self.at_once += 1;
            return None;
        }
        let before = std::mem::replace(&mut self.at_once, 1);
        self.stretch = now;
        Some(before).filter(|before| *before > 0)
    }
}

/// What all named links have carried, by twice the place of the link and its direction; and what routes have changed.
#[derive(Debug, Default)]
pub(super) struct Meters {
    of: Vec<Meter>,
    route_changes: Vec<u64>,
}

impl Meters {
    pub(super) fn new(model: &Model) -> Self {
        let network = &model.network;
        Self { of: vec![Meter::default(); 2 * network.links.len()], route_changes: vec![0; network.routes.len()] }
    }

    /// Whether there are any.
    #[inline(always)]
    pub(super) fn are_any(&self) -> bool {
        !self.of.is_empty()
    }

    /// The direction of a link by its place among the qualities; `None` of a distance.
    fn way(place: usize) -> Option<usize> {
        place.checked_sub(3)
    }

    /// The sending end of a link is about to take something.
    pub(super) fn advances(&mut self, place: usize, egress: Option<&Egress>, now: u64) {
        if let (Some(way), Some(egress)) = (Self::way(place), egress) {
            self.of[way].advance(egress, now);
        }
    }

    /// The direction of a named link that counts what goes over it, by its place among the qualities.
    #[inline(always)]
    pub(super) fn counts_on(&self, place: usize) -> Option<usize> {
        Self::way(place).filter(|_| self.are_any())
    }

    /// What a message has met at the buffer of its link, and what was sent of it.
    #[inline(never)]
    pub(super) fn crosses(&mut self, place: usize, crossed: &Crossed) {
        let Some(way) = Self::way(place) else { return };
        let meter = &mut self.of[way];
        meter.bytes += crossed.sent;
        meter.segments_dropped += crossed.seen.dropped;
        meter.timeouts += u64::from(crossed.seen.timed_out);
    }

    /// So many bytes are sent of a message without a transport, or it finds no room.
    pub(super) fn sends(&mut self, place: usize, bytes: Option<u64>) {
        let Some(way) = Self::way(place) else { return };
        match bytes {
            Some(bytes) => self.of[way].bytes += bytes,
            None => self.of[way].dropped += 1,
        }
    }

    pub(super) fn times_out(&mut self, place: usize) {
        Self::way(place).into_iter().for_each(|way| self.of[way].timeouts += 1);
    }

    pub(super) fn route_changes(&mut self, route: usize) {
        self.route_changes[route] += 1;
    }

    fn read(&mut self, egresses: impl Fn(usize) -> Option<Egress>, times: &mut Times, now: u64) {
        for (way, meter) in self.of.iter_mut().enumerate() {
            if let Some(egress) = egresses(way + 3) {
                meter.advance(&egress, now);
            }
            // Whole bytes and microseconds; the rest comes with the next reading.
            let backlog = (meter.backlog / 1e3) as u64;
            meter.backlog -= backlog as f64 * 1e3;
            let mut put = |part: PartId, count: u64, sum: u64| {
                if count > 0 {
                    times.add(PartAt::link(part, way), count, sum);
                }
            };
            let take = std::mem::take::<u64>;
            put(link::LOST, take(&mut meter.lost), 0);
            put(link::DROPPED, take(&mut meter.dropped), 0);
            put(link::SEGMENTS_DROPPED, take(&mut meter.segments_dropped), 0);
            put(link::TIMEOUTS, take(&mut meter.timeouts), 0);
            let (bytes, busy_ns) = (take(&mut meter.bytes), take(&mut meter.busy_ns));
            put(link::SENT, u64::from(bytes > 0), bytes);
            put(link::BUSY, u64::from(busy_ns > 0), busy_ns);
            put(link::BACKLOG, u64::from(backlog > 0), backlog);
            // A burst that goes on is known as far as it has come.
            if meter.at_once > 0 && std::mem::take(&mut meter.messages) > 0 {
                times.record(PartAt::link(link::STARTS, way), as_time(meter.at_once));
            }
        }
        for (route, changes) in self.route_changes.iter_mut().enumerate().filter(|(_, changes)| **changes > 0) {
            times.add(PartAt::link(link::ROUTE_CHANGES, route), std::mem::take(changes), 0);
        }
    }
}

impl World<'_> {
    /// The named link that counts a message, if any does.
    #[inline(always)]
    pub(super) fn measured_on(&self, fate: &Fate, message: Message) -> Option<usize> {
        let place = fate.link.filter(|_| self.network.meters.are_any())?.0;
        (place >= 3 && !message.is_check()).then_some(place)
    }

    /// A message that began to set out at a time has done so, or goes on doing so.
    pub(super) fn has_set_out(&mut self, place: usize, fate: &Fate, begun: u64, bytes: u64) {
        if !self.network.carriage.carries() && !fate.lost {
            self.network.meters.sends(place, Some(bytes));
        }
        if fate.lost {
            self.link_has_carried(place, begun, None);
        } else if fate.stalled.is_none() {
            self.link_has_carried(place, begun, Some(fate.delay));
        }
    }

    /// A message of so many bytes sets out over a direction of a link, and arrives after so long [ns].
    #[inline(always)]
    pub(super) fn crosses_plainly(&mut self, way: usize, after: u64, bytes: u64) {
        let meter = &mut self.network.meters.of[way];
        meter.messages += 1;
        meter.bytes += bytes;
        if let Some(before) = meter.starts(self.now) {
            self.times.record(PartAt::link(link::STARTS, way), as_time(before));
        }
        self.times.record(PartAt::link(link::CARRIED, way), after);
    }

    /// A message sets out over a link.
    #[inline(never)]
    pub(super) fn starts_on_link(&mut self, place: usize) {
        let Some(way) = Meters::way(place) else { return };
        let meter = &mut self.network.meters.of[way];
        meter.messages += 1;
        if let Some(before) = meter.starts(self.now) {
            self.times.record(PartAt::link(link::STARTS, way), as_time(before));
        }
    }

    /// A message that set out at a time arrives after so long from now, or is lost.
    #[inline(never)]
    pub(super) fn link_has_carried(&mut self, place: usize, begun: u64, after: Option<u64>) {
        let Some(way) = Meters::way(place) else { return };
        match after {
            Some(after) => {
                self.times.record(PartAt::link(link::CARRIED, way), (self.now - begun).saturating_add(after));
            }
            None => self.network.meters.of[way].lost += 1,
        }
    }

    /// What links have carried stands among the times of the run, for those who read them now.
    #[inline(always)]
    pub(in crate::world) fn reads_meters(&mut self) {
        if self.network.meters.are_any() {
            self.reads_all_meters();
        }
    }

    #[cold]
    #[inline(never)]
    fn reads_all_meters(&mut self) {
        let (network, now) = (&mut self.network, self.now);
        let carriage = &network.carriage;
        network.meters.read(|place| carriage.egress_of_link(place), &mut self.times, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Bandwidth;

    #[test]
    fn a_sending_end_is_busy_and_holds_what_is_left_to_send() {
        // A byte takes a nanosecond.
        let mut egress = Egress::new(Bandwidth::from_bytes_per_second(1e9), None);
        let mut meter = Meter::default();
        meter.advance(&egress, 100);
        egress.put(100, 50);
        meter.advance(&egress, 120);
        egress.put(120, 20);
        meter.advance(&egress, 500);
        assert_eq!((meter.busy_ns, meter.since), (70, 500));
        // 50 bytes shrink to 30 in 20 ns, then 50 to nothing in 50 ns.
        assert!((meter.backlog - (20.0 * 40.0 + 50.0 * 25.0)).abs() < 1e-9, "{}", meter.backlog);
    }

    #[test]
    fn a_burst_is_counted_from_its_first_message() {
        let mut meter = Meter::default();
        let ms = 1_000_000;
        let bursts: Vec<u64> = [0, 1, 9, 10, 19, 20, 50].into_iter().filter_map(|at| meter.starts(at * ms)).collect();
        assert_eq!(bursts, [3, 2, 1]);
        assert_eq!(meter.at_once, 1);
    }
}
