//! The studies, a folder each: what is said of its results in all forms. [`ALL`] is the only list of them.

pub mod capacity;
pub mod check;
pub mod compare;
pub mod decide;
pub mod knee;
pub mod metastability;
pub mod run;
pub mod sweep;
#[cfg(test)]
mod tests;
pub mod verify;

use crate::answer::Kind;
#[cfg(any(test, feature = "sample"))]
use crate::page::Page;

/// All kinds of studies.
pub const ALL: &[&Kind] = &[
    &run::KIND,
    &sweep::KIND,
    &capacity::KIND,
    &knee::KIND,
    &metastability::KIND,
    &compare::KIND,
    &decide::KIND,
    &check::KIND,
    &verify::KIND,
];

/// Reports of invented results, by name, of all studies.
#[cfg(any(test, feature = "sample"))]
pub fn pages() -> Vec<(&'static str, Page)> {
    ALL.iter().flat_map(|kind| (kind.pages)()).collect()
}
