//! A message that TCP brings over a link whose buffer it shares with others: segment by segment, as acknowledgements come back.
//!
//! Which segments find room depends on what all other messages have left in the buffer at that moment, so that nothing is known before a segment is
//! sent. [`Flow::goes_on`] is asked at the times that it names itself: it takes the acknowledgements that are back, sends what the window allows, and
//! says when to ask again, or when the last of the message arrives.
//!
//! Acknowledgements take no bandwidth and are never lost. The way from the sender to the buffer is as fast as it needs to be: a window is in the
//! buffer at the moment at which it is sent, as from a host whose card is much faster than the port of the switch.

use super::egress::Egress;
use super::tcp::{Arrived, Sender, Tcp, Transmission};
use crate::engine::rng::{Keyed, mix};
use std::collections::VecDeque;

/// The link, as a segment that is sent now sees it.
#[derive(Debug)]
pub struct BufferedLink<'a> {
    /// Its sending end, with the buffer.
    pub egress: &'a mut Egress,
    /// How long a segment is on the way [ns]; its acknowledgement as long.
    pub delay: u64,
    /// Chance that a segment is lost on the way, beside those that find no room.
    pub loss: f64,
}

/// What the segments of one message carry.
#[derive(Debug, Clone, Copy)]
pub struct Payload {
    /// All of it [bytes].
    pub bytes: u64,
    /// Of each segment but the last [bytes].
    pub segment: u64,
    /// Its draws derive from this.
    pub key: u64,
}

impl Payload {
    /// What a segment carries [bytes].
    fn of(&self, segment: u32) -> u64 {
        self.bytes.saturating_sub(u64::from(segment) * self.segment).min(self.segment)
    }
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The last of the message arrives then [ns].
    Arrives(u64),
    /// It goes on then [ns].
    GoesOn(u64),
    /// A segment was lost too often: the message is given up.
    GivenUp,
}

/// What was counted since the flow went on last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// What was sent [bytes].
    pub sent: u64,
    /// Segments that found no room.
    pub dropped: u64,
    /// Whether the retransmission timer ran out.
    pub timed_out: bool,
}

impl Seen {
    /// Whether there is anything to count.
    pub fn is_noted(&self) -> bool {
        self.dropped > 0 || self.timed_out
    }
}

/// The acknowledgements of one message that are under way, and its timer.
#[derive(Debug, Clone, Default)]
pub struct Flow {
    /// When each is back, when its segment was sent [ns], and which it was; in the order in which they are back.
    acknowledgements: VecDeque<(u64, u64, Transmission)>,
    /// When the timer began [ns]: the last time at which something was acknowledged, or at which nothing was out and something was sent.
    timer_from: u64,
}

impl Flow {
    /// A message that begins to be sent then [ns].
    pub fn new(now: u64) -> Self {
        Self { acknowledgements: VecDeque::new(), timer_from: now }
    }

    /// The message goes on at a time that it has named, or begins.
    pub fn goes_on(
        &mut self,
        now: u64,
        (tcp, payload): (&Tcp, Payload),
        (sender, arrived): (&mut Sender, &mut Arrived),
        link: &mut BufferedLink<'_>,
    ) -> (Next, Seen) {
        let mut seen = Seen::default();
        while let Some(&(at, sent, transmission)) = self.acknowledgements.front().filter(|(at, ..)| *at <= now) {
            self.acknowledgements.pop_front();
            sender.acknowledged(transmission, at - sent);
            self.timer_from = at;
        }
        if sender.is_waiting() && self.times_out_at(sender, tcp) <= now {
            seen.timed_out = true;
            self.timer_from = now;
            if !sender.times_out(tcp) {
                return (Next::GivenUp, seen);
            }
        }
        while let Some(transmission) = sender.transmits() {
            let bytes = payload.of(transmission.segment);
            let Some(left) = link.egress.put(now, bytes) else {
                seen.dropped += 1;
                continue;
            };
            seen.sent += bytes;
            if link.loss > 0.0 && Keyed::new(mix(payload.key, transmission.order)).unit() < link.loss {
                continue;
            }
            let there = left.saturating_add(link.delay);
            if arrived.takes(transmission.segment) {
                return (Next::Arrives(there), seen);
            }
            // None is back before one that was sent earlier, though the way may have become shorter.
            let earliest = self.acknowledgements.back().map_or(0, |(at, ..)| *at);
            let back = there.saturating_add(link.delay).max(earliest);
            self.acknowledgements.push_back((back, now, transmission));
        }
        let back = self.acknowledgements.front().map_or(u64::MAX, |(at, ..)| *at);
        // Time goes on, however short the timer is.
        (Next::GoesOn(back.min(self.times_out_at(sender, tcp)).max(now + 1)), seen)
    }

    /// The message goes on over a link without a buffer: what is under way counts as acknowledged, as it is behind the buffer. Tells whether its
    /// timer has run out by now, as what found no room is still out.
    pub fn leaves(self, now: u64, tcp: &Tcp, sender: &mut Sender) -> bool {
        let runs_out = self.times_out_at(sender, tcp) <= now;
        let any_is_back = self.acknowledgements.front().is_some_and(|(at, ..)| *at <= now);
        for (at, sent, transmission) in self.acknowledgements {
            sender.acknowledged(transmission, at - sent);
        }
        runs_out && !any_is_back && sender.is_waiting()
    }

    /// When its timer runs out, if nothing is acknowledged before [ns].
    fn times_out_at(&self, sender: &Sender, tcp: &Tcp) -> u64 {
        self.timer_from.saturating_add(sender.timer(tcp))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{Bandwidth, Bytes, SimDuration};
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    const US: u64 = 1000;
    const MS: u64 = 1_000_000;

    /// One message at the port of a switch.
    struct Message {
        flow: Flow,
        sender: Sender,
        arrived: Arrived,
        payload: Payload,
    }

    /// What was seen at the port.
    #[derive(Debug, Default, PartialEq, Eq)]
    struct Port {
        /// When the last message was there [ns].
        over: u64,
        dropped: u64,
        timeouts: u64,
    }

    /// Messages of so many bytes that begin at these times over one port of 1 Gbit/s.
    fn send(tcp: &Tcp, (buffer, delay, loss): (u64, u64, f64), begins: &[u64], bytes: u64) -> Port {
        let mut egress = Egress::new(Bandwidth::from_bytes_per_second(125e6), Some(Bytes::new(buffer)));
        let (segments, segment) = tcp.segments(bytes);
        let mut messages: Vec<Message> = begins
            .iter()
            .enumerate()
            .map(|(i, &now)| Message {
                flow: Flow::new(now),
                sender: Sender::new(tcp, segments, 2 * delay + egress.takes(segment)),
                arrived: Arrived::none(segments),
                payload: Payload { bytes, segment, key: mix(3, i as u64) },
            })
            .collect();
        let mut due: BinaryHeap<_> = begins.iter().enumerate().map(|(i, &at)| Reverse((at, i))).collect();
        let mut port = Port::default();
        while let Some(Reverse((now, i))) = due.pop() {
            let m = &mut messages[i];
            let mut link = BufferedLink { egress: &mut egress, delay, loss };
            let (next, seen) = m.flow.goes_on(now, (tcp, m.payload), (&mut m.sender, &mut m.arrived), &mut link);
            port.dropped += seen.dropped;
            port.timeouts += u64::from(seen.timed_out);
            match next {
                Next::Arrives(at) => port.over = port.over.max(at),
                Next::GoesOn(at) => due.push(Reverse((at, i))),
                Next::GivenUp => panic!("{i} is given up"),
            }
        }
        port
    }

    fn tcp(rto_ms: u64, segment: u64, initial_window: u32) -> Tcp {
        Tcp {
            rto_min: SimDuration::from_ns(rto_ms * MS),
            segment: Bytes::new(segment),
            initial_window,
            ..Tcp::default()
        }
    }

    /// (Buffer + what the link takes away in a round trip) / (window x segment) senders lose nothing whose first windows come evenly over a round
    /// trip of 100 µs, in which the link takes 12.5 kB away. Arithmetic, which knows no whole segments: one sender fewer loses nothing here, and two
    /// more lose.
    #[test]
    fn the_first_window_overflows_at_the_number_of_senders_that_arithmetic_says() {
        for (buffer, most) in [(32 * 1024, 15), (64 * 1024, 26)] {
            let drops = |senders: u64| {
                let begins: Vec<u64> = (0..senders).map(|i| i * 100 * US / (senders - 1)).collect();
                send(&tcp(200, 1500, 2), (buffer, 50 * US, 0.0), &begins, 3000).dropped
            };
            assert_eq!((drops(most - 1), drops(most + 2) > 0), (0, true), "{buffer}");
        }
    }

    /// Alone in a deep buffer a message takes what it takes over a link without one.
    #[test]
    fn alone_it_takes_what_the_short_form_says() {
        use crate::network::tcp::PlainLink;
        for bytes in [1460, 14_600, 100_000, 1_000_000] {
            let tcp = Tcp::default();
            let (segments, _) = tcp.segments(bytes);
            for delay in [0, 50 * US, 5 * MS] {
                let found = send(&tcp, (1 << 30, delay, 0.0), &[0], bytes);
                let segment_ns = 1460 * 8;
                let link = PlainLink { segment_ns, round_trip: 2 * delay, loss: 0.0 };
                let last = bytes - u64::from(segments - 1) * 1460;
                let exact = link.without_loss(&tcp, segments) - segment_ns + last * 8 + delay;
                assert_eq!(found, Port { over: exact, dropped: 0, timeouts: 0 }, "{bytes} {delay}");
            }
        }
    }

    /// Phanishayee and others, FAST 2008: over 1 Gbit/s with 100 µs, 256 KB from each server and a timer of 200 ms, goodput falls by an order of
    /// magnitude between a few and some ten senders with 32 to 64 KB; twice the buffer carries twice the senders, and a timer of 1 ms brings most of
    /// it back. The shape is published, the numbers are ours.
    #[test]
    fn many_senders_collapse_and_a_short_timer_restores_them() {
        let goodput = |senders: u64, rto_ms: u64, buffer: u64| {
            let begins: Vec<u64> = (0..senders).map(|i| i * US).collect();
            let found = send(&tcp(rto_ms, 1460, 2), (buffer, 50 * US, 0.0), &begins, 256 * 1024);
            (senders * 256 * 1024 * 8) as f64 / (found.over as f64 / 1e9) / 1e6
        };
        for (buffer, few, many) in [(32 << 10, 8, 12), (64 << 10, 16, 24)] {
            let (few, many) = (goodput(few, 200, buffer), goodput(many, 200, buffer));
            assert!(few > 900.0 && many < 300.0, "{few} and {many} Mbit/s with {buffer} B");
        }
        let restored = [(12, 32 << 10), (24, 64 << 10), (40, 64 << 10)].map(|(many, buffer)| goodput(many, 1, buffer));
        assert!(restored.iter().all(|rate| *rate > 600.0), "{restored:?} Mbit/s");
        assert!(goodput(40, 200, 4 << 20) > 900.0, "a deep buffer loses nothing");
    }

    /// A block of which the end is lost waits for the timer once: block / (block / C + timer), 38.46 and 75.7 Mbit/s of 1 Gbit/s with 200 ms. All of
    /// it is sent in one window, and the buffer takes nine tenths.
    #[test]
    fn one_timeout_costs_what_arithmetic_says() {
        for (bytes, mbits) in [(1_000_000, 38.46), (2_048_000, 75.7)] {
            let window = u32::try_from(bytes / 1460 + 1).unwrap();
            let found = send(&tcp(200, 1460, window), (bytes / 10 * 9, 50 * US, 0.0), &[0], bytes);
            assert!(found.dropped > 50 && found.timeouts == 1, "{found:?}");
            let rate = bytes as f64 * 8e3 / found.over as f64;
            assert!((rate / mbits - 1.0).abs() < 0.02, "{rate} Mbit/s, and not {mbits}");
        }
    }

    #[test]
    fn what_is_lost_at_random_costs_timers_as_over_any_link() {
        let port = send(&Tcp::default(), (1 << 20, 0, 0.5), &[0; 400], 1000);
        assert!((300..=500).contains(&port.timeouts), "{port:?}: each is lost once on average");
    }
}
