//! Processor time that is spent on requests whose callers have given up.

use crate::Source;
use crate::numbers::estimate;
use crate::page::finding::Finding;
use sim_core::results::{Estimate, ServiceSummary, StudyResult, Unit};

/// The share of a service's processor time from which on this is worth a word.
const WORTH_A_WORD: f64 = 0.05;

pub fn look(study: &StudyResult, _: &Source) -> Option<Finding> {
    let share = |service: &ServiceSummary| service.cpu_for_nobody.filter(|share| share.low >= WORTH_A_WORD);
    let services = study.summary.services.iter().filter_map(|(name, service)| Some((name, share(service)?)));
    let (name, share) = services.max_by(|a, b| a.1.mean.total_cmp(&b.1.mean))?;
    let spent: Vec<Estimate> = study.summary.cost.items.iter().filter_map(|item| item.spent_for_nobody).collect();
    let money = match &spent[..] {
        [] => String::new(),
        [one] => format!(" Such work costs {} a run.", estimate(one, Unit::Money)),
        many => {
            let all: f64 = many.iter().map(|one| one.mean).sum();
            format!(" In all services such work costs {} a run.", estimate(&Estimate::exact(all), Unit::Money))
        }
    };
    Some(Finding {
        what: format!("{} of the CPU time of {name} is work for nobody.", estimate(&share, Unit::Share)),
        why: format!(
            "The callers of these requests had given up or were gone. With cancel: true at the call, or a deadline, such work is stopped.{money}"
        ),
        command: None,
        figure: None,
        weight: 10.0 * share.mean,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;

    #[test]
    fn is_silent_of_a_little_and_says_what_it_costs() {
        let mut study = sample::study();
        assert!(look(&study, &sample::source()).is_none());
        let share = |of: f64| Some(Estimate { mean: of, low: of - 0.01, high: of + 0.01 });
        study.summary.services.get_mut("gateway").unwrap().cpu_for_nobody = share(0.05);
        assert!(look(&study, &sample::source()).is_none(), "it may be less than 5 %");
        study.summary.services.get_mut("gateway").unwrap().cpu_for_nobody = share(0.3);
        let found = look(&study, &sample::source()).unwrap();
        assert!(found.what.contains("gateway") && !found.why.contains('$'), "{found:?}");
        study.summary.cost.items[0].spent_for_nobody = Some(Estimate::exact(12.0));
        assert!(look(&study, &sample::source()).unwrap().why.contains("$12"));
    }
}
