//! Whether a key may have what it asks for, before anything is sent: judged as the proxy judges it.

use super::Circumstances;
use super::transforms::values;
use crate::permissions::{Lack, PermissionRequest, Permissions};
use crate::routing::{Asked, CompiledRoute, RouteTable};
use fastgate_shared::route::MatchVerdict;
use std::net::IpAddr;
use std::sync::Arc;

/// What a key lacks for the route that wins; `None` where it may use that one, or one that shares with it, and where no
/// route wins.
#[must_use]
pub fn lack(
    table: &RouteTable,
    verdicts: &[MatchVerdict],
    asked: &Asked<'_>,
    with: &Circumstances<'_>,
    (permissions, model): (&Permissions, Option<&str>),
) -> Option<Lack> {
    let matched = || matched(table, verdicts);
    let winner = matched().next()?;
    let on = |route: &CompiledRoute| {
        let captures = route.matcher.captures(asked.path, asked.raw_path);
        let path = &route.plan.path;
        let path = path.path_and_query(asked.raw_path, None, &values(&captures, with));
        permissions.lack(&PermissionRequest {
            upstream_path: path.split('?').next().unwrap_or_default(),
            client_path: asked.path,
            route_id: &route.id,
            route_name: &route.name,
            model,
        })
    };
    let alike = matched().filter(|route| winner.is_like(route));
    let lacks: Option<Vec<Lack>> = alike.map(|route| on(route)).collect();
    lacks?.into_iter().next()
}

/// The name of the route that wins, where it takes no requests from this address.
#[must_use]
pub fn shut_out<'t>(table: &'t RouteTable, verdicts: &[MatchVerdict], client: IpAddr) -> Option<&'t str> {
    let winner = matched(table, verdicts).next()?;
    (!winner.lets_in(client)).then_some(&winner.name)
}

fn matched<'t>(table: &'t RouteTable, verdicts: &[MatchVerdict]) -> impl Iterator<Item = &'t Arc<CompiledRoute>> {
    let judged = table.all_in_order().iter().zip(verdicts);
    judged.filter(|(_, verdict)| verdict.matched).map(|(route, _)| route)
}
