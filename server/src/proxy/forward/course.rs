//! Where a request stands among the targets of its candidate routes, and where it goes next: to another target of the
//! same route, then to the next route, then around again (contract: Load sharing and failover). Which routes it may use
//! is found out in `standing`; sending is not here.

use super::standing::Standing;
use crate::app::App;
use crate::proxy::admit::Admission;
use crate::proxy::error::{ProxyError, Whose};
use crate::proxy::exchange::Exchange;
use crate::routing::Candidate;
use crate::upstream::failure::Failure;
use crate::upstream::retry::backoff;
use crate::upstream::targets::{Slot, TargetState};
use smallvec::{SmallVec, smallvec};
use std::time::Instant;

/// The way of one request.
pub(super) struct Course<'a> {
    pub(super) app: &'a App,
    pub(super) admission: Admission,
    /// Further attempts that the winning route allows.
    pub(super) moves: u32,
    /// Index of the route in use.
    route: usize,
    /// Route and target of each attempt of this round.
    tried: SmallVec<[(usize, usize); 4]>,
    /// Route and target of those that no further attempt can help.
    hopeless: SmallVec<[(usize, usize); 1]>,
    /// Of each candidate: whether the request may go there, as far as that is known.
    pub(super) standing: SmallVec<[Standing; 4]>,
    /// A route that could have stood in had no place in time: its requests at once, and its name.
    pub(super) full: Option<(u32, Whose)>,
    /// Times that all was tried without success.
    rounds: u32,
}

/// The target of the next attempt, which counts the request from now on.
pub(super) struct Pick {
    /// Its index in the plan of the route in use.
    pub target: usize,
    pub slot: Slot,
    /// To ask it multiplies no load: it was not asked before, and is not known to refuse what it is asked.
    pub is_free: bool,
}

/// What another attempt may cost the retry budget.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purse {
    /// There is room for it.
    Full,
    /// There is none: only what is free may follow.
    Empty,
    /// The last target has seen nothing of the request, so that another one in its place is free in any case.
    Unseen { may_repeat: bool },
}

/// How far down the targets are asked. A circuit that is open keeps its target out in any case, unless it gives way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Those in rotation that lately answered.
    Well,
    /// Those in rotation.
    InRotation,
    /// Also those that fail their health checks: better than an error that is certain.
    Unhealthy,
    /// Also those that asked to be left alone, so that the client hears their answer and not one made up.
    Anyone,
}

impl Reach {
    fn lets(self, target: &TargetState, now: Instant) -> bool {
        match self {
            Self::Well => target.is_available(now) && target.is_well(now),
            Self::InRotation => target.is_available(now),
            Self::Unhealthy => !target.is_cooling(now) && target.shut_for(now).is_zero(),
            Self::Anyone => target.shut_for(now).is_zero(),
        }
    }
}

impl<'a> Course<'a> {
    /// At the winning route, before the first attempt. `None` when there is no candidate.
    pub(super) fn new(app: &'a App, admission: Admission) -> Option<Self> {
        let winner = admission.candidates.candidates().first()?;
        let moves = winner.route.retry_count.unwrap_or(app.config.proxy.max_retries);
        let mut standing: SmallVec<[Standing; 4]> =
            smallvec![Standing::Unknown; admission.candidates.candidates().len()];
        standing[0] = Standing::Ours;
        Some(Self {
            app,
            admission,
            moves,
            route: 0,
            tried: SmallVec::new(),
            hopeless: SmallVec::new(),
            standing,
            full: None,
            rounds: 0,
        })
    }

    /// The route in use.
    pub(super) fn candidate(&self) -> &Candidate {
        &self.admission.candidates.candidates()[self.route]
    }

    /// Whether the route in use is one of several alike.
    pub(super) fn shares(&self) -> bool {
        let route = &self.candidate().route;
        let mut others = self.admission.candidates.candidates().iter();
        others.any(|other| other.route.id != route.id && other.route.is_like(route))
    }

    /// The target of the first attempt: one in rotation, on whatever route; else any whose circuit lets it in.
    pub(super) async fn first(&mut self, exchange: &mut Exchange) -> Option<Pick> {
        if let Some(pick) = self.find(0, Reach::InRotation, exchange).await {
            return Some(pick);
        }
        if let Some(pick) = self.find_in_line(Reach::InRotation, exchange).await {
            return Some(pick);
        }
        // Looking for a route may have read more of the body than is kept.
        if !self.admission.accepted.body.can_replay() {
            return None;
        }
        self.find(0, Reach::Anyone, exchange).await
    }

    /// The target of the next attempt, after one that failed; `None` when what there is must do. `has_answer` says that
    /// there is an answer which the client could get, be it a refusal.
    pub(super) async fn next(&mut self, has_answer: bool, purse: Purse, exchange: &mut Exchange) -> Option<Pick> {
        let reach = match purse {
            Purse::Empty => Reach::Well,
            Purse::Full | Purse::Unseen { .. } => Reach::InRotation,
        };
        if let Some(mut pick) = self.find(self.route, reach, exchange).await {
            pick.is_free |= matches!(purse, Purse::Unseen { .. });
            return Some(pick);
        }
        if let Some(mut pick) = self.find_in_line(reach, exchange).await {
            pick.is_free |= matches!(purse, Purse::Unseen { .. });
            return Some(pick);
        }
        let may_repeat = matches!(purse, Purse::Full | Purse::Unseen { may_repeat: true });
        // Who is well as far as is known is asked once more before anybody who is known not to be.
        let others_first = self.rounds > 0 || !may_repeat || !self.may_go_around(Reach::InRotation);
        if others_first && purse != Purse::Empty {
            // An answer is worth more than one from a target that asked to be left alone.
            let last_resort = if has_answer { Reach::Unhealthy } else { Reach::Anyone };
            if let Some(mut pick) = self.find(0, last_resort, exchange).await {
                pick.is_free = matches!(purse, Purse::Unseen { .. });
                return Some(pick);
            }
        }
        if !may_repeat || !self.may_go_around(Reach::Unhealthy) {
            return None;
        }
        self.go_around(exchange).await
    }

    /// Another round, after a wait.
    async fn go_around(&mut self, exchange: &mut Exchange) -> Option<Pick> {
        // Looking for a route may have read more of the body than is kept.
        if !self.admission.accepted.body.can_replay() {
            return None;
        }
        self.rounds += 1;
        let wait = backoff(self.rounds, rand::random());
        tokio::time::sleep(wait).await;
        exchange.waited(wait);
        self.tried.clear();
        let pick = match self.find(0, Reach::InRotation, exchange).await {
            Some(pick) => Some(pick),
            None => self.find(0, Reach::Unhealthy, exchange).await,
        };
        pick.map(|pick| Pick { is_free: false, ..pick })
    }

    /// The last attempt's target is not tried again, in no round.
    pub(super) fn give_up_target(&mut self) {
        self.hopeless.extend(self.tried.last().copied());
    }

    fn is_done(&self, target: (usize, usize)) -> bool {
        self.tried.contains(&target) || self.hopeless.contains(&target)
    }

    /// What the client hears when nobody may be asked.
    pub(super) fn unavailable(&self) -> ProxyError {
        if let Some((limit, whose)) = self.full.clone() {
            return ProxyError::overloaded(&self.app.config.proxy, limit, whose);
        }
        let now = Instant::now();
        let candidates = self.admission.candidates.candidates().iter().zip(&self.standing);
        let closed_for = candidates
            .filter(|(_, standing)| **standing != Standing::Refused)
            .flat_map(|(candidate, _)| &candidate.route.plan.targets)
            .filter(|target| target.weight > 0)
            .map(|target| target.state.shut_for(now))
            .min();
        ProxyError::NoUpstream {
            retry_after: closed_for.unwrap_or_default(),
        }
    }

    /// What the client hears when the last attempt failed: a route that was full would have stood in, and may the next
    /// time.
    pub(super) fn failed(&self, failure: Failure) -> ProxyError {
        match self.full.clone() {
            Some((limit, whose)) => ProxyError::overloaded(&self.app.config.proxy, limit, whose),
            None => failure.into(),
        }
    }

    /// Whether a further round would find anybody within reach: nobody waits for nothing.
    fn may_go_around(&self, reach: Reach) -> bool {
        let now = Instant::now();
        let mut tried = self.tried.iter().filter(|target| !self.hopeless.contains(target));
        tried.any(|(route, target)| {
            let route = &self.admission.candidates.candidates()[*route].route;
            reach.lets(&route.plan.targets[*target].state, now)
        })
    }

    /// The first route, from this one on, that the request may use and that has a target within reach.
    async fn find(&mut self, from: usize, reach: Reach, exchange: &mut Exchange) -> Option<Pick> {
        for index in from..self.admission.candidates.candidates().len() {
            if !self.has_target(index, reach) || !self.is_open_to_us(index, exchange).await {
                continue;
            }
            if let Some(pick) = self.settle(index, reach, exchange) {
                return Some(pick);
            }
        }
        None
    }

    /// As [`Self::find`], of the routes that have no place for the request at once: it waits in the first one's line.
    async fn find_in_line(&mut self, reach: Reach, exchange: &mut Exchange) -> Option<Pick> {
        let indexes = 0..self.standing.len();
        let mut full = indexes.filter(|index| self.standing[*index] == Standing::Full);
        let index = full.find(|index| self.has_target(*index, reach))?;
        self.wait_for_place(index, exchange).await;
        if self.standing[index] != Standing::Ours {
            return None;
        }
        self.settle(index, reach, exchange)
    }

    /// A target of a route that the request may use. A first attempt goes by the weights alone; after a failure those
    /// that are well come first.
    fn settle(&mut self, index: usize, reach: Reach, exchange: &mut Exchange) -> Option<Pick> {
        // Whatever was waited for: more of the body may have been read since than is kept.
        if !self.admission.accepted.body.can_replay() {
            return None;
        }
        let is_first = self.tried.is_empty() && self.rounds == 0;
        let well = if is_first { None } else { self.pick(index, Reach::Well) };
        let pick = well.or_else(|| self.pick(index, reach))?;
        if self.route != index {
            self.route = index;
            exchange.routed(self.candidate());
        }
        self.tried.push((index, pick.target));
        Some(pick)
    }

    fn has_target(&self, route: usize, reach: Reach) -> bool {
        let now = Instant::now();
        let targets = &self.admission.candidates.candidates()[route].route.plan.targets;
        targets
            .iter()
            .enumerate()
            .any(|(index, target)| target.weight > 0 && !self.is_done((route, index)) && reach.lets(&target.state, now))
    }

    fn pick(&self, route: usize, reach: Reach) -> Option<Pick> {
        let now = Instant::now();
        let plan = &self.admission.candidates.candidates()[route].route.plan;
        let targets = &plan.targets;
        let mut missed: SmallVec<[usize; 4]> = SmallVec::new();
        loop {
            let open = |index: usize| {
                !self.is_done((route, index)) && !missed.contains(&index) && reach.lets(&targets[index].state, now)
            };
            let draw = self.admission.draw(now);
            let target = plan.balancer.pick(targets, open, draw)?;
            let state = &targets[target].state;
            let slot = match reach {
                Reach::Well | Reach::InRotation => state.begin(now),
                Reach::Unhealthy | Reach::Anyone => state.begin_anyway(now),
            };
            match slot {
                Some(slot) => {
                    let is_free = self.rounds == 0 && Reach::Well.lets(state, now);
                    return Some(Pick { target, slot, is_free });
                }
                // Another request was faster to be its circuit's trial.
                None => missed.push(target),
            }
        }
    }
}
