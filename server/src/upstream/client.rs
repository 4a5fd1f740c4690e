//! The client: knows every upstream that routes name, and gives those that say the same one [`UpstreamHost`].
//!
//! No redirects are followed, no proxy environment variable is read, nothing is decompressed. A pooled connection that
//! turns out to be closed before a byte was written is replaced silently; every other retry is decided by `retry`.

use super::address::AddressRules;
use super::connect::{ConnectionCounts, Dial};
use super::host::UpstreamHost;
use super::pools::Pools;
use super::resolve::{Lookup, Resolver};
use super::tls::{self, TlsDigest, TlsSettings};
use fastgate_shared::problem::FieldError;
use fastgate_shared::route::{Protocol, RouteDefinition};
use http::uri::Authority;
use ipnet::IpNet;
use parking_lot::Mutex;
use rustls::RootCertStore;
use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// The client. Cheap to clone; all clones share one set of pools.
#[derive(Clone)]
pub struct UpstreamClient(Arc<Shared>);

struct Shared {
    settings: ClientSettings,
    dial: Dial,
    rules: Arc<AddressRules>,
    roots: Arc<RootCertStore>,
    /// Looked at when routes are compiled, never by a request.
    known: Mutex<Known>,
}

/// What is in use, by what routes say.
#[derive(Default)]
struct Known {
    pools: HashMap<TlsDigest, Weak<Pools>>,
    hosts: HashMap<HostKey, Weak<UpstreamHost>>,
    /// Number of hosts at which those that nobody uses any more are looked for.
    sweep_at: usize,
}

type HostKey = (Protocol, Authority, TlsDigest);

/// How the client treats its connections.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    /// How many pools are needed.
    pub workers: usize,
    /// Limit for name resolution + TCP + TLS.
    pub connect_timeout: Duration,
    /// Limit for name resolution.
    pub dns_timeout: Duration,
    /// How long an idle connection is kept.
    pub pool_idle: Duration,
    /// Idle connections for each host, in all pools together.
    pub pool_max_idle_per_host: usize,
    /// Header fields of a response at most.
    pub max_response_headers: usize,
    /// Networks that are connected to although they are refused by default.
    pub allowed_networks: Vec<IpNet>,
}

impl UpstreamClient {
    /// Makes the client. `lookup` knows the addresses of names.
    #[must_use]
    pub fn new(settings: ClientSettings, lookup: Arc<dyn Lookup>) -> Self {
        let rules = Arc::new(AddressRules::new(settings.allowed_networks.clone()));
        let dial = Dial {
            resolver: Resolver::new(lookup, rules.clone(), settings.dns_timeout),
            limit: settings.connect_timeout,
            counts: Arc::default(),
        };
        Self(Arc::new(Shared {
            settings,
            dial,
            rules,
            roots: Arc::new(tls::root_certificates()),
            known: Mutex::default(),
        }))
    }

    /// The upstreams of a route, in the order of its targets.
    ///
    /// # Errors
    /// For each field about TLS whose value cannot be used.
    pub fn hosts<'a>(
        &self,
        route: &RouteDefinition,
        targets: impl Iterator<Item = (Protocol, &'a Authority)>,
    ) -> Result<Vec<Arc<UpstreamHost>>, Vec<FieldError>> {
        let digest = tls::digest(route);
        let mut known = self.0.known.lock();
        let pools = match known.pools.get(&digest).and_then(Weak::upgrade) {
            Some(pools) => pools,
            None => {
                let tls = TlsSettings::compile(route, &self.0.roots)?;
                let pools = Arc::new(Pools::new(tls, self.0.dial.clone(), self.0.settings.clone()));
                known.pools.retain(|_, pools| pools.strong_count() > 0);
                known.pools.insert(digest, Arc::downgrade(&pools));
                pools
            }
        };
        if known.hosts.len() >= known.sweep_at {
            known.hosts.retain(|_, host| host.strong_count() > 0);
            known.sweep_at = known.hosts.len() * 2 + 64;
        }
        let mut host = |(protocol, authority): (Protocol, &Authority)| {
            let key = (protocol, authority.clone(), digest);
            if let Some(host) = known.hosts.get(&key).and_then(Weak::upgrade) {
                return host;
            }
            let host = Arc::new(UpstreamHost::new(
                protocol,
                authority.clone(),
                pools.clone(),
                self.0.settings.workers,
            ));
            known.hosts.insert(key, Arc::downgrade(&host));
            host
        };
        Ok(targets.map(&mut host).collect())
    }

    /// Which addresses are refused.
    #[must_use]
    pub fn rules(&self) -> &AddressRules {
        &self.0.rules
    }

    /// The resolver of upstreams' names, for calls that do not go to an upstream.
    #[must_use]
    pub fn resolver(&self) -> Resolver {
        self.0.dial.resolver.clone()
    }

    /// Connections to upstreams, for `/metrics`.
    #[must_use]
    pub fn connections(&self) -> &ConnectionCounts {
        &self.0.dial.counts
    }
}
