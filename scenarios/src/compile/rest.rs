//! The sections whose settings the families resolve themselves: keys, network, faults, control, promises, experiments, costs.

use super::Compiler;
use crate::written::Written;
use crate::written::node::check_instances;
use sim_core::control::scaling::Moves;
use sim_core::control::{OverrideSettings, PipelineSettings, Scaler, ScalerSettings};
use sim_core::deed::{self, Around};
use sim_core::economics::{Around as Billed, Bought, CostItem, Group, Meter};
use sim_core::experiment::Before;
use sim_core::expression::{Metric, Resolved, Subject};
use sim_core::faults::{FaultEffect, Strategy, Surroundings, Target};
use sim_core::ids::{Caller, FaultId, PromiseId, ServiceId};
use sim_core::model::Model;
use sim_core::names::Objective;
use sim_core::network::Network;
use sim_core::problem::Problems;
use sim_core::promise::{PromiseKind, check_recoveries};
use sim_core::runbook::{Runbook, RunbookSettings};
use sim_core::topology::{KeySpace, Run, Topology};
use sim_core::units::SimDuration;
use std::collections::BTreeMap;

/// A model that has nothing in it yet.
pub(super) fn empty_model(written: &Written) -> Model {
    let run = &written.run;
    Model::of(Topology {
        run: Run {
            warm_up: run.warm_up,
            duration: run.duration,
            window: run.window(1),
            marks: vec![],
            start: run.start.of_week(),
            max_backlog: run.bounds.backlog.get(),
            max_in_flight: run.bounds.in_flight.get(),
            max_events: run.bounds.events.get(),
            one_of: 1,
        },
        regions: vec![],
        zones: vec![],
        services: vec![],
        endpoints: vec![],
        edges: vec![],
        guards: vec![],
        loads: vec![],
        keys: vec![],
        versions: vec![],
        network: Network::default(),
    })
}

impl Compiler<'_> {
    pub(super) fn rest(&mut self, problems: &mut Problems) {
        let written = self.written;
        problems.at("run", |p| written.run.validate(p));
        self.key_spaces(problems);
        problems.at("network", |p| {
            written.network.validate(p);
            self.model.network = written.network.compile(&self.names, p).unwrap_or_default();
            self.names.links = self.model.network.named();
            self.names.link_ways = self.model.network.measured(|place| self.names.of_place(place));
        });
        // Alerts, scalers and deploys read what probes see.
        problems.at("control", |p| p.at("probes", |p| self.probes(p)));
        // Alerts, scalers and deploys read burn rates, which are those of promises.
        self.promises(problems);
        self.faults(problems);
        problems.at("control", |p| self.control(p));
        problems.at("control", |p| self.switches(p));
        self.experiments(problems);
        problems.at("control", |p| self.people(p));
        problems.at("control", |p| self.incidents(p));
        problems.at("control", |p| self.runbooks(p));
        problems.at("control", |p| self.modes(p));
        self.deploys(problems);
        self.budgets(problems);
        self.costs(problems);
        self.billed(problems);
        problems.at("studies", |p| {
            for (name, study) in written.studies.iter() {
                p.at(name, |p| study.validate(p));
            }
        });
    }

    fn key_spaces(&mut self, problems: &mut Problems) {
        problems.at("keys", |p| {
            for (name, settings) in self.written.keys.iter() {
                p.at(name, |p| settings.validate(p));
                self.model.keys.push(KeySpace { name: name.to_owned(), popularity: settings.clone() });
            }
        });
    }

    fn faults(&mut self, problems: &mut Problems) {
        let model = &mut self.model;
        problems.at("faults", |p| {
            for (name, settings) in self.written.faults.iter() {
                let around = Surroundings { names: &self.names, services: &model.services, zones: &model.zones };
                let fault = p.at(name, |p| {
                    settings.validate(p);
                    settings.compile(name, around, &model.run, p)
                });
                if let (Some(version), Some(Target::Instances(of))) =
                    (settings.inject.deploys(), fault.as_ref().map(|fault| &fault.target))
                {
                    for service in &of.services {
                        let key = (model.services[service.index()].name.clone(), version.to_owned());
                        self.names.deploys.entry(key).or_default().push(FaultId::from(model.faults.len()));
                    }
                }
                model.faults.extend(fault);
            }
        });
    }

    fn probes(&mut self, problems: &mut Problems) {
        for (name, settings) in self.written.control.probes.iter() {
            let first = self.model.probes.iter().map(|probes| probes.ways.len()).sum();
            let probes = problems.at(name, |p| {
                settings.validate(p);
                settings.compile(name, first, (&self.names, &self.model), p)
            });
            if let Some(probes) = probes {
                self.names.probes.extend(probes.names());
                self.model.probes.push(probes);
            }
        }
        // Of probes that could not be read there is the name.
        for name in super::declare::keys(self.around.tree, "control.probes") {
            self.names.probes.entry(name.to_owned()).or_default();
        }
    }

    fn control(&mut self, problems: &mut Problems) {
        let control = &self.written.control;
        let (model, names) = (&mut self.model, &self.names);
        problems.at("telemetry", |p| {
            for (name, settings) in control.telemetry.iter() {
                let pipeline = p.at(name, |p| {
                    settings.validate(p);
                    settings.compile(name)
                });
                model.telemetry.push(pipeline);
            }
        });
        if model.telemetry.is_empty() {
            model.telemetry.push(PipelineSettings::default().compile("default"));
        }
        problems.at("scalers", |p| {
            for (place, (name, settings)) in control.scalers.iter().enumerate() {
                let scaler = p.at(name, |p| {
                    settings.validate(p);
                    check_instances("max", settings.max.get(), p);
                    settings.compile(name, names, p)
                });
                let decide = settings.decide.compile(self.deciders.get(&place).copied());
                model.scalers.extend(scaler.map(|scaler| Scaler { decide, ..scaler }));
            }
        });
        problems.at("scalers", |p| super::sizes::give(model, p));
        let pipelines = &model.telemetry;
        problems.at("alerts", |p| {
            for (name, settings) in control.alerts.iter() {
                let alert = p.at(name, |p| {
                    settings.validate(p);
                    settings.compile(name, names, pipelines, p)
                });
                model.alerts.extend(alert);
            }
        });
        for scaler in &model.scalers {
            let service = &mut model.topology.services[scaler.of.index()];
            if scaler.moves() == Moves::Instances {
                service.max_instances = service.max_instances.max(scaler.max);
            }
            let Some(at_most_ns) = scaler.activator_ns() else { continue };
            for edge in model.topology.edges.iter().filter(|edge| !matches!(edge.caller, Caller::Queue(_))) {
                let guard = &mut model.topology.guards[edge.guard.index()];
                if guard.callee == scaler.of {
                    guard.activator = Some(SimDuration::from_ns(at_most_ns));
                }
            }
        }
    }

    fn promises(&mut self, problems: &mut Problems) {
        problems.at("promises", |p| {
            for (name, settings) in self.written.promises.iter() {
                let promise = p.at(name, |p| {
                    settings.validate(p);
                    settings.compile(name, &self.names, p)
                });
                let Some(promise) = promise else { continue };
                if let PromiseKind::Availability { of, at_least } = promise.kind {
                    let id = PromiseId::from(self.model.promises.len());
                    let period = promise.period_s.map(SimDuration::from_secs_f64);
                    self.names.objectives.insert(id, Objective { of, at_least, period });
                }
                self.model.promises.push(promise);
            }
            check_recoveries(&self.model.promises, p);
        });
    }

    /// A budget is read of promises that have one; all others would never have data.
    fn budgets(&self, problems: &mut Problems) {
        let model = &self.model;
        let check = |metrics: Vec<&Resolved>, p: &mut Problems| {
            let of_budget = |metric: &&Resolved| {
                matches!(metric.metric, Metric::BurnRate | Metric::BudgetLeft | Metric::BudgetSpent)
            };
            for metric in metrics.into_iter().filter(of_budget) {
                let Subject::Promise(id, _) = metric.subject else { continue };
                let Some(promise) = model.promises.get(id.index()) else { continue };
                match promise.kind {
                    PromiseKind::Availability { at_least, .. } if at_least < 1.0 => {}
                    PromiseKind::Availability { .. } => {
                        p.error("", format!("{} promises 100 % and leaves no budget to burn", promise.name)).hint =
                            Some("promise a little less, such as 99.99%, or watch error_rate".into());
                    }
                    _ => {
                        p.error(
                            "",
                            format!("{} is no promise of availability and has no budget to burn", promise.name),
                        )
                        .hint = Some("name a promise of availability".into());
                    }
                }
            }
        };
        self.of_control(check, problems);
    }

    /// What wrong replies cost is known when somebody finds them, not as they are given: no telemetry delivers it.
    fn billed(&self, problems: &mut Problems) {
        let costs = &self.model.costs;
        let check = |metrics: Vec<&Resolved>, p: &mut Problems| {
            for metric in metrics.into_iter().filter(|metric| metric.metric == Metric::Cost) {
                let is_meant = |(place, item): (usize, &CostItem)| item.is_of(place, &metric.subject);
                if costs.iter().enumerate().any(|item| item.1.group == Group::Penalties && is_meant(item)) {
                    p.error("", "whether a promise is broken is known at the end, and telemetry does not deliver it")
                        .hint = Some("watch the promise itself, such as burn_rate(works) over 1h".into());
                }
                if costs.iter().enumerate().any(|item| item.1.group == Group::Wrongness && is_meant(item)) {
                    p.error("", "what it costs to be wrong is known later, and telemetry does not deliver it").hint =
                        Some("watch sales, or the share of a kind of wrongness".into());
                }
            }
        };
        self.of_control(check, problems);
    }

    /// Looks at all metrics that somebody acts by, each with its place.
    fn of_control(&self, check: impl Fn(Vec<&Resolved>, &mut Problems), problems: &mut Problems) {
        let model = &self.model;
        problems.at("control", |p| {
            p.at("scalers", |p| model.scalers.iter().for_each(|s| p.at(&s.name, |p| check(s.metrics(), p))));
            p.at("alerts", |p| {
                model.alerts.iter().for_each(|a| p.at(&a.name, |p| p.at("when", |p| check(a.when.metrics(), p))));
            });
            p.at("modes", |p| {
                let turns = model.modes.iter().flat_map(sim_core::mode::Modes::turns);
                turns.for_each(|turn| check(turn.check.when.metrics(), p));
            });
        });
        problems.at("experiments", |p| model.experiments.iter().for_each(|e| p.at(&e.name, |p| check(e.metrics(), p))));
        problems.at("faults", |p| {
            for fault in model.faults.iter().filter(|fault| fault.experiment.is_none()) {
                if let FaultEffect::Deploy(deploy) = &fault.effect
                    && let Some((halt, _)) = &deploy.halt
                {
                    p.at(&fault.name, |p| p.at("inject", |p| check(halt.when.metrics(), p)));
                }
            }
        });
    }

    fn experiments(&mut self, problems: &mut Problems) {
        let duration = self.model.run.duration;
        problems.at("experiments", |p| {
            for (name, settings) in self.written.experiments.iter() {
                let place = self.model.experiments.len();
                let meant = p.at(name, |p| {
                    settings.validate(duration, p);
                    let before = Before {
                        names: &self.names,
                        topology: &self.model,
                        promises: &self.model.promises,
                        faults: self.model.faults.len(),
                        sets: self.around.sets,
                        alerts: &self.model.alerts,
                        switches: &self.model.switches,
                    };
                    settings.compile(name, place, &before, p)
                });
                let Some((experiment, faults)) = meant else { continue };
                self.model.faults.extend(faults);
                let of_scaler = |place: usize| self.model.scalers[place].of;
                for (service, to) in experiment.scales(of_scaler) {
                    let service = &mut self.model.services[service.index()];
                    service.max_instances = service.max_instances.max(to);
                }
                self.model.experiments.push(experiment);
            }
        });
    }

    fn switches(&mut self, problems: &mut Problems) {
        let (model, names) = (&mut self.model, &self.names);
        problems.at("switches", |p| {
            for (name, settings) in self.written.control.switches.iter() {
                let switch = p.at(name, |p| {
                    settings.validate(p);
                    settings.compile(name, names, &model.topology, p)
                });
                model.switches.extend(switch);
            }
        });
    }

    fn people(&mut self, problems: &mut Problems) {
        let (written, model) = (&self.written.control, &mut self.model);
        problems.at("people", |p| {
            for (name, settings) in written.people.iter() {
                let around = Around {
                    names: &self.names,
                    topology: &model.topology,
                    sets: self.around.sets,
                    alerts: &model.alerts,
                    switches: &model.switches,
                };
                let person = p.at(name, |p| {
                    settings.validate(p);
                    settings.compile(name, &self.names, around, p)
                });
                model.people.extend(person);
            }
        });
        problems.at("scalers", |p| {
            for (place, (name, settings)) in written.scalers.iter().enumerate() {
                let people: Vec<&str> = written.people.names().collect();
                let meant = p.at(name, |p| p.at("override", |p| settings.overrule.compile(&people, p)));
                if let (Some(meant), Some(scaler)) = (meant, model.scalers.get_mut(place)) {
                    scaler.overrule = meant;
                }
            }
        });
    }

    fn incidents(&mut self, problems: &mut Problems) {
        let written = &self.written.control;
        let Some(settings) = &written.incidents else {
            problems.at("people", |p| {
                for (name, _) in written.people.iter().filter(|(_, person)| person.gets.is_some()) {
                    let path = format!("{name}.gets");
                    p.error(&path, "nothing makes incidents of alerts, so that nobody is called for one").hint =
                        Some("write control.incidents: {}".into());
                }
            });
            problems.at("runbooks", |p| {
                for (name, _) in written.runbooks.iter().filter(|(_, runbook)| runbook.trigger.incident.is_some()) {
                    let path = format!("{name}.trigger.incident");
                    p.error(&path, "nothing makes incidents of alerts").hint =
                        Some("write control.incidents: {}".into());
                }
            });
            return;
        };
        self.model.incidents = problems.at("incidents", |p| {
            settings.validate(p);
            settings.compile((&self.names, &self.model), &self.model.alerts, p)
        });
    }

    fn runbooks(&mut self, problems: &mut Problems) {
        let control = &self.written.control;
        // Also of a person who could not be read there is the name.
        let mut people: BTreeMap<&str, usize> =
            super::declare::keys(self.around.tree, "control.people").into_iter().map(|name| (name, 0)).collect();
        people.extend(control.people.names().enumerate().map(|(place, name)| (name, place)));
        let model = &mut self.model;
        let meant: Vec<Option<Runbook>> = problems.at("runbooks", |p| {
            let each = |(name, settings): (&str, &RunbookSettings)| {
                p.at(name, |p| {
                    settings.validate(p);
                    let (names, sets) = (&self.names, self.around.sets);
                    let around = Around {
                        names,
                        topology: &model.topology,
                        sets,
                        alerts: &model.alerts,
                        switches: &model.switches,
                    };
                    settings.compile(name, (&model.people, &people), around, p)
                })
            };
            control.runbooks.iter().map(each).collect()
        });
        let of_scaler = |place: usize| model.scalers[place].of;
        for runbook in meant.into_iter().flatten() {
            for (service, to) in runbook.scales(of_scaler) {
                let service = &mut model.topology.services[service.index()];
                service.max_instances = service.max_instances.max(to);
            }
            model.runbooks.push(runbook);
        }
        self.idle_people(problems);
    }

    fn modes(&mut self, problems: &mut Problems) {
        let Some(settings) = &self.written.control.modes else { return };
        let model = &mut self.model;
        let meant = problems.at("modes", |p| {
            settings.validate(p);
            let (names, sets) = (&self.names, self.around.sets);
            let around =
                Around { names, topology: &model.topology, sets, alerts: &model.alerts, switches: &model.switches };
            settings.compile(around, p)
        });
        let Some(modes) = meant else { return };
        let of_scaler = |place: usize| model.scalers[place].of;
        for (service, to) in deed::scales(modes.deeds(), of_scaler) {
            let service = &mut model.topology.services[service.index()];
            service.max_instances = service.max_instances.max(to);
        }
        model.modes = Some(modes);
    }

    /// Who does no runbook does nothing at all.
    fn idle_people(&self, problems: &mut Problems) {
        let control = &self.written.control;
        let approves = |scaler: &ScalerSettings, name: &str| matches!(&scaler.overrule, OverrideSettings::Supervised(s) if s.by == name);
        let does = |name: &str| {
            control.runbooks.iter().any(|(_, r)| r.by.as_deref() == Some(name))
                || control.people.get(name).is_some_and(|person| person.gets.is_some())
                || control.scalers.iter().any(|(_, scaler)| approves(scaler, name))
        };
        problems.at("people", |p| {
            for person in self.model.people.iter().filter(|person| !does(&person.name)) {
                p.warning(&person.name, "nothing calls this person").hint =
                    Some(format!("name who does a runbook: by: {}", person.name));
            }
        });
    }

    /// Services to which a version is deployed tell their versions apart, and have places for a second set where it starts beside the first.
    fn deploys(&mut self, problems: &mut Problems) {
        let model = &mut self.model;
        let of_scaler = |place: usize| model.scalers[place].of;
        let mut scaled: Vec<ServiceId> = model.scalers.iter().map(|scaler| scaler.of).collect();
        scaled.extend(model.experiments.iter().flat_map(|e| e.scales(of_scaler)).map(|(service, _)| service));
        scaled.extend(model.runbooks.iter().flat_map(|r| r.scales(of_scaler)).map(|(service, _)| service));
        let of_modes = model.modes.iter().flat_map(|modes| deed::scales(modes.deeds(), of_scaler));
        scaled.extend(of_modes.map(|(service, _)| service));
        for fault in &model.faults {
            let (FaultEffect::Deploy(deploy), Target::Instances(of)) = (&fault.effect, &fault.target) else { continue };
            for id in &of.services {
                let service = &mut model.topology.services[id.index()];
                service.has_versions = true;
                if deploy.strategy != Strategy::BlueGreen {
                    continue;
                }
                if scaled.contains(id) {
                    let path = match fault.experiment {
                        Some(place) => format!("experiments.{}", model.experiments[place].name),
                        None => format!("faults.{}.where", fault.name),
                    };
                    let what =
                        format!("{} is scaled, and a second set of it would be taken for too many", service.name);
                    problems.error(&path, what).hint = Some("write strategy: rolling".into());
                }
                service.max_instances = service.max_instances.max(service.instances.saturating_mul(2));
            }
        }
    }

    fn costs(&mut self, problems: &mut Problems) {
        let model = &mut self.model;
        let around = Billed { names: &self.names, services: &model.topology.services, promises: &model.promises };
        problems.at("costs", |p| {
            for (name, settings) in self.written.costs.iter() {
                let item = p.at(name, |p| {
                    settings.validate(p);
                    settings.compile(name, &around, p)
                });
                model.costs.extend(item);
            }
        });
        for item in &model.costs {
            // What is billed is counted, also where nothing else is between recording and reading.
            if let Some(pipeline) = item.pipeline() {
                model.telemetry[pipeline].path.counts = true;
            }
            if let Meter::Instances { of, bought: Bought::Reserved(count), .. } = item.meter {
                let service = &mut model.topology.services[of.index()];
                service.reserved = service.reserved.saturating_add(count);
            }
        }
    }
}
