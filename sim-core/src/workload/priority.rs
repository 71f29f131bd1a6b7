//! How important requests are.

use serde::{Deserialize, Serialize};

/// How important the requests of a load class are, and all that is called for them; the order is from most to least important.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Priority {
    /// Users see it at once when it fails, and it costs the most.
    CriticalPlus = 0,
    /// Users see it when it fails.
    #[default]
    Critical = 1,
    /// Part of it may fail for a while: batch work that tries again.
    SheddablePlus = 2,
    /// Often not served at all.
    Sheddable = 3,
}

impl Priority {
    /// All priorities, from most to least important.
    pub const ALL: [Self; 4] = [Self::CriticalPlus, Self::Critical, Self::SheddablePlus, Self::Sheddable];

    /// The word in files.
    pub fn name(self) -> &'static str {
        ["critical_plus", "critical", "sheddable_plus", "sheddable"][self as usize]
    }

    /// The priority of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|priority| priority.name() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back_and_ordered() {
        for priority in Priority::ALL {
            assert_eq!(Priority::parse(priority.name()), Some(priority));
            assert_eq!(serde_json::to_value(priority).unwrap(), priority.name());
        }
        assert!(Priority::ALL.is_sorted() && Priority::parse("urgent").is_none());
    }
}
