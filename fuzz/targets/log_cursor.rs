//! Queries of the audit log: cursors, orders, limits and filters. Input: order, limit, cursor, each on a line, then a query string.

#![no_main]

use fastgate::db::logs::{LogPage, LogQuery, MAX_LIMIT};
use fastgate_shared::audit_log::LogFilter;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut lines = text.splitn(4, '\n');
    let (order, limit, cursor) = (lines.next(), lines.next(), lines.next());
    match LogPage::parse(order, limit, cursor) {
        Ok(page) => assert!((1..=MAX_LIMIT).contains(&page.limit)),
        Err(errors) => assert!(!errors.is_empty()),
    }
    if let Ok(filter) = serde_urlencoded::from_str::<LogFilter>(lines.next().unwrap_or_default()) {
        match LogQuery::parse(&filter) {
            Ok(query) => drop(query.range()),
            Err(errors) => assert!(!errors.is_empty()),
        }
    }
});
