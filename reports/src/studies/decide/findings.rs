//! The advice, what it rests on, and how far it is from another.

use crate::numbers::{alone, estimate, grouped, plain};
use sim_core::expression::Group;
use sim_core::results::{Decision, Estimate, Flip, Guided, OptionPriced, Rule, Unit};

/// The advice in a sentence or two: one system, by the rule that was asked for. Of the other rule it tells what it would say.
pub fn answer(decision: &Decision) -> String {
    match (&decision.guide, decision.by) {
        (Some(guide), Rule::Guide) => format!("{} {}", by_guide(decision, guide), by_cost(decision)),
        (Some(guide), Rule::Cost) => format!("{} {}", by_cost(decision), by_guide(decision, guide)),
        (None, _) => by_cost(decision),
    }
}

/// The system that is advised, by its place: that of the guide where it goes by the guide and a system has the level, else the cheapest.
pub fn advised(decision: &Decision) -> (usize, Rule) {
    match (&decision.guide, decision.by) {
        (Some(Guided { option: Some(at), .. }), Rule::Guide) => (*at, Rule::Guide),
        _ => (decision.cheapest, Rule::Cost),
    }
}

fn by_cost(decision: &Decision) -> String {
    let best = &decision.options[decision.cheapest];
    let total = estimate(&best.total, Unit::MoneyPerYear);
    let next = decision
        .options
        .iter()
        .enumerate()
        .filter(|(at, _)| *at != decision.cheapest)
        .min_by(|a, b| a.1.more_than_cheapest.mean.total_cmp(&b.1.more_than_cheapest.mean));
    let Some((_, next)) = next else { return format!("{} costs {total}.", best.name) };
    let more = estimate(&next.more_than_cheapest, Unit::MoneyPerYear);
    let (taken, rule) = advised(decision);
    let no_more = |e: &Estimate| e.mean == 0.0 && e.low == 0.0 && e.high == 0.0;
    if no_more(&next.more_than_cheapest) {
        format!("{} and {} cost the same in all, {total}.", best.name, next.name)
    } else if rule == Rule::Guide && decision.certain {
        let would = if taken == decision.cheapest { "is" } else { "would be" };
        let also = if taken == decision.cheapest { " too" } else { "" };
        format!("By cost it {would} {}{also}: {total} in all; {}, the next, costs {more} more.", best.name, next.name)
    } else if decision.certain {
        format!("Take {}: it costs least in all, {total}; {}, the next, costs {more} more.", best.name, next.name)
    } else {
        format!(
            "{} costs least in all, {total}, but not for certain: {}, the next, costs {more} more, an interval that includes zero.",
            best.name, next.name
        )
    }
}

fn by_guide(decision: &Decision, guide: &Guided) -> String {
    let name = guide.option.map(|at| &decision.options[at].name);
    let says = match (name, decision.by) {
        (Some(name), Rule::Guide) => format!("Take {name}, because the guide says {}", guide.level.words()),
        (Some(name), Rule::Cost) => format!("The guide says {}, which is {name}", guide.level.words()),
        (None, _) => format!("The guide says {}", guide.level.words()),
    };
    format!(
        "{says}: wrong answers of the weakest system cost {}, and coordination {}.",
        alone(&guide.wrongness, Unit::MoneyPerYear),
        alone(&guide.coordination, Unit::MoneyPerYear)
    )
}

/// The figures that the advice rests on, and what would have to move.
pub fn reasons(decision: &Decision) -> Vec<String> {
    let best = &decision.options[decision.cheapest];
    let others = decision.options.iter().enumerate().filter(|(at, _)| *at != decision.cheapest);
    let mut all: Vec<String> = others.filter_map(|(_, other)| against(best, other)).collect();
    all.extend(decision.flips.iter().take(3).map(|flip| moves(decision, flip)));
    if decision.flips.is_empty() {
        all.push(format!(
            "No price of one item, from a hundredth to a hundred times what it is, makes another than {} the cheapest.",
            best.name
        ));
    }
    all
}

/// In which group another system costs most more than the best.
fn against(best: &OptionPriced, other: &OptionPriced) -> Option<String> {
    let more = |group: &Group| other.of(*group).mean - best.of(*group).mean;
    let most = Group::ALL.into_iter().max_by(|a, b| more(a).total_cmp(&more(b)))?;
    let amount = more(&most);
    (amount > 0.0).then(|| {
        format!(
            "{} costs {} a year more in {} than {}.",
            other.name,
            plain(amount, Unit::Money),
            most.name(),
            best.name
        )
    })
}

/// What a price has to be for another system to be the cheapest.
pub fn moves(decision: &Decision, flip: &Flip) -> String {
    let to = &decision.options[flip.to].name;
    if flip.factor >= 1.0 {
        format!("With {} {} times as dear, {to} is the cheapest.", flip.item, grouped(flip.factor, 2))
    } else {
        format!("With {} at {} of its price, {to} is the cheapest.", flip.item, plain(flip.factor, Unit::Share))
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::decision;
    use super::*;

    /// However it is asked, one system is advised, first of all.
    #[test]
    fn one_system_is_advised() {
        for (by, of_guide, taken) in [
            (Rule::Cost, Some(0), "base"),
            (Rule::Cost, Some(1), "base"),
            (Rule::Guide, Some(0), "base"),
            (Rule::Guide, Some(1), "snapshot"),
        ] {
            let mut decision = decision();
            decision.by = by;
            decision.guide.as_mut().unwrap().option = of_guide;
            let says = answer(&decision);
            assert!(says.starts_with(&format!("Take {taken}")), "{says}");
            assert_eq!(says.matches("Take ").count(), 1, "{says}");
            let (advised, rule) = advised(&decision);
            assert_eq!((decision.options[advised].name.as_str(), rule), (taken, by));
        }
        // The guide names a level that no system has: what costs least is taken.
        let mut decision = decision();
        decision.by = Rule::Guide;
        decision.guide.as_mut().unwrap().option = None;
        assert!(answer(&decision).contains(" Take base: it costs least"), "{}", answer(&decision));
        assert_eq!(advised(&decision), (0, Rule::Cost));
    }

    #[test]
    fn systems_that_cost_the_same_are_said_to() {
        let mut decision = decision();
        decision.options[1].more_than_cheapest = Estimate::exact(0.0);
        decision.certain = false;
        let says = answer(&decision);
        assert!(says.contains("base and snapshot cost the same in all, "), "{says}");
        assert!(!says.contains("Take "), "{says}");
    }
}
