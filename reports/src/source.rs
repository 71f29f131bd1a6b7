//! The scenario beside its results.

use sim_core::results::Known;

/// What a report shows of the scenario besides its results.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Source {
    /// The file, as the user typed it.
    pub file: String,
    /// Its text.
    pub text: String,
    /// The question that it asks.
    pub question: String,
    /// What its author expects to see.
    pub answer: Option<String>,
    /// What was asked besides the file, as arguments of the command line: ` --variant no-retry`. Empty where nothing was.
    #[serde(default)]
    pub asked: String,
    /// The files that its loads replay, by the names that its text has for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traces: Vec<(String, String)>,
    /// What is known of it without a run; only the report of a run tells it.
    #[serde(default, skip_serializing_if = "Known::is_empty")]
    pub known: Known,
}

impl Source {
    /// The scenario and all that it replays, as files of an out folder.
    pub(crate) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let scenario = ("scenario.yaml".to_owned(), self.text.clone().into_bytes());
        let traces = self.traces.iter().map(|(name, text)| (name.clone(), text.clone().into_bytes()));
        std::iter::once(scenario).chain(traces).collect()
    }

    /// A command on the scenario, as it was asked: `windtunnel run checkout.yaml --variant no-retry`.
    pub fn command(&self, command: &str) -> String {
        format!("windtunnel {command} {}{}", self.file, self.asked)
    }
}
