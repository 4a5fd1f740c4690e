//! What several tests need.

pub mod admin;
