//! The document of an export: fields in the order of their description, defaults left out, credentials masked. Nothing in
//! it changes unless the configuration does, so that it can be kept under version control.

use super::Stored;
use crate::admin::problem::Problem;
use crate::secrets::mask_definition;
use fastgate_shared::api_key::ApiKeyDefinition;
use fastgate_shared::fields::Fields as _;
use fastgate_shared::route::RouteDefinition;
use serde::ser::{Serialize, SerializeMap as _, SerializeStruct as _, Serializer};
use serde_json::{Map, Value, json};

/// The version of the document's format.
pub const VERSION: u64 = 1;

/// What an export begins with.
const HEAD: &str = "# Keys and routes of M-FastGate. Credentials are masked: a mask keeps what is stored. Fields that are not named have\n\
    # their defaults. Plan and apply: fastgate config plan FILE, fastgate config apply FILE.\n";

/// A document.
struct Document {
    routes: Vec<Members>,
    keys: Vec<Members>,
}

/// An object whose members have an order.
struct Members(Vec<(&'static str, Value)>);

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = serializer.serialize_struct("Document", 3)?;
        document.serialize_field("version", &VERSION)?;
        document.serialize_field("routes", &self.routes)?;
        document.serialize_field("keys", &self.keys)?;
        document.end()
    }
}

/// As YAML.
pub fn yaml(stored: &Stored) -> Result<String, Problem> {
    let text = serde_saphyr::to_string(&document(stored)?).map_err(Problem::internal)?;
    Ok(format!("{HEAD}{text}"))
}

/// As JSON.
pub fn json(stored: &Stored) -> Result<String, Problem> {
    serde_json::to_string_pretty(&document(stored)?).map_err(Problem::internal)
}

fn document(stored: &Stored) -> Result<Document, Problem> {
    let plain_route = defaults::<RouteDefinition>(json!({"route_name": "", "match_path": ""}))?;
    let plain_key = defaults::<ApiKeyDefinition>(json!({"source_path": ""}))?;
    let routes = stored.routes.iter().map(|route| {
        let members = object(&mask_definition(&route.definition))?;
        Ok(said(
            "route_id",
            &route.route_id,
            RouteDefinition::WRITABLE,
            (members, &plain_route),
        ))
    });
    let keys = stored.keys.iter().map(|key| {
        let members = object(&key.key.definition)?;
        Ok(said(
            "key_id",
            &key.key.key_id,
            ApiKeyDefinition::WRITABLE,
            (members, &plain_key),
        ))
    });
    Ok(Document {
        routes: routes.collect::<Result<_, Problem>>()?,
        keys: keys.collect::<Result<_, Problem>>()?,
    })
}

/// The id, and every member that is not what it defaults to.
fn said(
    id_name: &'static str,
    id: &str,
    names: &'static [&'static str],
    (mut members, plain): (Map<String, Value>, &Map<String, Value>),
) -> Members {
    let mut said = vec![(id_name, Value::from(id))];
    for name in names {
        if let Some(value) = members.remove(*name)
            && plain.get(*name) != Some(&value)
        {
            said.push((*name, value));
        }
    }
    Members(said)
}

fn defaults<T: serde::de::DeserializeOwned + Serialize>(least: Value) -> Result<Map<String, Value>, Problem> {
    let plain: T = serde_json::from_value(least).map_err(Problem::internal)?;
    object(&plain)
}

fn object(value: &impl Serialize) -> Result<Map<String, Value>, Problem> {
    match serde_json::to_value(value) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(Problem::internal("a definition is no JSON object")),
        Err(error) => Err(Problem::internal(error)),
    }
}
