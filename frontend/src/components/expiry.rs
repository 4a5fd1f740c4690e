//! When something ends: never, in so many days, on a date; or as it is.

use fastgate_shared::problem::FieldError;
use fastgate_shared::time::Timestamp;
use leptos::prelude::*;

use crate::components::field::{Rule, SelectField, TextField};
use crate::components::show::Show;
use crate::format;
use crate::locales::common as t;
use crate::state::form::FormErrors;

/// The field's name in the API.
const FIELD: &str = "expires_at";

const NEVER: &str = "never";
const KEEP: &str = "keep";
const ON_DATE: &str = "date";

/// What is chosen and typed.
#[derive(Clone, Copy)]
pub struct Expiry {
    /// [`NEVER`], [`KEEP`], [`ON_DATE`], or a number of days.
    choice: RwSignal<String>,
    date: RwSignal<String>,
    kept: Option<Timestamp>,
}

impl Expiry {
    /// Begins with how it is.
    pub fn new(kept: Option<Timestamp>) -> Self {
        Self {
            choice: RwSignal::new(if kept.is_some() { KEEP } else { NEVER }.to_owned()),
            date: RwSignal::default(),
            kept,
        }
    }

    /// The moment that is chosen, none for never. A date that is still to be typed is an error.
    pub fn read(self, errors: &mut Vec<FieldError>) -> Option<Timestamp> {
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds since the epoch fit an i64")]
        let at = |ms: f64| Timestamp::from_millisecond(ms as i64).ok();
        match self.choice.get().as_str() {
            NEVER => None,
            KEEP => self.kept,
            ON_DATE => {
                // The browser reads the local date and time.
                let ms = self.date.with(|date| js_sys::Date::parse(date));
                let chosen = if ms.is_nan() { None } else { at(ms) };
                if chosen.is_none() {
                    errors.push(FieldError::new(FIELD, t::expires_date_missing()));
                }
                chosen
            }
            days => {
                let days = days.parse::<u32>().ok()?;
                at(js_sys::Date::now() + f64::from(days) * 86_400_000.0)
            }
        }
    }
}

/// The choice, and the date where one is typed.
#[component]
pub fn ExpiryFields(expiry: Expiry, errors: FormErrors) -> impl IntoView {
    let kept = expiry.kept.map(|at| {
        let exact = format::exact_time(format::millis(at));
        (KEEP.to_owned(), t::expires_keep(&exact[..16]))
    });
    let mut choices: Vec<_> = kept.into_iter().collect();
    choices.push((NEVER.to_owned(), t::expires_never().to_owned()));
    choices.extend([7, 30, 90, 365].map(|days| (days.to_string(), t::expires_days(days))));
    choices.push((ON_DATE.to_owned(), t::expires_at().to_owned()));
    view! {
        <div class="stack-s">
            <SelectField label=t::expires() value=expiry.choice choices />
            <Show when=move || expiry.choice.with(|choice| choice == ON_DATE)>
                <TextField
                    label=t::expires_date()
                    value=expiry.date
                    rule=Rule(errors, FIELD)
                    kind="datetime-local"
                />
            </Show>
        </div>
    }
}
