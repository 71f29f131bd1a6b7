//! What links with a bandwidth, a buffer or a transport hold, and how a message crosses one.

use super::message::Message;
use crate::engine::rng::{Keyed, mix};
use crate::ids::{RegionId, ZoneId};
use crate::network::LinkQuality;
use crate::network::egress::Egress;
use crate::network::flow::{BufferedLink, Flow, Next, Payload, Seen};
use crate::network::tcp::{Arrived, PlainLink, Sender, Tcp};
use crate::world::frame::FrameId;

/// Keeps the draws of segments apart from those of whole messages.
const SEGMENTS: u64 = 0x64;

/// What is left of a message that waits for its timer.
#[derive(Debug)]
pub(super) struct Stalled {
    /// For what its frame waits.
    seq: u64,
    pub(super) message: Message,
    /// The transport with which it set out.
    pub(super) tcp: Tcp,
    sender: Sender,
    /// What each of its segments but the last carries [bytes].
    segment: u64,
    arrived: Arrived,
    /// Timeouts so far.
    timeouts: u64,
    /// When it set out [ns].
    pub(super) begun: u64,
    /// Where it shares a buffer: its acknowledgements under way.
    flow: Option<Flow>,
}

impl Stalled {
    /// Whether its frame wakes for acknowledgements too, and not for the timer alone.
    pub(super) fn shares_a_buffer(&self) -> bool {
        self.flow.is_some()
    }

    /// The timer has run out; `false` where the message is given up.
    pub(super) fn times_out(&mut self) -> bool {
        self.timeouts += 1;
        self.sender.times_out(&self.tcp)
    }
}

/// What links with a body hold.
#[derive(Debug, Default)]
pub(super) struct Carriage {
    /// By quality and the zones between which its messages travel; empty where no link has a bandwidth.
    egresses: Vec<Vec<Egress>>,
    /// Any link has a bandwidth or a transport.
    is_any: bool,
    /// By frame.
    stalled: Vec<Option<Box<Stalled>>>,
}

impl Carriage {
    /// A distance or a direction of a link is this from now on.
    pub(super) fn changes(&mut self, place: usize, quality: &LinkQuality, zones: usize, now: u64) {
        self.is_any |= quality.bandwidth.is_some() || quality.transport.is_some();
        let Some(bandwidth) = quality.bandwidth else {
            if let Some(egresses) = self.egresses.get_mut(place) {
                egresses.clear();
            }
            return;
        };
        if self.egresses.len() <= place {
            self.egresses.resize(place + 1, Vec::new());
        }
        let egresses = &mut self.egresses[place];
        if egresses.is_empty() {
            // A named link has one for each of its directions, a distance one for each two places.
            *egresses = vec![Egress::new(bandwidth, quality.buffer); if place < 3 { zones * zones } else { 1 }];
        }
        egresses.iter_mut().for_each(|egress| egress.set(now, bandwidth, quality.buffer));
    }

    /// Whether any link does more than hold up or lose whole messages.
    #[inline(always)]
    pub(super) fn carries(&self) -> bool {
        self.is_any
    }

    /// What is left of the message of a frame.
    pub(super) fn take(&mut self, frame: FrameId) -> Option<Box<Stalled>> {
        self.stalled.get_mut(frame.index())?.take()
    }

    /// Whether what a frame wakes for is a timer of the transport.
    #[inline(always)]
    pub(super) fn is_stalled(&self, frame: FrameId, seq: u64) -> bool {
        !self.stalled.is_empty() && matches!(self.stalled.get(frame.index()), Some(Some(stalled)) if stalled.seq == seq)
    }

    /// The egress of a message from one zone to another.
    pub(super) fn egress(&mut self, place: usize, ends: (ZoneId, ZoneId), regions: &[RegionId]) -> Option<&mut Egress> {
        self.egresses.get_mut(place)?.get_mut(of_two(place, ends, regions))
    }

    /// How long what goes from one zone to another waits for what is being sent [ns].
    pub(super) fn waits_ns(&self, place: usize, ends: (ZoneId, ZoneId), regions: &[RegionId], now: u64) -> u64 {
        let egress = self.egresses.get(place).and_then(|egresses| egresses.get(of_two(place, ends, regions)));
        egress.map_or(0, |egress| egress.waits_ns(now))
    }

    /// The sending end of one direction of a named link, if it has a bandwidth.
    pub(super) fn egress_of_link(&self, place: usize) -> Option<Egress> {
        self.egresses.get(place)?.first().copied()
    }

    /// A message stalls until its frame wakes.
    pub(super) fn waits(&mut self, frame: FrameId, seq: u64, mut stalled: Box<Stalled>) {
        if self.stalled.len() <= frame.index() {
            self.stalled.resize_with(frame.index() + 1, || None);
        }
        stalled.seq = seq;
        self.stalled[frame.index()] = Some(stalled);
    }
}

/// The place of the egress between two zones, among those of a quality.
#[inline(always)]
fn of_two(place: usize, (from, to): (ZoneId, ZoneId), regions: &[RegionId]) -> usize {
    match place {
        0 | 1 => from.index() * regions.len() + to.index(),
        // Regions are not more than zones.
        2 => regions[from.index()].index() * regions.len() + regions[to.index()].index(),
        _ => 0,
    }
}

/// What is to be brought over.
pub(super) struct Load {
    pub(super) now: u64,
    /// Its size.
    pub(super) bytes: u64,
    /// Of its frame, for its draws.
    pub(super) key: u64,
    pub(super) message: Message,
    /// How long each segment is on the way [ns].
    pub(super) delay: u64,
    /// Chance that a segment is lost.
    pub(super) loss: f64,
}

/// How a message crosses a link.
pub(super) struct Crossed {
    /// After this it is there, or its timer runs out [ns].
    pub(super) delay: u64,
    /// What is left of it then.
    pub(super) stalled: Option<Box<Stalled>>,
    /// What was sent of it, again too [bytes].
    pub(super) sent: u64,
    /// Whether it is given up.
    pub(super) is_given_up: bool,
    /// What was seen at the buffer.
    pub(super) seen: Seen,
}

impl Crossed {
    fn over(delay: u64, sent: u64) -> Self {
        Self { delay, stalled: None, sent, is_given_up: false, seen: Seen::default() }
    }
}

/// A time and others behind it [ns], none of which is beyond the range of times.
fn later(time: u64, others: [u64; 3]) -> u64 {
    others.into_iter().fold(time, u64::saturating_add)
}

/// A message crosses a link by TCP, until all of it is there or its timer runs out.
pub(super) fn crosses(
    tcp: &Tcp,
    mut egress: Option<&mut Egress>,
    load: &Load,
    goes_on: Option<Box<Stalled>>,
) -> Crossed {
    // What has begun keeps the segments that it has.
    let begun = goes_on.as_ref().map(|stalled| (stalled.sender.segments(), stalled.segment));
    if let Some(egress) = egress.as_mut().filter(|egress| egress.has_buffer()) {
        let (segments, segment) = begun.unwrap_or_else(|| tcp.segments_in_a_buffer(load.bytes));
        return crosses_a_buffer((tcp, segments, segment), egress, load, goes_on);
    }
    let (segments, payload) = begun.unwrap_or_else(|| tcp.segments(load.bytes));
    let mut seen = Seen::default();
    let goes_on = match goes_on {
        Some(mut stalled) => {
            // The link has no buffer any more.
            if let Some(flow) = stalled.flow.take()
                && flow.leaves(load.now, tcp, &mut stalled.sender)
            {
                seen.timed_out = true;
                if !stalled.times_out() {
                    return Crossed { is_given_up: true, seen, ..Crossed::over(0, 0) };
                }
            }
            Some(stalled)
        }
        None => None,
    };
    let last = load.bytes.saturating_sub(u64::from(segments - 1) * payload);
    let segment_ns = egress.as_ref().map_or(0, |egress| egress.takes(payload.min(load.bytes)));
    // Acknowledgements come back in the time that the message takes there: what is different on their way is not known to its sender.
    let link = PlainLink { segment_ns, round_trip: load.delay.saturating_mul(2), loss: load.loss };
    let begins =
        egress.as_mut().and_then(|egress| egress.put(load.now, 0)).map_or(0, |free| free.max(load.now) - load.now);
    if link.loss == 0.0 && goes_on.is_none() {
        let takes = link.without_loss(tcp, segments).saturating_sub(segment_ns);
        let last_ns = egress.as_ref().map_or(0, |egress| egress.takes(last));
        if let Some(egress) = egress {
            egress.put(load.now, load.bytes);
        }
        return Crossed::over(later(load.delay, [begins, takes, last_ns]), load.bytes);
    }
    let mut stalled =
        goes_on.unwrap_or_else(|| begins_to_send(tcp, (segments, payload), link.round_trip + segment_ns, load));
    let way = SEGMENTS ^ (load.message.way() as u64) << 8;
    let mut draw = Keyed::new(mix(mix(load.key, way), stalled.timeouts));
    let crossing = link.crosses(tcp, &mut stalled.sender, &mut stalled.arrived, &mut draw);
    let sent = crossing.sent * payload.min(load.bytes);
    if let Some(egress) = egress {
        egress.put(load.now, sent);
    }
    if crossing.is_over {
        return Crossed { seen, ..Crossed::over(later(load.delay, [begins, crossing.after, 0]), sent) };
    }
    // The timer began when the last segment had been sent, and knows nothing of the time on the way.
    Crossed { stalled: Some(stalled), seen, ..Crossed::over(later(begins, [crossing.after, 0, 0]), sent) }
}

/// A message of which nothing was sent.
fn begins_to_send(tcp: &Tcp, (segments, segment): (u32, u64), round_trip: u64, load: &Load) -> Box<Stalled> {
    let sender = Sender::new(tcp, segments, round_trip);
    let arrived = Arrived::none(segments);
    Box::new(Stalled {
        seq: 0,
        message: load.message,
        tcp: *tcp,
        sender,
        segment,
        arrived,
        timeouts: 0,
        begun: load.now,
        flow: None,
    })
}

/// A message goes on over a link with a buffer, until it has to hear of an acknowledgement or of its timer.
fn crosses_a_buffer(
    (tcp, segments, segment): (&Tcp, u32, u64),
    egress: &mut Egress,
    load: &Load,
    goes_on: Option<Box<Stalled>>,
) -> Crossed {
    let segment_ns = egress.takes(segment.min(load.bytes));
    let round_trip = load.delay.saturating_mul(2).saturating_add(segment_ns);
    let mut stalled = goes_on.unwrap_or_else(|| begins_to_send(tcp, (segments, segment), round_trip, load));
    let mut flow = stalled.flow.take().unwrap_or_else(|| Flow::new(load.now));
    let way = SEGMENTS ^ (load.message.way() as u64) << 8;
    let payload = Payload { bytes: load.bytes, segment, key: mix(load.key, way) };
    let mut link = BufferedLink { egress, delay: load.delay, loss: load.loss };
    let ends = (&mut stalled.sender, &mut stalled.arrived);
    let (next, seen) = flow.goes_on(load.now, (tcp, payload), ends, &mut link);
    let after = |at: u64| Crossed { seen, ..Crossed::over(at - load.now, seen.sent) };
    match next {
        Next::Arrives(at) => after(at),
        Next::GivenUp => Crossed { is_given_up: true, ..after(load.now) },
        Next::GoesOn(at) => {
            stalled.flow = Some(flow);
            Crossed { stalled: Some(stalled), ..after(at) }
        }
    }
}
