//! Bodies: how they are repeated for another attempt (`replay`), how bytes flow once HTTP has ended (`pipe`), and what is
//! read of them — for matching (`peek`), a prefix (`capture`), the events of a stream (`sse`), model and usage
//! (`usage`) — without holding them back; how long they may be silent (`idle_timeout`).

pub mod capture;
mod fields;
pub mod idle_timeout;
pub mod peek;
pub mod pipe;
pub mod replay;
pub mod sse;
pub mod usage;
