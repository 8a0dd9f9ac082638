//! The description by name: what a verdict needs of it is found without a walk, so that a large system takes linear time.

use dengmi_core::system::{
    Action, Application, Channel, Data, Device, Key, Room, Ruling, Spot, System, User, user_class,
};
use std::collections::BTreeMap;

/// What there is for a unit on a subject.
type OfUnit<'a, T> = BTreeMap<&'a str, BTreeMap<&'a str, Vec<&'a T>>>;

/// What the description names.
#[derive(Clone, Debug, Default)]
pub(super) struct Index<'a> {
    pub(super) rooms: BTreeMap<&'a str, &'a Room>,
    pub(super) channels: BTreeMap<&'a str, &'a Channel>,
    pub(super) devices: BTreeMap<&'a str, &'a Device>,
    pub(super) applications: BTreeMap<&'a str, &'a Application>,
    pub(super) users: BTreeMap<Box<str>, &'a User>,
    pub(super) data: BTreeMap<&'a str, &'a Data>,
    pub(super) actions: BTreeMap<&'a str, &'a Action>,
    /// The channels that carry a kind of data.
    carrying: BTreeMap<&'a str, Vec<&'a str>>,
    keys: OfUnit<'a, Key>,
    rulings: OfUnit<'a, Ruling>,
}

impl<'a> Index<'a> {
    pub(super) fn of(system: &'a System) -> Index<'a> {
        let mut index = Index {
            rooms: by_name(&system.room, |room| &room.id),
            channels: by_name(&system.channel, |channel| &channel.id),
            devices: by_name(&system.device, |device| &device.id),
            applications: by_name(&system.application, |application| &application.id),
            data: by_name(&system.data, |data| &data.id),
            actions: by_name(&system.action, |action| &action.id),
            ..Index::default()
        };
        for application in &system.application {
            let named = |user: &'a User| (user_class(application, user).into(), user);
            index.users.extend(application.users.iter().map(named));
        }
        for channel in &system.channel {
            for data in &channel.carries {
                let channels = index.carrying.entry(data.get_ref()).or_default();
                if !channels.contains(&&**channel.id.get_ref()) {
                    channels.push(channel.id.get_ref());
                }
            }
        }
        for key in &system.key {
            for (unit, subject) in key.serves.iter().filter_map(|serves| serves.get_ref().split_once(' ')) {
                index.keys.entry(unit).or_default().entry(subject).or_default().push(key);
            }
        }
        for ruling in &system.ruling {
            let of_unit = index.rulings.entry(ruling.unit.get_ref()).or_default();
            of_unit.entry(ruling.subject.get_ref()).or_default().push(ruling);
        }
        index
    }

    /// The channels that carry a kind of data, in the order of the description.
    pub(super) fn carrying(&self, data: &str) -> &[&'a str] {
        self.carrying.get(data).map_or(&[], Vec::as_slice)
    }

    /// The important data that a channel carries.
    pub(super) fn carried(&self, channel: &str) -> impl Iterator<Item = &'a str> {
        let carries = self.channels.get(channel).map_or(&[][..], |channel| &channel.carries);
        carries.iter().map(|data| &**data.get_ref())
    }

    /// The keys that serve a unit on a subject.
    pub(super) fn keys(&self, unit: &str, subject: &str) -> &[&'a Key] {
        self.keys.get(unit).and_then(|keys| keys.get(subject)).map_or(&[], Vec::as_slice)
    }

    /// What assessors ruled on a unit and subject, the latest last.
    pub(super) fn rulings(&self, unit: &str, subject: &str) -> &[&'a Ruling] {
        self.rulings.get(unit).and_then(|rulings| rulings.get(subject)).map_or(&[], Vec::as_slice)
    }
}

fn by_name<T>(all: &[T], name: impl Fn(&T) -> &Spot) -> BTreeMap<&str, &T> {
    all.iter().map(|one| (&**name(one).get_ref(), one)).collect()
}
