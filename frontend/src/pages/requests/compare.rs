//! Two answers to the same request beside each other: the recorded one, and that of a replay.

use fastgate_shared::audit_log::{LogRecord, ReplayResult};
use fastgate_shared::line_diff::{self, Line};
use leptos::html;
use leptos::prelude::*;

use crate::app::BASE;
use crate::components::code::with_code;
use crate::format;
use crate::locales::{self, common, requests as t};
use crate::order;

/// A row: what is compared, then both sides.
type Row = (String, Option<String>, Option<String>);

#[component]
pub fn Comparison(record: LogRecord, result: ReplayResult) -> impl IntoView {
    let item = &record.item;
    let status = |status: Option<u16>| status.map(|status| status.to_string());
    let rows = vec![
        (
            common::status().to_owned(),
            status(item.status_code),
            status(Some(result.status_code)),
        ),
        (
            t::col_duration().to_owned(),
            item.response_time_ms.map(format::duration),
            Some(format::duration(result.response_time_ms)),
        ),
        (
            t::col_ttfb().to_owned(),
            item.ttfb_ms.map(format::duration),
            Some(format::duration(result.ttfb_ms)),
        ),
        (
            t::col_size().to_owned(),
            Some(format::bytes(item.response_size)),
            Some(format::bytes(result.response_size)),
        ),
    ];
    let headers = header_rows(&record.response_headers, &result.response_headers);
    let link = format!("{BASE}/requests?open={}", result.log_id);
    let place = NodeRef::<html::Section>::new();
    // Below a long form nobody would see that it came.
    place.on_load(|section| section.scroll_into_view());
    view! {
        <section node_ref=place class="stack-s" aria-label=t::both_answers()>
            <h3>{t::both_answers()}</h3>
            {result.error_message.map(|why| view! { <p class="field-error"><span>{with_code(&locales::refusal(&why))}</span></p> })}
            <RowsTable caption=t::both_answers() rows />
            <h4>{common::headers()}</h4>
            <RowsTable caption=common::headers() rows=headers />
            <h4>{common::body()}</h4>
            {result.truncated.then(|| view! { <p class="muted">{t::body_cut()}</p> })}
            <Bodies before=record.response_body after=result.response_body />
            <p>
                <a href=link>{t::open_replay()}</a>
            </p>
        </section>
    }
}

#[component]
fn RowsTable(caption: &'static str, rows: Vec<Row>) -> impl IntoView {
    let row = |(name, before, after): Row| {
        let differs = before != after;
        let side = |text: Option<String>| view! { <td>{text.unwrap_or_else(|| "–".to_owned())}</td> };
        view! {
            <tr class:differs=differs>
                <th scope="row">{differs.then_some("≠ ")} {name}</th>
                {side(before)}
                {side(after)}
            </tr>
        }
    };
    view! {
        <table class="plain-table compare">
            <caption class="visually-hidden">{caption}</caption>
            <thead>
                <tr>
                    <td></td>
                    <th scope="col">{t::original()}</th>
                    <th scope="col">{t::replay()}</th>
                </tr>
            </thead>
            <tbody>{rows.into_iter().map(row).collect_view()}</tbody>
        </table>
    }
}

/// Both bodies, JSON indented, line by line.
#[component]
fn Bodies(before: Option<String>, after: Option<String>) -> impl IntoView {
    let unknown = before
        .is_none()
        .then(|| view! { <p class="muted">{t::original_unknown()}</p> });
    let pretty = |body: Option<String>| body.map(|body| format::pretty_json(&body)).unwrap_or_default();
    let (before, after) = (pretty(before), pretty(after));
    if !before.is_empty() && before == after {
        return view! { <p class="muted">{t::bodies_equal()}</p> }.into_any();
    }
    let side = |text: Option<String>, class: &'static str| {
        let class = if text.is_some() { class } else { "" };
        view! { <code class=class>{text}</code> }
    };
    let line = |line: Line| match line {
        Line::Same(text) => view! {
            <div class="diff-line">{side(Some(text.clone()), "diff-same")} {side(Some(text), "diff-same")}</div>
        }
        .into_any(),
        Line::Differs(left, right) => view! {
            <div class="diff-line">{side(left, "diff-gone")} {side(right, "diff-new")}</div>
        }
        .into_any(),
        Line::LeftOut(count) => view! { <p class="muted diff-left-out">{t::lines_equal(count)}</p> }.into_any(),
    };
    let lines = line_diff::compare(&before, &after).into_iter().map(line);
    view! {
        {unknown}
        <div class="code line-diff" tabindex="0" role="group" aria-label=t::bodies_compared()>
            {lines.collect_view()}
        </div>
    }
    .into_any()
}

fn header_rows(before: &[(String, String)], after: &[(String, String)]) -> Vec<Row> {
    let mut names: Vec<String> = before
        .iter()
        .chain(after)
        .map(|(name, _)| name.to_ascii_lowercase())
        .collect();
    order::sort(&mut names, Ord::cmp);
    names.dedup();
    let values = |side: &[(String, String)], name: &str| {
        let of_name = side.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        let values: Vec<&str> = of_name.map(|(_, value)| value.as_str()).collect();
        (!values.is_empty()).then(|| values.join(", "))
    };
    let row = |name: String| {
        let (before, after) = (values(before, &name), values(after, &name));
        (name, before, after)
    };
    names.into_iter().map(row).collect()
}
