//! Messages to which nothing happens but that time passes: nearly all, in nearly all models.
//!
//! What a call site, a distance and a named link come to is put together here once, so that such a message touches few lines of the cache, makes no
//! draw and has no [`super::fate::Fate`]. Where anything else may happen to a message it takes the way of all, [`World::transmit`], which would do to
//! a plain one exactly what is done here: the tests of determinism compare both by their digests.
//!
//! What goes over one link in one direction arrives in the order in which it set out, as long as the link takes the same time for all. So it waits in
//! a lane of the link and not in the heap of events. What would arrive before the last one in the lane, because the link has changed or the message
//! has no size and did not wait, goes to the heap.

use super::ends::Way;
use super::message::{Departure, Message, Parties};
use super::wire::Network;
use crate::dist::Sampler;
use crate::engine::calendar::{LaneId, Lanes};
use crate::engine::math::whole_ns;
use crate::engine::rng::Keyed;
use crate::engine::table::{Id, Table};
use crate::ids::{Caller, EdgeId, ZoneId};
use crate::model::Model;
use crate::world::frame::{FrameId, Phase};
use crate::world::{LANE, WAKE, World};

/// Who sends the requests of a call site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sender {
    /// A load class in a zone.
    Zone(ZoneId),
    /// An instance of a service, which waits for the answer.
    Instance,
    /// Users who stand nowhere, a queue or a scaler.
    Other,
}

/// What messages of a call site need.
#[derive(Debug, Clone, Copy)]
struct Site {
    sender: Sender,
    /// Sizes on the way there and back [bytes].
    bytes: [u64; 2],
}

/// All call sites, and the lanes of what is on its way.
#[derive(Debug, Default)]
pub(super) struct Undisturbed {
    sites: Table<EdgeId, Site>,
    /// By the place of a quality.
    lanes: Vec<LaneId>,
}

impl Undisturbed {
    pub(super) fn new(model: &Model, lanes: &mut Lanes) -> Self {
        let site = |edge: &crate::topology::Edge| Site {
            sender: match edge.caller {
                Caller::Load(load) => model.loads[load.index()].zone.map_or(Sender::Other, Sender::Zone),
                Caller::Endpoint(_) => Sender::Instance,
                Caller::Queue(_) | Caller::Scaler(_) => Sender::Other,
            },
            bytes: [edge.size.0.get(), edge.size.1.get()],
        };
        let ways = 3 + 2 * model.network.links.len();
        Self {
            sites: model.edges.iter().map(site).collect::<Vec<_>>().into(),
            lanes: (0..ways).map(|_| lanes.of_times()).collect(),
        }
    }
}

/// How long every message is on the way over a link, where that is the same for all and none is lost [ns].
pub(super) fn always_takes(quality: &crate::network::LinkQuality, latency: &Sampler) -> Option<u64> {
    let is_plain = quality.loss.value() == 0.0 && quality.tcp().is_none() && quality.buffer.is_none();
    // What is constant makes no draw.
    (is_plain && latency.is_constant().is_some()).then(|| whole_ns(latency.sample(&mut Keyed::new(0))))
}

impl Network {
    /// Whether nothing happens to messages but what links always do.
    #[inline(always)]
    fn is_undisturbed(&self) -> bool {
        self.faults.is_empty()
            && !self.table.is_empty()
            && !self.cards.are_any()
            && !self.opens
            && !self.resolvers.are_struck()
    }
}

impl World<'_> {
    /// Sends a message to which nothing happens but that time passes; `None` where more may happen, and nothing has been done.
    #[inline(always)]
    pub(super) fn is_plainly_sent(&mut self, frame: FrameId, message: Message) -> Option<Departure> {
        let way = match message {
            Message::Request => Way::There,
            Message::Reply(_) => Way::Back,
            Message::Delivery | Message::Check | Message::CheckReply(_) => return None,
        };
        if !self.network.is_undisturbed() {
            return None;
        }
        let at = &self.frames[frame];
        let (edge, waiter, instance) = (at.edge, at.waiter, at.instance.get()?);
        let site = self.network.undisturbed.sites[edge];
        let caller = match site.sender {
            Sender::Zone(_) => None,
            Sender::Instance => Some(self.frames.waiting(waiter)?),
            Sender::Other => return None,
        };
        let zones = if self.network.regions.len() == 1 {
            (ZoneId::from(0), ZoneId::from(0))
        } else {
            let from = match (site.sender, caller) {
                (Sender::Zone(zone), _) => zone,
                (_, Some(caller)) => self.stations.zone_of(self.frames[caller].instance.get()?),
                _ => return None,
            };
            (from, self.stations.zone_of(instance))
        };
        let place = self.network.on_way(Parties::Call(edge), way, zones);
        // What takes a route has no quality at its place.
        let latency_ns = self.network.qualities.get(place)?.always_ns?;
        let bytes = site.bytes[way as usize];
        if bytes > 0 {
            self.count_bytes_between(edge, bytes, zones);
        }
        let delay = latency_ns.saturating_add(self.network.leaves_after(place, way, zones, bytes, self.now));
        if let Some(link) = self.network.meters.counts_on(place) {
            self.crosses_plainly(link, delay, bytes);
        }
        Some(match message {
            Message::Reply(outcome) if delay == 0 => Departure::Ends(outcome),
            _ if delay == 0 => self.knocks(frame),
            Message::Reply(outcome) => {
                self.frames[frame].outcome = outcome;
                self.waits_in_lane(frame, place, delay, Phase::Replying)
            }
            _ => self.waits_in_lane(frame, place, delay, Phase::Arriving),
        })
    }

    /// A message is on its way over a link for so long [ns].
    #[inline(always)]
    fn waits_in_lane(&mut self, frame: FrameId, place: usize, delay: u64, phase: Phase) -> Departure {
        let delay = delay.min(crate::network::egress::FOREVER_NS);
        let (lane, at, frames) = (self.network.undisturbed.lanes[place], self.now + delay, &self.frames);
        let seq = self
            .lanes
            .push_at(&mut self.calendar, lane, at, (LANE, WAKE), frame.place(), |index, seq| frames.wanted(index, seq));
        let at = &mut self.frames[frame];
        at.seq = seq;
        at.phase = phase;
        Departure::Away
    }
}

impl Network {
    /// After how long so many bytes have left over a link that has a bandwidth and no buffer [ns].
    #[inline(always)]
    fn leaves_after(
        &mut self,
        place: usize,
        way: Way,
        (caller, callee): (ZoneId, ZoneId),
        bytes: u64,
        now: u64,
    ) -> u64 {
        if bytes == 0 || !self.carriage.carries() {
            return 0;
        }
        let ends = if way == Way::There { (caller, callee) } else { (callee, caller) };
        let Some(egress) = self.carriage.egress(place, ends, &self.regions) else { return 0 };
        self.meters.advances(place, Some(egress), now);
        egress.put(now, bytes).map_or(0, |sent| sent - now)
    }
}
