//! When it is busy: the mean requests of each hour of the week, from the last four weeks, or as far back as
//! there are requests.

use fastgate_shared::metrics::HourlyBucket;
use js_sys::Date;
use leptos::prelude::*;

use crate::api;
use crate::components::loaded::Loaded;
use crate::format;
use crate::locales::statistics as t;
use crate::state::query::Query;
use crate::state::reactive;

/// Four of each weekday.
const WEEKS: u32 = 4;
const HOURS: usize = 24;

/// Requests and errors of an hour of the week.
#[derive(Clone, Copy, Default, PartialEq)]
struct Cell {
    requests: f64,
    errors: f64,
    /// How often that hour came since the first request.
    times: f64,
}

#[component]
pub fn HeatMap() -> impl IntoView {
    let hourly = Query::of_page(|| (), |()| api::metrics::hourly(WEEKS * 7 * 24));
    let cells = reactive::memo(move |_| hourly.data.with(|data| week(data.as_deref().unwrap_or_default())));
    view! {
        <section class="card">
            <div class="card-head">
                <h2>{t::heat_map()}</h2>
                <p class="heat-scale" aria-hidden="true">
                    {t::less()} <span class="heat-ramp"></span> {t::more()}
                </p>
            </div>
            <div class="card-body">
                <p class="heat-lead">{t::heat_lead()}</p>
                <Loaded query=hourly skeleton=|| view! { <span class="skeleton chart-skeleton"></span> }>
                    {move || view! { <Week cells=cells.get() /> }}
                </Loaded>
            </div>
        </section>
    }
}

#[component]
fn Week(cells: Vec<Cell>) -> impl IntoView {
    let days = [
        t::monday(),
        t::tuesday(),
        t::wednesday(),
        t::thursday(),
        t::friday(),
        t::saturday(),
        t::sunday(),
    ];
    let highest = cells
        .iter()
        .map(|cell| cell.requests)
        .fold(0.0, f64::max)
        .max(f64::MIN_POSITIVE);
    let cell = |cell: &Cell| {
        let words = if cell.times > 0.0 {
            t::heat_cell(&format::trimmed(cell.requests), &format::trimmed(cell.errors))
        } else {
            t::heat_unknown().to_owned()
        };
        // The eye takes areas for more than they are; the root evens that out.
        let heat = (cell.requests / highest).sqrt() * 100.0;
        view! {
            <td title=words.clone() style:--heat=format!("{}%", format::fixed(heat, 0))>
                <span class="visually-hidden">{words.clone()}</span>
            </td>
        }
    };
    let row = |(day, cells): (&'static str, &[Cell])| {
        view! {
            <tr>
                <th scope="row">{day}</th>
                {cells.iter().map(cell).collect_view()}
            </tr>
        }
    };
    let hour = |hour: usize| view! { <th scope="col">{format!("{hour:02}")}</th> };
    view! {
        <table class="heat">
            <thead>
                <tr>
                    <td></td>
                    {(0..HOURS).map(hour).collect_view()}
                </tr>
            </thead>
            <tbody>{days.into_iter().zip(cells.chunks(HOURS)).map(row).collect_view()}</tbody>
        </table>
    }
}

/// The mean of each hour of the week, Monday first, in the reader's time zone.
#[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
fn week(hours: &[HourlyBucket]) -> Vec<Cell> {
    let mut cells = vec![Cell::default(); 7 * HOURS];
    // Hours before the first request say nothing of how busy it is.
    for hour in hours.iter().skip_while(|hour| hour.figures.total_requests == 0) {
        let date = Date::new(&hour.hour.as_str().into());
        let day = (date.get_day() + 6) % 7;
        let at = day as usize * HOURS + date.get_hours() as usize;
        if let Some(cell) = cells.get_mut(at) {
            cell.requests += hour.figures.total_requests as f64;
            cell.errors += hour.figures.errors as f64;
            cell.times += 1.0;
        }
    }
    for cell in &mut cells {
        cell.requests /= cell.times.max(1.0);
        cell.errors /= cell.times.max(1.0);
    }
    cells
}
