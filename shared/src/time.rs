//! Points in time as users write them: RFC 3339, a naive date-time (read as UTC) or a bare date.
//! All times of the API are UTC; they are shown as RFC 3339.

#[cfg(any(target_family = "wasm", test))]
mod moment;
#[cfg(not(target_family = "wasm"))]
mod reading;

#[cfg(not(target_family = "wasm"))]
pub use jiff::Timestamp;
#[cfg(target_family = "wasm")]
pub use moment::Moment as Timestamp;
#[cfg(not(target_family = "wasm"))]
pub use reading::{ALLOWED, DayEdge, optional, parse};

/// `deserialize_with` for an optional point in time, as the server writes it.
///
/// # Errors
/// Where the text is none.
#[cfg(target_family = "wasm")]
pub fn optional<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    serde::Deserialize::deserialize(deserializer)
}
