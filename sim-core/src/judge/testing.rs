//! Small systems and runs for unit tests of what is computed from results.
//!
//! A system is put together by name; a run begins with nothing counted in slices of the given length, and the test writes into it
//! what it wants to have happened.

use crate::control::Alert;
use crate::data::Effect;
use crate::dist::Distribution;
use crate::economics::{Around, CostSettings};
use crate::faults::{Fault, FaultEffect, Schedule, Target};
use crate::ids::{Caller, EdgeId, EndpointId, FaultId, GuardId, LoadId, PromiseId, RegionId, ServiceId, ZoneId};
use crate::metrics::{ByLevel, ByPart, Histogram, SparseHistogram};
use crate::model::Model;
use crate::names::{Names, Objective};
use crate::network::Network;
use crate::problem::Problems;
use crate::promise::{PromiseKind, PromiseSettings};
use crate::results::{EdgeCounts, HeldCounts, Looks, Period, RunResult, ServiceCounts, Slice, Span, Steps, UpCounts};
use crate::service::discipline::Discipline;
use crate::topology::{Edge, Endpoint, Node, Region, Run, Service, Topology, Zone};
use crate::units::{Bytes, SimDuration};
use std::collections::BTreeMap;

/// Nanoseconds of a second.
pub const SECOND: u64 = 1_000_000_000;

/// A system under construction.
pub struct System {
    /// What was put together.
    pub model: Model,
    /// Its names.
    pub names: Names,
}

impl System {
    /// An empty system that is measured for so long.
    pub fn new(seconds: u64) -> Self {
        let run = Run {
            warm_up: SimDuration::ZERO,
            duration: SimDuration::from_ns(seconds * SECOND),
            window: SimDuration::SECOND,
            marks: Vec::new(),
            start: SimDuration::ZERO,
            max_backlog: 1_000_000,
            max_in_flight: 10_000_000,
            max_events: u64::MAX,
            one_of: 1,
        };
        let model = Model::of(Topology {
            run,
            regions: vec![Region { name: "region".into() }],
            zones: vec![Zone { name: "zone".into(), region: RegionId(0) }],
            services: Vec::new(),
            endpoints: Vec::new(),
            edges: Vec::new(),
            guards: Vec::new(),
            loads: Vec::new(),
            keys: Vec::new(),
            versions: Vec::new(),
            network: Network::default(),
        });
        let mut names = Names::default();
        names.zones.insert("zone".into(), ZoneId(0));
        names.regions.insert("region".into(), RegionId(0));
        Self { model, names }
    }

    /// Adds a service.
    pub fn service(&mut self, name: &str, instances: u32) -> ServiceId {
        let id = ServiceId::from(self.model.services.len());
        self.model.services.push(Service {
            name: name.into(),
            node: Node::Service,
            instances,
            max_instances: instances,
            need: 1,
            zones: vec![ZoneId(0)],
            workers: Some(1),
            cores: None,
            cpu_limit: None,
            device: None,
            nic: None,
            memory: None,
            queue_capacity: 1000,
            max_wait: None,
            discipline: Discipline::default(),
            fair_per: None,
            admission: None,
            start_up: Distribution::constant(SimDuration::ZERO),
            warm_up: None,
            slow_start: None,
            health: None,
            labels: BTreeMap::new(),
            version: None,
            has_versions: false,
            machine_type: None,
            sizes: crate::service::sizes::Sizes::default(),
            disk: Bytes::ZERO,
            provides: None,
            reserved: 0,
        });
        self.names.services.insert(name.into(), id);
        id
    }

    /// Adds an endpoint to a service.
    pub fn endpoint(&mut self, service: ServiceId, name: &str) -> EndpointId {
        let id = EndpointId::from(self.model.endpoints.len());
        let name = format!("{}.{name}", self.model.services[service.index()].name);
        self.names.endpoints.insert(name.clone(), id);
        let effect = Effect::None;
        self.model.endpoints.push(Endpoint {
            name,
            service,
            steps: Vec::new(),
            effect,
            is_async: false,
            access: None,
            requires: None,
            admission: None,
        });
        id
    }

    /// Adds a load class that calls an endpoint.
    pub fn load(&mut self, name: &str, callee: EndpointId) -> EdgeId {
        let load = LoadId::from(self.names.loads.len());
        self.names.loads.insert(name.into(), load);
        self.names.complaining.insert(name.into());
        self.edge(name, Caller::Load(load), callee)
    }

    /// Adds a call.
    pub fn edge(&mut self, caller_name: &str, caller: Caller, callee: EndpointId) -> EdgeId {
        let id = EdgeId::from(self.model.edges.len());
        let name = format!("{caller_name}->{}", self.model.endpoints[callee.index()].name);
        self.names.edges.entry(name.clone()).or_default().push(id);
        self.model.edges.push(Edge {
            name,
            caller,
            callee,
            timeout: None,
            total_timeout: None,
            deadline: None,
            deadline_as: crate::call::deadline::DeadlineAs::default(),
            cancel: false,
            retry: None,
            fallback: None,
            hedge: None,
            locality: None,
            optional: false,
            size: (Bytes::ZERO, Bytes::ZERO),
            guard: GuardId(0),
            level: None,
            gate: None,
        });
        id
    }

    /// Adds a crash that happens so often in life.
    pub fn fault(&mut self, name: &str, at_s: u64, for_s: u64, per_year: Option<f64>) -> FaultId {
        let id = FaultId::from(self.model.faults.len());
        self.names.faults.insert(name.into(), id);
        self.model.faults.push(Fault {
            name: name.into(),
            effect: FaultEffect::Freeze,
            target: Target::Edge { from: None, to: None, both_ways: false },
            schedule: Schedule::Fixed {
                at_ns: (at_s * SECOND) as i64,
                for_ns: Some(for_s * SECOND),
                every_ns: None,
                times: None,
            },
            per_year,
            says: name.into(),
            experiment: None,
            is_routine: false,
            ramp_ns: 0,
        });
        id
    }

    /// Adds an alert that finds a fault.
    pub fn alert(&mut self, name: &str, finds: Option<FaultId>) -> usize {
        let place = self.model.alerts.len();
        self.names.alerts.insert(name.into(), place);
        let when = crate::expression::Condition::parse("1 > 2").unwrap();
        let when = when.compile(&self.names, &mut Problems::new()).unwrap();
        let text = String::new();
        let alert = Alert {
            name: name.into(),
            when,
            text,
            for_ns: 0,
            keep_ns: 0,
            per_instance: false,
            every_ns: SECOND,
            severity: 3,
            pipeline: 0,
            finds,
            thresholds: None,
        };
        self.model.alerts.push(alert);
        place
    }

    /// Adds a cost item.
    pub fn cost(&mut self, name: &str, json: serde_json::Value) {
        let settings: CostSettings = serde_json::from_value(json).unwrap();
        let mut problems = Problems::new();
        settings.validate(&mut problems);
        let (services, promises) = (&self.model.topology.services, &self.model.promises);
        let around = Around { names: &self.names, services, promises };
        let item = settings.compile(name, &around, &mut problems);
        let problems = problems.into_vec();
        assert!(problems.is_empty(), "{problems:?}");
        self.names.costs.insert(name.into(), self.model.costs.len());
        self.model.costs.push(item.unwrap());
    }

    /// Adds a promise.
    pub fn promise(&mut self, name: &str, json: serde_json::Value) {
        let settings: PromiseSettings = serde_json::from_value(json).unwrap();
        let mut problems = Problems::new();
        settings.validate(&mut problems);
        let promise = settings.compile(name, &self.names, &mut problems);
        let problems = problems.into_vec();
        assert!(problems.is_empty(), "{problems:?}");
        let (id, promise) = (PromiseId::from(self.model.promises.len()), promise.unwrap());
        if let PromiseKind::Availability { of, at_least } = promise.kind {
            let period = promise.period_s.map(crate::units::SimDuration::from_secs_f64);
            self.names.objectives.insert(id, Objective { of, at_least, period });
        }
        self.names.promises.insert(name.into(), id);
        self.model.promises.push(promise);
    }

    /// A run in which nothing was counted: slices of so many seconds, one a window; one period for each stretch between fault marks.
    pub fn run(&self, slice_s: u64) -> RunResult {
        let measured_ns = self.model.run.duration.ns();
        let (edges, services) = (self.model.edges.len(), self.model.services.len());
        let starts: Vec<u64> = (0..measured_ns).step_by((slice_s * SECOND) as usize).collect();
        let slices = starts.iter().enumerate().map(|(window, from_ns)| Slice {
            versions: std::collections::BTreeMap::new(),
            from_ns: *from_ns,
            to_ns: (from_ns + slice_s * SECOND).min(measured_ns),
            window: window as u32,
            edges: vec![EdgeCounts::default(); edges],
            services: vec![ServiceCounts::default(); services],
            up: vec![UpCounts::default(); services + self.model.endpoints.len()],
            times: ByPart::new(),
            levels: ByLevel::new(),
            pipelines: Vec::new(),
            wrong: Vec::new(),
            entry_latency: Vec::new(),
        });
        let faults: Vec<Vec<Span>> =
            self.model.faults.iter().map(|fault| fault.schedule.spans(measured_ns as i64)).collect();
        let mut marks: Vec<u64> =
            faults.iter().flatten().flat_map(|span| [span.from_ns as u64, span.to_ns as u64]).collect();
        marks.extend([0, measured_ns]);
        marks.sort_unstable();
        marks.dedup();
        let periods = marks.windows(2).map(|ends| Period {
            versions: std::collections::BTreeMap::new(),
            from_ns: ends[0],
            to_ns: ends[1],
            latency: vec![SparseHistogram::default(); edges],
            wait: vec![SparseHistogram::default(); services],
            times: ByPart::new(),
            call_latency: vec![SparseHistogram::default(); edges],
        });
        RunResult {
            replication: 0,
            digest: 0,
            events: 0,
            measured_ns,
            stopped: None,
            slices: slices.collect(),
            periods: periods.collect(),
            faults,
            alerts: vec![Vec::new(); self.model.alerts.len()],
            tried: vec![Vec::new(); self.model.alerts.len()],
            alert_looks: vec![Looks::default(); self.model.alerts.len()],
            scaler_looks: vec![Looks::default(); self.model.scalers.len()],
            scaler_steps: vec![Steps::default(); self.model.scalers.len()],
            scaler_held: vec![HeldCounts::default(); self.model.scalers.len()],
            scaler_forecasts: vec![(0.0, 0.0); self.model.scalers.len()],
            experiments: Vec::new(),
            runbooks: Vec::new(),
            incidents: crate::results::IncidentsRun::default(),
            wrong: crate::results::WrongRun::default(),
            modes: crate::results::ModesRun::default(),
            deploys: Vec::new(),
            openings: Vec::new(),
            ejections: Vec::new(),
            limits: Vec::new(),
            first_outages: vec![None; services + self.model.endpoints.len()],
            in_flight_at_zero: vec![0; edges],
            in_flight: vec![0; edges],
        }
    }
}

/// Counts of calls without retries: so many answered and so many failed.
pub fn calls(answered: u64, failed: u64) -> EdgeCounts {
    let mut outcomes = [0; 8];
    outcomes[0] = answered;
    outcomes[2] = failed;
    let all = answered + failed;
    EdgeCounts { calls: all, attempts: all, outcomes, call_outcomes: outcomes, ..EdgeCounts::default() }
}

/// A histogram of equal times.
pub fn times(count: usize, ns: u64) -> SparseHistogram {
    let (mut all, mut before) = (Histogram::new(), Histogram::new());
    (0..count).for_each(|_| all.record(ns));
    all.since(&mut before)
}
