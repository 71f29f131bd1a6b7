//! Which of several systems to take, by all that they cost.
//!
//! Every system is simulated and billed with the same random numbers, and what it costs more than the cheapest is taken replication by replication. A
//! bill is linear in each price, so that the price at which another system is the cheapest follows from the bills, and no run is made for it.

use super::Plan;
use super::interval::{MeanSums, RatioSums};
use super::kind::{Stop, Study, Watch};
use super::one::{Beside, One};
use super::quantile::TimeSums;
use super::replicate::replicate;
use crate::Loaded;
use crate::written::studies::decide::{ByRule, DecideSettings, GuideSettings};
use sim_core::economics::YEAR_S;
use sim_core::engine::digest::Digest;
use sim_core::expression::Group;
use sim_core::ids::{Caller, EdgeId};
use sim_core::metrics::Histogram;
use sim_core::results::{Decision, EdgeCounts, Estimate, Flip, GuideLevel, Guided, OptionPriced, Rule};
use sim_core::units::Price;

/// Moves of a price that are told: further away nobody looks.
const FLIPS: usize = 8;

/// A decision among variants of one scenario.
#[derive(Debug, Clone, Copy)]
pub struct DecideStudy<'a> {
    /// The scenario itself.
    pub loaded: &'a Loaded,
    /// The systems, in the order asked, by their names.
    pub options: &'a [(String, Loaded)],
    /// Name of the study in the file.
    pub study: &'a str,
    /// What is asked.
    pub ask: &'a DecideSettings,
    /// How each system is run.
    pub plan: &'a Plan,
}

/// What was billed to a system.
struct Billed<'a> {
    name: &'a str,
    loaded: &'a Loaded,
    /// A year, by replication and item.
    years: Vec<Vec<f64>>,
    answered: RatioSums,
    wrong: RatioSums,
    latency: TimeSums,
}

impl Study for DecideStudy<'_> {
    type Answer = Decision;

    fn replications(&self) -> u32 {
        u32::try_from(self.options.len()).unwrap_or(u32::MAX).saturating_mul(self.plan.replications)
    }

    fn run(self, watch: &dyn Watch) -> Result<Decision, Stop> {
        let (mut digest, mut billed, of) = (Digest::default(), Vec::new(), self.replications());
        for (place, (name, loaded)) in self.options.iter().enumerate() {
            watch.now(name.clone());
            let mut sums = Billed::new(name, loaded);
            let done_before = place as u32 * self.plan.replications;
            let one = |number: u32| One::run(loaded, &[], &[], Beside::Priced, self.plan.seed, number);
            let merge = |_, one: One| {
                digest.add(u64::from(done_before + one.run.replication), one.run.digest);
                sums.merge(&one);
            };
            let progress = |done: u32, _| watch.at(done_before + done, of);
            replicate(self.plan.replications, self.plan.threads, one, merge, &progress)?;
            billed.push(sums);
        }
        Ok(self.answer(&billed, digest))
    }
}

impl DecideStudy<'_> {
    fn answer(&self, billed: &[Billed<'_>], digest: Digest) -> Decision {
        let totals: Vec<f64> = billed.iter().map(|one| one.mean(|_| true)).collect();
        let cheapest = (0..totals.len()).min_by(|a, b| totals[*a].total_cmp(&totals[*b])).unwrap_or(0);
        let mut options: Vec<OptionPriced> = billed.iter().map(|one| one.priced(&billed[cheapest])).collect();
        mark_front(&mut options);
        let others = (0..options.len()).filter(|at| *at != cheapest);
        let certain = others.clone().all(|at| options[at].more_than_cheapest.low > 0.0);
        let asked = self.ask.guide.clone().or_else(|| (self.ask.by == ByRule::Guide).then(GuideSettings::default));
        Decision {
            scenario: self.loaded.written.scenario.clone().unwrap_or_default(),
            question: self.loaded.written.question.clone().unwrap_or_default(),
            study: self.study.to_owned(),
            seed: self.plan.seed,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            replications: self.plan.replications,
            simulated_s: self.loaded.model.run.duration.secs(),
            flips: flips(billed, &totals, cheapest),
            guide: asked.map(|guide| guided(&guide, &options)),
            by: if self.ask.by == ByRule::Guide { Rule::Guide } else { Rule::Cost },
            options,
            cheapest,
            certain,
            digest: format!("{:016x}", digest.value()),
        }
    }
}

impl<'a> Billed<'a> {
    fn new(name: &'a str, loaded: &'a Loaded) -> Self {
        let (answered, wrong) = (RatioSums::default(), RatioSums::default());
        Self { name, loaded, years: Vec::new(), answered, wrong, latency: TimeSums::default() }
    }

    fn merge(&mut self, one: &One) {
        self.years.push(one.bill.items.iter().map(|item| item.per_year).collect());
        let (model, run) = (&self.loaded.model, &one.run);
        let (mut sum, mut latency) = (EdgeCounts::default(), Histogram::new());
        for (index, _) in model.edges.iter().enumerate().filter(|(_, edge)| matches!(edge.caller, Caller::Load(_))) {
            sum.add(&run.edge(EdgeId::from(index), run.whole()));
            latency.merge(&run.histogram(run.whole(), |p| &p.latency[index]));
        }
        let settled = sum.settled() as f64;
        self.answered.add((sum.outcomes[0] + sum.outcomes[1]) as f64, settled);
        self.wrong.add(sum.wrong as f64, settled);
        self.latency.add(&latency);
    }

    fn group(&self, item: usize) -> Group {
        self.loaded.model.costs[item].group
    }

    /// The sum of some items, replication by replication.
    fn sums(&self, wanted: impl Fn(usize) -> bool) -> Vec<f64> {
        self.years.iter().map(|year| (0..year.len()).filter(|at| wanted(*at)).map(|at| year[at]).sum()).collect()
    }

    fn mean(&self, wanted: impl Fn(usize) -> bool) -> f64 {
        let sums = self.sums(wanted);
        sums.iter().sum::<f64>() / sums.len().max(1) as f64
    }

    fn estimate(&self, wanted: impl Fn(usize) -> bool) -> Estimate {
        estimate(self.sums(wanted))
    }

    fn priced(&self, cheapest: &Self) -> OptionPriced {
        let costs = &self.loaded.model.costs;
        let of_group = |group: &Group| {
            let there = costs.iter().any(|item| item.group == *group);
            there.then(|| (*group, self.estimate(|at| self.group(at) == *group)))
        };
        let items =
            costs.iter().enumerate().map(|(at, item)| (item.name.clone(), item.group, self.estimate(|i| i == at)));
        let pairs = self.sums(|_| true).into_iter().zip(cheapest.sums(|_| true)).map(|(a, b)| a - b);
        OptionPriced {
            name: self.name.to_owned(),
            groups: Group::ALL.iter().filter_map(of_group).collect(),
            items: items.collect(),
            total: self.estimate(|_| true),
            more_than_cheapest: estimate(pairs.collect()),
            availability: self.answered.share(),
            wrong: self.wrong.share(),
            p99_s: self.latency.quantile(0.99),
            on_front: false,
        }
    }
}

fn estimate(values: Vec<f64>) -> Estimate {
    let mut sums = MeanSums::default();
    values.into_iter().for_each(|value| sums.add(value));
    sums.or_zero()
}

/// Marks the systems that no other is as good as in infrastructure, losses and latency, and better than in one.
fn mark_front(options: &mut [OptionPriced]) {
    let seen: Vec<[f64; 3]> = options
        .iter()
        .map(|o| [o.of(Group::Infrastructure).mean, o.lost(), o.p99_s.map_or(f64::INFINITY, |p99| p99.mean)])
        .collect();
    let beats = |a: &[f64; 3], b: &[f64; 3]| a.iter().zip(b).all(|(a, b)| a <= b) && a != b;
    for (at, option) in options.iter_mut().enumerate() {
        option.on_front = !seen.iter().any(|other| beats(other, &seen[at]));
    }
}

/// A price that would have to be a hundredth or a hundred times what it is moves no advice.
const NEAR: f64 = 0.01;

/// For each item, the factors of its price next to 1 at which another system is the cheapest.
fn flips(billed: &[Billed<'_>], totals: &[f64], cheapest: usize) -> Vec<Flip> {
    let mut names: Vec<&str> = Vec::new();
    for item in billed.iter().flat_map(|one| &one.loaded.model.costs) {
        if !names.contains(&item.name.as_str()) {
            names.push(&item.name);
        }
    }
    let costs = |one: &Billed<'_>, name: &str| one.mean(|at| one.loaded.model.costs[at].name == name);
    let mut all = Vec::new();
    for name in names {
        let own = costs(&billed[cheapest], name);
        let mut moves: Vec<(f64, usize)> = Vec::new();
        for (at, other) in billed.iter().enumerate().filter(|(at, _)| *at != cheapest) {
            let slope = own - costs(other, name);
            let factor = 1.0 + (totals[at] - totals[cheapest]) / slope;
            // A price is not below zero, and one that both pay alike moves nothing.
            if slope.abs() > 1e-9 && (NEAR..=1.0 / NEAR).contains(&factor) {
                moves.push((factor, at));
            }
        }
        let up = moves.iter().filter(|(factor, _)| *factor >= 1.0).min_by(|a, b| a.0.total_cmp(&b.0));
        let down = moves.iter().filter(|(factor, _)| *factor < 1.0).max_by(|a, b| a.0.total_cmp(&b.0));
        all.extend([up, down].into_iter().flatten().map(|(factor, to)| Flip {
            item: name.to_owned(),
            factor: *factor,
            to: *to,
        }));
    }
    all.sort_by(|a, b| distance(a.factor).total_cmp(&distance(b.factor)).then_with(|| a.item.cmp(&b.item)));
    all.truncate(FLIPS);
    all
}

/// How far a factor is from 1, where half is as far as twice.
fn distance(factor: f64) -> f64 {
    if factor >= 1.0 { factor } else { 1.0 / factor.max(1e-12) }
}

/// Money a year of a threshold.
fn a_year(price: &Price) -> f64 {
    price.for_seconds(YEAR_S).map_or(0.0, sim_core::units::Money::amount)
}

/// What the thresholds say: of the losses of the weakest system, and of what the strictest costs more than the weakest.
fn guided(guide: &GuideSettings, options: &[OptionPriced]) -> Guided {
    let most = |a: &Estimate, b: &Estimate| a.mean.total_cmp(&b.mean);
    let wrongness = options.iter().map(|o| o.of(Group::Wrongness)).max_by(most).unwrap_or(Estimate::exact(0.0));
    let rents: Vec<f64> = options.iter().map(|o| o.of(Group::Infrastructure).mean).collect();
    let (least, dearest) = rents.iter().fold((f64::INFINITY, 0.0_f64), |(a, b), rent| (a.min(*rent), b.max(*rent)));
    let coordination = Estimate::exact((dearest - least).max(0.0));
    let level = match () {
        () if wrongness.mean > a_year(&guide.strict_above) => GuideLevel::StrictSerializable,
        () if wrongness.mean > a_year(&guide.snapshot_above) => {
            let dear = coordination.mean > a_year(&guide.coordination_above);
            if dear { GuideLevel::SnapshotIsolation } else { GuideLevel::Serializable }
        }
        () if guide.latency_matters => GuideLevel::EventualWithCache,
        () => GuideLevel::Batch,
    };
    let called = |option: &OptionPriced| option.name.replace('-', "_") == level.name();
    Guided { wrongness, coordination, level, option: options.iter().position(called) }
}
