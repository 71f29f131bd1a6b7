//! Sections that pages are put together of.

use super::{Block, Section};
use crate::Source;

/// A section.
pub fn section(id: &'static str, contents: &'static str, head: &str, blocks: Vec<Block>) -> Section {
    Section { id: id.into(), contents: contents.into(), head: head.to_owned(), blocks }
}

/// A section, if there is something in it.
pub fn some(id: &'static str, contents: &'static str, head: &str, blocks: Vec<Block>) -> Option<Section> {
    (!blocks.is_empty()).then(|| section(id, contents, head, blocks))
}

/// The scenario as run.
pub fn scenario(source: &Source) -> Section {
    let file = source.file.rsplit('/').next().unwrap_or_default();
    let text = Block::Text(file.to_owned(), source.text.clone());
    section("scenario", "The scenario", "The scenario as run", vec![text])
}
