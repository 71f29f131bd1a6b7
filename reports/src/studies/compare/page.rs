//! The report of a comparison: what is better and what is worse, every difference with its interval, and in what the systems differ.

use super::findings;
use crate::Source;
use crate::figures::forest::{self, Difference};
use crate::figures::{DataTable, Figure};
use crate::numbers::{estimate, kept, optional, plain, signed};
use crate::page::finding::Finding;
use crate::page::section::{section, some};
use crate::page::sentence::Piece;
use crate::page::sentence::sentences;
use crate::page::{Block, CellForm, Fact, LoneTable, Page, Section};
use crate::words::{WHEN_AN_INVARIANT_HOLDS, WHEN_HELD, word};
use sim_core::results::compare::{Change, Compared, Comparison, PromiseRow, System, ValueRow};
use sim_core::results::{Estimate, Unit};

/// The page of a comparison; the sources are those of A and of each B, as far as they are known.
pub fn page(comparison: &Comparison, sources: &[Source]) -> Page {
    let mut sections = Vec::new();
    let names = Names::of(comparison);
    let (a, alone) = (names.name(&comparison.a), comparison.against.len() == 1);
    if !alone {
        let head = format!("Each against {a}");
        sections.push(section("all", "All of them", &head, vec![Block::Table(together(comparison, &names))]));
    }
    for (place, compared) in comparison.against.iter().enumerate() {
        sections.extend(against(comparison, compared, place, &names));
    }
    sections.push(section("sure", "How sure we are", "How sure we are", vec![Block::Facts(facts(comparison, &names))]));
    sections.extend(scenarios(sources));
    let others: Vec<String> = comparison.against.iter().map(|c| names.name(&c.b)).collect();
    Page {
        kind: "comparison report",
        title: format!("{} against {a}", others.join(", ")),
        question: comparison.question.clone(),
        answer: if alone {
            sentences(&minus(&findings::answer(&comparison.against[0])))
        } else {
            answers(comparison, &names)
        },
        meta: format!(
            "A is {a}, B is {}. {} pairs of runs on the same random numbers, intervals of 95\u{a0}% of the differences, pair by pair.",
            others.join(" or "),
            comparison.replications
        ),
        sections,
        time: None,
    }
}

/// What systems are called: by their variants where they are of one file, else by their files.
struct Names {
    one_file: bool,
}

impl Names {
    fn of(comparison: &Comparison) -> Self {
        Self { one_file: comparison.against.iter().all(|c| c.b.file == comparison.a.file) }
    }

    fn name(&self, system: &System) -> String {
        let file = system.file.rsplit('/').next().unwrap_or_default();
        match (&system.variant, self.one_file) {
            (Some(variant), true) => variant.clone(),
            (None, true) => "base".into(),
            (Some(variant), false) => format!("{file} with {variant}"),
            (None, false) => file.to_owned(),
        }
    }
}

/// How each system does against A, in a sentence each.
fn answers(comparison: &Comparison, names: &Names) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (place, compared) in comparison.against.iter().enumerate() {
        let count = |change| compared.rows.iter().filter(|row| row.change == Some(change)).count();
        let (better, worse) = (count(Change::Better), count(Change::Worse));
        let changed = |row: &&ValueRow| matches!(row.change, Some(Change::Better | Change::Worse));
        let first =
            compared.rows.iter().find(changed).and_then(|row| {
                Some(format!("; {} changes by {}", row.name, minus(&signed(&row.difference?, row.unit))))
            });
        let text = match (better, worse) {
            (0, 0) => "shows no difference that makes it better or worse".to_owned(),
            (b, 0) => format!("is better in {b} of {} numbers and worse in none", compared.rows.len()),
            (b, w) => format!("is better in {b} of {} numbers and worse in {w}", compared.rows.len()),
        };
        pieces.push(Piece { strong: true, text: names.name(&compared.b), spaced: place > 0 });
        pieces.push(Piece { strong: false, text: format!("{text}{}.", first.unwrap_or_default()), spaced: true });
    }
    pieces
}

/// Text with the minus of a printer where a number is negative.
fn minus(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let number = rest.peek().is_some_and(|next| next.is_ascii_digit() || *next == '$');
        let opens = before.is_whitespace() || before == '(';
        out.push(if c == '-' && number && opens { '\u{2212}' } else { c });
        before = c;
    }
    out
}

fn against(comparison: &Comparison, compared: &Compared, place: usize, names: &Names) -> Vec<Section> {
    let alone = comparison.against.len() == 1;
    let of = |text: &str| if alone { text.to_owned() } else { format!("{}: {text}", names.name(&compared.b)) };
    let sections = [
        some("", "", "What to look at next", next(comparison, compared, place)),
        Some(section("", "", "In what they differ", vec![Block::Table(differs(compared))])),
        some("", "", "Promises", promises(compared, place)),
        some("", "", "Differences", differences(compared, place)),
    ];
    let ids = ["next", "differs", "promises", "differences"];
    let known = sections.into_iter().zip(ids).filter_map(|(s, id)| Some((s?, id)));
    known
        .map(|(mut s, id)| {
            s.head = of(&s.head);
            s.contents = s.head.clone().into();
            s.id = if alone { id.into() } else { format!("{id}-{}", place + 1).into() };
            s
        })
        .collect()
}

/// The difference of each system from A, number by number.
fn together(comparison: &Comparison, names: &Names) -> LoneTable {
    let first = &comparison.against[0].rows;
    let mut heads = vec!["Number".to_owned(), names.name(&comparison.a)];
    heads
        .extend(comparison.against.iter().map(|c| format!("{} minus {}", names.name(&c.b), names.name(&comparison.a))));
    let rows = first.iter().map(|row| {
        let mut cells = vec![row.name.clone(), optional(row.a.as_ref(), row.unit)];
        cells.extend(comparison.against.iter().map(|c| {
            let there = c.rows.iter().find(|r| r.name == row.name);
            let told =
                there.and_then(|r| Some(format!("{}, {}", minus(&signed(&r.difference?, r.unit)), findings::says(r))));
            told.unwrap_or_else(|| "–".into())
        }));
        cells
    });
    let table = DataTable { says: "Every system against the first".into(), heads, rows: rows.collect() };
    LoneTable { title: None, cells: CellForm::Numbers, table }
}

/// What is told of a difference beside its size.
fn because(row: &ValueRow) -> String {
    let (Some(a), Some(b)) = (&row.a, &row.b) else { return String::new() };
    let pairs = match row.b_better_in {
        Some((better, of)) => format!(", better in {better} of {of} pairs"),
        None => String::new(),
    };
    format!("It goes from {} to {}{pairs}.", estimate(a, row.unit), estimate(b, row.unit))
}

fn next(comparison: &Comparison, compared: &Compared, place: usize) -> Vec<Block> {
    let changed = |change| compared.rows.iter().filter(move |row| row.change == Some(change)).take(3);
    let tell = |row: &ValueRow| {
        let by = minus(&signed(&row.difference?, row.unit));
        Some(Finding {
            what: format!("{} is {}: {by}.", row.name, findings::says(row)),
            why: because(row),
            command: None,
            figure: Some(figure_id(row.unit, place).into()),
            weight: 0.0,
        })
    };
    let told = changed(Change::Worse).chain(changed(Change::Better)).filter_map(tell);
    let most =
        compared.rows.iter().filter_map(|r| r.would_tell).chain(compared.promises.iter().filter_map(|p| p.would_tell));
    let files = if comparison.a.file == compared.b.file {
        let variant = |s: &System| s.variant.clone().unwrap_or_else(|| "base".into());
        format!("{} --variants {},{}", comparison.a.file, variant(&comparison.a), variant(&compared.b))
    } else {
        format!("{} {}", comparison.a.file, compared.b.file)
    };
    let command = most.min().map(|n| format!("windtunnel compare {files} --replications {n}"));
    let untold = findings::untold(compared);
    let untold = untold.first().map(|first| Finding {
        what: minus(first),
        why: untold[1..].iter().take(3).map(|s| minus(s)).collect::<Vec<_>>().join(" "),
        command,
        figure: None,
        weight: 0.0,
    });
    let all: Vec<Finding> = told.chain(untold).collect();
    if all.is_empty() { Vec::new() } else { vec![Block::Findings(all)] }
}

/// Money over time stands beside money.
fn group(unit: Unit) -> Unit {
    match unit {
        Unit::MoneyPerMonth | Unit::MoneyPerYear => Unit::Money,
        unit => unit,
    }
}

fn figure_id(unit: Unit, place: usize) -> String {
    let name = match group(unit) {
        Unit::Seconds => "times",
        Unit::Share => "shares",
        Unit::PerSecond => "rates",
        Unit::Bytes => "bytes",
        Unit::Bandwidth => "bandwidths",
        Unit::Count => "counts",
        _ => "money",
    };
    if place == 0 { name.to_owned() } else { format!("{name}-{}", place + 1) }
}

/// A figure for each unit.
fn differences(compared: &Compared, place: usize) -> Vec<Block> {
    let units = [Unit::Share, Unit::Seconds, Unit::Money, Unit::PerSecond, Unit::Count, Unit::Bytes, Unit::Bandwidth];
    let of = |unit| {
        let rows: Vec<&ValueRow> = compared.rows.iter().filter(|row| group(row.unit) == unit).collect();
        (!rows.is_empty()).then(|| of_unit(&rows, unit, place))
    };
    units.into_iter().filter_map(of).collect()
}

/// The name of an axis of differences of shares.
const POINTS: &str = "B minus A in points";

/// A tick of differences of shares: `+2 points`.
fn points(value: f64) -> String {
    if value == 0.0 { "0".into() } else { minus(&signed(&Estimate::exact(value), Unit::Share)) }
}

/// A tick of differences as a share of A: `+50 %`.
fn percent(value: f64) -> String {
    let sign = if value > 0.0 { "+" } else { "\u{2212}" };
    if value == 0.0 { "0".into() } else { format!("{sign}{}", plain(value.abs(), Unit::Share)) }
}

/// A difference as a share of A; `None` where A is 0 and B is not, or where either is infinite.
fn of_a(difference: &Estimate, a: Option<Estimate>) -> Option<Estimate> {
    if (difference.mean, difference.half_width()) == (0.0, 0.0) {
        return Some(*difference);
    }
    let a = a?.mean.abs();
    let share = difference.scale(1.0 / a);
    (a > 0.0 && [share.low, share.mean, share.high].into_iter().all(f64::is_finite)).then_some(share)
}

/// A figure of the differences of a unit, or a table where there are none.
fn of_unit(rows: &[&ValueRow], unit: Unit, place: usize) -> Block {
    let what = match unit {
        Unit::Seconds => "times",
        Unit::Share => "shares, in points",
        Unit::PerSecond => "rates",
        Unit::Bytes => "sizes",
        Unit::Bandwidth => "bandwidths",
        Unit::Count => "counts",
        _ => "money",
    };
    let known = rows.iter().filter_map(|row| {
        let difference = row.difference?;
        let (text, word) = (minus(&signed(&difference, row.unit)), findings::says(row));
        let from_zero = unit != Unit::Share && row.a.is_some_and(|a| a.mean == 0.0) && difference.mean != 0.0;
        let text = if from_zero { format!("{text}, A is 0") } else { text };
        let value = if unit == Unit::Share { Some(difference) } else { of_a(&difference, row.a) };
        Some(Difference { name: row.name.clone(), value, text, change: row.change, word })
    });
    let all: Vec<Difference> = known.collect();
    // What grows from nothing, or never comes any more, has changed most.
    let size = |d: &Difference| d.value.map_or(f64::INFINITY, |value| value.mean.abs());
    let weight = |d: &Difference| (d.change.is_some_and(|c| matches!(c, Change::Better | Change::Worse)), size(d));
    let first = all.iter().max_by(|a, b| weight(a).partial_cmp(&weight(b)).unwrap_or(std::cmp::Ordering::Equal));
    let title = match first {
        Some(d) if weight(d).0 => format!("{} is {}: {}", d.name, d.word, d.text),
        Some(_) => format!("No difference is seen in {what}"),
        None => format!("Of {what} only one system has data"),
    };
    let desc = "The difference B minus A of each number with its 95 percent interval, about a line at zero.";
    let heads = ["Number", "A", "B", "B minus A", "B better in", "Change"].map(String::from);
    let table = rows.iter().map(|row| {
        vec![
            row.name.clone(),
            optional(row.a.as_ref(), row.unit),
            optional(row.b.as_ref(), row.unit),
            row.difference.as_ref().map_or_else(|| "–".to_owned(), |d| minus(&signed(d, row.unit))),
            row.b_better_in.map_or_else(|| "–".to_owned(), |(better, of)| format!("{better} of {of}")),
            findings::says(row).to_owned(),
        ]
    });
    let (axis, label): (_, fn(f64) -> String) =
        if unit == Unit::Share { (POINTS, points) } else { ("B minus A in % of A", percent) };
    let says = format!("A, B and their difference: {what}");
    let table = DataTable { says, heads: heads.into(), rows: table.collect() };
    let bold = format!("Differences of {what}");
    let drawn = if unit == Unit::Share { "in points" } else { "drawn in per cent of A" };
    let rest = format!(
        "B minus A, pair by pair, {drawn}, with the 95 % interval; what includes zero is never called better or worse."
    );
    if all.is_empty() {
        return Block::Table(LoneTable { title: Some((title, (bold, rest))), cells: CellForm::Numbers, table });
    }
    Block::Figure(Box::new(Figure {
        id: figure_id(unit, place).into(),
        panels: vec![forest::draw(&title, desc, &all, axis, label)],
        title,
        caption: (bold, rest),
        tables: vec![table],
        readings: Vec::new(),
        format: "",
    }))
}

fn promises(compared: &Compared, place: usize) -> Vec<Block> {
    if compared.promises.is_empty() {
        return Vec::new();
    }
    let known = compared.promises.iter().filter_map(|row| {
        let value = row.difference?;
        let word = row.change.map_or("", findings::change_word);
        Some(Difference {
            name: row.name.clone(),
            value: Some(value),
            text: minus(&signed(&value, Unit::Share)),
            change: row.change,
            word,
        })
    });
    let all: Vec<Difference> = known.collect();
    let better = compared.promises.iter().filter(|p| p.change == Some(Change::Better)).count();
    let worse = compared.promises.iter().filter(|p| p.change == Some(Change::Worse)).count();
    let title = match (better, worse) {
        (0, 0) => "No promise is seen to be kept more often by one of them".to_owned(),
        (b, 0) => format!("B keeps {b} of {} promises more often", compared.promises.len()),
        (0, w) => format!("B keeps {w} of {} promises less often", compared.promises.len()),
        (b, w) => format!("B keeps {b} promises more often and {w} less often"),
    };
    let share = |e: Option<Estimate>| e.as_ref().map_or_else(|| "–".to_owned(), kept);
    let verdict = |v: Option<_>| v.map_or_else(|| "–".to_owned(), |v| word(v).to_owned());
    let row = |p: &PromiseRow| {
        vec![
            p.name.clone(),
            verdict(p.a_verdict),
            share(p.a),
            verdict(p.b_verdict),
            share(p.b),
            p.difference.as_ref().map_or_else(|| "–".to_owned(), |d| minus(&signed(d, Unit::Share))),
            format!("{}, {}", p.only.0, p.only.1),
            p.change.map_or_else(|| "–".to_owned(), |c| findings::change_word(c).to_owned()),
        ]
    };
    let heads = ["Promise", "A", "Kept by A", "B", "Kept by B", "B minus A", "Only B, only A", "Change"];
    let desc = "In how many more runs B keeps each promise than A, in points, with its 95 percent interval, about a line at zero.";
    let table = DataTable {
        says: "each promise of A and B".into(),
        heads: heads.map(String::from).into(),
        rows: compared.promises.iter().map(row).collect(),
    };
    let mut ledes = vec![Block::Lede(WHEN_HELD.into())];
    if compared.promises.iter().any(|row| row.invariant) {
        ledes.push(Block::Lede(WHEN_AN_INVARIANT_HOLDS.into()));
    }
    let caption = (
        "Share of runs that keep each promise".to_owned(),
        "B minus A in points, with the 95 % interval for paired shares (Newcombe).".to_owned(),
    );
    if all.is_empty() {
        let table = LoneTable { title: Some((title, caption)), cells: CellForm::Numbers, table };
        return ledes.into_iter().chain([Block::Table(table)]).collect();
    }
    let id = if place == 0 { "kept".to_owned() } else { format!("kept-{}", place + 1) };
    let figure = Figure {
        id: id.into(),
        panels: vec![forest::draw(&title, desc, &all, POINTS, points)],
        title,
        caption,
        tables: vec![table],
        readings: Vec::new(),
        format: "",
    };
    ledes.into_iter().chain([Block::Figure(Box::new(figure))]).collect()
}

fn differs(compared: &Compared) -> LoneTable {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "not written".into());
    let mut rows: Vec<Vec<String>> =
        compared.differs.iter().map(|d| vec![d.path.clone(), text(&d.a), text(&d.b)]).collect();
    if rows.is_empty() {
        rows.push(vec!["The descriptions do not differ".into(), "–".into(), "–".into()]);
    }
    if compared.differs_more > 0 {
        rows.push(vec![format!("and {} more", compared.differs_more), "–".into(), "–".into()]);
    }
    let table = DataTable {
        says: "In what the descriptions differ".into(),
        heads: ["Value", "A", "B"].map(String::from).into(),
        rows,
    };
    LoneTable { title: None, cells: CellForm::Numbers, table }
}

fn facts(comparison: &Comparison, names: &Names) -> Vec<Fact> {
    let name = |system: &System| names.name(system);
    let digest = |digest: &str| {
        let parts: Vec<String> = digest.as_bytes().chunks(4).map(|c| String::from_utf8_lossy(c).into_owned()).collect();
        parts.join(" ")
    };
    let mut facts = vec![
        Fact::new(
            "Pairs",
            format!(
                "{}, of {} simulated each",
                comparison.replications,
                crate::numbers::length(comparison.simulated_s)
            ),
        ),
        Fact::new("Warm-up", format!("{}, cut from every number", crate::numbers::length(comparison.warm_up_s))),
        Fact::new("Random numbers", "the same in both: replication by replication the same arrivals and the same luck"),
        Fact::new("Seed", comparison.seed.to_string()),
        Fact::new(
            "Intervals",
            "95 %: Student\u{2019}s t on the differences of pairs, Newcombe on paired shares of runs",
        ),
        Fact::new("Version", format!("windtunnel {}", comparison.version)),
        Fact::code("Digest of A", digest(&comparison.a.digest)),
    ];
    if comparison.runs_without_incidents > 0 {
        let says = "without faults, on the same random numbers: what an incident costs is what it adds";
        facts.push(Fact::new("More runs", format!("{} {says}", comparison.runs_without_incidents)));
    }
    for compared in &comparison.against {
        facts.push(Fact::code(&format!("Digest of {}", name(&compared.b)), digest(&compared.b.digest)));
        if let Some((least, most)) = compared.narrower {
            let range = if plain(least, Unit::Count) == plain(most, Unit::Count) {
                format!("{least:.1}")
            } else {
                format!("{least:.1} to {most:.1}")
            };
            facts.push(Fact::new("Worth of pairing", format!("intervals {range} times narrower")));
        }
    }
    let systems = || std::iter::once(&comparison.a).chain(comparison.against.iter().map(|c| &c.b));
    let called: Vec<String> = systems().map(name).collect();
    let thinned = findings::thinned(called.iter().map(String::as_str).zip(systems()));
    facts.extend(thinned.into_iter().map(|sentence| Fact::new("Thinned", sentence)));
    for system in systems().filter(|system| system.stopped > 0) {
        facts.push(Fact::new("Stopped by a bound", format!("{} in {} runs", name(system), system.stopped)));
    }
    facts
}

/// Each file once.
fn scenarios(sources: &[Source]) -> Option<Section> {
    let mut seen: Vec<&Source> = Vec::new();
    for source in sources {
        if !seen.iter().any(|s| s.file == source.file && s.text == source.text) {
            seen.push(source);
        }
    }
    let short = |file: &str| file.rsplit('/').next().unwrap_or_default().to_owned();
    let blocks = seen.iter().map(|s| Block::Text(short(&s.file), s.text.clone())).collect();
    let head = if seen.len() == 1 { "The scenario" } else { "The scenarios" };
    some("scenario", head, head, blocks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;

    #[test]
    fn differences_of_small_and_large_numbers_are_as_large_in_per_cent() {
        let half = |a: f64| of_a(&Estimate { mean: -a / 2.0, low: -a * 0.6, high: -a * 0.4 }, Some(Estimate::exact(a)));
        let (small, large) = (half(0.012).expect("a place"), half(2.0).expect("a place"));
        assert!((small.mean - large.mean).abs() < 1e-9 && (small.low + 0.6).abs() < 1e-9, "{small:?} {large:?}");
        // From nothing there is no per cent, and of what never comes neither.
        assert_eq!(of_a(&Estimate::exact(3.0), Some(Estimate::exact(0.0))), None);
        assert_eq!(of_a(&Estimate::exact(f64::INFINITY), Some(Estimate::exact(2.0))), None);
        assert_eq!(of_a(&Estimate::exact(0.0), Some(Estimate::exact(0.0))), Some(Estimate::exact(0.0)));
    }

    #[test]
    fn axes_say_whether_they_are_in_per_cent_of_a_or_in_points() {
        let page = page(&super::super::sample::comparison(), &[sample::source()]);
        let axis = |id: &str| {
            let figure = page.figures().into_iter().find(|f| f.id == id).expect("a figure");
            figure.panels[0].wide.clone()
        };
        assert!(axis("times").contains(">B minus A in % of A</text>") && axis("times").contains("%</text>"));
        assert!(
            axis("shares").contains(">B minus A in points</text>") && axis("kept").contains(">B minus A in points<")
        );
    }
}
