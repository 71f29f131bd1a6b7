//! What somebody has measured of a real system, and how near a prediction has to come.

/// A measured figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// What was measured, in words: `8 users`.
    pub what: String,
    /// The metric that predicts it, as clauses write it, with the variant in which it does.
    pub metric: String,
    /// The number that was measured, as it is written: `7.623/s`.
    pub measured: String,
    /// Whether parameters of the scenario are set from it, so that it is no prediction.
    pub calibrates: bool,
    /// How near the prediction has to come.
    pub target: Target,
    /// Why it does not come as near; empty where it does.
    pub why: String,
}

/// How near a prediction has to come to what was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// Nothing is demanded of this figure alone.
    None,
    /// Within this share of what was measured.
    Within(f64),
    /// Equal to what was measured, which is a count.
    Exact,
}

/// How near all predictions of a system have to come together.
#[derive(Debug, Clone, PartialEq)]
pub struct Together {
    /// The root mean square of their errors, as a share.
    pub at_most: f64,
    /// Why they do not come as near; empty where they do.
    pub why: String,
}
