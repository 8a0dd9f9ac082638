//! Chains of editions: for every day from the first to the last, exactly one link is in force.

use super::{datum::InForce, defect::Fault};
use dengmi_core::Date;
use std::collections::BTreeMap;

/// Links with the same name belong to one chain. `at` says where a defect of the link is shown.
pub(super) struct Chains<P> {
    links: BTreeMap<String, Vec<Link<P>>>,
}

struct Link<P> {
    name: String,
    in_force: InForce,
    at: P,
}

impl<P> Default for Chains<P> {
    fn default() -> Self {
        Chains { links: BTreeMap::new() }
    }
}

impl<P> Chains<P> {
    pub(super) fn add(&mut self, chain: impl Into<String>, name: impl Into<String>, in_force: InForce, at: P) {
        self.links.entry(chain.into()).or_default().push(Link { name: name.into(), in_force, at });
    }

    /// Walks every day of every chain.
    pub(super) fn walk(&mut self, mut report: impl FnMut(&P, Fault)) {
        for (chain, links) in &mut self.links {
            links.sort_by_key(|link| link.in_force.from);
            let Some(first) = links.first() else { continue };
            // After the latest date that any link names nothing changes any more.
            let ends = links.iter().filter_map(|link| link.in_force.to);
            let last = ends.chain(links.iter().map(|link| link.in_force.from)).max().unwrap_or(first.in_force.from);
            let end_is_open = links.iter().any(|link| link.in_force.to.is_none());
            let mut gap: Option<Date> = None;
            let mut clashes: Vec<(usize, usize)> = Vec::new();
            let mut day = first.in_force.from;
            while day < last || (day == last && end_is_open) {
                let mut holding = links.iter().enumerate().filter(|(_, link)| link.in_force.covers(day));
                match (holding.next(), holding.next()) {
                    (None, _) => gap = gap.or(Some(day)),
                    (Some((one, first)), Some((two, second))) if !clashes.contains(&(one, two)) => {
                        clashes.push((one, two));
                        let (first, name) = (first.name.as_str().into(), second.name.as_str().into());
                        report(&second.at, Fault::Overlap { chain: chain.as_str().into(), first, second: name, day });
                    }
                    (Some((one, after)), None) => {
                        if let Some(from) = gap.take() {
                            let before =
                                one.checked_sub(1).and_then(|before| links.get(before)).map_or("", |link| &link.name);
                            report(
                                &after.at,
                                Fault::Gap {
                                    chain: chain.as_str().into(),
                                    before: before.into(),
                                    after: after.name.as_str().into(),
                                    from,
                                    to: day,
                                },
                            );
                        }
                    }
                    _ => {}
                }
                let Some(next) = day.next_day() else { break };
                day = next;
            }
        }
    }
}
