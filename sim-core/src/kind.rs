//! What a kind is: a word that a scenario file may use in one place of the language, with the schema of its settings.
//!
//! Each family's `mod.rs` lists its kinds in an `ALL`; `kinds.rs` joins the families. Families know this file and not that one.

use schemars::Schema;

/// One kind: a word that a scenario file may use in one place of the language.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// The family, which is the key or verb under which it stands: `breaker`, `inject`, `arrive`, `distribution`.
    pub family: &'static str,
    /// The word in the file: `rate`, `slow`, `poisson`.
    pub name: &'static str,
    /// The JSON Schema of its settings; its description is the kind's documentation.
    pub schema: fn() -> Schema,
}

impl Kind {
    /// The documentation: the doc comment of the settings, as Markdown.
    pub fn doc(&self) -> String {
        let schema = (self.schema)();
        schema.get("description").and_then(|d| d.as_str()).unwrap_or_default().to_owned()
    }
}
