//! Words of the field that the language says otherwise.

/// Words of the field that are no words of the language, because others say the same: each with what to write.
pub const SAID_OTHERWISE: &[(&str, &str)] = &[
    // Requests of a call are messages by themselves: one that comes late is behind those that were sent after it.
    (
        "reorder",
        "a share of messages that comes late is out of order: write inject: {delay: {add: 5ms, probability: 2%}}",
    ),
];

/// What to write in the place of a word of the field.
pub fn said_otherwise(word: &str) -> Option<&'static str> {
    SAID_OTHERWISE.iter().find(|(of_field, _)| *of_field == word).map(|(_, write)| *write)
}
