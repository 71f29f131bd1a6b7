//! A service whose workers are all held.

use crate::Source;
use crate::numbers::{clock, grouped};
use crate::page::finding::Finding;
use sim_core::results::StudyResult;

pub fn look(study: &StudyResult, source: &Source) -> Option<Finding> {
    let mut worst: Option<(f64, usize, &str, f64)> = None;
    for series in &study.service_series {
        for (window, (used, queue)) in series.utilisation.iter().zip(&series.queue_length).enumerate() {
            let used = used.map_or(0.0, |u| u.mean);
            if used > 0.97 && queue.mean > 1.0 && worst.is_none_or(|w| queue.mean > w.3) {
                worst = Some((used, window, &series.name, queue.mean));
            }
        }
    }
    let (used, window, name, queue) = worst?;
    let service = study.service_series.iter().find(|s| s.name == name)?;
    let double = (service.instances[window].mean * 2.0).round().max(2.0);
    // A scaler would overrule a number of instances.
    let path = format!("{}.{name}.instances", service.section);
    let command = (!service.scaled).then(|| format!("{} --set {path}={double}", source.command("run")));
    let at = clock(study.windows.get(window)?.from_s);
    Some(Finding {
        what: format!(
            "{name} runs out of workers: at {at}, {:.0}\u{a0}% of them are held and {} requests wait.",
            used * 100.0,
            grouped(queue, 0)
        ),
        why: held_for(study, name),
        command,
        figure: Some("instances".into()),
        weight: 9.0,
    })
}

/// What its workers are held for, by its calls.
fn held_for(study: &StudyResult, name: &str) -> String {
    let calls = study.summary.services.get(name).map_or(&[][..], |service| &service.holds_for);
    match calls {
        [] => "They are held by its own work only: it awaits no other service with them.".to_owned(),
        [rest @ .., last] if !rest.is_empty() => {
            format!("They are held while it awaits {} or {last}, too.", rest.join(", "))
        }
        all => format!("They are held while it awaits {}, too.", all.concat()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;
    use sim_core::results::Estimate;

    #[test]
    fn a_service_that_calls_nobody_is_held_by_its_own_work() {
        let mut study = sample::study();
        let why = |study: &StudyResult| look(study, &sample::source()).unwrap().why;
        let service = study.summary.services.get_mut("gateway").unwrap();
        service.holds_for = vec!["bank.pay".into(), "payment.charge".into()];
        assert_eq!(why(&study), "They are held while it awaits bank.pay or payment.charge, too.");
        study.summary.services.get_mut("gateway").unwrap().holds_for.clear();
        assert!(why(&study).contains("its own work only"));
    }

    #[test]
    fn is_silent_while_a_worker_is_free_or_nobody_waits() {
        let mut study = sample::study();
        for service in &mut study.service_series {
            service.queue_length.fill(Estimate::exact(0.0));
        }
        assert!(look(&study, &sample::source()).is_none());
    }
}
