//! What becomes of what a scaler wants: more where it runs away, nothing yet where somebody has to approve it, and what it remembers of a change.

use super::{Moves, Policy, Scaler, ScalerState, Situation};
use crate::control::Override;
use crate::results::Held;

impl Scaler {
    /// Remembers a change, if it is one.
    pub fn changes(&self, state: &mut ScalerState, (now_ns, from_zero_ns): (u64, i64), current: u32, to: u32) {
        if to == current {
            return;
        }
        if from_zero_ns >= 0 {
            // Steps of the warm-up are cut, as all counts of a run are.
            state.count(to > current, to.abs_diff(current));
        }
        state.last_change_ns = Some(now_ns);
        if to > current {
            state.last_up_ns = Some(now_ns);
        }
        match &self.policy {
            Policy::Hpa(policy) => policy.changed(&mut state.hpa, now_ns, current, to),
            Policy::Keda(policy) => policy.changed(&mut state.keda, now_ns, current, to),
            _ => {}
        }
    }

    /// More, or fewer, than it wants, where it runs away.
    pub(super) fn runs_away(&self, (to, held): (u32, Held), situation: &Situation<'_>) -> (u32, Held) {
        let factor = situation.runs_away;
        if factor == 1.0 {
            return (to, held);
        }
        // At least one more, or one fewer: three times 1.1 is more than three.
        let times = f64::from(to) * factor;
        let rounded = if factor > 1.0 { times.ceil() } else { times.floor() };
        ((rounded as u32).clamp(self.min, self.max), Held::Bounds)
    }

    /// Whether somebody has to approve that there are to be so many. A change of size is one of all instances.
    pub(super) fn has_to_ask(&self, situation: &Situation<'_>, to: u32) -> bool {
        let Override::Supervised(above, _) = self.overrule else { return false };
        match self.moves() {
            _ if to == situation.current => false,
            Moves::Sizes => above.is_large(situation.running, 0),
            Moves::Instances | Moves::Nodes => above.is_large(situation.current, to),
        }
    }
}
