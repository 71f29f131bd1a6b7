//! Thinning: of a system that is sized in millions of requests a second one request in so many is simulated.
//!
//! Loads come less often, and limited workers are fewer, by one factor. The bill counts each request that was simulated for all that it
//! stands for ([`sim_core::economics`]). What holds a number of requests, lets a rate through, or takes time for bytes would not mean the
//! same for a thousandth of the load, and is refused here and not scaled by a rule of thumb. Conditions on numbers of requests are refused
//! where their names are looked up ([`sim_core::names::Names::is_thinned`]).

use super::Compiler;
use sim_core::economics::Meter;
use sim_core::network::LinkQuality;
use sim_core::problem::Problems;
use sim_core::promise::PromiseKind;
use sim_core::topology::{Guard, Node, Replication, Service};
use sim_core::workload::Arrival;

impl Compiler<'_> {
    /// Makes the loads and workers of the model so much less, where the file says so.
    pub(super) fn thin(&mut self, problems: &mut Problems) {
        let Some(one_of) = self.written.run.thin.map(|thin| thin.one_of.get()).filter(|one_of| *one_of > 1) else {
            return;
        };
        self.model.run.one_of = one_of;
        self.thin_loads(one_of, problems);
        self.thin_services(one_of, problems);
        self.refuse_what_is_counted(problems);
    }

    fn thin_loads(&mut self, one_of: u64, problems: &mut Problems) {
        problems.at("load", |p| {
            for load in &mut self.model.loads {
                if let Arrival::Closed { users, .. } = load.arrival
                    && u64::from(users) % one_of != 0
                {
                    let what = format!("{users} users cannot be thinned to one of {one_of}");
                    p.error(&load.name, what).hint = Some("write a number of users that can, or thin less".into());
                }
                match load.arrival.scaled(1.0 / one_of as f64) {
                    Some(arrival) => load.arrival = arrival,
                    None => {
                        p.error(&load.name, "single arrivals of a file cannot be thinned").hint =
                            Some("replay rates, or leave run.thin out".into());
                    }
                }
            }
        });
    }

    fn thin_services(&mut self, one_of: u64, problems: &mut Problems) {
        for (service, path) in self.model.topology.services.iter_mut().zip(&self.paths.services) {
            problems.at(path, |p| {
                if let Some(workers) = service.workers {
                    if u64::from(workers) % one_of == 0 {
                        service.workers = u32::try_from(u64::from(workers) / one_of).ok();
                    } else {
                        let what = format!("{workers} workers cannot be thinned to one of {one_of}");
                        p.error("workers", what).hint = Some("write workers: unlimited, or thin less".into());
                    }
                }
                for (key, what) in held(service) {
                    refuse(key, what, p);
                }
            });
        }
    }

    fn refuse_what_is_counted(&self, problems: &mut Problems) {
        let model = &self.model;
        for guard in &model.guards {
            // State that calls share is written at the call or in a policy: the name leads there.
            for what in guarded(guard) {
                let what = format!("{what} of {} is for all requests", guard.name);
                problems.at("run", |p| refuse("thin", &what, p));
            }
        }
        let network = &model.network;
        let named = network.links.iter().map(|link| ("links", &link.quality));
        let between = [
            ("within_zone", &network.within_zone),
            ("between_zones", &network.between_zones),
            ("between_regions", &network.between_regions),
        ];
        problems.at("network", |p| {
            for (key, quality) in between.into_iter().chain(named) {
                if is_shared(quality) {
                    refuse(key, "a bandwidth or a transport is for all messages", p);
                }
            }
        });
        problems.at("control.telemetry", |p| {
            for (name, pipeline) in self.written.control.telemetry.iter() {
                let mut shared = |there: bool, key: &str, what| {
                    if there {
                        refuse(&format!("{name}.{key}"), what, p);
                    }
                };
                shared(pipeline.sink.is_some(), "sink", "a sink takes the records of all requests");
                shared(pipeline.redact.is_some(), "redact", "an agent redacts the records of all requests");
            }
        });
        problems.at("control.scalers", |p| {
            model.scalers.iter().for_each(|s| refuse(&s.name, "a scaler counts instances for all requests", p));
        });
        problems.at("promises", |p| {
            for promise in model.promises.iter().filter(|p| matches!(p.kind, PromiseKind::Goodput { .. })) {
                refuse(&promise.name, "a promised rate is that of all requests", p);
            }
        });
        problems.at("costs", |p| {
            for item in model.costs.iter().filter(|item| matches!(item.meter, Meter::Breach { .. })) {
                refuse(&item.name, "a period is not broken by one request in so many", p);
            }
        });
    }
}

fn refuse(key: &str, what: &str, problems: &mut Problems) {
    problems.error(key, what.to_owned()).hint =
        Some("it cannot be thinned with the load: leave it out, or leave run.thin out".into());
}

/// What a service has that holds a number of requests, or takes turns for them: the key and what to say.
fn held(service: &Service) -> Vec<(&'static str, &'static str)> {
    let mut held = Vec::new();
    let mut add = |there: bool, key, what| {
        if there {
            held.push((key, what));
        }
    };
    add(service.cores.is_some() || service.cpu_limit.is_some(), "machine", "cores are shared by all requests");
    add(service.device.is_some(), "machine", "a disk is shared by all requests");
    add(service.nic.is_some(), "machine", "a network card is shared by all requests");
    add(service.memory.is_some(), "machine", "memory is taken by all requests");
    add(service.admission.is_some(), "admission", "a limit at the door is for all requests");
    match &service.node {
        Node::Queue(_) => add(true, "", "a queue holds all messages"),
        Node::Cache(cache) => add(cache.key.is_some(), "contents", "which keys a cache holds depends on all requests"),
        Node::Store(store) => {
            let lags = !matches!(store.replication, Replication::None | Replication::Consensus { .. });
            add(lags, "replication", "how stale a copy is depends on all writes");
            add(store.stock.is_some(), "stock", "a stock is sold to all requests");
            add(!store.outboxes.is_empty(), "", "a relay sends so many messages of all requests at a look");
        }
        Node::Service => {}
    }
    held
}

fn guarded(guard: &Guard) -> Vec<&'static str> {
    let all = [
        (guard.breaker.is_some(), "the breaker"),
        (guard.throttle.is_some(), "the throttle"),
        (guard.limit.is_some(), "the concurrency limit"),
        (guard.pool.is_some(), "the pool"),
        (guard.rate_limit.is_some(), "the rate limit"),
        (guard.budget.is_some(), "the retry budget"),
        (guard.ejection.is_some(), "the ejection"),
    ];
    all.into_iter().filter(|(there, _)| *there).map(|(_, what)| what).collect()
}

fn is_shared(quality: &LinkQuality) -> bool {
    quality.bandwidth.is_some() || quality.transport.is_some()
}
