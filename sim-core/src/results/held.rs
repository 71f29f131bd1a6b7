//! Why a scaler left the number of instances as it was.

/// Why a scaler that looked changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// It has what it wants.
    OnTarget,
    /// The metric is so near to its target that no change is worth it.
    Tolerance,
    /// What is not known of instances that start or are not seen yet could turn the direction.
    Unsure,
    /// An earlier recommendation within the stabilization window was more careful.
    Stabilization,
    /// A policy allows no more change in its period, or none in this direction.
    Policies,
    /// The last change was not long enough ago.
    Cooldown,
    /// It has as few or as many instances as it may.
    Bounds,
    /// A metric had no data.
    NoData,
    /// The provider has no nodes.
    Shortage,
    /// No rule, step or line of a timetable holds.
    NoRule,
    /// Who decides has not answered.
    NoDecision,
    /// The last change goes on.
    UnderWay,
    /// Somebody has to approve it, and has not yet.
    Approval,
}

impl Held {
    /// How many reasons there are.
    pub const COUNT: usize = 13;

    /// All of them, in the order in which they are told.
    pub const ALL: [Self; Self::COUNT] = [
        Self::OnTarget,
        Self::Tolerance,
        Self::Unsure,
        Self::Stabilization,
        Self::Policies,
        Self::Cooldown,
        Self::Bounds,
        Self::NoData,
        Self::Shortage,
        Self::NoRule,
        Self::NoDecision,
        Self::UnderWay,
        Self::Approval,
    ];

    /// The reason in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::OnTarget => "on_target",
            Self::Tolerance => "tolerance",
            Self::Unsure => "unsure",
            Self::Stabilization => "stabilization",
            Self::Policies => "policies",
            Self::Cooldown => "cooldown",
            Self::Bounds => "bounds",
            Self::NoData => "no_data",
            Self::Shortage => "shortage",
            Self::NoRule => "no_rule",
            Self::NoDecision => "no_decision",
            Self::UnderWay => "under_way",
            Self::Approval => "approval",
        }
    }

    /// The reason for people.
    pub fn says(self) -> &'static str {
        match self {
            Self::OnTarget => "has what it wants",
            Self::Tolerance => "within tolerance",
            Self::Unsure => "unknown instances",
            Self::Stabilization => "stabilization",
            Self::Policies => "rate policy",
            Self::Cooldown => "cooldown",
            Self::Bounds => "bounds",
            Self::NoData => "no data",
            Self::Shortage => "no capacity",
            Self::NoRule => "no rule holds",
            Self::NoDecision => "no decision",
            Self::UnderWay => "a change under way",
            Self::Approval => "waits for approval",
        }
    }
}

/// How often a scaler that looked changed nothing, by the reason, from time 0 on; and how often it looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HeldCounts {
    /// How often it looked from time 0 on.
    pub looks: u64,
    /// How often it changed nothing, by the reason in the order of [`Held::ALL`].
    pub by: [u64; Held::COUNT],
}
