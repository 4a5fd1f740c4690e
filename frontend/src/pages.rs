//! The pages. Each is `<page>.rs` with its parts in `<page>/`.

pub mod keys;
pub mod not_found;
pub mod overview;
pub mod requests;
pub mod routes;
pub mod sign_in;
