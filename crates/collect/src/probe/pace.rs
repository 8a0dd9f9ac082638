//! How many connections at once, in all and to one host, and how soon after one another.

use super::Options;
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep_until},
};

/// Limits shared by all endpoints of a run. Of hosts, only those in flight are kept.
#[derive(Debug)]
pub(super) struct Pace {
    all: Arc<Semaphore>,
    per_host: usize,
    pause: Duration,
    /// Time between the starts of two connections of the run.
    interval: Duration,
    next: Mutex<Instant>,
    hosts: Mutex<Hosts>,
}

#[derive(Debug, Default)]
struct Hosts {
    shares: HashMap<IpAddr, Weak<HostPace>>,
    /// At this number those that are not in flight any more are forgotten.
    most: usize,
}

/// One host's share.
#[derive(Debug)]
pub(super) struct HostPace {
    slots: Arc<Semaphore>,
    /// When the next connection may start.
    next: Mutex<Instant>,
}

/// The right to hold one connection; it ends when dropped.
#[derive(Debug)]
pub(super) struct Slot {
    _host: OwnedSemaphorePermit,
    /// Keeps the share known to [`Pace::host`]: a second one would allow as many connections again.
    _share: Arc<HostPace>,
    _all: OwnedSemaphorePermit,
}

impl Pace {
    pub(super) fn new(options: &Options) -> Pace {
        let permits = |wanted: usize| wanted.clamp(1, Semaphore::MAX_PERMITS);
        Pace {
            all: Arc::new(Semaphore::new(permits(options.connections))),
            per_host: permits(options.per_host),
            pause: options.pause,
            interval: options.rate.map_or(Duration::ZERO, |rate| Duration::from_secs(1) / rate.max(1)),
            next: Mutex::new(Instant::now()),
            hosts: Mutex::default(),
        }
    }

    /// The share of a host, the same one for all its endpoints in flight.
    pub(super) fn host(&self, address: IpAddr) -> Arc<HostPace> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = hosts.shares.get(&address).and_then(Weak::upgrade) {
            return host;
        }
        if hosts.shares.len() >= hosts.most {
            hosts.shares.retain(|_, host| host.strong_count() > 0);
            hosts.most = hosts.shares.len().saturating_mul(2).max(64);
        }
        let host =
            Arc::new(HostPace { slots: Arc::new(Semaphore::new(self.per_host)), next: Mutex::new(Instant::now()) });
        hosts.shares.insert(address, Arc::downgrade(&host));
        host
    }

    /// Waits for the right to connect to `host`. `None` cannot happen while the run lasts.
    pub(super) async fn slot(&self, host: &Arc<HostPace>) -> Option<Slot> {
        let of_host = Arc::clone(&host.slots).acquire_owned().await.ok()?;
        let of_all = Arc::clone(&self.all).acquire_owned().await.ok()?;
        for (next, apart) in [(&host.next, self.pause), (&self.next, self.interval)] {
            if !apart.is_zero() {
                sleep_until(turn(next, apart)).await;
            }
        }
        Some(Slot { _host: of_host, _share: Arc::clone(host), _all: of_all })
    }
}

/// When the next one may start; the one after it `apart` later.
fn turn(next: &Mutex<Instant>, apart: Duration) -> Instant {
    let mut next = next.lock().unwrap_or_else(PoisonError::into_inner);
    let start = (*next).max(Instant::now());
    *next = start + apart;
    start
}
