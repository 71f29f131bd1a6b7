//! The report of a search for capacity: the cheapest setting at each load, what binds it and what the next cheaper breaks, the ladder of
//! what was tried, cost against availability, and how far the answer carries.

mod knee;

use super::findings;
use crate::Source;
use crate::figures::front::{self, Spot};
use crate::figures::ladder::{self, Rung};

use crate::figures::{DataTable, Figure};
use crate::numbers::{estimate, grouped, kept, optional, plain};
use crate::page::section::{scenario, section, some};
use crate::page::sentence::sentences;
use crate::page::{Block, CellForm, Fact, LoneTable, Page};
use crate::paths::short;
use crate::words::word;
use sim_core::results::{About, CapacityLevel, CapacityResult, Case, Estimate, Judge, Tried, Unit, Verdict};

/// Settings on a ladder; of more, those around the answer.
const MOST_RUNGS: usize = 24;

/// The page of a search.
pub fn page(capacity: &CapacityResult, source: &Source) -> Page {
    let sections = [
        Some(section("levels", "By load", "By load", vec![Block::Table(levels(capacity))])),
        some("next", "What to look at next", "What to look at next", next(capacity)),
        Some(section("search", "The search", "What was tried", ladders(capacity))),
        some("survive", "With a zone lost", "With a zone lost", survive(capacity)),
        some("money", "Money", "Money", money(capacity)),
        knee::how_far(capacity),
        Some(section("sure", "How sure we are", "How sure we are", vec![Block::Facts(facts(capacity, source))])),
        Some(scenario(source)),
    ];
    Page {
        kind: "capacity report",
        title: capacity.scenario.clone(),
        question: capacity.question.clone(),
        answer: sentences(&findings::answer(capacity)),
        meta: meta(capacity),
        sections: sections.into_iter().flatten().collect(),
        time: None,
    }
}

fn meta(capacity: &CapacityResult) -> String {
    let knobs = capacity.knobs.iter().map(|knob| {
        let ends = (knob.values.first(), knob.values.last());
        match ends {
            (Some(a), Some(b)) if a != b => format!("{} from {} to {}", knob.path, a.text, b.text),
            _ => knob.path.clone(),
        }
    });
    format!(
        "Searched: {}. {} replications in all, at most {} of a setting, on the same random numbers; verdicts at {:.0}\u{a0}% confidence, \
         valid however often was looked.",
        knobs.collect::<Vec<_>>().join(", "),
        grouped(f64::from(capacity.spent), 0),
        capacity.budget,
        capacity.confidence * 100.0
    )
}

/// Settings by the short names of the knobs.
fn settings(capacity: &CapacityResult, tried: &Tried) -> String {
    let paths: Vec<&str> = capacity.knobs.iter().map(|k| k.path.as_str()).collect();
    if paths.len() == 1 {
        return tried.settings.first().map_or_else(String::new, |s| s.text.clone());
    }
    let pairs = paths.iter().zip(&tried.settings);
    pairs.map(|(path, s)| format!("{}={}", short(path, &paths), s.text)).collect::<Vec<_>>().join(", ")
}

/// The values of a setting alone, where names stand beside them.
fn values(tried: &Tried) -> String {
    tried.settings.iter().map(|s| s.text.as_str()).collect::<Vec<_>>().join(" / ")
}

/// What the settings are of.
fn of_what(capacity: &CapacityResult) -> String {
    let paths: Vec<&str> = capacity.knobs.iter().map(|k| k.path.as_str()).collect();
    let names: Vec<&str> = paths.iter().map(|path| short(path, &paths)).collect();
    names.join(" / ")
}

/// The share of runs that keep every promise in the worst case.
fn worst(tried: &Tried) -> Option<Estimate> {
    let all = tried.cases.iter().filter_map(|case| case.probability);
    all.min_by(|a, b| a.mean.total_cmp(&b.mean))
}

fn levels(capacity: &CapacityResult) -> LoneTable {
    let paths: Vec<&str> = capacity.knobs.iter().map(|k| k.path.as_str()).collect();
    let mut heads = vec!["Load".to_owned()];
    heads.extend(paths.iter().map(|path| short(path, &paths).to_owned()));
    heads
        .extend(["Verdict", "Kept in runs", "Cost a month", "What binds", "The next cheaper breaks"].map(String::from));
    let none = || "–".to_owned();
    let row = |level: &CapacityLevel| {
        let mut row = vec![level.label.clone()];
        let Some(tried) = findings::answer_of(level) else {
            row.extend(paths.iter().map(|_| none()));
            let open = level.tried.iter().any(|t| t.verdict == Verdict::Inconclusive);
            let verdict = if open { Verdict::Inconclusive } else { Verdict::Broken };
            row.extend([word(verdict).to_owned(), none(), none(), none(), none()]);
            return row;
        };
        let bound = |bound: Option<(&Case, &Judge, usize)>| {
            let (case, judge, place) = bound?;
            let observed = case.promises.get(place)?.observed.as_ref()?;
            Some(format!("{}: {}", judge.name, estimate(observed, judge.unit)))
        };
        row.extend(tried.settings.iter().map(|s| s.text.clone()));
        row.push(word(tried.verdict).to_owned());
        row.push(worst(tried).as_ref().map_or_else(none, kept));
        row.push(if capacity.priced { estimate(&tried.cost_per_month, Unit::Money) } else { none() });
        row.push(bound(findings::binds_answer(capacity, level)).unwrap_or_else(none));
        let cheaper = level.cheaper.and_then(|i| level.tried.get(i));
        row.push(cheaper.and_then(|tried| bound(findings::binding(capacity, tried))).unwrap_or_else(none));
        row
    };
    let found = capacity.levels.iter().filter(|l| l.answer.is_some()).count();
    let title = match capacity.levels.len() {
        1 => String::new(),
        all if found == all => format!("Every load up to {} has an answer", capacity.levels[all - 1].label),
        all => format!("{found} of {all} loads have an answer"),
    };
    let which = if capacity.priced { "The cheapest setting" } else { "The smallest setting" };
    let survive = if capacity.survive.is_empty() { "" } else { ", also with each zone lost" };
    let says = format!(
        "that keeps every promise{survive}, by load as a factor of the file\u{2019}s; shares of runs are those of the worst case."
    );
    let table = DataTable { says: "The answer by load".into(), heads, rows: capacity.levels.iter().map(row).collect() };
    let title = (!title.is_empty()).then_some((title, (which.to_owned(), says)));
    LoneTable { title, cells: CellForm::Numbers, table }
}

fn next(capacity: &CapacityResult) -> Vec<Block> {
    let found = findings::told(capacity);
    if found.is_empty() { Vec::new() } else { vec![Block::Findings(found)] }
}

/// Places of the settings that were tried for the search, the cheapest first.
fn order(level: &CapacityLevel) -> Vec<usize> {
    let mut order: Vec<usize> = (0..level.tried.len()).filter(|i| !level.tried[*i].extra).collect();
    let key = |i: usize| (level.tried[i].cost_per_month.mean, &level.tried[i].places);
    order.sort_by(|a, b| key(*a).0.total_cmp(&key(*b).0).then_with(|| key(*a).1.cmp(key(*b).1)));
    if order.len() > MOST_RUNGS {
        let middle = order.iter().position(|i| Some(*i) == level.answer).unwrap_or(order.len() / 2);
        let from = middle.saturating_sub(MOST_RUNGS / 2).min(order.len() - MOST_RUNGS);
        order = order[from..from + MOST_RUNGS].to_vec();
    }
    order
}

fn ladders(capacity: &CapacityResult) -> Vec<Block> {
    let all = capacity.levels.iter().enumerate();
    all.map(|(i, level)| Block::Figure(Box::new(ladder_of(capacity, i, level)))).collect()
}

fn ladder_of(capacity: &CapacityResult, place: usize, level: &CapacityLevel) -> Figure {
    let rungs: Vec<Rung> = order(level)
        .into_iter()
        .map(|i| {
            let tried = &level.tried[i];
            Rung {
                name: values(tried),
                beside: if capacity.priced { plain(tried.cost_per_month.mean, Unit::Money) } else { String::new() },
                share: worst(tried),
                verdict: tried.verdict,
                answer: Some(i) == level.answer,
            }
        })
        .collect();
    let name = of_what(capacity);
    let named = |tried: &Tried| match capacity.knobs.len() {
        1 => format!("{name}={}", settings(capacity, tried)),
        _ => settings(capacity, tried),
    };
    let title = match findings::answer_of(level) {
        Some(tried) if capacity.levels.len() == 1 => format!("{} is enough", named(tried)),
        Some(tried) => format!("Load {}: {} is enough", level.label, named(tried)),
        None => format!("Load {}: nothing that was tried is enough", level.label),
    };
    let heads: Vec<String> =
        ["Setting", "Case", "Kept in runs", "", "Verdict", "What binds", "Cost a month"].map(String::from).into();
    let mut rows = Vec::new();
    for tried in &level.tried {
        for case in &tried.cases {
            let bound = case.binding.and_then(|i| Some((capacity.promises.get(i)?, case.promises.get(i)?)));
            rows.push(vec![
                settings(capacity, tried),
                case.lost.as_ref().map_or_else(|| "whole".to_owned(), |zone| format!("zone {zone} lost")),
                format!("{} of {}", case.kept, case.judged),
                case.probability.as_ref().map_or_else(|| "no data".to_owned(), kept),
                word(case.verdict).to_owned(),
                bound.map_or_else(
                    || "–".to_owned(),
                    |(judge, j)| format!("{}: {}", judge.name, optional(j.observed.as_ref(), judge.unit)),
                ),
                estimate(&tried.cost_per_month, Unit::Money),
            ]);
        }
    }
    let cases = if capacity.survive.is_empty() { "" } else { "; of several cases the worst" };
    let caption = format!(
        "of each setting that was tried{cases}, with its 95 % interval (Wilson). Dot: held; ring: inconclusive; cross: broken. Shaded: enough."
    );
    let desc = "Share of runs that keep every promise for each setting, from 0 to 100 percent, and a mark at the share that is needed.";
    let beside = if capacity.priced { "a month" } else { "" };
    Figure {
        id: format!("ladder-{}", place + 1).into(),
        panels: vec![ladder::draw(&title, desc, &rungs, capacity.needed, (&name, beside))],
        title,
        caption: ("Runs that keep every promise".into(), caption),
        tables: vec![DataTable { says: "all that was tried, in the order of trying".into(), heads, rows }],
        readings: Vec::new(),
        format: "",
    }
}

/// The answer of the first level, case by case.
fn survive(capacity: &CapacityResult) -> Vec<Block> {
    let Some(tried) = capacity.levels.first().and_then(findings::answer_of).filter(|t| t.cases.len() > 1) else {
        return Vec::new();
    };
    let mut heads = vec!["Case".to_owned(), "Kept in runs".to_owned(), "Verdict".to_owned()];
    heads.extend(capacity.promises.iter().map(|p| p.name.clone()));
    let rows = tried.cases.iter().map(|case| {
        let mut row = vec![
            case.lost.as_ref().map_or_else(|| "All zones".to_owned(), |zone| format!("Zone {zone} lost")),
            case.probability.as_ref().map_or_else(|| "no data".to_owned(), kept),
            word(case.verdict).to_owned(),
        ];
        let each = case.promises.iter().zip(&capacity.promises);
        row.extend(each.map(|(j, judge)| optional(j.observed.as_ref(), judge.unit)));
        row
    });
    let table = DataTable { says: "The answer with each zone lost".into(), heads, rows: rows.collect() };
    let title = format!("{} is enough with any one zone lost", findings::settings(capacity, &tried.settings));
    let caption =
        ("The answer".to_owned(), "with all zones, and with each of them lost: what each promise observes.".to_owned());
    vec![Block::Table(LoneTable { title: Some((title, caption)), cells: CellForm::Numbers, table })]
}

/// Cost against availability, all that was tried at the first level.
fn money(capacity: &CapacityResult) -> Vec<Block> {
    let Some(level) = capacity.levels.first().filter(|_| capacity.priced) else { return Vec::new() };
    let known: Vec<(usize, &Tried, Estimate)> =
        level.tried.iter().enumerate().filter_map(|(i, t)| Some((i, t, t.availability?))).collect();
    if known.len() < 3 {
        return Vec::new();
    }
    let spots: Vec<Spot> = known
        .iter()
        .map(|(i, t, availability)| Spot {
            name: values(t),
            cost: t.cost_per_month,
            gives: *availability,
            on_front: t.on_front,
            answer: Some(*i) == level.answer,
            verdict: Some(t.verdict),
        })
        .collect();
    let promised = capacity.promises.iter().position(|p| matches!(p.about, About::Availability { .. }));
    let promised = promised.and_then(|i| level.tried.first()?.cases.first()?.promises.get(i)?.promised);
    let promised = promised.map(|v| (v, format!("promised {}", plain(v, Unit::Share))));
    let title = front_title(&spots);
    let rows = spots.iter().map(|s| {
        let on = if s.on_front { "yes" } else { "no" };
        let verdict = s.verdict.map_or_else(|| "–".to_owned(), |v| word(v).to_owned());
        let cost = estimate(&s.cost, Unit::Money);
        vec![s.name.clone(), cost, estimate(&s.gives, Unit::Share), on.to_owned(), verdict]
    });
    let says = format!(
        "of the load classes, against the cost of the infrastructure a month of 730 h, with 95 % intervals; a mark for each {}. The line joins \
         what nothing beats: as cheap, and more available. Dot: held; ring: inconclusive; cross: broken.",
        of_what(capacity)
    );
    let desc = "Availability of each setting against its cost a month, and the front of those that none beats in both.";
    let figure = Figure {
        id: "front".into(),
        panels: vec![front::draw(&title, desc, &spots, Unit::Share, promised.as_ref())],
        title,
        caption: ("Share of requests answered".into(), says),
        tables: vec![DataTable {
            says: "cost and availability of each setting".into(),
            heads: ["Setting", "Cost a month", "Availability", "Beaten by none", "Verdict"].map(String::from).into(),
            rows: rows.collect(),
        }],
        readings: Vec::new(),
        format: "",
    };
    vec![Block::Figure(Box::new(figure))]
}

/// What the last step along the front buys.
fn front_title(spots: &[Spot]) -> String {
    let mut front: Vec<&Spot> = spots.iter().filter(|s| s.on_front).collect();
    front.sort_by(|a, b| a.cost.mean.total_cmp(&b.cost.mean));
    let Some(answer) = front.iter().position(|s| s.answer) else {
        return format!("{} settings are beaten by none in cost and availability", front.len());
    };
    let cost = plain(front[answer].cost.mean, Unit::MoneyPerMonth);
    let gives = plain(front[answer].gives.mean, Unit::Share);
    match front.last().filter(|last| !last.answer) {
        Some(last) => {
            let more = plain(last.cost.mean - front[answer].cost.mean, Unit::Money);
            format!("{cost} buy {gives} of requests; {more} more buy {}", plain(last.gives.mean, Unit::Share))
        }
        None => format!("{cost} buy {gives} of requests, and nothing that was tried buys more"),
    }
}

fn facts(capacity: &CapacityResult, source: &Source) -> Vec<Fact> {
    let digest: Vec<String> =
        capacity.digest.as_bytes().chunks(4).map(|c| String::from_utf8_lossy(c).into_owned()).collect();
    let tried: usize = capacity.levels.iter().map(|l| l.tried.len()).sum();
    let mut facts = vec![
        Fact::new("Settings tried", format!("{tried}, over all loads")),
        Fact::new(
            "Replications",
            format!(
                "{} in all, at most {} of a setting and case",
                grouped(f64::from(capacity.spent), 0),
                capacity.budget
            ),
        ),
        Fact::new(
            "A setting is held",
            format!(
                "when, at {:.0} % confidence, at least {:.0} % of its runs keep every promise",
                capacity.confidence * 100.0,
                capacity.needed * 100.0
            ),
        ),
        Fact::new(
            "Random numbers",
            "the same in all settings: replication by replication the same arrivals and the same luck",
        ),
        Fact::new("Seed", capacity.seed.to_string()),
        Fact::new(
            "Intervals",
            "95 %: Student\u{2019}s t on means, Wilson on shares of runs; verdicts by a sequence that may be looked at at any time",
        ),
        Fact::new("Version", format!("windtunnel {}", capacity.version)),
        Fact::code("Digest of the results", digest.join(" ")),
    ];
    if !capacity.survive.is_empty() {
        facts.push(Fact::new("Has to survive", format!("the loss of any one of {}", capacity.survive.join(", "))));
    }
    if let Some(command) = repeat(capacity, source) {
        facts.push(Fact::code("To repeat it, byte for byte", command));
    }
    facts
}

/// The command that gives the same results; `None` where the values that are searched are no row of whole numbers.
fn repeat(capacity: &CapacityResult, source: &Source) -> Option<String> {
    let mut command = source.command("capacity");
    if capacity.study.is_empty() {
        for knob in &capacity.knobs {
            let numbers: Vec<f64> = knob.values.iter().map(|v| v.number).collect::<Option<_>>()?;
            let rises = numbers.windows(2).all(|pair| pair[1] - pair[0] == 1.0);
            let (first, last) = (knob.values.first().filter(|_| rises)?, knob.values.last()?);
            command.push_str(&format!(" --for {}={}..{}", knob.path, first.text, last.text));
        }
        let loads: Vec<String> =
            capacity.levels.iter().map(|l| plain(l.load, Unit::Share).replace('\u{a0}', "")).collect();
        if loads.iter().any(|load| load != "100%") {
            command.push_str(&format!(" --at-load {}", loads.join(",").replace(' ', "")));
        }
        if !capacity.survive.is_empty() {
            command.push_str(" --survive zone");
        }
    } else {
        command.push_str(&format!(" --study {}", capacity.study));
    }
    Some(format!("{command} --budget {} --seed {}", capacity.budget, capacity.seed))
}
