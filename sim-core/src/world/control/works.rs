//! Actions of runbooks that may not be done when their time is over: a restore whose machine has crashed meanwhile, and a validation that waits
//! for its checks or fails.

use crate::deed::{Deed, DeedEffect, Validation};
use crate::ids::InstanceId;
use crate::world::World;
use crate::world::stations::Life;

/// What becomes of an action when its time is over.
pub(super) enum Then {
    /// It is done.
    IsDone,
    /// It is looked at again after so long [ns], with what the journal says of that, if anything.
    Again(u64, Option<String>),
    /// It has failed, and the runbook ends with it.
    Fails(String),
}

impl World<'_> {
    /// What becomes of an action that is to be done to these now; `since` is when it was first looked at [ns].
    pub(super) fn then(&mut self, pipeline: usize, deed: &Deed, whom: &[InstanceId], since: u64) -> Then {
        match &deed.effect {
            DeedEffect::Restore(..) => self.is_restored(deed, whom),
            DeedEffect::Validate(_, validation) => self.is_valid(pipeline, validation, whom, since),
            _ => Then::IsDone,
        }
    }

    fn is_restored(&self, deed: &Deed, whom: &[InstanceId]) -> Then {
        let is_down = |instance: &&InstanceId| !matches!(self.stations.life(**instance), Life::Up | Life::Gone);
        let down: Vec<InstanceId> = whom.iter().filter(is_down).copied().collect();
        if down.is_empty() {
            return Then::IsDone;
        }
        let says = format!("the restore begins again, because it was cut short{}", self.named(&down));
        Then::Again(self.work_ns(deed, self.now).max(1), Some(says))
    }

    fn is_valid(&mut self, pipeline: usize, validation: &Validation, whom: &[InstanceId], since: u64) -> Then {
        if validation.audit.is_some() {
            let wrong: Vec<InstanceId> =
                whom.iter().copied().filter(|instance| self.has_wrong_data(*instance)).collect();
            if !wrong.is_empty() {
                return Then::Fails(format!("the audit finds wrong records{}", self.named(&wrong)));
            }
        }
        self.deliver_scrapes(pipeline as u32);
        let holds = |metric: &_| self.delivered(pipeline as u32, metric);
        let fails = validation.checks.iter().find(|check| check.when.truth(&mut |metric| holds(metric)) != Some(true));
        let Some(check) = fails else { return Then::IsDone };
        let text = &check.text;
        if validation.within_ns.is_some_and(|within| self.now - since >= within) {
            return Then::Fails(format!("validation fails: {text} is not true"));
        }
        let every_ns = self.model.telemetry[pipeline].every_ns.max(1);
        Then::Again(every_ns, (self.now == since).then(|| format!("validation waits for {text}")))
    }
}
