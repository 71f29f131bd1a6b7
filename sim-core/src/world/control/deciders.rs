//! Scalers that ask who decides: a request of the control plane to an endpoint of the system, and what becomes of its answer.

use super::Due;
use crate::control::{Confidence, Decide, Otherwise};
use crate::engine::rng::{Stream, mix};
use crate::ids::{Caller, EdgeId, ZoneId};
use crate::model::Model;
use crate::outcome::Outcome;
use crate::world::World;
use crate::world::frame::CLOSED_USER;
use std::cmp::Ordering;

/// What scalers have asked, by their places; nothing where none asks.
#[derive(Debug, Default)]
pub(super) struct Deciders {
    /// Whether an answer is still to come.
    waits: Vec<bool>,
    /// Whether it is not needed any more, because the scaler has decided meanwhile.
    is_late: Vec<bool>,
    /// How often each has asked.
    asked: Vec<u64>,
    /// How sure each was of late.
    confidence: Vec<Confidence>,
}

impl Deciders {
    pub(super) fn new(model: &Model) -> Self {
        let asks = model.scalers.iter().any(|scaler| scaler.decide != Decide::Local);
        let count = if asks { model.scalers.len() } else { 0 };
        Self {
            waits: vec![false; count],
            is_late: vec![false; count],
            asked: vec![0; count],
            confidence: vec![Confidence::default(); count],
        }
    }
}

impl Deciders {
    /// Hears what a scaler wants; how sure it is.
    pub(super) fn hears(&mut self, scaler: u32, wants: Ordering) -> f64 {
        self.confidence[scaler as usize].hears(wants)
    }
}

impl World<'_> {
    /// It is time for a scaler to look: it decides, or asks.
    pub(super) fn looks_or_asks(&mut self, scaler: u32) {
        let call = match self.model.scalers[scaler as usize].decide {
            Decide::Local => return self.decides(scaler),
            Decide::Central(call, _) => call,
            Decide::Mixed(sure, call) => {
                if self.leaves_alone(scaler) || self.is_sure(scaler) >= sure - 1e-9 {
                    let deciders = &mut self.control.deciders;
                    deciders.is_late[scaler as usize] = deciders.waits[scaler as usize];
                    return self.decides(scaler);
                }
                call
            }
        };
        // Who must not act asks nobody, and who waits for an answer asks no second time.
        if self.leaves_alone(scaler) {
            return;
        }
        if self.control.deciders.waits[scaler as usize] {
            return self.control.watch.waits_for_a_decision(scaler, self.since_zero(self.now));
        }
        self.asks_who_decides(scaler, call);
    }

    fn asks_who_decides(&mut self, scaler: u32, call: EdgeId) {
        let place = scaler as usize;
        let name = &self.model.scalers[place].name;
        let salt = Stream::new(self.seed, self.replication, name, "asks").next_u64();
        let asked = &mut self.control.deciders.asked[place];
        *asked += 1;
        let key = mix(salt, *asked);
        self.control.deciders.waits[place] = true;
        // A client that is told as a closed user is: it hears how its request ended.
        let client = self.new_client(call, key, CLOSED_USER);
        self.is_request(client, key);
        self.ready.extend(Some(client));
    }

    /// A scaler stands where the first instance of what it scales does.
    pub(in crate::world) fn zone_of_scaler(&self, scaler: u32) -> ZoneId {
        self.stations.zone_of(self.stations.first(self.model.scalers[scaler as usize].of))
    }

    /// A request of a load class or a scaler has ended whose end somebody waits for.
    pub(in crate::world) fn is_told(&mut self, site: EdgeId, outcome: u8) {
        match self.model.edges[site.index()].caller {
            Caller::Scaler(scaler) => {
                let is_answered = outcome <= Outcome::Degraded as u8;
                self.schedule(self.now, Due::Decided(scaler, is_answered));
            }
            _ => self.think(site),
        }
    }

    /// Who was asked has answered, or has not.
    pub(super) fn is_decided(&mut self, scaler: u32, is_answered: bool) {
        let deciders = &mut self.control.deciders;
        deciders.waits[scaler as usize] = false;
        if std::mem::take(&mut deciders.is_late[scaler as usize]) {
            return;
        }
        match self.model.scalers[scaler as usize].decide {
            Decide::Central(_, Otherwise::Hold) if !is_answered => {
                self.control.watch.waits_for_a_decision(scaler, self.since_zero(self.now));
            }
            _ => self.decides(scaler),
        }
    }
}
