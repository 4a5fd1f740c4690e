//! The sections of the route form.

use leptos::prelude::*;

use super::access::AccessFields;
use super::draft::Draft;
use super::resilience::{CircuitFields, HealthFields};
use super::targets::TargetFields;
use super::tls::TlsFields;
use crate::components::field::{CheckField, FieldWarning, Rule, TextField};
use crate::components::key_value::PairsField;
use crate::locales::routes as t;
use crate::state::form::FormErrors;
use crate::state::reactive;

/// General, Match, Target, Access, Transform, Limits.
#[component]
pub fn Sections(draft: Draft, errors: FormErrors, shadow: Memo<Option<String>>) -> impl IntoView {
    view! {
        <Section title=t::section_general()>
            <General draft errors />
        </Section>
        <Section title=t::section_match() lead=t::section_match_lead()>
            <Match draft errors />
            <FieldWarning message=shadow />
        </Section>
        <Section title=t::section_target() lead=t::section_target_lead()>
            <TargetFields draft errors />
            <TargetPath draft errors />
            <TlsFields draft=draft.tls errors />
        </Section>
        <Section title=t::section_access()>
            <AccessFields access=draft.access cors=draft.cors errors />
        </Section>
        <Section title=t::section_transform() lead=t::section_transform_lead()>
            <Transform draft errors />
        </Section>
        <Section title=t::section_limits()>
            <Limits draft errors />
        </Section>
    }
}

#[component]
fn Section(title: &'static str, #[prop(optional)] lead: &'static str, children: Children) -> impl IntoView {
    view! {
        <fieldset class="section">
            <legend>
                {title}
                {(!lead.is_empty()).then(|| view! { <span class="section-lead">{lead}</span> })}
            </legend>
            {children()}
        </fieldset>
    }
}

#[component]
fn General(draft: Draft, errors: FormErrors) -> impl IntoView {
    view! {
        <div class="name-line">
            <TextField
                label=t::route_name()
                value=draft.route_name
                rule=Rule(errors, "route_name")
                autofocus=true
            />
            <TextField
                label=t::priority()
                value=draft.priority
                rule=Rule(errors, "priority")
                hint=t::priority_hint()
                numeric=true
            />
        </div>
        <TextField
            label=t::description()
            value=draft.description
            rule=Rule(errors, "description")
            optional=true
        />
        <CheckField label=t::active() value=draft.is_active hint=t::active_hint() />
    }
}

#[component]
fn Match(draft: Draft, errors: FormErrors) -> impl IntoView {
    let warning = reactive::derived(move || draft.lacks_required().then(|| t::schema_warning().to_owned()));
    view! {
        <div class="name-line">
            <TextField
                label=t::match_path()
                value=draft.match_path
                rule=Rule(errors, "match_path")
                placeholder="/v1/chat/*"
                hint=t::match_path_examples()
                mono=true
            />
            <TextField
                label=t::match_method()
                value=draft.match_method
                rule=Rule(errors, "match_method")
                hint=t::match_method_hint()
                mono=true
            />
        </div>
        <PairsField
            label=t::match_headers()
            pairs=draft.match_headers
            rule=Rule(errors, "match_headers")
            hint=t::match_headers_hint()
        />
        <div class="stack-s">
            <TextField
                label=t::match_body()
                value=draft.match_body_schema
                rule=Rule(errors, "match_body_schema")
                hint=t::match_body_hint()
                optional=true
                multiline=true
                mono=true
            />
            <FieldWarning message=warning />
        </div>
        <CheckField label=t::auth_none() value=draft.open_to_all hint=t::auth_none_hint() />
    }
}

#[component]
fn TargetPath(draft: Draft, errors: FormErrors) -> impl IntoView {
    view! {
        <TextField
            label=t::target_path()
            value=draft.target_path
            rule=Rule(errors, "target_path")
            placeholder="/v1/chat/completions"
            hint=t::target_path_hint()
            optional=true
            mono=true
        />
        <CheckField label=t::strip_prefix() value=draft.strip_path_prefix hint=t::strip_prefix_hint() />
    }
}

#[component]
fn Transform(draft: Draft, errors: FormErrors) -> impl IntoView {
    view! {
        <TextField
            label=t::remove_headers()
            value=draft.remove_headers
            rule=Rule(errors, "remove_headers")
            hint=t::remove_headers_hint()
            optional=true
            mono=true
        />
        <PairsField
            label=t::add_headers()
            pairs=draft.add_headers
            rule=Rule(errors, "add_headers")
            hint=t::add_headers_hint()
        />
        <TextField
            label=t::add_body_fields()
            value=draft.add_body_fields
            rule=Rule(errors, "add_body_fields")
            hint=t::add_body_fields_hint()
            optional=true
            multiline=true
            mono=true
        />
    }
}

#[component]
fn Limits(draft: Draft, errors: FormErrors) -> impl IntoView {
    view! {
        <div class="grid-2">
            <TextField
                label=t::timeout()
                value=draft.timeout
                rule=Rule(errors, "timeout")
                hint=t::timeout_hint()
                optional=true
                numeric=true
            />
            <TextField
                label=t::rate_limit()
                value=draft.rate_limit
                rule=Rule(errors, "rate_limit")
                hint=t::rate_limit_hint()
                optional=true
                numeric=true
            />
            <TextField
                label=t::retry_count()
                value=draft.retry_count
                rule=Rule(errors, "retry_count")
                hint=t::retry_count_hint()
                optional=true
                numeric=true
            />
        </div>
        <div class="grid-2">
            <TextField
                label=t::max_concurrency()
                value=draft.access.max_concurrency
                rule=Rule(errors, "max_concurrency")
                hint=t::max_concurrency_hint()
                optional=true
                numeric=true
            />
            <TextField
                label=t::max_body_bytes()
                value=draft.access.max_body_bytes
                rule=Rule(errors, "max_body_bytes")
                hint=t::max_body_bytes_hint()
                optional=true
                numeric=true
            />
        </div>
        <CheckField
            label=t::retry_non_idempotent()
            value=draft.retry_non_idempotent
            hint=t::retry_non_idempotent_hint()
        />
        <HealthFields draft=draft.health errors />
        <CircuitFields draft=draft.circuit errors />
    }
}
