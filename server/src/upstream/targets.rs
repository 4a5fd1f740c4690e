//! What the gateway knows of each target, by route, protocol and authority. It outlives the snapshots that refer to it:
//! changing a route must not close an open circuit or forget who is busy. Which target gets a request is decided in
//! `balance`, not here.

mod share;
mod slot;
mod state;

pub use slot::Slot;
pub use state::{Health, TargetState, TargetStatus};

use super::budget::RetryBudget;
use super::circuit::Breaker;
use crate::kept::Kept;
use state::Load;
use std::sync::Arc;

/// Everything known of targets that some snapshot refers to. Asked when a route is compiled, never by a request.
#[derive(Debug, Default)]
pub struct Targets {
    loads: Kept<Name, Load>,
    circuits: Kept<Name, Breaker>,
    budgets: Kept<Arc<str>, RetryBudget>,
}

/// The route's id, and the target's protocol and authority.
type Name = (Arc<str>, Arc<str>);

impl Targets {
    /// What is known of a route's target in the place of a new state. A circuit whose rules changed is a new one.
    #[must_use]
    pub fn keep(&self, route_id: &Arc<str>, new: &TargetState) -> TargetState {
        let name = || (route_id.clone(), new.label().clone());
        let circuit = new.circuit.as_ref().map(|circuit| {
            let rules = circuit.rules();
            self.circuits
                .get_or_make(name(), |in_use| in_use.rules() == rules, || circuit.clone())
        });
        TargetState {
            label: new.label.clone(),
            load: self.loads.get_or_make(name(), |_| true, || new.load.clone()),
            circuit,
        }
    }

    /// The retry budget of a route.
    #[must_use]
    pub fn budget(&self, route_id: &Arc<str>) -> Arc<RetryBudget> {
        self.budgets.get_or_make(route_id.clone(), |_| true, Arc::default)
    }
}

#[cfg(test)]
mod tests;
