//! One replication, run and judged in a worker: all that the merge needs of it.

use super::experiment::Tried;
use crate::Loaded;
use sim_core::economics::{Bill, bill};
use sim_core::expression::run_metrics::RunMetrics;
use sim_core::expression::{Sides, Value};
use sim_core::metrics::Histogram;
use sim_core::promise::Judged;
use sim_core::results::RunResult;

/// What a clause of `expect` came to in one replication: both sides of each comparison, and whether it is kept.
pub type ClauseSides = (Vec<Option<Sides>>, Option<bool>);

/// Which percentile a side is, and all its times; `None` where it is something else.
pub type Times = Option<(f64, Histogram)>;

/// One replication, run and judged.
pub struct One {
    /// The run.
    pub run: RunResult,
    /// What became of each promise; `None` without data.
    pub promises: Vec<Option<Judged>>,
    /// What became of each clause.
    pub clauses: Vec<ClauseSides>,
    /// All times of those sides of the clauses that are percentiles.
    pub times: Vec<Vec<[Times; 2]>>,
    /// The values that the study asks for.
    pub asked: Vec<(Option<f64>, Times)>,
    /// What became of each experiment.
    pub tried: Vec<Tried>,
    /// What it costs.
    pub bill: Bill,
}

impl One {
    /// Runs and judges replication `number`, and those of the variants that clauses and `asked` values speak of.
    pub fn run(loaded: &Loaded, variants: &[(String, Loaded)], asked: &[Value], seed: u64, number: u32) -> Self {
        let run = sim_core::world::simulate(&loaded.model, seed, number);
        let others: Vec<RunResult> =
            variants.iter().map(|(_, v)| sim_core::world::simulate(&v.model, seed, number)).collect();
        let base = RunMetrics::new(&run, &loaded.model, &loaded.names);
        let metrics: Vec<RunMetrics<'_>> =
            variants.iter().zip(&others).map(|((_, v), r)| RunMetrics::new(r, &v.model, &v.names)).collect();
        let of = |name: Option<&str>| match name {
            None | Some("base") => Some(&base),
            Some(name) => variants.iter().position(|(v, _)| v == name).map(|at| &metrics[at]),
        };
        let clauses = loaded.written.expect.iter().map(|c| (c.sides(&of), c.kept(&of))).collect();
        let asked = asked.iter().map(|value| (value.in_run(&of), value.times(&of))).collect();
        let times = loaded.written.expect.iter().map(|c| c.times(&of)).collect();
        let promises = loaded.model.promises.iter().map(|p| p.judge(&run, &loaded.model)).collect();
        let bill = bill(&run, &loaded.model);
        let tried = super::experiment::judge(loaded, &run, &base);
        Self { run, promises, clauses, times, asked, tried, bill }
    }
}
