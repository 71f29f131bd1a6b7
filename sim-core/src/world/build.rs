//! A world from a model: everything that the hot path needs, looked up once.
//!
//! Instances of a service lie beside each other, in the order of the services and with as many places as a scaler may ever fill; call sites,
//! services and loads have the places that they have in the model. So an id of the model is an index here, and tables need no bounds check.
//! What makes a site or an instance other than plain is written into flags that the hot path tests once.

use super::caches::Caches;
use super::calls::Calls;
use super::chaos::Chaos;
use super::control::Control;
use super::data::Data;
use super::events::Events;
use super::frame::Arena;
use super::guarantee::Guarantees;
use super::network::Network;
use super::program::Program;
use super::stations::Stations;
use super::ticket::Tickets;
use super::wrong::Wrongs;
use super::{World, bounds, record};
use crate::engine::calendar::{Calendar, LAST_INDEX, Lanes};
use crate::engine::digest::Digest;
use crate::engine::rng::mix;
use crate::ids::LoadId;
use crate::metrics::{Levels, Times};
use crate::model::Model;

impl<'m> World<'m> {
    pub(super) fn new(model: &'m Model, seed: u64, replication: u32) -> Self {
        let mut lanes = Lanes::default();
        let program = Program::compile(model);
        let network = Network::new(model, &mut lanes);
        let data = Data::new(model);
        let stations =
            Stations::new(model, mix(seed, u64::from(replication) << 32), |service| data.feeding(model, service));
        assert!(stations.places() < LAST_INDEX as usize, "a checked model has no more instances");
        let caches = Caches::new(model);
        let calls = Calls::new(model, &program, &stations, &network, &mut lanes);
        let zero = model.run.warm_up.ns();
        let mut world = World {
            model,
            in_force: super::in_force::InForce::new(model),
            program,
            seed,
            replication,
            now: 0,
            zero,
            end: zero + model.run.duration.ns(),
            calendar: Calendar::new(),
            lanes,
            events_beside: Events::default(),
            digest: Digest::default(),
            events: 0,
            instant: bounds::Instant::default(),
            frames: Arena::new(model.run.max_in_flight),
            tickets: Tickets::new(
                data.needs_tickets()
                    || calls.need_tickets()
                    || caches.need_tickets()
                    || model.tells_keys_apart()
                    || model.uses_levels(),
            ),
            wrongs: Wrongs::new(model),
            guarantees: Guarantees::new(model),
            probe: None,
            ready: Vec::new(),
            stations,
            calls,
            network,
            data,
            caches,
            control: Control::new(model),
            chaos: Chaos::default(),
            times: Times::default(),
            levels: Levels::default(),
            recorder: record::Recorder::new(model),
            stopped: None,
            done: false,
        };
        world.begin_run();
        world
    }

    fn begin_run(&mut self) {
        self.lay_cards();
        self.begin_lives();
        self.plan_record();
        self.plan_strikes();
        self.plan_watch();
        self.plan_checks();
        self.plan_probes();
        self.plan_merges();
        self.plan_trials();
        self.plan_redrives();
        for load in (0..self.model.loads.len()).map(LoadId::from) {
            self.start_load(load);
        }
        self.plan_end();
    }
}
