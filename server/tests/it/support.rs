//! What several tests need.

pub mod admin;
pub mod database;
pub mod postgres;
pub mod process;
pub mod record;
