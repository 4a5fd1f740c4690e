//! A route while it is typed: texts, until they are read as a definition.

use std::collections::BTreeMap;

use fastgate_shared::json;
use fastgate_shared::problem::{FieldError, field_errors};
use fastgate_shared::route::{Protocol, Route, RouteAuth, RouteDefinition};
use garde::Validate;
use leptos::prelude::*;
use serde_json::{Map, Value, json};

use super::access::{AccessDraft, CorsDraft};
use super::resilience::{CircuitDraft, HealthDraft};
use super::sharing::SharingDraft;
use super::targets::{TargetRows, more_than_host};
use super::tls::TlsDraft;
use crate::components::key_value::Pairs;
use crate::format::pretty_json;
use crate::locales::common;
use crate::state::form::{optional_json, optional_number, optional_text};

/// What the server puts in the middle of a credential that it does not show.
const MASK: char = '…';

/// The form's signals.
#[derive(Clone, Copy)]
pub struct Draft {
    /// What is edited; fields that the form does not show stay as they are.
    base: StoredValue<RouteDefinition>,
    pub route_name: RwSignal<String>,
    pub description: RwSignal<String>,
    pub priority: RwSignal<String>,
    pub is_active: RwSignal<bool>,
    pub match_path: RwSignal<String>,
    pub match_method: RwSignal<String>,
    pub match_headers: Pairs,
    pub match_body_schema: RwSignal<String>,
    pub open_to_all: RwSignal<bool>,
    pub several: RwSignal<bool>,
    pub protocol: RwSignal<String>,
    pub target_host: RwSignal<String>,
    pub target_path: RwSignal<String>,
    /// The path that a pasted URL had: what it left in `target_path`, another may replace.
    pub pasted_path: RwSignal<String>,
    pub strip_path_prefix: RwSignal<bool>,
    pub targets: TargetRows,
    pub remove_headers: RwSignal<String>,
    pub add_headers: Pairs,
    pub add_body_fields: RwSignal<String>,
    pub timeout: RwSignal<String>,
    pub retry_count: RwSignal<String>,
    pub retry_non_idempotent: RwSignal<bool>,
    pub rate_limit: RwSignal<String>,
    pub access: AccessDraft,
    pub cors: CorsDraft,
    pub sharing: SharingDraft,
    pub tls: TlsDraft,
    pub circuit: CircuitDraft,
    pub health: HealthDraft,
}

impl Draft {
    /// The draft of a route, or of a new one.
    pub fn new(model: Option<&Route>) -> Self {
        Self::of(model.map_or_else(fresh, |route| route.definition.clone()))
    }

    /// The draft of a definition that was written elsewhere, of the same route.
    pub fn rewritten(self, definition: RouteDefinition) -> Self {
        Self {
            base: self.base,
            ..Self::of(definition)
        }
    }

    fn of(known: RouteDefinition) -> Self {
        let number = |number: Option<u32>| RwSignal::new(number.map(|number| number.to_string()).unwrap_or_default());
        Self {
            access: AccessDraft::new(&known),
            cors: CorsDraft::new(&known),
            sharing: SharingDraft::new(&known),
            tls: TlsDraft::new(&known),
            circuit: CircuitDraft::new(&known),
            health: HealthDraft::new(&known),
            base: StoredValue::new(known.clone()),
            route_name: RwSignal::new(known.route_name),
            description: RwSignal::new(known.description.unwrap_or_default()),
            priority: RwSignal::new(known.priority.to_string()),
            is_active: RwSignal::new(known.is_active),
            match_path: RwSignal::new(known.match_path),
            match_method: RwSignal::new(known.match_method),
            match_headers: Pairs::new(&known.match_headers),
            match_body_schema: RwSignal::new(
                known
                    .match_body_schema
                    .filter(|v| !v.is_null())
                    .map(pretty)
                    .unwrap_or_default(),
            ),
            open_to_all: RwSignal::new(known.auth == RouteAuth::None),
            several: RwSignal::new(!known.targets.is_empty()),
            protocol: RwSignal::new(known.target_protocol.as_str().to_owned()),
            target_host: RwSignal::new(known.target_host),
            target_path: RwSignal::new(known.target_path),
            pasted_path: RwSignal::default(),
            strip_path_prefix: RwSignal::new(known.strip_path_prefix),
            targets: TargetRows::new(&known.targets),
            remove_headers: RwSignal::new(known.remove_headers.join(", ")),
            add_headers: Pairs::new(&known.add_headers),
            add_body_fields: RwSignal::new(fields_text(known.add_body_fields)),
            timeout: number(known.timeout),
            retry_count: number(known.retry_count),
            retry_non_idempotent: RwSignal::new(known.retry_non_idempotent),
            rate_limit: number(known.rate_limit),
        }
    }

    /// The definition, or what is wrong with it by the rules that the server has too.
    pub fn read(self) -> Result<RouteDefinition, Vec<FieldError>> {
        let (definition, errors) = self.read_as_typed();
        self.judged(definition, errors)
    }

    /// What is wrong with a definition of this route, besides what is known already.
    pub fn judged(
        self,
        definition: RouteDefinition,
        mut errors: Vec<FieldError>,
    ) -> Result<RouteDefinition, Vec<FieldError>> {
        if definition.route_name.is_empty() {
            errors.push(FieldError::new("route_name", common::required()));
        }
        if let Err(report) = self.without_masks(&definition).validate() {
            errors.extend(field_errors(&report));
        }
        if errors.is_empty() { Ok(definition) } else { Err(errors) }
    }

    /// The definition as far as it can be read, and what cannot.
    pub fn read_as_typed(self) -> (RouteDefinition, Vec<FieldError>) {
        let mut errors = Vec::new();
        let several = self.several.get();
        #[allow(clippy::needless_update, reason = "the form may show every field, or not yet")]
        let mut definition = RouteDefinition {
            route_name: self.route_name.get().trim().to_owned(),
            description: optional_text(&self.description.get()),
            priority: self.read_priority(&mut errors),
            is_active: self.is_active.get(),
            match_path: self.match_path.get().trim().to_owned(),
            match_method: optional_text(&self.match_method.get()).unwrap_or_else(|| "ANY".to_owned()),
            match_headers: self.match_headers.read::<BTreeMap<_, _>>(),
            match_body_schema: optional_json(&self.match_body_schema.get(), "match_body_schema", &mut errors),
            auth: if self.open_to_all.get() {
                RouteAuth::None
            } else {
                RouteAuth::Key
            },
            target_protocol: Protocol::from_name(&self.protocol.get()).unwrap_or_default(),
            target_host: if several {
                String::new()
            } else {
                self.target_host.get().trim().to_owned()
            },
            target_path: self.target_path.get().trim().to_owned(),
            strip_path_prefix: self.strip_path_prefix.get(),
            targets: if several {
                self.targets.read(&self.target_path.get(), &mut errors)
            } else {
                Vec::new()
            },
            remove_headers: self
                .remove_headers
                .with(|text| text.split([',', '\n']).filter_map(optional_text).collect()),
            add_headers: self.add_headers.read(),
            add_body_fields: self.read_body_fields(&mut errors),
            timeout: optional_number(&self.timeout.get(), "timeout", &mut errors),
            retry_count: optional_number(&self.retry_count.get(), "retry_count", &mut errors),
            retry_non_idempotent: self.retry_non_idempotent.get(),
            rate_limit: optional_number(&self.rate_limit.get(), "rate_limit", &mut errors),
            cors: self.cors.read(&mut errors),
            circuit_breaker: self.circuit.read(&mut errors),
            health_check: self.health.read(&mut errors),
            ..self.base.get_value()
        };
        self.judge_host(&definition, &mut errors);
        self.access.write(&mut definition, &mut errors);
        self.sharing.write(&mut definition, several);
        self.tls.write(&mut definition);
        (definition, errors)
    }

    /// The definition as the rules can judge it. A mask that was not touched stands for a value that the server knows; by
    /// itself it would be refused.
    fn without_masks(self, definition: &RouteDefinition) -> RouteDefinition {
        let mut judged = definition.clone();
        self.base.with_value(|known| {
            if judged.target_path == known.target_path {
                judged.target_path = judged.target_path.replace(MASK, "x");
            }
            let is_mask = |key: &String| key.contains(MASK) && judged.tls_client_key == known.tls_client_key;
            if judged.tls_client_key.as_ref().is_some_and(is_mask) {
                judged.tls_client_key = Some("-----BEGIN PRIVATE KEY-----".to_owned());
            }
        });
        judged
    }

    /// Whether the body rule has `properties` but no `required`: it then matches bodies without these fields.
    pub fn lacks_required(self) -> bool {
        self.match_body_schema.with(|text| {
            let schema = json::from_text::<Value>(text).unwrap_or_default();
            schema.get("properties").is_some_and(Value::is_object) && schema.get("required").is_none()
        })
    }

    /// In the words of the form; the rules name the fields of the API.
    fn judge_host(self, definition: &RouteDefinition, errors: &mut Vec<FieldError>) {
        let host = &definition.target_host;
        let why = match host.is_empty() {
            true => definition.targets.is_empty().then(|| common::required().to_owned()),
            false => more_than_host(host, &definition.target_path),
        };
        errors.extend(why.map(|why| FieldError::new("target_host", why)));
    }

    fn read_priority(self, errors: &mut Vec<FieldError>) -> u16 {
        let number = optional_number(&self.priority.get(), "priority", errors).unwrap_or(100_u32);
        // Out of range here is out of range there, too.
        u16::try_from(number).unwrap_or(u16::MAX)
    }

    fn read_body_fields(self, errors: &mut Vec<FieldError>) -> Map<String, Value> {
        match optional_json(&self.add_body_fields.get(), "add_body_fields", errors) {
            None => Map::new(),
            Some(Value::Object(fields)) => fields,
            Some(_) => {
                errors.push(FieldError::new("add_body_fields", common::not_an_object()));
                Map::new()
            }
        }
    }
}

/// A route of which nothing is typed yet: every field has the default that the server gives it.
pub fn fresh() -> RouteDefinition {
    let empty = json!({ "route_name": "", "match_path": "", "target_protocol": "https" });
    json::from_value(&empty).expect("every other field has a default")
}

fn pretty(value: Value) -> String {
    pretty_json(&value.to_string())
}

fn fields_text(fields: Map<String, Value>) -> String {
    if fields.is_empty() {
        String::new()
    } else {
        pretty(Value::Object(fields))
    }
}
