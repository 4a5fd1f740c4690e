//! Stage 8: the record leaves for the audit log, on every exit. Nothing waits for the disk, unless the operator asked for
//! it (`proxy.async_audit: false`).

use super::exchange::{End, Exchange};
use crate::audit_log::OnDisk;
use crate::config::OnFull;
/// Ends the exchange and hands its record over. What comes back, if anything, is to be waited for before the client
/// sees the end of its response; dropping it loses nothing, since the record is queued already.
#[must_use]
pub fn record(exchange: &mut Exchange, end: End) -> Option<OnDisk> {
    let record = exchange.end(end)?;
    let app = exchange.app();
    let must_wait = !app.config.proxy.async_audit || app.config.audit.on_full == OnFull::Block;
    if must_wait {
        return Some(app.audit.ended_durably(record));
    }
    app.audit.ended(record);
    None
}
