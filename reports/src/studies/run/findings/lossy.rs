//! Messages that get lost on their way, which a transport sends again after a timer: what is slow, or fails, because of the network and not of work.

use crate::Source;
use crate::numbers::{grouped, plain};
use crate::page::finding::Finding;
use sim_core::network;
use sim_core::results::{CallSummary, StudyResult, Unit};
use sim_core::service::nic;

/// Timers that run out for fewer attempts move no p99.
const WORTH: f64 = 0.01;

/// Retransmission timers that ran out, for each attempt.
fn timers(call: &CallSummary) -> f64 {
    let ran_out = call.counters.get(network::TRANSPORT_TIMEOUTS.name).map_or(0.0, |number| number.mean);
    if call.attempts.mean > 0.0 { ran_out / call.attempts.mean } else { 0.0 }
}

pub fn look(study: &StudyResult, _: &Source) -> Option<Finding> {
    let calls = study.summary.calls.iter().filter(|(_, call)| timers(call) >= WORTH);
    let (name, call) = calls.max_by(|a, b| timers(a.1).total_cmp(&timers(b.1)))?;
    let cards = study.summary.services.iter().filter_map(|(name, service)| {
        let drops = service.counters.get(nic::DROPS.name)?;
        Some(format!("the network cards of {name} drop {} packets a run", plain(drops.mean.round(), Unit::Count)))
    });
    let links = study.summary.links.iter().filter(|(_, link)| link.lost.mean >= 0.5);
    let links =
        links.map(|(name, link)| format!("{name} loses {} messages a run", plain(link.lost.mean.round(), Unit::Count)));
    let mut where_lost: Vec<String> = cards.chain(links).collect();
    where_lost.truncate(3);
    let lost = if where_lost.is_empty() { String::new() } else { format!(" Here {}.", where_lost.join(", and ")) };
    Some(Finding {
        what: format!(
            "The network loses what {name} sends: for each hundred attempts a retransmission timer runs out {} times.",
            grouped(timers(call) * 100.0, 1)
        ),
        why: format!(
            "What is lost is sent again only when its timer has run out, at least `rto_min` later, and twice as late each time after that: a small share \
             of loss is seen in p99 and hardly in the mean.{lost}"
        ),
        command: None,
        figure: Some("latency".into()),
        weight: 11.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;
    use sim_core::results::Estimate;

    fn said(timers: f64, drops: f64) -> Option<Finding> {
        let mut study = sample::study();
        let call = study.summary.calls.get_mut("gateway->payment.charge").unwrap();
        call.attempts = Estimate::exact(1000.0);
        call.counters.insert(network::TRANSPORT_TIMEOUTS.name, Estimate::exact(timers));
        if drops > 0.0 {
            let card = study.summary.services.get_mut("gateway").unwrap();
            card.counters.insert(nic::DROPS.name, Estimate::exact(drops));
        }
        look(&study, &sample::source())
    }

    #[test]
    fn what_is_sent_again_is_told_with_where_it_is_lost() {
        let found = said(52.0, 1300.0).unwrap();
        assert!(
            found.what.contains("for each hundred attempts a retransmission timer runs out 5.2 times"),
            "{}",
            found.what
        );
        assert!(found.why.ends_with(" Here the network cards of gateway drop 1,300 packets a run."), "{}", found.why);
        assert!(said(52.0, 0.0).unwrap().why.ends_with("hardly in the mean."));
    }

    #[test]
    fn the_odd_timer_is_not() {
        assert!(said(2.0, 1300.0).is_none());
        assert!(look(&sample::study(), &sample::source()).is_none());
    }
}
