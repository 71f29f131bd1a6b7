//! A scenario as it is written: its sections, each with the settings of the families.
//!
//! Reading into these types checks form only. What refers to something still holds names; what may be left out is an `Option`, or
//! has its default. The whole is as large as what is built: topics and sagas are not, and so are unknown keys.

pub mod cache;
pub mod call;
pub mod load;
pub mod modes;
pub mod named;
pub mod node;
pub mod precision;
pub mod queue;
pub mod run;
pub mod saga;
pub mod step;
pub mod store;
pub mod studies;
pub mod topic;
pub mod zones;

use cache::CacheSettings;
use call::PolicySettings;
use load::LoadSettings;
use named::{ByText, Named};
use node::{DefaultNodeSettings, ServiceSettings, StoreSettings};
use queue::QueueSettings;
use run::RunSettings;
use saga::SagaSettings;
use serde::{Deserialize, Serialize};
use sim_core::control::{AlertSettings, PipelineSettings, ProbeSettings, ScalerSettings};
use sim_core::data::KeysSettings;
use sim_core::deed::Anything;
use sim_core::economics::CostSettings;
use sim_core::experiment::ExperimentSettings;
use sim_core::expression::Clause;
use sim_core::faults::FaultSettings;
use sim_core::incident::IncidentSettings;
use sim_core::network::NetworkSettings;
use sim_core::promise::PromiseSettings;
use sim_core::runbook::{PersonSettings, RunbookSettings};
use sim_core::switch::SwitchSettings;
use studies::StudySettings;
use topic::TopicSettings;

/// A scenario file.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Written {
    /// Title. Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scenario: Option<String>,
    /// What is asked. Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// What the author expects to see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// Where the numbers in `expect` come from: a paper, a book, a formula, a measurement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The file that this one overlays: maps merge key by key, lists and words are replaced, null removes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extends: Option<String>,
    /// How long and how often is simulated.
    pub run: RunSettings,
    /// Key spaces, by name; each request draws its own keys.
    pub keys: Named<KeysSettings>,
    /// Regions, by name, with their zones; default one region with one zone.
    pub regions: Named<RegionSettings>,
    /// Latency and loss between places.
    pub network: NetworkSettings,
    /// Settings of all services and stores, and of all calls, that do not write their own.
    pub defaults: DefaultsSettings,
    /// Bundles of call settings, by name.
    pub policies: Named<PolicySettings>,
    /// Services, by name.
    pub services: Named<ServiceSettings>,
    /// Stores, by name.
    pub stores: Named<StoreSettings>,
    /// Caches, by name.
    pub caches: Named<CacheSettings>,
    /// Queues, by name.
    pub queues: Named<QueueSettings>,
    /// Topics, by name.
    pub topics: Named<TopicSettings>,
    /// Sagas, by name.
    pub sagas: Named<SagaSettings>,
    /// Load classes, by name.
    pub load: Named<LoadSettings>,
    /// What breaks, by name.
    pub faults: Named<FaultSettings>,
    /// What watches and acts.
    pub control: ControlSettings,
    /// What was promised, by name.
    pub promises: Named<PromiseSettings>,
    /// What is done on purpose to the running system, within bounds, by name.
    pub experiments: Named<ExperimentSettings>,
    /// What it costs, by name.
    pub costs: Named<CostSettings>,
    /// What has to be true at the end of every single run, by name: conditions over whatever services, stores, queues and sagas count, such as
    /// `effects(bank->ledger.debit) == effects(bank->ledger.credit)` or `oversold(stock) == 0%`. One run that breaks one breaks it, and the report
    /// names the run.
    pub invariants: Named<Clause>,
    /// Conditions that `check` judges beside the promises, or in the place of a promise of which one says `not held(NAME)`.
    pub expect: Vec<Clause>,
    /// Variants, by name: values by path.
    pub variants: Named<ByText<Anything>>,
    /// Questions about many settings of the system, by name.
    pub studies: Named<StudySettings>,
}

impl Written {
    /// The clauses of `expect`, and behind them the invariants.
    pub fn clauses(&self) -> impl Iterator<Item = &Clause> {
        self.expect.iter().chain(self.invariants.iter().map(|(_, clause)| clause))
    }

    /// Their paths, in the same order.
    pub fn clause_paths(&self) -> impl Iterator<Item = String> {
        let of_expect = (0..self.expect.len()).map(|place| format!("expect.{place}"));
        of_expect.chain(self.invariants.iter().map(|(name, _)| format!("invariants.{name}")))
    }
}

/// A region.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegionSettings {
    /// Names of its zones.
    pub zones: Vec<named::Name>,
}

/// Settings of all that do not write their own.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DefaultsSettings {
    /// Of all services and stores.
    pub service: DefaultNodeSettings,
    /// Of all calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<PolicySettings>,
}

/// What watches and acts.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ControlSettings {
    /// Pipelines that deliver what is measured, by name; control sees nothing else.
    pub telemetry: Named<PipelineSettings>,
    /// What changes the number of instances, by name.
    pub scalers: Named<ScalerSettings>,
    /// What is sent between sites to see how the network is, by name.
    pub probes: Named<ProbeSettings>,
    /// What raises an alert, by name.
    pub alerts: Named<AlertSettings>,
    /// What makes incidents of alerts, and who is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incidents: Option<IncidentSettings>,
    /// What may be thrown in an emergency, by name.
    pub switches: Named<SwitchSettings>,
    /// Who is called when an alert fires, by name.
    pub people: Named<PersonSettings>,
    /// What is done when an alert fires, by name.
    pub runbooks: Named<RunbookSettings>,
    /// States of the whole system that set live values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modes: Option<modes::ModesSettings>,
}
