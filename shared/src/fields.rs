//! Which JSON fields an object has, so that an unknown one can be refused by its name.

use serde::{Deserialize, Deserializer};

/// An object whose writable fields are known by name.
pub trait Fields {
    /// Every field that a client may set.
    const WRITABLE: &'static [&'static str];
    /// Further fields that a call takes and turns into writable ones.
    const SHORTHAND: &'static [&'static str] = &[];
    /// Fields that the server sets. A client may send them back unchanged, never with another value.
    const READ_ONLY: &'static [&'static str];
}

/// `deserialize_with` for fields where 0.2's users send `null` for "nothing".
///
/// # Errors
/// Where the value is neither null nor a `T`.
pub fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// A name: text of one line, without control characters.
///
/// # Errors
/// When it has a control character.
pub fn one_line<C>(text: &str, _: &C) -> garde::Result {
    if text.chars().any(char::is_control) {
        return Err(garde::Error::new("must have no control characters"));
    }
    Ok(())
}

/// A whole number from `min` to `max`, for garde.
pub fn whole<T: Copy + Into<u64>, C>(min: u64, max: u64) -> impl Fn(&T, &C) -> garde::Result {
    move |value, _| {
        let value = (*value).into();
        if (min..=max).contains(&value) {
            return Ok(());
        }
        Err(garde::Error::new(format!(
            "is {value}; allowed is a whole number from {min} to {max}"
        )))
    }
}
