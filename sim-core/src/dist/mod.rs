//! Distributions of durations, one a file.
//!
//! [`Distribution`] is what a file says: a duration, which is the constant, or a kind. [`Sampler`] is what runs: parameters in
//! nanoseconds, static dispatch. Draws go through `engine::math` only, so they are the same on every machine.

mod checks;
mod constant;
mod empirical;
mod erlang;
mod exponential;
mod gamma;
mod lognormal;
mod mixture;
mod normal;
mod pareto;
mod uniform;
mod weibull;
mod ziggurat;

pub use empirical::EmpiricalSettings;
pub use erlang::ErlangSettings;
pub use exponential::{Exponential, ExponentialSettings};
pub use gamma::GammaSettings;
pub use lognormal::LognormalSettings;
pub use mixture::{MixtureArm, MixtureSettings};
pub use normal::NormalSettings;
pub use pareto::ParetoSettings;
pub use uniform::UniformSettings;
pub use weibull::WeibullSettings;

use crate::engine::rng::Draw;
use crate::kind::Kind;
use crate::problem::Problems;
use crate::units::SimDuration;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Error, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A draw of the standard normal distribution.
pub fn standard_normal(draw: &mut impl Draw) -> f64 {
    ziggurat::normal(draw)
}

/// A distribution of a duration, as written: a duration is the constant; or a kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Distribution {
    /// Always the same.
    Constant(SimDuration),
    /// Any other.
    Kind(Box<Shape>),
}

/// The kinds of distribution, as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Memoryless.
    Exponential(ExponentialSettings),
    /// All values between two alike.
    Uniform(UniformSettings),
    /// The bell curve, cut at zero.
    Normal(NormalSettings),
    /// The logarithm is normal: the usual shape of latencies.
    Lognormal(LognormalSettings),
    /// Sums of exponentials, and between.
    Gamma(GammaSettings),
    /// Wear-out and infant mortality.
    Weibull(WeibullSettings),
    /// A power-law tail.
    Pareto(ParetoSettings),
    /// So many exponential stages in a row.
    Erlang(ErlangSettings),
    /// Between measured percentiles.
    Empirical(EmpiricalSettings),
    /// One of several, by chance.
    Mixture(MixtureSettings),
}

/// The kinds of distribution.
pub const ALL: &[Kind] = &[
    Kind { family: "distribution", name: "exponential", schema: || schemars::schema_for!(ExponentialSettings) },
    Kind { family: "distribution", name: "uniform", schema: || schemars::schema_for!(UniformSettings) },
    Kind { family: "distribution", name: "normal", schema: || schemars::schema_for!(NormalSettings) },
    Kind { family: "distribution", name: "lognormal", schema: || schemars::schema_for!(LognormalSettings) },
    Kind { family: "distribution", name: "gamma", schema: || schemars::schema_for!(GammaSettings) },
    Kind { family: "distribution", name: "weibull", schema: || schemars::schema_for!(WeibullSettings) },
    Kind { family: "distribution", name: "pareto", schema: || schemars::schema_for!(ParetoSettings) },
    Kind { family: "distribution", name: "erlang", schema: || schemars::schema_for!(ErlangSettings) },
    Kind { family: "distribution", name: "empirical", schema: || schemars::schema_for!(EmpiricalSettings) },
    Kind { family: "distribution", name: "mixture", schema: || schemars::schema_for!(MixtureSettings) },
];

/// A distribution at work; all parameters in nanoseconds.
#[derive(Debug, Clone, PartialEq)]
pub enum Sampler {
    /// Always the same.
    Constant(f64),
    /// Without memory.
    Exponential(Exponential),
    /// Every duration between these two is as likely as any other [ns].
    Uniform(f64, f64),
    /// The bell curve, cut at zero.
    Normal(normal::Normal),
    /// The logarithm is normal.
    Lognormal(lognormal::Lognormal),
    /// Shape and scale.
    Gamma(gamma::Gamma),
    /// Shape and scale.
    Weibull(weibull::Weibull),
    /// A power-law tail.
    Pareto(pareto::Pareto),
    /// Between percentiles.
    Empirical(Box<empirical::Empirical>),
    /// One of several.
    Mixture(Box<mixture::Mixture>),
}

impl Default for Distribution {
    fn default() -> Self {
        Self::Constant(SimDuration::ZERO)
    }
}

impl Distribution {
    /// Always this.
    pub fn constant(value: SimDuration) -> Self {
        Self::Constant(value)
    }

    /// An exponential with this mean.
    pub fn exponential(mean: SimDuration) -> Self {
        Self::Kind(Box::new(Shape::Exponential(ExponentialSettings { mean })))
    }

    /// Where a bare time means an exponential (`mtbf`, `mttr`): the exponential with that mean; all else as it is.
    #[must_use]
    pub fn or_exponential(&self) -> Self {
        match self {
            Self::Constant(mean) => Self::exponential(*mean),
            Self::Kind(_) => self.clone(),
        }
    }

    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        let Self::Kind(shape) = self else { return };
        match &**shape {
            Shape::Exponential(s) => problems.at("exponential", |p| s.validate(p)),
            Shape::Uniform(s) => problems.at("uniform", |p| s.validate(p)),
            Shape::Normal(s) => problems.at("normal", |p| s.validate(p)),
            Shape::Lognormal(s) => problems.at("lognormal", |p| s.validate(p)),
            Shape::Gamma(s) => problems.at("gamma", |p| s.validate(p)),
            Shape::Weibull(s) => problems.at("weibull", |p| s.validate(p)),
            Shape::Pareto(s) => problems.at("pareto", |p| s.validate(p)),
            Shape::Erlang(s) => problems.at("erlang", |p| s.validate(p)),
            Shape::Empirical(s) => problems.at("empirical", |p| s.validate(p)),
            Shape::Mixture(s) => problems.at("mixture", |p| s.validate(p)),
        }
    }

    /// The sampler. Settings that [`Self::validate`] refuses give one that never panics.
    pub fn build(&self) -> Sampler {
        let Self::Kind(shape) = self else {
            let Self::Constant(value) = self else { unreachable!("a distribution is a constant or a kind") };
            return Sampler::Constant(value.ns() as f64);
        };
        match &**shape {
            Shape::Exponential(s) => Sampler::Exponential(Exponential::new(s.mean.ns() as f64)),
            Shape::Uniform(s) => Sampler::Uniform(s.from.ns() as f64, s.to.ns() as f64),
            Shape::Normal(s) => Sampler::Normal(s.build()),
            Shape::Lognormal(s) => Sampler::Lognormal(s.build()),
            Shape::Gamma(s) => Sampler::Gamma(s.build()),
            Shape::Weibull(s) => Sampler::Weibull(s.build()),
            Shape::Pareto(s) => Sampler::Pareto(s.build()),
            Shape::Erlang(s) => Sampler::Gamma(s.build()),
            Shape::Empirical(s) => Sampler::Empirical(Box::new(s.build())),
            Shape::Mixture(s) => Sampler::Mixture(Box::new(s.build())),
        }
    }

    /// The mean [ns].
    pub fn mean(&self) -> f64 {
        self.build().mean()
    }
}

impl Sampler {
    /// A draw [ns], not negative.
    #[inline(always)]
    pub fn sample(&self, draw: &mut impl Draw) -> f64 {
        self.sample_times(draw, 1.0)
    }

    /// A draw [ns] times `factor`, not negative.
    #[inline(always)]
    pub fn sample_times(&self, draw: &mut impl Draw, factor: f64) -> f64 {
        match self {
            Self::Constant(value) => value * factor,
            Self::Exponential(s) => s.sample_times(draw, factor),
            other => other.sample_other(draw) * factor,
        }
    }

    /// All but the two that most models draw from.
    fn sample_other(&self, draw: &mut impl Draw) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Exponential(s) => s.sample(draw),
            Self::Uniform(from, to) => from + (to - from) * draw.unit(),
            Self::Normal(s) => s.sample(draw),
            Self::Lognormal(s) => s.sample(draw),
            Self::Gamma(s) => s.sample(draw),
            Self::Weibull(s) => s.sample(draw),
            Self::Pareto(s) => s.sample(draw),
            Self::Empirical(s) => s.sample(draw),
            Self::Mixture(s) => s.sample(draw),
        }
    }

    /// The mean [ns]; infinite for a Pareto of shape 1 or less without `max`.
    pub fn mean(&self) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Exponential(s) => s.mean(),
            Self::Uniform(from, to) => f64::midpoint(*from, *to),
            Self::Normal(s) => s.mean(),
            Self::Lognormal(s) => s.mean(),
            Self::Gamma(s) => s.mean(),
            Self::Weibull(s) => s.mean(),
            Self::Pareto(s) => s.mean(),
            Self::Empirical(s) => s.mean(),
            Self::Mixture(s) => s.mean(),
        }
    }

    /// The variance [ns²]; infinite where it is.
    pub fn variance(&self) -> f64 {
        match self {
            Self::Constant(_) => 0.0,
            Self::Exponential(s) => s.variance(),
            Self::Uniform(from, to) => (to - from) * (to - from) / 12.0,
            Self::Normal(s) => s.variance(),
            Self::Lognormal(s) => s.variance(),
            Self::Gamma(s) => s.variance(),
            Self::Weibull(s) => s.variance(),
            Self::Pareto(s) => s.variance(),
            Self::Empirical(s) => s.variance(),
            Self::Mixture(s) => s.variance(),
        }
    }

    /// Probability that a draw is at most `x` [ns].
    pub fn cdf(&self, x: f64) -> f64 {
        match self {
            Self::Constant(value) => f64::from(u8::from(x >= *value)),
            Self::Exponential(s) => s.cdf(x),
            Self::Uniform(from, to) if to > from => ((x - from) / (to - from)).clamp(0.0, 1.0),
            Self::Uniform(from, _) => f64::from(u8::from(x >= *from)),
            Self::Normal(s) => s.cdf(x),
            Self::Lognormal(s) => s.cdf(x),
            Self::Gamma(s) => s.cdf(x),
            Self::Weibull(s) => s.cdf(x),
            Self::Pareto(s) => s.cdf(x),
            Self::Empirical(s) => s.cdf(x),
            Self::Mixture(s) => s.cdf(x),
        }
    }

    /// The value that a share `p` of draws does not exceed [ns]: the inverse of [`Self::cdf`], by bisection.
    pub fn quantile(&self, p: f64) -> f64 {
        if let Self::Constant(value) = self {
            return *value;
        }
        let (mut low, mut high) = (0.0, self.mean().clamp(1.0, 1e18));
        while self.cdf(high) < p && high < 1e19 {
            high *= 2.0;
        }
        for _ in 0..200 {
            let middle = f64::midpoint(low, high);
            if self.cdf(middle) < p {
                low = middle;
            } else {
                high = middle;
            }
        }
        f64::midpoint(low, high)
    }

    /// Whether two draws are hardly ever the same.
    pub fn is_continuous(&self) -> bool {
        !matches!(self, Self::Constant(_) | Self::Empirical(_) | Self::Mixture(_))
    }

    /// The constant [ns], if it is one.
    pub fn is_constant(&self) -> Option<u64> {
        match self {
            Self::Constant(value) => Some(*value as u64),
            _ => None,
        }
    }
}

impl Serialize for Distribution {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Constant(value) => value.serialize(serializer),
            Self::Kind(shape) => shape.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Distribution {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Distribution;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration such as 20ms, or a distribution such as {exponential: {mean: 20ms}}")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Distribution, E> {
                SimDuration::parse(text).map(Distribution::Constant).map_err(E::custom)
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Distribution, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Distribution, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Distribution, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Distribution, A::Error> {
                Shape::deserialize(MapAccessDeserializer::new(map)).map(|s| Distribution::Kind(Box::new(s)))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for Distribution {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Distribution".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let constant = generator.subschema_for::<SimDuration>();
        let shape = generator.subschema_for::<Shape>();
        schemars::json_schema!({
            "description": "A distribution of a duration: a duration is the constant; or a kind.",
            "anyOf": [constant, shape]
        })
    }
}

#[cfg(test)]
mod tests;
