//! What several tests need.

pub mod admin;
pub mod process;
