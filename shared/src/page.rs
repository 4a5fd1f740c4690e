//! Lists: `skip` and `limit`, and the cursor pages of the log.

use crate::json::FromJson;
use serde::{Deserialize, Serialize};

/// Rows to leave out and rows to return.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Page {
    /// Rows left out from the start.
    pub skip: u64,
    /// Rows returned at most, 1–1000.
    pub limit: u64,
}

impl Default for Page {
    fn default() -> Self {
        Self { skip: 0, limit: 100 }
    }
}

/// One page of a list that is read by cursor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CursorPage<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Give it back as `cursor` for the next page; null on the last one.
    pub next_cursor: Option<String>,
    /// Rows that match; exact up to 10,000, unless it is a lower bound.
    pub total: u64,
    /// True when more rows may match than were counted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub total_is_lower_bound: bool,
}
