//! Path patterns. (The grammar is written by the routing room.)

/// Names of the captures of a pattern, in order; empty when it does not parse.
#[must_use]
pub fn capture_names(_pattern: &str) -> Vec<String> {
    Vec::new()
}

/// `match_path`.
///
/// # Errors
/// When it does not parse.
pub fn validate<C>(_pattern: &str, _: &C) -> garde::Result {
    Ok(())
}
