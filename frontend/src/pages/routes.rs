//! Routes: in matching order, with form, send test, test match.

mod access;
mod content;
mod draft;
mod fields;
mod form;
mod import;
mod json_view;
mod match_test;
mod reorder;
mod resilience;
mod send_test;
mod sharing;
mod table;
pub mod targets;
mod tls;
mod traffic;
mod upstreams;

pub use upstreams::{looks, reason};

use std::sync::Arc;

use fastgate_shared::admin_token::Role;
use fastgate_shared::route::Route;
use fastgate_shared::upstream::UpstreamStatus;
use leptos::prelude::*;

use crate::api;
use crate::api::changes::EXPORT;
use crate::components::button::{Button, Weight};
use crate::components::first_rows::{STEP, first_rows};
use crate::components::icon::Glyph;
use crate::components::loaded::{EmptyState, Loaded, TableSkeleton};
use crate::components::page_head::PageHead;
use crate::components::search_box::{SearchBox, SelectFilter};
use crate::components::sorting::{By, Sorting};
use crate::format::lower;
use crate::locales::{changes, common, routes as t};
use crate::pages::deletion::{DeleteQuestion, Doomed};
use crate::pages::routes::form::{EditRoute, RouteForm};
use crate::pages::routes::import::ImportDialog;
use crate::pages::routes::match_test::MatchTest;
use crate::pages::routes::send_test::SendTest;
use crate::pages::routes::table::RoutesTable;
use crate::pages::routes::traffic::{Figure, Traffic, traffic};
use crate::state::address::Address;
use crate::state::query::Query;
use crate::state::reactive;

/// What the parts of the page share.
#[derive(Clone, Copy)]
struct RoutesState {
    address: Address,
    routes: Query<Vec<Route>>,
    /// How the targets are, route by route.
    upstreams: Query<Vec<UpstreamStatus>>,
    /// What came through the routes.
    traffic: Query<Arc<Traffic>>,
    to_delete: RwSignal<Option<Route>>,
    /// A route is being moved.
    moving: RwSignal<bool>,
}

/// A route and its place in the matching order, from 1.
#[derive(Clone, PartialEq)]
struct Placed {
    place: usize,
    route: Route,
}

impl RoutesState {
    /// After a change: the routes, and the targets that came or went with it.
    fn reload(self) {
        self.routes.reload();
        self.upstreams.reload();
    }

    fn filtered(self) -> Signal<Vec<Arc<Placed>>> {
        let search = self.address.param("q");
        let status = self.address.param("status");
        let filtered = move |_: Option<&Vec<Arc<Placed>>>| {
            let search = lower(&search.get().unwrap_or_default());
            let wanted = status.get().map(|status| status == "active");
            let fits = |route: &Route| {
                has_text(route, &search) && wanted.is_none_or(|active| route.definition.is_active == active)
            };
            self.routes.data.with(|routes| {
                let placed = routes.iter().flatten().zip(1..).filter(|(route, _)| fits(route));
                placed
                    .map(|(route, place)| {
                        Arc::new(Placed {
                            place,
                            route: route.clone(),
                        })
                    })
                    .collect()
            })
        };
        // Worked out once for all who read it; each row compares itself.
        let filtered = reactive::memo_with_compare(filtered, |_, _| true);
        Sorting::of(self.address).rows(filtered.into(), move |column, row| self.sorted_by(column, row))
    }

    /// What a route is sorted by in a column.
    fn sorted_by(self, column: &str, row: &Placed) -> By {
        let definition = &row.route.definition;
        let text = |text: &str| By::Text(lower(text));
        #[expect(clippy::cast_precision_loss, reason = "to be compared")]
        let place = row.place as f64;
        match column {
            "order" => By::Number(place),
            "priority" => By::Number(definition.priority.into()),
            "name" => text(&definition.route_name),
            "match" => text(&definition.match_path),
            "target" => text(
                definition
                    .targets
                    .first()
                    .map_or(&definition.target_host, |target| &target.host),
            ),
            "status" => By::Number(f64::from(u8::from(!definition.is_active))),
            "upstreams" => self.upstreams.data.with(|all| {
                let all = all.iter().flatten();
                upstreams::trouble(all.filter(|target| target.route_id == row.route.route_id))
            }),
            figure => By::number(self.traffic.data.with(|traffic| {
                let hits = traffic.as_ref()?.of(&row.route.route_id)?;
                Figure::named(figure)?.number(hits)
            })),
        }
    }

    fn find(self, route_id: &str) -> Option<Route> {
        self.routes.data.with_untracked(|routes| {
            routes
                .iter()
                .flatten()
                .find(|route| route.route_id == route_id)
                .cloned()
        })
    }
}

/// The page.
#[component]
pub fn RoutesPage() -> impl IntoView {
    let routes = Query::of_rows(STEP, api::routes::rows);
    let listed = move || routes.data.with(Option::is_some);
    let state = RoutesState {
        address: Address::get(),
        routes,
        upstreams: Query::after(listed, api::upstreams::list).poll(5_000),
        traffic: Query::after(listed, traffic).poll(30_000),
        to_delete: RwSignal::new(None),
        moving: RwSignal::new(false),
    };
    view! {
        <PageHead title=t::title() lead=t::lead()>
            <Button glyph=Glyph::Search on_press=move |()| state.address.open("match", "1")>
                {t::test_match()}
            </Button>
            <Button needs=Role::Operator on_press=move |()| state.address.open("import", "1")>{changes::import()}</Button>
            <a class="button" href=EXPORT download="fastgate.yaml" rel="external">
                {changes::export()}
            </a>
            <Button needs=Role::Operator
                weight=Weight::Primary
                glyph=Glyph::Plus
                primary_action=true
                on_press=move |()| state.address.open("new", "1")
            >
                {t::new()}
            </Button>
        </PageHead>
        <Toolbar address=state.address />
        <section class="card" aria-busy=move || state.routes.loading.get().to_string()>
            <Loaded query=state.routes skeleton=|| view! { <TableSkeleton /> }>
                <RoutesList state />
            </Loaded>
        </section>
        <Dialogs state />
    }
}

#[component]
fn Toolbar(address: Address) -> impl IntoView {
    let search = address.param("q");
    let status = address.param("status");
    let choices = vec![
        (String::new(), common::all().to_owned()),
        ("active".to_owned(), common::active().to_owned()),
        ("inactive".to_owned(), common::inactive().to_owned()),
    ];
    view! {
        <div class="toolbar">
            <SearchBox
                label=t::search()
                value=reactive::derived(move || search.get().unwrap_or_default())
                on_search=move |text| address.filter("q", Some(text))
            />
            <SelectFilter
                label=t::status_filter()
                value=reactive::derived(move || status.get().unwrap_or_default())
                choices
                on_choose=move |status| address.filter("status", Some(status))
            />
        </div>
    }
}

#[component]
fn RoutesList(state: RoutesState) -> impl IntoView {
    let rows = state.filtered();
    let none_at_all = reactive::memo(move |_| {
        state
            .routes
            .data
            .with(|routes| routes.as_ref().is_some_and(Vec::is_empty))
    });
    let none_shown = reactive::memo(move |_| rows.with(Vec::is_empty));
    move || {
        match (none_at_all.get(), none_shown.get()) {
        (true, _) => view! {
            <EmptyState glyph=Glyph::Route sentence=t::empty()>
                <Button needs=Role::Operator weight=Weight::Primary glyph=Glyph::Plus on_press=move |()| state.address.open("new", "1")>
                    {t::create()}
                </Button>
            </EmptyState>
        }
        .into_any(),
        (false, true) => view! {
            <EmptyState glyph=Glyph::Filter sentence=common::nothing_matches()>
                <Button on_press=move |()| state.address.close(&["q", "status"])>{common::clear_filters()}</Button>
            </EmptyState>
        }
        .into_any(),
        (false, false) => {
            let (rows, foot) = first_rows(rows);
            view! {
                <RoutesTable state rows />
                {foot}
            }
            .into_any()
        }
    }
    }
}

#[component]
fn Dialogs(state: RoutesState) -> impl IntoView {
    let address = state.address;
    let opens = |name| address.opens(name, Role::Operator);
    let (new, importing, sends) = (opens("new"), opens("import"), opens("test"));
    let (copied, edit, test) = (address.param("from"), address.param("edit"), address.param("test"));
    let matching = address.has("match");
    // Changes with the address only, so that a refresh of the list does not rebuild an open form.
    let loaded = reactive::memo(move |_| state.routes.data.with(Option::is_some));
    let named = move |param: Memo<Option<String>>| param.get().filter(|_| loaded.get()).and_then(|id| state.find(&id));
    let create = move || {
        // A copy waits for the route that it copies.
        let ready = copied.get().is_none() || loaded.get();
        (new.get() && ready).then(|| view! { <RouteForm state before=None model=named(copied) /> })
    };
    view! {
        {create}
        {move || edit.get().map(|route_id| view! { <EditRoute state route_id /> })}
        {move || importing.get().then(|| view! { <ImportDialog state /> })}
        {move || named(test).filter(|_| sends.get()).map(|route| view! { <SendTest state route /> })}
        {move || matching.get().then(|| view! { <MatchTest address /> })}
        {move || state.to_delete.get().map(|route| view! { <DeleteRoute state route /> })}
    }
}

#[component]
fn DeleteRoute(state: RoutesState, route: Route) -> impl IntoView {
    let consequence = t::delete_text(&route.definition.route_name, &route.definition.match_path);
    let doomed = Doomed {
        url: api::routes::url(&route.route_id),
        seen: api::value_of(&route),
        gone: t::deleted(&route.definition.route_name),
    };
    let end = move |()| {
        state.to_delete.set(None);
        state.reload();
    };
    view! { <DeleteQuestion title=t::delete_title() consequence action=common::delete() doomed on_end=end /> }
}

fn has_text(route: &Route, search: &str) -> bool {
    let definition = &route.definition;
    let hosts = definition.targets.iter().map(|target| target.host.as_str());
    let texts = [
        definition.route_name.as_str(),
        &definition.match_path,
        &definition.target_host,
        &route.route_id,
    ];
    search.is_empty() || texts.into_iter().chain(hosts).any(|text| lower(text).contains(search))
}
