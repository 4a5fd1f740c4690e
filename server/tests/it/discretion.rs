//! What the gateway's errors keep to themselves. Each error that a client or an administrator can hear is provoked, and the
//! whole answer, fields and body, is read for what stays inside: where upstreams are, what is sent to them, what the
//! database was told, and where in the program it happened. What upstreams themselves do wrong is in `faults`, which reads
//! its errors with the same eyes.

mod administration;
mod proxying;

/// Pieces of what no error has a reason to say, whatever it is about; in lower case.
const NEVER: &[&str] = &[
    // What the database is told, and what it says.
    "select ",
    "insert ",
    "delete from",
    "update \"",
    "alter table",
    "returning ",
    "pragma",
    "begin immediate",
    "no such table",
    "no such column",
    "relation \"",
    "disk image",
    "database is locked",
    "unable to open",
    "connection to server",
    "terminating connection",
    "constraint",
    // Which one it is, by what it is reached, and how its tables are called.
    "sqlite",
    "postgres",
    "libpq",
    "diesel",
    "r2d2",
    "fastgate.db",
    "audit_records",
    "audit_details",
    "api_keys",
    "admin_tokens",
    "admin_events",
    "rollups",
    // Where in the program, and by which parts of it.
    "panicked",
    "backtrace",
    "stack ",
    "src/",
    ".rs:",
    "unwrap",
    "os error",
    "hyper",
    "tokio",
    "rustls",
];

/// Whether an answer says nothing of what is inside, nor any of these.
pub fn keeps_quiet(answer: &[u8], inside: &[&str]) -> Result<(), String> {
    let text = String::from_utf8_lossy(answer).to_lowercase();
    let told = NEVER
        .iter()
        .copied()
        .chain(inside.iter().copied())
        .find(|piece| text.contains(&piece.to_lowercase()));
    told.map_or(Ok(()), |piece| {
        Err(format!("it tells {piece:?}: {}", text.escape_debug()))
    })
}

#[test]
fn what_an_error_must_not_tell_is_found_in_it() {
    for told in [
        &b"no such table: audit_records"[..],
        b"thread 'main' panicked at server/src/app.rs:1:2",
        b"SELECT * FROM x",
        b"x-inner: the-upstream:8080",
    ] {
        assert!(keeps_quiet(told, &["The-Upstream"]).is_err(), "{}", told.escape_ascii());
    }
    assert_eq!(
        keeps_quiet(b"The upstream did not answer in time.", &["the-upstream"]),
        Ok(())
    );
}
