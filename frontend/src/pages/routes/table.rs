//! The list of routes, in matching order.

use std::sync::Arc;

use fastgate_shared::admin_token::Role;
use fastgate_shared::route::matching::methods;
use fastgate_shared::route::{Route, RouteAuth, RouteDefinition};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::reorder::PlaceCell;
use super::traffic::{Figure, HitsCell};
use super::upstreams::Upstreams;
use super::{Placed, RoutesState};
use crate::api;
use crate::components::badge::{Badge, Tone};
use crate::components::button::IconButton;
use crate::components::data_table::{Column, DataTable, RowRules};
use crate::components::icon::Glyph;
use crate::components::row_link::RowLink;
use crate::components::sorting::Sorting;
use crate::components::switch::Switch;
use crate::locales::{common, routes as t, upstreams};
use crate::state::toasts::Toasts;

#[component]
pub fn RoutesTable(state: RoutesState, rows: Signal<Vec<Arc<Placed>>>) -> impl IntoView {
    let columns = vec![
        Column::new(t::col_order(), "num fit", move |row: &Placed| {
            let (route_id, name) = (row.route.route_id.clone(), row.route.definition.route_name.clone());
            view! { <PlaceCell state place=row.place route_id name /> }
        })
        .sorted("order"),
        Column::new(t::col_priority(), "num fit if-wide", |row: &Placed| {
            row.route.definition.priority
        })
        .sorted("priority"),
        Column::new(t::col_route(), "wide title", move |row: &Placed| {
            title_cell(state, &row.route)
        })
        .sorted("name"),
        Column::new(t::col_match(), "wide", |row: &Placed| match_cell(&row.route.definition)).sorted("match"),
        Column::new(t::col_target(), "wide brief if-roomy", |row: &Placed| {
            target_cell(&row.route.definition)
        })
        .sorted("target"),
        Column::new(upstreams::col_upstreams(), "fit", move |row: &Placed| {
            let (id, name) = (row.route.route_id.clone(), row.route.definition.route_name.clone());
            view! { <Upstreams state route_id=id route_name=name /> }
        })
        .highest_first("upstreams"),
        figure_column(state, t::col_hits(), "num if-wide", Figure::Requests),
        figure_column(state, t::col_errors(), "num if-wide", Figure::Errors),
        figure_column(state, t::col_p95(), "num if-wide", Figure::P95),
        Column::new(common::status(), "keep", move |row: &Placed| {
            status_cell(state, &row.route)
        })
        .sorted("status"),
        Column::actions(move |row: &Placed| actions_cell(state, &row.route)),
    ];
    let rules = RowRules {
        id: |row: &Placed| row.route.route_id.clone(),
        dim: |row: &Placed| !row.route.definition.is_active,
        open: Some(Callback::new(move |route_id: String| {
            state.address.open("edit", route_id)
        })),
        selected: state.address.param("edit").into(),
        sorting: Some(Sorting::of(state.address)),
    };
    view! { <DataTable caption=t::title() columns rows rules /> }
}

fn figure_column(state: RoutesState, label: &'static str, class: &'static str, figure: Figure) -> Column<Placed> {
    Column::new(label, class, move |row: &Placed| {
        let (route_id, name) = (row.route.route_id.clone(), row.route.definition.route_name.clone());
        view! { <HitsCell state route_id name figure /> }
    })
    .highest_first(figure.name())
}

fn title_cell(state: RoutesState, route: &Route) -> impl IntoView + use<> {
    let open = move |route_id: String| state.address.open("edit", route_id);
    let name = route.definition.route_name.clone();
    let description = route.definition.description.clone().filter(|text| !text.is_empty());
    view! {
        <RowLink page="/routes" param="edit" id=route.route_id.clone() on_open=open title=name.clone()>
            {name}
        </RowLink>
        {description.map(|text| {
            let title = text.clone();
            view! { <span class="cell-sub route-description" title=title>{text}</span> }
        })}
    }
}

fn match_cell(route: &RouteDefinition) -> impl IntoView + use<> {
    let methods = methods(&route.match_method).unwrap_or_default();
    let methods = if methods.is_empty() {
        t::any_method().to_owned()
    } else {
        methods.join(", ")
    };
    let headers = route.match_headers.len();
    let body = route.match_body_schema.as_ref().is_some_and(|schema| !schema.is_null());
    view! {
        <span class="row route-match">
            <span class="method">{methods}</span>
            <code title=route.match_path.clone()>{route.match_path.clone()}</code>
            {(headers > 0).then(|| {
                let rules = if headers == 1 { t::header_rule().to_owned() } else { t::header_rules(headers) };
                view! { <span class="tag">{rules}</span> }
            })}
            {body.then(|| view! { <span class="tag">{t::body_rule()}</span> })}
            {(route.auth == RouteAuth::None).then(|| view! { <Badge tone=Tone::Warn word=t::open_route() /> })}
        </span>
    }
}

fn target_cell(route: &RouteDefinition) -> impl IntoView + use<> {
    let host = match route.targets.as_slice() {
        [] => route.target_host.clone(),
        [one] => one.host.clone(),
        several => t::targets_n(several.len()),
    };
    let hosts = match route.targets.as_slice() {
        [] => route.target_host.clone(),
        several => several
            .iter()
            .map(|target| target.host.as_str())
            .collect::<Vec<_>>()
            .join(", "),
    };
    let path = if route.target_path.is_empty() {
        view! { <span class="cell-sub">{t::client_path()}</span> }.into_any()
    } else {
        view! { <span class="cell-sub mono">{route.target_path.clone()}</span> }.into_any()
    };
    view! {
        <code title=hosts>
            <span class="muted">{format!("{}://", route.target_protocol.as_str())}</span>
            {host}
        </code>
        {path}
    }
}

fn status_cell(state: RoutesState, route: &Route) -> impl IntoView + use<> {
    let checked = route.definition.is_active;
    let route_id = route.route_id.clone();
    let name = route.definition.route_name.clone();
    let label = t::active_switch(&name);
    view! {
        <Switch needs=Role::Operator
            checked=Signal::stored(checked)
            label
            on=common::active()
            off=common::inactive()
            on_change=move |active| set_active(state, route_id.clone(), name.clone(), active)
        />
    }
}

fn actions_cell(state: RoutesState, route: &Route) -> impl IntoView + use<> {
    let name = route.definition.route_name.clone();
    let open = |param: &'static str| {
        let route_id = route.route_id.clone();
        move |()| state.address.open(param, route_id.clone())
    };
    let (copied, to_delete) = (route.route_id.clone(), route.clone());
    view! {
        <span class="cell-actions">
            <IconButton needs=Role::Operator glyph=Glyph::Send label=t::test_route(&name) on_press=open("test") />
            <IconButton needs=Role::Operator glyph=Glyph::Edit label=t::edit_route(&name) on_press=open("edit") />
            <IconButton needs=Role::Operator
                glyph=Glyph::Duplicate
                label=t::duplicate_route(&name)
                on_press=move |()| state.address.open_all(&[("new", "1"), ("from", &copied)])
            />
            <IconButton needs=Role::Operator
                glyph=Glyph::Trash
                danger=true
                label=t::delete_route(&name)
                on_press=move |()| state.to_delete.set(Some(to_delete.clone()))
            />
        </span>
    }
}

// Shown at once; taken back when the server refuses.
fn set_active(state: RoutesState, route_id: String, name: String, active: bool) {
    let toasts = Toasts::get();
    let show = {
        let route_id = route_id.clone();
        move |active| {
            state.routes.data.update(|routes| {
                if let Some(route) = routes.iter_mut().flatten().find(|route| route.route_id == route_id) {
                    route.definition.is_active = active;
                }
            });
        }
    };
    show(active);
    spawn_local(async move {
        match api::routes::set_active(&route_id, active).await {
            Ok(_) => {
                toasts.say(if active { t::enabled(&name) } else { t::disabled(&name) });
                state.upstreams.reload();
            }
            Err(problem) => {
                show(!active);
                toasts.fail(&problem);
                // Its row is of a route that somebody else deleted.
                if problem.status == 404 {
                    state.reload();
                }
            }
        }
    });
}
