//! The order of a list's rows as the heads of its columns choose it. It is kept in the address: `sort=name`, or `sort=-used`
//! where the highest comes first.

use std::sync::Arc;

use leptos::prelude::*;

use crate::order;
use crate::state::address::Address;
use crate::state::reactive;

/// What a row is sorted by in a column.
#[derive(Clone, Debug, PartialEq)]
pub enum By {
    Text(String),
    Number(f64),
    /// There is nothing: it comes last, whatever the order.
    Nothing,
}

impl By {
    /// By a number where there is one.
    pub fn number(number: Option<f64>) -> Self {
        number.map_or(Self::Nothing, Self::Number)
    }
}

/// The order of a list.
#[derive(Clone, Copy)]
pub struct Sorting {
    address: Address,
    chosen: Memo<Option<String>>,
}

/// A column that can be sorted by: its name in the address, and whether the highest comes first at first.
pub type Sorted = (&'static str, bool);

impl Sorting {
    /// As the address says.
    pub fn of(address: Address) -> Self {
        let chosen = address.param("sort");
        Self { address, chosen }
    }

    /// The column, and whether its highest comes first; none while the list is in its own order.
    fn chosen(self) -> Option<(String, bool)> {
        let chosen = self.chosen.get()?;
        let column = chosen.trim_start_matches('-').to_owned();
        Some((column, chosen.starts_with('-')))
    }

    /// Whether the highest comes first, if this is the column.
    fn descending(self, column: &str) -> Option<bool> {
        self.chosen()
            .filter(|(chosen, _)| chosen == column)
            .map(|(_, highest)| highest)
    }

    /// By this column; then the other way round; then in the list's own order.
    fn turn(self, (column, highest_first): Sorted) {
        let next = match untrack(|| self.descending(column)) {
            None => Some(highest_first),
            Some(highest) if highest == highest_first => Some(!highest_first),
            Some(_) => None,
        };
        let told = next.map(|highest| format!("{}{column}", if highest { "-" } else { "" }));
        self.address.filter("sort", told);
    }

    /// The rows in this order.
    pub fn rows<T: Send + Sync + 'static>(
        self,
        rows: Signal<Vec<Arc<T>>>,
        by: impl Fn(&str, &T) -> By + Send + Sync + 'static,
    ) -> Signal<Vec<Arc<T>>> {
        let sorted = move |_: Option<&Vec<Arc<T>>>| {
            let rows = rows.get();
            let Some((column, highest)) = self.chosen() else {
                return rows;
            };
            let values = rows.iter().map(|row| by(&column, row)).collect();
            places(values, highest)
                .into_iter()
                .map(|at| Arc::clone(&rows[at]))
                .collect()
        };
        // Not compared as a whole: each row compares itself.
        reactive::memo_with_compare(sorted, |_, _| true).into()
    }
}

// Not generic, so that it is in the WASM file once.
#[inline(never)]
fn places(values: Vec<By>, highest_first: bool) -> Vec<usize> {
    use std::cmp::Ordering;
    let turned = |order: Ordering| if highest_first { order.reverse() } else { order };
    order::places(values.len(), &|one, other| match (&values[one], &values[other]) {
        (By::Nothing, By::Nothing) => Ordering::Equal,
        (By::Nothing, _) => Ordering::Greater,
        (_, By::Nothing) => Ordering::Less,
        (By::Number(one), By::Number(other)) => turned(one.total_cmp(other)),
        (By::Text(one), By::Text(other)) => turned(one.cmp(other)),
        // A column has one kind.
        (By::Number(_), By::Text(_)) | (By::Text(_), By::Number(_)) => Ordering::Equal,
    })
}

/// What stands in the head of a column that can be sorted by. `descending` is none while another column, or none, orders the rows.
#[component]
pub fn SortButton(
    #[prop(into)] word: String,
    #[prop(into)] descending: Signal<Option<bool>>,
    #[prop(into)] on_press: Callback<()>,
) -> impl IntoView {
    let mark = move || match descending.get() {
        Some(true) => "▼",
        Some(false) => "▲",
        None => "",
    };
    view! {
        <button type="button" class="sort-button" on:click=move |_| on_press.run(())>
            {word}
            <span class="sort-mark" aria-hidden="true">
                {mark}
            </span>
        </button>
    }
}

/// The value of `aria-sort`.
pub fn aria_sort(descending: Option<bool>) -> Option<&'static str> {
    descending.map(|descending| if descending { "descending" } else { "ascending" })
}

/// The head of a column.
pub fn head(sorting: Sorting, label: &'static str, class: &'static str, column: Sorted) -> AnyView {
    let descending = reactive::derived(move || sorting.descending(column.0));
    view! {
        <th role="columnheader" scope="col" class=class aria-sort=move || aria_sort(descending.get())>
            <SortButton word=label descending on_press=move |()| sorting.turn(column) />
        </th>
    }
    .into_any()
}
