//! From a document to the changes that it asks for. Every error names its place in the document; nothing is decided here
//! about one object that is not decided alike when it is sent alone.

use super::Stored;
use super::export::VERSION;
use crate::admin::json;
use crate::admin::keys::new_key;
use crate::admin::problem::{Problem, shorten};
use crate::admin::routes::checked;
use crate::api_keys::NewKey;
use crate::app::{App, new_route, now};
use crate::db::keys::StoredKey;
use crate::history::Object;
use fastgate_shared::api_key::ApiKeyDefinition;
use fastgate_shared::changes::{ChangeAction, ImportItem, ImportResult};
use fastgate_shared::problem::FieldError;
use fastgate_shared::route::{Route, RouteDefinition};
use http::StatusCode;
use serde_json::{Map, Value};
use std::collections::HashSet;

/// A document as it was read. A section that is missing says nothing about its objects.
pub struct Document {
    routes: Option<Vec<Value>>,
    keys: Option<Vec<Value>>,
}

/// What a document asks for.
#[derive(Default)]
pub struct Plan {
    /// Everything that is different.
    pub objects: Vec<Object>,
    /// The keys that are made, with their secrets.
    pub new_keys: Vec<(NewKey, StoredKey)>,
    unchanged: u64,
    not_named: u64,
}

/// Reads YAML or JSON.
///
/// # Errors
/// 422 with the place in the text, or with the members that are not known.
pub fn parse(text: &str) -> Result<Document, Problem> {
    let refused = |why: String| {
        let why: String = why.split_whitespace().collect::<Vec<_>>().join(" ");
        // The library speaks to programmers here.
        let why = why.replace(
            "cannot deserialize null into string; use Option<String>",
            "a member has no name",
        );
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            format!("The document cannot be read: {why}."),
        )
    };
    let value: Value = if text.trim_start().starts_with('{') {
        serde_json::from_str(text).map_err(|error| refused(error.to_string()))?
    } else {
        // Without a snippet: the lines around a mistake may hold secrets.
        let options = serde_saphyr::options! { with_snippet: false };
        serde_saphyr::from_str_with_options(text, options).map_err(|error| refused(error.to_string()))?
    };
    let Value::Object(mut members) = value else {
        return Err(refused("it has to hold `routes:` and `keys:`".to_owned()));
    };
    let mut errors = Vec::new();
    match members.remove("version") {
        None | Some(Value::Null) => {}
        Some(version) if version == VERSION => {}
        Some(version) => {
            let given = shorten(&version.to_string());
            errors.push(FieldError::new(
                "version",
                format!("is {given}; this gateway reads version {VERSION}"),
            ));
        }
    }
    let mut section = |name: &str| match members.remove(name) {
        None | Some(Value::Null) => None,
        Some(Value::Array(items)) => Some(items),
        Some(_) => {
            errors.push(FieldError::new(name, "must be a list"));
            None
        }
    };
    let (routes, keys) = (section("routes"), section("keys"));
    for name in members.keys() {
        let name = shorten(&name.escape_debug().to_string());
        errors.push(FieldError::new(
            name,
            "is not a known section; known are version, routes, keys",
        ));
    }
    if errors.is_empty() {
        Ok(Document { routes, keys })
    } else {
        Err(Problem::fields(errors))
    }
}

impl Plan {
    /// Compares a document with what is stored. With `prune`, what a section of it does not name is to be deleted.
    ///
    /// # Errors
    /// 422 with everything that is wrong, each at its place.
    pub fn make(app: &App, stored: &Stored, document: Document, prune: bool) -> Result<Self, Problem> {
        let mut reader = Reader {
            app,
            stored,
            plan: Self::default(),
            errors: Vec::new(),
            new_names: HashSet::new(),
        };
        if let Some(items) = document.routes {
            let named = reader.section("routes", items, Reader::route)?;
            for route in stored.routes.iter().filter(|route| !named.contains(&route.route_id)) {
                let before = Some(Box::new(route.clone()));
                reader.plan.not_named(prune, Object::Route { before, after: None });
            }
        }
        if let Some(items) = document.keys {
            let named = reader.section("keys", items, Reader::key)?;
            for key in stored.keys.iter().filter(|key| !named.contains(&key.key.key_id)) {
                let before = Some(key.clone());
                reader.plan.not_named(prune, Object::Key { before, after: None });
            }
        }
        match reader.errors.as_slice() {
            [] => Ok(reader.plan),
            _ => Err(Problem::fields(reader.errors)),
        }
    }

    /// The answer, as far as it does not depend on whether the plan is carried out.
    #[must_use]
    pub fn told(&self, etag: String) -> ImportResult {
        let items: Vec<ImportItem> = self.objects.iter().filter_map(item).collect();
        let count = |wanted: fn(ChangeAction) -> bool| items.iter().filter(|item| wanted(item.action)).count() as u64;
        ImportResult {
            dry_run: false,
            created: count(|action| action == ChangeAction::Created),
            changed: count(|action| matches!(action, ChangeAction::Updated | ChangeAction::Toggled)),
            deleted: count(|action| action == ChangeAction::Deleted),
            unchanged: self.unchanged,
            not_named: self.not_named,
            items,
            created_keys: Vec::new(),
            etag,
        }
    }

    fn not_named(&mut self, prune: bool, object: Object) {
        if prune {
            self.objects.push(object);
        } else {
            self.not_named += 1;
        }
    }
}

fn item(object: &Object) -> Option<ImportItem> {
    let action = object.action()?;
    let planned = action == ChangeAction::Created;
    Some(ImportItem {
        kind: object.kind(),
        action,
        object_id: Some(object.id().to_owned()).filter(|_| !planned),
        object_name: object.name(),
        diff: object.diff(),
    })
}

/// Reads a document object by object.
struct Reader<'a> {
    app: &'a App,
    stored: &'a Stored,
    plan: Plan,
    errors: Vec<FieldError>,
    /// Of objects that are made and have no id: by them the next import finds each again.
    new_names: HashSet<(&'static str, String)>,
}

impl Reader<'_> {
    /// Reads every object of a section; returns the ids of those that are stored or get the id that was asked for.
    ///
    /// # Errors
    /// What is the gateway's own fault; the document's faults are collected.
    fn section(
        &mut self,
        name: &str,
        items: Vec<Value>,
        read: impl Fn(&mut Self, Map<String, Value>) -> Result<Object, Problem>,
    ) -> Result<HashSet<String>, Problem> {
        let mut named = HashSet::new();
        for (index, item) in items.into_iter().enumerate() {
            let object = match item {
                Value::Object(members) => read(self, members),
                _ => Err(Problem::field("", "must be an object")),
            };
            let object = object.and_then(|object| {
                if named.insert(object.id().to_owned()) {
                    return Ok(object);
                }
                let again = format!(
                    "is `{}` again, which the document already names",
                    shorten(&object.name())
                );
                Err(Problem::field("", again))
            });
            match object {
                Ok(object) if object.action().is_some() => self.plan.objects.push(object),
                Ok(_) => self.plan.unchanged += 1,
                Err(problem) if problem.refused_fields().is_empty() => return Err(problem),
                Err(problem) => self.errors.extend(problem.refused_fields().iter().map(|error| {
                    let dot = if error.field.is_empty() { "" } else { "." };
                    FieldError::new(format!("{name}[{index}]{dot}{}", error.field), error.message.clone())
                })),
            }
        }
        Ok(named)
    }

    fn route(&mut self, mut members: Map<String, Value>) -> Result<Object, Problem> {
        let mut errors = Vec::new();
        let id = take_id(&mut members, "route_id", &mut errors);
        let read = json::read::<RouteDefinition>(members, errors);
        let name = read.value().map(|definition| definition.route_name.clone());
        let before = match (&id, &name) {
            (Some(id), _) => self.stored.routes.iter().find(|route| route.route_id == *id),
            (None, Some(name)) => {
                let alike = self.stored.routes.iter();
                let alike = alike.filter(|route| route.definition.route_name == *name);
                the_only("route_name", "route_id", alike)?
            }
            (None, None) => None,
        };
        let named_twice = match name.filter(|_| id.is_none() && before.is_none()) {
            Some(name) => self.new_name("route_name", &name),
            None => Vec::new(),
        };
        let read = read.judged(|_| named_twice);
        let definition = checked(self.app, read, before)?;
        let mut after = match before {
            Some(route) => Route {
                updated_at: now(),
                ..route.clone()
            },
            None => new_route(definition.clone()),
        };
        after.definition = definition;
        if let Some(id) = id {
            after.route_id = id;
        }
        Ok(Object::Route {
            before: before.map(|route| Box::new(route.clone())),
            after: Some(Box::new(after)),
        })
    }

    fn new_name(&mut self, field: &'static str, name: &str) -> Vec<FieldError> {
        if self.new_names.insert((field, name.to_owned())) {
            return Vec::new();
        }
        let why = "is the name of another object in the document; give one of them another";
        vec![FieldError::new(field, why)]
    }

    fn key(&mut self, mut members: Map<String, Value>) -> Result<Object, Problem> {
        let mut errors = Vec::new();
        let has_id = members.get("key_id").is_some_and(|id| !id.is_null());
        let id = take_id(&mut members, "key_id", &mut errors);
        if members.remove("expires_days").is_some() {
            let why = "counts from the day of each import; give `expires_at`";
            errors.push(FieldError::new("expires_days", why));
        }
        let read = json::read::<ApiKeyDefinition>(members, errors).validated();
        let name = read.value().and_then(|definition| definition.name.clone());
        let before = match (&id, &name) {
            (Some(id), _) => self.stored.keys.iter().find(|key| key.key.key_id == *id),
            (None, Some(_)) => {
                let alike = self.stored.keys.iter();
                let alike = alike.filter(|key| key.key.definition.name == name);
                the_only("name", "key_id", alike)?
            }
            (None, None) => None,
        };
        let about_name = match name {
            Some(name) if id.is_none() && before.is_none() => self.new_name("name", &name),
            None if !has_id => {
                let why = "is needed where there is no `key_id`: else each import would make another key";
                vec![FieldError::new("name", why)]
            }
            _ => Vec::new(),
        };
        let definition = read.judged(|_| about_name).finish()?;
        let after = match before {
            Some(key) => {
                let mut key = key.clone();
                key.key.definition = definition;
                key
            }
            None => {
                let secret = NewKey::generate(&self.app.config.security.key_prefix);
                let id = id.unwrap_or_else(|| uuid::Uuid::now_v7().to_string());
                let key = new_key(&secret, id, definition, now());
                self.plan.new_keys.push((secret, key.clone()));
                key
            }
        };
        Ok(Object::Key {
            before: before.cloned(),
            after: Some(after),
        })
    }
}

fn take_id(members: &mut Map<String, Value>, name: &str, errors: &mut Vec<FieldError>) -> Option<String> {
    let id = match members.remove(name)? {
        Value::Null => return None,
        Value::String(id) => uuid::Uuid::try_parse(&id).ok(),
        _ => None,
    };
    if id.is_none() {
        errors.push(FieldError::new(
            name,
            "must be a UUID as an export gives it, or be left out",
        ));
    }
    id.map(|id| id.to_string())
}

/// The stored object that a name means, if there is one.
fn the_only<'a, T>(name: &str, id: &str, mut alike: impl Iterator<Item = &'a T>) -> Result<Option<&'a T>, Problem> {
    match (alike.next(), alike.count()) {
        (found, 0) => Ok(found),
        (_, others) => {
            let why = format!(
                "is the name of {} stored objects; say by `{id}` which one is meant",
                others + 1
            );
            Err(Problem::field(name, why))
        }
    }
}
