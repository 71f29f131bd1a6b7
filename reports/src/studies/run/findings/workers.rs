//! A service whose workers are all held.

use crate::Source;
use crate::numbers::{clock, grouped};
use crate::page::finding::Finding;
use sim_core::results::{ServiceSeries, StudyResult};
use std::collections::BTreeSet;

pub fn look(study: &StudyResult, source: &Source) -> Option<Finding> {
    let full: Vec<Full> = study.service_series.iter().filter_map(worst).collect();
    // A service that holds its workers while it awaits another one that is short of workers is full because of that: the longest queue is often the
    // first of several. Where services await each other in a circle, the longest queue is taken.
    let at_the_end = full.iter().filter(|one| !awaits_another(study, one.name, &full));
    let longest = |a: &&Full, b: &&Full| a.queue.total_cmp(&b.queue);
    let &Full { used, window, name, queue } = at_the_end.max_by(longest).or_else(|| full.iter().max_by(longest))?;
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
        why: held_for(study, name, service.section),
        command,
        figure: Some("instances".into()),
        weight: 9.0,
    })
}

/// A service in the window in which the most requests wait for its workers, all of which are held.
struct Full<'a> {
    used: f64,
    window: usize,
    name: &'a str,
    queue: f64,
}

fn worst(series: &ServiceSeries) -> Option<Full<'_>> {
    let windows = series.utilisation.iter().zip(&series.queue_length).enumerate();
    let full = windows.map(|(window, (used, queue))| (used.map_or(0.0, |used| used.mean), window, queue.mean));
    let (used, window, queue) =
        full.filter(|(used, _, queue)| *used > 0.97 && *queue > 1.0).max_by(|a, b| a.2.total_cmp(&b.2))?;
    Some(Full { used, window, name: &series.name, queue })
}

/// The calls for whose time a service holds its workers.
fn calls<'a>(study: &'a StudyResult, name: &str) -> &'a [String] {
    study.summary.services.get(name).map_or(&[][..], |service| &service.holds_for)
}

/// Whether its workers are held while it awaits another service that is full, be it through others that are not.
fn awaits_another(study: &StudyResult, name: &str, full: &[Full]) -> bool {
    let (mut awaited, mut next) = (BTreeSet::from([name]), vec![name]);
    while let Some(at) = next.pop() {
        let is_called = |service: &&String| calls(study, at).iter().any(|call| is_of(call, service));
        for service in study.summary.services.keys().filter(is_called) {
            if awaited.insert(service) {
                next.push(service);
            }
        }
    }
    full.iter().any(|other| other.name != name && awaited.contains(other.name) && delays(study, other))
}

/// Whether a request to it waits at least twice as long for its workers as for their work, which by Little's law is so where twice as many wait as
/// are worked on. Else it is slow rather than short of workers, as in a brownout, and with more workers those who await it only wait for more slow
/// work.
fn delays(study: &StudyResult, full: &Full) -> bool {
    let Some(service) = study.summary.services.get(full.name) else { return false };
    let held = (service.in_system.mean - service.queue_length.mean).max(0.0);
    let workers = service.utilisation.filter(|used| used.mean > 0.0).map(|used| held / used.mean);
    workers.is_some_and(|workers| full.queue >= 2.0 * full.used * workers)
}

/// Whether a call as `payment.charge` is one to this service.
fn is_of(call: &str, service: &str) -> bool {
    call.strip_prefix(service).is_some_and(|rest| rest.starts_with('.'))
}

/// What its workers are held for, by its calls.
fn held_for(study: &StudyResult, name: &str, section: &str) -> String {
    match calls(study, name) {
        [] if section == "stores" => {
            "They are held by its own steps only, and with several copies while these agree: it awaits no other \
                                      service with them."
                .to_owned()
        }
        [] => "They are held by its own steps only: it awaits no other service with them.".to_owned(),
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
        assert_eq!(why(&study), "They are held by its own steps only: it awaits no other service with them.");
        study.service_series.iter_mut().for_each(|series| series.section = "stores");
        assert!(why(&study).contains("while these agree"), "{}", why(&study));
    }

    #[test]
    fn a_full_service_that_awaits_a_full_one_is_not_what_is_short_of_workers() {
        let mut study = sample::study();
        let mut behind = study.service_series.iter().find(|series| series.name == "gateway").unwrap().clone();
        behind.name = "payment".into();
        behind.queue_length.iter_mut().for_each(|queue| *queue = queue.scale(0.9));
        study.service_series.retain(|series| series.name != "payment");
        study.service_series.push(behind);
        let what = |study: &StudyResult| look(study, &sample::source()).unwrap().what;
        assert!(what(&study).starts_with("gateway runs out"), "{}", what(&study));
        let holds = |study: &mut StudyResult, name: &str, call: &str| {
            study.summary.services.get_mut(name).unwrap().holds_for = vec![call.into()];
        };
        let gateway = study.summary.services["gateway"].clone();
        study.summary.services.insert("payment".into(), gateway);
        // A service whose name begins as that of the full one is another.
        holds(&mut study, "gateway", "payments.charge");
        assert!(what(&study).starts_with("gateway runs out"), "{}", what(&study));
        holds(&mut study, "gateway", "payment.charge");
        assert!(what(&study).starts_with("payment runs out"), "{}", what(&study));
        // Through a service that is not full.
        let hub = study.summary.services["gateway"].clone();
        study.summary.services.insert("hub".into(), hub);
        holds(&mut study, "hub", "payment.charge");
        holds(&mut study, "gateway", "hub.pass");
        assert!(what(&study).starts_with("payment runs out"), "{}", what(&study));
        // What waits for its workers is less than what they work on: it is slow, and not short of them.
        let queue = study.summary.services["payment"].queue_length;
        study.summary.services.get_mut("payment").unwrap().in_system = queue.scale(100.0);
        assert!(what(&study).starts_with("gateway runs out"), "{}", what(&study));
        study.summary.services.get_mut("payment").unwrap().in_system = queue.scale(2.0);
        assert!(what(&study).starts_with("payment runs out"), "{}", what(&study));
        holds(&mut study, "payment", "gateway.checkout");
        assert!(what(&study).starts_with("gateway runs out"), "{}", what(&study));
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
