//! The report of a sweep: how many settings hold and how far, which knob matters, and every metric over the knobs.

use super::{section, sentences, short, some};
use crate::Source;
use crate::figures::front::{self, Spot};
use crate::figures::heat_map::{Cell, HeatMap, letter};
use crate::figures::lines::{self, Family, Line};
use crate::figures::tornado::{self, Bar};
use crate::figures::{Drawing, Figure, Table};
use crate::findings::sweep as findings;
use crate::findings::word;
use crate::numbers::{estimate, grouped, kept, optional, plain};
use crate::page::{Block, Cells, Fact, Page, Section, Standing};
use sim_core::results::{Design, Estimate, Judge, Point, RankMethod, Ranking, Setting, SweepResult, Unit, Verdict};

/// Columns that a heat map has at most.
const MOST_COLUMNS: usize = 16;
/// Rows that a heat map has at most.
const MOST_ROWS: usize = 40;
/// Metrics that are drawn; the others are in the table of all points.
const MOST_METRICS: usize = 6;

/// The page of a sweep.
pub fn page(sweep: &SweepResult, source: &Source) -> Page {
    let plan = Plan::of(sweep);
    let sections = [
        promises(sweep, &plan),
        next(sweep),
        some("knobs", "Which knob matters", "Which knob matters", rankings(sweep)),
        some("metrics", "Over the knobs", "Over the knobs", metrics(sweep, &plan)),
        some("money", "Money", "Money", money(sweep)),
        Some(section("points", "All settings", "All settings", vec![Block::Table(points(sweep))])),
        Some(section("sure", "How sure we are", "How sure we are", vec![Block::Facts(facts(sweep, source))])),
        Some(super::run::scenario(source)),
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

/// How the points are laid out: a grid in rows and columns, or a cloud.
struct Plan {
    /// The knob that changes along a row: the one with the most values that are numbers, or the one with the most values.
    across: usize,
    /// Each row: the settings of the other knobs, and the points in the order of the knob across; none if the design is no grid.
    rows: Vec<(String, Vec<usize>)>,
    /// Names of the knobs.
    names: Vec<String>,
    /// The knobs, the most important first.
    order: Vec<usize>,
}

impl Plan {
    fn of(sweep: &SweepResult) -> Self {
        let paths: Vec<&str> = sweep.knobs.iter().map(|k| k.path.as_str()).collect();
        let names: Vec<String> = paths.iter().map(|path| short(path, &paths).to_owned()).collect();
        let rank = |knob: &usize| {
            let first = sweep.rankings.first().map_or(&[][..], |r| r.knobs.as_slice());
            first.iter().position(|k| k.path == sweep.knobs[*knob].path).unwrap_or(usize::MAX)
        };
        let mut order: Vec<usize> = (0..sweep.knobs.len()).collect();
        order.sort_by_key(|knob| (rank(knob), *knob));
        let size = |knob: &usize| {
            let knob = &sweep.knobs[*knob];
            (knob.numbers.is_some() && knob.values.len() > 2, knob.values.len())
        };
        let across = (0..sweep.knobs.len()).rev().max_by_key(size).unwrap_or(0);
        let rows = if sweep.design == Design::Grid { rows(sweep, across, &names) } else { Vec::new() };
        Self { across, rows, names, order }
    }

    /// What the rows are called.
    fn down(&self) -> String {
        let others = self.names.iter().enumerate().filter(|(i, _)| *i != self.across);
        others.map(|(_, name)| name.as_str()).collect::<Vec<_>>().join(", ")
    }
}

/// Points that differ in one knob only, in the order of its values.
fn rows(sweep: &SweepResult, across: usize, names: &[String]) -> Vec<(String, Vec<usize>)> {
    let single = sweep.knobs.len() == 2;
    let mut rows: Vec<(String, Vec<usize>)> = Vec::new();
    for (i, point) in sweep.points.iter().enumerate() {
        let others = point.settings.iter().enumerate().filter(|(knob, _)| *knob != across);
        let word =
            |(knob, s): (usize, &Setting)| if single { s.text.clone() } else { format!("{}={}", names[knob], s.text) };
        let words: Vec<String> = others.map(word).collect();
        let name = words.join(", ");
        match rows.iter_mut().find(|row| row.0 == name) {
            Some(row) => row.1.push(i),
            None => rows.push((name, vec![i])),
        }
    }
    rows
}

/// Something that each point has a value of.
struct Metric<'a> {
    id: String,
    name: &'a str,
    unit: Unit,
    value: Box<dyn Fn(&Point) -> Option<Estimate> + 'a>,
    /// Whether it is the share of runs that keep all that is promised.
    share: bool,
}

impl Metric<'_> {
    fn write(&self, e: &Estimate) -> String {
        if self.share { kept(e) } else { estimate(e, self.unit) }
    }
}

fn promises(sweep: &SweepResult, plan: &Plan) -> Option<Section> {
    let judged = sweep.points.iter().filter(|p| p.verdict.is_some()).count();
    if judged == 0 {
        return None;
    }
    let metric = Metric {
        id: "kept".into(),
        name: "Share of runs that keep all that is promised",
        unit: Unit::Share,
        value: Box::new(|p: &Point| p.kept_all),
        share: true,
    };
    let of = |v| sweep.points.iter().filter(|p| p.verdict == Some(v)).count();
    let words = [(Verdict::Held, "held"), (Verdict::Inconclusive, "undecided"), (Verdict::Broken, "broken")];
    let parts: Vec<String> = words.iter().filter(|(v, _)| of(*v) > 0).map(|(v, w)| format!("{} {w}", of(*v))).collect();
    let head = format!("Settings: {}", parts.join(", "));
    let lede = "A setting counts as held when, at 95\u{a0}% confidence, at least 90\u{a0}% of its runs keep every promise; as broken when \
                fewer do; else as inconclusive.";
    let title = format!("{} of {} settings keep all that is promised", of(Verdict::Held), judged);
    let mut blocks = vec![Block::Lede(lede.into())];
    blocks.extend(draw(sweep, plan, &metric, &title).map(|f| Block::Figure(Box::new(f))));
    let counting: Vec<&Judge> = sweep.judged.iter().filter(|j| j.counts).collect();
    if counting.len() > 1 {
        blocks.push(Block::Table(each_promise(sweep)));
    }
    Some(section("promises", "Promises", &head, blocks))
}

/// In how many settings each promise is held, undecided and broken.
fn each_promise(sweep: &SweepResult) -> Standing {
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
    let says = "in how many settings it is held, undecided and broken.".into();
    Standing {
        title: Some((title, ("Each promise".into(), says))),
        cells: Cells::Numbers,
        table: Table {
            says: "Each promise, by verdict".into(),
            heads: ["Promise", "Held", "Undecided", "Broken"].map(String::from).into(),
            rows,
        },
    }
}

fn next(sweep: &SweepResult) -> Option<Section> {
    let found = findings::told(sweep);
    (!found.is_empty())
        .then(|| section("next", "What to look at next", "What to look at next", vec![Block::Findings(found)]))
}

fn metrics(sweep: &SweepResult, plan: &Plan) -> Vec<Block> {
    let shown = sweep.shown.iter().enumerate().take(MOST_METRICS);
    let figures = shown.filter_map(|(i, shown)| {
        let metric = Metric {
            id: format!("metric-{}", i + 1),
            name: &shown.name,
            unit: shown.unit,
            value: Box::new(move |p: &Point| p.shown.get(i).copied().flatten()),
            share: false,
        };
        let title = spread(sweep, plan, &metric)?;
        draw(sweep, plan, &metric, &title)
    });
    figures.map(|f| Block::Figure(Box::new(f))).collect()
}

/// Where a metric is least and most.
fn spread(sweep: &SweepResult, plan: &Plan, metric: &Metric) -> Option<String> {
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

/// A metric over the knobs: lines over a knob of numbers, a map of two knobs, or a cloud.
fn draw(sweep: &SweepResult, plan: &Plan, metric: &Metric, title: &str) -> Option<Figure> {
    let known = sweep.points.iter().filter(|p| (metric.value)(p).is_some()).count();
    if known == 0 || sweep.knobs.is_empty() {
        return None;
    }
    let knob = &sweep.knobs[plan.across];
    let numbers = knob.numbers.as_ref().is_some_and(|n| n.len() > 2);
    let desc = format!("{} over {}.", metric.name, plan.names.join(" and "));
    let panels = if plan.rows.is_empty() {
        cloud(sweep, plan, metric, title)
    } else if numbers && plan.rows.len() <= lines::MOST && (!metric.share || plan.rows.len() == 1) {
        vec![family(sweep, plan, metric).draw(title, &desc)]
    } else if knob.values.len() <= MOST_COLUMNS && plan.rows.len() <= MOST_ROWS {
        vec![map(sweep, plan, metric, title, &desc)]
    } else {
        cloud(sweep, plan, metric, title)
    };
    let each = sweep.replications;
    let how = match (metric.share, plan.rows.is_empty()) {
        (true, true) => format!(
            "{each} replications of each setting; dot: held, ring: inconclusive, cross: broken. 95 % intervals by Wilson."
        ),
        (true, false) => {
            format!("{each} replications of each setting; H held, I inconclusive, B broken. 95 % intervals by Wilson.")
        }
        (false, true) => format!("a dot for each setting, {each} replications of each; upright lines: 95 % interval."),
        (false, false) => format!(
            "{each} replications of each setting; bands, and what stands in brackets: 95 % interval. In a map, the lighter the more."
        ),
    };
    (!panels.is_empty()).then(|| Figure {
        id: metric.id.clone().into(),
        title: title.to_owned(),
        caption: (metric.name.to_owned(), how),
        panels,
        tables: vec![table(sweep, plan, metric)],
        readings: Vec::new(),
        format: "",
    })
}

fn family<'a>(sweep: &'a SweepResult, plan: &'a Plan, metric: &Metric) -> Family<'a> {
    let knob = &sweep.knobs[plan.across];
    let number = |i: usize| sweep.points[i].settings[plan.across].number;
    let lines = plan.rows.iter().map(|(name, points)| {
        let mut points: Vec<(f64, Estimate)> =
            points.iter().filter_map(|i| Some((number(*i)?, (metric.value)(&sweep.points[*i])?))).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        Line { name: name.clone(), points, verdicts: Vec::new() }
    });
    let numbers = knob.numbers.clone().unwrap_or_default();
    let ticks: Vec<(f64, String)> = numbers.into_iter().zip(knob.values.iter().cloned()).collect();
    let promised = sweep.judged.iter().zip(&sweep.points[0].judged).find(|(j, _)| speaks_of(j, metric));
    Family {
        name: &knob.path,
        unit: knob.unit,
        log: knob.log,
        ticks: (ticks.len() <= 12).then_some(ticks),
        of_lines: if sweep.knobs.len() == 2 { &plan.names[1 - plan.across] } else { "" },
        lines: lines.collect(),
        of: metric.unit,
        promised: if metric.share {
            Some((super::run::NEEDED, "needed 90 %".into()))
        } else {
            promised.and_then(|(_, j)| j.promised).map(|v| (v, format!("promised {}", plain(v, metric.unit))))
        },
        shares: metric.share,
        mark: None,
        joined: true,
    }
}

/// Whether a promise is about a metric: by the words of `says`.
fn speaks_of(judge: &Judge, metric: &Metric) -> bool {
    let (name, subject) = metric.name.split_once('(').unwrap_or((metric.name, ""));
    let subject = subject.split(')').next().unwrap_or_default();
    let says = judge.says.as_str();
    let answers = name == "availability" && says.starts_with(&format!("{subject} answers at least"));
    let percentile = says.starts_with(&format!("{name} of {subject} is at most"));
    judge.unit == metric.unit && !subject.is_empty() && (answers || percentile || says.contains(metric.name))
}

/// Panels of a cloud: the metric against each of the three knobs that matter most.
fn cloud(sweep: &SweepResult, plan: &Plan, metric: &Metric, title: &str) -> Vec<Drawing> {
    let panel = |knob: &usize| {
        let of = &sweep.knobs[*knob];
        let known = sweep.points.iter();
        let known = known.filter_map(|p| Some((p.settings[*knob].number?, (metric.value)(p)?, p.verdict)));
        let (points, verdicts): (Vec<(f64, Estimate)>, Vec<_>) = known.map(|(x, e, v)| ((x, e), v)).unzip();
        (!points.is_empty()).then(|| {
            let family = Family {
                name: &of.path,
                unit: of.unit,
                log: of.log,
                ticks: None,
                of_lines: "",
                lines: vec![Line { name: String::new(), points, verdicts }],
                of: metric.unit,
                promised: metric.share.then(|| (super::run::NEEDED, "needed 90 %".into())),
                shares: metric.share,
                mark: None,
                joined: false,
            };
            family.draw(title, &format!("{} of each setting over {}.", metric.name, of.path))
        })
    };
    plan.order.iter().filter_map(panel).take(3).collect()
}

fn map(sweep: &SweepResult, plan: &Plan, metric: &Metric, title: &str, desc: &str) -> Drawing {
    let values = || sweep.points.iter().filter_map(|p| (metric.value)(p)).map(|e| e.mean);
    let (low, high) = if metric.share {
        (0.0, 1.0)
    } else {
        (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max))
    };
    // What spans decades is coloured by its factors.
    let log = !metric.share && low > 0.0 && high / low > 30.0;
    let part = |v: f64| match log {
        _ if high <= low => 0.5,
        true => sim_core::engine::math::ln(v / low) / sim_core::engine::math::ln(high / low),
        false => (v - low) / (high - low),
    };
    let cell = |point: &Point| {
        let e = (metric.value)(point)?;
        let whole = metric.write(&e).replace('\u{a0}', " ");
        let (text, interval) = whole.split_once(" (").map_or((whole.as_str(), ""), |(a, b)| (a, b));
        Some(Cell {
            part: part(e.mean),
            text: if metric.share { text.replace(" %", "") } else { text.to_owned() },
            interval: if interval.is_empty() { String::new() } else { format!("({interval}") },
            verdict: metric.share.then_some(point.verdict).flatten(),
        })
    };
    let columns = &sweep.knobs[plan.across].values;
    let mut cells = Vec::new();
    for (_, points) in &plan.rows {
        for text in columns {
            let there = points.iter().find(|i| sweep.points[**i].settings[plan.across].text == *text);
            cells.push(there.and_then(|i| cell(&sweep.points[*i])));
        }
    }
    let names: Vec<String> = plan.rows.iter().map(|(name, _)| name.clone()).collect();
    let down = plan.down();
    HeatMap { across: (&plan.names[plan.across], columns), down: (&down, &names), cells }.draw(title, desc)
}

/// All values of a metric: rows and columns where the settings are a grid, else a row a setting.
fn table(sweep: &SweepResult, plan: &Plan, metric: &Metric) -> Table {
    let cell = |point: &Point| {
        let verdict = point.verdict.filter(|_| metric.share).map_or_else(String::new, |v| format!(" {}", letter(v)));
        (metric.value)(point).map_or_else(|| "no data".into(), |e| metric.write(&e) + &verdict)
    };
    if plan.rows.is_empty() || sweep.knobs[plan.across].values.len() > MOST_COLUMNS {
        let mut heads: Vec<String> = vec!["Setting".into()];
        heads.push(metric.name.to_owned());
        let rows = sweep.points.iter().map(|p| vec![settings(sweep, &plan.names, p), cell(p)]);
        return Table { says: format!("{} of each setting", metric.name), heads, rows: rows.collect() };
    }
    let columns = &sweep.knobs[plan.across].values;
    let down = plan.down();
    let mut heads = vec![if down.is_empty() {
        plan.names[plan.across].clone()
    } else {
        format!("{down} \u{2193}  {} \u{2192}", plan.names[plan.across])
    }];
    if plan.rows.len() == 1 && down.is_empty() {
        heads.push(metric.name.to_owned());
        let rows = plan.rows[0]
            .1
            .iter()
            .map(|i| vec![sweep.points[*i].settings[plan.across].text.clone(), cell(&sweep.points[*i])]);
        return Table { says: format!("{} of each setting", metric.name), heads, rows: rows.collect() };
    }
    heads.extend(columns.iter().cloned());
    let rows = plan.rows.iter().map(|(name, points)| {
        let mut row = vec![name.clone()];
        row.extend(columns.iter().map(|text| {
            let there = points.iter().find(|i| sweep.points[**i].settings[plan.across].text == *text);
            there.map_or_else(|| "–".into(), |i| cell(&sweep.points[*i]))
        }));
        row
    });
    Table { says: format!("{} of each setting", metric.name), heads, rows: rows.collect() }
}

fn settings(sweep: &SweepResult, names: &[String], point: &Point) -> String {
    let pairs = names.iter().zip(&point.settings).take(sweep.knobs.len());
    pairs.map(|(name, s)| format!("{name}={}", s.text)).collect::<Vec<_>>().join(", ")
}

fn rankings(sweep: &SweepResult) -> Vec<Block> {
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
        tables: vec![Table {
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
fn money(sweep: &SweepResult) -> Vec<Block> {
    let costs = || sweep.points.iter().map(|p| p.cost_per_month.mean);
    let (low, high) = (costs().fold(f64::INFINITY, f64::min), costs().fold(0.0, f64::max));
    if sweep.points.len() < 3 || high <= 0.0 || high - low < high * 0.01 {
        return Vec::new();
    }
    let share = sweep.shown.iter().position(|s| s.unit == Unit::Share && s.name.starts_with("availability"));
    let Some(of) = share.or((!sweep.shown.is_empty()).then_some(0)) else { return Vec::new() };
    let shown = &sweep.shown[of];
    let less =
        shown.unit == Unit::Seconds || matches!(shown.unit, Unit::Money | Unit::MoneyPerMonth | Unit::MoneyPerYear);
    let less =
        less || ["error_rate", "degraded", "timeout", "rejected", "shed"].iter().any(|w| shown.name.starts_with(w));
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
        tables: vec![Table {
            says: "cost of each setting, and what it buys".into(),
            heads: vec!["Setting".into(), "Cost".into(), shown.name.clone(), "Beaten by none".into(), "Verdict".into()],
            rows: rows.collect(),
        }],
        readings: Vec::new(),
        format: "",
    };
    vec![Block::Figure(Box::new(figure))]
}

/// A row for each setting.
fn points(sweep: &SweepResult) -> Standing {
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
    Standing {
        title: None,
        cells: Cells::Numbers,
        table: Table { says: "All settings".into(), heads, rows: sweep.points.iter().map(row).collect() },
    }
}

/// The command that gives the same results.
pub fn repeat(sweep: &SweepResult, source: &Source) -> String {
    let mut command = format!("windtunnel sweep {}", source.file);
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
