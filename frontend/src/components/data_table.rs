//! The table that every list uses. Rows keep their elements (and the focus in them) when their data changes; on narrow
//! screens the style sheet shows each row as a card, which is why the roles are spelled out.

use std::any::Any;
use std::sync::Arc;

use fastgate_shared::admin_token::Role;
use leptos::ev;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;

use crate::components::sorting::{Sorted, Sorting, head};
use crate::components::{keyed, row_focus};
use crate::locales::common as t;
use crate::order::Named;
use crate::state::session::Session;
use crate::state::{clock, reactive};

/// So much of a window's height goes to each row, CSS pixels: a row has 36 or more, and above the table are heads and filters.
const ROW_HEIGHT: f64 = 50.0;
/// Rows that are built at once, whatever the screen.
const AT_ONCE: (f64, f64) = (10.0, 60.0);

/// Classes of columns that make a second line of the row where the room is narrow (`style/components/table.css`).
const SECOND_LINE: [&str; 2] = ["if-roomy", "if-wide"];

/// What a row is made of, whatever it is: the table itself is in the WASM file once for all lists.
trait Item: Send + Sync {
    fn same_as(&self, other: &dyn Item) -> bool;
    fn as_any(&self) -> &dyn Any;
}

impl<T: PartialEq + Send + Sync + 'static> Item for T {
    fn same_as(&self, other: &dyn Item) -> bool {
        other.as_any().downcast_ref() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

type AnyItem = Arc<dyn Item>;
type Cell<T> = Arc<dyn Fn(&T) -> AnyView + Send + Sync>;
type AnyCell = Arc<dyn Fn(&dyn Item) -> AnyView + Send + Sync>;
type AnyRule = Arc<dyn Fn(&dyn Item) -> bool + Send + Sync>;

/// A column: its label, the classes of its cells, and what a cell shows.
pub struct Column<T> {
    label: &'static str,
    class: &'static str,
    sorted: Option<Sorted>,
    needs: Option<Role>,
    cell: Cell<T>,
}

impl<T> Clone for Column<T> {
    fn clone(&self) -> Self {
        Self {
            label: self.label,
            class: self.class,
            sorted: self.sorted,
            needs: self.needs,
            cell: Arc::clone(&self.cell),
        }
    }
}

impl<T> Column<T> {
    /// A column.
    pub fn new<V: IntoView + 'static>(
        label: &'static str,
        class: &'static str,
        cell: impl Fn(&T) -> V + Send + Sync + 'static,
    ) -> Self {
        Self {
            label,
            class,
            sorted: None,
            needs: None,
            cell: Arc::new(move |item| cell(item).into_any()),
        }
    }

    /// Its head sorts the rows, the lowest first; `name` is the column's in the address.
    pub fn sorted(mut self, name: &'static str) -> Self {
        self.sorted = Some((name, false));
        self
    }

    /// As [`Self::sorted`], the highest first.
    pub fn highest_first(mut self, name: &'static str) -> Self {
        self.sorted = Some((name, true));
        self
    }

    /// The last column, with the buttons of a row: for operators, where nothing else is said.
    pub fn actions<V: IntoView + 'static>(cell: impl Fn(&T) -> V + Send + Sync + 'static) -> Self {
        Self::new(t::actions(), "actions-cell", cell).needs(Role::Operator)
    }

    /// Shows only to whom this role is given, as its buttons do.
    pub fn needs(mut self, role: Role) -> Self {
        self.needs = Some(role);
        self
    }
}

/// What a table needs to know about its rows.
pub struct RowRules<T> {
    /// The identity of a row.
    pub id: fn(&T) -> String,
    /// Rows that are switched off show dimmed.
    pub dim: fn(&T) -> bool,
    /// A press on a row opens it.
    pub open: Option<Callback<String>>,
    /// The row that is open.
    pub selected: Signal<Option<String>>,
    /// What the heads of columns change; the rows come in that order.
    pub sorting: Option<Sorting>,
}

impl<T> Clone for RowRules<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for RowRules<T> {}

/// A column, whatever the rows are.
#[derive(Clone)]
struct AnyColumn {
    label: &'static str,
    class: &'static str,
    sorted: Option<Sorted>,
    cell: AnyCell,
}

/// The rules, whatever the rows are.
#[derive(Clone)]
struct AnyRules {
    dim: AnyRule,
    open: Option<Callback<String>>,
    selected: Signal<Option<String>>,
    sorting: Option<Sorting>,
}

/// A table of rows.
#[component]
pub fn DataTable<T>(
    /// What the table lists, for assistive technology.
    #[prop(into)]
    caption: String,
    columns: Vec<Column<T>>,
    #[prop(into)] rows: Signal<Vec<Arc<T>>>,
    rules: RowRules<T>,
) -> impl IntoView
where
    T: PartialEq + Send + Sync + 'static,
{
    let RowRules {
        id,
        dim,
        open,
        selected,
        sorting,
    } = rules;
    let offered = columns.into_iter().filter(|column| Session::may_offer(column.needs));
    let columns = offered.map(|column| AnyColumn {
        label: column.label,
        class: column.class,
        sorted: column.sorted,
        cell: Arc::new(move |item| item.as_any().downcast_ref().map(|item| (column.cell)(item)).into_any()),
    });
    let named = move |_: Option<&Vec<(String, AnyItem)>>| {
        let named = |row: &Arc<T>| (id(row), Arc::clone(row) as AnyItem);
        rows.with(|rows| rows.iter().map(named).collect::<Vec<_>>())
    };
    let rows = reactive::memo_with_compare(named, |_, _| true).into();
    let dim: AnyRule = Arc::new(move |item| item.as_any().downcast_ref().is_some_and(dim));
    let rules = AnyRules {
        dim,
        open,
        selected,
        sorting,
    };
    table(caption, columns.collect(), rows, rules)
}

fn table(caption: String, columns: Vec<AnyColumn>, rows: Signal<Vec<(String, AnyItem)>>, rules: AnyRules) -> AnyView {
    // Not compared as a whole: each row compares itself.
    let by_id = reactive::memo_with_compare(move |_| Named::of(rows.get()), |_, _| true);
    let most = gradually(rows);
    let ids = reactive::memo(move |_| {
        let most = most.get();
        rows.with(|rows| rows.iter().take(most).map(|(id, _)| id.clone()).collect::<Vec<_>>())
    });
    let body = NodeRef::new();
    let keep_focus = row_focus::keep(body, move || by_id.track());
    let sorting = rules.sorting;
    let heads = columns.iter().map(|column| match sorting.zip(column.sorted) {
        Some((sorting, sorted)) => head(sorting, column.label, column.class, sorted),
        None => view! {
            <th role="columnheader" scope="col" class=column.class>
                {column.label}
            </th>
        }
        .into_any(),
    });
    // So many columns stay in the first line where these make a second one.
    let first_line = |second: &[&str]| {
        let stays = |column: &&AnyColumn| !column.class.split(' ').any(|class| second.contains(&class));
        columns.iter().filter(stays).count()
    };
    let (tight, roomy) = (first_line(&SECOND_LINE), first_line(&SECOND_LINE[1..]));
    let two_lines = tight < columns.len();
    let heads = heads.collect_view();
    let openable = rules.open.is_some();
    let columns: Arc<[AnyColumn]> = columns.into();
    let row = move |row_id: String| {
        let key = row_id.clone();
        let item = reactive::memo_with_compare(
            move |_| by_id.with(|by_id| by_id.get(&key).cloned()),
            |before, now| !same_row(before.and_then(Option::as_ref), now.and_then(Option::as_ref)),
        );
        table_row(Arc::clone(&columns), item, row_id, rules.clone())
    };
    view! {
        <table
            class="table"
            class:table-openable=openable
            class:table-lines=two_lines
            style=("--tight", tight.to_string())
            style=("--roomy", roomy.to_string())
            role="table"
        >
            <caption class="visually-hidden">{caption}</caption>
            <thead role="rowgroup">
                <tr role="row">{heads}</tr>
            </thead>
            <tbody role="rowgroup" node_ref=body on:focusin=keep_focus>
                {keyed::by_id(Box::new(move || ids.get()), Arc::new(row))}
            </tbody>
        </table>
    }
    .into_any()
}

/// About how many rows a window shows.
pub fn rows_of_window() -> usize {
    let height = window().inner_height().ok().and_then(|height| height.as_f64());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within bounds")]
    let rows = (height.unwrap_or_default() / ROW_HEIGHT).clamp(AT_ONCE.0, AT_ONCE.1) as usize;
    rows
}

/// How many rows are built: those that a screen has, and after each frame as many more until all are there.
fn gradually(rows: Signal<Vec<(String, AnyItem)>>) -> RwSignal<usize> {
    let at_once = rows_of_window();
    let most = RwSignal::new(at_once);
    reactive::effect(move || {
        if rows.with(Vec::len) > most.get() {
            clock::after_paint(move || {
                // The page may be gone. The browser lays the whole table out each time: the longer it is, the fewer the times.
                most.try_update(|most| *most += at_once.max(*most / 8));
            });
        }
    });
    most
}

fn table_row(columns: Arc<[AnyColumn]>, item: Memo<Option<AnyItem>>, row_id: String, rules: AnyRules) -> AnyView {
    let AnyRules {
        dim, open, selected, ..
    } = rules;
    // All of them follow the item: one effect for a row is cheaper than one for each cell.
    let cells = move || {
        let item = item.get()?;
        let cell = |column: &AnyColumn| {
            view! {
                <td role="cell" class=column.class data-label=column.label>
                    {(column.cell)(&*item)}
                </td>
            }
        };
        Some(columns.iter().map(cell).collect_view())
    };
    let selected_id = row_id.clone();
    let press = move |event: ev::MouseEvent| {
        if let Some(open) = open.filter(|_| !is_control(&event)) {
            open.run(row_id.clone());
        }
    };
    view! {
        <tr
            role="row"
            data-dim=move || item.get().is_some_and(|item| dim(&*item)).to_string()
            data-selected=move || (selected.get().as_deref() == Some(selected_id.as_str())).to_string()
            on:click=press
        >
            {cells}
        </tr>
    }
    .into_any()
}

fn same_row(before: Option<&AnyItem>, now: Option<&AnyItem>) -> bool {
    match (before, now) {
        (Some(before), Some(now)) => Arc::ptr_eq(before, now) || before.same_as(&**now),
        (None, None) => true,
        _ => false,
    }
}

// A press on a link or button in the row is its own.
fn is_control(event: &ev::MouseEvent) -> bool {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    target.is_some_and(|target| {
        matches!(
            target.closest("a, button, input, select, label, [popover]"),
            Ok(Some(_))
        )
    })
}
