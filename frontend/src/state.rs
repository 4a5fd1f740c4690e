//! What lives longer than a page: session, theme, language, toasts, shortcuts; and the shapes in which pages hold
//! what they fetched ([`query`]), what is being typed ([`form`]) and what the address says ([`address`]).

pub mod address;
pub mod clock;
pub mod connection;
pub mod events;
pub mod form;
pub mod kept;
pub mod language;
pub mod pages;
pub mod query;
pub mod range;
pub mod reactive;
pub mod router;
pub mod session;
pub mod shortcuts;
pub mod theme;
pub mod toasts;
pub mod unsaved;
