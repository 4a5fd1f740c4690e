//! The types that M-FastGate's server and dashboard both speak: what the admin REST API and the dashboard's
//! server functions send and receive, and the rules by which they are validated.
//!
//! One type per thing: the JSON, the validation messages and the dashboard's forms come from the same definition.
//! No web framework, database, HTTP client or runtime lives here.

pub mod admin_token;
pub mod answer_text;
pub mod api_key;
pub mod audit_log;
pub mod changes;
pub mod fields;
pub mod json;
pub mod line_diff;
pub mod metrics;
pub mod page;
pub mod playground;
pub mod problem;
pub mod refusals;
pub mod route;
pub mod rpc;
pub mod session;
pub mod settings;
pub mod texts;
pub mod time;
pub mod upstream;
