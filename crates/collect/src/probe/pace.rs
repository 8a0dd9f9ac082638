//! How many connections at once, in all and to one host, and how soon after one another.

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
    hosts: Mutex<HashMap<IpAddr, Weak<HostPace>>>,
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
    pub(super) fn new(all: usize, per_host: usize, pause: Duration) -> Pace {
        let (all, per_host) = (all.clamp(1, Semaphore::MAX_PERMITS), per_host.clamp(1, Semaphore::MAX_PERMITS));
        Pace { all: Arc::new(Semaphore::new(all)), per_host, pause, hosts: Mutex::default() }
    }

    /// The share of a host, the same one for all its endpoints in flight.
    pub(super) fn host(&self, address: IpAddr) -> Arc<HostPace> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = hosts.get(&address).and_then(Weak::upgrade) {
            return host;
        }
        hosts.retain(|_, host| host.strong_count() > 0);
        let host =
            Arc::new(HostPace { slots: Arc::new(Semaphore::new(self.per_host)), next: Mutex::new(Instant::now()) });
        hosts.insert(address, Arc::downgrade(&host));
        host
    }

    /// Waits for the right to connect to `host`. `None` cannot happen while the run lasts.
    pub(super) async fn slot(&self, host: &Arc<HostPace>) -> Option<Slot> {
        let of_host = Arc::clone(&host.slots).acquire_owned().await.ok()?;
        let of_all = Arc::clone(&self.all).acquire_owned().await.ok()?;
        if !self.pause.is_zero() {
            let start = {
                let mut next = host.next.lock().unwrap_or_else(PoisonError::into_inner);
                let start = (*next).max(Instant::now());
                *next = start + self.pause;
                start
            };
            sleep_until(start).await;
        }
        Some(Slot { _host: of_host, _share: Arc::clone(host), _all: of_all })
    }
}
