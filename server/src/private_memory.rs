//! Keeps what is in memory in memory: no core dumps, no other process of the same user that attaches. Keys, tokens and
//! upstream credentials are there in clear while the gateway runs.

use rustix::process::{Resource, Rlimit, setrlimit};

/// Why the memory is not as private as it could be; for the log.
#[derive(Debug, thiserror::Error)]
#[error("a core dump of this process could hold secrets: {what}: {source}")]
pub struct NotPrivate {
    what: &'static str,
    source: std::io::Error,
}

/// Switches core dumps off, and on Linux attaching as well. To be called first; the gateway goes on without.
///
/// # Errors
/// When the system refuses.
pub fn keep() -> Result<(), NotPrivate> {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none).map_err(|error| NotPrivate {
        what: "the limit of core files cannot be set to 0",
        source: error.into(),
    })?;
    not_dumpable().map_err(|source| NotPrivate {
        what: "the process cannot be made undumpable",
        source,
    })
}

#[cfg(target_os = "linux")]
fn not_dumpable() -> std::io::Result<()> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(Into::into)
}

#[cfg(not(target_os = "linux"))]
fn not_dumpable() -> std::io::Result<()> {
    Ok(())
}
