//! Checks that the settings of several distributions share.

use crate::problem::Problems;
use crate::units::SimDuration;

/// A mean and a coefficient of variation are positive.
pub(super) fn check_mean_cv(mean: Option<SimDuration>, cv: Option<f64>, problems: &mut Problems) {
    if mean.is_some_and(|m| m.ns() == 0) {
        problems.error("mean", "a mean of zero is the constant 0s").hint = Some("write a duration such as 20ms".into());
    }
    if cv.is_some_and(|c| c <= 0.0) {
        problems.error("cv", "without variation it is a constant").hint = Some("write the duration alone".into());
    }
}
