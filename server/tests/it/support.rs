//! What several tests need.

pub mod admin;
pub mod client;
pub mod database;
pub mod gateway;
pub mod postgres;
pub mod process;
pub mod record;
pub mod upstream;
