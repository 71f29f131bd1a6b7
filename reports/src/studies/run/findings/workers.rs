//! A service whose workers are all held.

use crate::Source;
use crate::numbers::{clock, grouped};
use crate::page::finding::Finding;
use sim_core::message::saga;
use sim_core::results::{ServiceSeries, StudyResult};
use sim_core::service::disk;
use std::collections::BTreeSet;

pub fn look(study: &StudyResult, source: &Source) -> Option<Finding> {
    let full: Vec<Full> = study.service_series.iter().filter_map(worst).collect();
    // A service that holds its workers while it awaits another one that is short of workers is full because of that: the longest queue is often the
    // first of several. Where services await each other in a circle, the longest queue is taken.
    let at_the_end = full.iter().filter(|one| !awaits_another(study, one.name, &full));
    let longest = |a: &&Full, b: &&Full| a.queue.total_cmp(&b.queue);
    let &Full { used, window, name, queue, at_one } =
        at_the_end.max_by(longest).or_else(|| full.iter().max_by(longest))?;
    let service = study.service_series.iter().find(|s| s.name == name)?;
    let instances = service.instances[window].mean;
    // Where one instance has all the work, as a primary has, more instances change nothing; and a scaler would overrule their number.
    let more = if at_one {
        let each = workers(study, name)? / instances.max(1.0);
        format!("{}.{name}.workers={}", service.section, (each * 2.0).round().max(2.0))
    } else {
        format!("{}.{name}.instances={}", service.section, (instances * 2.0).round().max(2.0))
    };
    let held = held_for(study, service, instances);
    let helps = held.more_help && (at_one || !service.scaled);
    let command = helps.then(|| format!("{} --set {more}", source.command("run")));
    let at = clock(study.windows.get(window)?.from_s);
    let held_at = if at_one {
        "those of the one instance that has the work are held".to_owned()
    } else {
        format!("{:.0}\u{a0}% of them are held", used * 100.0)
    };
    Some(Finding {
        what: format!("{name} runs out of workers: at {at}, {held_at} and {} requests wait.", grouped(queue, 0)),
        why: held.why,
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
    /// One instance of a store has all the work.
    at_one: bool,
}

fn worst(series: &ServiceSeries) -> Option<Full<'_>> {
    let full = (0..series.queue_length.len()).filter_map(|window| {
        let used = series.utilisation.get(window)?.map_or(0.0, |used| used.mean);
        let (queue, instances) = (series.queue_length[window].mean, series.instances.get(window)?.mean);
        // Of a store that waits while most of its workers are free, one instance has the work: its primary.
        let at_one = used <= 0.97 && series.section == "stores" && used * instances > 0.97;
        (queue > 1.0 && (used > 0.97 || at_one)).then_some(Full { used, window, name: &series.name, queue, at_one })
    });
    full.max_by(|a, b| a.queue.total_cmp(&b.queue))
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
    workers(study, full.name).is_some_and(|workers| full.queue >= 2.0 * full.used * workers)
}

/// How many workers all instances of a service have together, as far as results tell.
fn workers(study: &StudyResult, name: &str) -> Option<f64> {
    let service = study.summary.services.get(name)?;
    let held = (service.in_system.mean - service.queue_length.mean).max(0.0);
    service.utilisation.filter(|used| used.mean > 0.0).map(|used| held / used.mean)
}

/// Whether a call as `payment.charge` is one to this service.
fn is_of(call: &str, service: &str) -> bool {
    call.strip_prefix(service).is_some_and(|rest| rest.starts_with('.'))
}

/// What workers are held for.
struct Held {
    why: String,
    /// More workers would be held for less long, or let others in.
    more_help: bool,
}

/// What its workers are held for: by its calls, and by what it waits for besides.
fn held_for(study: &StudyResult, series: &ServiceSeries, instances: f64) -> Held {
    let held = |why: String, more_help: bool| Held { why, more_help };
    let name = &series.name;
    let level = |name: &str, of: &str| {
        let levels = study.summary.services.get(name).map(|service| &service.levels);
        levels.and_then(|levels| levels.get(of)).map_or(0.0, |level| level.average.mean)
    };
    let prepared = level(name, saga::PREPARED.name);
    if prepared >= 1.0 {
        let why = format!(
            "They are held by requests that have done their part of a two-phase commit and wait for the decision, {} on average: more \
             workers would be held as well.",
            grouped(prepared, 1)
        );
        return held(why, false);
    }
    let at_disk = level(name, disk::QUEUE.name);
    if at_disk >= 1.0 {
        let why = format!(
            "They are held while requests are at its disks, {} on average: a faster disk, or group_commit, frees them, and more workers do not.",
            grouped(at_disk, 1)
        );
        return held(why, false);
    }
    let why = match calls(study, name) {
        [] if series.section == "stores" && instances > 1.5 => {
            "They are held by its own steps only, and with several copies while these agree: it awaits no other \
             service with them."
                .to_owned()
        }
        [] => "They are held by its own steps only: it awaits no other service with them.".to_owned(),
        [rest @ .., last] if !rest.is_empty() => {
            format!("They are held while it awaits {} or {last}, too.", rest.join(", "))
        }
        [only] | [.., only] => format!("They are held while it awaits {only}, too."),
    };
    held(why, true)
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
