//! Gives services the sizes between which vertical scalers change their machines, and refuses what does not fit together.

use sim_core::control::scaling::Scaler;
use sim_core::model::Model;
use sim_core::problem::Problems;
use sim_core::service::sizes::{Size, Sizes};
use sim_core::topology::Service;

/// The sizes of all vertical scalers; problems are at their places among the scalers.
pub(super) fn give(model: &mut Model, problems: &mut Problems) {
    let (scalers, services) = (&model.scalers, &mut model.topology.services);
    for scaler in scalers {
        let Some(policy) = scaler.resizes() else { continue };
        problems.at(&*scaler.name, |p| {
            beside(scalers, scaler, p);
            let service = &mut services[scaler.of.index()];
            p.at("use", |p| p.at("vertical", |p| fits(service, &policy.sizes, p)));
            let (kind, cores) = (service.machine_type.clone(), service.cores);
            let start = Size { kind, cores, memory: service.memory.map(|memory| memory.size) };
            let all = policy.sizes.clone();
            match all.iter().position(|size| *size == start) {
                Some(first) => service.sizes = Sizes::new(all, first),
                None if all.is_empty() => {}
                None => {
                    let says = format!("the machine of {} has none of the sizes", service.name);
                    let problem = p.error("use.vertical.sizes", says);
                    problem.label = Some(format!("it is {}", described(&start)));
                    problem.hint = Some("write its type, cores and memory.size as one of the sizes".into());
                }
            }
        });
    }
}

/// What is said of a size.
fn described(size: &Size) -> String {
    let kind = size.kind.as_ref().map(|kind| format!("type {kind}"));
    let cores = size.cores.map(|cores| format!("cores {cores}"));
    let memory = size.memory.map(|memory| format!("memory {memory}"));
    let all: Vec<String> = [kind, cores, memory].into_iter().flatten().collect();
    if all.is_empty() { "a machine without a size".into() } else { all.join(", ") }
}

/// What cannot be beside a vertical scaler.
fn beside(scalers: &[Scaler], scaler: &Scaler, problems: &mut Problems) {
    let others = || scalers.iter().filter(|other| other.of == scaler.of && other.name != scaler.name);
    if let Some(other) = others().find(|other| other.resizes().is_some()) {
        problems.error("of", format!("{} changes the sizes of the same machines", other.name));
    }
    if let Some(other) = others().find(|other| other.looks_at_each()) {
        let says =
            format!("{} counts each instance by what it has at the start, and this one changes that", other.name);
        problems.error("of", says).hint = Some("take another kind of scaler for the number of instances".into());
    }
}

/// What does not fit to the machine of the service, but for the sizes themselves.
fn fits(service: &Service, sizes: &[Size], problems: &mut Problems) {
    if service.cpu_limit.is_some() {
        problems.error("sizes", format!("{} has a cpu_limit, which no size changes", service.name)).hint =
            Some("write cores instead of cpu_limit".into());
    }
    for (place, size) in sizes.iter().enumerate() {
        let (Some(has), Some(bytes)) = (service.memory, size.memory) else { continue };
        let needs = has.base.get().saturating_add(has.per_request.get());
        if needs > bytes.get() {
            let path = format!("sizes.{place}.memory.size");
            problems.error(&path, format!("an instance of {} would be killed by the first request", service.name));
        }
    }
}
