//! Names of upstreams and their addresses. The system's resolver tells no time to live and may be slow or away, so answers
//! are remembered: fresh ones are used at once, older ones are renewed, and the last good one serves on when no other
//! comes. What comes out are only addresses that [`AddressRules`] let the gateway connect to.

use super::address::{AddressRefused, AddressRules, literal};
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

/// An answer this old is used without a question.
const FRESH: Duration = Duration::from_secs(30);
/// One this old is used, and renewed meanwhile. An older one is waited for: a host that nobody called for a while may
/// have moved.
const USABLE: Duration = Duration::from_secs(60);
/// The last good answer is kept this long when no other comes: longer than name servers are away, shorter than an
/// address needs to become somebody else's for good.
const KEPT: Duration = Duration::from_secs(24 * 3600);
/// After a failure nobody asks again for so long.
const PAUSE: Duration = Duration::from_secs(3);
/// Names that are remembered before forgotten ones are looked for. Routes name hosts, clients do not.
const MANY: usize = 1024;

/// Who knows addresses.
pub trait Lookup: Send + Sync + 'static {
    /// The addresses of a name, best first.
    ///
    /// # Errors
    /// When there is none, or nobody who knows.
    fn lookup(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// The machine's own resolver (`/etc/hosts`, name servers).
#[derive(Clone, Copy, Debug)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Why a name leads nowhere.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// No address, or no answer in time and none from before.
    #[error("the name has no address")]
    NoAddress,
    /// Every address is refused.
    #[error(transparent)]
    Refused(#[from] AddressRefused),
}

/// The resolver. Clones share what they remember.
#[derive(Clone)]
pub struct Resolver {
    lookup: Arc<dyn Lookup>,
    rules: Arc<AddressRules>,
    deadline: Duration,
    names: Arc<Mutex<HashMap<String, Entry>>>,
}

/// What is known of a name.
#[derive(Default)]
struct Entry {
    good: Option<Good>,
    /// Not asked again before, after a failure.
    pause_until: Option<Instant>,
    /// Closed when the question under way is answered.
    asking: Option<watch::Receiver<()>>,
}

#[derive(Clone)]
struct Good {
    addresses: Arc<[IpAddr]>,
    at: Instant,
}

/// What to do about a name.
enum Next {
    Use(Arc<[IpAddr]>),
    Wait(watch::Receiver<()>),
    GiveUp,
}

impl Resolver {
    /// Makes the resolver. `deadline` bounds how long a connection waits for an answer.
    #[must_use]
    pub fn new(lookup: Arc<dyn Lookup>, rules: Arc<AddressRules>, deadline: Duration) -> Self {
        Self {
            lookup,
            rules,
            deadline,
            names: Arc::default(),
        }
    }

    /// The addresses of a host that may be connected to, best first; at least one.
    ///
    /// # Errors
    /// See [`ResolveError`].
    pub async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, ResolveError> {
        let found: Arc<[IpAddr]> = match literal(host) {
            Some(address) => Arc::from([address]),
            None => self.addresses(host).await.ok_or(ResolveError::NoAddress)?,
        };
        let mut refused = None;
        let judged = found.iter().filter(|address| match self.rules.check(**address) {
            Ok(()) => true,
            Err(why) => {
                refused = Some(why);
                false
            }
        });
        let open: Vec<IpAddr> = judged.copied().collect();
        match refused {
            Some(why) if open.is_empty() => Err(why.into()),
            _ => Ok(open),
        }
    }

    /// Judges a host that is written as an address; a name passes, its addresses are judged when they are known.
    ///
    /// # Errors
    /// When the address is refused.
    pub fn check_literal(&self, host: &str) -> Result<(), AddressRefused> {
        self.rules.check_literal(host)
    }

    /// The addresses of a name; never empty.
    async fn addresses(&self, name: &str) -> Option<Arc<[IpAddr]>> {
        let mut asking = match self.next(name) {
            Next::Use(addresses) => return Some(addresses),
            Next::GiveUp => return None,
            Next::Wait(asking) => asking,
        };
        // An error says that the question is answered.
        let answered = timeout(self.deadline, asking.changed()).await.is_ok();
        let mut names = self.names.lock();
        let entry = names.get_mut(name)?;
        if !answered {
            entry.pause_until = Some(Instant::now() + PAUSE);
        }
        entry.kept(Instant::now())
    }

    fn next(&self, name: &str) -> Next {
        let now = Instant::now();
        let mut names = self.names.lock();
        if names.len() >= MANY && !names.contains_key(name) {
            names.retain(|_, entry| entry.is_asking() || entry.kept(now).is_some());
        }
        let entry = names.entry(name.to_owned()).or_default();
        let age = entry.good.as_ref().map(|good| now - good.at);
        if age.is_some_and(|age| age < FRESH) || entry.pause_until.is_some_and(|until| now < until) {
            return entry.kept(now).map_or(Next::GiveUp, Next::Use);
        }
        let asking = match &entry.asking {
            Some(asking) if entry.is_asking() => asking.clone(),
            _ => {
                let asking = self.ask(name.to_owned());
                entry.asking = Some(asking.clone());
                asking
            }
        };
        match entry.kept(now) {
            Some(addresses) if age.is_some_and(|age| age < USABLE) => Next::Use(addresses),
            _ => Next::Wait(asking),
        }
    }

    /// Asks, whether anybody waits or not.
    fn ask(&self, name: String) -> watch::Receiver<()> {
        let (answered, asking) = watch::channel(());
        let (names, question) = (self.names.clone(), self.lookup.lookup(name.clone()));
        tokio::spawn(async move {
            let answer = question.await;
            if let Err(error) = &answer {
                tracing::warn!(host = name, %error, "a name was not resolved");
            }
            let mut names = names.lock();
            let entry = names.entry(name).or_default();
            match answer {
                Ok(found) if !found.is_empty() => {
                    entry.good = Some(Good {
                        addresses: found.into(),
                        at: Instant::now(),
                    });
                    entry.pause_until = None;
                }
                _ => entry.pause_until = Some(Instant::now() + PAUSE),
            }
            drop(answered);
        });
        asking
    }
}

impl Entry {
    fn is_asking(&self) -> bool {
        // The other end is dropped with the answer, or with a task that broke down.
        self.asking.as_ref().is_some_and(|asking| asking.has_changed().is_ok())
    }

    fn kept(&self, now: Instant) -> Option<Arc<[IpAddr]>> {
        let good = self.good.as_ref().filter(|good| now - good.at < KEPT);
        good.map(|good| good.addresses.clone())
    }
}

#[cfg(test)]
mod tests;
