//! What the members of a body say: each refused one by its place, and what remains judged by further rules all the same, so
//! that everything that is wrong is told at once. Which names there may be is told in `json.rs`.

use super::{describe, missing_field};
use crate::admin::problem::Problem;
use fastgate_shared::problem::{FieldError, field_errors};
use garde::Validate;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use serde_path_to_error::Segment;
use std::fmt::Write as _;

/// Members that are refused for their type at most: each costs another look at the whole body.
const MOST_REFUSED: usize = 50;

/// A value on its way to being accepted, and what is wrong with it so far.
pub struct Reading<T> {
    /// As far as it could be read: what was refused has its default, or stands in as an empty text.
    value: Option<T>,
    errors: Vec<FieldError>,
}

impl<T> Reading<T> {
    /// A value that was read elsewhere.
    pub fn of(value: T) -> Self {
        Self {
            value: Some(value),
            errors: Vec::new(),
        }
    }

    /// The value as far as it could be read.
    pub fn value(&self) -> Option<&T> {
        self.value.as_ref()
    }

    /// Judges what could be read. A field of which something was said already is left alone: the same fault is told once.
    #[must_use]
    pub fn judged(mut self, judge: impl FnOnce(&T) -> Vec<FieldError>) -> Self {
        if let Some(value) = &self.value {
            add_missing(&mut self.errors, judge(value));
        }
        self
    }

    /// As [`Reading::judged`], by a judge that makes another value of it and knows what was refused before.
    #[must_use]
    pub fn remade(mut self, judge: impl FnOnce(T, &[FieldError]) -> (T, Vec<FieldError>)) -> Self {
        if let Some(value) = self.value.take() {
            let (value, more) = judge(value, &self.errors);
            add_missing(&mut self.errors, more);
            self.value = Some(value);
        }
        self
    }

    /// The value, if nothing is wrong with it.
    ///
    /// # Errors
    /// 422 with every refused field.
    pub fn finish(self) -> Result<T, Problem> {
        match self.value {
            Some(value) if self.errors.is_empty() => Ok(value),
            _ => Err(Problem::fields(self.errors)),
        }
    }
}

impl<T: Validate<Context = ()>> Reading<T> {
    /// Judges what could be read by its own rules.
    #[must_use]
    pub fn validated(self) -> Self {
        self.judged(|value| {
            value
                .validate()
                .err()
                .map_or_else(Vec::new, |report| field_errors(&report))
        })
    }
}

/// Adds errors about fields that nothing was said of yet: the same fault is told once.
pub fn add_missing(errors: &mut Vec<FieldError>, more: Vec<FieldError>) {
    let known: Vec<String> = errors.iter().map(|error| error.field.clone()).collect();
    errors.extend(more.into_iter().filter(|error| {
        !known
            .iter()
            .any(|known| is_within(known, &error.field) || is_within(&error.field, known))
    }));
}

/// Whether a field is another one or a part of it: `targets[1].host` of `targets`.
pub fn is_within(field: &str, other: &str) -> bool {
    field
        .strip_prefix(other)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Reads a `T` from members whose names were checked, naming each part of the wrong type. `errors` come first.
pub(super) fn build<T: DeserializeOwned>(members: Map<String, Value>, mut errors: Vec<FieldError>) -> Reading<T> {
    let mut rest = Rest {
        value: Value::Object(members),
        stand_ins: Vec::new(),
    };
    // Each round finds one part that is missing or of a wrong type; with it out of the way the next finds the next.
    let mut told: Vec<Place> = Vec::new();
    while told.len() < MOST_REFUSED {
        let error = match serde_path_to_error::deserialize::<_, T>(rest.value.clone()) {
            Ok(value) => {
                return Reading {
                    value: Some(value),
                    errors,
                };
            }
            Err(error) => error,
        };
        let mut place = Place::of(error.path());
        let message = error.inner().to_string();
        let message = match missing_field(&message) {
            Some(name) => {
                place.0.push(Step::Key(name.to_owned()));
                "is missing".to_owned()
            }
            None => describe(&message),
        };
        if !told.iter().any(|known| known.is_on_the_way_of(&place)) {
            errors.push(FieldError::new(place.to_text(), message));
        }
        told.push(place.clone());
        if !rest.put_aside(place) {
            break;
        }
    }
    Reading { value: None, errors }
}

/// Where a part of a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

impl Place {
    fn of(path: &serde_path_to_error::Path) -> Self {
        let steps = path.iter().filter_map(|segment| match segment {
            Segment::Seq { index } => Some(Step::Index(*index)),
            Segment::Map { key } => Some(Step::Key(key.clone())),
            Segment::Enum { .. } | Segment::Unknown => None,
        });
        Self(steps.collect())
    }

    /// Whether one of both is the other or a part of it.
    fn is_on_the_way_of(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(one, other)| one == other)
    }

    fn to_text(&self) -> String {
        let mut text = String::new();
        for step in &self.0 {
            // Writing into a text cannot fail.
            let _ = match step {
                Step::Index(index) => write!(text, "[{index}]"),
                Step::Key(key) if text.is_empty() => write!(text, "{key}"),
                Step::Key(key) => write!(text, ".{key}"),
            };
        }
        text
    }
}

/// What is left of a body while refused parts are put aside.
struct Rest {
    value: Value,
    /// Where an empty text stands for what is missing.
    stand_ins: Vec<Place>,
}

impl Rest {
    /// Puts a refused part aside, so that the rest can be read; what holds it goes along where nothing can stand in for it.
    /// False where nothing is left.
    fn put_aside(&mut self, mut place: Place) -> bool {
        while !place.0.is_empty() {
            if self.replace(&place) {
                return true;
            }
            place.0.pop();
        }
        false
    }

    fn replace(&mut self, place: &Place) -> bool {
        let Some((last, above)) = place.0.split_last() else {
            return false;
        };
        let holder = above.iter().try_fold(&mut self.value, |value, step| match step {
            Step::Key(key) => value.get_mut(key),
            Step::Index(index) => value.get_mut(index),
        });
        if self.stand_ins.contains(place) {
            return false;
        }
        let stand_in = Value::String(String::new());
        match (holder, last) {
            (Some(Value::Object(members)), Step::Key(key)) => {
                // Without it it has its default, if there is one; else the next round misses it.
                if members.remove(key).is_some() {
                    return true;
                }
                members.insert(key.clone(), stand_in);
            }
            // The places of those that follow stay what they are.
            (Some(Value::Array(items)), Step::Index(index)) if *index < items.len() => items[*index] = stand_in,
            _ => return false,
        }
        self.stand_ins.push(place.clone());
        true
    }
}
