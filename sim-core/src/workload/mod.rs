//! When requests come: arrival processes, and shapes that change their rate over time.
//!
//! A load class has one arrival and any number of shapes, whose factors multiply. [`ArrivalProcess`] is the running form that the
//! world asks for the time of the next arrival; it knows nothing of requests. Closed loads are driven by the world itself, for
//! their next arrival depends on the last reply; here they only have their settings.

mod burst;
mod closed;
pub mod complaints;
mod constant;
mod poisson;
mod priority;
mod process;
mod renewal;
mod replay;
pub mod shape;

pub use burst::{BurstSettings, Bursts};
pub use closed::ClosedSettings;
pub use complaints::ComplaintSettings;
pub use constant::ConstantSettings;
pub use poisson::PoissonSettings;
pub use priority::Priority;
pub use process::ArrivalProcess;
pub use renewal::RenewalSettings;
pub use replay::{CsvProblem, Replay, ReplaySettings};
pub use shape::Shape;

use crate::dist::Distribution;
use crate::kind::Kind;
use crate::problem::Problems;
use serde::{Deserialize, Serialize};

/// The word for tenants where a key space may stand.
pub const TENANT: &str = "tenant";

/// How requests of a load class arrive, as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ArriveSettings {
    /// At random, independent of each other.
    Poisson(PoissonSettings),
    /// In equal steps.
    Constant(ConstantSettings),
    /// With a given distribution of the time between two.
    Renewal(RenewalSettings),
    /// Users who wait for their reply before they ask again.
    Closed(ClosedSettings),
    /// Many at the same moment.
    Burst(BurstSettings),
    /// As a file says.
    Replay(ReplaySettings),
}

/// The kinds of arrival.
pub const ALL: &[Kind] = &[
    Kind { family: "arrive", name: "poisson", schema: || schemars::schema_for!(PoissonSettings) },
    Kind { family: "arrive", name: "constant", schema: || schemars::schema_for!(ConstantSettings) },
    Kind { family: "arrive", name: "renewal", schema: || schemars::schema_for!(RenewalSettings) },
    Kind { family: "arrive", name: "closed", schema: || schemars::schema_for!(ClosedSettings) },
    Kind { family: "arrive", name: "burst", schema: || schemars::schema_for!(BurstSettings) },
    Kind { family: "arrive", name: "replay", schema: || schemars::schema_for!(ReplaySettings) },
];

/// How requests of a load class arrive, as meant.
#[derive(Debug, Clone, PartialEq)]
pub enum Arrival {
    /// At random.
    Poisson {
        /// Mean rate before shapes [s⁻¹].
        rate: f64,
    },
    /// In equal steps.
    Constant {
        /// Rate before shapes [s⁻¹].
        rate: f64,
    },
    /// With independent gaps.
    Renewal {
        /// Time between two arrivals, before shapes.
        between: Distribution,
        /// How many times as fast they come.
        faster: f64,
    },
    /// Users who wait for their reply.
    Closed {
        /// How many.
        users: u32,
        /// Time from a reply to the next request.
        think: Distribution,
        /// Time from the start to the first request.
        first: Distribution,
    },
    /// Many at the same moment.
    Burst(Bursts),
    /// As a file said.
    Replay(Replay),
}

impl Arrival {
    /// The same with `factor` times the load: as many times the rate, the users, or the requests at a time; `None` for single
    /// arrivals of a file, which cannot come more often than they did.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Option<Self> {
        let whole = |count: u64| ((count as f64 * factor).round() as u64).max(1);
        Some(match self {
            Self::Poisson { rate } => Self::Poisson { rate: rate * factor },
            Self::Constant { rate } => Self::Constant { rate: rate * factor },
            Self::Renewal { between, faster } => Self::Renewal { between: between.clone(), faster: faster * factor },
            Self::Closed { users, think, first } => {
                let users = u32::try_from(whole(u64::from(*users))).unwrap_or(u32::MAX);
                Self::Closed { users, think: think.clone(), first: first.clone() }
            }
            Self::Burst(bursts) => Self::Burst(Bursts { size: whole(bursts.size), ..*bursts }),
            Self::Replay(Replay::Times(_)) => return None,
            Self::Replay(Replay::Rates(rates)) => {
                Self::Replay(Replay::Rates(rates.iter().map(|(from, rate)| (*from, rate * factor)).collect()))
            }
        })
    }
}

impl ArriveSettings {
    /// Problems of the settings, and of shapes beside them.
    pub fn validate(&self, shapes: &[Shape], problems: &mut Problems) {
        match self {
            Self::Poisson(s) => problems.at("arrive.poisson", |p| s.validate(p)),
            Self::Constant(s) => problems.at("arrive.constant", |p| s.validate(p)),
            Self::Renewal(s) => problems.at("arrive.renewal", |p| s.validate(p)),
            Self::Closed(s) => problems.at("arrive.closed", |p| s.validate(p)),
            Self::Burst(s) => problems.at("arrive.burst", |p| s.validate(p)),
            Self::Replay(s) => problems.at("arrive.replay", |p| s.validate(p)),
        }
        let why = match self {
            Self::Closed(_) => "users who wait for their reply have no rate that a shape could change",
            Self::Burst(_) => "requests that come all at once have no rate that a shape could change",
            Self::Replay(_) => "the replayed file says already how the load changes",
            _ => "",
        };
        if !why.is_empty() && !shapes.is_empty() {
            problems.error("shape", why).hint = Some("remove the shape".into());
        }
        problems.at("shape", |p| {
            for (place, shape) in shapes.iter().enumerate() {
                p.at(place, |p| shape.validate(p));
            }
        });
    }

    /// The file that has to be read first, if any.
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::Replay(settings) => Some(&settings.file),
            _ => None,
        }
    }

    /// The arrival as meant; `read` gives the parsed file of a replay, or `None` where it could not be read.
    pub fn compile(&self, read: impl FnOnce(&ReplaySettings) -> Option<Replay>) -> Option<Arrival> {
        Some(match self {
            Self::Poisson(s) => Arrival::Poisson { rate: s.rate.per_second() },
            Self::Constant(s) => Arrival::Constant { rate: s.rate.per_second() },
            Self::Renewal(s) => Arrival::Renewal { between: s.between.clone(), faster: 1.0 },
            Self::Closed(s) => Arrival::Closed {
                users: s.users.get_u32(),
                think: s.think.clone(),
                first: s.first.as_ref().unwrap_or(&s.think).clone(),
            },
            Self::Burst(s) => Arrival::Burst(s.compile()),
            Self::Replay(s) => Arrival::Replay(read(s)?),
        })
    }
}
