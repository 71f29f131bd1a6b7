//! The report of a sweep: how many settings hold and how far, which knob matters, and every metric over the knobs.

mod drawings;
mod plan;
mod weighed;

use super::findings;
use crate::Source;

use crate::figures::DataTable;
use crate::numbers::{estimate, grouped, kept, optional, parts, plain};
use crate::page::section::{scenario, section, some};
use crate::page::sentence::sentences;
use crate::page::{Block, CellForm, Fact, LoneTable, Page, Section};
use crate::paths::short;
use crate::words::{WHEN_AN_INVARIANT_HOLDS, word};
use drawings::draw;
use plan::AxisPlan;
use sim_core::results::{About, Design, Estimate, Judge, Point, SweepResult, Unit, Verdict};

/// Metrics that are drawn; the others are in the table of all points.
const MOST_METRICS: usize = 6;

/// The page of a sweep.
pub fn page(sweep: &SweepResult, source: &Source) -> Page {
    let plan = AxisPlan::of(sweep);
    let sections = [
        promises(sweep, &plan),
        next(sweep),
        some("knobs", "Which knob matters", "Which knob matters", weighed::rankings(sweep)),
        some("metrics", "Over the knobs", "Over the knobs", metrics(sweep, &plan)),
        some("money", "Money", "Money", weighed::money(sweep)),
        Some(section("points", "All settings", "All settings", vec![Block::Table(points(sweep))])),
        Some(section("sure", "How sure we are", "How sure we are", vec![Block::Facts(facts(sweep, source))])),
        Some(scenario(source)),
    ];
    Page {
        kind: "sweep report",
        title: sweep.scenario.clone(),
        question: sweep.question.clone(),
        answer: sentences(&findings::answer(sweep)),
        meta: meta(sweep),
        sections: sections.into_iter().flatten().collect(),
        time: None,
    }
}

fn meta(sweep: &SweepResult) -> String {
    let knobs: Vec<String> = sweep.knobs.iter().map(|k| format!("{} ({})", k.path, range(&k.values))).collect();
    format!(
        "{} settings of {} by {}; {} replications of each on the same random numbers, intervals of 95\u{a0}%.",
        sweep.points.len(),
        knobs.join(", "),
        sweep.design.words(),
        sweep.replications
    )
}

fn range(values: &[String]) -> String {
    match values {
        [] => String::new(),
        [one] => one.clone(),
        few if few.len() <= 4 => few.join(", "),
        [first, .., last] => format!("{first} to {last}"),
    }
}

/// Something that each point has a value of.
struct Metric<'a> {
    id: String,
    name: &'a str,
    unit: Unit,
    /// What is measured; `None` of the share of runs.
    about: Option<&'a About>,
    value: Box<dyn Fn(&Point) -> Option<Estimate> + 'a>,
    /// Whether it is the share of runs that keep all that is promised.
    share: bool,
}

impl Metric<'_> {
    fn write(&self, e: &Estimate) -> String {
        if self.share { kept(e) } else { estimate(e, self.unit) }
    }

    /// The number and its interval apart, in few characters: of shares of runs without the sign.
    fn parts(&self, e: &Estimate) -> (String, Option<String>) {
        let percent = |v: f64| format!("{:.0}", v * 100.0);
        if self.share {
            (percent(e.mean), Some(format!("{}\u{2013}{}", percent(e.low), percent(e.high))))
        } else {
            parts(e, self.unit)
        }
    }

    /// Whether a promise or clause is judged by this metric.
    fn is_judged_by(&self, judge: &Judge) -> bool {
        judge.about != About::Condition && self.about == Some(&judge.about)
    }
}

fn promises(sweep: &SweepResult, plan: &AxisPlan) -> Option<Section> {
    let judged = sweep.points.iter().filter(|p| p.verdict.is_some()).count();
    if judged == 0 {
        return None;
    }
    let metric = Metric {
        id: "kept".into(),
        name: "Share of runs that keep all that is promised",
        unit: Unit::Share,
        about: None,
        value: Box::new(|p: &Point| p.kept_all),
        share: true,
    };
    let of = |v| sweep.points.iter().filter(|p| p.verdict == Some(v)).count();
    let words = [(Verdict::Held, "held"), (Verdict::Inconclusive, "inconclusive"), (Verdict::Broken, "broken")];
    let parts: Vec<String> = words.iter().filter(|(v, _)| of(*v) > 0).map(|(v, w)| format!("{} {w}", of(*v))).collect();
    let head = format!("Settings: {}", parts.join(", "));
    let lede = "A setting counts as held when, at 95\u{a0}% confidence, at least 90\u{a0}% of its runs keep every promise; as broken when \
                fewer do; else as inconclusive.";
    let title = match (of(Verdict::Held), of(Verdict::Inconclusive)) {
        (0, 0) => format!("None of {judged} settings keeps all that is promised"),
        (0, open) => format!("No setting is held, and {open} of {judged} are inconclusive"),
        (held, _) if held == judged => format!("All {judged} settings keep all that is promised"),
        (held, _) => format!("{held} of {judged} settings keep all that is promised"),
    };
    let mut blocks = vec![Block::Lede(lede.into())];
    if sweep.judged.iter().any(|judge| judge.invariant) {
        blocks.push(Block::Lede(WHEN_AN_INVARIANT_HOLDS.into()));
    }
    blocks.extend(draw(sweep, plan, &metric, &title).map(|f| Block::Figure(Box::new(f))));
    let counting: Vec<&Judge> = sweep.judged.iter().filter(|j| j.counts).collect();
    if counting.len() > 1 {
        blocks.push(Block::Table(each_promise(sweep)));
    }
    Some(section("promises", "Promises", &head, blocks))
}

/// In how many settings each promise is held, undecided and broken.
fn each_promise(sweep: &SweepResult) -> LoneTable {
    let judged = sweep.judged.iter().enumerate().filter(|(_, j)| j.counts);
    let rows: Vec<Vec<String>> = judged
        .map(|(i, judge)| {
            let of = |v| sweep.points.iter().filter(|p| p.judged.get(i).is_some_and(|j| j.verdict == v)).count();
            let mut row = vec![judge.name.clone()];
            row.extend([Verdict::Held, Verdict::Inconclusive, Verdict::Broken].map(|v| of(v).to_string()));
            row
        })
        .collect();
    let broken = |row: &Vec<String>| row[3].parse::<usize>().unwrap_or(0);
    let worst = rows.iter().max_by_key(|row| broken(row));
    let title = match worst {
        Some(row) if broken(row) > 0 => format!("{} breaks in {} settings, more than any other", row[0], row[3]),
        _ => "No promise is broken in any setting".into(),
    };
    let says = "in how many settings it is held, inconclusive and broken.".into();
    LoneTable {
        title: Some((title, ("Each promise".into(), says))),
        cells: CellForm::Numbers,
        table: DataTable {
            says: "Each promise, by verdict".into(),
            heads: ["Promise", "Held", "Inconclusive", "Broken"].map(String::from).into(),
            rows,
        },
    }
}

fn next(sweep: &SweepResult) -> Option<Section> {
    let found = findings::told(sweep);
    (!found.is_empty())
        .then(|| section("next", "What to look at next", "What to look at next", vec![Block::Findings(found)]))
}

fn metrics(sweep: &SweepResult, plan: &AxisPlan) -> Vec<Block> {
    let shown = sweep.shown.iter().enumerate().take(MOST_METRICS);
    let figures = shown.filter_map(|(i, shown)| {
        let metric = Metric {
            id: format!("metric-{}", i + 1),
            name: &shown.name,
            unit: shown.unit,
            about: Some(&shown.about),
            value: Box::new(move |p: &Point| p.shown.get(i).copied().flatten()),
            share: false,
        };
        let title = spread(sweep, plan, &metric)?;
        draw(sweep, plan, &metric, &title)
    });
    figures.map(|f| Block::Figure(Box::new(f))).collect()
}

/// Where a metric is least and most.
fn spread(sweep: &SweepResult, plan: &AxisPlan, metric: &Metric) -> Option<String> {
    let known = || sweep.points.iter().filter_map(|p| Some((p, (metric.value)(p)?)));
    let least = known().min_by(|a, b| a.1.mean.total_cmp(&b.1.mean))?;
    let most = known().max_by(|a, b| a.1.mean.total_cmp(&b.1.mean))?;
    let (low, high) = (plain(least.1.mean, metric.unit), plain(most.1.mean, metric.unit));
    if low == high {
        return Some(format!("{} is {low} at every setting", metric.name));
    }
    let at = settings(sweep, &plan.names, most.0);
    Some(format!("{} goes from {low} to {high}, at {at}", metric.name))
}

fn settings(sweep: &SweepResult, names: &[String], point: &Point) -> String {
    let pairs = names.iter().zip(&point.settings).take(sweep.knobs.len());
    pairs.map(|(name, s)| format!("{name}={}", s.text)).collect::<Vec<_>>().join(", ")
}

/// A row for each setting.
fn points(sweep: &SweepResult) -> LoneTable {
    let judged = sweep.points.iter().any(|p| p.verdict.is_some());
    let paths: Vec<&str> = sweep.knobs.iter().map(|k| k.path.as_str()).collect();
    let names: Vec<&str> = paths.iter().map(|path| short(path, &paths)).collect();
    let mut heads = vec!["Setting".to_owned()];
    heads.extend(names.iter().map(|&name| name.to_owned()));
    if judged {
        heads.extend(["Verdict", "Kept in runs"].map(String::from));
    }
    heads.extend(sweep.shown.iter().map(|s| s.name.clone()));
    heads.push("Cost a month".into());
    let row = |p: &Point| {
        let mut row = vec![(p.number + 1).to_string()];
        row.extend(p.settings.iter().map(|s| s.text.clone()));
        if judged {
            row.push(p.verdict.map_or_else(|| "–".to_owned(), |v| word(v).to_owned()));
            row.push(p.kept_all.as_ref().map_or_else(|| "no data".to_owned(), kept));
        }
        row.extend(p.shown.iter().zip(&sweep.shown).map(|(e, s)| optional(e.as_ref(), s.unit)));
        row.push(estimate(&p.cost_per_month, Unit::Money));
        row
    };
    LoneTable {
        title: None,
        cells: CellForm::Numbers,
        table: DataTable { says: "All settings".into(), heads, rows: sweep.points.iter().map(row).collect() },
    }
}

/// The command that gives the same results.
pub fn repeat(sweep: &SweepResult, source: &Source) -> String {
    let mut command = source.command("sweep");
    if sweep.study.is_empty() {
        for knob in &sweep.knobs {
            command.push_str(&format!(" --set '{}={}'", knob.path, knob.values.join(",")));
        }
    } else {
        command.push_str(&format!(" --study {}", sweep.study));
    }
    format!("{command} --seed {} --replications {}", sweep.seed, sweep.replications)
}

fn facts(sweep: &SweepResult, source: &Source) -> Vec<Fact> {
    let digest: Vec<String> =
        sweep.digest.as_bytes().chunks(4).map(|c| String::from_utf8_lossy(c).into_owned()).collect();
    let stopped: u32 = sweep.points.iter().map(|p| p.stopped).sum();
    let mut facts = vec![
        Fact::new("Settings", format!("{}, by {}", sweep.points.len(), sweep.design.words())),
        Fact::new("Replications", format!("{} of each setting", sweep.replications)),
        Fact::new(
            "Random numbers",
            "the same in all settings: replication by replication the same arrivals and the same luck",
        ),
        Fact::new("Seed", format!("{}, replications 0 to {}", sweep.seed, sweep.replications.saturating_sub(1))),
        Fact::new(
            "Intervals",
            "95 %: Student\u{2019}s t on means and on the replications\u{2019} quantiles, Wilson on shares of runs",
        ),
        Fact::new("Every replication", "in sweep.csv, a row for each setting and replication"),
        Fact::new("Version", format!("windtunnel {}", sweep.version)),
        Fact::code("Digest of the results", digest.join(" ")),
    ];
    if sweep.design == Design::Grid || !sweep.study.is_empty() {
        facts.push(Fact::code("To repeat it, byte for byte", repeat(sweep, source)));
    }
    if stopped > 0 {
        facts.push(Fact::new("Stopped by a bound", format!("{} runs", grouped(f64::from(stopped), 0))));
    }
    facts
}
