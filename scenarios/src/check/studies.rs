//! Names in studies: metrics, promises and variants that they speak of.

use crate::written::Written;
use crate::written::studies::AskSettings;
use sim_core::expression::Value;
use sim_core::names::Names;
use sim_core::problem::Problems;
use std::collections::BTreeMap;

/// Problems of the names in the section `studies`, against those of the scenario and of its `variants`.
pub fn studies(written: &Written, names: &Names, variants: &BTreeMap<String, Names>, problems: &mut Problems) {
    let known: Vec<&str> = variants.keys().map(String::as_str).collect();
    let value = |value: &Value, p: &mut Problems| value.tree().check(names, |variant| variants.get(variant), &known, p);
    let variant = |name: &str, p: &mut Problems| {
        if name != "base" && !known.contains(&name) {
            p.unknown("", "variant", name, known.iter().copied());
        }
    };
    let all = |values: &[Value], p: &mut Problems| {
        p.at("show", |p| {
            for (place, shown) in values.iter().enumerate() {
                p.at(place, |p| value(shown, p));
            }
        });
    };
    for (name, study) in written.studies.iter() {
        let path = format!("{name}.ask");
        problems.at(&*path, |p| match &study.ask {
            AskSettings::Sweep(ask) => p.at("sweep", |p| {
                all(&ask.show, p);
                if let Some(rank) = &ask.rank {
                    let kind = match rank {
                        crate::written::studies::sweep::RankSettings::TotalSobol(_) => "total_sobol",
                        crate::written::studies::sweep::RankSettings::Morris(_) => "morris",
                    };
                    p.at("rank", |p| p.at(kind, |p| p.at("of", |p| value(rank.of(), p))));
                }
            }),
            AskSettings::Capacity(ask) => p.at("capacity", |p| {
                p.at("promises", |p| {
                    for (place, promise) in ask.promises.iter().enumerate() {
                        let promises = written.promises.names();
                        if written.promises.get(promise.as_ref()).is_none() {
                            p.at(place, |p| {
                                p.unknown("", "promise", promise.as_ref(), promises);
                            });
                        }
                    }
                });
                if ask.promises.is_empty() && written.promises.is_empty() {
                    p.error("", "nothing is promised, so that any capacity is enough").hint =
                        Some("write a promise in `promises`".into());
                }
            }),
            AskSettings::Compare(ask) => p.at("compare", |p| {
                p.at("baseline", |p| variant(ask.baseline.as_ref(), p));
                p.at("against", |p| {
                    for (place, name) in ask.against.iter().enumerate() {
                        p.at(place, |p| variant(name.as_ref(), p));
                    }
                });
                all(&ask.show, p);
            }),
            AskSettings::Gate(_) => {}
        });
    }
}
