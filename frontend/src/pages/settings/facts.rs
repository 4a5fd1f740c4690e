//! What the log takes and when it is full; and what is running.

use fastgate_shared::settings::{About, StorageUse};
use leptos::prelude::*;

use crate::api;
use crate::components::loaded::{Loaded, TableSkeleton};
use crate::components::relative_time::RelativeTime;
use crate::format::{self, Unit};
use crate::locales::{common, settings as t};
use crate::state::query::Query;

#[component]
pub fn StorageCard() -> impl IntoView {
    let storage = Query::of_page(|| (), |()| api::settings::storage()).poll(60_000);
    let content = move || storage.data.get().map(|storage| storage_facts(&storage));
    view! {
        <section class="card">
            <div class="card-head">
                <h2>{t::storage()}</h2>
            </div>
            <div class="card-body">
                <Loaded query=storage skeleton=|| view! { <TableSkeleton /> }>
                    {content}
                </Loaded>
            </div>
        </section>
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share in percent")]
fn storage_facts(storage: &StorageUse) -> impl IntoView + use<> {
    let max = format::bytes(storage.max_bytes);
    let share = (storage.bytes as f64 / storage.max_bytes.max(1) as f64 * 100.0).min(100.0);
    let oldest = match storage.oldest {
        Some(time) => view! { <RelativeTime time /> }.into_any(),
        None => common::never().into_any(),
    };
    let rate = t::rate_of(
        &Unit::Count.show(storage.records_per_day),
        &Unit::Bytes.show(storage.bytes_per_day),
    );
    let size = t::size_of(&format::bytes(storage.bytes), &max);
    view! {
        <p>{size}</p>
        <div class="meter" aria-hidden="true">
            <span style:width=format!("{}%", format::fixed(share, 1))></span>
        </div>
        <p>{forecast(storage)}</p>
        <dl class="facts">
            <dt>{t::records()}</dt>
            <dd>{format::count(storage.records)}</dd>
            <dt>{t::oldest()}</dt>
            <dd>{oldest}</dd>
            <dt>{t::rate()}</dt>
            <dd>{rate}</dd>
            <dt>{t::kept()}</dt>
            <dd>{t::kept_for(storage.max_age_days, &max)}</dd>
        </dl>
    }
}

fn forecast(storage: &StorageUse) -> String {
    match (storage.days_until_full, storage.settles_at_bytes) {
        (Some(days), _) if days <= 0.0 => t::forecast_full().to_owned(),
        (Some(days), _) => t::forecast_days(&format::trimmed(days)),
        (None, Some(bytes)) => t::forecast_settles(&format::bytes(bytes)),
        (None, None) => t::forecast_none().to_owned(),
    }
}

#[component]
pub fn AboutCard() -> impl IntoView {
    let about = Query::of_page(|| (), |()| api::settings::about()).poll(60_000);
    let facts = |about: About| {
        view! {
            <dl class="facts">
                <dt>{t::version()}</dt>
                <dd>{about.version}</dd>
                <dt>{t::build()}</dt>
                <dd class="data">{about.build}</dd>
                <dt>{t::database()}</dt>
                <dd>{about.database}</dd>
                <dt>{t::uptime()}</dt>
                <dd>{uptime(about.uptime_seconds)}</dd>
                <dt>{t::license()}</dt>
                <dd>{about.license}</dd>
            </dl>
        }
    };
    view! {
        <section class="card">
            <div class="card-head">
                <h2>{t::about()}</h2>
            </div>
            <div class="card-body">
                <Loaded query=about skeleton=|| view! { <TableSkeleton /> }>
                    {move || about.data.get().map(facts)}
                </Loaded>
            </div>
        </section>
    }
}

fn uptime(seconds: u64) -> String {
    let hours = seconds / 3_600;
    if hours < 24 {
        t::hours_minutes(hours, seconds % 3_600 / 60)
    } else {
        t::days_hours(hours / 24, hours % 24)
    }
}
