//! The section `load`: load classes, which are callers too.

use super::call::with_call_keys;
use super::named::ByText;
use sim_core::units::{Count, Probability};
use sim_core::workload::{ArriveSettings, ComplaintSettings, Priority, Shape};

with_call_keys! {
    /// Requests of one kind of user: what they ask for, when they come, and how they react. A load class is a caller, so every
    /// call setting may stand beside: users time out and retry too.
    LoadSettings {
        /// The endpoint that is asked, as `service.endpoint`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<String>,
        /// Several endpoints with their shares, adding up to 100%.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mix: Option<ByText<Probability>>,
        /// When requests come.
        arrive: ArriveSettings,
        /// How the rate changes over time; the factors multiply.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        shape: Vec<Shape>,
        /// The zone or region where the users are; default the first zone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        /// How important its requests are, with all that is called for them: `critical_plus`, `critical`, `sheddable_plus` or
        /// `sheddable`; default critical.
        #[serde(default)]
        priority: Priority,
        /// For whom its requests are, with all that is called for them: each tenant may have a limit, or a turn in queues, of its own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tenant: Option<String>,
        /// How many users there are, for the share of them that is affected (`users_affected`); default not known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        population: Option<Count>,
        /// Some of the users who were hurt complain, some time later; default nobody does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        complaints: Option<ComplaintSettings>,
        /// A named bundle of the call settings below; keys beside it replace whole keys of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        policy: Option<String>,
    }
}
