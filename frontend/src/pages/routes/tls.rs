//! TLS towards the targets of a route, while it is typed.

use fastgate_shared::route::RouteDefinition;
use leptos::prelude::*;

use crate::components::field::{CheckField, Rule, TextField};
use crate::components::fold::Fold;
use crate::components::icon::{Glyph, Icon};
use crate::locales::routes as t;
use crate::state::form::{FormErrors, optional_text};

/// The `tls_…` fields.
#[derive(Clone, Copy)]
pub struct TlsDraft {
    skip_verify: RwSignal<bool>,
    server_name: RwSignal<String>,
    ca: RwSignal<String>,
    client_cert: RwSignal<String>,
    client_key: RwSignal<String>,
}

impl TlsDraft {
    pub fn new(known: &RouteDefinition) -> Self {
        let text = |text: &Option<String>| RwSignal::new(text.clone().unwrap_or_default());
        Self {
            skip_verify: RwSignal::new(known.tls_skip_verify),
            server_name: text(&known.tls_server_name),
            ca: text(&known.tls_ca),
            client_cert: text(&known.tls_client_cert),
            client_key: text(&known.tls_client_key),
        }
    }

    /// Writes the fields.
    pub fn write(self, definition: &mut RouteDefinition) {
        definition.tls_skip_verify = self.skip_verify.get();
        definition.tls_server_name = optional_text(&self.server_name.get());
        definition.tls_ca = optional_text(&self.ca.get());
        definition.tls_client_cert = optional_text(&self.client_cert.get());
        definition.tls_client_key = optional_text(&self.client_key.get());
    }

    fn is_set(self) -> bool {
        let texts = [self.server_name, self.ca, self.client_cert, self.client_key];
        self.skip_verify.get_untracked() || texts.iter().any(|text| text.with_untracked(|text| !text.is_empty()))
    }
}

/// The fields of the section.
#[component]
pub fn TlsFields(draft: TlsDraft, errors: FormErrors) -> impl IntoView {
    const FIELDS: &[&str] = &[
        "tls_skip_verify",
        "tls_server_name",
        "tls_ca",
        "tls_client_cert",
        "tls_client_key",
    ];
    let pem = move |label: &'static str, value: RwSignal<String>, field: &'static str, hint: &'static str| {
        view! { <TextField label value rule=Rule(errors, field) hint optional=true multiline=true mono=true /> }
    };
    view! {
        <Fold title=t::tls() lead=t::tls_lead() open=draft.is_set() errors fields=FIELDS>
            <TextField
                label=t::tls_server_name()
                value=draft.server_name
                rule=Rule(errors, "tls_server_name")
                hint=t::tls_server_name_hint()
                optional=true
                mono=true
            />
            {pem(t::tls_ca(), draft.ca, "tls_ca", t::tls_ca_hint())}
            {pem(t::tls_client_cert(), draft.client_cert, "tls_client_cert", t::tls_client_cert_hint())}
            {pem(t::tls_client_key(), draft.client_key, "tls_client_key", t::tls_client_key_hint())}
            <SkipVerify value=draft.skip_verify errors />
        </Fold>
    }
}

#[component]
fn SkipVerify(value: RwSignal<bool>, errors: FormErrors) -> impl IntoView {
    let warning = move || {
        value.get().then(|| {
            view! {
                <p class="field-warning">
                    <Icon glyph=Glyph::Alert />
                    <span>{t::tls_skip_verify_warning()}</span>
                </p>
            }
        })
    };
    view! {
        <div class="stack-s">
            <CheckField label=t::tls_skip_verify() value rule=Rule(errors, "tls_skip_verify") />
            <div aria-live="polite">{warning}</div>
        </div>
    }
}
