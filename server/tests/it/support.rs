//! What several tests need.

pub mod admin;
pub mod calls;
pub mod client;
pub mod database;
pub mod gateway;
pub mod http2;
pub mod load;
pub mod modern;
pub mod names;
pub mod postgres;
pub mod process;
pub mod record;
pub mod tls;
pub mod upstream;
