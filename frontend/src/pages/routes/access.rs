//! Who may call a route, from where, and with how much at once, while it is typed.

use fastgate_shared::problem::FieldError;
use fastgate_shared::route::{Cors, RouteDefinition};
use leptos::prelude::*;

use crate::components::field::{CheckField, Rule, TextField};
use crate::components::fold::Fold;
use crate::components::show::Show;
use crate::locales::routes as t;
use crate::state::form::{FormErrors, optional_number, optional_text};

/// `ip_allow`, `max_concurrency`, `max_body_bytes`.
#[derive(Clone, Copy)]
pub struct AccessDraft {
    ip_allow: RwSignal<String>,
    pub max_concurrency: RwSignal<String>,
    pub max_body_bytes: RwSignal<String>,
}

/// `cors`.
#[derive(Clone, Copy)]
pub struct CorsDraft {
    on: RwSignal<bool>,
    allow_origins: RwSignal<String>,
    allow_methods: RwSignal<String>,
    allow_headers: RwSignal<String>,
    expose_headers: RwSignal<String>,
    allow_credentials: RwSignal<bool>,
    max_age_seconds: RwSignal<String>,
}

impl AccessDraft {
    pub fn new(known: &RouteDefinition) -> Self {
        let number = |number: Option<u64>| RwSignal::new(number.map(|number| number.to_string()).unwrap_or_default());
        Self {
            ip_allow: RwSignal::new(known.ip_allow.join(", ")),
            max_concurrency: number(known.max_concurrency.map(u64::from)),
            max_body_bytes: number(known.max_body_bytes),
        }
    }

    /// Writes the fields.
    pub fn write(self, definition: &mut RouteDefinition, errors: &mut Vec<FieldError>) {
        definition.ip_allow = list(self.ip_allow);
        definition.max_concurrency = optional_number(&self.max_concurrency.get(), "max_concurrency", errors);
        definition.max_body_bytes = optional_number(&self.max_body_bytes.get(), "max_body_bytes", errors);
    }
}

impl CorsDraft {
    pub fn new(known: &RouteDefinition) -> Self {
        let text = |names: fn(&Cors) -> &[String], otherwise: &str| {
            let names = known.cors.as_ref().map(|cors| names(cors).join(", "));
            RwSignal::new(names.unwrap_or_else(|| otherwise.to_owned()))
        };
        let max_age = known.cors.as_ref().and_then(|cors| cors.max_age_seconds);
        Self {
            on: RwSignal::new(known.cors.is_some()),
            allow_origins: text(|cors| &cors.allow_origins, ""),
            allow_methods: text(|cors| &cors.allow_methods, "*"),
            allow_headers: text(|cors| &cors.allow_headers, "*"),
            expose_headers: text(|cors| &cors.expose_headers, ""),
            allow_credentials: RwSignal::new(known.cors.as_ref().is_some_and(|cors| cors.allow_credentials)),
            max_age_seconds: RwSignal::new(max_age.map(|seconds| seconds.to_string()).unwrap_or_default()),
        }
    }

    pub fn read(self, errors: &mut Vec<FieldError>) -> Option<Cors> {
        self.on.get().then(|| Cors {
            allow_origins: list(self.allow_origins),
            allow_methods: list(self.allow_methods),
            allow_headers: list(self.allow_headers),
            expose_headers: list(self.expose_headers),
            allow_credentials: self.allow_credentials.get(),
            max_age_seconds: optional_number(&self.max_age_seconds.get(), "cors.max_age_seconds", errors),
        })
    }
}

/// The fields about networks and pages.
#[component]
pub fn AccessFields(access: AccessDraft, cors: CorsDraft, errors: FormErrors) -> impl IntoView {
    view! {
        <TextField
            label=t::ip_allow()
            value=access.ip_allow
            rule=Rule(errors, "ip_allow")
            placeholder="10.0.0.0/8, 2001:db8::/32"
            hint=t::ip_allow_hint()
            optional=true
            mono=true
        />
        <Fold title=t::cors() lead=t::cors_lead() open=cors.on.get_untracked() errors fields=&["cors"]>
            <CheckField label=t::cors_on() value=cors.on hint=t::cors_on_hint() />
            <Show when=move || cors.on.get()>
                <CorsFields cors errors />
            </Show>
        </Fold>
    }
}

#[component]
fn CorsFields(cors: CorsDraft, errors: FormErrors) -> impl IntoView {
    let names = move |label: &'static str, value: RwSignal<String>, field: &'static str, hint: &'static str| {
        view! { <TextField label value rule=Rule(errors, field) hint mono=true /> }
    };
    view! {
        {names(t::cors_origins(), cors.allow_origins, "cors.allow_origins", t::cors_origins_hint())}
        <div class="grid-2">
            {names(t::cors_methods(), cors.allow_methods, "cors.allow_methods", t::cors_methods_hint())}
            {names(t::cors_headers(), cors.allow_headers, "cors.allow_headers", t::cors_headers_hint())}
            <TextField
                label=t::cors_expose()
                value=cors.expose_headers
                rule=Rule(errors, "cors.expose_headers")
                hint=t::cors_expose_hint()
                optional=true
                mono=true
            />
            <TextField
                label=t::cors_max_age()
                value=cors.max_age_seconds
                rule=Rule(errors, "cors.max_age_seconds")
                hint=t::cors_max_age_hint()
                optional=true
                numeric=true
            />
        </div>
        <CheckField
            label=t::cors_credentials()
            value=cors.allow_credentials
            rule=Rule(errors, "cors.allow_credentials")
            hint=t::cors_credentials_hint()
        />
    }
}

/// What stands between commas or on lines of its own.
fn list(text: RwSignal<String>) -> Vec<String> {
    text.with(|text| text.split([',', '\n']).filter_map(optional_text).collect())
}
