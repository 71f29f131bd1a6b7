//! The report of a decision: the advice, all systems side by side, the front, and how far the advice is from another.

use super::{findings, groups};
use crate::Source;
use crate::figures::front::{self, Spot};
use crate::figures::{DataTable, Figure};
use crate::numbers::{estimate, grouped, length, optional, plain};
use crate::page::finding::Finding;
use crate::page::section::{scenario, section, some};
use crate::page::sentence::sentences;
use crate::page::{Block, CellForm, Fact, LoneTable, Page};
use sim_core::expression::Group;
use sim_core::results::{Decision, Estimate, Flip, OptionPriced, Rule, Unit};

/// The page of a decision.
pub fn page(decision: &Decision, source: &Source) -> Page {
    let reason = |text: String| Finding { what: text, why: String::new(), command: None, figure: None, weight: 0.0 };
    let reasons = findings::reasons(decision).into_iter().map(reason).collect();
    let sections = [
        Some(section("why", "Why", "What it rests on", vec![Block::Findings(reasons)])),
        Some(section("systems", "Side by side", "Side by side", vec![Block::Figure(Box::new(figure(decision)))])),
        Some(section("items", "Item by item", "Item by item", vec![Block::Table(items(decision))])),
        some("flips", "What would change it", "What would change it", flips(decision)),
        Some(section("sure", "How sure we are", "How sure we are", vec![Block::Facts(facts(decision))])),
        Some(scenario(source)),
    ];
    Page {
        kind: "decision report",
        title: decision.scenario.clone(),
        question: decision.question.clone(),
        answer: sentences(&findings::answer(decision)),
        meta: format!(
            "{} systems, {} replications of each on the same random numbers; a year of 8,760 h, intervals of 95\u{a0}%.",
            decision.options.len(),
            decision.replications
        ),
        sections: sections.into_iter().flatten().collect(),
        time: None,
    }
}

/// What a system loses in a month, with the interval of its groups together.
fn lost(option: &OptionPriced) -> Estimate {
    let groups = [Group::Sales, Group::Wrongness, Group::Penalties].map(|group| option.of(group));
    // The widths of independent sums would be less: this is the most that they can be.
    let sum = |pick: fn(&Estimate) -> f64| groups.iter().map(pick).sum::<f64>() / 12.0;
    Estimate { mean: sum(|e| e.mean), low: sum(|e| e.low), high: sum(|e| e.high) }
}

fn figure(decision: &Decision) -> Figure {
    let (taken, rule) = findings::advised(decision);
    let spot = |(at, option): (usize, &OptionPriced)| Spot {
        name: option.name.clone(),
        cost: option.of(Group::Infrastructure).scale(1.0 / 12.0),
        gives: lost(option),
        on_front: option.on_front,
        answer: at == taken,
        verdict: None,
    };
    let spots: Vec<Spot> = decision.options.iter().enumerate().map(spot).collect();
    let (name, why) = match rule {
        Rule::Cost => ("costs least in all", "costs least in all"),
        Rule::Guide => ("is what the guide says", "the guide says"),
    };
    let title = format!("{} {name}", decision.options[taken].name);
    let desc = "Each system by what its infrastructure costs a month and what is lost a month in sales, wrong answers and penalties.";
    let groups = groups(decision);
    let mut heads: Vec<String> = ["System", "In all, a year", "More than the cheapest"].map(String::from).into();
    heads.extend(groups.iter().map(|group| group.name().to_owned()));
    heads.extend(["Availability", "Wrong", "p99", "On the front"].map(String::from));
    let row = |option: &OptionPriced| {
        let money = |e: &Estimate| estimate(e, Unit::Money);
        let mut row = vec![option.name.clone(), money(&option.total), money(&option.more_than_cheapest)];
        row.extend(groups.iter().map(|group| money(&option.of(*group))));
        row.push(optional(option.availability.as_ref(), Unit::Share));
        row.push(optional(option.wrong.as_ref(), Unit::Share));
        row.push(optional(option.p99_s.as_ref(), Unit::Seconds));
        row.push(if option.on_front { "yes" } else { "no" }.to_owned());
        row
    };
    Figure {
        id: "front".into(),
        panels: vec![front::draw(&title, desc, &spots, Unit::Money, None)],
        title,
        caption: (
            "What is lost a month over what the infrastructure costs a month".into(),
            format!(
                "down and left is better; the line joins the systems that no other beats in infrastructure, losses and p99, and bold is the one that \
                 {why}."
            ),
        ),
        tables: vec![DataTable { says: "all systems".into(), heads, rows: decision.options.iter().map(row).collect() }],
        readings: Vec::new(),
        format: "",
    }
}

fn items(decision: &Decision) -> LoneTable {
    let mut names: Vec<(&str, Group)> = Vec::new();
    for (name, group, _) in decision.options.iter().flat_map(|option| &option.items) {
        if !names.iter().any(|(known, _)| known == name) {
            names.push((name, *group));
        }
    }
    let mut heads: Vec<String> = ["Item", "Group"].map(String::from).into();
    heads.extend(decision.options.iter().map(|option| option.name.clone()));
    let row = |(name, group): &(&str, Group)| {
        let mut row = vec![(*name).to_owned(), group.name().to_owned()];
        row.extend(decision.options.iter().map(|option| {
            let item = option.items.iter().find(|(of, ..)| of == name);
            item.map_or_else(|| "–".to_owned(), |(.., money)| estimate(money, Unit::Money))
        }));
        row
    };
    let table = DataTable { says: "What each item costs a year".into(), heads, rows: names.iter().map(row).collect() };
    LoneTable { title: None, cells: CellForm::Numbers, table }
}

fn flips(decision: &Decision) -> Vec<Block> {
    if decision.flips.is_empty() {
        return Vec::new();
    }
    let row = |flip: &Flip| {
        let far = if flip.factor >= 1.0 {
            format!("{} times as dear", grouped(flip.factor, 2))
        } else {
            format!("at {} of its price", plain(flip.factor, Unit::Share))
        };
        vec![flip.item.clone(), far, decision.options[flip.to].name.clone()]
    };
    let heads = ["Item", "Its price", "Then the cheapest is"].map(String::from).into();
    let table =
        DataTable { says: "What would change it".into(), heads, rows: decision.flips.iter().map(row).collect() };
    let lede = "A bill is linear in each price, so that this follows from the bills above; one price moves at a time.";
    vec![Block::Lede(lede.into()), Block::Table(LoneTable { title: None, cells: CellForm::Numbers, table })]
}

fn facts(decision: &Decision) -> Vec<Fact> {
    vec![
        Fact::new(
            "Replications",
            format!("{}, of {} simulated each", decision.replications, length(decision.simulated_s)),
        ),
        Fact::new("Random numbers", "the same for all systems, replication by replication"),
        Fact::new(
            "A year",
            "twelve months of 730 h without incidents, and what incidents add as often as the file says they happen",
        ),
        Fact::new("Seed", decision.seed.to_string()),
        Fact::new("Version", format!("windtunnel {}", decision.version)),
        Fact::code("Digest", decision.digest.clone()),
    ]
}
