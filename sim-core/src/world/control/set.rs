//! Values that were set while the run goes on, and who set them.

use crate::deed::{Change, Live};
use crate::world::World;

/// Who takes back what is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// An experiment, by its place, when it ends.
    Experiment(u32),
    /// An entry into a mode, by its number, when the next mode is in force.
    Mode(u32),
}

/// What is set now, in the order in which it was.
#[derive(Default)]
pub(super) struct Active<'m> {
    /// Who takes it back, and what is set; none for what stays.
    set: Vec<(Option<Owner>, &'m Change)>,
}

impl<'m> Active<'m> {
    fn add(&mut self, owner: Option<Owner>, change: &'m Change) {
        self.set.push((owner, change));
    }

    /// Takes back what somebody has set: what each value is then, those that were set last first.
    fn remove(&mut self, owner: Owner) -> Vec<&'m Live> {
        let (gone, left) = std::mem::take(&mut self.set).into_iter().partition(|(of, _)| *of == Some(owner));
        self.set = left;
        let gone: Vec<(Option<Owner>, &'m Change)> = gone;
        let is_then = |change: &'m Change| {
            let other = self.set.iter().rev().find(|(_, other)| other.to.is_of_same(&change.to));
            other.map_or(&change.from, |(_, other)| &other.to)
        };
        gone.into_iter().rev().map(|(_, change)| is_then(change)).collect()
    }
}

impl<'m> World<'m> {
    /// Values are set; without an owner, they stay.
    pub(super) fn sets(&mut self, owner: Option<Owner>, changes: &'m [Change]) {
        for change in changes {
            self.control.set.add(owner, change);
            self.puts_in_force(&change.to, true);
        }
    }

    /// What somebody has set is as before. Whether there was anything.
    pub(super) fn takes_back(&mut self, owner: Owner) -> bool {
        let values = self.control.set.remove(owner);
        for value in &values {
            let is_set = self.control.set.set.iter().any(|(_, other)| other.to.is_of_same(value));
            self.puts_in_force(value, is_set);
        }
        !values.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deed::OfNode;
    use crate::ids::ServiceId;

    fn change(service: usize, to: u32) -> Change {
        let of = |capacity| Live::Node(ServiceId::from(service), OfNode::QueueCapacity(capacity));
        Change { from: of(1), to: of(to) }
    }

    #[test]
    fn what_is_taken_back_is_what_others_have_set_or_what_the_file_says() {
        let (a, b, c, other) = (change(0, 2), change(0, 3), change(0, 4), change(1, 5));
        let mut active = Active::default();
        active.add(Some(Owner::Experiment(0)), &a);
        active.add(Some(Owner::Experiment(1)), &b);
        active.add(Some(Owner::Experiment(0)), &other);
        // The first ends: the value is that of the second, and the other service's is that of the file.
        assert_eq!(active.remove(Owner::Experiment(0)), [&other.from, &b.to]);
        active.add(None, &c);
        assert_eq!(active.remove(Owner::Experiment(1)), [&c.to], "what stays was set last");
        assert!(active.remove(Owner::Experiment(1)).is_empty());
        active.add(Some(Owner::Experiment(2)), &a);
        assert_eq!(active.remove(Owner::Experiment(2)), [&c.to], "what stays is under it");
    }
}
