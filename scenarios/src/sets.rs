//! What each `set` of an experiment, a runbook or a mode means: a path of the file, as values of the model that become others.
//!
//! The engine knows ids and the file knows paths, and one key may be read by many calls: a policy's timeout is that of all calls that name it. So
//! the value is put at its path, the file is read again with it, and the two models are compared. What differs is what is set; where
//! anything differs that cannot change while a run goes on, that is said at the path.

use crate::overlay::Layers;
use crate::reader::{Entry, Node, Placed, Span};
use sim_core::deed::{Change, Live, Meant, OfNode, Sets};
use sim_core::faults::{Fault, FaultEffect, Target};
use sim_core::ids::ServiceId;
use sim_core::live::{LIVE, difference};
use sim_core::model::Model;
use sim_core::problem::Problem;

/// A deed that sets values, and where it stands.
struct Deed<'a> {
    /// As `experiments.kill.actions.0`.
    place: String,
    /// Path and value of each.
    values: &'a [Entry],
    /// What paths begin with, where `where` names a service.
    within: Option<String>,
    /// The alert that `where` names: paths begin at the service that it reads.
    found_by: Option<&'a str>,
}

impl Deed<'_> {
    /// The whole path of a value.
    fn path(&self, entry: &Entry) -> String {
        format!("{}{}", self.within.as_deref().unwrap_or_default(), entry.key)
    }
}

/// What each `set` of a tree means, by the path of its deed, and what is wrong with them. `read` makes a model of a tree.
pub fn sets(tree: &Node, read: impl Fn(&Node) -> (Option<Model>, Vec<Placed>)) -> (Sets, Vec<Placed>) {
    let (mut sets, mut problems) = (Sets::new(), Vec::new());
    let deeds = deeds(tree);
    if deeds.is_empty() {
        return (sets, problems);
    }
    let Some(base) = read(tree).0 else { return (sets, problems) };
    let mut found = Vec::new();
    for mut deed in deeds {
        if let Some(alert) = deed.found_by {
            // Of which services an alert accuses instances is known only of the model; what is wrong with its name is said where it is compiled.
            let accused = base.alerts.iter().find(|meant| meant.name == alert).map(|meant| meant.accuses(&base));
            match accused.as_deref() {
                Some([one]) => deed.within = within(tree, &base.services[one.index()].name),
                Some([_, ..]) => {
                    problems.push(several(&deed, alert));
                    continue;
                }
                _ => continue,
            }
        }
        found.push(deed);
    }
    for deed in &found {
        match meant(deed, &found, tree, &base, &read) {
            Ok(meant) => drop(sets.insert(deed.place.clone(), meant)),
            Err(found) => problems.extend(found),
        }
    }
    (sets, problems)
}

/// An alert that accuses instances of several services says not at which of them a path begins.
fn several(deed: &Deed<'_>, alert: &str) -> Placed {
    let entry = &deed.values[0];
    let problem = Problem::error(&entry.key, format!("{alert} reads several services, and this begins at one"))
        .label("a path within a service")
        .hint("write where: {service: NAME}");
    Placed { problem, span: Some(entry.key_span) }
}

fn deeds(tree: &Node) -> Vec<Deed<'_>> {
    let mut found = Vec::new();
    for experiment in tree.get("experiments").map_or(&[][..], Node::entries) {
        for key in ["actions", "rollback"] {
            deeds_of(tree, experiment.value.get(key), &format!("experiments.{}.{key}", experiment.key), &mut found);
        }
    }
    for runbook in tree.find("control.runbooks").map_or(&[][..], Node::entries) {
        let place = format!("control.runbooks.{}.actions", runbook.key);
        deeds_of(tree, runbook.value.get("actions"), &place, &mut found);
    }
    for mode in tree.find("control.modes.states").map_or(&[][..], Node::entries) {
        let place = format!("control.modes.states.{}.actions", mode.key);
        deeds_of(tree, mode.value.get("actions"), &place, &mut found);
    }
    found
}

fn deeds_of<'a>(tree: &Node, deeds: Option<&'a Node>, place: &str, found: &mut Vec<Deed<'a>>) {
    for (number, deed) in deeds.map_or(&[][..], Node::items).iter().enumerate() {
        let Some(values) = deed.get("do").and_then(|what| what.get("set")) else { continue };
        if values.entries().is_empty() {
            continue;
        }
        let at = |key: &str| deed.get("where").and_then(|target| target.get(key)).and_then(Node::text);
        found.push(Deed {
            place: format!("{place}.{number}"),
            values: values.entries(),
            within: at("service").and_then(|service| within(tree, service)),
            found_by: at("found_by"),
        });
    }
}

/// The path of a service, store, cache or queue, with a dot behind it.
fn within(tree: &Node, service: &str) -> Option<String> {
    let section = ["services", "stores", "caches", "queues"]
        .into_iter()
        .find(|section| tree.get(section).is_some_and(|nodes| nodes.get(service).is_some()))?;
    Some(format!("{section}.{service}."))
}

fn meant(
    deed: &Deed<'_>,
    all: &[Deed<'_>],
    calm: &Node,
    base: &Model,
    read: impl Fn(&Node) -> (Option<Model>, Vec<Placed>),
) -> Result<Meant, Vec<Placed>> {
    let (mut with, mut layers, mut says) = (calm.clone(), Layers::default(), Vec::new());
    for entry in deed.values {
        let path = deed.path(entry);
        layers.put(&mut with, &path, entry.key_span, &entry.value);
        says.push(format!("{path} set to {}", entry.value.flow()));
    }
    if !layers.problems.is_empty() {
        return Err(layers.problems);
    }
    let (model, found) = read(&with);
    let inside =
        |outer: Span, span: Span| span.file == outer.file && outer.start <= span.start && span.end <= outer.end;
    let is_of_deed = |span: Span| deed.values.iter().any(|e| inside(e.value.span, span) || inside(e.key_span, span));
    let (own, found): (Vec<Placed>, Vec<Placed>) =
        found.into_iter().filter(Placed::is_error).partition(|p| p.span.is_some_and(is_of_deed));
    if !own.is_empty() {
        return Err(own);
    }
    // The file is right without the value, so that this makes wrong what stands elsewhere.
    if let Some(mut wrong) = found.into_iter().next() {
        wrong.span = Some(deed.values[0].key_span);
        return Err(vec![wrong]);
    }
    let Some(model) = model else { return Ok(Meant::default()) };
    let Some(mut changes) = difference(base, &model) else { return Err(not_live(deed, calm, base, read)) };
    let sets_nothing = |path: &str, entry: &Entry| {
        changes.is_empty()
            || (deed.values.len() > 1 && differs(path, entry, calm, base, &read).is_some_and(|of| of.is_empty()))
    };
    let as_in_file = deed.values.iter().filter(|entry| sets_nothing(&deed.path(entry), entry));
    for entry in as_in_file.collect::<Vec<_>>() {
        match sets_back(&deed.path(entry), all, calm, base, &read) {
            back if back.is_empty() => return Err(vec![nothing(entry)]),
            back => changes.extend(back),
        }
    }
    Ok(Meant { changes, says: says.join(", ") })
}

/// What one value changes by itself; `None` where that cannot be.
fn differs(
    path: &str,
    entry: &Entry,
    calm: &Node,
    base: &Model,
    read: impl Fn(&Node) -> (Option<Model>, Vec<Placed>),
) -> Option<Vec<Change>> {
    let mut with = calm.clone();
    Layers::default().put(&mut with, path, entry.key_span, &entry.value);
    difference(base, &read(&with).0?)
}

/// What a value changes that is the file's: what others set at its path, and what faults and scalers do to it, is as in the file again.
fn sets_back(
    path: &str,
    all: &[Deed<'_>],
    calm: &Node,
    base: &Model,
    read: impl Fn(&Node) -> (Option<Model>, Vec<Placed>),
) -> Vec<Change> {
    let is_within = |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'));
    let mut back: Vec<Change> =
        own(path, base).map(|live| Change { from: live.clone(), to: live }).into_iter().collect();
    for (other, entry) in all.iter().flat_map(|deed| deed.values.iter().map(|entry| (deed.path(entry), entry))) {
        if other == path || is_within(path, &other) || is_within(&other, path) {
            let changes = differs(&other, entry, calm, base, &read).unwrap_or_default();
            back.extend(changes.into_iter().map(|change| Change { to: change.from.clone(), ..change }));
        }
    }
    back
}

/// A value of the file that becomes another without a `set`: rings that a fault shrinks, and instances that are scaled.
fn own(path: &str, base: &Model) -> Option<Live> {
    let (name, key) = path.strip_prefix("services.")?.split_once('.')?;
    let place = base.services.iter().position(|service| service.name == name)?;
    let (id, service) = (ServiceId::from(place), &base.services[place]);
    let shrinks = |fault: &Fault| match (&fault.effect, &fault.target) {
        (FaultEffect::Nic(nic), Target::Instances(of)) => nic.ring.is_some() && of.services.contains(&id),
        _ => false,
    };
    match key {
        "machine.nic.ring" if base.faults.iter().any(shrinks) => {
            Some(Live::Node(id, OfNode::Ring(service.nic.as_ref()?.ring)))
        }
        // A service that somebody scales has more places than instances.
        "instances"
            if service.max_instances != service.instances || base.scalers.iter().any(|scaler| scaler.of == id) =>
        {
            Some(Live::Node(id, OfNode::Instances(service.instances)))
        }
        _ => None,
    }
}

/// Says which of the values cannot be set: each by itself, or all together.
fn not_live(
    deed: &Deed<'_>,
    calm: &Node,
    base: &Model,
    read: impl Fn(&Node) -> (Option<Model>, Vec<Placed>),
) -> Vec<Placed> {
    let refused = |entry: &&Entry| {
        let mut with = calm.clone();
        Layers::default().put(&mut with, &deed.path(entry), entry.key_span, &entry.value);
        read(&with).0.is_some_and(|model| difference(base, &model).is_none())
    };
    let mut all: Vec<&Entry> = deed.values.iter().filter(refused).collect();
    if all.is_empty() {
        all.extend(deed.values.first());
    }
    all.into_iter().map(|entry| cannot_change(entry, &deed.path(entry))).collect()
}

fn cannot_change(entry: &Entry, path: &str) -> Placed {
    let section = path.split('.').next().unwrap_or_default();
    let near: Vec<&str> = LIVE.iter().copied().filter(|live| live.split('.').next() == Some(section)).collect();
    let live = if near.is_empty() {
        "explain set says what can be set".to_owned()
    } else {
        format!("what can be set here: {}", near.join(", "))
    };
    let problem = Problem::error(&entry.key, "this cannot change while a run goes on")
        .label("a value that is not live")
        .hint(live);
    Placed { problem, span: Some(entry.key_span) }
}

fn nothing(entry: &Entry) -> Placed {
    let problem = Problem::error(&entry.key, "this sets what the file says already, and so does nothing")
        .label("the same as in the file");
    Placed { problem, span: Some(entry.key_span) }
}
