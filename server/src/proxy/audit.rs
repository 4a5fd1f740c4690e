//! Stage 8: the record leaves for the audit log, on every exit. Nothing waits for the disk, unless the operator asked for
//! it (`proxy.async_audit: false`).

use super::exchange::{End, Exchange};
use crate::app::App;
use crate::audit_log::OnDisk;
use crate::config::OnFull;
/// Whether a response's end waits for its record.
#[must_use]
pub fn must_wait(app: &App) -> bool {
    !app.config.proxy.async_audit || app.config.audit.on_full == OnFull::Block
}

/// Ends the exchange and hands its record over. What comes back, if anything, is to be waited for before the client
/// sees the end of its response; dropping it loses nothing, since the record is queued already.
#[must_use]
pub fn record(exchange: &mut Exchange, end: End) -> Option<OnDisk> {
    let record = exchange.end(end)?;
    let app = exchange.app();
    if must_wait(app) {
        return Some(app.audit.ended_durably(record));
    }
    app.audit.ended(record);
    None
}
