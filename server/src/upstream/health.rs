//! Active health checks: the gateway asks each target of an active route by itself (contract: Load sharing and failover).
//! The verdict is told to the target's state, where balancing reads it. What requests tell of a target is not known here:
//! that is its circuit's business, which hears of a probe that passed.

mod check;
mod probe;
mod tally;

pub use check::Check;

use crate::message::PlannedTarget;
use crate::routing::{CompiledRoute, RouteTable};
use crate::upstream::UpstreamHost;
use fastgate_shared::upstream::UpstreamHealth;
use parking_lot::Mutex;
use probe::Subject;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;

/// Probes under way at once, of all targets. With thousands of targets that hang, probes come late rather than take all
/// file descriptors.
const AT_ONCE: usize = 512;

/// The health checks of all routes; they end when this is dropped.
pub struct HealthChecks {
    runtime: Handle,
    at_once: Arc<Semaphore>,
    watched: Mutex<Watched>,
}

/// By route and by protocol and authority, as [`crate::upstream::Targets`] names them: a target that a route names twice is
/// probed once.
type Watched = HashMap<(Arc<str>, Arc<str>), Watch>;

struct Watch {
    subject: Arc<Subject>,
    _task: AbortOnDropHandle<()>,
}

impl HealthChecks {
    /// None yet. Those to come run on this runtime.
    #[must_use]
    pub fn new(runtime: Handle) -> Self {
        Self {
            runtime,
            at_once: Arc::new(Semaphore::new(AT_ONCE)),
            watched: Mutex::default(),
        }
    }

    /// Goes on with the targets of these routes: what is new or changed is probed from now on, what is gone or switched off
    /// is not probed any more.
    pub fn follow(&self, routes: &RouteTable) {
        let mut watched = self.watched.lock();
        let mut before = std::mem::take(&mut *watched);
        for route in routes.all_in_order().iter().filter(|route| route.is_active()) {
            let Some(check) = &route.health_check else { continue };
            for (target, host) in route.plan.targets.iter().zip(&route.hosts) {
                let name = (route.id.clone(), target.label.clone());
                if watched.contains_key(&name) {
                    continue;
                }
                let watch = match before.remove(&name) {
                    Some(same) if same.subject.is_of(check, &target.state, host) => same,
                    Some(other) => {
                        // It is checked in another way from now on; the verdict holds until a probe says otherwise.
                        other.subject.end();
                        self.watch(route, check, (target, host))
                    }
                    None => self.watch(route, check, (target, host)),
                };
                watched.insert(name, watch);
            }
        }
        before.into_values().for_each(|gone| gone.subject.forget());
    }

    /// What the checks know of a route's target; `None` where it is not checked.
    #[must_use]
    pub fn status(&self, route: &CompiledRoute, target: &PlannedTarget) -> Option<UpstreamHealth> {
        let watched = self.watched.lock();
        let name = (route.id.clone(), target.label.clone());
        watched.get(&name).map(|watch| watch.subject.status())
    }

    fn watch(&self, route: &CompiledRoute, check: &Arc<Check>, target: (&PlannedTarget, &Arc<UpstreamHost>)) -> Watch {
        let subject = Arc::new(Subject::new(route, check, target));
        let task = self.runtime.spawn(subject.clone().watch(self.at_once.clone()));
        Watch {
            subject,
            _task: AbortOnDropHandle::new(task),
        }
    }
}

#[cfg(test)]
mod tests;
