//! Settings of a call: what a caller does about slow and failing callees.
//!
//! The same keys stand in a call step, in a load class, in a policy and in `defaults.call`. [`CallKeys`] is what they have in
//! common; a policy lies over the defaults, and keys written beside it replace whole keys.

pub mod fallback;

use fallback::FallbackSettings;
use serde::{Deserialize, Serialize};
use sim_core::call::balance::BalanceSettings;
use sim_core::call::breaker::BreakerSettings;
use sim_core::call::deadline::DeadlineAs;
use sim_core::call::ejection::EjectionSettings;
use sim_core::call::hedge::HedgeSettings;
use sim_core::call::limit::LimitSettings;
use sim_core::call::locality::LocalitySettings;
use sim_core::call::pool::PoolSettings;
use sim_core::call::rate_limit::RateLimitSettings;
use sim_core::call::retry::RetrySettings;
use sim_core::call::throttle::ThrottleSettings;
use sim_core::data::level::Level;
use sim_core::dist::Distribution;
use sim_core::problem::Problems;
use sim_core::units::{Bytes, SimDuration};

/// Bytes of a message each way.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SizeSettings {
    /// Bytes of the request; default 0B.
    pub request: Bytes,
    /// Bytes of the reply; default 0B.
    pub response: Bytes,
}

/// Defines settings that hold the keys of a call, beside keys of their own.
macro_rules! with_call_keys {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
            /// The library or proxy by which the call goes, whose defaults hold here; `null` at a key takes away what it brings.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub profile: Option<crate::profiles::ProfileSettings>,
            /// How long one attempt may take; none waits forever.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub timeout: Option<sim_core::dist::Distribution>,
            /// How long the call may take with all its retries.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub total_timeout: Option<sim_core::units::SimDuration>,
            /// How long the call and all that it causes may take: handed on to every call below, less what has passed.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub deadline: Option<sim_core::units::SimDuration>,
            /// How the callee is told the deadline, that of this call or of one above: as the time that is left or as a time of day; default
            /// `duration`.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub deadline_as: Option<sim_core::call::deadline::DeadlineAs>,
            /// Whether the callee stops when nobody waits any more; default false.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub cancel: Option<bool>,
            /// When and how often to try again.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub retry: Option<sim_core::call::retry::RetrySettings>,
            /// When to stop calling for a while.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub breaker: Option<sim_core::call::breaker::BreakerSettings>,
            /// When to turn calls away by chance, because the callee turns away too many.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub throttle: Option<sim_core::call::throttle::ThrottleSettings>,
            /// How many attempts a caller instance sends in a stretch of time.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub rate_limit: Option<sim_core::call::rate_limit::RateLimitSettings>,
            /// How many attempts of a caller instance are under way at once.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub concurrency_limit: Option<sim_core::call::limit::LimitSettings>,
            /// The connections of a caller instance, one of which each attempt needs; none is as many as there are attempts.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub pool: Option<sim_core::call::pool::PoolSettings>,
            /// What answers when the call fails.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub fallback: Option<crate::written::call::fallback::FallbackSettings>,
            /// How the call is sent more than once, so that the first answer counts.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub hedge: Option<sim_core::call::hedge::HedgeSettings>,
            /// Which instance of the callee gets the call; default `least_requests` of 2.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub balance: Option<sim_core::call::balance::BalanceSettings>,
            /// Which instances of the callee are near, and when all are called because too few are healthy.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub locality: Option<sim_core::call::locality::LocalitySettings>,
            /// Which instances of the callee are not called for a while.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub outlier_ejection: Option<sim_core::call::ejection::EjectionSettings>,
            /// Whether the caller goes on, with a degraded answer, when the call fails; default false.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub optional: Option<bool>,
            /// Bytes of the request and the reply.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub size: Option<crate::written::call::SizeSettings>,
            /// The guarantee level that is asked for, which a store may route by: `strict_serializable`, `serializable`, `snapshot_isolation`,
            /// `read_committed` or `eventual`; default that of the request. What is asked for at a weaker level makes the answer weaker too.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub level: Option<sim_core::data::level::Level>,
        }

        impl $name {
            /// The keys that all calls have in common.
            pub fn call_keys(&self) -> crate::written::call::CallKeys<'_> {
                crate::written::call::CallKeys {
                    timeout: self.timeout.as_ref(),
                    total_timeout: self.total_timeout,
                    deadline: self.deadline,
                    deadline_as: self.deadline_as,
                    cancel: self.cancel,
                    retry: self.retry.as_ref(),
                    breaker: self.breaker.as_ref(),
                    throttle: self.throttle.as_ref(),
                    rate_limit: self.rate_limit.as_ref(),
                    concurrency_limit: self.concurrency_limit.as_ref(),
                    pool: self.pool.as_ref(),
                    fallback: self.fallback.as_ref(),
                    hedge: self.hedge.as_ref(),
                    balance: self.balance.as_ref(),
                    locality: self.locality,
                    outlier_ejection: self.outlier_ejection.as_ref(),
                    optional: self.optional,
                    size: self.size,
                    level: self.level,
                }
            }
        }
    };
}
pub(crate) use with_call_keys;

with_call_keys! {
    /// A bundle of call settings with a name, or the defaults of all calls. Calls that name the same policy share its state
    /// (breaker, throttle, limits, pool, retry budget, balancer) among all calls from one caller instance to one callee.
    PolicySettings {}
}

with_call_keys! {
    /// Asks an endpoint and waits for its reply.
    ///
    /// # What it models
    /// A synchronous remote call. The worker is held while the reply is awaited, unless the endpoint says `async: true`. A caller
    /// that times out leaves the work behind, which still burns capacity unless `cancel: true`.
    ///
    /// # When to use it
    /// Wherever one service needs another to go on.
    ///
    /// # Knobs
    /// - `to`: the endpoint, as `service.endpoint`; a queue's is `send`
    /// - `policy`: a named bundle of the settings below; keys beside it replace whole keys of it
    /// - `profile`: the library whose defaults hold, kind, default none
    /// - `timeout`: one attempt, duration or distribution, default none
    /// - `total_timeout`: the call with all its retries, duration, default none
    /// - `deadline`: the call and all that it causes, handed on to every call below less what has passed, duration, default none
    /// - `deadline_as`: how the callee is told the deadline, `duration` (gRPC) or `timestamp` (Finagle), which skewed clocks falsify, default
    ///   duration
    /// - `cancel`: whether the callee stops when nobody waits, default false
    /// - `retry`, `breaker`, `throttle`, `rate_limit`, `concurrency_limit`, `pool`, `fallback`, `hedge`, `balance`: their kinds, default none and
    ///   `least_requests`
    /// - `locality`: which instances are near, and when all are called, default none
    /// - `outlier_ejection`: which instances are not called for a while, default none
    /// - `optional`: whether a failure does no harm, default false
    /// - `size`: `request` and `response` in bytes, default 0B
    /// - `level`: the guarantee level that is asked for, default that of the request
    ///
    /// # Example
    /// ```yaml
    /// steps:
    ///   - call: {to: payment.charge, timeout: 500ms, retry: {max_attempts: 3}}
    /// ```
    ///
    /// # Source
    /// Any remote procedure call; the policies follow resilience4j, gRPC, Envoy and Finagle.
    CallStep {
        /// The endpoint, as `service.endpoint`; a queue's is `send`.
        to: String,
        /// A named bundle of the keys below; keys beside it replace whole keys of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        policy: Option<String>,
        /// A message that is written together with the row, and sent later; of a write of a store.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outbox: Option<sim_core::message::outbox::OutboxSettings>,
    }
}

/// The keys that all calls have in common, as far as they are written.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CallKeys<'a> {
    /// One attempt.
    pub timeout: Option<&'a Distribution>,
    /// The call with its retries.
    pub total_timeout: Option<SimDuration>,
    /// The call and all that it causes.
    pub deadline: Option<SimDuration>,
    /// How the callee is told the deadline.
    pub deadline_as: Option<DeadlineAs>,
    /// Whether the callee stops when nobody waits.
    pub cancel: Option<bool>,
    /// When and how often to try again.
    pub retry: Option<&'a RetrySettings>,
    /// When to stop calling.
    pub breaker: Option<&'a BreakerSettings>,
    /// When to turn calls away by chance.
    pub throttle: Option<&'a ThrottleSettings>,
    /// How many attempts in a stretch of time.
    pub rate_limit: Option<&'a RateLimitSettings>,
    /// How many attempts at once.
    pub concurrency_limit: Option<&'a LimitSettings>,
    /// The connections that attempts need.
    pub pool: Option<&'a PoolSettings>,
    /// What answers when the call fails.
    pub fallback: Option<&'a FallbackSettings>,
    /// How the call is sent more than once.
    pub hedge: Option<&'a HedgeSettings>,
    /// Which instance gets the call.
    pub balance: Option<&'a BalanceSettings>,
    /// Which instances are near.
    pub locality: Option<LocalitySettings>,
    /// Which instances are not called for a while.
    pub outlier_ejection: Option<&'a EjectionSettings>,
    /// Whether failure does no harm.
    pub optional: Option<bool>,
    /// Bytes each way.
    pub size: Option<SizeSettings>,
    /// The level that is asked for.
    pub level: Option<Level>,
}

impl<'a> CallKeys<'a> {
    /// These keys, and those of `below` where these are not written.
    #[must_use]
    pub fn over(self, below: CallKeys<'a>) -> Self {
        Self {
            timeout: self.timeout.or(below.timeout),
            total_timeout: self.total_timeout.or(below.total_timeout),
            deadline: self.deadline.or(below.deadline),
            deadline_as: self.deadline_as.or(below.deadline_as),
            cancel: self.cancel.or(below.cancel),
            retry: self.retry.or(below.retry),
            breaker: self.breaker.or(below.breaker),
            throttle: self.throttle.or(below.throttle),
            rate_limit: self.rate_limit.or(below.rate_limit),
            concurrency_limit: self.concurrency_limit.or(below.concurrency_limit),
            pool: self.pool.or(below.pool),
            fallback: self.fallback.or(below.fallback),
            hedge: self.hedge.or(below.hedge),
            balance: self.balance.or(below.balance),
            locality: self.locality.or(below.locality),
            outlier_ejection: self.outlier_ejection.or(below.outlier_ejection),
            optional: self.optional.or(below.optional),
            size: self.size.or(below.size),
            level: self.level.or(below.level),
        }
    }

    /// Whether a mechanism with state is written among them.
    pub fn has_state(&self) -> bool {
        let guarded = self.breaker.is_some() || self.throttle.is_some() || self.outlier_ejection.is_some();
        guarded
            || self.rate_limit.is_some()
            || self.concurrency_limit.is_some()
            || self.pool.is_some()
            || self.balance.is_some()
            || self.retry.is_some()
            || self.hedge.is_some()
    }

    /// Problems of the keys, each at its path below the present one.
    pub fn validate(&self, problems: &mut Problems) {
        if let Some(timeout) = self.timeout {
            problems.at("timeout", |p| timeout.validate(p));
            if timeout.mean() <= 0.0 {
                problems.error("timeout", "a timeout of zero lets every call fail").hint =
                    Some("write a time such as 500ms".into());
            }
        }
        if self.total_timeout.is_some_and(SimDuration::is_zero) {
            problems.error("total_timeout", "a timeout of zero lets every call fail").hint =
                Some("write a time such as 2s".into());
        }
        if self.deadline.is_some_and(SimDuration::is_zero) {
            problems.error("deadline", "a deadline of zero lets every call fail").hint =
                Some("write a time such as 1s".into());
        }
        if let Some(retry) = self.retry {
            problems.at("retry", |p| retry.validate(p));
        }
        if let Some(breaker) = self.breaker {
            problems.at("breaker", |p| breaker.validate(p));
        }
        if let Some(throttle) = self.throttle {
            problems.at("throttle", |p| throttle.validate(p));
        }
        if let Some(limit) = self.rate_limit {
            problems.at("rate_limit", |p| limit.validate(p));
        }
        if let Some(limit) = self.concurrency_limit {
            problems.at("concurrency_limit", |p| limit.validate(p));
        }
        if let Some(pool) = self.pool {
            problems.at("pool", |p| pool.validate(p));
        }
        if let Some(fallback) = self.fallback {
            problems.at("fallback", |p| fallback.validate(p));
        }
        if let Some(hedge) = self.hedge {
            problems.at("hedge", |p| hedge.validate(p));
        }
        if let Some(ejection) = self.outlier_ejection {
            problems.at("outlier_ejection", |p| ejection.validate(p));
        }
        if let Some(locality) = self.locality {
            problems.at("locality", |p| locality.validate(p));
        }
        if let Some(balance) = self.balance {
            problems.at("balance", |p| balance.validate(p));
        }
    }
}
