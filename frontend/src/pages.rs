//! The pages. Each is `<page>.rs` with its parts in `<page>/`.

pub mod changes;
mod deletion;
mod forecast;
pub mod keys;
pub mod not_found;
pub mod overview;
pub mod playground;
pub mod requests;
pub mod routes;
pub mod settings;
pub mod sign_in;
pub mod statistics;
