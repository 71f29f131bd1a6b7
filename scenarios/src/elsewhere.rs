//! What is meant by a path that leads nowhere: `--set services.db.workers=4` where `db` is a store.
//!
//! It is the name that counts, for the author has chosen it, and knows it better than the section in which it stands.

use crate::reader::Node;
use crate::sections::{OF_NAMES, is_section};

/// The path that is meant: `stores.db.workers` by `services.db.workers` and by `db.workers`, `control.scalers.s.max` by `scalers.s.max`;
/// `None` where the name is where the path says, or is nowhere.
pub fn elsewhere(tree: &Node, path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('.').collect();
    let maps = maps_of_names(tree);
    let begins_with_map = is_section(parts[0]) || OF_NAMES.contains(&parts[0]);
    let at = usize::from(begins_with_map);
    let name = parts.get(at)?;
    let written = tree.get(parts[0]).filter(|_| begins_with_map);
    if written.is_some_and(|map| map.get(name).is_some()) {
        return None;
    }
    let (map, _) = maps.into_iter().find(|(map, node)| map != parts[0] && node.get(name).is_some())?;
    Some(std::iter::once(map.as_str()).chain(parts[at..].iter().copied()).collect::<Vec<_>>().join("."))
}

/// The maps of a scenario whose keys are names, by their paths.
fn maps_of_names(tree: &Node) -> Vec<(String, &Node)> {
    let top = tree.entries().iter().map(|entry| (entry.key.clone(), &entry.value));
    let control = tree.get("control").map_or(&[][..], Node::entries).iter();
    let all = top.chain(control.map(|entry| (format!("control.{}", entry.key), &entry.value)));
    all.filter(|(path, _)| OF_NAMES.contains(&path.rsplit('.').next().unwrap_or_default())).collect()
}

#[cfg(test)]
mod tests {
    use crate::files::Memory;
    use crate::overlay::{Layers, Set};

    const TEXT: &str = "\
services: {web: {workers: 1}}
stores: {db: {workers: 1}}
control: {scalers: {s: {max: 3}}}
load: {users: {to: web.get}}
";

    /// The hint for a path that leads nowhere; `None` where it leads somewhere.
    fn hint(path: &str) -> Option<String> {
        let mut layers = Layers::default();
        let mut tree = layers.read(&Memory::of("a", TEXT), "a").expect("parses");
        layers.set(&mut tree, &Set { path: path.into(), value: "1".into() });
        layers.problems.first().map(|placed| placed.problem.hint.clone().unwrap_or_default())
    }

    #[test]
    fn paths_with_a_wrong_section_hint_at_the_right_one() {
        for (path, meant) in [
            ("services.db.workers", "stores.db.workers"),
            ("queues.web.workers", "services.web.workers"),
            ("db.workers", "stores.db.workers"),
            ("web.machine.cores", "services.web.machine.cores"),
            ("scalers.s.max", "control.scalers.s.max"),
            ("users.arrive.poisson.rate", "load.users.arrive.poisson.rate"),
            // What nothing is called has the hint that it had.
            ("services.wbe.workers", "web"),
        ] {
            assert_eq!(hint(path), Some(format!("did you mean {meant}?")), "{path}");
        }
    }

    #[test]
    fn what_is_not_written_yet_may_be_set() {
        for path in ["services.web.machine.cores", "stores.db.queue.capacity", "control.scalers.s.min", "run.seed"] {
            assert_eq!(hint(path), None, "{path}");
        }
    }
}
