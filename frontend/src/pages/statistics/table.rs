//! The numbers as a table that is sorted by any of its columns, and the links that export it as it stands.

use leptos::prelude::*;

use super::StatisticsState;
use super::grid::{Grid, GridRow, Order};
use crate::components::search_box::SelectFilter;
use crate::components::sorting::{SortButton, aria_sort};
use crate::components::tabs::Tabs;
use crate::locales::statistics as t;
use crate::state::reactive;

/// The tables: a row for each group, or for each bucket.
#[component]
pub fn Numbers(state: StatisticsState) -> impl IntoView {
    let chosen = RwSignal::new(usize::from(state.table.get_untracked().as_deref() == Some("time")));
    reactive::on_change(
        move || chosen.get(),
        move |chosen| {
            // Columns differ: an order of the one makes no sense in the other.
            let table = if *chosen == 1 { "time" } else { "" };
            state
                .address
                .filter_all(vec![("table", table.to_owned()), ("sort", String::new())]);
        },
    );
    view! {
        <section class="card">
            <div class="card-head">
                <h2>{t::numbers()}</h2>
                <Exports state />
            </div>
            <div class="card-body">
                <Tabs
                    label=t::numbers()
                    names=vec![t::by_group(), t::by_time()]
                    chosen
                    panel=move |_| view! { <GridTable state /> }
                />
            </div>
        </section>
    }
}

#[component]
fn Exports(state: StatisticsState) -> impl IntoView {
    let file = |kind: &str, text: String| {
        format!(
            "data:{kind};charset=utf-8,{}",
            String::from(js_sys::encode_uri_component(&text))
        )
    };
    let name = move |ending: &str| {
        let by = state.by.get().map_or("all", |by| by.as_str());
        format!("fastgate-{by}-{}.{ending}", state.range.get().key)
    };
    view! {
        <div class="row">
            <a
                class="button button-small"
                download=move || name("csv")
                href=move || file("text/csv", state.grid.with(Grid::csv))
            >
                {t::export_csv()}
            </a>
            <a
                class="button button-small"
                download=move || name("json")
                href=move || file("application/json", state.grid.with(Grid::json))
            >
                {t::export_json()}
            </a>
        </div>
    }
}

#[component]
fn GridTable(state: StatisticsState) -> impl IntoView {
    let grid = state.grid;
    let head = move || {
        let names = grid.with(|grid| {
            let first = (None, grid.head.0.to_owned());
            let columns = grid.columns.iter().enumerate();
            let columns = columns.map(|(at, column)| (Some(at), column.word.clone()));
            std::iter::once(first).chain(columns).collect::<Vec<_>>()
        });
        names
            .into_iter()
            .map(|(at, word)| head_cell(state, at, word))
            .collect_view()
    };
    let body = move || grid.with(|grid| grid.rows.iter().map(|row| body_row(grid, row)).collect_view());
    view! {
        <SortSelect state />
        <div class="scroll-x" tabindex="0" role="region" aria-label=t::numbers()>
            <table class="table numbers" role="table">
                <thead>
                    <tr>{head}</tr>
                </thead>
                <tbody>{body}</tbody>
            </table>
        </div>
    }
}

/// A column's head: a press sorts by it, the highest first; another one turns the order.
fn head_cell(state: StatisticsState, at: Option<usize>, word: String) -> impl IntoView {
    let order = state.order;
    let next = move || {
        let (column, descending) = order.get_untracked();
        if column == at {
            (at, !descending)
        } else {
            (at, at.is_some())
        }
    };
    let sorted = reactive::derived(move || {
        let (column, descending) = order.get();
        (column == at).then_some(descending)
    });
    view! {
        <th scope="col" class:num=at.is_some() aria-sort=move || aria_sort(sorted.get())>
            <SortButton word descending=sorted on_press=move |()| set_order(state, next()) />
        </th>
    }
}

fn body_row(grid: &Grid, row: &GridRow) -> impl IntoView + use<> {
    let cell = |(column, value): (&super::grid::GridColumn, &f64)| {
        view! {
            <td class="num" data-label=column.word.clone()>
                {column.unit.show(*value)}
            </td>
        }
    };
    let cells = grid.columns.iter().zip(&row.values).map(cell).collect_view();
    let name = row.word.clone();
    let name = match row.link.clone() {
        Some(link) => view! { <a class="cell-title" href=link>{name}</a> }.into_any(),
        None => view! { <span class="cell-title">{name}</span> }.into_any(),
    };
    view! {
        <tr class:total-row=row.total>
            <th scope="row" class="title" title=row.word.clone()>
                {name}
            </th>
            {cells}
        </tr>
    }
}

/// Where rows are cards, their heads cannot be pressed.
#[component]
fn SortSelect(state: StatisticsState) -> impl IntoView {
    let choices = reactive::derived(move || {
        state.grid.with(|grid| {
            let first = (write_order((None, false)), grid.head.0.to_owned());
            let columns = grid.columns.iter().enumerate();
            let columns = columns.map(|(at, column)| (write_order((Some(at), true)), column.word.clone()));
            std::iter::once(first).chain(columns).collect::<Vec<_>>()
        })
    });
    view! {
        <div class="sort-select">
            <SelectFilter
                label=t::sort_by()
                value=reactive::derived(move || write_order(state.order.get()))
                choices
                on_choose=move |chosen: String| set_order(state, read_order(&chosen))
            />
        </div>
    }
}

fn set_order(state: StatisticsState, order: Order) {
    state.address.filter("sort", Some(write_order(order)));
}

/// `0` of a column, `name` of the names; with a `-` before when the highest comes first.
fn write_order((column, descending): Order) -> String {
    let column = column.map_or_else(|| "name".to_owned(), |at| at.to_string());
    format!("{}{column}", if descending { "-" } else { "" })
}

/// See [`write_order`].
pub fn read_order(text: &str) -> Order {
    let column = text.trim_start_matches('-');
    (column.parse().ok(), text.starts_with('-'))
}
