//! TCP, as far as it decides when a message is there: windows, losses, timeouts.
//!
//! [`Sender`] is the sending side of one message, and knows neither clock nor link: it says which segment may be sent next, and is told which were
//! acknowledged and that its timer has run out. [`PlainLink::crosses`] plays it through when the message sets out, until all of it is there or the
//! timer runs out. Over a link with a buffer each segment meets what all others have left there: that is [`super::flow`].
//!
//! Left out: delayed acknowledgements, the receiver's window, Nagle's and tail-loss probes, congestion controls other than Reno's.

use super::egress::FOREVER_NS;
use crate::engine::rng::Keyed;
use crate::problem::Problems;
use crate::units::{Bytes, SimDuration};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// More segments than these are joined: a message of gigabytes is not sent in millions of pieces, each of which costs time to simulate.
const MOST_SEGMENTS: u64 = 1 << 16;
/// The same over a link with a buffer, where larger segments would find room less often than those that they stand for.
const MOST_SEGMENTS_IN_A_BUFFER: u64 = 1 << 22;
/// So many segments that were sent later have to be acknowledged until one counts as lost: duplicate acknowledgements of RFC 5681.
pub const DUPLICATES: u8 = 3;

/// A lost segment delays its message, and does not lose it.
///
/// # What it models
/// A message is sent in segments over a connection that is open already, unless `connections` says otherwise. As many as `initial_window` are sent at
/// once, and for each acknowledgement two more (slow start), later one more a round trip (Reno). Three later acknowledgements tell that a segment is
/// lost, which is sent again after about a round trip, and halves the window; a loss at the end of a message is told by no later segment, and is
/// noticed by the retransmission timer, which is at least `rto_min`, and doubles with each loss of the same segment. After `retries` in a row the
/// message is lost. The window of a connection that was idle is the initial one again (RFC 5681, 4.1), so that each message begins with it.
///
/// A message occupies the bandwidth of its link from the moment at which it sets out. Acknowledgements are never lost and take as long as what they
/// acknowledge: what is wrong on their own way, a partition too, meets the answer and not the message that is acknowledged. A message of more than
/// 65536 segments (95.7 MB) is sent in as many larger ones, so that losses and windows act less on it than they would; over a link with a buffer that
/// is so from 4194304 segments (6.1 GB) on, and losses act more. What a host has begun to send is sent to its end, though the host crashes or
/// freezes.
///
/// With `connections: new` each request opens a connection of its own, which takes a round trip before anything is sent, but for calls through a
/// `pool` whose connection is open. A SYN or its answer that is lost is sent again after `syn_rto`, then after twice that, and so on; after
/// `syn_retries` the call is *unreachable*.
///
/// # When to use it
/// Where messages are lost, or are large, or come all at once: retransmission timers turn a loss of 1 % into a p99 of 200 ms.
///
/// # Knobs
/// - `rto_min`: the shortest retransmission timer, duration, default 200ms
/// - `rto_max`: the longest, duration, default 120s
/// - `retries`: of one segment, count, default 15
/// - `segment`: payload of one segment, bytes, default 1460B
/// - `initial_window`: segments, count, default 10
/// - `connections`: kept (open already) or new (each request opens one), default kept
/// - `syn_rto`: how long a SYN waits for its answer at first, duration, default 1s; with `connections: new`
/// - `syn_retries`: how often it is sent again, count, default 6; with `connections: new`
///
/// # Example
/// ```yaml
/// network: {within_zone: {latency: 0.25ms, loss: 0.1%, transport: {tcp: {rto_min: 200ms}}}}
/// ```
///
/// # Source
/// RFC 5681 (windows), RFC 6298 (timer), RFC 6675 (loss by later acknowledgements), RFC 6928 (initial window); Linux: `tcp_retries2` 15,
/// `TCP_RTO_MIN` 200 ms, `TCP_RTO_MAX` 120 s, `TCP_TIMEOUT_INIT` 1 s, `tcp_syn_retries` 6: 127 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Tcp {
    /// The shortest retransmission timer.
    pub rto_min: SimDuration,
    /// The longest retransmission timer.
    pub rto_max: SimDuration,
    /// How often a segment is sent again.
    pub retries: u32,
    /// Payload of a segment.
    pub segment: Bytes,
    /// Segments that are sent at once.
    pub initial_window: u32,
    /// Whether requests find a connection open.
    pub connections: Connections,
    /// How long a SYN waits for its answer at first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub syn_rto: Option<SimDuration>,
    /// How often a SYN is sent again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub syn_retries: Option<u32>,
}

/// Whether requests find a connection open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Connections {
    /// It is open already.
    #[default]
    Kept,
    /// Each request opens one.
    New,
}

impl Default for Tcp {
    fn default() -> Self {
        Self {
            rto_min: SimDuration::from_ns(200 * SimDuration::MILLISECOND.ns()),
            rto_max: SimDuration::from_ns(120 * SimDuration::SECOND.ns()),
            retries: 15,
            segment: Bytes::new(1460),
            initial_window: 10,
            connections: Connections::Kept,
            syn_rto: None,
            syn_retries: None,
        }
    }
}

impl Tcp {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        if self.rto_min.is_zero() {
            problems
                .error("rto_min", "a timer of no length sends a segment again before it can be acknowledged")
                .hint = Some("write a duration such as 200ms".into());
        }
        if self.rto_max < self.rto_min {
            problems.error("rto_max", format!("the longest timer is shorter than the shortest, {}", self.rto_min));
        }
        if self.segment == Bytes::ZERO {
            problems.error("segment", "a segment without payload carries nothing").hint = Some("write 1460B".into());
        }
        if self.initial_window == 0 {
            problems.error("initial_window", "nothing is ever sent").label = Some("1 or more".into());
        }
        for (key, given) in [("syn_rto", self.syn_rto.is_some()), ("syn_retries", self.syn_retries.is_some())] {
            if given && self.connections == Connections::Kept {
                problems.error(key, "connections are open already, so that no SYN is sent").hint =
                    Some("write connections: new".into());
            }
        }
        if self.syn_rto.is_some_and(SimDuration::is_zero) {
            problems.error("syn_rto", "a timer of no length sends a SYN again before it can be answered").hint =
                Some("write a duration such as 1s".into());
        }
        if self.syn_retries.is_some_and(|retries| retries > 60) {
            problems.error("syn_retries", "so many retries with a doubled timer take longer than any run").label =
                Some("0 to 60".into());
        }
        if self.retries > 60 {
            problems
                .error("retries", format!("{} retries with a doubled timer take longer than any run", self.retries))
                .label = Some("0 to 60".into());
        }
    }

    /// The segments of a message, and the payload of each [bytes]. A message without a size is one small segment.
    pub fn segments(&self, bytes: u64) -> (u32, u64) {
        self.at_most(MOST_SEGMENTS, bytes)
    }

    /// The same of a message over a link with a buffer.
    pub fn segments_in_a_buffer(&self, bytes: u64) -> (u32, u64) {
        self.at_most(MOST_SEGMENTS_IN_A_BUFFER, bytes)
    }

    fn at_most(&self, most: u64, bytes: u64) -> (u32, u64) {
        let segment = self.segment.get().max(bytes.div_ceil(most));
        (bytes.div_ceil(segment).max(1) as u32, segment)
    }

    /// How long a connection waits to be opened where each SYN, or its answer, is lost with this chance, without the round trip of the one that is
    /// answered [ns]; as an error where it is given up.
    ///
    /// # Errors
    /// After how long the caller knows that there is no connection [ns].
    pub fn opens_after(&self, loss: f64, draw: &mut Keyed) -> Result<u64, u64> {
        let first = self.syn_rto.map_or(SimDuration::SECOND.ns(), SimDuration::ns);
        let mut waited = 0_u64;
        for losses in 0..=self.syn_retries.unwrap_or(6) {
            if loss <= 0.0 || draw.unit() >= loss {
                return Ok(waited);
            }
            waited = waited.saturating_add(self.doubled(first, losses));
        }
        Err(waited)
    }

    /// The timer of a segment that was lost so often [ns].
    pub fn doubled(&self, first: u64, losses: u32) -> u64 {
        first.saturating_mul(1 << losses.min(60)).min(self.rto_max.ns().max(first))
    }
}

/// Where a segment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Waits,
    Out,
    Lost,
    Acknowledged,
}

/// A transmission that is not acknowledged.
#[derive(Debug, Clone, Copy)]
struct Out {
    order: u64,
    segment: u32,
    /// Later transmissions that are acknowledged.
    later: u8,
    /// It was sent before, and its loss is told by the timer alone.
    is_again: bool,
}

/// A transmission, as its driver has to bring it over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transmission {
    /// Its number, from 0; each is told to [`Sender::acknowledged`] when its acknowledgement is back.
    pub order: u64,
    /// The segment that it carries, from 0.
    pub segment: u32,
}

/// The sending side of one message.
#[derive(Debug, Clone)]
pub struct Sender {
    segments: Vec<At>,
    /// The next segment that was never sent.
    next: u32,
    /// Segments that may be out.
    window: f64,
    /// Up to here the window grows by one for each acknowledgement.
    threshold: f64,
    out: VecDeque<Out>,
    lost: VecDeque<u32>,
    order: u64,
    /// Losses of what was sent before this number are of one congestion.
    recovers_at: u64,
    /// Smoothed round trip and its mean deviation [ns].
    round_trip: f64,
    deviation: f64,
    /// Timeouts since the last acknowledgement.
    timeouts: u32,
}

impl Sender {
    /// A message of so many segments over a connection on which a round trip takes `round_trip` [ns].
    pub fn new(tcp: &Tcp, segments: u32, round_trip: u64) -> Self {
        Self {
            segments: vec![At::Waits; segments as usize],
            next: 0,
            window: f64::from(tcp.initial_window),
            threshold: f64::INFINITY,
            out: VecDeque::new(),
            lost: VecDeque::new(),
            order: 0,
            recovers_at: 0,
            round_trip: round_trip as f64,
            // A connection that has been in use for long, over a link whose latency is its mean.
            deviation: 0.0,
            timeouts: 0,
        }
    }

    /// The next transmission, if the window has room for one. What is lost goes first.
    pub fn transmits(&mut self) -> Option<Transmission> {
        if self.out.len() as f64 + 1.0 > self.window.max(1.0) {
            return None;
        }
        let lost = std::iter::from_fn(|| self.lost.pop_front()).find(|&s| self.segments[s as usize] == At::Lost);
        let is_again = lost.is_some();
        let segment = match lost {
            Some(segment) => segment,
            None if (self.next as usize) < self.segments.len() => {
                self.next += 1;
                self.next - 1
            }
            None => return None,
        };
        let order = self.order;
        self.order += 1;
        self.segments[segment as usize] = At::Out;
        self.out.push_back(Out { order, segment, later: 0, is_again });
        Some(Transmission { order, segment })
    }

    /// The acknowledgement of a transmission is back, a round trip [ns] after it was sent.
    pub fn acknowledged(&mut self, transmission: Transmission, round_trip: u64) {
        self.segments[transmission.segment as usize] = At::Acknowledged;
        self.timeouts = 0;
        // Jacobson's filters: an eighth and a quarter of what is new.
        let error = round_trip as f64 - self.round_trip;
        self.round_trip += error / 8.0;
        self.deviation += (error.abs() - self.deviation) / 4.0;
        let Ok(place) = self.out.binary_search_by_key(&transmission.order, |out| out.order) else {
            // The timer had run out for it too early.
            return;
        };
        self.out.remove(place);
        if place == 0 {
            // A duplicate acknowledgement lets one more be sent, and the window as it is (RFC 3042, RFC 6675).
            self.window += if self.window < self.threshold { 1.0 } else { 1.0 / self.window };
        }
        for out in self.out.iter_mut().take(place).filter(|out| !out.is_again) {
            out.later = out.later.saturating_add(1);
        }
        // Of those that are sent for the first time none has been passed by more than the oldest.
        while let Some(oldest) = self.out.iter().position(|out| !out.is_again)
            && self.out[oldest].later >= DUPLICATES
        {
            let Some(out) = self.out.remove(oldest) else { break };
            if out.order >= self.recovers_at {
                self.threshold = (self.out.len() as f64 / 2.0).max(2.0);
                self.window = self.threshold;
                self.recovers_at = self.order;
            }
            self.is_lost(out.segment);
        }
    }

    /// The timer has run out: all that is out counts as lost. `false` where it has done so too often.
    pub fn times_out(&mut self, tcp: &Tcp) -> bool {
        self.timeouts += 1;
        // A second timeout of the same segment halves nothing more (RFC 5681, 4).
        if self.timeouts == 1 {
            self.threshold = (self.out.len() as f64 / 2.0).max(2.0);
        }
        self.window = 1.0;
        self.recovers_at = self.order;
        // In their order, before what was known as lost already.
        while let Some(out) = self.out.pop_back() {
            self.segments[out.segment as usize] = At::Lost;
            self.lost.push_front(out.segment);
        }
        self.timeouts <= tcp.retries
    }

    /// How many segments the message has.
    pub fn segments(&self) -> u32 {
        self.segments.len() as u32
    }

    /// Whether anything is out that was not acknowledged.
    pub fn is_waiting(&self) -> bool {
        !self.out.is_empty()
    }

    fn is_lost(&mut self, segment: u32) {
        self.segments[segment as usize] = At::Lost;
        self.lost.push_back(segment);
    }

    /// How long it waits for an acknowledgement [ns] (RFC 6298, 2.3 and 5.5).
    pub fn timer(&self, tcp: &Tcp) -> u64 {
        let timer = ((self.round_trip + 4.0 * self.deviation) as u64).max(tcp.rto_min.ns());
        tcp.doubled(timer, self.timeouts)
    }
}

/// How a message fares over a link without a buffer, until it is there or a timer runs out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crossing {
    /// When the last of it has left for the other side, or the timer has run out [ns from its beginning].
    pub after: u64,
    /// Segments sent, with those that were lost.
    pub sent: u64,
    /// Whether it is over; else the timer has run out.
    pub is_over: bool,
}

/// A link without a buffer, as one message sees it.
#[derive(Debug, Clone, Copy)]
pub struct PlainLink {
    /// How long a segment takes to be sent [ns].
    pub segment_ns: u64,
    /// From a segment's end to its acknowledgement [ns].
    pub round_trip: u64,
    /// Chance that a segment is lost.
    pub loss: f64,
}

impl PlainLink {
    /// Time of a message of which nothing is lost [ns]: rounds that double until the link never waits for an acknowledgement.
    pub fn without_loss(&self, tcp: &Tcp, segments: u32) -> u64 {
        let (mut begin, mut window, mut left) = (0_u64, u64::from(tcp.initial_window), u64::from(segments));
        // Within a round segments follow each other; its first acknowledgement begins the next.
        while left > window && window.saturating_mul(self.segment_ns) < self.segment_ns + self.round_trip {
            begin = begin.saturating_add(self.segment_ns + self.round_trip);
            left -= window;
            window = window.saturating_mul(2);
        }
        begin.saturating_add(left.saturating_mul(self.segment_ns)).min(FOREVER_NS)
    }

    /// Brings segments over until all are there or the timer runs out; `arrived` holds which are there.
    pub fn crosses(&self, tcp: &Tcp, sender: &mut Sender, arrived: &mut Arrived, draw: &mut Keyed) -> Crossing {
        let mut acknowledgements: VecDeque<(u64, u64, Transmission)> = VecDeque::new();
        let (mut now, mut free, mut sent, mut progress) = (0_u64, 0_u64, 0, 0_u64);
        loop {
            while let Some(transmission) = sender.transmits() {
                sent += 1;
                free = free.max(now).saturating_add(self.segment_ns);
                progress = progress.max(now);
                if self.loss > 0.0 && draw.unit() < self.loss {
                    continue;
                }
                acknowledgements.push_back((free.saturating_add(self.round_trip), now, transmission));
                if arrived.takes(transmission.segment) {
                    return Crossing { after: free, sent, is_over: true };
                }
            }
            let timer = progress.max(free).saturating_add(sender.timer(tcp));
            match acknowledgements.pop_front() {
                Some((at, begin, transmission)) => {
                    now = at;
                    progress = at;
                    sender.acknowledged(transmission, at - begin);
                }
                None => return Crossing { after: timer, sent, is_over: false },
            }
        }
    }
}

/// Which segments of a message have arrived.
#[derive(Debug, Clone)]
pub struct Arrived {
    is_there: Vec<bool>,
    missing: u32,
}

impl Arrived {
    /// None of so many.
    pub fn none(segments: u32) -> Self {
        Self { is_there: vec![false; segments as usize], missing: segments }
    }

    /// A segment arrives, perhaps once more; whether all are there.
    pub fn takes(&mut self, segment: u32) -> bool {
        let place = &mut self.is_there[segment as usize];
        if !std::mem::replace(place, true) {
            self.missing -= 1;
        }
        self.missing == 0
    }

    /// How many are not there.
    pub fn missing(&self) -> u32 {
        self.missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::rng::mix;

    const MS: u64 = 1_000_000;

    /// Brings a message over, through all timeouts; how long it takes [ns], or `None` where it is given up.
    fn takes(tcp: &Tcp, link: PlainLink, segments: u32, key: u64) -> Option<u64> {
        let mut sender = Sender::new(tcp, segments, link.round_trip + link.segment_ns);
        let mut arrived = Arrived::none(segments);
        let mut draw = Keyed::new(key);
        let mut time = 0;
        loop {
            let crossing = link.crosses(tcp, &mut sender, &mut arrived, &mut draw);
            time += crossing.after;
            if crossing.is_over {
                return Some(time);
            }
            if !sender.times_out(tcp) {
                return None;
            }
        }
    }

    fn mean_ms(tcp: &Tcp, loss: f64, messages: u64) -> f64 {
        let link = PlainLink { segment_ns: 0, round_trip: 0, loss };
        let total: u64 = (0..messages).map(|i| takes(tcp, link, 1, mix(11, i)).unwrap()).sum();
        total as f64 / messages as f64 / MS as f64
    }

    /// A message of one segment waits RTO p / (1 - 2 p) longer on average, if the timer doubles without bound.
    #[test]
    fn one_lost_packet_costs_its_timers() {
        let uncapped = |rto: u64| Tcp {
            rto_min: SimDuration::from_ns(rto * MS),
            rto_max: SimDuration::YEAR,
            retries: 60,
            ..Tcp::default()
        };
        let mean = mean_ms(&uncapped(200), 0.01, 1_000_000);
        assert!((mean / 2.0408 - 1.0).abs() < 0.05, "{mean} ms");
        let mean = mean_ms(&uncapped(1000), 0.05, 1_000_000);
        assert!((mean / 55.556 - 1.0).abs() < 0.05, "{mean} ms");
    }

    /// Linux, ip-sysctl: 15 retries from 200 ms with at most 120 s between two take 924.6 s.
    #[test]
    fn what_never_arrives_is_given_up_after_924_seconds() {
        let tcp = Tcp::default();
        let link = PlainLink { segment_ns: 0, round_trip: 0, loss: 1.0 };
        let mut sender = Sender::new(&tcp, 1, 0);
        let (mut arrived, mut draw, mut time) = (Arrived::none(1), Keyed::new(0), 0);
        loop {
            time += link.crosses(&tcp, &mut sender, &mut arrived, &mut draw).after;
            if !sender.times_out(&tcp) {
                break;
            }
        }
        assert_eq!(time, 924_600 * MS);
    }

    /// Linux, ip-sysctl: 6 retries from 1 s take 127 s. A SYN that is lost with chance p waits 1 s x p / (1 - 2 p) on average, if it is never given
    /// up.
    #[test]
    fn a_connection_that_nobody_answers_is_given_up_after_127_seconds() {
        let tcp = Tcp { connections: Connections::New, ..Tcp::default() };
        assert_eq!(tcp.opens_after(1.0, &mut Keyed::new(0)), Err(127_000 * MS));
        assert_eq!(tcp.opens_after(0.0, &mut Keyed::new(0)), Ok(0));
        let patient = Tcp { syn_retries: Some(60), rto_max: SimDuration::YEAR, ..tcp };
        let waits = (0..1_000_000).map(|i| patient.opens_after(0.05, &mut Keyed::new(mix(13, i))).unwrap() as f64);
        let mean = waits.sum::<f64>() / 1e6 / MS as f64;
        assert!((mean / 55.556 - 1.0).abs() < 0.05, "{mean} ms");
    }

    /// Mathis and others 1997 and Padhye and others 1998, with an acknowledgement for each segment: throughput of a long transfer.
    #[test]
    fn throughput_under_loss_is_that_of_reno() {
        for (round_trip, loss, mathis) in [(50, 0.001, 1.131e6), (100, 0.01, 178.8e3)] {
            let link = PlainLink { segment_ns: 1000, round_trip: round_trip * MS, loss };
            let segments = 60_000;
            let mut seconds = 0.0;
            for key in 0..8 {
                seconds += takes(&Tcp::default(), link, segments, key).unwrap() as f64 / 1e9;
            }
            let rate = 8.0 * f64::from(segments) * 1460.0 / seconds;
            assert!((rate / mathis - 1.0).abs() < 0.2, "{rate:.0} B/s, and not {mathis}");
        }
    }

    /// The short form for messages of which nothing is lost is what segments one by one come to.
    #[test]
    fn without_loss_the_short_form_is_exact() {
        for segments in [1, 9, 10, 11, 29, 30, 31, 200, 1000] {
            for (segment_ns, round_trip) in
                [(0, 0), (1000, 0), (0, 100_000), (1000, 100_000), (1000, 15_000), (12_000, 50_000)]
            {
                let link = PlainLink { segment_ns, round_trip, loss: 0.0 };
                let exact = takes(&Tcp::default(), link, segments, 0).unwrap();
                assert_eq!(link.without_loss(&Tcp::default(), segments), exact, "{segments} {link:?}");
            }
        }
    }

    #[test]
    fn a_loss_in_the_middle_costs_a_round_trip_and_one_at_the_end_a_timer() {
        let tcp = Tcp::default();
        let sends = |lost: u32| {
            let mut sender = Sender::new(&tcp, 8, MS);
            let first: Vec<_> = std::iter::from_fn(|| sender.transmits()).collect();
            assert_eq!(first.len(), 8, "all of it fits into the first window");
            first.iter().filter(|t| t.segment != lost).for_each(|t| sender.acknowledged(*t, MS));
            sender.transmits().map(|t| t.segment)
        };
        assert_eq!((sends(4), sends(5), sends(7)), (Some(4), None, None));
    }

    #[test]
    fn messages_are_cut_into_segments() {
        let tcp = Tcp::default();
        assert_eq!((tcp.segments(0), tcp.segments(1460), tcp.segments(1461)), ((1, 1460), (1, 1460), (2, 1460)));
        let (segments, payload) = tcp.segments(1 << 40);
        assert_eq!((segments, payload), (1 << 16, 1 << 24));
    }
}
