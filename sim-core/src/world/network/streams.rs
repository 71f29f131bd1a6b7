//! Messages between the copies of one store, which go over connections that are always there: what is lost on its way is sent again.
//!
//! They are no frames: how long each is on its way is known as it sets out. They take no bandwidth, and wait behind what is being sent. A way is cut
//! where nothing can come through at all: in a partition, or where its link is withdrawn.

use super::ends::{End, Ends, Way};
use super::wire::{EdgeEffect, EdgeFault, FLOW};
use crate::engine::math::whole_ns;
use crate::engine::rng::{Keyed, mix};
use crate::ids::{InstanceId, ServiceId, ZoneId};
use crate::network::egress::FOREVER_NS;
use crate::world::World;

/// The retransmission timer on links without a transport of their own [ns]: the least that Linux takes.
const TIMER_NS: u64 = 200_000_000;
/// No timer grows longer than this [ns]: `TCP_RTO_MAX` of Linux.
const LONGEST_TIMER_NS: u64 = 120_000_000_000;
/// How often at most something is sent again.
const MOST_TIMES: u32 = 64;

/// Where a copy of a store stands: an instance, or a whole region, for which one of its zones speaks.
#[derive(Debug, Clone, Copy)]
pub(in crate::world) struct Stand {
    pub zone: ZoneId,
    pub instance: Option<InstanceId>,
}

impl EdgeFault {
    /// Whether it strikes what one copy sends another: between places as it strikes datagrams, and at an instance what that sends and gets.
    fn strikes_stream(&self, ends: &Ends, (from, to): (Stand, Stand)) -> bool {
        match &self.only {
            None => self.strikes_datagram(ends),
            // A call to an instance is held up once, on its way there.
            Some(only) if matches!(self.effect, EdgeEffect::Delay(_)) => {
                to.instance.is_some_and(|to| only.contains(&to))
            }
            Some(only) => [from, to].iter().any(|end| end.instance.is_some_and(|end| only.contains(&end))),
        }
    }
}

impl World<'_> {
    /// Whether anything may lie between two copies.
    #[inline(always)]
    pub(in crate::world) fn copies_are_apart(&self) -> bool {
        !(self.network.table.is_empty() && self.network.faults.is_empty())
    }

    /// Where an instance stands.
    pub(in crate::world) fn stand_of(&self, instance: InstanceId) -> Stand {
        Stand { zone: self.stations.zone_of(instance), instance: Some(instance) }
    }

    fn way_of_stream(&self, store: ServiceId, (from, to): (Stand, Stand)) -> (Ends, super::routes::OnWay) {
        let network = &self.network;
        let end = |at: Stand| End::instance(store, at.zone, &network.regions);
        let ends = Ends { caller: end(from), callee: end(to) };
        let way = network.quality_between(self.model, &ends, Way::There, (from.zone.index(), to.zone.index()));
        let number = |at: Stand| at.instance.map_or(u64::from(at.zone.0) << 32, |instance| u64::from(instance.0));
        let link = network.routes.link_of(usize::from(way), || mix(mix(FLOW, number(from)), number(to)));
        (ends, link)
    }

    /// Whether anything that one copy of a store sends to another comes through now.
    pub(in crate::world) fn comes_through(&self, store: ServiceId, from: Stand, to: Stand) -> bool {
        let (ends, link) = self.way_of_stream(store, (from, to));
        let cuts = |fault: &&EdgeFault| matches!(fault.effect, EdgeEffect::Loss(p) if p >= 1.0);
        !link.is_withdrawn
            && !self.network.faults.iter().filter(cuts).any(|fault| fault.strikes_stream(&ends, (from, to)))
    }

    /// How long a message that sets out now is on its way from one copy of a store to another, all that is sent again included [ns]; `None` where
    /// nothing comes through.
    pub(in crate::world) fn stream_takes(
        &self,
        store: ServiceId,
        from: Stand,
        to: Stand,
        draw: &mut Keyed,
    ) -> Option<u64> {
        let network = &self.network;
        if network.table.is_empty() && network.faults.is_empty() {
            return Some(0);
        }
        let (ends, link) = self.way_of_stream(store, (from, to));
        let (mut after, mut arrives, mut timer) = (0, 1.0, TIMER_NS);
        if !network.table.is_empty() {
            let quality = &network.qualities[link.place];
            after = whole_ns(quality.latency.sample(draw));
            arrives = if link.is_withdrawn { 0.0 } else { 1.0 - quality.loss };
            timer = quality.tcp.map_or(TIMER_NS, |tcp| tcp.rto_min.ns()).max(1);
            let waits = network.carriage.waits_ns(link.place, (from.zone, to.zone), &network.regions, self.now);
            after = after.saturating_add(waits);
        }
        for fault in network.faults.iter().filter(|fault| fault.strikes_stream(&ends, (from, to))) {
            match fault.effect {
                EdgeEffect::Loss(p) => arrives *= 1.0 - p,
                EdgeEffect::Delay(p) if draw.unit() < p => {
                    let delay = network.delays[fault.fault.index()].as_ref();
                    let add = delay.map_or(0, |delay| whole_ns(delay.sample(draw) * fault.grown));
                    after = after.saturating_add(add);
                }
                EdgeEffect::Bandwidth => {
                    let direction = usize::from(!ends.go(Way::There, fault.from, fault.to));
                    let waits = fault.egresses.as_ref().map_or(0, |egresses| egresses[direction].waits_ns(self.now));
                    after = after.saturating_add(waits);
                }
                _ => {}
            }
        }
        if arrives <= 0.0 {
            return None;
        }
        let mut times = 0;
        while arrives < 1.0 && times < MOST_TIMES && draw.unit() >= arrives {
            after = after.saturating_add(timer);
            timer = timer.saturating_mul(2).min(LONGEST_TIMER_NS);
            times += 1;
        }
        Some(after.min(FOREVER_NS))
    }
}
