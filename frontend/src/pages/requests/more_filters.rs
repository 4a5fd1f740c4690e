//! The filters that are needed now and then, behind one disclosure.

use fastgate_shared::problem::Problem;
use leptos::ev::SubmitEvent;
use leptos::html;
use leptos::prelude::*;

use crate::components::button::Button;
use crate::components::field::{Rule, SelectField, TextField};
use crate::components::icon::{Glyph, Icon};
use crate::format;
use crate::locales::{common, requests as t};
use crate::state::address::Address;
use crate::state::form::FormErrors;
use crate::state::reactive;

/// The filters here but the times. Those that are set show as chips, so the disclosure can stay closed.
const PARAMS: [&str; 7] = [
    "model",
    "source_path",
    "min_ms",
    "has_error",
    "is_stream",
    "request_id",
    "ip_address",
];

const TIMES: [&str; 2] = ["start_time", "end_time"];

/// `problem` is why the list could not be shown: what is refused here is said at its field, in sight.
#[component]
pub fn MoreFilters(address: Address, problem: Signal<Option<Problem>>) -> impl IntoView {
    let errors = FormErrors::of_filters(problem);
    let details = opened_by(errors);
    let fields = PARAMS.map(|param| {
        (
            param,
            RwSignal::new(address.param(param).get_untracked().unwrap_or_default()),
        )
    });
    let times = Times::new(address);
    // Chips and links change the address, too.
    for (param, value) in fields {
        let set = address.param(param);
        reactive::effect(move || value.set(set.get().unwrap_or_default()));
    }
    let apply = move |event: SubmitEvent| {
        event.prevent_default();
        let mut changes = fields.map(|(param, value)| (param, value.get_untracked())).to_vec();
        changes.extend(times.changes());
        address.filter_all(changes);
    };
    view! {
        <details class="more-filters" node_ref=details>
            <summary>
                <Icon glyph=Glyph::Filter />
                {t::more_filters()}
            </summary>
            <form class="more-filters-form" on:submit=apply novalidate=true>
                <div class="filter-grid">
                    <Fields values=fields.map(|(_, value)| value) times errors />
                </div>
                <div>
                    <Button submit=true>{t::apply()}</Button>
                </div>
            </form>
        </details>
    }
}

/// The disclosure, which opens when one of its fields is refused.
fn opened_by(errors: FormErrors) -> NodeRef<html::Details> {
    let details = NodeRef::<html::Details>::new();
    reactive::effect(move || {
        let refused = errors.any_of(&PARAMS) || errors.any_of(&TIMES);
        if let Some(details) = details.get().filter(|_| refused) {
            details.set_open(true);
        }
    });
    details
}

/// The fields; `values` are in the order of the parameters.
#[component]
fn Fields(values: [RwSignal<String>; 7], times: Times, errors: FormErrors) -> impl IntoView {
    let [model, source, min_ms, failed, stream, request_id, ip] = values;
    let zone = t::time_zone(&format::time_zone());
    let either = |yes: &'static str, no: &'static str| {
        vec![
            (String::new(), t::either().to_owned()),
            ("true".to_owned(), yes.to_owned()),
            ("false".to_owned(), no.to_owned()),
        ]
    };
    view! {
                    <TextField
                        label=t::start_time()
                        value=times.0[0].picked
                        rule=Rule(errors, "start_time")
                        hint=zone.clone()
                        kind="datetime-local"
                    />
                    <TextField
                        label=t::end_time()
                        value=times.0[1].picked
                        rule=Rule(errors, "end_time")
                        hint=zone
                        kind="datetime-local"
                    />
                    <TextField label=t::model() value=model rule=Rule(errors, "model") />
                    <TextField label=t::source() value=source rule=Rule(errors, "source_path") />
                    <TextField label=t::min_ms() value=min_ms rule=Rule(errors, "min_ms") numeric=true />
                    <SelectField
                        label=t::errors()
                        value=failed
                        rule=Rule(errors, "has_error")
                        choices=either(t::errors_only(), t::without_errors())
                    />
                    <SelectField
                        label=t::stream()
                        value=stream
                        rule=Rule(errors, "is_stream")
                        choices=either(t::streamed_only(), t::not_streamed())
                    />
                    <TextField label=common::request_id() value=request_id rule=Rule(errors, "request_id") mono=true />
                    <TextField label=t::ip_address() value=ip rule=Rule(errors, "ip_address") mono=true />
    }
}

/// The two pickers.
#[derive(Clone, Copy)]
struct Times([Time; 2]);

#[derive(Clone, Copy)]
struct Time {
    param: &'static str,
    /// As the picker has it.
    picked: RwSignal<String>,
    /// As the address has it, which may be finer than a picker shows.
    known: Memo<String>,
}

impl Times {
    fn new(address: Address) -> Self {
        Self(TIMES.map(|param| {
            let set = address.param(param);
            let known = reactive::memo(move |_| {
                let local = set.get().and_then(|time| format::local_time(&time, param == TIMES[1]));
                local.unwrap_or_default().replace(' ', "T")
            });
            let picked = RwSignal::new(String::new());
            reactive::effect(move || picked.set(known.get()));
            Time { param, picked, known }
        }))
    }

    /// What becomes of the address. A time that was not touched stays, and a picked one takes the place of a range.
    fn changes(self) -> Vec<(&'static str, String)> {
        let touched = |time: &Time| time.picked.get_untracked() != time.known.get_untracked();
        let mut changes = Vec::new();
        for time in self.0.iter().filter(|time| touched(time)) {
            changes.push((time.param, format::from_local(&time.picked.get_untracked())));
            changes.push(("range", String::new()));
        }
        changes
    }
}
