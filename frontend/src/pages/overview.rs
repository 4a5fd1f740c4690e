//! The overview: what the gateway is doing now and did in the last 24 hours; on a fresh gateway, the first steps.

mod figures;
mod first_run;
mod recent_errors;
mod tops;
mod traffic;

use fastgate_shared::metrics::{HourlyBucket, MetricsSummary};
use leptos::prelude::*;

use crate::api;
use crate::app::BASE;
use crate::components::icon::{Glyph, Icon};
use crate::components::loaded::Loaded;
use crate::components::page_head::PageHead;
use crate::format;
use crate::locales::{overview as t, shell};
use crate::pages::overview::figures::Figures;
use crate::pages::overview::first_run::{Beginnings, FirstRun};
use crate::pages::overview::recent_errors::RecentErrors;
use crate::pages::overview::tops::TopLists;
use crate::pages::overview::traffic::Traffic;
use crate::state::query::Query;

/// What the figures are about, in hours back from now.
const HOURS: u32 = 24;

/// The page.
#[component]
pub fn OverviewPage() -> impl IntoView {
    let summary = Query::new(|| (), |()| async { api::metrics::summary(&range_start()).await }).poll(5_000);
    let hourly = Query::new(|| (), |()| api::metrics::hourly(HOURS)).poll(30_000);
    let beginnings = Query::new(|| (), |()| first_run::look());
    view! {
        <PageHead title=shell::overview() lead=t::lead()>
            <a class="button" href=format!("{BASE}/requests?live=1")>
                <Icon glyph=Glyph::Pulse />
                {t::watch_live()}
            </a>
        </PageHead>
        <div class="stack">
            <LossBanner summary />
            <FirstRunIfNeeded beginnings />
            <Loaded query=summary skeleton=|| view! { <Skeleton /> }>
                <Figures summary=loaded(summary) hourly=loaded(hourly) />
            </Loaded>
            <div class="overview-columns">
                <Traffic hourly=loaded(hourly) />
                <RecentErrors />
            </div>
            <TopLists summary=loaded(summary) />
        </div>
    }
}

/// `1 error`, `12 errors`.
fn errors_in_words(n: u64) -> String {
    if n == 1 {
        t::one_error().to_owned()
    } else {
        t::errors(&format::count(n))
    }
}

/// The answer, or an empty one until it is there.
fn loaded<T: Clone + Default + Send + Sync>(query: Query<T>) -> Signal<T> {
    Signal::derive(move || query.data.get().unwrap_or_default())
}

#[component]
fn LossBanner(summary: Query<MetricsSummary>) -> impl IntoView {
    let lost = Memo::new(move |_| {
        summary
            .data
            .with(|data| data.as_ref().map_or(0, |data| data.audit_records_lost))
    });
    move || {
        (lost.get() > 0).then(|| {
            view! {
                <div class="banner banner-bad" role="alert">
                    <Icon glyph=Glyph::Alert />
                    <div>{t::audit_lost(&format::count(lost.get()))}</div>
                </div>
            }
        })
    }
}

#[component]
fn FirstRunIfNeeded(beginnings: Query<Beginnings>) -> impl IntoView {
    let begun = Memo::new(move |_| {
        beginnings
            .data
            .with(|data| data.as_ref().is_none_or(|data| data.all_done()))
    });
    move || (!begun.get()).then(|| view! { <FirstRun beginnings /> })
}

#[component]
fn Skeleton() -> impl IntoView {
    let figure = || {
        view! {
            <div class="card figure">
                <span class="skeleton"></span>
                <span class="skeleton figure-skeleton"></span>
                <span class="skeleton"></span>
            </div>
        }
    };
    view! {
        <div class="figures" aria-hidden="true">
            {(0..6).map(|_| figure()).collect_view()}
        </div>
    }
}

fn range_start() -> String {
    let start = js_sys::Date::now() - f64::from(HOURS) * 3_600_000.0;
    js_sys::Date::new(&start.into()).to_iso_string().into()
}

/// One number of each hour, for a sparkline.
fn series(hourly: Signal<Vec<HourlyBucket>>, number: fn(&HourlyBucket) -> f64) -> Signal<Vec<f64>> {
    Signal::derive(move || hourly.with(|hours| hours.iter().map(number).collect()))
}
