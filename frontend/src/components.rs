//! The kit: small parts on native elements that every page is built from. No part knows a page or fetches anything.

pub mod badge;
pub mod button;
pub mod call_code;
pub mod chart;
pub mod code;
pub mod confirm;
pub mod conflict;
pub mod copy_button;
pub mod data_table;
pub mod dialog;
pub mod diff;
pub mod either;
pub mod expiry;
pub mod field;
pub mod first_rows;
pub mod fold;
pub mod gone;
pub mod icon;
pub mod key_value;
pub mod keyed;
pub mod loaded;
pub mod menu;
pub mod object_id;
pub mod page_head;
pub mod relative_time;
pub mod row_focus;
pub mod row_link;
pub mod search_box;
pub mod show;
pub mod snippets;
pub mod sorting;
pub mod switch;
pub mod tabs;
pub mod time_chart;
pub mod toasts;
pub mod verdicts;

use std::sync::atomic::{AtomicU32, Ordering};

/// An `id` for an element that another element refers to.
pub fn unique_id() -> String {
    static LAST: AtomicU32 = AtomicU32::new(0);
    format!("u{}", LAST.fetch_add(1, Ordering::Relaxed))
}
