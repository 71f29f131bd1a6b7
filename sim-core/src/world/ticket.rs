//! Tickets: what a request carries through everything that it causes.
//!
//! A request of a load class gets a ticket when it comes. Every frame that works for the request carries the same ticket: calls and their retries,
//! copies of hedged calls, branches, background steps, messages and their deliveries, and the frames that take the place of another. So what a
//! ticket holds outlives the frames between: callers that have given up, and messages that wait.
//!
//! Frames name their tickets in a list beside the arena, which exists only where the model needs tickets: nobody else pays for it, and the frame
//! stays one cache line. A ticket counts its carriers. A frame that is given back keeps its ticket until it is taken again, so giving back costs
//! nothing; hence there are never more tickets than frames, and their memory follows what is in flight.
//!
//! A new field is a field of [`Ticket`] with its value in [`Ticket::new`], and a function of the world that reads or sets it. It needs no rule
//! of its own for copying, because all carriers share the ticket. Deadlines go the same way and stand beside tickets, because each call below may
//! have an earlier one of its own (`calls/deadline`). Left out: what an answer brings back to its caller, and to no other (`wrong`).

use super::World;
use super::data::Seen;
use super::frame::{Frame, FrameId, WRONG};
use super::guarantee::Proof;
use super::probe::Stage;
use crate::engine::table::{Maybe, Table, id};
use crate::ids::{Caller, ServiceId};
use crate::topology::Subject;

/// A ticket's place in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TicketId(u32);

id!(TicketId);

/// What a request carries.
#[derive(Debug)]
struct Ticket {
    /// The identity of the request: its rows are drawn from it.
    request: u64,
    /// For whom it is: the number of the tenant of its load class.
    tenant: u32,
    /// The version of its row that it has read last, by store.
    versions: Vec<(ServiceId, u64)>,
    /// The version of its row that a copy has to have for it to read there, by store.
    needed: Vec<(ServiceId, u64)>,
    /// Where and when it has read its row while writes of that were on their way to copies, by store.
    seen: Vec<(ServiceId, Vec<Seen>)>,
    /// What it can show for the level that it carries, where the model says something of levels and it has read anything.
    proof: Option<Box<Proof>>,
    /// Whether a probe listens to what the request does.
    is_watched: bool,
    /// How many frames carry the ticket.
    carriers: u32,
}

impl Ticket {
    fn new(request: u64, tenant: u32, is_watched: bool) -> Self {
        let (versions, needed, seen) = (Vec::new(), Vec::new(), Vec::new());
        Self { request, tenant, versions, needed, seen, proof: None, is_watched, carriers: 0 }
    }
}

/// All tickets.
#[derive(Debug, Default)]
pub(super) struct Tickets {
    /// Whether anything reads tickets, so that frames have to carry them.
    are_needed: bool,
    tickets: Table<TicketId, Ticket>,
    /// Tickets that nobody carries.
    free: Vec<TicketId>,
    /// By frame: the ticket that it carries.
    carried: Vec<Maybe<TicketId>>,
}

impl Tickets {
    pub(super) fn new(are_needed: bool) -> Self {
        Self { are_needed, ..Self::default() }
    }

    /// Frames carry tickets from now on, before the first request comes.
    pub(super) fn need(&mut self) {
        self.are_needed = true;
    }

    /// What a request can show for its level; `None` where it has read nothing.
    pub(super) fn proof(&self, frame: FrameId) -> Option<&Proof> {
        self.tickets[self.of(frame).get()?].proof.as_deref()
    }

    /// The same, to add to it; `None` where a frame works for no request.
    pub(super) fn proof_mut(&mut self, frame: FrameId) -> Option<&mut Proof> {
        let ticket = self.of(frame).get()?;
        Some(self.tickets[ticket].proof.get_or_insert_default())
    }

    /// What a request has seen of its row in a store.
    pub(super) fn seen(&self, frame: FrameId, store: ServiceId) -> &[Seen] {
        let Some(ticket) = self.of(frame).get() else { return &[] };
        self.tickets[ticket].seen.iter().find(|(of, _)| *of == store).map_or(&[], |(_, seen)| seen)
    }

    /// A request has read its row in a store.
    pub(super) fn has_seen(&mut self, frame: FrameId, store: ServiceId, now: Seen) {
        let Some(ticket) = self.of(frame).get() else { return };
        let all = &mut self.tickets[ticket].seen;
        let Some((_, seen)) = all.iter_mut().find(|(of, _)| *of == store) else {
            return all.push((store, vec![now]));
        };
        match seen.iter_mut().find(|before| before.is_where(&now)) {
            Some(before) => *before = now,
            None => seen.push(now),
        }
    }

    fn is_watched(&self, frame: FrameId) -> bool {
        self.of(frame).get().is_some_and(|ticket| self.tickets[ticket].is_watched)
    }

    fn of(&self, frame: FrameId) -> Maybe<TicketId> {
        self.carried.get(frame.index()).copied().unwrap_or(Maybe::NONE)
    }

    /// A frame gives back the ticket that it carries, and carries this one.
    fn give(&mut self, frame: FrameId, ticket: Maybe<TicketId>) {
        if let Some(ticket) = ticket.get() {
            self.tickets[ticket].carriers += 1;
        }
        let place = frame.index();
        if self.carried.len() <= place {
            self.carried.resize(place + 1, Maybe::NONE);
        }
        if let Some(before) = std::mem::replace(&mut self.carried[place], ticket).get() {
            let carriers = &mut self.tickets[before].carriers;
            *carriers -= 1;
            if *carriers == 0 {
                self.free.push(before);
            }
        }
    }

    fn copy(&mut self, frame: FrameId, from: FrameId) {
        self.give(frame, self.of(from));
    }

    fn issue(&mut self, frame: FrameId, request: u64, tenant: u32, is_watched: bool) {
        let new = Ticket::new(request, tenant, is_watched);
        let ticket = match self.free.pop() {
            Some(ticket) => {
                self.tickets[ticket] = new;
                ticket
            }
            None => self.tickets.push(new),
        };
        self.give(frame, ticket.into());
    }

    /// Tickets that some frame carries.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.tickets.len() - self.free.len()
    }
}

impl World<'_> {
    /// A frame is a request of its own, with this identity.
    #[inline(always)]
    pub(super) fn is_request(&mut self, frame: FrameId, key: u64) {
        if self.tickets.are_needed {
            self.issues_ticket(frame, key);
        }
    }

    #[cold]
    fn issues_ticket(&mut self, frame: FrameId, key: u64) {
        let edge = self.frames[frame].edge;
        let is_watched = self.is_wanted(edge);
        let tenant = match self.model.edges[edge.index()].caller {
            Caller::Load(load) => self.model.loads[load.index()].tenant,
            Caller::Endpoint(_) | Caller::Queue(_) | Caller::Scaler(_) => 0,
        };
        self.tickets.issue(frame, key, tenant, is_watched);
        self.has_no_deadline(frame);
        self.begins_with_level(frame, edge);
        if is_watched {
            self.watch_request(frame);
        }
    }

    /// A frame works for the request for which another one does: as its call, branch, copy or message.
    #[inline(always)]
    pub(super) fn works_for(&mut self, frame: FrameId, other: FrameId) {
        if self.tickets.are_needed {
            self.copies_ticket(frame, other);
        }
    }

    #[cold]
    fn copies_ticket(&mut self, frame: FrameId, other: FrameId) {
        self.tickets.copy(frame, other);
        self.has_deadline_of(frame, other);
        self.begins_with_level_of(frame, other);
        if self.tickets.is_watched(frame) {
            self.watch(frame, Some(other));
        }
    }

    /// A frame that has the contents of another and works for the same request: it takes the other one's place, or carries its answer back.
    pub(super) fn stand_in(&mut self, frame: FrameId) -> FrameId {
        let stand_in = self.frames.take();
        let at = self.frames[frame];
        // A frame may be taken that had something wrong in its answer when it was last used.
        self.frames[stand_in] = Frame { flags: at.flags & !WRONG, ..at };
        if at.flags & WRONG != 0 {
            self.shares_wrong(stand_in, frame, at.flags);
        }
        if self.tickets.are_needed {
            self.tickets.copy(stand_in, frame);
            self.guarantees.copy(stand_in, frame);
            self.has_deadline_of(stand_in, frame);
            self.stage(stand_in, Stage::Replaces(frame));
        }
        stand_in
    }

    /// A frame works for no request.
    pub(super) fn works_for_nobody(&mut self, frame: FrameId) {
        if self.tickets.are_needed {
            self.tickets.give(frame, Maybe::NONE);
            self.has_no_deadline(frame);
        }
    }

    /// The identity of the request for which a frame works; 0 where the model needs no tickets.
    pub(super) fn request_of(&self, frame: FrameId) -> u64 {
        self.tickets.of(frame).get().map_or(0, |ticket| self.tickets.tickets[ticket].request)
    }

    /// Whose limit, or turn, a frame's request has.
    pub(super) fn subject_of(&self, frame: FrameId, subject: Subject) -> u64 {
        match subject {
            Subject::Key(space) => self.data.key_in(space, self.request_of(frame)),
            Subject::Tenant => {
                self.tickets.of(frame).get().map_or(0, |ticket| u64::from(self.tickets.tickets[ticket].tenant))
            }
        }
    }

    /// The version of its row in a store that the request has read last.
    pub(super) fn version_read(&self, frame: FrameId, store: ServiceId) -> Option<u64> {
        let versions = &self.tickets.tickets[self.tickets.of(frame).get()?].versions;
        versions.iter().find(|(of, _)| *of == store).map(|(_, version)| *version)
    }

    /// The version of its row that a copy of a store has to have for a request to read there; 0 where any will do.
    pub(super) fn version_needed(&self, frame: FrameId, store: ServiceId) -> u64 {
        let Some(ticket) = self.tickets.of(frame).get() else { return 0 };
        let needed = &self.tickets.tickets[ticket].needed;
        needed.iter().find(|(of, _)| *of == store).map_or(0, |(_, version)| *version)
    }

    /// A request reads its row in a store from now on only where it is of this version at least.
    pub(super) fn needs_version(&mut self, frame: FrameId, store: ServiceId, version: u64) {
        let Some(ticket) = self.tickets.of(frame).get() else { return };
        let needed = &mut self.tickets.tickets[ticket].needed;
        match needed.iter_mut().find(|(of, _)| *of == store) {
            Some((_, before)) => *before = version.max(*before),
            None => needed.push((store, version)),
        }
    }

    /// The request has read this version of its row in a store.
    pub(super) fn has_read(&mut self, frame: FrameId, store: ServiceId, version: u64) {
        let Some(ticket) = self.tickets.of(frame).get() else { return };
        let versions = &mut self.tickets.tickets[ticket].versions;
        match versions.iter_mut().find(|(of, _)| *of == store) {
            Some((_, read)) => *read = version,
            None => versions.push((store, version)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::table::Id;

    fn frames() -> [FrameId; 4] {
        [0, 1, 2, 3].map(FrameId::at)
    }

    fn request(tickets: &Tickets, frame: FrameId) -> Option<u64> {
        tickets.of(frame).get().map(|ticket| tickets.tickets[ticket].request)
    }

    #[test]
    fn a_ticket_lives_as_long_as_any_frame_carries_it() {
        let [client, call, message, other] = frames();
        let mut tickets = Tickets::new(true);
        tickets.issue(client, 7, 0, false);
        tickets.copy(call, client);
        tickets.copy(message, call);
        // The frames between serve another request: the message still knows whose it is.
        tickets.issue(client, 8, 0, false);
        tickets.copy(call, client);
        assert_eq!((request(&tickets, message), request(&tickets, call), tickets.len()), (Some(7), Some(8), 2));
        tickets.give(message, Maybe::NONE);
        assert_eq!((request(&tickets, message), tickets.len()), (None, 1));
        tickets.issue(other, 9, 0, false);
        assert_eq!((request(&tickets, other), tickets.tickets.len()), (Some(9), 2), "a free ticket is used again");
    }

    #[test]
    fn a_frame_that_is_taken_again_for_its_own_request_keeps_the_ticket() {
        let [frame, ..] = frames();
        let mut tickets = Tickets::new(true);
        tickets.issue(frame, 7, 0, false);
        tickets.copy(frame, frame);
        assert_eq!((request(&tickets, frame), tickets.len()), (Some(7), 1));
    }
}
