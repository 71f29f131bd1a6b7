//! The list of all kinds that a scenario can name, gathered from the families.
//!
//! Each family's `mod.rs` has an `ALL`; this file only joins the families. `explain`, the reference and the tests walk it.
//! A kind's text is the doc comment of its settings, with the sections *What it models · When to use it · Knobs · Example · Source*.

use crate::kind::Kind;

/// All kinds, family by family.
pub fn all() -> Vec<Kind> {
    let families = [
        crate::dist::ALL,
        crate::workload::ALL,
        crate::workload::shape::ALL,
        crate::service::discipline::ALL,
        crate::service::admission::ALL,
        crate::service::shed::ALL,
        crate::service::memory::ALL,
        crate::service::disk::ALL,
        crate::service::nic::ALL,
        crate::call::retry::ALL,
        crate::call::breaker::ALL,
        crate::call::throttle::ALL,
        crate::network::ALL,
        crate::call::limit::ALL,
        crate::call::pool::ALL,
        crate::call::rate_limit::ALL,
        crate::call::hedge::ALL,
        crate::call::balance::ALL,
        crate::call::locality::ALL,
        crate::call::ejection::ALL,
        crate::data::ALL,
        crate::data::keys::ALL,
        crate::data::state::ALL,
        crate::data::cache::ALL,
        crate::message::outbox::ALL,
        crate::message::saga::ALL,
        crate::message::topic::ALL,
        crate::faults::ALL,
        crate::experiment::ALL,
        crate::deed::ALL,
        crate::control::ALL,
        crate::control::scaling::ALL,
        crate::runbook::ALL,
        crate::incident::ALL,
        crate::switch::ALL,
        crate::promise::ALL,
        crate::economics::ALL,
    ];
    families.concat()
}

#[cfg(test)]
mod tests {
    /// Every kind is documented the same way: the reference and `explain` are made of it.
    #[test]
    fn docs_have_their_sections_in_order() {
        let sections = ["# What it models", "# When to use it", "# Knobs", "# Example", "# Source"];
        for kind in super::all() {
            let doc = kind.doc();
            let places: Vec<Option<usize>> = sections.iter().map(|section| doc.find(section)).collect();
            assert!(places.iter().all(Option::is_some), "{} {}: {places:?}", kind.family, kind.name);
            assert!(places.is_sorted(), "{} {}: {places:?}", kind.family, kind.name);
            assert!(doc.contains("```yaml"), "{} {}: no example", kind.family, kind.name);
            assert!(!doc.starts_with('#'), "{} {}: no first sentence", kind.family, kind.name);
        }
    }

    #[test]
    fn no_family_has_two_kinds_of_one_name() {
        let mut names: Vec<(&str, &str)> = super::all().iter().map(|kind| (kind.family, kind.name)).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
