//! What weighs: which knob matters for a metric, and what a setting costs against what it buys.

use super::settings;
use crate::figures::front::{self, Spot};
use crate::figures::tornado::{self, Bar};
use crate::figures::{DataTable, Figure};
use crate::numbers::{estimate, plain};
use crate::page::Block;
use crate::paths::short;
use crate::words::word;
use sim_core::results::{About, Estimate, Point, RankMethod, Ranking, SweepResult, Unit, Verdict};

pub(super) fn rankings(sweep: &SweepResult) -> Vec<Block> {
    let drawn = sweep.rankings.iter().enumerate().filter(|(_, r)| !r.knobs.is_empty());
    drawn.map(|(i, r)| Block::Figure(Box::new(importance(i, r)))).collect()
}

/// Which knob matters for a metric.
fn importance(place: usize, ranking: &Ranking) -> Figure {
    let morris = ranking.method == RankMethod::Morris;
    let unit = if morris { ranking.unit } else { Unit::Share };
    let bars: Vec<Bar> = ranking
        .knobs
        .iter()
        .map(|k| Bar { name: k.path.clone(), total: k.total, alone: k.alone.filter(|_| !morris).map(|e| e.mean) })
        .collect();
    let first = &ranking.knobs[0];
    let says = plain(first.total.mean, unit);
    let title = if morris {
        format!("{} moves {} most, by {says} over its whole range", first.path, ranking.of)
    } else {
        format!("{} has a part in {says} of the spread of {}", first.path, ranking.of)
    };
    let (head, bold, rest, axis) = match ranking.method {
        RankMethod::Morris => (
            ["Mean effect (mu*)", "Spread of effects (sigma)"],
            "Mean size of the elementary effects",
            "of each knob over its whole range (Morris\u{2019} mu*), with its 95 % interval. The spread of the effects is in the table: where it \
             is as large as their mean, the knob acts together with others, or along a curve.",
            "mean effect",
        ),
        RankMethod::TotalSobol => (
            ["Total index", "Alone"],
            "Total Sobol index of each knob",
            "the share of the spread that would be left if all other knobs were known, with its 95 % interval; dark: what the knob explains \
             alone. Where the rest is large, knobs act together.",
            "share of the variance",
        ),
        RankMethod::GridVariance => (
            ["Total index", "Alone"],
            "Total Sobol index of each knob",
            "over the grid, each value as likely as another, with its 95 % interval; dark: what the knob explains alone. Where the rest is \
             large, knobs act together.",
            "share of the variance",
        ),
    };
    let end = |v: Option<f64>| v.map_or_else(|| "–".to_owned(), |v| plain(v, ranking.unit));
    let rows = ranking.knobs.iter().map(|k| {
        let alone = k.alone.as_ref().map_or_else(|| "–".to_owned(), |e| estimate(e, unit));
        vec![k.path.clone(), estimate(&k.total, unit), alone, end(k.at_low), end(k.at_high)]
    });
    let most = if morris { 0.0 } else { 1.0 };
    let desc = "A bar for each knob, as long as it matters, with its 95 percent interval; the most important on top.";
    Figure {
        id: format!("importance-{}", place + 1).into(),
        panels: vec![tornado::draw(&title, desc, &bars, unit, most, axis)],
        title,
        caption: (bold.to_owned(), rest.to_owned()),
        tables: vec![DataTable {
            says: format!("which knob matters for {}", ranking.of),
            heads: vec![
                "Knob".into(),
                head[0].into(),
                head[1].into(),
                format!("{} at its low end", ranking.of),
                "At its high end".into(),
            ],
            rows: rows.collect(),
        }],
        readings: Vec::new(),
        format: "",
    }
}

/// Cost against the first metric that is promised, or the first that is shown.
pub(super) fn money(sweep: &SweepResult) -> Vec<Block> {
    let costs = || sweep.points.iter().map(|p| p.cost_per_month.mean);
    let (low, high) = (costs().fold(f64::INFINITY, f64::min), costs().fold(0.0, f64::max));
    if sweep.points.len() < 3 || high <= 0.0 || high - low < high * 0.01 {
        return Vec::new();
    }
    let share = sweep.shown.iter().position(|s| matches!(s.about, About::Availability { .. }));
    let Some(of) = share.or((!sweep.shown.is_empty()).then_some(0)) else { return Vec::new() };
    let shown = &sweep.shown[of];
    let money = matches!(shown.unit, Unit::Money | Unit::MoneyPerMonth | Unit::MoneyPerYear);
    let less = shown.less_is_better.unwrap_or(shown.unit == Unit::Seconds || money);
    let known: Vec<(&Point, Estimate)> = sweep.points.iter().filter_map(|p| Some((p, p.shown[of]?))).collect();
    let pairs: Vec<(f64, f64)> = known.iter().map(|(p, e)| (p.cost_per_month.mean, e.mean)).collect();
    let on_front = front::front(&pairs, less);
    let paths: Vec<&str> = sweep.knobs.iter().map(|k| k.path.as_str()).collect();
    let names: Vec<String> = paths.iter().map(|path| short(path, &paths).to_owned()).collect();
    let held = |p: &Point| p.verdict == Some(Verdict::Held);
    let cheapest = known
        .iter()
        .filter(|(p, _)| held(p))
        .min_by(|a, b| a.0.cost_per_month.mean.total_cmp(&b.0.cost_per_month.mean));
    let answer = cheapest.map(|(p, _)| p.number);
    let spots: Vec<Spot> = known
        .iter()
        .zip(&on_front)
        .map(|((p, e), on_front)| Spot {
            name: settings(sweep, &names, p),
            cost: p.cost_per_month,
            gives: *e,
            on_front: *on_front,
            answer: answer == Some(p.number),
            verdict: p.verdict,
        })
        .collect();
    let count = on_front.iter().filter(|f| **f).count();
    let better = if less { "less" } else { "more" };
    let title = match cheapest {
        Some((p, _)) => format!(
            "The cheapest setting that keeps all is {}, at {}",
            settings(sweep, &names, p),
            plain(p.cost_per_month.mean, Unit::MoneyPerMonth)
        ),
        None => format!("{count} settings are beaten by none in cost and {}", shown.name),
    };
    let says = format!(
        "against the cost of the infrastructure a month of 730 h, 95 % intervals. The line joins what no setting beats: as cheap, and {better} \
         {}. Dot: held; ring: inconclusive; cross: broken.",
        shown.name
    );
    let desc = format!("{} of each setting against its cost a month.", shown.name);
    let rows = spots.iter().map(|s| {
        let verdict = s.verdict.map_or_else(|| "–".to_owned(), |v| word(v).to_owned());
        let on = if s.on_front { "yes" } else { "no" };
        vec![
            s.name.clone(),
            estimate(&s.cost, Unit::MoneyPerMonth),
            estimate(&s.gives, shown.unit),
            on.to_owned(),
            verdict,
        ]
    });
    let figure = Figure {
        id: "front".into(),
        panels: vec![front::draw(&title, &desc, &spots, shown.unit, None)],
        title,
        caption: (shown.name.clone(), says),
        tables: vec![DataTable {
            says: "cost of each setting, and what it buys".into(),
            heads: vec!["Setting".into(), "Cost".into(), shown.name.clone(), "Beaten by none".into(), "Verdict".into()],
            rows: rows.collect(),
        }],
        readings: Vec::new(),
        format: "",
    };
    vec![Block::Figure(Box::new(figure))]
}
