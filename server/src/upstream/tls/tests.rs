//! What routes may say about TLS.

use super::*;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::{Value, json};

fn route(fields: Value) -> RouteDefinition {
    let mut route = json!({"route_name": "one", "match_path": "/*", "target_host": "a", "target_protocol": "https"});
    route
        .as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    serde_json::from_value(route).unwrap()
}

fn refused(fields: Value) -> String {
    let Err(errors) = TlsSettings::compile(&route(fields), &Arc::new(RootCertStore::empty())) else {
        panic!("not refused");
    };
    errors
        .iter()
        .map(|error| format!("{}: {}\n", error.field, error.message))
        .collect()
}

fn pair() -> (String, String) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["client".to_owned()]).unwrap();
    (cert.pem(), signing_key.serialize_pem())
}

#[test]
fn a_certificate_with_its_key_is_taken() {
    let (certificate, key) = pair();
    let fields = json!({"tls_client_cert": certificate, "tls_client_key": key, "tls_ca": certificate});
    assert!(TlsSettings::compile(&route(fields), &Arc::new(RootCertStore::empty())).is_ok());
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let refused = refused(json!({"tls_client_cert": pair().0, "tls_client_key": pair().1}));
    assert_eq!(
        refused,
        "tls_client_key: does not belong to the certificate in `tls_client_cert`\n"
    );
}

#[test]
fn text_that_is_no_certificate_or_key_is_refused_with_its_field() {
    let broken = "-----BEGIN CERTIFICATE-----\n####\n-----END CERTIFICATE-----\n";
    let empty = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(refused(json!({"tls_ca": broken})).starts_with("tls_ca: is no PEM"));
    assert!(refused(json!({"tls_ca": empty})).starts_with("tls_ca: holds as number 1 no certificate"));
    assert!(refused(json!({"tls_ca": pair().1})).starts_with("tls_ca: holds no certificate"));
    assert!(refused(json!({"tls_client_cert": broken})).starts_with("tls_client_cert: "));
    assert!(refused(json!({"tls_client_key": pair().0})).starts_with("tls_client_key: holds no private key"));
}

#[test]
fn settings_that_differ_in_anything_have_different_digests() {
    let (certificate, key) = pair();
    let all = [
        json!({}),
        json!({"tls_skip_verify": true}),
        json!({"tls_ca": certificate}),
        json!({"tls_client_cert": certificate, "tls_client_key": key}),
        json!({"tls_client_cert": key, "tls_client_key": certificate}),
        json!({"tls_server_name": "a"}),
    ];
    let digests: std::collections::BTreeSet<TlsDigest> =
        all.iter().map(|fields| digest(&route(fields.clone()))).collect();
    assert_eq!(digests.len(), all.len());
    assert_eq!(digest(&route(json!({}))), TlsDigest::default());
}
