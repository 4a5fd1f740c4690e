//! Why an attempt failed, in words, of the classes that records have (`server/src/upstream/failure.rs`).

use crate::locales::requests as t;

/// The words for a class; none for one that only other versions know.
pub fn word(class: &str) -> Option<&'static str> {
    Some(match class {
        "dns_error" => t::failed_dns(),
        "address_refused" => t::failed_address(),
        "connect_failed" => t::failed_connect(),
        "connect_timeout" => t::failed_connect_timeout(),
        "not_processed" => t::failed_not_processed(),
        "connection_lost" => t::failed_connection_lost(),
        "response_timeout" => t::failed_response_timeout(),
        "malformed_response" => t::failed_malformed(),
        "response_head_too_large" => t::failed_head_too_large(),
        "truncated_response" => t::failed_truncated(),
        "idle_timeout" => t::failed_idle(),
        "tls_unknown_issuer" => t::failed_tls_issuer(),
        "tls_wrong_name" => t::failed_tls_name(),
        "tls_certificate_not_valid_now" => t::failed_tls_time(),
        "tls_certificate_is_authority" => t::failed_tls_authority(),
        "tls_not_spoken" => t::failed_tls_not_spoken(),
        "tls_error" => t::failed_tls(),
        _ => return None,
    })
}
