//! What answers that are degraded or wrong cost.

use crate::Source;
use crate::numbers::estimate;
use crate::page::finding::Finding;
use sim_core::expression::Group;
use sim_core::results::{StudyResult, Unit};

pub fn look(study: &StudyResult, _: &Source) -> Option<Finding> {
    let dear = |i: &&sim_core::results::CostItemSummary| matches!(i.group, Group::Sales | Group::Wrongness);
    let items = study.summary.cost.items.iter().filter(dear);
    let item = items.filter(|i| i.per_incident.is_some()).max_by(|a, b| {
        let of = |i: &sim_core::results::CostItemSummary| i.per_incident.map_or(0.0, |e| e.mean);
        of(a).total_cmp(&of(b))
    })?;
    let once = item.per_incident?;
    if once.mean <= 0.0 {
        return None;
    }
    let month = study.summary.cost.per_month.mean;
    let months = if month > 0.0 { format!(", {}", of_the_bill(once.mean / month)) } else { String::new() };
    let strikes = match study.summary.wrongness.by_fault.as_slice() {
        [one] => format!("each time {} strikes", one.fault),
        _ => "when each fault strikes once".to_owned(),
    };
    Some(Finding {
        what: format!("{} costs {} {strikes}{months}.", item.name, estimate(&once, Unit::Money)),
        why: format!("At {} each.", item.priced_as),
        command: None,
        figure: Some("wrongness".into()),
        weight: if month > 0.0 { (once.mean / month).min(20.0) } else { 5.0 },
    })
}

fn of_the_bill(months: f64) -> String {
    if months < 1.0 {
        format!("{:.0}\u{a0}% of the monthly bill", months * 100.0)
    } else {
        format!("{months:.0} times the monthly bill")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;

    #[test]
    fn is_silent_where_no_incident_is_priced_or_costs_anything() {
        assert!(look(&sample::study(), &sample::source()).is_some());
        let mut study = sample::study();
        study.summary.cost.items.iter_mut().for_each(|item| item.per_incident = None);
        assert!(look(&study, &sample::source()).is_none());
    }
}
