//! The search for capacity: the cheapest setting that keeps every promise and invariant, for each level of load, also with a zone lost.
//!
//! `search` decides which setting is tried next, `race` tries it with as many replications as it takes, `knee` asks how far the answer
//! carries, and `scalability` fits the Universal Scalability Law to that. All settings, cases and levels see the same random
//! numbers, and nothing depends on the number of threads.

mod knee;
mod race;
mod scalability;
mod search;

use super::anytime::AnyTime;
use super::judge::NEEDED;
use super::sweep::Origin;
use super::wanted::Wanted;
use super::{Plan, Stop, Study, Watch, interval};
use crate::overlay::value_at;
use crate::written::studies::capacity::{CapacitySettings, Minimise};
use crate::{Loaded, Set};
use race::{Raced, Rules, race};
use search::{Found, Search};
use sim_core::engine::digest::Digest;
use sim_core::expression::read_quantity;
use sim_core::faults::Schedule;
use sim_core::ids::LoadId;
use sim_core::model::Model;
use sim_core::problem::Problem;
use sim_core::results::{CapacityKnob, CapacityLevel, CapacityResult, Case, Judge, Setting, Tried, Verdict};
use std::cmp::Ordering;

/// What is asked of a search, besides what the file says of it.
#[derive(Debug, Clone)]
pub struct CapacityAsk {
    /// Name of the study in the file; empty where the command line asked.
    pub study: String,
    /// What is searched, and for what.
    pub ask: CapacitySettings,
    /// Confidence of the verdicts, from 0 to 1.
    pub confidence: f64,
    /// Replications of one setting and case at most.
    pub budget: u32,
    /// Up to how many times the load it is asked how far the answer carries; `None` is not at all.
    pub knee: Option<f64>,
}

/// A search under way.
struct Searching<'a> {
    origin: Origin<'a>,
    rules: Rules,
    knobs: Vec<CapacityKnob>,
    survive: Vec<String>,
    minimise: Minimise,
    watch: &'a dyn Watch,
    digest: Digest,
    spent: u32,
}

/// A search for the capacity of a scenario.
#[derive(Clone, Copy)]
pub struct CapacityStudy<'a> {
    /// Where the scenario is read from, again for each setting.
    pub origin: Origin<'a>,
    /// The scenario itself.
    pub loaded: &'a Loaded,
    /// What is asked.
    pub asked: &'a CapacityAsk,
    /// How each setting is run.
    pub plan: &'a Plan,
}

impl Study for CapacityStudy<'_> {
    type Answer = CapacityResult;

    /// Those of one setting: how many are tried is found out.
    fn replications(&self) -> u32 {
        self.asked.budget
    }

    fn run(self, watch: &dyn Watch) -> Result<CapacityResult, Stop> {
        let Self { origin, loaded, asked, plan } = self;
        let (wanted, promises) = promises(loaded, &asked.ask)?;
        let priced = !loaded.model.costs.is_empty();
        let mut searching = Searching {
            origin,
            rules: Rules {
                seed: plan.seed,
                bounds: AnyTime::new(asked.confidence),
                budget: asked.budget,
                threads: plan.threads,
                wanted,
            },
            knobs: knobs(&origin, &asked.ask),
            survive: survive(loaded, &asked.ask)?,
            minimise: asked.ask.minimise.unwrap_or(if priced { Minimise::Cost } else { Minimise::Size }),
            watch,
            digest: Digest::default(),
            spent: 0,
        };
        let loads = loads(&asked.ask);
        let mut levels: Vec<CapacityLevel> = Vec::new();
        let mut floor = vec![0; searching.knobs.len()];
        // What fails for a load fails for all above it, so the floor only rises from the lightest to the heaviest.
        let mut order: Vec<usize> = (0..loads.len()).collect();
        order.sort_by(|a, b| loads[*a].total_cmp(&loads[*b]));
        for at in &order {
            let first = *at == order[0];
            let (level, found) = searching.level(loads[*at], &floor, first)?;
            floor = found.floor;
            levels.push(level);
        }
        let answer = levels[0].answer.map(|at| levels[0].tried[at].settings.clone());
        let knee = match (asked.knee, answer) {
            (Some(up_to), Some(settings)) => Some(searching.knee(settings, levels[0].load, up_to)?),
            _ => None,
        };
        Ok(CapacityResult {
            scenario: loaded.written.scenario.clone().unwrap_or_default(),
            question: loaded.written.question.clone().unwrap_or_default(),
            study: asked.study.clone(),
            seed: plan.seed,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            confidence: asked.confidence,
            needed: NEEDED,
            budget: asked.budget,
            spent: searching.spent,
            knobs: searching.knobs,
            promises,
            survive: searching.survive,
            priced: searching.minimise == Minimise::Cost,
            levels,
            knee,
            digest: format!("{:016x}", searching.digest.value()),
        })
    }
}

/// The promises that have to be kept, and all invariants, with what is said of them.
fn promises(loaded: &Loaded, ask: &CapacitySettings) -> Result<(Vec<Wanted>, Vec<Judge>), Stop> {
    let is_wanted = |judge: &Judge| {
        let named = ask.promises.iter().any(|name| name.as_ref() == judge.name);
        judge.invariant || if ask.promises.is_empty() { judge.counts } else { named }
    };
    let (wanted, promises): (Vec<Wanted>, Vec<Judge>) =
        Wanted::all(loaded).filter(|(_, judge)| is_wanted(judge)).unzip();
    if promises.is_empty() {
        let problem = Problem::error("promises", "nothing is promised, so that any capacity is enough");
        return Err(Stop::Problem(Box::new(
            problem.hint("write a promise, such as works: {keep: {availability: 99.5%}, of: api.get}"),
        )));
    }
    Ok((wanted, promises))
}

/// The zones that are lost, one at a time.
fn survive(loaded: &Loaded, ask: &CapacitySettings) -> Result<Vec<String>, Stop> {
    if ask.survive.is_none() {
        return Ok(Vec::new());
    }
    let zones: Vec<String> = loaded.model.zones.iter().map(|zone| zone.name.clone()).collect();
    if zones.len() < 2 {
        let problem = Problem::error("survive", "all instances are in one zone, without which nothing is left");
        return Err(Stop::Problem(Box::new(
            problem.hint("write regions: {home: {zones: [a, b, c]}}, and zones: [a, b, c] of each service"),
        )));
    }
    Ok(zones)
}

/// The knobs with their values, and what stands in the file.
fn knobs(origin: &Origin<'_>, ask: &CapacitySettings) -> Vec<CapacityKnob> {
    let knob = |(path, over): (&str, &crate::written::studies::knob::OverSettings)| CapacityKnob {
        path: path.to_owned(),
        values: over.values().into_iter().map(|(text, number)| Setting { text, number }).collect(),
        now: value_at(origin.files, origin.path, origin.sets, origin.variant, path)
            .map(|text| Setting { number: read_quantity(&text).ok().map(|quantity| quantity.value), text }),
    };
    ask.find.iter().map(knob).collect()
}

/// The loads as factors; the file's own where none is asked.
fn loads(ask: &CapacitySettings) -> Vec<f64> {
    if ask.at_load.is_empty() { vec![1.0] } else { ask.at_load.iter().map(|load| load.fraction()).collect() }
}

/// Makes so many times as much of the load of a class, or of all.
///
/// # Errors
/// If a class replays single arrivals.
pub fn scale_loads(model: &mut Model, load: f64, only: Option<LoadId>) -> Result<(), Stop> {
    if (load - 1.0).abs() <= 1e-12 {
        return Ok(());
    }
    for (place, class) in model.loads.iter_mut().enumerate() {
        if only.is_some_and(|only| only.index() != place) {
            continue;
        }
        class.arrival = class.arrival.scaled(load).ok_or_else(|| {
            let why =
                format!("{} replays single arrivals of a file, which cannot come more often than they did", class.name);
            Stop::Problem(Box::new(
                Problem::error("at_load", why).hint("replay rates, or leave at_load and the knee out"),
            ))
        })?;
    }
    Ok(())
}

/// A load factor as people say it.
pub fn says_load(load: f64) -> String {
    let percent = (load * 100.0).round();
    if (load - 1.0).abs() < 1e-9 {
        "now".into()
    } else if load > 1.0 && load < 2.0 {
        format!("+{} %", percent - 100.0)
    } else if load >= 2.0 {
        format!("x{}", (load * 100.0).round() / 100.0)
    } else {
        format!("{percent} %")
    }
}

impl Searching<'_> {
    /// The system at a setting, with a zone lost, at a load.
    fn system(&self, settings: &[Setting], lost: Option<&str>, load: f64) -> Result<Loaded, Stop> {
        let mut sets = self.origin.sets.to_vec();
        for (knob, setting) in self.knobs.iter().zip(settings) {
            sets.push(Set { path: knob.path.clone(), value: setting.text.clone() });
        }
        let fault = lost.map(|zone| format!("zone-{zone}-is-lost"));
        if let (Some(zone), Some(fault)) = (lost, &fault) {
            let value = format!("{{inject: crash, where: {{zone: {zone}}}}}");
            sets.push(Set { path: format!("faults.{fault}"), value });
        }
        let loaded = crate::load(self.origin.files, self.origin.path, &sets, self.origin.variant);
        let mut loaded = loaded.map_err(|report| {
            let says: Vec<String> = sets.iter().map(|set| format!("{}={}", set.path, set.value)).collect();
            Stop::Report(Some(says.join(", ")), Box::new(report))
        })?;
        // It is lost when the warm-up begins: what is asked is whether the rest carries the load, not what the loss itself costs.
        let begin_ns = -i64::try_from(loaded.model.run.warm_up.ns()).unwrap_or(0);
        for lost in loaded.model.faults.iter_mut().filter(|f| fault.as_ref() == Some(&f.name)) {
            lost.schedule = Schedule::Fixed { at_ns: begin_ns, for_ns: None, every_ns: None, times: None };
        }
        scale_loads(&mut loaded.model, load, None)?;
        Ok(loaded)
    }

    /// Races one system.
    fn race(&mut self, says: &str, settings: &[Setting], loaded: &Loaded, least: u32) -> Result<Raced, Stop> {
        let texts: Vec<&str> = settings.iter().map(|s| s.text.as_str()).collect();
        self.watch.now(format!("{} at load {says}", texts.join(", ")));
        let progress = |done: u32, of: u32| self.watch.at(done, of);
        let raced = race(loaded, &self.rules, least, &progress)?;
        self.spent += raced.replications;
        self.digest.add(u64::from(raced.replications), raced.digest.value());
        Ok(raced)
    }

    fn settings(&self, places: &[usize]) -> Vec<Setting> {
        self.knobs.iter().zip(places).map(|(knob, place)| knob.values[*place].clone()).collect()
    }

    /// Tries a setting in all cases, up to the first that is broken.
    fn attempt(&mut self, places: &[usize], load: f64, extra: bool) -> Result<Tried, Stop> {
        let (settings, says) = (self.settings(places), says_load(load));
        let mut cases: Vec<Case> = Vec::new();
        let (mut cost, mut availability) = (interval::MeanSums::default(), None);
        let lost: Vec<Option<String>> = [None].into_iter().chain(self.survive.iter().cloned().map(Some)).collect();
        for lost in lost {
            let loaded = self.system(&settings, lost.as_deref(), load)?;
            let raced = self.race(&says, &settings, &loaded, 1)?;
            if lost.is_none() {
                (cost, availability) = (raced.cost, raced.availability.share());
            }
            cases.push(raced.case(&loaded, lost, &self.rules));
            if raced.verdict == Verdict::Broken {
                break;
            }
        }
        Ok(Tried {
            places: places.to_vec(),
            settings,
            verdict: cases.iter().map(|case| case.verdict).max().unwrap_or(Verdict::Inconclusive),
            cases,
            cost_per_month: cost.at_least_zero(),
            availability,
            on_front: false,
            extra,
        })
    }

    /// The search at one level of load; of the `first` level, settings near the answer are looked at too.
    fn level(&mut self, load: f64, floor: &[usize], first: bool) -> Result<(CapacityLevel, Found), Stop> {
        let sizes: Vec<usize> = self.knobs.iter().map(|knob| knob.values.len()).collect();
        let mut tried: Vec<Tried> = Vec::new();
        let by_cost = self.minimise == Minimise::Cost;
        let found = {
            let mut probe = |places: &[usize]| -> Result<(Verdict, f64), Stop> {
                let one = self.attempt(places, load, false)?;
                let size: f64 = one.settings.iter().filter_map(|s| s.number).sum();
                let outcome = (one.verdict, if by_cost { one.cost_per_month.mean } else { size });
                tried.push(one);
                Ok(outcome)
            };
            Search::new(sizes.clone(), &mut probe).cheapest(floor)?
        };
        // What is near an answer may hold and cost less, where more is not dearer: then it is the answer, with others near it.
        let mut seen = None;
        while let Some(answer) = cheapest(&tried, by_cost).filter(|at| first && seen != Some(*at)) {
            seen = Some(answer);
            for places in near(&tried[answer].places.clone(), &sizes) {
                if !tried.iter().any(|t| t.places == places) {
                    tried.push(self.attempt(&places, load, true)?);
                }
            }
        }
        mark_front(&mut tried);
        Ok((told(load, tried, by_cost), found))
    }
}

/// What a setting is weighed by: its cost, or its size; and by its size where two are alike.
fn weight(tried: &Tried, by_cost: bool) -> (f64, f64) {
    let size = tried.settings.iter().filter_map(|s| s.number).sum();
    (if by_cost { tried.cost_per_month.mean } else { size }, size)
}

fn lighter(a: (f64, f64), b: (f64, f64)) -> Ordering {
    a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
}

/// The cheapest of all that were tried and are held, by its place.
fn cheapest(tried: &[Tried], by_cost: bool) -> Option<usize> {
    let held = (0..tried.len()).filter(|at| tried[*at].verdict == Verdict::Held);
    held.min_by(|a, b| lighter(weight(&tried[*a], by_cost), weight(&tried[*b], by_cost)))
}

/// What a level's trials tell: the answer, what is cheaper and undecided, and the dearest of what is cheaper and broken.
fn told(load: f64, mut tried: Vec<Tried>, by_cost: bool) -> CapacityLevel {
    let answer = cheapest(&tried, by_cost);
    if let Some(answer) = answer {
        tried[answer].extra = false;
    }
    let weight = |at: usize| weight(&tried[at], by_cost);
    let cheaper = |at: &usize| answer.is_some_and(|answer| weight(*at).0 < weight(answer).0);
    let with = |verdict: Verdict| -> Vec<usize> {
        (0..tried.len()).filter(|at| tried[*at].verdict == verdict).filter(cheaper).collect()
    };
    let dearest = with(Verdict::Broken).into_iter().max_by(|a, b| lighter(weight(*a), weight(*b)));
    let (undecided, rises) = (with(Verdict::Inconclusive), rises(&tried, by_cost));
    CapacityLevel { load, label: says_load(load), answer, rises, undecided, cheaper: dearest, tried }
}

/// Whether in all that was tried more costs no less and holds where less does. Costs that chance makes differ are alike.
fn rises(tried: &[Tried], by_cost: bool) -> bool {
    let less = |a: &Tried, b: &Tried| a.places != b.places && a.places.iter().zip(&b.places).all(|(a, b)| a <= b);
    let breaks = |a: &Tried, b: &Tried| {
        let cost = by_cost && b.cost_per_month.high < a.cost_per_month.low;
        cost || a.verdict == Verdict::Held && b.verdict == Verdict::Broken
    };
    !tried.iter().any(|a| tried.iter().any(|b| less(a, b) && breaks(a, b)))
}

/// The fewest replications of which all kept decide that a setting is held.
pub fn fewest(confidence: f64) -> u32 {
    let bounds = AnyTime::new(confidence);
    let decides = |n: &u32| bounds.share(*n, *n).is_some_and(|share| share.low >= NEEDED);
    (1..100_000).find(decides).unwrap_or(100_000)
}

/// Settings near an answer, for the front of cost against availability: one place less and more of each knob, and a quarter more.
fn near(answer: &[usize], sizes: &[usize]) -> Vec<Vec<usize>> {
    let mut all: Vec<Vec<usize>> = Vec::new();
    for knob in 0..answer.len() {
        let here = answer[knob] as i64;
        for place in [here - 2, here - 1, here + 1, here + 2, here + (here / 4).max(3)] {
            if (0..sizes[knob] as i64).contains(&place) {
                let mut places = answer.to_vec();
                places[knob] = place as usize;
                all.push(places);
            }
        }
    }
    all.sort();
    all.dedup();
    all
}

/// Marks the settings that no other is both cheaper and more available than.
fn mark_front(tried: &mut [Tried]) {
    let seen: Vec<Option<(f64, f64)>> =
        tried.iter().map(|t| Some((t.cost_per_month.mean, t.availability?.mean))).collect();
    for (at, one) in tried.iter_mut().enumerate() {
        let Some((cost, availability)) = seen[at] else { continue };
        let beats = |other: &(f64, f64)| {
            other.0 <= cost && other.1 >= availability && (other.0 < cost || other.1 > availability)
        };
        one.on_front = !seen.iter().flatten().any(beats);
    }
}
