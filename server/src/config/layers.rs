//! Puts flags over the environment over the file over the defaults, remembers where each value comes from, and finds
//! everything that is wrong with them at once.
//!
//! Each layer is read strictly against the table of keys (`keys`), which no layering crate does: a mistyped name or a
//! value out of range must stop the start, with its origin, and never fall back to a default.

use super::keys::{KEYS, Key};
use super::{Config, listener};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// The file that is read when no other is named, if it exists.
pub const DEFAULT_FILE: &str = "config/config.yaml";

/// What the names of environment variables start with.
const PREFIX: &str = "FASTGATE_";
/// The variable of the token with which `fastgate config` works on a running gateway.
pub const ADMIN_TOKEN: &str = "FASTGATE_ADMIN_TOKEN";
/// The variable of the key that `fastgate rotate-master-key` rotates to.
pub const NEW_MASTER_KEY: &str = "FASTGATE_NEW_MASTER_KEY";

/// Where values are taken from. Kept for the whole life of the process, because SIGHUP reads them again.
#[derive(Clone, Default)]
pub struct Sources {
    /// The file that was asked for; it must exist.
    pub file: Option<PathBuf>,
    /// Environment variables whose names start with `FASTGATE_`, as text.
    pub variables: Vec<(String, String)>,
    /// Values from the command line.
    pub flags: Vec<Flag>,
}

/// A value from the command line.
#[derive(Clone)]
pub struct Flag {
    /// The key's path; it may be wrong.
    pub path: String,
    /// Its value, as typed.
    pub text: String,
    /// The flag's name, with its dashes.
    pub name: String,
}

/// Shows where values come from, not which: there are secrets among them.
impl fmt::Debug for Sources {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.variables.iter().map(|(name, _)| name.as_str()).collect();
        formatter
            .debug_struct("Sources")
            .field("file", &self.file)
            .field("variables", &names)
            .field("flags", &self.flags)
            .finish()
    }
}

impl fmt::Debug for Flag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}=…", self.name, self.path)
    }
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// This file.
    File(PathBuf),
    /// This environment variable.
    Environment(String),
    /// This flag.
    Flag(String),
}

/// Something that is wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key, or the file.
    pub subject: String,
    /// The refused value, in quotes; never that of a secret.
    pub value: Option<String>,
    /// What is wrong, and what is allowed.
    pub what: String,
    /// Where the value comes from.
    pub origin: Origin,
}

/// All that is wrong with the configuration.
#[derive(Clone, Debug, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

/// The effective value of a key.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: &'static Key,
    /// Its value; a secret's is hidden.
    pub value: Value,
    /// Where it comes from.
    pub origin: Origin,
}

/// A valid configuration with the origin of each value.
#[derive(Clone)]
pub struct Loaded {
    /// The values.
    pub config: Config,
    /// What the layers say, secrets in clear: for comparing only, never shown.
    pub(super) given: Given,
}

/// The values that some layer gives, by key.
pub(super) type Given = BTreeMap<&'static str, (Value, Origin)>;

impl Sources {
    /// The sources of this process: its environment, the file (`config/config.yaml` when none is named), the flags. A
    /// file that is there now must still be there when the sources are read again.
    #[must_use]
    pub fn of_process(file: Option<PathBuf>, flags: Vec<Flag>) -> Self {
        let text = |os: std::ffi::OsString| os.to_string_lossy().into_owned();
        let variables = std::env::vars_os()
            .map(|(name, value)| (text(name), text(value)))
            .filter(|(name, value)| name.starts_with(PREFIX) && !is_foreign(name, value))
            .collect();
        Self {
            file: file.or_else(default_file),
            variables,
            flags,
        }
    }

    /// Reads all layers.
    ///
    /// # Errors
    /// Everything that is wrong: unknown keys, refused values, an unreadable file.
    pub fn load(&self) -> Result<Loaded, Problems> {
        let mut reading = Reading::default();
        if let Some(file) = self.file.clone().or_else(default_file) {
            reading.file(&file);
        }
        for (name, text) in &self.variables {
            let path = name[PREFIX.len()..].to_ascii_lowercase().replace("__", ".");
            reading.text(&path, text, Origin::Environment(name.clone()));
        }
        for flag in &self.flags {
            reading.text(&flag.path, &flag.text, Origin::Flag(flag.name.clone()));
        }
        reading.finish()
    }
}

impl Loaded {
    /// Every key with its effective value and origin, in the table's order.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        entries(&self.config, |path| self.origin(path))
    }

    /// Where a key's value comes from.
    #[must_use]
    pub fn origin(&self, path: &str) -> Origin {
        self.given
            .get(path)
            .map_or(Origin::Default, |(_, origin)| origin.clone())
    }

    /// The keys whose values differ from those of another configuration.
    #[must_use]
    pub fn changes(&self, other: &Self) -> Vec<&'static Key> {
        let value = |loaded: &Self, key: &Key| loaded.given.get(key.path).map(|(value, _)| value.clone());
        let (mine, others) = (self.entries(), other.entries());
        let shown_differ = mine.iter().zip(&others).map(|(mine, other)| mine.value != other.value);
        KEYS.iter()
            .zip(shown_differ)
            .filter(|(key, differ)| *differ || (key.kind.is_secret() && value(self, key) != value(other, key)))
            .map(|(key, _)| key)
            .collect()
    }
}

/// Every key with its value in this configuration, in the table's order.
pub(super) fn entries(config: &Config, origin: impl Fn(&str) -> Origin) -> Vec<Entry> {
    let shown = serde_json::to_value(config).unwrap_or_default();
    KEYS.iter()
        .map(|key| Entry {
            key,
            value: shown
                .pointer(&format!("/{}", key.path.replace('.', "/")))
                .cloned()
                .unwrap_or_default(),
            origin: origin(key.path),
        })
        .collect()
}

/// The layers as far as they have been read.
#[derive(Default)]
struct Reading {
    given: Given,
    problems: Vec<Problem>,
}

impl Reading {
    fn file(&mut self, path: &Path) {
        let origin = Origin::File(path.to_owned());
        // Without a snippet: the lines around a mistake may hold secrets. The example file has a section of comments only.
        let options = serde_saphyr::options! {
            with_snippet: false,
            budget: serde_saphyr::budget! { max_buffered_comment_events: 10_000 },
        };
        let read = std::fs::read_to_string(path)
            .map_err(|error| error.to_string())
            .and_then(|text| {
                serde_saphyr::from_str_with_options::<Value>(&text, options).map_err(|error| error.to_string())
            });
        match read {
            Ok(Value::Null) => {}
            Ok(Value::Object(sections)) => {
                for (section, content) in sections {
                    self.section(&section, content, &origin);
                }
            }
            Ok(_) => self.problem(
                &path.display().to_string(),
                None,
                "must hold sections, such as `server:`",
                origin,
            ),
            Err(error) => {
                let what = format!("cannot be read: {}", one_line(&error));
                self.problem(&path.display().to_string(), None, &what, origin);
            }
        }
    }

    fn section(&mut self, section: &str, content: Value, origin: &Origin) {
        match content {
            Value::Null if is_section(section) => {}
            Value::Object(values) if is_section(section) => {
                for (name, value) in values {
                    self.value(&format!("{section}.{name}"), &value, origin.clone());
                }
            }
            _ if is_section(section) => {
                self.problem(section, None, "must hold keys, indented below it", origin.clone())
            }
            _ => self.unknown(section, origin.clone()),
        }
    }

    fn value(&mut self, path: &str, value: &Value, origin: Origin) {
        let Some(key) = Key::find(path) else {
            return match value {
                Value::Object(below) if is_group(path) => below
                    .iter()
                    .for_each(|(name, value)| self.value(&format!("{path}.{name}"), value, origin.clone())),
                Value::Null if is_group(path) => {}
                _ => self.unknown(path, origin),
            };
        };
        if value.is_null() && key.null.is_some() {
            self.given.insert(key.path, (Value::Null, origin));
        } else if let Some(read) = key.kind.read(value) {
            self.given.insert(key.path, (read, origin));
        } else {
            let shown = (!key.kind.is_secret()).then(|| value.to_string());
            self.problem(path, shown, &format!("must be {}", key.allowed()), origin);
        }
    }

    /// A value as text; where null is allowed, an empty text and `null` mean it.
    fn text(&mut self, path: &str, text: &str, origin: Origin) {
        let nullable = Key::find(path).is_some_and(|key| key.null.is_some());
        let value = match text {
            "" | "null" if nullable => Value::Null,
            _ => Value::from(text),
        };
        self.value(path, &value, origin);
    }

    fn unknown(&mut self, path: &str, origin: Origin) {
        let (section, _) = path.split_once('.').unwrap_or((path, ""));
        let what = if is_section(section) {
            let names: Vec<_> = KEYS
                .iter()
                .filter_map(|key| key.path.strip_prefix(section)?.strip_prefix('.'))
                .collect();
            format!("is no key; `{section}` has {}", names.join(", "))
        } else {
            let mut sections: Vec<_> = KEYS
                .iter()
                .filter_map(|key| Some(key.path.split_once('.')?.0))
                .collect();
            sections.dedup();
            let hint = match &origin {
                Origin::Environment(_) => "; a section and its key are joined by `__`, as in FASTGATE_SERVER__PORT",
                _ => "",
            };
            format!("is no key; the sections are {}{hint}", sections.join(", "))
        };
        self.problem(&named(path), None, &what, origin);
    }

    fn problem(&mut self, subject: &str, value: Option<String>, what: &str, origin: Origin) {
        self.problems.push(Problem {
            subject: subject.to_owned(),
            value,
            what: what.to_owned(),
            origin,
        });
    }

    fn finish(mut self) -> Result<Loaded, Problems> {
        if !self.problems.is_empty() {
            return Err(Problems(self.problems));
        }
        let config = build(&self.given).map_err(|problem| Problems(vec![problem]))?;
        if let Some((path, value, what)) = listener::contradiction(&config) {
            let origin = self
                .given
                .get(path)
                .map_or(Origin::Default, |(_, origin)| origin.clone());
            self.problem(path, value, what, origin);
            return Err(Problems(self.problems));
        }
        Ok(Loaded {
            config,
            given: self.given,
        })
    }
}

/// The sections with these values, and the defaults for the rest.
pub(super) fn build(given: &Given) -> Result<Config, Problem> {
    let mut sections = Value::Object(Map::new());
    for (path, (value, _)) in given {
        let place = path.split('.').fold(&mut sections, |place, name| &mut place[name]);
        *place = value.clone();
    }
    serde_path_to_error::deserialize(sections).map_err(|error| {
        let path = error.path().to_string();
        let origin = given
            .get(path.as_str())
            .map_or(Origin::Default, |(_, origin)| origin.clone());
        Problem {
            what: Key::find(&path).map_or_else(|| "is refused".to_owned(), |key| format!("must be {}", key.allowed())),
            subject: path,
            value: None,
            origin,
        }
    })
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.subject.escape_debug())?;
        if let Some(value) = &self.value {
            write!(f, " = {value}")?;
        }
        write!(f, " {} ({})", self.what, self.origin)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, problem) in self.0.iter().enumerate() {
            write!(f, "{}{problem}", if n == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

/// Variables that are no settings: those of commands (the token that `fastgate config` shows to a running gateway, the new
/// encryption key), and what Kubernetes sets for a service that is called `fastgate`.
fn is_foreign(name: &str, value: &str) -> bool {
    let rest = &name[PREFIX.len()..];
    if name == ADMIN_TOKEN || name == NEW_MASTER_KEY {
        return true;
    }
    rest == "SERVICE_HOST"
        || rest.starts_with("SERVICE_PORT")
        || (rest.starts_with("PORT") && (value.contains("://") || rest.starts_with("PORT_")))
}

fn is_section(name: &str) -> bool {
    KEYS.iter()
        .any(|key| key.path.split_once('.').is_some_and(|(section, _)| section == name))
}

/// Whether keys stand below this path.
fn is_group(path: &str) -> bool {
    KEYS.iter()
        .any(|key| key.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
}

fn default_file() -> Option<PathBuf> {
    let path = PathBuf::from(DEFAULT_FILE);
    path.exists().then_some(path)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether an environment variable is set, for tests.
#[cfg(test)]
pub(super) fn variable_is_set(name: &str) -> bool {
    std::env::var_os(name).is_some()
}

/// A key that there is not, as far as it may be shown: where a colon is missing, the value is part of the name, and may be a
/// secret.
fn named(path: &str) -> Cow<'_, str> {
    match path.find(|sign: char| !(sign.is_ascii_alphanumeric() || "._-".contains(sign))) {
        None => path.into(),
        Some(end) => format!("{}…", &path[..end]).into(),
    }
}
