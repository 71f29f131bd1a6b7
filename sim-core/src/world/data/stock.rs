//! Stock in the world: requests take things, copies merge, reservations expire, and rights to sell travel between zones.
//!
//! A zone with few rights asks the home of the store, its first zone, which has the reserve. When that is empty, the home gives half of its own, and
//! then the zone asks the one that has most. Rights are with the giver, on their way, or with the receiver, and never at two places: so nothing is
//! sold twice whatever is lost or cut off. A question that is lost is asked again; rights that are lost on their way are sent again.

use super::Due;
use super::copies::{Copies, Lost};
use crate::counters::count;
use crate::data::stock::{self, Counting, Escrow, Shelf, Taken};
use crate::data::{Cause, Wrongness};
use crate::engine::rng::{hash_name, mix};
use crate::ids::{InstanceId, ServiceId, ZoneId};
use crate::model::Model;
use crate::outcome::Outcome;
use crate::topology::{Node, Replication, Service};
use crate::world::World;
use crate::world::frame::FrameId;
use crate::world::stations::Life;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// After so long without an answer a zone asks again, and rights are sent again [ns].
const AGAIN_NS: u64 = 1_000_000_000;
/// The zone of the reserve.
const HOME: usize = 0;
const RIGHTS: u64 = 0x7c;

/// A thing that is kept for a request until it confirms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    until: u64,
    row: u64,
    place: usize,
    /// The position of its write, where the store has a log of them.
    write: Option<u64>,
}

/// The stock of one store.
#[derive(Debug)]
struct OnShelf {
    shelf: Shelf,
    /// The zones in which the store stands, the home first.
    zones: Vec<ZoneId>,
    /// By row and zone that has asked for rights: when it may ask again [ns].
    asked: BTreeMap<(u64, usize), u64>,
    /// What is kept, by request.
    held: BTreeMap<u64, Vec<Held>>,
    /// When what is kept expires, in order: [ns], the request.
    expires: VecDeque<(u64, u64)>,
    messages: u64,
}

/// The stock of all stores.
#[derive(Debug, Default)]
pub(super) struct Stocks(BTreeMap<ServiceId, OnShelf>);

impl Stocks {
    pub(super) fn new(model: &Model) -> Self {
        let of = |(index, service): (usize, &Service)| {
            let Node::Store(store) = &service.node else { return None };
            let stock = store.stock.as_ref()?;
            let mut zones: Vec<ZoneId> = Vec::new();
            service.zones.iter().for_each(|zone| {
                if !zones.contains(zone) {
                    zones.push(*zone);
                }
            });
            let counting = match (&store.replication, stock.escrow) {
                (_, Some(_)) => Counting::Rights { zones: zones.len(), at_start: service.zones_at_start() },
                (Replication::Merge { .. }, None) => {
                    let copies = service.max_instances.max(service.instances) as usize;
                    Counting::Merged { copies, at_start: service.instances as usize }
                }
                (Replication::Quorum(_), None) => Counting::Seen,
                _ => Counting::Once,
            };
            let shelf = Shelf::new(stock, counting);
            let (asked, held, expires) = (BTreeMap::new(), BTreeMap::new(), VecDeque::new());
            Some((ServiceId::from(index), OnShelf { shelf, zones, asked, held, expires, messages: 0 }))
        };
        Self(model.services.iter().enumerate().filter_map(of).collect())
    }

    fn of(&mut self, store: ServiceId) -> &mut OnShelf {
        let Some(of) = self.0.get_mut(&store) else { unreachable!("only a store with stock sells") };
        of
    }

    /// How the right to sell is split from now on.
    pub(super) fn escrow_changes(&mut self, store: ServiceId, escrow: Escrow) {
        self.of(store).shelf.splits(escrow);
    }

    /// Whether the rows of a store are counted.
    pub(super) fn sells(&self, store: ServiceId) -> bool {
        self.0.contains_key(&store)
    }
}

impl World<'_> {
    /// A request takes a thing of its row and writes that, or is told that there is none. Where it may not write it takes nothing.
    pub(in crate::world) fn takes_stock(&mut self, frame: FrameId, store: ServiceId) -> Option<FrameId> {
        if self.is_refused_a_write(frame, store) {
            return self.fail(frame, Outcome::Error as u8);
        }
        self.reservations_expire(store);
        let (row, request) = (self.row(frame, store), self.request_of(frame));
        if !self.quorum_takes_writes(frame, store, row) {
            return self.too_few_are_up(frame, store);
        }
        let instance = self.frames[frame].instance.known();
        let place = self.place_on_shelf(store, instance);
        let now = self.now;
        let write = self.data.rows.copies(store).map(Copies::next_position);
        let key = self.frames[frame].key;
        let seen = self.data.has_seen_stock(frame, key);
        let of = self.data.stocks.of(store);
        let is_new = !of.shelf.knows(row);
        let seen = seen.filter(|_| of.shelf.counting() == Counting::Seen);
        let taken = match seen {
            Some(gone) => of.shelf.takes_seen(row, gone),
            None => of.shelf.takes(row, place),
        };
        if let Some(gone) = seen.filter(|_| taken != Taken::SoldOut) {
            self.data.counted.insert(frame, (key, gone + 1));
        }
        if taken != Taken::SoldOut
            && let Some(hold) = of.shelf.stock().hold_ns
        {
            let until = now.saturating_add(hold);
            of.held.entry(request).or_default().push(Held { until, row, place, write });
            of.expires.push_back((until, request));
        }
        match taken {
            Taken::SoldOut => {
                count!(self.stations.counts(store), stock::SOLD_OUT);
                let at = &mut self.frames[frame];
                at.outcome = at.outcome.max(Outcome::Degraded as u8);
            }
            Taken::Sold => count!(self.stations.counts(store), stock::SOLD),
            Taken::Oversold => {
                count!(self.stations.counts(store), stock::SOLD);
                count!(self.stations.counts(store), stock::OVERSOLD);
                let cause = match self.data.stocks.of(store).shelf.counting() {
                    Counting::Merged { .. } => Cause::SoldByCopies,
                    Counting::Seen => Cause::SoldAtOnce,
                    Counting::Once | Counting::Rights { .. } => Cause::SoldAgain,
                };
                self.arises(frame, Wrongness::Oversold as u8, cause);
            }
        }
        if is_new {
            let zones = self.data.stocks.of(store).zones.len();
            (0..zones).for_each(|zone| self.rights_leave(store, row, zone));
        }
        self.asks_for_rights(store, row, place);
        if taken == Taken::SoldOut {
            self.frames[frame].pc += 1;
            return Some(frame);
        }
        self.write_row(frame, store, true)
    }

    /// The copy, or the zone, by which an instance counts.
    fn place_on_shelf(&mut self, store: ServiceId, instance: InstanceId) -> usize {
        let (number, zone) = (self.stations.number(instance) as usize, self.stations.zone_of(instance));
        let of = self.data.stocks.of(store);
        match of.shelf.counting() {
            Counting::Once | Counting::Seen => 0,
            Counting::Merged { .. } => number,
            Counting::Rights { .. } => of.zones.iter().position(|own| *own == zone).unwrap_or(HOME),
        }
    }

    /// A request confirms what is kept for it; `false` where nothing is, or nobody takes writes.
    pub(in crate::world) fn confirms(&mut self, frame: FrameId, store: ServiceId) -> bool {
        if self.is_refused_a_write(frame, store) {
            return false;
        }
        self.reservations_expire(store);
        let (row, request) = (self.row(frame, store), self.request_of(frame));
        let held = &mut self.data.stocks.of(store).held;
        let Some(all) = held.get_mut(&request) else { return false };
        let Some(place) = all.iter().position(|one| one.row == row) else { return false };
        all.remove(place);
        if all.is_empty() {
            held.remove(&request);
        }
        true
    }

    /// What nobody has confirmed in time is there again.
    fn reservations_expire(&mut self, store: ServiceId) {
        let now = self.now;
        let of = self.data.stocks.of(store);
        let (mut expired, mut back) = (0, Vec::new());
        while let Some((until, request)) = of.expires.front().copied().filter(|(until, _)| *until <= now) {
            of.expires.pop_front();
            let Some(all) = of.held.get_mut(&request) else { continue };
            let Some(place) = all.iter().position(|one| one.until == until) else { continue };
            let Held { row, place, write, .. } = all.remove(place);
            if all.is_empty() {
                of.held.remove(&request);
            }
            of.shelf.comes_back(row, place);
            expired += 1;
            // That its write is lost later changes nothing.
            if let Some((copies, write)) = self.data.rows.copies_mut(store).zip(write) {
                copies.sale_is_over(write);
            }
            back.push((row, place));
        }
        if expired > 0 {
            count!(self.stations.counts(store), stock::EXPIRED, expired);
        }
        back.into_iter().for_each(|(row, zone)| self.rights_leave(store, row, zone));
    }

    /// Writes are lost. What is only kept for a request is there again, since it cannot be confirmed any more, and so is what was taken for a request
    /// that was never answered. What was sold is sold, though whoever counts counts it no more.
    pub(super) fn sales_are_lost(&mut self, store: ServiceId, lost: &[Lost]) {
        let sales: BTreeMap<u64, &Lost> = lost.iter().filter_map(|write| Some((write.sold_at?, write))).collect();
        if sales.is_empty() {
            return;
        }
        let of = self.data.stocks.of(store);
        let mut kept = BTreeSet::new();
        of.held.retain(|_, all| {
            all.retain(|held| {
                let sale = held.write.filter(|write| sales.contains_key(write));
                kept.extend(sale);
                sale.is_none()
            });
            !all.is_empty()
        });
        let confirms = of.shelf.stock().hold_ns.is_some();
        for (sale, write) in sales {
            if kept.contains(&sale) || !(confirms || write.is_answered) {
                of.shelf.comes_back(write.row, 0);
            } else {
                of.shelf.forgets(write.row);
            }
        }
    }

    /// A copy is there from now on and knows what a peer knows, or goes and has told it.
    pub(super) fn stock_copy_changes(&mut self, store: ServiceId, copy: usize, is_there: bool, peer: Option<usize>) {
        if self.data.stocks.sells(store) {
            self.data.stocks.of(store).shelf.copy_changes(copy, is_there, peer);
        }
    }

    /// Copies have merged, in these pairs.
    pub(super) fn stocks_merge(&mut self, store: ServiceId, pairs: &[(usize, usize)]) {
        if self.data.stocks.sells(store) {
            self.data.stocks.of(store).shelf.merges(pairs);
        }
    }

    fn asks_for_rights(&mut self, store: ServiceId, row: u64, zone: usize) {
        let now = self.now;
        let of = self.data.stocks.of(store);
        let may = of.asked.get(&(row, zone)).is_none_or(|again| *again <= now);
        if may && of.shelf.wants_more(row, zone) {
            of.asked.insert((row, zone), now.saturating_add(AGAIN_NS));
            self.asks_zone(store, row, (zone, HOME));
        }
    }

    /// A zone asks another for rights: the message is lost, or comes.
    fn asks_zone(&mut self, store: ServiceId, row: u64, (zone, of): (usize, usize)) {
        let Some(after) = self.rights_message_takes(store, (zone, of)) else {
            count!(self.stations.counts(store), stock::REFILLS_LOST);
            return;
        };
        let asks = Due::AsksRights { store, row, zone: zone as u16, of: of as u16 };
        self.schedule(self.now + after, asks);
    }

    /// A zone is asked for rights.
    pub(super) fn is_asked_for_rights(&mut self, store: ServiceId, row: u64, (zone, of): (usize, usize)) {
        if !self.has_one_in(store, of, |one, at| at.stations.serves(one)) {
            return;
        }
        let at = self.data.stocks.of(store);
        let lends = at.shelf.stock().escrow.is_some_and(|escrow| escrow.lends);
        let zones = at.zones.len();
        let mut given = if of == HOME { at.shelf.gives_from_reserve(row) } else { 0 };
        if given == 0 && lends && of != zone {
            given = at.shelf.lends(row, of);
        }
        if given > 0 {
            self.sends_rights(store, row, (of, zone), given);
        } else if of == HOME && lends {
            let others = (0..zones).filter(|other| *other != HOME && *other != zone);
            if let Some(richest) = self.data.stocks.of(store).shelf.richest(row, others) {
                self.asks_zone(store, row, (zone, richest));
            }
        }
    }

    /// Rights set out to a zone, and again a while later where they are lost.
    pub(super) fn sends_rights(&mut self, store: ServiceId, row: u64, (from, to): (usize, usize), rights: u64) {
        let (from, to) = (from as u16, to as u16);
        match self.rights_message_takes(store, (from.into(), to.into())) {
            Some(after) => self.schedule(self.now + after, Due::RightsArrive { store, row, zone: to, rights }),
            None => {
                count!(self.stations.counts(store), stock::REFILLS_LOST);
                self.schedule(self.now + AGAIN_NS, Due::SendsRights { store, row, from, to, rights });
            }
        }
    }

    /// Rights come to a zone, which may ask for more at once.
    pub(super) fn rights_arrive(&mut self, store: ServiceId, row: u64, zone: usize, rights: u64) {
        let of = self.data.stocks.of(store);
        of.shelf.arrive(row, zone, rights);
        of.asked.remove(&(row, zone));
        count!(self.stations.counts(store), stock::REFILLS);
        self.rights_leave(store, row, zone);
    }

    /// An instance is there no more: if no other of its store stands in its zone, the rights of the zone go home.
    pub(in crate::world) fn zone_may_be_left(&mut self, instance: InstanceId) {
        let store = self.stations.service_of(instance);
        if !self.data.stocks.sells(store) {
            return;
        }
        let zone = self.place_on_shelf(store, instance);
        let rows = self.data.stocks.of(store).shelf.rows_of(zone);
        rows.into_iter().for_each(|row| self.rights_leave(store, row, zone));
    }

    /// The rights of a zone go home where none is left there that could sell by them: whoever is down comes back and has them.
    fn rights_leave(&mut self, store: ServiceId, row: u64, zone: usize) {
        let is_split = matches!(self.data.stocks.of(store).shelf.counting(), Counting::Rights { .. });
        if is_split && zone != HOME && !self.has_one_in(store, zone, |one, at| at.stations.life(one) != Life::Gone) {
            let rights = self.data.stocks.of(store).shelf.gives_all(row, zone);
            if rights > 0 {
                self.sends_rights(store, row, (zone, HOME), rights);
            }
        }
    }

    fn rights_message_takes(&mut self, store: ServiceId, (from, to): (usize, usize)) -> Option<u64> {
        // By its name: what other stores there are changes no draw.
        let salt = mix(RIGHTS, hash_name(&self.model.services[store.index()].name));
        let of = self.data.stocks.of(store);
        of.messages += 1;
        let (zones, key) = ((of.zones[from], of.zones[to]), mix(salt, of.messages));
        if from == to { Some(0) } else { self.within_takes(store, zones, key) }
    }

    /// Whether a store has such an instance in one of its zones.
    fn has_one_in(&mut self, store: ServiceId, zone: usize, is: impl Fn(InstanceId, &Self) -> bool) -> bool {
        let zone = self.data.stocks.of(store).zones[zone];
        let first = self.stations.first(store);
        let all = (0..self.stations.places_of(store)).map(|number| InstanceId(first.0 + number));
        all.into_iter().any(|one| is(one, self) && self.stations.zone_of(one) == zone)
    }
}
