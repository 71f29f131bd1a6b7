//! The scenarios with which the language was proposed, and the shipped scenario that stands for each: that of the same name, or the one that is named
//! here. ARCHITECTURE.md says what is different in it.

/// The names of all that were proposed.
#[rustfmt::skip]
pub const EXAMPLES: [&str; 43] = [
    "alert-storm", "analytics-warehouse", "asymmetric-route", "autoscaler-policies", "bad-deploy-flag", "bgp-flap", "breaker-that-never-opens",
    "cache-stampede", "central-decider", "checkout-brownout", "checkout-capacity", "checkout-gate", "checkout-sweep", "closed-network",
    "connection-pool-exhaustion", "failing-api-chaos-field", "flash-sale-escrow", "hedging-p95", "jackson-network", "level-decision",
    "load-shedding-priority", "mmc-yardstick", "nic-queue-drops", "operating-modes", "order-saga", "payments-experiment", "payments-multi-region",
    "predictive-scaling", "queue-workers-depth-scaler", "recovery-restore", "replica-lag-levels", "retry-budgets", "runaway-scaler-blind",
    "slo-arithmetic", "slow-disk-fsync", "slow-replica-outlier-ejection", "social-feed", "social-network-kills", "tcp-incast",
    "timeouts-in-the-wrong-order", "vlan-blackhole", "wear-and-tear", "zone-outage-hpa",
];

/// Shipped under another name.
pub const RENAMED: [(&str, &str); 5] = [
    ("checkout-brownout", "checkout"),
    ("hedging-p95", "resilience/hedging"),
    ("payments-experiment", "experiments/kill-30-percent"),
    ("queue-workers-depth-scaler", "scaling/queue-workers"),
    ("wear-and-tear", "availability/month-of-failures"),
];

/// The shipped scenario that stands for an example; `None` if it is not built yet.
pub fn stands_for(example: &str) -> Option<&'static str> {
    let renamed = RENAMED.iter().find(|(name, _)| *name == example).map(|(_, shipped)| *shipped);
    renamed.or_else(|| scenarios::builtin::shipped().find(|name| name.rsplit('/').next() == Some(example)))
}
