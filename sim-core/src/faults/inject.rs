//! What a fault does, by its kind: one arm for each in every question that all kinds answer.

use super::{DnsSettings, FaultEffect, InjectSettings, Surroundings, Target};
use crate::ids::Location;
use crate::problem::Problems;

impl InjectSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        match self {
            Self::Crash(_)
            | Self::Freeze(_)
            | Self::Restart(_)
            | Self::Partition(_)
            | Self::Flush(_)
            | Self::Withdraw(_) => {}
            Self::Slow(s) => problems.at("slow", |p| s.validate(p)),
            Self::Fail(s) => problems.at("fail", |p| s.validate(p)),
            Self::Delay(s) => problems.at("delay", |p| s.validate(p)),
            Self::Wrong(s) => problems.at("wrong", |p| s.validate(p)),
            Self::Loss(s) => problems.at("loss", |p| s.validate(p)),
            Self::Poison(s) => problems.at("poison", |p| s.validate(p)),
            Self::Lag(s) => problems.at("lag", |p| s.validate(p)),
            Self::CpuSteal(s) => problems.at("cpu_steal", |p| s.validate(p)),
            Self::ClockSkew(s) => problems.at("clock_skew", |p| s.validate(p)),
            Self::Bandwidth(s) => problems.at("bandwidth", |p| s.validate(p)),
            Self::Deploy(s) => problems.at("deploy", |p| s.validate(false, p)),
            Self::BadDeploy(s) => problems.at("bad_deploy", |p| s.validate(true, p)),
            Self::Memory(s) => problems.at("memory", |p| s.validate(p)),
            Self::Dns(s) => problems.at("dns", |p| s.validate(p)),
            Self::Disk(s) => problems.at("disk", |p| s.validate(p)),
            Self::Nic(s) => problems.at("nic", |p| s.validate(p)),
            Self::Runaway(s) => problems.at("runaway", |p| s.validate(p)),
        }
    }

    /// Whether it has a magnitude that can grow from nothing.
    pub(super) fn can_grow(&self) -> bool {
        // What leaks grows by itself.
        matches!(self, Self::Memory(s) if s.used.is_some())
            || matches!(self, Self::Nic(s) if s.ring.is_none())
            || matches!(
                self,
                Self::Slow(_)
                    | Self::Fail(_)
                    | Self::Delay(_)
                    | Self::Wrong(_)
                    | Self::Loss(_)
                    | Self::Lag(_)
                    | Self::Poison(_)
                    | Self::CpuSteal(_)
                    | Self::Disk(_)
            )
    }

    /// The version that it deploys.
    pub fn deploys(&self) -> Option<&str> {
        match self {
            Self::Deploy(deploy) | Self::BadDeploy(deploy) => Some(&deploy.version),
            _ => None,
        }
    }

    /// The word in the file.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Crash(_) => "crash",
            Self::Freeze(_) => "freeze",
            Self::Restart(_) => "restart",
            Self::Slow(_) => "slow",
            Self::Fail(_) => "fail",
            Self::Delay(_) => "delay",
            Self::Wrong(_) => "wrong",
            Self::Loss(_) => "loss",
            Self::Partition(_) => "partition",
            Self::Lag(_) => "lag",
            Self::Poison(_) => "poison",
            Self::CpuSteal(_) => "cpu_steal",
            Self::ClockSkew(_) => "clock_skew",
            Self::Bandwidth(_) => "bandwidth",
            Self::Deploy(_) => "deploy",
            Self::BadDeploy(_) => "bad_deploy",
            Self::Flush(_) => "flush",
            Self::Memory(_) => "memory",
            Self::Dns(_) => "dns",
            Self::Disk(_) => "disk",
            Self::Nic(_) => "nic",
            Self::Withdraw(_) => "withdraw",
            Self::Runaway(_) => "runaway",
        }
    }

    pub(super) fn effect(
        &self,
        whole_place: bool,
        around: Surroundings<'_>,
        problems: &mut Problems,
    ) -> Option<FaultEffect> {
        Some(match self {
            Self::Crash(s) => FaultEffect::Crash { callers_see: s.seen(whole_place) },
            Self::Freeze(_) => FaultEffect::Freeze,
            Self::Restart(_) => FaultEffect::Restart,
            Self::Slow(s) => FaultEffect::Slow { factor: s.factor.value() },
            Self::Fail(s) => FaultEffect::Fail { probability: s.probability.value(), outcome: s.outcome },
            Self::Delay(s) => FaultEffect::Delay { add: s.add.clone(), probability: s.probability.value() },
            Self::Wrong(s) => FaultEffect::Wrong { kind: s.kind, probability: s.probability.value() },
            Self::Loss(s) => FaultEffect::Loss { probability: s.probability.value() },
            Self::Partition(_) => FaultEffect::Partition,
            Self::Poison(s) => FaultEffect::Poison { probability: s.probability.value() },
            Self::Lag(s) => FaultEffect::Lag { factor: s.factor.value() },
            Self::CpuSteal(s) => FaultEffect::CpuSteal { share: s.percent.value() },
            Self::ClockSkew(s) => FaultEffect::ClockSkew(s.meant()),
            Self::Bandwidth(s) => FaultEffect::Bandwidth { limit: s.limit.bytes_per_second() },
            Self::Deploy(s) | Self::BadDeploy(s) => {
                let deploy = problems.at("inject", |p| p.at(self.name(), |p| s.compile(around, p)));
                FaultEffect::Deploy(Box::new(deploy?))
            }
            Self::Flush(_) => FaultEffect::Flush,
            Self::Memory(s) => FaultEffect::Memory(s.meant()),
            Self::Dns(s) => FaultEffect::Dns(s.meant()),
            Self::Disk(s) => FaultEffect::Disk(s.meant()),
            Self::Nic(s) => FaultEffect::Nic(s.meant()),
            Self::Runaway(s) => FaultEffect::Runaway { factor: s.factor.value() },
            // It is withdrawn where the target is known.
            Self::Withdraw(_) => return None,
        })
    }

    /// What strikes instances cannot strike messages, and the other way round; slowness may strike the work of an endpoint.
    pub(super) fn check_target(
        &self,
        target: &Target,
        around: Surroundings<'_>,
        problems: &mut Problems,
    ) -> Option<()> {
        let wrong = match (self, target) {
            (
                Self::Crash(_)
                | Self::Freeze(_)
                | Self::Restart(_)
                | Self::Lag(_)
                | Self::Poison(_)
                | Self::CpuSteal(_)
                | Self::ClockSkew(_)
                | Self::Deploy(_)
                | Self::BadDeploy(_)
                | Self::Flush(_)
                | Self::Memory(_)
                | Self::Disk(_)
                | Self::Nic(_),
                Target::Edge { .. },
            ) => Some(("strikes instances, not messages on their way", "write where: {service: NAME}")),
            (Self::Slow(_), Target::Edge { from, to: Some(Location::Endpoint(_)), .. }) if from.is_none() => None,
            (Self::Slow(_), Target::Edge { .. }) => Some((
                "slows the work of instances, or of one endpoint",
                "write where: {service: NAME} or {to: SERVICE.ENDPOINT}; inject delay to hold up calls",
            )),
            (Self::Partition(_) | Self::Bandwidth(_), Target::Instances(_)) => {
                Some(("acts on the way between two places", "write where: {between: [A, B]} or {from: A, to: B}"))
            }
            _ => None,
        };
        if let Some((why, hint)) = wrong {
            problems.error("where", format!("{} {why}", self.name())).hint = Some(hint.into());
            return None;
        }
        if let (Self::Deploy(s) | Self::BadDeploy(s), Target::Instances(selection)) = (self, target) {
            return s.check_target(selection, around, problems);
        }
        if let Self::Dns(_) = self {
            return DnsSettings::check_target(target, problems);
        }
        if let (Self::Disk(s), Target::Instances(selection)) = (self, target) {
            return s.check_target(selection.services.iter().map(|id| &around.services[id.index()]), problems);
        }
        if let (Self::Nic(s), Target::Instances(selection)) = (self, target) {
            return s.check_target(selection.services.iter().map(|id| &around.services[id.index()]), problems);
        }
        if let (Self::Memory(s), Target::Instances(selection)) = (self, target) {
            return s.check_target(selection.services.iter().map(|id| &around.services[id.index()]), problems);
        }
        if let (Self::Lag(_), Target::Instances(selection)) = (self, target)
            && !selection.services.iter().any(|id| lags(&around.services[id.index()]))
        {
            problems.error("where", "lag strikes the replicas of a store, and nothing selected here has any").hint =
                Some("name a store with replication: primary".into());
            return None;
        }
        if let (Self::Poison(_), Target::Instances(selection)) = (self, target)
            && !selection.services.iter().all(|id| hands_over(&around.services[id.index()]))
        {
            problems.error("where", "poison is of the messages of a queue or topic, and of no other service").hint =
                Some("name a queue or topic with consumers".into());
            return None;
        }
        if let (Self::Flush(_), Target::Instances(selection)) = (self, target)
            && !selection.services.iter().any(|id| can_be_flushed(&around.services[id.index()]))
        {
            problems.error("where", "flush empties a cache, and nothing selected here holds values").hint =
                Some("name a cache with keyed contents, or with fixed ones that have a ttl".into());
            return None;
        }
        Some(())
    }

    /// What it does, in words.
    pub(super) fn says(&self, target: &str) -> String {
        match self {
            Self::Crash(_) => format!("{target} down"),
            Self::Freeze(_) => format!("{target} frozen"),
            Self::Restart(_) => format!("{target} restarted"),
            Self::Slow(s) => format!("{target} {} times slower", s.factor),
            Self::Fail(s) => format!("{} of requests to {target} end with {}", s.probability, s.outcome.name()),
            Self::Delay(s) => format!("{} of calls {target} delayed", s.probability),
            Self::Wrong(s) => format!("{} of replies of {target} are a {}", s.probability, s.kind.name()),
            Self::Loss(s) => format!("{} of messages {target} lost", s.probability),
            Self::Partition(_) => format!("no message {target}"),
            Self::Poison(s) => format!("{} of the messages of {target} are poison", s.probability),
            Self::Lag(s) => format!("lag of {target} times {}", s.factor),
            Self::CpuSteal(s) => format!("{} of the processors of {target} stolen", s.percent),
            Self::ClockSkew(s) => s.says(target),
            Self::Bandwidth(s) => format!("{} {target}", s.limit),
            Self::Deploy(s) | Self::BadDeploy(s) => s.says(target),
            Self::Flush(_) => format!("{target} flushed"),
            Self::Memory(s) => s.says(target),
            Self::Dns(s) => s.says(target),
            Self::Disk(s) => s.says(target),
            Self::Nic(s) => s.says(target),
            Self::Withdraw(_) => format!("no way {target}"),
            Self::Runaway(s) => format!("{target} wants {} times as many", s.factor),
        }
    }
}

fn lags(service: &crate::topology::Service) -> bool {
    use crate::topology::{Node, Replication};
    matches!(&service.node, Node::Store(store) if matches!(store.replication, Replication::Primary { .. }))
}

fn hands_over(service: &crate::topology::Service) -> bool {
    use crate::topology::Node;
    let takes = |consumer: &crate::message::Consumer| !consumer.is_of_saga;
    matches!(&service.node, Node::Queue(queue) if queue.saga.is_none() && queue.consumers.iter().any(takes))
}

fn can_be_flushed(service: &crate::topology::Service) -> bool {
    matches!(&service.node, crate::topology::Node::Cache(cache) if cache.contents.remembers())
}
