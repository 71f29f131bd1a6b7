//! Forecasts of a metric that is observed again and again: a regression on the time of the week, and Holt-Winters.

use crate::engine::math;

/// Nanoseconds of an hour.
pub const HOUR_NS: u64 = 3_600_000_000_000;
/// Hours of a day, and days of a week.
const HOURS: usize = 24;
const DAYS: usize = 7;
/// Features: the hours of the day, six of the days (Monday is what the others are compared with), and the weekend.
const FEATURES: usize = HOURS + DAYS;

/// What a regression looks at.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// The hour of the day.
    Hour,
    /// The day of the week.
    Weekday,
    /// Whether it is Saturday or Sunday.
    Weekend,
}

/// A regression of the logarithm on the time of the week, so that the effects of hour and day are factors. Observations count by their value, as the
/// logarithm of a large count is surer than that of a small one.
#[derive(Debug, Clone, PartialEq)]
pub struct Regression {
    features: Vec<Feature>,
    /// The normal equations: sums of products of features, and of features with the value.
    products: Vec<[f64; FEATURES]>,
    with_value: [f64; FEATURES],
    /// Sum of the weights of all observations.
    weights: f64,
    /// Pairs of observation and time of the week, as far as they are needed for the factor by which means of logarithms fall short.
    observed: Vec<(f64, u64)>,
}

/// Keeps logarithms of values near 0 within reason.
const LEAST: f64 = 1e-3;

impl Regression {
    /// Without observations.
    pub fn new(features: &[Feature]) -> Self {
        Self {
            features: features.to_vec(),
            products: vec![[0.0; FEATURES]; FEATURES],
            with_value: [0.0; FEATURES],
            weights: 0.0,
            observed: Vec::new(),
        }
    }

    /// The features that are not 0 at a time of the week [ns from Monday 0:00]: which, and how much. Between the middles of two hours both count, by
    /// how near they are.
    fn at(&self, of_week_ns: u64) -> Vec<(usize, f64)> {
        let hours = of_week_ns as f64 / HOUR_NS as f64;
        let day = (hours / 24.0) as usize % DAYS;
        let mut found = Vec::with_capacity(4);
        if self.features.contains(&Feature::Hour) {
            let from_middle = hours + HOURS as f64 - 0.5;
            let (whole, part) = (from_middle.floor(), from_middle - from_middle.floor());
            let hour = whole as usize % HOURS;
            found.push((hour, 1.0 - part));
            found.push(((hour + 1) % HOURS, part));
        } else {
            found.push((0, 1.0));
        }
        if self.features.contains(&Feature::Weekday) && day > 0 {
            found.push((HOURS + day - 1, 1.0));
        }
        if self.features.contains(&Feature::Weekend) && day >= 5 {
            found.push((FEATURES - 1, 1.0));
        }
        found
    }

    /// A value was observed.
    pub fn observe(&mut self, of_week_ns: u64, value: f64) {
        let at = self.at(of_week_ns);
        let log = math::ln(value.max(LEAST));
        // The logarithm of a count varies as its inverse: so much is each observation worth.
        self.weights += value.max(0.0);
        for &(one, x) in &at {
            self.with_value[one] += value.max(0.0) * x * log;
            for &(other, y) in &at {
                self.products[one][other] += value.max(0.0) * x * y;
            }
        }
        self.observed.push((value, of_week_ns));
    }

    /// What is forecast for these times of the week.
    pub fn forecast(&self, times_ns: impl Iterator<Item = u64>) -> Vec<f64> {
        let effects = self.solve();
        let log_at = |of_week_ns: u64| self.at(of_week_ns).iter().map(|(one, x)| x * effects[*one]).sum::<f64>();
        // The mean of logarithms is less than the logarithm of the mean.
        let fitted: f64 = self.observed.iter().map(|(_, at)| math::exp(log_at(*at))).sum();
        let factor = self.observed.iter().map(|(value, _)| value).sum::<f64>() / fitted.max(f64::MIN_POSITIVE);
        times_ns.map(|at| math::exp(log_at(at)) * factor).collect()
    }

    /// Least squares by the decomposition of Cholesky. Little is added to the diagonal, so that a feature of which nothing was seen yet has no
    /// effect.
    fn solve(&self) -> [f64; FEATURES] {
        let ridge = 1e-6 * self.weights.max(1.0);
        let mut lower = vec![[0.0; FEATURES]; FEATURES];
        for row in 0..FEATURES {
            for column in 0..=row {
                let known: f64 = (0..column).map(|k| lower[row][k] * lower[column][k]).sum();
                let left = self.products[row][column] - known;
                lower[row][column] = if row == column {
                    (left + ridge).max(f64::MIN_POSITIVE).sqrt()
                } else {
                    left / lower[column][column]
                };
            }
        }
        let mut solved = [0.0; FEATURES];
        for row in 0..FEATURES {
            let known: f64 = (0..row).map(|k| lower[row][k] * solved[k]).sum();
            solved[row] = (self.with_value[row] - known) / lower[row][row];
        }
        for row in (0..FEATURES).rev() {
            let known: f64 = (row + 1..FEATURES).map(|k| lower[k][row] * solved[k]).sum();
            solved[row] = (solved[row] - known) / lower[row][row];
        }
        solved
    }
}

/// Level, trend and seasons that are smoothed exponentially (Holt-Winters, with seasons as factors).
#[derive(Debug, Clone, PartialEq)]
pub struct HoltWinters {
    level_weight: f64,
    trend_weight: f64,
    season_weight: f64,
    /// The first season, until it is whole; then the factors of the seasons.
    seasons: Vec<f64>,
    length: usize,
    level: f64,
    trend: f64,
    observed: usize,
}

impl HoltWinters {
    /// Without observations, of so many in a season.
    pub fn new(length: usize, (level, trend, season): (f64, f64, f64)) -> Self {
        Self {
            level_weight: level,
            trend_weight: trend,
            season_weight: season,
            seasons: Vec::new(),
            length: length.max(1),
            level: 0.0,
            trend: 0.0,
            observed: 0,
        }
    }

    /// A value was observed.
    pub fn observe(&mut self, value: f64) {
        let value = value.max(LEAST);
        self.observed += 1;
        if self.observed <= self.length {
            self.seasons.push(value);
            if self.observed == self.length {
                self.level = self.seasons.iter().sum::<f64>() / self.length as f64;
                let level = self.level;
                self.seasons.iter_mut().for_each(|season| *season /= level);
            }
            return;
        }
        let place = (self.observed - 1) % self.length;
        let before = self.level;
        let season = self.seasons[place].max(LEAST);
        self.level = self.level_weight * value / season + (1.0 - self.level_weight) * (before + self.trend);
        self.trend = self.trend_weight * (self.level - before) + (1.0 - self.trend_weight) * self.trend;
        let level = self.level.max(LEAST);
        self.seasons[place] = self.season_weight * value / level + (1.0 - self.season_weight) * season;
    }

    /// What is forecast for so many observations ahead; `None` before a whole season was seen.
    pub fn forecast(&self, ahead: usize) -> Option<f64> {
        if self.observed < self.length {
            return None;
        }
        let place = (self.observed + ahead.max(1) - 1) % self.length;
        Some(((self.level + ahead as f64 * self.trend) * self.seasons[place]).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Feature; 3] = [Feature::Hour, Feature::Weekday, Feature::Weekend];

    /// A load that is a product of an hour's and a day's part: 10 to 110 in a day, a fifth of that at the weekend.
    fn load(of_week_ns: u64) -> f64 {
        let hours = of_week_ns as f64 / HOUR_NS as f64;
        let hour = math::cos((hours % 24.0 - 12.0) / 24.0 * std::f64::consts::TAU);
        (60.0 + 50.0 * hour) * if hours >= 120.0 { 0.2 } else { 1.0 }
    }

    #[test]
    fn a_regression_finds_hours_days_and_weekends_again() {
        let mut regression = Regression::new(&ALL);
        let week = || (0..7 * 24 * 6).map(|ten_minutes| ten_minutes * HOUR_NS / 6);
        week().for_each(|at| regression.observe(at, load(at)));
        let worst =
            regression.forecast(week()).into_iter().zip(week()).map(|(found, at)| (found / load(at) - 1.0).abs());
        let worst = worst.fold(0.0, f64::max);
        // Straight lines between the middles of hours are what is left of the error, where the load is least.
        assert!(worst < 0.06, "{worst}");
    }

    #[test]
    fn without_the_hour_there_is_one_level_a_day() {
        let mut regression = Regression::new(&[Feature::Weekend]);
        for hour in 0..168 {
            regression.observe(hour * HOUR_NS, if hour >= 120 { 20.0 } else { 100.0 });
        }
        let found = regression.forecast([HOUR_NS, 130 * HOUR_NS].into_iter());
        assert!((found[0] - 100.0).abs() < 0.1 && (found[1] - 20.0).abs() < 0.1, "{found:?}");
    }

    #[test]
    fn means_of_logarithms_are_raised_to_the_mean() {
        let mut regression = Regression::new(&[Feature::Hour]);
        for day in 0..100u64 {
            regression.observe(12 * HOUR_NS, if day % 2 == 0 { 50.0 } else { 150.0 });
        }
        let found = regression.forecast([12 * HOUR_NS].into_iter());
        assert!((found[0] - 100.0).abs() < 0.1, "{found:?}");
    }

    #[test]
    fn holt_winters_repeats_a_season_and_follows_a_trend() {
        let mut model = HoltWinters::new(4, (0.3, 0.1, 0.3));
        let season = [10.0, 20.0, 40.0, 10.0];
        assert_eq!(model.forecast(1), None);
        (0..12).for_each(|place| model.observe(season[place % 4]));
        for ahead in 1..=8 {
            let found = model.forecast(ahead).unwrap();
            assert!((found - season[(ahead - 1) % 4]).abs() < 1e-9, "{ahead} ahead: {found}");
        }
        // One more at each observation, without seasons.
        let mut rising = HoltWinters::new(1, (0.5, 0.3, 0.0));
        (0..200).for_each(|value| rising.observe(100.0 + f64::from(value)));
        let found = rising.forecast(10).unwrap();
        assert!((found - 309.0).abs() < 0.5, "{found}");
    }
}
