//! TLS towards the upstreams of a route: which certificates are believed and shown. Whether a certificate or key can be
//! used is known to the server alone; here it is only seen that it is PEM.

use super::{Protocol, RouteDefinition};

/// Bytes of PEM text at most: a bundle of all public authorities has about 200 KiB.
const MAX_PEM_BYTES: usize = 512 << 10;

/// `tls_skip_verify`.
pub fn validate_use<'a, C>(route: &'a RouteDefinition) -> impl FnOnce(&bool, &C) -> garde::Result + 'a {
    move |skip, _| if *skip { speaks_tls(route) } else { Ok(()) }
}

/// `tls_ca`.
pub fn validate_certificates<'a, C>(
    route: &'a RouteDefinition,
) -> impl FnOnce(&Option<String>, &C) -> garde::Result + 'a {
    move |text, _| {
        text.as_deref()
            .map_or(Ok(()), |text| check_pem(route, text, "CERTIFICATE"))
    }
}

/// `tls_client_cert`, which needs its key.
pub fn validate_client_certificate<'a, C>(
    route: &'a RouteDefinition,
) -> impl FnOnce(&Option<String>, &C) -> garde::Result + 'a {
    move |text, _| {
        let Some(text) = text else { return Ok(()) };
        check_pem(route, text, "CERTIFICATE")?;
        match route.tls_client_key {
            Some(_) => Ok(()),
            None => Err(garde::Error::new(
                "has no key: give its private key in `tls_client_key`",
            )),
        }
    }
}

/// `tls_client_key`, which needs its certificate.
pub fn validate_client_key<'a, C>(
    route: &'a RouteDefinition,
) -> impl FnOnce(&Option<String>, &C) -> garde::Result + 'a {
    move |text, _| {
        let Some(text) = text else { return Ok(()) };
        check_pem(route, text, "PRIVATE KEY")?;
        match route.tls_client_cert {
            Some(_) => Ok(()),
            None => Err(garde::Error::new(
                "has no certificate: give the one that it belongs to in `tls_client_cert`",
            )),
        }
    }
}

/// `tls_server_name`: a host name, without a port.
pub fn validate_server_name<'a, C>(
    route: &'a RouteDefinition,
) -> impl FnOnce(&Option<String>, &C) -> garde::Result + 'a {
    move |name, _| {
        let Some(name) = name else { return Ok(()) };
        speaks_tls(route)?;
        super::target::validate_host_name(name)
    }
}

fn check_pem(route: &RouteDefinition, text: &str, kind: &str) -> garde::Result {
    speaks_tls(route)?;
    if text.len() > MAX_PEM_BYTES {
        return Err(garde::Error::new(format!("is larger than {MAX_PEM_BYTES} bytes")));
    }
    if text.contains("-----BEGIN ") && text.contains(kind) {
        return Ok(());
    }
    Err(garde::Error::new(format!(
        "is not PEM text with a `{kind}`: a block from `-----BEGIN …-----` to `-----END …-----`"
    )))
}

/// A rule about TLS that no target can follow is a mistake that somebody wants to hear of.
fn speaks_tls(route: &RouteDefinition) -> garde::Result {
    let own = route.target_protocol;
    let some = match &*route.targets {
        [] => own == Protocol::Https,
        targets => targets
            .iter()
            .any(|target| target.protocol.unwrap_or(own) == Protocol::Https),
    };
    if some {
        return Ok(());
    }
    Err(garde::Error::new(
        "has no effect: no target of the route speaks `https`; set `target_protocol` to `https`, or leave this out",
    ))
}
