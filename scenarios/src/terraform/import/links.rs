//! Who talks to whom, as far as a plan tells it: triggers of queues, what roles may do, which addresses may connect, and the variables of the
//! environment in which code runs.

use super::parts::{Part, Sort};
use super::plan::{Plan, Resource, list};
use super::refer::{From, Meant, follow};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What a part does with another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Does {
    /// It reads from a store.
    Reads,
    /// It writes to a store.
    Writes,
    /// It sends messages to a queue, or calls a service, or asks a cache.
    Asks,
    /// It takes messages from a queue.
    Consumes,
    /// It has something to do with it: the plan does not tell what.
    Touches,
}

/// What a plan tells of links.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// From one part to another, by their places.
    pub all: BTreeMap<(usize, usize), BTreeSet<Does>>,
    /// Parts that are asked from outside.
    pub entries: BTreeSet<usize>,
    /// Where dead letters of a queue go.
    pub dead_letters: BTreeMap<usize, usize>,
    /// After how many deliveries.
    pub deliveries: BTreeMap<usize, u64>,
    /// What could not be followed, by the address in which it stands.
    pub lost: BTreeSet<(String, String)>,
}

/// What is looked up while links are read.
pub(super) struct Reader<'r, 'p> {
    pub plan: &'r Plan<'p>,
    pub parts: &'r [Part<'p>],
    /// The part that a resource belongs to.
    part_of: BTreeMap<usize, usize>,
    pub links: Links,
}

/// The links of a plan.
pub(super) fn of<'p>(plan: &Plan<'p>, parts: &[Part<'p>]) -> Links {
    let part_of = parts.iter().enumerate().flat_map(|(part, p)| p.of.iter().map(move |place| (*place, part))).collect();
    let mut reader = Reader { plan, parts, part_of, links: Links::default() };
    let roles = reader.owners("aws_iam_role");
    let groups = reader.owners("aws_security_group");
    for place in 0..plan.resources.len() {
        reader.of_resource(place, &roles, &groups);
    }
    reader.environment();
    reader.settle();
    reader.links
}

/// The arguments by which a part names what it runs as and where, and the resources that stand between.
pub(super) const OWNS: [&str; 9] = [
    "role",
    "task_definition",
    "task_role_arn",
    "iam_instance_profile",
    "launch_template",
    "vpc_config",
    "network_configuration",
    "vpc_security_group_ids",
    "security_group_ids",
];

/// The arguments in which a part is told of others.
pub(super) const SPEAKS: [&str; 3] = ["environment", "user_data", "spec"];

/// Where the rules of a security group say addresses.
const CIDRS: [&str; 2] = ["cidr_blocks", "ipv6_cidr_blocks"];

/// Resources that stand between a part and its role or group.
const BETWEEN: [&str; 3] = ["aws_ecs_task_definition", "aws_iam_instance_profile", "aws_launch_template"];

impl<'r, 'p> Reader<'r, 'p> {
    /// The expression of an argument.
    pub(super) fn expression(&self, resource: &Resource<'p>, argument: &str) -> Option<&'p Value> {
        self.plan.expressions(&resource.scope, "managed", resource.kind, resource.name)?.get(argument)
    }

    /// What an expression that stands in an argument of a resource speaks of.
    pub(super) fn followed(&mut self, expression: &'p Value, from: From, at: &str) -> Meant {
        let mut meant = Meant::default();
        follow(self.plan, expression, from, &mut meant);
        self.links.lost.extend(std::mem::take(&mut meant.lost).into_iter().map(|lost| (at.to_owned(), lost)));
        meant
    }

    /// The resources to which an argument refers.
    fn meant(&mut self, resource: &Resource<'p>, argument: &str) -> BTreeSet<usize> {
        let Some(expression) = self.expression(resource, argument) else { return BTreeSet::new() };
        let from = From { scope: &resource.scope, key: resource.key.as_ref() };
        self.followed(expression, from, &format!("{}.{argument}", resource.address)).resources
    }

    /// The parts that are among resources.
    pub(super) fn parts_among(&self, resources: &BTreeSet<usize>) -> BTreeSet<usize> {
        resources.iter().filter_map(|place| self.part_of.get(place).copied()).collect()
    }

    /// The parts to which an argument refers.
    fn parts_meant(&mut self, resource: &Resource<'p>, argument: &str) -> BTreeSet<usize> {
        let meant = self.meant(resource, argument);
        self.parts_among(&meant)
    }

    /// Which parts have which resource of a kind: a role or a security group.
    fn owners(&mut self, kind: &str) -> BTreeMap<usize, BTreeSet<usize>> {
        let plan: &'r Plan<'p> = self.plan;
        let mut owners: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (place, part) in self.part_of.clone() {
            let mut open = vec![place];
            let mut seen = BTreeSet::new();
            while let Some(place) = open.pop() {
                if !seen.insert(place) {
                    continue;
                }
                for argument in OWNS {
                    for found in self.meant(&plan.resources[place], argument) {
                        let of = plan.resources[found].kind;
                        if of == kind {
                            owners.entry(found).or_default().insert(part);
                        } else if BETWEEN.contains(&of) {
                            open.push(found);
                        }
                    }
                }
            }
        }
        owners
    }

    fn link(&mut self, from: usize, to: usize, does: Does) {
        if from != to {
            self.links.all.entry((from, to)).or_default().insert(does);
        }
    }

    fn of_resource(
        &mut self,
        place: usize,
        roles: &BTreeMap<usize, BTreeSet<usize>>,
        groups: &BTreeMap<usize, BTreeSet<usize>>,
    ) {
        let plan: &'r Plan<'p> = self.plan;
        let resource = &plan.resources[place];
        match resource.kind {
            "aws_lambda_event_source_mapping" => {
                let consumers = self.parts_meant(resource, "function_name");
                for queue in self.parts_meant(resource, "event_source_arn") {
                    consumers.iter().for_each(|consumer| self.link(*consumer, queue, Does::Consumes));
                }
            }
            "aws_lambda_function_url" | "aws_lambda_permission" => {
                // A permission for another function's role is no entry: the principal is a service of the cloud that brings requests.
                let entries = self.parts_meant(resource, "function_name");
                self.links.entries.extend(entries);
            }
            "aws_iam_role_policy" => self.role_policy(resource, "policy", roles),
            "aws_iam_role_policy_attachment" => self.role_policy(resource, "policy_arn", roles),
            "aws_vpc_security_group_ingress_rule" => {
                self.connects(
                    resource,
                    "security_group_id",
                    "referenced_security_group_id",
                    &["cidr_ipv4", "cidr_ipv6"],
                    groups,
                );
            }
            "aws_security_group_rule" if resource.text("type") == Some("ingress") => {
                self.connects(resource, "security_group_id", "source_security_group_id", &CIDRS, groups);
            }
            "aws_security_group" => self.inline(place, groups),
            "aws_sqs_queue" => self.dead_letters(resource, place, "redrive_policy"),
            "aws_sqs_queue_redrive_policy" => {
                for queue in self.meant(resource, "queue_url") {
                    self.dead_letters(resource, queue, "redrive_policy");
                }
            }
            "aws_ecs_service" if list(resource.value("load_balancer")).next().is_some() => {
                self.links.entries.extend(self.part_of.get(&place).copied());
            }
            _ => {}
        }
    }

    /// What a role may do with parts, which those do who have it.
    fn role_policy(&mut self, resource: &Resource<'p>, argument: &str, roles: &BTreeMap<usize, BTreeSet<usize>>) {
        let plan: &'r Plan<'p> = self.plan;
        let who: BTreeSet<usize> =
            self.meant(resource, "role").iter().filter_map(|role| roles.get(role)).flatten().copied().collect();
        let mut policies: Vec<(&Resource<'p>, &str)> = vec![(resource, argument)];
        if argument == "policy_arn" {
            let all = self.meant(resource, argument);
            policies = all.iter().map(|place| (&plan.resources[*place], "policy")).collect();
        }
        for (policy, argument) in policies {
            for (target, does) in self.allowed(policy, argument) {
                who.iter().for_each(|part| self.link(*part, target, does));
            }
        }
    }

    /// Which addresses may connect to which: a group that is named by another, or the world.
    fn connects(
        &mut self,
        resource: &Resource<'p>,
        to: &str,
        from: &str,
        world: &[&str],
        groups: &BTreeMap<usize, BTreeSet<usize>>,
    ) {
        let owners = |all: BTreeSet<usize>| -> BTreeSet<usize> {
            all.iter().filter_map(|group| groups.get(group)).flatten().copied().collect()
        };
        let (callees, callers) = (owners(self.meant(resource, to)), owners(self.meant(resource, from)));
        for callee in callees {
            callers.iter().for_each(|caller| self.link(*caller, callee, Does::Asks));
            if callers.is_empty() && world.iter().any(|key| self.expression(resource, key).is_some()) {
                self.links.entries.insert(callee);
            }
        }
    }

    /// The rules that stand within a security group. A plan tells either the references of each rule or those of all rules together.
    fn inline(&mut self, group: usize, groups: &BTreeMap<usize, BTreeSet<usize>>) {
        let plan: &'r Plan<'p> = self.plan;
        let resource = &plan.resources[group];
        let callees = groups.get(&group).cloned().unwrap_or_default();
        let named = self.meant(resource, "ingress");
        let callers: BTreeSet<usize> = named.iter().filter_map(|from| groups.get(from)).flatten().copied().collect();
        let opens = |rule: &Value| CIDRS.iter().any(|key| list(rule.get(key)).next().is_some());
        let is_open = list(resource.value("ingress")).any(opens);
        for callee in callees {
            callers.iter().for_each(|caller| self.link(*caller, callee, Does::Asks));
            if is_open {
                self.links.entries.insert(callee);
            }
        }
    }

    /// Where a queue puts what nobody could handle.
    fn dead_letters(&mut self, of: &Resource<'p>, queue: usize, argument: &str) {
        let Some(from) = self.part_of.get(&queue).copied() else { return };
        if let Some(to) = self.parts_meant(of, argument).into_iter().find(|to| *to != from) {
            self.links.dead_letters.insert(from, to);
        }
        let text = of.text(argument).and_then(|text| serde_json::from_str::<Value>(text).ok());
        let count = text.as_ref().and_then(|policy| policy.get("maxReceiveCount"));
        let count = count.and_then(|n| n.as_u64().or_else(|| n.as_str()?.parse().ok()));
        self.links.deliveries.extend(count.map(|count| (from, count)));
    }

    /// What code is told of in its environment, it has to do with.
    fn environment(&mut self) {
        let plan: &'r Plan<'p> = self.plan;
        for (place, part) in self.part_of.clone() {
            let resource = &plan.resources[place];
            for argument in SPEAKS {
                for target in self.parts_meant(resource, argument) {
                    self.touches(part, target);
                }
            }
            if resource.kind == "aws_ecs_service" {
                for task in self.meant(resource, "task_definition") {
                    for target in self.parts_meant(&plan.resources[task], "container_definitions") {
                        self.touches(part, target);
                    }
                }
            }
        }
    }

    /// A link of which it is not known what it does, unless another tells it.
    fn touches(&mut self, from: usize, to: usize) {
        let does = match self.parts[to].sort {
            Sort::Function | Sort::Service | Sort::Cache => Does::Asks,
            Sort::Store | Sort::Queue => Does::Touches,
        };
        self.link(from, to, does);
    }

    /// What is known of a link goes before that there is one.
    fn settle(&mut self) {
        for does in self.links.all.values_mut() {
            if does.len() > 1 {
                does.remove(&Does::Touches);
            }
        }
    }
}
