//! Outlier ejection: a caller stops calling instances that answer it worse than the others do.

use crate::kind::Kind;
use crate::metrics::counters;
use crate::problem::Problems;
use crate::units::{Count, Factor, Probability, SimDuration};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An instance that fails too often is not called for a while.
///
/// # What it models
/// Passive health checking: each caller instance watches the replies that it gets itself. An instance is ejected at once when
/// `consecutive_errors` attempts in a row have failed; and, with `success_rate`, every so often when its share of successes lies more
/// than so many standard deviations below the mean of all. It comes back at the first look after `eject_for` times the number of
/// ejections in a row, and each look at which it is well takes one from that number. When fewer than half of the instances would be left,
/// all are called; with `locality` its threshold counts, for ejected instances and for those that fail their health check together. Whatever is no
/// answer (ok or degraded) is a failure, timeouts too; what a breaker turns away is none.
///
/// # When to use it
/// Against gray instances, which pass their health checks and fail requests. Where all instances are bad it can do nothing, and where a
/// caller sees few requests it knows little.
///
/// # Knobs
/// - `consecutive_errors`: failures in a row that eject, count, default 5
/// - `success_rate`: `{minimum_instances, minimum_requests, deviations}`, default none; its own are 5, 100 and 1.9
/// - `every`: how often it looks, duration, default 10s
/// - `eject_for`: how long the first time, duration, default 30s
/// - `max_eject_for`: at most, duration, default 300s
/// - `max_ejected`: how many at once, `{percent: 50%}` of the instances, the next one counted in, or `{count: 2}`; default 10%, but at
///   least one
///
/// It differs from Envoy in this: where `max_ejected` is not written at least one instance may be ejected, as in gRPC and as with Envoy's
/// `always_eject_one_host`; written as a percentage it may be none, as in Envoy since 2024. All failures count alike (Envoy tells 5xx,
/// gateway and local failures apart), there is no `failure_percentage`, each caller instance looks at its own times, and ejections last
/// exactly (no jitter).
///
/// # Example
/// ```yaml
/// outlier_ejection: {consecutive_errors: 5, success_rate: {minimum_requests: 50}, max_ejected: {percent: 20%}}
/// ```
///
/// # Source
/// Envoy `outlier_detection`; gRPC proposal A50.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EjectionSettings {
    /// Failures in a row that eject.
    pub consecutive_errors: Count,
    /// Ejects those whose share of successes is far below the others'.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub success_rate: Option<SuccessRateSettings>,
    /// How often it looks.
    pub every: SimDuration,
    /// How long the first time.
    pub eject_for: SimDuration,
    /// How long at most.
    pub max_eject_for: SimDuration,
    /// How many at once; without it 10 % of the instances, but at least one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_ejected: Option<MaxEjected>,
}

/// When a share of successes is far below the others'.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SuccessRateSettings {
    /// Instances with enough requests that are needed to compare; default 5.
    pub minimum_instances: Count,
    /// Requests since the last look that are enough; default 100.
    pub minimum_requests: Count,
    /// Standard deviations below the mean; default 1.9.
    pub deviations: Factor,
}

/// The part of the instances that may be ejected at once where nothing is written.
const UNWRITTEN: f64 = 0.1;

/// How many instances may be ejected at once.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MaxEjected {
    /// Such a part of the instances: none where one would be more.
    Percent(Probability),
    /// So many.
    Count(Count),
}

/// The kinds of ejection.
pub const ALL: &[Kind] =
    &[Kind { family: "ejection", name: "outlier_ejection", schema: || schemars::schema_for!(EjectionSettings) }];

counters! {
    CallSite {
        EJECTIONS = "ejections", "ejections of callee instances, by all caller instances";
    }
}

impl Default for EjectionSettings {
    fn default() -> Self {
        let seconds = |s: u64| SimDuration::from_ns(s * 1_000_000_000);
        Self {
            consecutive_errors: Count::new(5),
            success_rate: None,
            every: seconds(10),
            eject_for: seconds(30),
            max_eject_for: seconds(300),
            max_ejected: None,
        }
    }
}

impl Default for SuccessRateSettings {
    fn default() -> Self {
        Self {
            minimum_instances: Count::new(5),
            minimum_requests: Count::new(100),
            deviations: Factor::new(1.9).unwrap_or_default(),
        }
    }
}

impl EjectionSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        if self.consecutive_errors.get() == 0 {
            problems
                .error("consecutive_errors", "an instance that has not failed yet cannot be ejected for a failure")
                .hint = Some("write consecutive_errors: 5".into());
        }
        for (key, time) in [("every", self.every), ("eject_for", self.eject_for)] {
            if time.is_zero() {
                problems.error(key, "no time at all is not a while").hint = Some(format!("write {key}: 10s"));
            }
        }
        if self.max_eject_for < self.eject_for {
            problems.error("max_eject_for", "the longest ejection is shorter than the first").hint =
                Some(format!("write max_eject_for: {}", self.eject_for));
        }
        let is_nobody = match self.max_ejected {
            Some(MaxEjected::Count(count)) => count.get() == 0,
            Some(MaxEjected::Percent(share)) => share.value() <= 0.0,
            None => false,
        };
        if is_nobody {
            problems.error("max_ejected", "nobody may be ejected").hint = Some("remove outlier_ejection".into());
        }
    }

    /// An ejector with these settings.
    pub fn build(&self) -> Ejector {
        Ejector {
            settings: self.clone(),
            hosts: BTreeMap::new(),
            looked_ns: 0,
            ejected: 0,
            ejections: Vec::new(),
            under_way: BTreeMap::new(),
        }
    }
}

/// What a caller knows of an instance.
#[derive(Debug, Clone, Default)]
struct Host {
    /// Failures in a row.
    in_a_row: u32,
    /// Successes and attempts since the last look.
    successes: u64,
    attempts: u64,
    /// When it was ejected [ns], while it is.
    ejected_ns: Option<u64>,
    /// Ejections in a row, less the looks at which it was well.
    times: u64,
}

/// An ejector at work, one for each caller instance.
#[derive(Debug, Clone)]
pub struct Ejector {
    settings: EjectionSettings,
    /// Instances of which there is something to remember, by their place: many callers of many instances would not fit into memory
    /// otherwise.
    hosts: BTreeMap<u32, Host>,
    /// The last look [ns].
    looked_ns: u64,
    /// How many are ejected.
    ejected: usize,
    /// Ejections that were not asked for yet: the place of the instance, and when [ns].
    ejections: Vec<(u32, u64)>,
    /// Where the attempts under way went: by who sent them.
    under_way: BTreeMap<u32, u32>,
}

impl Ejector {
    /// An attempt of `sender` goes to an instance.
    pub fn sent(&mut self, sender: u32, place: u32) {
        self.under_way.insert(sender, place);
    }

    /// The attempt of `sender` ends without a result.
    pub fn abandon(&mut self, sender: u32) {
        self.under_way.remove(&sender);
    }

    /// The attempt of `sender` has ended. `instances` is how many the callee has now.
    pub fn ended(&mut self, now_ns: u64, sender: u32, ok: bool, instances: usize) {
        self.look(now_ns, instances);
        let Some(place) = self.under_way.remove(&sender) else { return };
        let most = self.settings.consecutive_errors.get_u32();
        let host = self.hosts.entry(place).or_default();
        host.attempts += 1;
        host.successes += u64::from(ok);
        host.in_a_row = if ok { 0 } else { host.in_a_row + 1 };
        if host.in_a_row >= most {
            self.eject(place, now_ns, instances);
        }
    }

    /// Ejections since this was last asked: the place of each instance, and when [ns].
    pub fn take_ejections(&mut self) -> Vec<(u32, u64)> {
        std::mem::take(&mut self.ejections)
    }

    /// Which of the instances that may be picked are not to be called; `None` if all may be.
    pub fn avoided(&mut self, now_ns: u64, places: impl ExactSizeIterator<Item = u32>) -> Option<Vec<bool>> {
        let count = places.len();
        let avoided = self.ejected(now_ns, places)?;
        let left = avoided.iter().filter(|&&avoided| !avoided).count();
        // Fewer than half: better all than too few.
        (left * 2 >= count && left < count).then_some(avoided)
    }

    /// Which of the instances are ejected; `None` if none is.
    pub fn ejected(&mut self, now_ns: u64, places: impl ExactSizeIterator<Item = u32>) -> Option<Vec<bool>> {
        self.look(now_ns, places.len());
        (self.ejected > 0).then(|| places.map(|place| self.is_ejected(place)).collect())
    }

    /// Whether an instance is ejected.
    fn is_ejected(&self, place: u32) -> bool {
        self.hosts.get(&place).is_some_and(|host| host.ejected_ns.is_some())
    }

    /// Looks as often as it should have looked until now.
    fn look(&mut self, now_ns: u64, instances: usize) {
        let every = self.settings.every.ns();
        while self.looked_ns + every <= now_ns {
            // Looks at which nothing can happen any more are left out.
            let idle = self.ejected == 0 && self.hosts.values().all(|host| host.attempts == 0 && host.times == 0);
            self.looked_ns = if idle { now_ns / every * every } else { self.looked_ns + every };
            self.bring_back(self.looked_ns);
            self.compare(self.looked_ns, instances);
        }
    }

    fn bring_back(&mut self, now_ns: u64) {
        let (first, most) = (self.settings.eject_for.ns(), self.settings.max_eject_for.ns());
        for host in self.hosts.values_mut() {
            match host.ejected_ns {
                None => host.times = host.times.saturating_sub(1),
                Some(since) => {
                    if now_ns > since.saturating_add(first.saturating_mul(host.times).min(most)) {
                        host.ejected_ns = None;
                        host.in_a_row = 0;
                        self.ejected -= 1;
                    }
                }
            }
        }
    }

    /// Ejects those whose share of successes is too far below the mean, and begins to count anew.
    fn compare(&mut self, now_ns: u64, instances: usize) {
        if let Some(threshold) = self.threshold() {
            let enough = self.enough();
            let is_low = |host: &Host| host.rate(enough).is_some_and(|rate| rate < threshold);
            let low: Vec<u32> = self.hosts.iter().filter(|(_, host)| is_low(host)).map(|(place, _)| *place).collect();
            low.into_iter().for_each(|place| self.eject(place, now_ns, instances));
        }
        self.hosts.retain(|_, host| {
            (host.successes, host.attempts) = (0, 0);
            host.times > 0 || host.in_a_row > 0 || host.ejected_ns.is_some()
        });
    }

    fn enough(&self) -> u64 {
        self.settings.success_rate.as_ref().map_or(u64::MAX, |rate| rate.minimum_requests.get().max(1))
    }

    /// The share of successes below which an instance is ejected: mean less so many standard deviations of the population.
    fn threshold(&self) -> Option<f64> {
        let settings = self.settings.success_rate.as_ref()?;
        let rates: Vec<f64> = self.hosts.values().filter_map(|host| host.rate(self.enough())).collect();
        if (rates.len() as u64) < settings.minimum_instances.get().max(1) {
            return None;
        }
        let count = rates.len() as f64;
        let mean = rates.iter().sum::<f64>() / count;
        let variance = rates.iter().map(|rate| (rate - mean) * (rate - mean)).sum::<f64>() / count;
        Some(mean - settings.deviations.value() * variance.sqrt())
    }

    /// Ejects an instance, if one more may be.
    fn eject(&mut self, place: u32, now_ns: u64, instances: usize) {
        let more = self.ejected + 1;
        let allowed = match self.settings.max_ejected {
            None => more == 1 || more as f64 <= UNWRITTEN * instances as f64,
            // The share after the ejection counts: 67 % of three are two.
            Some(MaxEjected::Percent(share)) => more as f64 <= share.value() * instances as f64 + 1e-9,
            Some(MaxEjected::Count(count)) => more as u64 <= count.get(),
        };
        let host = self.hosts.entry(place).or_default();
        if !allowed || host.ejected_ns.is_some() {
            return;
        }
        host.ejected_ns = Some(now_ns);
        host.times += 1;
        host.in_a_row = 0;
        self.ejected = more;
        self.ejections.push((place, now_ns));
    }
}

impl Host {
    /// Its share of successes, if it has had enough requests and is not ejected.
    fn rate(&self, enough: u64) -> Option<f64> {
        (self.attempts >= enough && self.ejected_ns.is_none()).then(|| self.successes as f64 / self.attempts as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;

    /// An ejector and how many instances its callee has.
    fn ejector(text: &str, places: usize) -> (Ejector, usize) {
        (serde_json::from_str::<EjectionSettings>(text).unwrap().build(), places)
    }

    fn attempt((ejector, places): &mut (Ejector, usize), now_ns: u64, place: u32, ok: bool) -> bool {
        ejector.sent(7, place);
        ejector.ended(now_ns, 7, ok, *places);
        !ejector.take_ejections().is_empty()
    }

    #[test]
    fn success_rate_follows_the_envoy_vector() {
        // envoyproxy/envoy@00bd11e3 outlier_detection_impl_test.cc, BasicFlowSuccessRateExternalOrigin: five hosts with 200 requests that
        // all succeed, but the last with 400 of which half do: mean 90, threshold 52; it is back at the first tick after more than 30 s.
        let mut e = ejector(r#"{"consecutive_errors": 1000, "success_rate": {}}"#, 5);
        for place in 0..5u32 {
            for n in 0..if place == 4 { 400 } else { 200 } {
                assert!(!attempt(&mut e, S, place, place < 4 || n % 2 == 0));
            }
        }
        assert!((e.0.threshold().unwrap() - 0.52).abs() < 1e-12, "{:?}", e.0.threshold());
        assert!(e.0.avoided(10 * S - 1, 0..5).is_none());
        assert_eq!(e.0.avoided(10 * S, 0..5), Some(vec![false, false, false, false, true]));
        assert!(e.0.avoided(49 * S, 0..5).is_some());
        assert!(e.0.avoided(50 * S, 0..5).is_none());
    }

    #[test]
    fn failures_in_a_row_eject_at_once_and_for_longer_each_time() {
        let mut e = ejector(r#"{"consecutive_errors": 3}"#, 10);
        for ok in [false, false, true, false, false] {
            assert!(!attempt(&mut e, S, 2, ok));
        }
        assert!(attempt(&mut e, S, 2, false) && e.0.is_ejected(2));
        // One of ten is 10 %: nobody else may go.
        (0..5).for_each(|_| assert!(!attempt(&mut e, 2 * S, 3, false)));
        // Ejected at 1 s for 30 s, looked at every 10 s.
        assert!(e.0.avoided(39 * S, 0..10).is_some() && e.0.avoided(40 * S, 0..10).is_none());
        assert!((0..3).any(|_| attempt(&mut e, 41 * S, 2, false)));
        // The second time for 60 s.
        assert!(e.0.avoided(109 * S, 0..10).is_some() && e.0.avoided(110 * S, 0..10).is_none());
        // Two looks at which it was well, and it is as new.
        e.0.avoided(130 * S, 0..10);
        assert!((0..3).any(|_| attempt(&mut e, 131 * S, 2, false)));
        assert!(e.0.avoided(169 * S, 0..10).is_some() && e.0.avoided(170 * S, 0..10).is_none());
    }

    // envoyproxy/envoy issues 26877, 27066 and 3263, pull requests 27909 and 34796: the share after the ejection counts, and not even one
    // of three is ejected by 10 %. Unwritten, at least one is: gRPC A50.
    #[test]
    fn the_share_after_the_ejection_counts() {
        let ejected = |max: &str| {
            let mut e = ejector(&format!(r#"{{"consecutive_errors": 1{max}}}"#), 3);
            (0..3).filter(|&place| attempt(&mut e, S, place, false)).count()
        };
        let percent = |share: u32| ejected(&format!(r#", "max_ejected": {{"percent": "{share}%"}}"#));
        assert_eq!([10, 33, 34, 50, 67, 99, 100].map(percent), [0, 0, 1, 1, 2, 2, 3]);
        assert_eq!(ejected(r#", "max_ejected": {"count": 2}"#), 2);
        assert_eq!(ejected(""), 1);
    }

    #[test]
    fn when_half_are_bad_all_are_called() {
        let mut e = ejector(r#"{"consecutive_errors": 1, "max_ejected": {"percent": "100%"}}"#, 4);
        attempt(&mut e, S, 0, false);
        attempt(&mut e, S, 1, false);
        assert!(e.0.avoided(S, 0..4).is_some());
        attempt(&mut e, S, 2, false);
        assert!(e.0.avoided(S, 0..4).is_none());
    }

    #[test]
    fn without_enough_instances_or_requests_nobody_is_compared() {
        for (places, requests) in [(4, 200), (5, 99)] {
            let mut e = ejector(r#"{"consecutive_errors": 1000, "success_rate": {}}"#, places);
            for place in 0..places as u32 {
                assert!(!(0..requests).any(|_| attempt(&mut e, S, place, place > 0)));
            }
            assert!(e.0.threshold().is_none() && e.0.avoided(10 * S, 0..5.min(places as u32)).is_none());
        }
    }

    #[test]
    fn only_what_has_something_to_remember_takes_memory() {
        let mut e = ejector(r#"{"consecutive_errors": 3}"#, 100_000);
        (0..1000).for_each(|place| assert!(!attempt(&mut e, S, place, place != 7)));
        assert_eq!(e.0.hosts.len(), 1000);
        e.0.avoided(10 * S, 0..100_000);
        assert_eq!(e.0.hosts.keys().collect::<Vec<_>>(), [&7], "one failure in a row");
    }
}
