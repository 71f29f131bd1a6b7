//! What breaks: what a fault does (`inject`), where it strikes, and when.
//!
//! One kind a file holds the settings. What all faults share stands here and in `schedule` and `target`, checked once. A [`Fault`] is
//! the meant form, with ids and nanoseconds; the world applies its [`FaultEffect`] to what its [`Target`] selects.

mod bandwidth;
mod clock_skew;
mod cpu_steal;
mod crash;
mod delay;
mod deploy;
mod disk;
mod dns;
mod fail;
mod flush;
mod freeze;
mod inject;
mod lag;
mod loss;
mod memory;
mod nic;
mod partition;
mod poison;
mod restart;
mod runaway;
mod schedule;
mod slow;
mod target;
mod withdraw;
mod wrong;

pub use crate::network::LinkQuality;
pub use bandwidth::BandwidthSettings;
pub use clock_skew::{ClockSkew, ClockSkewSettings};
pub use cpu_steal::CpuStealSettings;
pub use crash::{CallersSee, CrashSettings};
pub use delay::DelaySettings;
pub use deploy::{Deploy, DeploySettings, RolloutSettings, Strategy};
pub use disk::DiskFaultSettings;
pub use dns::{Dns, DnsSettings};
pub use fail::FailSettings;
pub use flush::FlushSettings;
pub use freeze::FreezeSettings;
pub use lag::LagSettings;
pub use loss::LossSettings;
pub use memory::MemoryFaultSettings;
pub use nic::NicFaultSettings;
pub use partition::PartitionSettings;
pub use poison::PoisonSettings;
pub use restart::RestartSettings;
pub use runaway::RunawaySettings;
pub use schedule::{RandomSettings, Schedule, ScheduleKeys};
pub use slow::SlowSettings;
pub use target::{Pick, Role, Selection, Surroundings, Target, TargetSettings};
pub use withdraw::WithdrawSettings;
pub use wrong::WrongSettings;

use crate::data::Wrongness;
use crate::dist::Distribution;
use crate::kind::Kind;
use crate::outcome::Outcome;
use crate::problem::Problems;
use crate::service::disk::DiskFault;
use crate::service::memory::MemoryFaults;
use crate::service::nic::NicFault;
use crate::topology::Run;
use crate::units::{Count, Rate, SimDuration};
use serde::{Deserialize, Serialize};

/// What a fault does, as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InjectSettings {
    /// Instances stop and start again when it is over.
    Crash(CrashSettings),
    /// Instances stop and go on when it is over.
    Freeze(FreezeSettings),
    /// Instances stop and start again at once.
    Restart(RestartSettings),
    /// Work takes several times as long.
    Slow(SlowSettings),
    /// Requests end with an error.
    Fail(FailSettings),
    /// Calls are held up.
    Delay(DelaySettings),
    /// Replies look ok and are wrong.
    Wrong(WrongSettings),
    /// Messages are lost.
    Loss(LossSettings),
    /// No message gets through.
    Partition(PartitionSettings),
    /// Replicas fall behind.
    Lag(LagSettings),
    /// Messages fail on every consumer.
    Poison(PoisonSettings),
    /// A share of processor time goes to others.
    CpuSteal(CpuStealSettings),
    /// Clocks are wrong.
    ClockSkew(ClockSkewSettings),
    /// A link carries less.
    Bandwidth(BandwidthSettings),
    /// A new version is rolled out.
    Deploy(DeploySettings),
    /// A new version that does harm is rolled out.
    BadDeploy(DeploySettings),
    /// What is in a cache is gone.
    Flush(FlushSettings),
    /// Memory is taken, or leaks.
    Memory(MemoryFaultSettings),
    /// Lookups of a name fail.
    Dns(DnsSettings),
    /// Disks take longer.
    Disk(DiskFaultSettings),
    /// Network cards drop packets.
    Nic(NicFaultSettings),
    /// A link of a route is not there.
    Withdraw(WithdrawSettings),
    /// A scaler wants several times what it should.
    Runaway(RunawaySettings),
}

/// The kinds of fault, and failing at random.
pub const ALL: &[Kind] = &[
    Kind { family: "inject", name: "crash", schema: || schemars::schema_for!(CrashSettings) },
    Kind { family: "inject", name: "freeze", schema: || schemars::schema_for!(FreezeSettings) },
    Kind { family: "inject", name: "restart", schema: || schemars::schema_for!(RestartSettings) },
    Kind { family: "inject", name: "slow", schema: || schemars::schema_for!(SlowSettings) },
    Kind { family: "inject", name: "fail", schema: || schemars::schema_for!(FailSettings) },
    Kind { family: "inject", name: "delay", schema: || schemars::schema_for!(DelaySettings) },
    Kind { family: "inject", name: "wrong", schema: || schemars::schema_for!(WrongSettings) },
    Kind { family: "inject", name: "loss", schema: || schemars::schema_for!(LossSettings) },
    Kind { family: "inject", name: "partition", schema: || schemars::schema_for!(PartitionSettings) },
    Kind { family: "inject", name: "lag", schema: || schemars::schema_for!(LagSettings) },
    Kind { family: "inject", name: "poison", schema: || schemars::schema_for!(PoisonSettings) },
    Kind { family: "inject", name: "cpu_steal", schema: || schemars::schema_for!(CpuStealSettings) },
    Kind { family: "inject", name: "clock_skew", schema: || schemars::schema_for!(ClockSkewSettings) },
    Kind { family: "inject", name: "bandwidth", schema: || schemars::schema_for!(BandwidthSettings) },
    Kind { family: "inject", name: "deploy", schema: || schemars::schema_for!(DeploySettings) },
    Kind { family: "inject", name: "bad_deploy", schema: || schemars::schema_for!(DeploySettings) },
    Kind { family: "inject", name: "flush", schema: || schemars::schema_for!(FlushSettings) },
    Kind { family: "inject", name: "memory", schema: || schemars::schema_for!(MemoryFaultSettings) },
    Kind { family: "inject", name: "dns", schema: || schemars::schema_for!(DnsSettings) },
    Kind { family: "inject", name: "disk", schema: || schemars::schema_for!(DiskFaultSettings) },
    Kind { family: "inject", name: "nic", schema: || schemars::schema_for!(NicFaultSettings) },
    Kind { family: "inject", name: "withdraw", schema: || schemars::schema_for!(WithdrawSettings) },
    Kind { family: "inject", name: "runaway", schema: || schemars::schema_for!(RunawaySettings) },
    Kind { family: "schedule", name: "random", schema: || schemars::schema_for!(RandomSettings) },
];

/// A fault: what it does, where and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FaultSettings {
    /// What it does.
    pub inject: InjectSettings,
    /// Where it strikes.
    #[serde(rename = "where")]
    pub target: TargetSettings,
    /// Start, from time 0; default 0s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<SimDuration>,
    /// Length; default to the end of the run.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub length: Option<SimDuration>,
    /// From one begin to the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<SimDuration>,
    /// How often in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<Count>,
    /// Failing at random, instead of at fixed times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub random: Option<RandomSettings>,
    /// How long it takes to grow in, linearly, of its length; default 0s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ramp: Option<SimDuration>,
    /// How often it happens in life, so that a bill can count it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency: Option<Rate>,
}

/// What a fault does, as meant.
#[derive(Debug, Clone, PartialEq)]
pub enum FaultEffect {
    /// Nothing: the fault has only its times ([`crate::judge::calm`]).
    Nothing,
    /// Instances stop and start again when it is over.
    Crash {
        /// What their callers see.
        callers_see: CallersSee,
    },
    /// Instances stop and go on when it is over.
    Freeze,
    /// Instances stop and start again at once.
    Restart,
    /// Work and waits are multiplied by this.
    Slow {
        /// Above zero.
        factor: f64,
    },
    /// Requests end with an outcome.
    Fail {
        /// Chance for each request.
        probability: f64,
        /// What callers get.
        outcome: Outcome,
    },
    /// Calls are held up.
    Delay {
        /// By how much.
        add: Distribution,
        /// Chance for each call.
        probability: f64,
    },
    /// Replies look ok and are wrong.
    Wrong {
        /// In which way.
        kind: Wrongness,
        /// Chance for each reply.
        probability: f64,
    },
    /// Messages are lost.
    Loss {
        /// Chance for each message.
        probability: f64,
    },
    /// No message gets through.
    Partition,
    /// Messages fail on every consumer.
    Poison {
        /// Chance for each message.
        probability: f64,
    },
    /// The lag of replicas is multiplied by this.
    Lag {
        /// Above zero.
        factor: f64,
    },
    /// A share of processor time goes to others.
    CpuSteal {
        /// From 0 to below 1.
        share: f64,
    },
    /// Clocks are wrong.
    ClockSkew(ClockSkew),
    /// A link carries less.
    Bandwidth {
        /// What goes through [bytes/s].
        limit: f64,
    },
    /// A new version is rolled out.
    Deploy(Box<Deploy>),
    /// What is in a cache is gone.
    Flush,
    /// Memory is taken, or leaks.
    Memory(MemoryFaults),
    /// Lookups of a name fail.
    Dns(Dns),
    /// Disks take longer.
    Disk(DiskFault),
    /// Network cards drop packets.
    Nic(NicFault),
    /// What a scaler wants is multiplied by this.
    Runaway {
        /// Above zero.
        factor: f64,
    },
    /// A link of a route is not there.
    Withdraw {
        /// Its place among the links.
        link: usize,
    },
}

/// A fault, as meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// As the user wrote it.
    pub name: String,
    /// What it does.
    pub effect: FaultEffect,
    /// Where it strikes.
    pub target: Target,
    /// When it strikes, and how long each time.
    pub schedule: Schedule,
    /// How often it happens in life, a year; `None` where the file does not say.
    pub per_year: Option<f64>,
    /// What it does, in words: `payment 10 times slower`.
    pub says: String,
    /// The experiment whose action it is, by its place: it strikes only while that runs.
    pub experiment: Option<usize>,
    /// Whether it is an act of everyday, which a bill counts as it comes.
    pub is_routine: bool,
    /// How long it takes to grow in [ns].
    pub ramp_ns: u64,
}

impl Fault {
    /// Whether it is an event that a bill counts by its frequency, and not a lasting or recurring condition.
    pub fn is_incident(&self) -> bool {
        !self.is_routine && self.schedule.is_incident() || self.per_year.is_some()
    }
}

impl FaultSettings {
    fn keys(&self) -> ScheduleKeys<'_> {
        // A restart or a flush is over when it has struck, so that it may come again without a length.
        let is_over =
            matches!(self.inject, InjectSettings::Restart(_) | InjectSettings::Flush(_)) && self.random.is_none();
        let at_once = is_over.then_some(SimDuration::from_ns(1));
        ScheduleKeys {
            at: self.at,
            length: self.length.or(at_once),
            every: self.every,
            times: self.times,
            random: self.random.as_ref(),
        }
    }

    /// Problems of the settings by themselves.
    pub fn validate(&self, problems: &mut Problems) {
        problems.at("inject", |p| self.inject.validate(p));
        problems.at("where", |p| self.target.validate(p));
        self.keys().validate(problems);
        self.validate_deploy(problems);
        self.validate_ramp(problems);
        let recurs = match &self.random {
            Some(random) => random.together,
            None => self.every.is_some(),
        };
        if self.target.redraw && !recurs {
            problems.error("where.redraw", "each thing is struck by a draw once, and there is no second time").hint =
                Some("write every: 10m, or random with together: true, or leave redraw out".into());
        }
        if self.frequency.is_some_and(|f| f.per_second() <= 0.0) {
            problems.error("frequency", "a frequency of zero: this fault never happens").hint =
                Some("leave it out if it is not known".into());
        }
        if self.frequency.is_some() && self.random.is_some() {
            problems.error("frequency", "`random` says already how often it happens").hint =
                Some("keep one of the two".into());
        }
    }

    /// What is there or not cannot grow.
    fn validate_ramp(&self, problems: &mut Problems) {
        let Some(ramp) = self.ramp else { return };
        if !self.inject.can_grow() {
            let name = self.inject.name();
            let why = match self.inject {
                InjectSettings::Memory(_) => "what leaks grows by itself, and `ramp` is for `used`".to_owned(),
                InjectSettings::Nic(_) => "a ring is shrunk at once, and `ramp` is for `loss` alone".to_owned(),
                InjectSettings::ClockSkew(_) => "an offset that grows is a `drift`".to_owned(),
                _ => format!("{name} is there or is not, and cannot grow in"),
            };
            problems.error("ramp", why).hint = Some("leave ramp out".into());
        } else if ramp.is_zero() {
            problems.error("ramp", "what grows in no time is there at once").hint = Some("leave ramp out".into());
        } else if self.length.is_some_and(|length| length < ramp) {
            problems.error("ramp", "the fault ends before it has grown in").label =
                self.length.map(|length| format!("it lasts {length}"));
        }
    }

    /// A release is planned, once.
    fn validate_deploy(&self, problems: &mut Problems) {
        if !matches!(self.inject, InjectSettings::Deploy(_) | InjectSettings::BadDeploy(_)) {
            return;
        }
        for (key, given) in [("every", self.every.is_some()), ("random", self.random.is_some())] {
            if given {
                problems.error(key, "a version is deployed once, at a time").hint =
                    Some("write at: 10m; a deploy of another version is another fault".into());
            }
        }
    }

    /// The fault with ids; `None` where a name or the target was wrong.
    pub fn compile(&self, name: &str, around: Surroundings<'_>, run: &Run, problems: &mut Problems) -> Option<Fault> {
        if self.at.is_some_and(|at| at >= run.duration) {
            let mut warning = crate::problem::Problem::warning("", "the fault begins after the end of the run");
            warning.path = format!("{}.at", problems.path());
            problems.push(warning.label(format!("the run measures {}", run.duration)));
        }
        let target = problems.at("where", |p| match self.inject {
            InjectSettings::Flush(_) => self.target.compile_contents(around, p),
            _ => self.target.compile(around, p),
        })?;
        let is_scaler = match &target {
            Target::Scaler(_) => Some(true),
            Target::Pipeline(_) => Some(false),
            _ => None,
        };
        let has_sink = matches!(&target, Target::Pipeline(place) if around.names.sinks.contains(place));
        self.check_control(is_scaler, has_sink, problems)?;
        self.inject.check_target(&target, around, problems)?;
        let whole_place = self.target.zone.is_some() || self.target.region.is_some();
        self.check_link(around, problems)?;
        let effect = match self.withdrawn(around) {
            Some(link) => FaultEffect::Withdraw { link },
            None => self.inject.effect(whole_place && self.target.service.is_none(), around, problems)?,
        };
        Some(Fault {
            name: name.to_owned(),
            effect,
            target,
            schedule: self.keys().compile(),
            per_year: self.frequency.map(|f| f.per_second() * SimDuration::YEAR.secs()),
            says: self.inject.says(&self.target.words()),
            experiment: None,
            ramp_ns: self.ramp.map_or(0, SimDuration::ns),
            is_routine: matches!(self.inject, InjectSettings::Deploy(_)) && self.frequency.is_none(),
        })
    }
}
