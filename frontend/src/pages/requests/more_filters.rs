//! The filters that are needed now and then, behind one disclosure.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use crate::components::button::Button;
use crate::components::field::{SelectField, TextField};
use crate::components::icon::{Glyph, Icon};
use crate::locales::{common, requests as t};
use crate::state::address::Address;
use crate::state::reactive;

/// The filters here. Those that are set show as chips, so the disclosure can stay closed.
const PARAMS: [&str; 9] = [
    "start_time",
    "end_time",
    "model",
    "source_path",
    "min_ms",
    "has_error",
    "is_stream",
    "request_id",
    "ip_address",
];

#[component]
pub fn MoreFilters(address: Address) -> impl IntoView {
    let fields = PARAMS.map(|param| {
        (
            param,
            RwSignal::new(address.param(param).get_untracked().unwrap_or_default()),
        )
    });
    let [start, end, model, source, min_ms, errors, stream, request_id, ip] = fields.map(|(_, value)| value);
    // Chips and links change the address, too.
    for (param, value) in fields {
        let set = address.param(param);
        reactive::effect(move || value.set(set.get().unwrap_or_default()));
    }
    let apply = move |event: SubmitEvent| {
        event.prevent_default();
        address.filter_all(fields.map(|(param, value)| (param, value.get_untracked())).to_vec());
    };
    let either = |yes: &'static str, no: &'static str| {
        vec![
            (String::new(), t::either().to_owned()),
            ("true".to_owned(), yes.to_owned()),
            ("false".to_owned(), no.to_owned()),
        ]
    };
    view! {
        <details class="more-filters">
            <summary>
                <Icon glyph=Glyph::Filter />
                {t::more_filters()}
            </summary>
            <form class="more-filters-form" on:submit=apply>
                <div class="filter-grid">
                    <TextField label=t::start_time() value=start hint=t::time_hint() placeholder="2026-11-23T08:00:00Z" />
                    <TextField label=t::end_time() value=end hint=t::time_hint() placeholder="2026-11-23" />
                    <TextField label=t::model() value=model />
                    <TextField label=t::source() value=source />
                    <TextField label=t::min_ms() value=min_ms numeric=true />
                    <SelectField
                        label=t::errors()
                        value=errors
                        choices=either(t::errors_only(), t::without_errors())
                    />
                    <SelectField
                        label=t::stream()
                        value=stream
                        choices=either(t::streamed_only(), t::not_streamed())
                    />
                    <TextField label=common::request_id() value=request_id mono=true />
                    <TextField label=t::ip_address() value=ip mono=true />
                </div>
                <div>
                    <Button submit=true>{t::apply()}</Button>
                </div>
            </form>
        </details>
    }
}
