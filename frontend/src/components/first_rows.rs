//! Long lists show their first rows until the reader asks for more: what a browser must lay out grows with the rows, and
//! nobody reads a thousand of them. Search and filters look at all.

use std::sync::Arc;

use leptos::prelude::*;

use crate::components::button::Button;
use crate::components::data_table::rows_of_window;
use crate::format;
use crate::locales::common as t;
use crate::state::reactive;

/// Rows that are shown at first, and how many more each press shows.
pub const STEP: usize = 50;

/// The first rows, and what stands below the table: how many there are, and buttons for more of them.
pub fn first_rows<T: Send + Sync + 'static>(rows: Signal<Vec<Arc<T>>>) -> (Signal<Vec<Arc<T>>>, AnyView) {
    first(rows, STEP, |_| false, Some("status"))
}

/// As [`first_rows`], of a list that changes all the time: at first as many as a window shows and those that `stay`, and how
/// many there are is not told aloud.
pub fn newest_rows<T: Send + Sync + 'static>(
    rows: Signal<Vec<Arc<T>>>,
    stay: fn(&T) -> bool,
) -> (Signal<Vec<Arc<T>>>, AnyView) {
    first(rows, rows_of_window(), stay, None)
}

fn first<T: Send + Sync + 'static>(
    rows: Signal<Vec<Arc<T>>>,
    first: usize,
    stay: fn(&T) -> bool,
    role: Option<&'static str>,
) -> (Signal<Vec<Arc<T>>>, AnyView) {
    let most = RwSignal::new(first);
    let shown = reactive::derived(move || {
        let most = most.get();
        let shows = |(at, row): &(usize, &Arc<T>)| *at < most || stay(row);
        rows.with(|rows| {
            rows.iter()
                .enumerate()
                .filter(shows)
                .map(|(_, row)| Arc::clone(row))
                .collect()
        })
    });
    let all = reactive::memo(move |_| rows.with(Vec::len));
    (shown, foot(all, most, role))
}

fn foot(all: Memo<usize>, most: RwSignal<usize>, role: Option<&'static str>) -> AnyView {
    let count = |n: usize| format::count(u64::try_from(n).unwrap_or(u64::MAX));
    let hides_some = reactive::memo(move |_| all.get() > most.get());
    let buttons = move || {
        hides_some.get().then(|| {
            view! {
                <div class="list-foot">
                    <span class="muted" role=role>
                        {move || t::first_of(&count(most.get()), &count(all.get()))}
                    </span>
                    <Button on_press=move |()| most.update(|most| *most += STEP)>{t::more_rows(STEP)}</Button>
                    <Button on_press=move |()| most.set(usize::MAX)>{t::all_rows()}</Button>
                </div>
            }
        })
    };
    buttons.into_any()
}
