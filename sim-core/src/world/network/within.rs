//! Messages between the instances of one store, and those of a relay: how long they take, and whether they come.
//!
//! They are no frames, because nobody waits for one of them alone: their fate is known as they set out. They take no bandwidth, and unlike the log of
//! a store (`streams`) they do not wait behind what is being sent, and what is lost of them is lost.

use super::ends::{End, Ends, Way};
use super::wire::EdgeEffect;
use crate::engine::math::whole_ns;
use crate::engine::rng::{Keyed, mix};
use crate::ids::{ServiceId, ZoneId};
use crate::network::egress::FOREVER_NS;
use crate::world::World;

/// Of the draws of such messages.
const WITHIN: u64 = 0x7b;

impl World<'_> {
    /// How long a message that sets out now takes from an instance of a store to another, by their zones [ns]; `None` where it is lost.
    pub(in crate::world) fn within_takes(
        &mut self,
        store: ServiceId,
        (from, to): (ZoneId, ZoneId),
        key: u64,
    ) -> Option<u64> {
        self.message_takes((store, store), (from, to), key)
    }

    /// The same of a message from an instance of one service to one of another.
    pub(in crate::world) fn message_takes(
        &mut self,
        (sender, receiver): (ServiceId, ServiceId),
        (from, to): (ZoneId, ZoneId),
        key: u64,
    ) -> Option<u64> {
        let network = &self.network;
        let end = |service, zone| End::instance(service, zone, &network.regions);
        let ends = Ends { caller: end(sender, from), callee: end(receiver, to) };
        let way = network.quality_between(self.model, &ends, Way::There, (from.index(), to.index()));
        let link = network.routes.link_of(usize::from(way), || key);
        let quality = &network.qualities[link.place];
        let of_run = mix(self.seed, WITHIN ^ (u64::from(self.replication) << 32));
        let mut draw = Keyed::new(mix(of_run, key));
        let mut after = whole_ns(quality.latency.sample(&mut draw));
        let mut is_lost = link.is_withdrawn || draw.unit() < quality.loss;
        for fault in network.faults.iter().filter(|fault| fault.strikes_datagram(&ends)) {
            match fault.effect {
                EdgeEffect::Loss(p) => is_lost |= draw.unit() < p,
                EdgeEffect::Delay(p) if draw.unit() < p => {
                    let delay = network.delays[fault.fault.index()].as_ref();
                    let add = delay.map_or(0, |delay| whole_ns(delay.sample(&mut draw) * fault.grown));
                    after = after.saturating_add(add);
                }
                _ => {}
            }
        }
        (!is_lost).then_some(after.min(FOREVER_NS))
    }
}
