//! What it costs: meters, prices and the bill.
//!
//! A meter says how much of something a stretch of a run has used; a price says what one costs, and the two units must fit. Which
//! group an item belongs to follows from its meter. The [`bill`] scales what was metered to a month, and counts what faults cause by
//! how often they happen.

mod breach;
mod capital;
mod credits;
mod failures;
mod flat;
mod instances;
mod leaks;
mod meter;
mod records;
mod requests;
mod slower;
mod storage;
mod transfer;
mod wrongness;

pub use crate::expression::Group;
use crate::expression::Subject;
use crate::ids::EdgeId;
pub use breach::BreachSettings;
pub use capital::CapitalSettings;
pub use credits::CreditsSettings;
pub use failures::FailuresSettings;
pub use flat::FlatSettings;
pub use instances::{BoughtSettings, InstancesSettings, ReservedSettings};
pub use leaks::LeaksSettings;
pub use meter::{Across, Bought, Meter};
pub use records::RecordsSettings;
pub use requests::RequestsSettings;
pub use slower::SlowerSettings;
pub use storage::StorageSettings;
pub use transfer::{TransferSettings, is_outside};
pub use wrongness::{WrongnessSettings, metered as wrong_replies};

use crate::kind::Kind;
use crate::names::Names;
use crate::problem::Problems;
use crate::promise::Promise;
use crate::results::Slice;
use crate::topology::{Service, Topology};
use crate::units::{Per, Price};
use serde::{Deserialize, Serialize};

/// Seconds of a month of 730 h.
pub const MONTH_S: f64 = 730.0 * 3600.0;
/// Seconds of a year of 8760 h.
pub const YEAR_S: f64 = 8760.0 * 3600.0;

/// What is metered, as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MeterSettings {
    /// Time of instances.
    Instances(InstancesSettings),
    /// Bytes kept.
    Storage(StorageSettings),
    /// Bytes sent.
    Transfer(TransferSettings),
    /// Requests.
    Requests(RequestsSettings),
    /// Credits of a platform.
    Credits(CreditsSettings),
    /// Time itself.
    Flat(FlatSettings),
    /// What was bought.
    Capital(CapitalSettings),
    /// Broken promises.
    Breach(BreachSettings),
    /// Requests that failed.
    Failures(FailuresSettings),
    /// Wrong replies.
    Wrongness(WrongnessSettings),
    /// Slow answers.
    Slower(SlowerSettings),
    /// Records of telemetry.
    Records(RecordsSettings),
    /// Records that let out what must never leave.
    Leaks(LeaksSettings),
}

/// The meters.
pub const ALL: &[Kind] = &[
    Kind { family: "meter", name: "instances", schema: || schemars::schema_for!(InstancesSettings) },
    Kind { family: "meter", name: "storage", schema: || schemars::schema_for!(StorageSettings) },
    Kind { family: "meter", name: "transfer", schema: || schemars::schema_for!(TransferSettings) },
    Kind { family: "meter", name: "requests", schema: || schemars::schema_for!(RequestsSettings) },
    Kind { family: "meter", name: "credits", schema: || schemars::schema_for!(CreditsSettings) },
    Kind { family: "meter", name: "flat", schema: || schemars::schema_for!(FlatSettings) },
    Kind { family: "meter", name: "capital", schema: || schemars::schema_for!(CapitalSettings) },
    Kind { family: "meter", name: "breach", schema: || schemars::schema_for!(BreachSettings) },
    Kind { family: "meter", name: "failures", schema: || schemars::schema_for!(FailuresSettings) },
    Kind { family: "meter", name: "wrongness", schema: || schemars::schema_for!(WrongnessSettings) },
    Kind { family: "meter", name: "slower", schema: || schemars::schema_for!(SlowerSettings) },
    Kind { family: "meter", name: "records", schema: || schemars::schema_for!(RecordsSettings) },
    Kind { family: "meter", name: "leaks", schema: || schemars::schema_for!(LeaksSettings) },
];

/// What a cost item may speak of.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// The names of the scenario.
    pub names: &'a Names,
    /// Its services.
    pub services: &'a [Service],
    /// What it promises.
    pub promises: &'a [Promise],
}

/// A cost item: what is metered, and what one costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CostSettings {
    /// What is metered.
    pub meter: MeterSettings,
    /// What one of it costs.
    pub price: Price,
}

/// What a meter counts in, and so what its price has to be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MeterUnit {
    /// Time [s].
    Time,
    /// Bytes kept for a time [bytes s].
    BytesTime,
    /// Bytes [bytes].
    Bytes,
    /// A number of things.
    Things,
}

/// A cost item, as meant.
#[derive(Debug, Clone, PartialEq)]
pub struct CostItem {
    /// As the user wrote it.
    pub name: String,
    /// What is metered.
    pub meter: Meter,
    /// What one of it costs.
    pub price: Price,
    /// The group it belongs to.
    pub group: Group,
}

impl MeterUnit {
    fn expected(self) -> &'static str {
        match self {
            Self::Time => "money over time such as $0.17/h or $400/month",
            Self::BytesTime => "money for bytes over time such as $0.125/GB/month",
            Self::Bytes => "money for bytes such as $0.02/GiB",
            Self::Things => "money for things such as $38 or $0.25/1M",
        }
    }

    fn fits(self, per: Per) -> bool {
        matches!(
            (self, per),
            (Self::Time, Per::Time(_))
                | (Self::BytesTime, Per::BytesTime(..))
                | (Self::Bytes, Per::Bytes(_))
                | (Self::Things, Per::Things(_))
        )
    }
}

impl MeterSettings {
    /// What it counts in.
    pub fn unit(&self) -> MeterUnit {
        match self {
            Self::Instances(_) | Self::Flat(_) => MeterUnit::Time,
            Self::Storage(_) => MeterUnit::BytesTime,
            Self::Transfer(_) => MeterUnit::Bytes,
            Self::Requests(_)
            | Self::Credits(_)
            | Self::Capital(_)
            | Self::Breach(_)
            | Self::Failures(_)
            | Self::Wrongness(_)
            | Self::Slower(_)
            | Self::Records(_)
            | Self::Leaks(_) => MeterUnit::Things,
        }
    }

    /// The group of an item with this meter.
    pub fn group(&self) -> Group {
        match self {
            Self::Failures(_) | Self::Slower(_) => Group::Sales,
            Self::Wrongness(_) | Self::Leaks(_) => Group::Wrongness,
            Self::Breach(_) => Group::Penalties,
            _ => Group::Infrastructure,
        }
    }

    /// The word in the file.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Instances(_) => "instances",
            Self::Storage(_) => "storage",
            Self::Transfer(_) => "transfer",
            Self::Requests(_) => "requests",
            Self::Credits(_) => "credits",
            Self::Flat(_) => "flat",
            Self::Capital(_) => "capital",
            Self::Breach(_) => "breach",
            Self::Failures(_) => "failures",
            Self::Wrongness(_) => "wrongness",
            Self::Slower(_) => "slower",
            Self::Records(_) => "records",
            Self::Leaks(_) => "leaks",
        }
    }

    fn compile(&self, around: &Around<'_>, problems: &mut Problems) -> Option<Meter> {
        let Around { names, services, promises } = *around;
        problems.at(self.name(), |p| match self {
            Self::Instances(s) => s.compile(names, services, p),
            Self::Storage(s) => s.compile(names, services, p),
            Self::Transfer(s) => s.compile(names, p),
            Self::Requests(s) => s.compile(names, p),
            Self::Credits(s) => s.compile(names, p),
            Self::Flat(_) => Some(Meter::Flat),
            Self::Capital(s) => s.compile(),
            Self::Breach(s) => s.compile(names, promises, p),
            Self::Failures(s) => s.compile(names, p),
            Self::Wrongness(s) => s.compile(names, p),
            Self::Slower(s) => s.compile(names, p),
            Self::Records(s) => s.compile(names, p),
            Self::Leaks(s) => s.compile(names, p),
        })
    }
}

impl CostSettings {
    /// Problems of the settings by themselves: above all, whether the price is for what is metered.
    pub fn validate(&self, problems: &mut Problems) {
        let unit = self.meter.unit();
        if !unit.fits(self.price.per) {
            let problem = problems.error("price", format!("{} is no price for {}", self.price, self.meter.name()));
            problem.label = Some(format!("expected {}", unit.expected()));
        }
        problems.at("meter", |p| {
            p.at(self.meter.name(), |p| match &self.meter {
                MeterSettings::Instances(s) => s.validate(p),
                MeterSettings::Credits(s) => s.validate(p),
                MeterSettings::Capital(s) => s.validate(p),
                MeterSettings::Wrongness(s) => s.validate(p),
                MeterSettings::Slower(s) => s.validate(p),
                MeterSettings::Leaks(s) => s.validate(p),
                _ => {}
            });
        });
    }

    /// The item with ids.
    pub fn compile(&self, name: &str, around: &Around<'_>, problems: &mut Problems) -> Option<CostItem> {
        let meter = problems.at("meter", |p| self.meter.compile(around, p))?;
        Some(CostItem { name: name.to_owned(), meter, price: self.price.clone(), group: self.meter.group() })
    }
}

impl CostItem {
    /// What one slice has used, in the meter's base unit. Whether a promise is broken no slice knows by itself: the bill does.
    ///
    /// In a thinned run each request stands for as many as [`crate::topology::Run::one_of`] says.
    pub fn metered(&self, topology: &Topology, slice: &Slice) -> f64 {
        let stands_for = topology.run.one_of as f64;
        match &self.meter {
            Meter::Instances { of, bought, size } => instances::metered(slice, *of, *bought, *size),
            Meter::Storage { of, size } => storage::metered(topology, slice, *of, *size),
            Meter::Transfer { of, across } => transfer::metered(topology, slice, *of, *across) * stands_for,
            Meter::Requests { of } => requests::metered(topology, slice, *of) * stands_for,
            Meter::Credits { of, per_s } => slice.services[of.index()].paid_ns as f64 / 1e9 * per_s,
            Meter::Flat => seconds(slice),
            Meter::Capital { over_s } => seconds(slice) / over_s,
            Meter::Breach { .. } => 0.0,
            Meter::Failures { of } => failures::metered(topology, slice, *of) * stands_for,
            Meter::Wrongness { kind, of, share } => {
                wrongness::metered(topology, slice, *kind, *of) * share * stands_for
            }
            Meter::Slower { of, than_ns, share } => {
                slower::metered(topology, slice, *of, *than_ns) * share * stands_for
            }
            Meter::Records { of } => records::metered(slice, *of) * stands_for,
            Meter::Leaks { of, share } => leaks::metered(slice, *of) * share * stands_for,
        }
    }

    /// Whether it is meant, of all items at this place; of nothing, all infrastructure is.
    pub fn is_of(&self, place: usize, subject: &Subject) -> bool {
        match subject {
            Subject::CostItem(one) => *one == place,
            Subject::CostGroup(group) => self.group == *group,
            _ => self.group == Group::Infrastructure,
        }
    }

    /// The telemetry pipeline whose records it counts, if it counts some.
    pub fn pipeline(&self) -> Option<usize> {
        match self.meter {
            Meter::Records { of } | Meter::Leaks { of, .. } => Some(of),
            _ => None,
        }
    }

    /// The call sites whose latency it is billed by; none of most items.
    pub fn latency_of(&self, topology: &Topology) -> Vec<EdgeId> {
        match &self.meter {
            Meter::Slower { of, .. } => meter::calls_of(topology, *of).collect(),
            _ => Vec::new(),
        }
    }

    /// What so much of it costs; the amount is in the meter's base unit.
    pub fn money(&self, metered: f64) -> f64 {
        let price = &self.price;
        let money = match price.per {
            Per::Things(_) => price.for_things(metered),
            Per::Time(_) => price.for_seconds(metered),
            Per::Bytes(_) => price.for_bytes(metered),
            Per::BytesTime(..) => price.for_byte_seconds(metered),
        };
        money.map_or(0.0, crate::units::Money::amount)
    }

    /// The unit in which a bill shows what was metered, and how many base units of a month it is.
    pub fn shown_unit(&self) -> (&'static str, f64) {
        let binary = |bytes: f64| (bytes.log2_is_whole(), bytes);
        match self.price.per {
            Per::Time(_) => ("h", 3600.0),
            Per::Things(_) => ("things", 1.0),
            Per::Bytes(unit) => match binary(unit) {
                (true, _) => ("GiB", GIB),
                (false, _) => ("GB", 1e9),
            },
            Per::BytesTime(unit, _) => match binary(unit) {
                (true, _) => ("GiB", GIB * MONTH_S),
                (false, _) => ("GB", 1e9 * MONTH_S),
            },
        }
    }
}

fn seconds(slice: &Slice) -> f64 {
    (slice.to_ns - slice.from_ns) as f64 / 1e9
}

/// Bytes of a gibibyte.
const GIB: f64 = 1_073_741_824.0;

/// Whether a number of bytes is a power of two above 1, as those of KiB and GiB are.
trait Binary {
    fn log2_is_whole(self) -> bool;
}

impl Binary for f64 {
    fn log2_is_whole(self) -> bool {
        self > 1.0 && (self as u64).is_power_of_two()
    }
}
