//! Profiles: the defaults of a library or a proxy, for the calls that go through it.
//!
//! A profile works on the tree before it is read: what is always there in the library becomes a key of the call settings that name it, and what is
//! written of the settings is filled up with the library's defaults in the place of ours. So nothing below knows of profiles, and each value that
//! one brings stands, for problems, where the profile is named.
//!
//! A profile is written as its name, as name and version in one word (`resilience4j-2`), or as a map (`{resilience4j: {version: 2}}`). The word
//! becomes the map here, so that the types which read a file know the map only.

/// Defines the settings of a profile and the versions of which defaults are known, the present one first.
macro_rules! profile {
    ($(#[$doc:meta])* $settings:ident, $version:ident { $first:ident = $name:literal $(, $older:ident = $older_name:literal)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct $settings {
            /// Which version.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub version: Option<$version>,
        }

        /// The versions of which defaults are known, by their names.
        pub(super) const VERSIONS: &[&str] = &[$name $(, $older_name)*];

        /// The versions of which defaults are known.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        pub enum $version {
            #[doc = concat!($name, ".")]
            #[serde(rename = $name)]
            $first,
            $(
                #[doc = concat!($older_name, ".")]
                #[serde(rename = $older_name)]
                $older,
            )*
        }
    };
}

mod aws_sdk;
mod envoy;
mod failsafe;
mod finagle;
mod grpc;
mod hystrix;
mod istio;
mod polly;
mod resilience4j;

use crate::reader::{Entry, FileId, Node, Placed, Span, Value, parse};
use serde::{Deserialize, Serialize};
use sim_core::kind::Kind;
use sim_core::problem::Problem;
use std::borrow::Cow;

/// The library by which a call goes. Its version may follow the name, as in `resilience4j-2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(transform = with_versions)]
pub enum ProfileSettings {
    /// resilience4j.
    #[serde(rename = "resilience4j")]
    Resilience4j(resilience4j::Resilience4jSettings),
    /// Hystrix, which gives each command a timeout, a breaker and a pool.
    Hystrix(hystrix::HystrixSettings),
    /// Polly.
    Polly(polly::PollySettings),
    /// Failsafe.
    Failsafe(failsafe::FailsafeSettings),
    /// Envoy, with a configuration of one's own.
    Envoy(envoy::EnvoySettings),
    /// gRPC, without a mesh.
    Grpc(grpc::GrpcSettings),
    /// Finagle.
    Finagle(finagle::FinagleSettings),
    /// Istio, with nothing configured.
    Istio(istio::IstioSettings),
    /// An SDK of AWS in standard mode.
    AwsSdk(aws_sdk::AwsSdkSettings),
}

/// The kinds of profile.
pub const ALL: &[Kind] = &[
    Kind {
        family: "profile",
        name: "resilience4j",
        schema: || schemars::schema_for!(resilience4j::Resilience4jSettings),
    },
    Kind { family: "profile", name: "hystrix", schema: || schemars::schema_for!(hystrix::HystrixSettings) },
    Kind { family: "profile", name: "polly", schema: || schemars::schema_for!(polly::PollySettings) },
    Kind { family: "profile", name: "failsafe", schema: || schemars::schema_for!(failsafe::FailsafeSettings) },
    Kind { family: "profile", name: "envoy", schema: || schemars::schema_for!(envoy::EnvoySettings) },
    Kind { family: "profile", name: "grpc", schema: || schemars::schema_for!(grpc::GrpcSettings) },
    Kind { family: "profile", name: "finagle", schema: || schemars::schema_for!(finagle::FinagleSettings) },
    Kind { family: "profile", name: "istio", schema: || schemars::schema_for!(istio::IstioSettings) },
    Kind { family: "profile", name: "aws_sdk", schema: || schemars::schema_for!(aws_sdk::AwsSdkSettings) },
];

/// What a library brings, as YAML of call settings.
struct Library {
    name: &'static str,
    /// The versions that are known, the present one first.
    versions: &'static [&'static str],
    /// A version before the present one, and what is always there in it.
    older: Option<(&'static str, &'static str)>,
    /// What is there whether it is asked for or not.
    always: &'static str,
    /// The defaults of what is written. Where one of several kinds may stand there may be defaults of each, and the first is the one that is there if
    /// none is written.
    written: &'static str,
}

impl Library {
    fn named(name: &str) -> Option<&'static Self> {
        LIBRARIES.into_iter().find(|library| library.name == name)
    }

    /// The library of a word, and the version that follows its name, if one does.
    fn in_word(word: &str) -> Option<(&'static Self, Option<&str>)> {
        let (name, version) = word.rsplit_once('-').map_or((word, None), |(name, version)| (name, Some(version)));
        Some((Self::named(name)?, version))
    }
}

/// Adds to a schema of the libraries their words with a version.
fn with_versions(schema: &mut schemars::Schema) {
    let Some(serde_json::Value::Array(choices)) = schema.get_mut("oneOf") else { return };
    for library in LIBRARIES {
        choices.extend(library.versions.iter().map(|version| {
            serde_json::json!({"const": format!("{}-{version}", library.name), "description": format!("Version {version} of {}.", library.name)})
        }));
    }
}

const LIBRARIES: [&Library; 9] = [
    &resilience4j::LIBRARY,
    &hystrix::LIBRARY,
    &polly::LIBRARY,
    &failsafe::LIBRARY,
    &envoy::LIBRARY,
    &grpc::LIBRARY,
    &finagle::LIBRARY,
    &istio::LIBRARY,
    &aws_sdk::LIBRARY,
];

/// Behind a key of a table: the value is there where nothing is written, and fills nothing up. The same key with settings of its own has our
/// defaults.
const IF_MISSING: char = '!';
/// Behind a key of a table: the value fills up what is written, and is not there otherwise.
const IF_WRITTEN: char = '?';

/// Keys whose value is one of several kinds.
const OF_KINDS: [&str; 10] = [
    "backoff",
    "balance",
    "breaker",
    "budget",
    "concurrency_limit",
    "hedge",
    "jitter",
    "rate_limit",
    "throttle",
    "window",
];

/// A profile that is in force at some settings.
#[derive(Clone)]
struct Profile {
    name: &'static str,
    always: Vec<Entry>,
    written: Vec<Entry>,
}

impl Profile {
    /// The profile that settings name; none where they name none, or none that is known, which the reader says.
    fn of(settings: &Node) -> Option<Self> {
        let named = settings.get("profile")?;
        let (library, version) = match named.text() {
            Some(word) => Library::in_word(word)?,
            None => {
                let [kind] = named.entries() else { return None };
                (Library::named(&kind.key)?, kind.value.get("version").and_then(Node::text))
            }
        };
        let always = library.older.filter(|(older, _)| Some(*older) == version).map_or(library.always, |older| older.1);
        Some(Self {
            name: library.name,
            always: entries(always, named.span),
            written: entries(library.written, named.span),
        })
    }

    /// Switches on what is always there. `null` takes away what the library would bring.
    fn switch_on(&self, settings: &mut Vec<Entry>) {
        let is_refused = |entry: &Entry| entry.value.is_null() && self.brings(&entry.key);
        let refused: Vec<String> = settings.extract_if(.., |entry| is_refused(entry)).map(|entry| entry.key).collect();
        fill_all(&self.always, settings);
        for default in self.always.iter().filter(|default| !refused.contains(&default.key)) {
            if !settings.iter().any(|entry| entry.key == default.key) {
                settings.push(brought(default));
            }
        }
    }

    /// Whether a key is there without being written.
    fn brings(&self, key: &str) -> bool {
        self.always.iter().any(|default| default.key == key)
    }
}

/// Whether the profile that settings name, if they do, brings a key that may not be written.
pub fn brings(settings: &Node, key: &str) -> bool {
    Profile::of(settings).is_some_and(|profile| profile.brings(key))
}

/// Fills up what is written of settings; whether any of it is.
fn fill_all(defaults: &[Entry], settings: &mut [Entry]) -> bool {
    let mut is_any = false;
    for default in defaults {
        if let Some(written) = settings.iter_mut().find(|entry| entry.key == default.key) {
            is_any = true;
            fill(&default.key, &mut written.value, &default.value);
        }
    }
    is_any
}

/// The entries of a table, all of which stand at one place.
fn entries(table: &str, span: Span) -> Vec<Entry> {
    let mut node = parse(table, FileId(0)).node;
    let Some(Node { value: Value::Map(entries), .. }) = &mut node else { return Vec::new() };
    entries.iter_mut().for_each(|entry| stand_at(entry, span));
    std::mem::take(entries)
}

fn stand_at(entry: &mut Entry, span: Span) {
    entry.key_span = span;
    stand_at_node(&mut entry.value, span);
}

fn stand_at_node(node: &mut Node, span: Span) {
    node.span = span;
    match &mut node.value {
        Value::Scalar(_) => {}
        Value::List(nodes) => nodes.iter_mut().for_each(|node| stand_at_node(node, span)),
        Value::Map(entries) => entries.iter_mut().for_each(|entry| stand_at(entry, span)),
    }
}

/// Fills a value of a key up with its default.
fn fill(key: &str, value: &mut Node, default: &Node) {
    let Value::Map(defaults) = &default.value else { return };
    if OF_KINDS.contains(&key) {
        let of_kind = |name: &str| defaults.iter().find(|entry| entry.key == name);
        if let Some(kind) = value.text().and_then(of_kind) {
            // A kind of which no setting is written.
            value.value = Value::Map(vec![brought(kind)]);
        } else if let Value::Map(kinds) = &mut value.value
            && let [written] = kinds.as_mut_slice()
            && let Some(kind) = of_kind(&written.key)
        {
            fill("", &mut written.value, &kind.value);
        }
        return;
    }
    let Value::Map(entries) = &mut value.value else { return };
    for default in defaults {
        let name = default.key.trim_end_matches([IF_MISSING, IF_WRITTEN]);
        match entries.iter_mut().find(|entry| entry.key == name) {
            Some(written) if !default.key.ends_with(IF_MISSING) => fill(name, &mut written.value, &default.value),
            None if !default.key.ends_with(IF_WRITTEN) => entries.push(brought(default)),
            _ => {}
        }
    }
}

/// What a table brings where nothing is written: of several kinds the first, and nothing that has to be written.
fn brought(default: &Entry) -> Entry {
    let key = default.key.trim_end_matches([IF_MISSING, IF_WRITTEN]).to_owned();
    let mut value = default.value.clone();
    if let Value::Map(entries) = &mut value.value {
        if OF_KINDS.contains(&key.as_str()) {
            entries.truncate(1);
        }
        *entries = entries.iter().filter(|entry| !entry.key.ends_with(IF_WRITTEN)).map(brought).collect();
    }
    Entry { key, value, key_span: default.key_span }
}

/// A tree with its profiles applied, and what is wrong with them.
pub fn applied(tree: &Node) -> (Cow<'_, Node>, Vec<Placed>) {
    let mut problems = Vec::new();
    if !names_one(tree) {
        return (Cow::Borrowed(tree), problems);
    }
    let mut whole = tree.clone();
    let below = tree.find("defaults.call").and_then(Profile::of);
    let policies = tree.get("policies").map_or(&[][..], Node::entries);
    let by_policy: Vec<(String, Option<Profile>)> =
        policies.iter().map(|policy| (policy.key.clone(), Profile::of(&policy.value))).collect();
    let mut walk = Walk { below, by_policy, problems: &mut problems };
    let Value::Map(sections) = &mut whole.value else { return (Cow::Borrowed(tree), problems) };
    for section in sections {
        match section.key.as_str() {
            "defaults" => walk.calls_of(&mut section.value, |key| key == "call"),
            "policies" | "load" => walk.calls_of(&mut section.value, |_| true),
            _ => walk.steps(&mut section.value),
        }
    }
    (Cow::Owned(whole), problems)
}

/// Whether a profile is named anywhere: whatever else has that name does no harm.
fn names_one(node: &Node) -> bool {
    match &node.value {
        Value::Scalar(_) => false,
        Value::List(nodes) => nodes.iter().any(names_one),
        Value::Map(entries) => entries.iter().any(|entry| entry.key == "profile" || names_one(&entry.value)),
    }
}

/// The value of a key, to be changed.
fn entry_of<'n>(node: &'n mut Node, key: &str) -> Option<&'n mut Node> {
    let Value::Map(entries) = &mut node.value else { return None };
    entries.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.value)
}

struct Walk<'a> {
    /// The profile of `defaults.call`.
    below: Option<Profile>,
    by_policy: Vec<(String, Option<Profile>)>,
    problems: &'a mut Vec<Placed>,
}

impl Walk<'_> {
    /// Applies the profiles of the settings that stand in a section.
    fn calls_of(&mut self, section: &mut Node, is_call: impl Fn(&str) -> bool) {
        let Value::Map(entries) = &mut section.value else { return };
        entries
            .iter_mut()
            .filter(|entry| is_call(&entry.key))
            .for_each(|entry| self.call_and_fallbacks(&mut entry.value));
    }

    /// Applies the profiles of call settings and of the calls on which they fall back.
    fn call_and_fallbacks(&mut self, settings: &mut Node) {
        self.call(settings);
        let fallback = entry_of(settings, "fallback").and_then(|fallback| entry_of(fallback, "call"));
        if let Some(other) = fallback {
            self.call_and_fallbacks(other);
        }
    }

    /// Applies the profiles of calls within steps.
    fn steps(&mut self, node: &mut Node) {
        match &mut node.value {
            Value::Scalar(_) => {}
            Value::List(nodes) => nodes.iter_mut().for_each(|node| self.steps(node)),
            Value::Map(entries) => {
                for entry in entries {
                    if entry.key == "call" {
                        self.call(&mut entry.value);
                    }
                    self.steps(&mut entry.value);
                }
            }
        }
    }

    /// Writes a profile whose version is in its word as a map. A version that is not known is told here, for the reader knows no words with versions.
    fn unfold(&mut self, settings: &mut Node) {
        let Value::Map(entries) = &mut settings.value else { return };
        let Some(named) = entries.iter_mut().find(|entry| entry.key == "profile").map(|entry| &mut entry.value) else {
            return;
        };
        let Some((library, Some(version))) = named.text().and_then(Library::in_word) else { return };
        let span = named.span;
        let map = if library.versions.contains(&version) {
            format!("{{{}: {{version: '{version}'}}}}", library.name)
        } else {
            let words: Vec<String> = library.versions.iter().map(|known| format!("{}-{known}", library.name)).collect();
            let problem =
                Problem::error("profile", format!("version \"{version}\" of {} is not known here", library.name))
                    .label(format!("versions known: {}", words.join(", ")))
                    .hint(format!("write profile: {} for the present version", library.name));
            self.problems.push(Placed { problem, span: Some(span) });
            library.name.to_owned()
        };
        if let Some(mut node) = parse(&map, FileId(0)).node {
            stand_at_node(&mut node, span);
            *named = node;
        }
    }

    /// Applies the profile that is in force at the settings of a call: its own, that of its policy, or that of all calls.
    fn call(&mut self, settings: &mut Node) {
        self.unfold(settings);
        let own = Profile::of(settings);
        let policy = settings.get("policy").and_then(Node::text);
        let of_policy = policy.and_then(|name| self.by_policy.iter().find(|(policy, _)| policy == name)?.1.clone());
        let place = settings.get("profile").map(|named| named.span);
        let Value::Map(entries) = &mut settings.value else { return };
        if let Some(own) = own {
            own.switch_on(entries);
            let is_any = fill_all(&own.written, entries);
            if own.always.is_empty() && !is_any {
                self.does_nothing(&own, place);
            }
        } else if let Some(profile) = of_policy.or_else(|| self.below.clone()) {
            // What is always there comes with the policy, or with the defaults.
            let is_refused = |entry: &mut Entry| entry.value.is_null() && profile.brings(&entry.key);
            for refused in entries.extract_if(.., is_refused) {
                self.stays(&profile, &refused);
            }
            fill_all(&profile.written, entries);
            fill_all(&profile.always, entries);
        }
    }

    /// A call would take away what comes to it with its policy, or with the defaults of all calls.
    fn stays(&mut self, profile: &Profile, refused: &Entry) {
        let (key, name) = (&refused.key, profile.name);
        let problem = Problem::error(key, format!("the {key} that {name} brings is not this call's to take away"))
            .label("null takes it away where the profile is named")
            .hint(format!("write {key}: null beside profile: {name}, or a policy of its own for this call"));
        self.problems.push(Placed { problem, span: Some(refused.value.span) });
    }

    fn does_nothing(&mut self, profile: &Profile, span: Option<Span>) {
        let keys: Vec<&str> = profile.written.iter().map(|entry| entry.key.as_str()).collect();
        let name = profile.name;
        let problem = Problem::error(
            "profile",
            format!("{name} changes nothing here: nothing that it has defaults for is written"),
        )
        .label(format!("it has defaults for {}", keys.join(", ")))
        .hint(format!("write what is used of {name}, such as retry: {{}}, or remove the profile"));
        self.problems.push(Placed { problem, span });
    }
}

#[cfg(test)]
mod tests;
