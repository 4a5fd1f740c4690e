//! The journey of a proxied request, stage by stage, through real sockets: what clients and upstreams can rely on.

mod accept;
mod admit;
mod audit;
mod authenticate;
mod connection;
mod forward;
mod framing;
mod match_route;
mod relay;
mod retry;
mod transform;
