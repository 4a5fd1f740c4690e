//! How a route finds out which of its targets work: circuit breaker and health checks.

use fastgate_shared::problem::FieldError;
use fastgate_shared::route::{CircuitBreaker, HealthCheck, RouteDefinition};
use leptos::prelude::*;
use serde_json::json;

use crate::components::field::{CheckField, Rule, TextField};
use crate::components::fold::Fold;
use crate::components::show::Show;
use crate::locales::routes as t;
use crate::state::form::{FormErrors, optional_number, optional_text};

/// `circuit_breaker` while it is typed.
#[derive(Clone, Copy)]
pub struct CircuitDraft {
    own: RwSignal<bool>,
    failures: RwSignal<String>,
    window_seconds: RwSignal<String>,
    open_seconds: RwSignal<String>,
}

/// `health_check` while it is typed.
#[derive(Clone, Copy)]
pub struct HealthDraft {
    on: RwSignal<bool>,
    path: RwSignal<String>,
    interval_seconds: RwSignal<String>,
    timeout_seconds: RwSignal<String>,
    healthy_after: RwSignal<String>,
    unhealthy_after: RwSignal<String>,
    expect_status: RwSignal<String>,
    expect_body: RwSignal<String>,
}

impl CircuitDraft {
    pub fn new(known: &RouteDefinition) -> Self {
        let shown = known.circuit_breaker.unwrap_or_else(usual_breaker);
        Self {
            own: RwSignal::new(known.circuit_breaker.is_some()),
            failures: RwSignal::new(shown.failures.to_string()),
            window_seconds: RwSignal::new(shown.window_seconds.to_string()),
            open_seconds: RwSignal::new(shown.open_seconds.to_string()),
        }
    }

    pub fn read(self, errors: &mut Vec<FieldError>) -> Option<CircuitBreaker> {
        if !self.own.get() {
            return None;
        }
        let usual = usual_breaker();
        let mut number =
            |text: RwSignal<String>, field, usual| optional_number(&text.get(), field, errors).unwrap_or(usual);
        Some(CircuitBreaker {
            failures: number(self.failures, "circuit_breaker.failures", usual.failures),
            window_seconds: number(
                self.window_seconds,
                "circuit_breaker.window_seconds",
                usual.window_seconds,
            ),
            open_seconds: number(self.open_seconds, "circuit_breaker.open_seconds", usual.open_seconds),
        })
    }
}

impl HealthDraft {
    pub fn new(known: &RouteDefinition) -> Self {
        let shown = known.health_check.clone().unwrap_or_default();
        let text = |text: Option<String>| RwSignal::new(text.unwrap_or_default());
        Self {
            on: RwSignal::new(known.health_check.is_some()),
            path: text(shown.path),
            interval_seconds: RwSignal::new(shown.interval_seconds.to_string()),
            timeout_seconds: text(shown.timeout_seconds.map(|seconds| seconds.to_string())),
            healthy_after: RwSignal::new(shown.healthy_after.to_string()),
            unhealthy_after: RwSignal::new(shown.unhealthy_after.to_string()),
            expect_status: text(shown.expect_status),
            expect_body: text(shown.expect_body),
        }
    }

    pub fn read(self, errors: &mut Vec<FieldError>) -> Option<HealthCheck> {
        if !self.on.get() {
            return None;
        }
        let usual = HealthCheck::default();
        let mut number = |text: RwSignal<String>, field| optional_number(&text.get(), field, errors);
        Some(HealthCheck {
            path: optional_text(&self.path.get()),
            interval_seconds: number(self.interval_seconds, "health_check.interval_seconds")
                .unwrap_or(usual.interval_seconds),
            timeout_seconds: number(self.timeout_seconds, "health_check.timeout_seconds"),
            healthy_after: number(self.healthy_after, "health_check.healthy_after").unwrap_or(usual.healthy_after),
            unhealthy_after: number(self.unhealthy_after, "health_check.unhealthy_after")
                .unwrap_or(usual.unhealthy_after),
            expect_status: optional_text(&self.expect_status.get()),
            expect_body: Some(self.expect_body.get()).filter(|text| !text.is_empty()),
        })
    }
}

/// What the server fills in.
fn usual_breaker() -> CircuitBreaker {
    fastgate_shared::json::from_value(&json!({})).expect("every field has a default")
}

/// When a target that fails leaves rotation.
#[component]
pub fn CircuitFields(draft: CircuitDraft, errors: FormErrors) -> impl IntoView {
    let number = move |label: &'static str, value: RwSignal<String>, field: &'static str| {
        view! { <TextField label value rule=Rule(errors, field) numeric=true /> }
    };
    view! {
        <Fold
            title=t::circuit()
            lead=t::circuit_lead()
            open=draft.own.get_untracked()
            errors
            fields=&["circuit_breaker"]
        >
            <CheckField label=t::circuit_own() value=draft.own hint=t::circuit_own_hint() />
            <Show when=move || draft.own.get()>
                <div class="grid-3">
                    {number(t::circuit_failures(), draft.failures, "circuit_breaker.failures")}
                    {number(t::circuit_window(), draft.window_seconds, "circuit_breaker.window_seconds")}
                    {number(t::circuit_open(), draft.open_seconds, "circuit_breaker.open_seconds")}
                </div>
            </Show>
        </Fold>
    }
}

/// How targets are probed.
#[component]
pub fn HealthFields(draft: HealthDraft, errors: FormErrors) -> impl IntoView {
    view! {
        <Fold
            title=t::health()
            lead=t::health_lead()
            open=draft.on.get_untracked()
            errors
            fields=&["health_check"]
        >
            <CheckField label=t::health_on() value=draft.on hint=t::health_on_hint() />
            <Show when=move || draft.on.get()>
                <Probe draft errors />
                <Thresholds draft errors />
            </Show>
        </Fold>
    }
}

#[component]
fn Probe(draft: HealthDraft, errors: FormErrors) -> impl IntoView {
    view! {
        <TextField
            label=t::health_path()
            value=draft.path
            rule=Rule(errors, "health_check.path")
            placeholder="/health"
            hint=t::health_path_hint()
            optional=true
            mono=true
        />
        <div class="grid-2">
            <TextField
                label=t::health_status()
                value=draft.expect_status
                rule=Rule(errors, "health_check.expect_status")
                placeholder="200-399"
                hint=t::health_status_hint()
                optional=true
                mono=true
            />
            <TextField
                label=t::health_body()
                value=draft.expect_body
                rule=Rule(errors, "health_check.expect_body")
                hint=t::health_body_hint()
                optional=true
                mono=true
            />
        </div>
    }
}

#[component]
fn Thresholds(draft: HealthDraft, errors: FormErrors) -> impl IntoView {
    view! {
        <div class="grid-3">
            <TextField
                label=t::health_interval()
                value=draft.interval_seconds
                rule=Rule(errors, "health_check.interval_seconds")
                numeric=true
            />
            <TextField
                label=t::health_timeout()
                value=draft.timeout_seconds
                rule=Rule(errors, "health_check.timeout_seconds")
                hint=t::health_timeout_hint()
                optional=true
                numeric=true
            />
            <TextField
                label=t::unhealthy_after()
                value=draft.unhealthy_after
                rule=Rule(errors, "health_check.unhealthy_after")
                hint=t::unhealthy_after_hint()
                numeric=true
            />
            <TextField
                label=t::healthy_after()
                value=draft.healthy_after
                rule=Rule(errors, "health_check.healthy_after")
                hint=t::healthy_after_hint()
                numeric=true
            />
        </div>
    }
}
