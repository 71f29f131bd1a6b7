//! Caches whose values have a size: whether there is memory that they could take, and enough of it.

use crate::compile::Compiled;
use sim_core::data::cache::ContentsSettings;
use sim_core::ids::ServiceId;
use sim_core::model::Model;
use sim_core::problem::{Problem, Problems};
use sim_core::topology::{Node, Step};
use sim_core::units::{Bytes, Count};

/// Refuses a size where no instance in which the values lie has a memory, and warns where a full cache is more than one has.
pub fn check(compiled: &Compiled, problems: &mut Problems) {
    let model = &compiled.model;
    for (index, service) in model.services.iter().enumerate() {
        let Node::Cache(cache) = &service.node else { continue };
        let Some(size) = cache.contents.entry_size() else { continue };
        let path = format!("{}.contents.keyed.entry_size", compiled.paths.services[index]);
        let places = if cache.is_local { callers(model, index) } else { vec![index] };
        let of = |place: &usize| (&model.services[*place].name, model.services[*place].memory);
        let Some((first, _)) = places.first().map(of) else { continue };
        let memories: Vec<_> = places.iter().map(of).filter_map(|(name, memory)| Some((name, memory?))).collect();
        if memories.is_empty() {
            let what = format!("no instance in which {} lies has a memory that its values could take", service.name);
            problems
                .push(Problem::error(path, what).hint(format!("write machine: {{memory: {{size: 4GiB}}}} at {first}")));
            continue;
        }
        let ContentsSettings::Keyed(keyed) = &cache.contents else { continue };
        let full = keyed.capacity.map(Count::get).map(|values| values.saturating_mul(size.get()));
        let too_small = full.and_then(|full| {
            memories.into_iter().find(|(_, memory)| memory.base.get().saturating_add(full) > memory.size.get())
        });
        if let (Some((name, memory)), Some(full)) = (too_small, full) {
            let left = memory.size.get().saturating_sub(memory.base.get());
            problems.push(
                Problem::warning(path, format!("an instance of {name} is killed before {} is full", service.name))
                    .label(format!("its values take {} then, and {} are left", Bytes::new(full), Bytes::new(left)))
                    .hint("give the cache a smaller capacity, or the instance more memory"),
            );
        }
    }
}

/// The services whose instances look something up in a cache, in the order of the file.
fn callers(model: &Model, cache: usize) -> Vec<usize> {
    let mut looks = vec![false; model.services.len()];
    for endpoint in &model.endpoints {
        looks[endpoint.service.index()] |= looks_up(&endpoint.steps, ServiceId::from(cache));
    }
    (0..looks.len()).filter(|service| looks[*service]).collect()
}

fn looks_up(steps: &[Step], of: ServiceId) -> bool {
    steps.iter().any(|step| {
        matches!(step, Step::Lookup { cache, .. } if *cache == of) || step.inner().any(|steps| looks_up(steps, of))
    })
}
