//! Which certificate a client gets, and what is refused.

use super::*;
use crate::config::CertificateFiles;
use rstest::rstest;
use std::path::Path;
use tempfile::TempDir;

/// Writes a certificate with these names, and its key.
fn write(folder: &Path, file: &str, names: &[&str]) -> CertificateFiles {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let (cert, key) = (folder.join(format!("{file}.pem")), folder.join(format!("{file}.key")));
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    CertificateFiles { cert, key }
}

fn tls(first: CertificateFiles, more: impl Into<Vec<CertificateFiles>>) -> Tls {
    Tls {
        cert: Some(first.cert),
        key: Some(first.key),
        certificates: more.into(),
    }
}

/// The file of the certificate that a client gets.
fn file_for(certificates: &Certificates, name: Option<&str>) -> String {
    let table = certificates.0.choice.0.load_full().unwrap();
    let key = table.key_for(name);
    let one = table.all.iter().find(|one| Arc::ptr_eq(&one.key, &key)).unwrap();
    one.file.file_stem().unwrap().to_str().unwrap().to_owned()
}

#[rstest]
#[case(Some("a.example"), "first")]
#[case(Some("A.Example."), "first")]
#[case(Some("b.example"), "second")]
#[case(Some("x.b.example"), "second")]
#[case(Some("y.x.b.example"), "first")]
#[case(Some("c.b.example"), "third")]
#[case(Some("unknown.example"), "first")]
#[case(None, "first")]
fn a_client_gets_the_certificate_of_the_name_that_it_asks_for(#[case] name: Option<&str>, #[case] file: &str) {
    let folder = TempDir::new().unwrap();
    let first = write(folder.path(), "first", &["a.example", "127.0.0.1"]);
    let more = [
        write(folder.path(), "second", &["b.example", "*.b.example", "a.example"]),
        write(folder.path(), "third", &["c.b.example"]),
    ];
    let certificates = Certificates::load(&tls(first, more)).unwrap();
    assert_eq!(file_for(&certificates, name), file);
}

#[test]
fn without_certificates_there_is_no_tls() {
    let certificates = Certificates::load(&Tls::default()).unwrap();
    assert!(certificates.acceptor().is_none());
}

#[rstest]
#[case::no_file(None, "server.tls.cert = \"", "No such file")]
#[case::no_pem(Some("hello"), "server.tls.cert = \"", "there is no certificate in it")]
#[case::no_certificate(
    Some("-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n"),
    "server.tls.cert = \"",
    "the certificate cannot be read"
)]
#[case::cut_short(
    Some("-----BEGIN CERTIFICATE-----\naGVsbG8="),
    "server.tls.cert = \"",
    "it is not PEM"
)]
fn a_certificate_that_cannot_be_used_is_named_with_its_key(
    #[case] cert: Option<&str>,
    #[case] names: &str,
    #[case] says: &str,
) {
    let folder = TempDir::new().unwrap();
    let files = write(folder.path(), "a", &["a.example"]);
    match cert {
        Some(text) => std::fs::write(&files.cert, text).unwrap(),
        None => std::fs::remove_file(&files.cert).unwrap(),
    }
    let error = Certificates::load(&tls(files, [])).err().unwrap().to_string();
    assert!(error.contains(names) && error.contains(says), "{error}");
    assert!(!error.contains('\n'), "{error}");
}

#[test]
fn a_key_that_belongs_to_another_certificate_is_refused() {
    let folder = TempDir::new().unwrap();
    let first = write(folder.path(), "a", &["a.example"]);
    let other = write(folder.path(), "b", &["b.example"]);
    let more = [CertificateFiles {
        cert: first.cert.clone(),
        key: other.key,
    }];
    let error = Certificates::load(&tls(first, more)).err().unwrap().to_string();
    assert!(error.starts_with("server.tls.certificates[0].key = "), "{error}");
}

#[test]
fn what_cannot_be_used_leaves_what_is_in_force_and_is_tried_again() {
    let folder = TempDir::new().unwrap();
    let files = write(folder.path(), "a", &["a.example"]);
    let tls = tls(files.clone(), []);
    let certificates = Certificates::load(&tls).unwrap();
    let in_force = || certificates.0.choice.0.load_full().unwrap().default.cert[0].clone();
    let first = in_force();
    std::fs::write(&files.cert, "half a file").unwrap();
    certificates.read_again(&tls, false);
    assert_eq!(in_force(), first);
    assert!(certificates.0.seen.lock().refused.is_some());
    write(folder.path(), "a", &["a.example"]);
    certificates.read_again(&tls, false);
    assert_ne!(in_force(), first);
    assert!(certificates.0.seen.lock().refused.is_none());
}

#[test]
fn a_certificate_that_ends_soon_is_warned_of_once_a_day() {
    let folder = TempDir::new().unwrap();
    let certificates = Certificates::load(&tls(write(folder.path(), "a", &["a.example"]), [])).unwrap();
    let end = certificates.0.choice.0.load_full().unwrap().all[0].expires;
    let warned = || certificates.0.seen.lock().warned;
    certificates.warn(end - SignedDuration::from_hours(15 * 24));
    assert_eq!(warned(), None);
    let first = end - SignedDuration::from_hours(13 * 24);
    certificates.warn(first);
    certificates.warn(first + SignedDuration::from_hours(1));
    assert_eq!(warned(), Some(first));
    certificates.warn(first + SignedDuration::from_hours(25));
    assert_eq!(warned(), Some(first + SignedDuration::from_hours(25)));
}
