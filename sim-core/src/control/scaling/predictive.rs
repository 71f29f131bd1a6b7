//! Scaling ahead: as many instances as a forecast asks for.

use super::forecast::{Feature, HOUR_NS, HoltWinters, Regression};
use super::situation::{Situation, Wish, ceil, read};
use crate::expression::{Measure, Metric, Resolved, ScopeMeant, Subject, Tree, Value, Window};
use crate::ids::ServiceId;
use crate::names::Names;
use crate::problem::Problems;
use crate::results::Held;
use crate::units::{Count, Probability, SimDuration};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Scales by a forecast of a metric instead of the metric.
///
/// # What it models
/// At each look the metric is observed. From `minimum_observations` on a model of all that was observed says what it will be, and there are to be as
/// many instances as carry the most of what is forecast from now until `ahead`: instances = forecast / (what an instance carries x
/// `scale_up_above`), rounded up. So the instances are there when the load is, and go when neither now nor then needs them. Before there are enough
/// observations nothing is changed: give the run a warm-up, or let a second scaler do the first weeks.
///
/// What an instance carries is `capacity_per_instance`, or is learned: the metric that each running instance had, divided by the CPU share at which
/// it had it, over all observations.
///
/// The model is one of two (`method`):
/// - `regression`: least squares of the logarithm, each value with itself as its weight, on `features`: the hour of the day (straight lines between
///   the middles of hours), the day of the week, the weekend; so that hour and day are factors. It knows nothing of growth, and takes a holiday for
///   the weekday that it is
/// - `holt_winters`: level, trend and a season (`season`, default a week), smoothed exponentially with the weights `level` 0.3, `trend` 0.02 and
///   `seasonal` 0.3; it needs one whole season. It follows growth, and answers a sudden change in proportion
///
/// The report shows the error of the forecast: what was observed against what was forecast for that moment `ahead` of it, as a share of what was
/// observed.
///
/// # When to use it
/// For load with a rhythm, and instances that start too slowly to follow it.
///
/// # Knobs
/// - `metric`: a value that instances share, such as `rps(crm)`; required
/// - `method`: `regression` or `{holt_winters: {season, level, trend, seasonal}}`, default `regression`
/// - `features`: list of `hour`, `weekday`, `weekend`, default all; of the regression
/// - `minimum_observations`: count, default 100
/// - `ahead`: how far it looks, duration, default 1h
/// - `capacity_per_instance`: what an instance carries, in the unit of the metric, default what is learned
/// - `scale_up_above`: how much of that a forecast may ask for, percentage, default 70%
///
/// # Example
/// ```yaml
/// use: {predictive: {metric: rps(crm), features: [hour, weekday, weekend], ahead: 1h, capacity_per_instance: 28/s, scale_up_above: 80%}}
/// ```
///
/// # Source
/// Seed of the catalogue: regression on hour, weekday and weekend from at least 100 observations; Winters (1960), Holt (1957), as in Hyndman and
/// Athanasopoulos, Forecasting, section 8.3.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PredictiveSettings {
    /// A value that instances share.
    pub metric: Value,
    /// How the load that comes is forecast.
    #[serde(default)]
    pub method: Method,
    /// What the regression looks at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<Vec<Feature>>,
    /// How often the metric has to be observed before anything is forecast.
    #[serde(default = "hundred")]
    pub minimum_observations: Count,
    /// How far it looks.
    #[serde(default = "hour")]
    pub ahead: SimDuration,
    /// What an instance carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity_per_instance: Option<Value>,
    /// How much of that a forecast may ask for.
    #[serde(default = "most")]
    pub scale_up_above: Probability,
}

/// How a forecast is made.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// By the time of the week.
    #[default]
    Regression,
    /// By what was lately.
    HoltWinters(HoltWintersSettings),
}

/// Level, trend and season, smoothed exponentially.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HoltWintersSettings {
    /// After which it comes again.
    pub season: SimDuration,
    /// How much the latest value counts for the level.
    pub level: Probability,
    /// How much the latest change counts for the trend.
    pub trend: Probability,
    /// How much the latest value counts for its season.
    pub seasonal: Probability,
}

impl Default for HoltWintersSettings {
    fn default() -> Self {
        let share = |value: f64| Probability::new(value).unwrap_or_default();
        Self {
            season: SimDuration::from_ns(168 * HOUR_NS),
            level: share(0.3),
            trend: share(0.02),
            seasonal: share(0.3),
        }
    }
}

fn hundred() -> Count {
    Count::new(100)
}

fn hour() -> SimDuration {
    SimDuration::from_ns(HOUR_NS)
}

fn most() -> Probability {
    Probability::new(0.7).unwrap_or_default()
}

/// As meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictive {
    metric: Tree<Resolved>,
    /// Running instances and their CPU, in the latest scrape, where what an instance carries is to be learned.
    learns_from: Option<[Resolved; 2]>,
    capacity: Option<f64>,
    above: f64,
    minimum: u64,
    ahead_ns: u64,
    every_ns: u64,
    begins_with: Model,
}

/// A model of what was observed.
#[derive(Debug, Clone, PartialEq)]
enum Model {
    Regression(Box<Regression>),
    HoltWinters(HoltWinters),
}

/// What it remembers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PredictiveMemory {
    model: Option<Box<Model>>,
    observed: u64,
    /// The metric, and the instances that it would have kept busy, over all observations.
    carried: (f64, f64),
    /// Forecasts that are not due yet: when [ns], and what.
    due: VecDeque<(u64, f64)>,
    /// What forecasts missed, and what they were about, from time 0 on.
    pub error: (f64, f64),
}

impl PredictiveSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.metric.literal().is_some() {
            problems.error("metric", format!("{} is a number, not a metric", self.metric));
        }
        if let Some(capacity) = &self.capacity_per_instance {
            match capacity.literal() {
                None => {
                    problems.error("capacity_per_instance", "what an instance carries is written, not measured");
                }
                Some(value) if value <= 0.0 => {
                    problems.error("capacity_per_instance", "an instance that carries nothing is of no use");
                }
                Some(_) if capacity.measure() != self.metric.measure() && self.metric.measure() != Measure::Truth => {
                    let (metric, is) = (&self.metric, self.metric.measure());
                    problems.error("capacity_per_instance", format!("{metric} is {is}")).label =
                        Some(format!("expected {}", is.example()));
                }
                Some(_) => {}
            }
        }
        if self.scale_up_above.value() <= 0.0 {
            problems.error("scale_up_above", "a forecast of nothing would ask for all instances");
        }
        if self.ahead.is_zero() {
            problems.error("ahead", "what is now needs no forecast").hint = Some("write ahead: 1h".into());
        }
        match (&self.method, &self.features) {
            (Method::HoltWinters(_), Some(_)) => {
                problems.error("features", "Holt-Winters has no features").hint =
                    Some("leave features out, or write method: regression".into());
            }
            (Method::Regression, Some(features)) if features.is_empty() => {
                problems.error("features", "without features all forecasts are the mean").hint =
                    Some("write [hour, weekday, weekend]".into());
            }
            _ => {}
        }
        if let Method::HoltWinters(settings) = &self.method
            && settings.season.is_zero()
        {
            problems.at("method", |p| {
                p.at("holt_winters", |p| {
                    p.error("season", "a season of no time never comes again");
                });
            });
        }
    }

    pub(super) fn compile(
        &self,
        names: &Names,
        problems: &mut Problems,
        (of, every_ns): (Option<ServiceId>, u64),
    ) -> Option<Predictive> {
        let metric = problems.at("metric", |p| self.metric.compile(names, p))?;
        let own = |metric: Metric| {
            let scope = ScopeMeant { window: Some(Window::Over(SimDuration::ZERO)), ..ScopeMeant::default() };
            Some(Resolved { metric, subject: Subject::Service(of?), scope })
        };
        let capacity = self.capacity_per_instance.as_ref().and_then(Value::literal);
        let learns_from = match capacity {
            Some(_) => None,
            None => Some([own(Metric::Instances)?, own(Metric::Cpu)?]),
        };
        let all = [Feature::Hour, Feature::Weekday, Feature::Weekend];
        let begins_with = match &self.method {
            Method::Regression => {
                Model::Regression(Box::new(Regression::new(self.features.as_deref().unwrap_or(&all))))
            }
            Method::HoltWinters(settings) => {
                let length = (settings.season.ns() / every_ns.max(1)).max(1) as usize;
                let weights = (settings.level.value(), settings.trend.value(), settings.seasonal.value());
                Model::HoltWinters(HoltWinters::new(length, weights))
            }
        };
        Some(Predictive {
            metric,
            learns_from,
            capacity,
            above: self.scale_up_above.value(),
            minimum: self.minimum_observations.get(),
            ahead_ns: self.ahead.ns(),
            every_ns: every_ns.max(1),
            begins_with,
        })
    }
}

/// Nanoseconds of a week.
const WEEK_NS: u64 = 168 * HOUR_NS;
/// At how many moments from now until `ahead` a forecast is made.
const MOMENTS: u64 = 4;
/// CPU below this share tells too little of what an instance carries.
const LEAST_CPU: f64 = 0.02;

impl Predictive {
    pub(super) fn wish(&self, memory: &mut PredictiveMemory, situation: &mut Situation<'_>) -> Wish {
        let (now_ns, current) = (situation.now_ns, situation.current);
        let Some(value) = read(&self.metric, situation) else { return Wish::keep(current, Held::NoData) };
        self.learn(memory, situation, value);
        let of_week_ns = situation.of_week_ns;
        let mut model = memory.model.take().unwrap_or_else(|| Box::new(self.begins_with.clone()));
        match &mut *model {
            Model::Regression(regression) => regression.observe(of_week_ns, value),
            Model::HoltWinters(smooth) => smooth.observe(value),
        }
        memory.observed += 1;
        if memory.due.front().is_some_and(|(at_ns, _)| *at_ns <= now_ns)
            && let Some((_, forecast)) = memory.due.pop_front()
            && situation.from_zero_ns >= 0
        {
            memory.error.0 += (value - forecast).abs();
            memory.error.1 += value.abs();
        }
        let forecasts = if memory.observed < self.minimum { None } else { self.forecasts(&model, of_week_ns) };
        memory.model = Some(model);
        let Some(forecasts) = forecasts else { return Wish::keep(current, Held::NoData) };
        if let Some(last) = forecasts.last() {
            memory.due.push_back((now_ns + self.ahead_ns, *last));
        }
        let capacity = match self.capacity {
            Some(capacity) => capacity,
            None if memory.carried.1 > 0.0 => memory.carried.0 / memory.carried.1,
            None => return Wish::keep(current, Held::NoData),
        };
        Wish::of(ceil(forecasts.into_iter().fold(0.0, f64::max) / (capacity * self.above)))
    }

    /// What is forecast from now until `ahead`; `None` where the model has not seen enough.
    fn forecasts(&self, model: &Model, of_week_ns: u64) -> Option<Vec<f64>> {
        let moments = (0..=MOMENTS).map(|moment| self.ahead_ns / MOMENTS * moment);
        match model {
            Model::Regression(regression) => {
                Some(regression.forecast(moments.map(|ahead_ns| (of_week_ns + ahead_ns) % WEEK_NS)))
            }
            Model::HoltWinters(smooth) => {
                moments.map(|ahead_ns| smooth.forecast(((ahead_ns / self.every_ns) as usize).max(1))).collect()
            }
        }
    }

    fn learn(&self, memory: &mut PredictiveMemory, situation: &mut Situation<'_>, value: f64) {
        let Some([instances, cpu]) = &self.learns_from else { return };
        if let (Some(instances), Some(cpu)) = ((situation.read)(instances), (situation.read)(cpu))
            && cpu > LEAST_CPU
        {
            memory.carried.0 += value;
            memory.carried.1 += instances * cpu;
        }
    }

    pub(super) fn metrics(&self) -> Vec<&Resolved> {
        self.metric.metrics().into_iter().chain(self.learns_from.iter().flatten()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::scaler;
    use super::super::{Scaler, ScalerState, Situation};
    use super::*;

    /// 10/s at night and 100/s from 8 to 20.
    fn steps(hours: f64) -> f64 {
        if (8.0..20.0).contains(&(hours % 24.0)) { 100.0 } else { 10.0 }
    }

    /// From 10/s at midnight to 98/s at noon.
    fn wave(hours: f64) -> f64 {
        54.0 - 44.0 * crate::engine::math::cos(hours / 24.0 * std::f64::consts::TAU)
    }

    /// Looks each 10 minutes for so many hours; what is wanted at each look.
    fn course(scaler: &Scaler, load: fn(f64) -> f64, hours: u64) -> (Vec<u32>, ScalerState) {
        let (mut state, mut wanted, instances) = (ScalerState::default(), Vec::new(), 3.0);
        for look in 0..hours * 6 {
            let load = load(look as f64 / 6.0);
            let mut read = |metric: &Resolved| match metric.metric {
                Metric::Instances => Some(instances),
                Metric::Cpu => Some(load / (instances * 25.0)),
                _ => Some(load),
            };
            let now_ns = look * HOUR_NS / 6;
            let each = |_: &Resolved| crate::control::pods::Pods::default();
            let situation = Situation {
                now_ns,
                from_zero_ns: now_ns as i64,
                of_week_ns: now_ns % WEEK_NS,
                current: 3,
                running: 3,
                waiting: 0,
                idle: 0,
                is_short: false,
                is_changing: false,
                runs_away: 1.0,
                read: &mut read,
                each: &each,
            };
            wanted.push(scaler.decide(&mut state, situation).to);
        }
        (wanted, state)
    }

    fn predictive(extra: &serde_json::Value) -> Scaler {
        let mut settings = serde_json::json!({"metric": "rps(api)"});
        settings.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let mut whole = serde_json::json!({"of": "api", "every": "10m", "min": 1, "max": 40});
        whole["use"] = serde_json::json!({"predictive": settings});
        scaler(whole)
    }

    #[test]
    fn after_enough_observations_it_is_there_an_hour_before_the_load() {
        let scaler = predictive(&serde_json::json!({"capacity_per_instance": "25/s", "scale_up_above": "80%"}));
        let (wanted, state) = course(&scaler, wave, 14 * 24);
        assert!(wanted[..99].iter().all(|n| *n == 3), "nothing is changed before there are 100 observations");
        let last_day = &wanted[13 * 144..];
        // Of 25/s an instance carries 20/s: 43/s at 5:00, 71/s at 7:30 (60/s at 6:30, which three would carry), 98/s at noon, 12/s at 23:00.
        assert_eq!([last_day[24], last_day[39], last_day[72], last_day[138]], [3, 4, 5, 1]);
        let error = state.predictive.error;
        assert!(error.0 / error.1 < 0.1, "{error:?}");
    }

    #[test]
    fn what_an_instance_carries_is_learned() {
        let (wanted, _) = course(&predictive(&serde_json::json!({})), wave, 14 * 24);
        // 25/s at full CPU: 98 / (25 x 0.7) = 5.6.
        assert_eq!(wanted[13 * 144 + 6 * 12], 6);
    }

    #[test]
    fn holt_winters_needs_a_season_and_then_repeats_it() {
        let method = serde_json::json!({"method": {"holt_winters": {"season": "1d"}}, "capacity_per_instance": "25/s",
            "scale_up_above": "80%"});
        let (wanted, state) = course(&predictive(&method), steps, 5 * 24);
        assert!(wanted[..143].iter().all(|n| *n == 3));
        let last_day = &wanted[4 * 144..];
        assert_eq!([last_day[6 * 4], last_day[6 * 7], last_day[6 * 12], last_day[6 * 23]], [1, 5, 5, 1]);
        assert!(state.predictive.error.0 / state.predictive.error.1 < 0.01, "{:?}", state.predictive.error);
    }
}
