//! Which tokens are believed, and which groups give which role.

use super::token::{self, Key, Signed, TokenError};
use super::*;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use rstest::rstest;
use serde_json::json;

struct Signer(EcdsaKeyPair);

impl Signer {
    fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    fn jwk(&self, id: &str) -> Value {
        let point = self.0.public_key().as_ref();
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        json!({"kty": "EC", "crv": "P-256", "kid": id, "use": "sig", "x": encode(&point[1..33]), "y": encode(&point[33..])})
    }

    fn sign(&self, head: &Value, claims: &Value) -> String {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", encode(head), encode(claims));
        let signature = self.0.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }
}

fn now() -> Timestamp {
    "2030-06-15T12:00:00Z".parse().unwrap()
}

fn claims() -> Value {
    let now = now().as_second();
    json!({"iss": "https://id.test", "aud": "fastgate", "sub": "1", "exp": now + 300, "iat": now, "nonce": "n"})
}

fn judged(change: &Value) -> Result<(), TokenError> {
    let mut claims = claims().as_object().unwrap().clone();
    claims.extend(change.as_object().unwrap().clone());
    token::check(&claims, "https://id.test", "fastgate", "n", now())
}

#[test]
fn a_token_is_believed_with_the_key_that_signed_it_only() {
    let (signer, other) = (Signer::new(), Signer::new());
    let text = signer.sign(&json!({"alg": "ES256", "kid": "a"}), &claims());
    let signed = Signed::read(&text).unwrap();
    let key = |signer: &Signer, id: &str| Key::read(&signer.jwk(id)).unwrap();
    assert_eq!(signed.claims(&[key(&signer, "a")]).unwrap()["sub"], "1");
    assert_eq!(signed.claims(&[key(&other, "a")]).unwrap_err(), TokenError::Signature);
    assert_eq!(signed.claims(&[key(&signer, "b")]).unwrap_err(), TokenError::UnknownKey);
    assert_eq!(signed.claims(&[]).unwrap_err(), TokenError::UnknownKey);
    let mut parts: Vec<&str> = text.split('.').collect();
    let forged = URL_SAFE_NO_PAD.encode(json!({"sub": "2"}).to_string());
    parts[1] = &forged;
    let forged = parts.join(".");
    let forged = Signed::read(&forged).unwrap();
    assert_eq!(forged.claims(&[key(&signer, "a")]).unwrap_err(), TokenError::Signature);
}

#[test]
fn rsa_keys_of_2048_bits_are_believed() {
    let pair = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
    // RSAPublicKey in DER: a sequence of two integers; the first has a zero before its 256 bytes.
    let der = pair.public_key().as_ref().to_vec();
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let jwk = json!({"kty": "RSA", "n": encode(&der[9..265]), "e": encode(&der[der.len() - 3..])});
    let message = [json!({"alg": "RS256"}), claims()]
        .map(|part| encode(part.to_string().as_bytes()))
        .join(".");
    let mut signature = vec![0; pair.public_modulus_len()];
    let padding = &aws_lc_rs::signature::RSA_PKCS1_SHA256;
    pair.sign(padding, &SystemRandom::new(), message.as_bytes(), &mut signature)
        .unwrap();
    let text = format!("{message}.{}", encode(&signature));
    let signed = Signed::read(&text).unwrap();
    assert!(signed.claims(&[Key::read(&jwk).unwrap()]).is_ok());
    // The key's algorithm counts, not the token's word for it.
    let other = Signer::new();
    assert_eq!(
        signed.claims(&[Key::read(&other.jwk("a")).unwrap()]).unwrap_err(),
        TokenError::UnknownKey
    );
}

#[rstest]
#[case(json!({"alg": "none"}), TokenError::Algorithm)]
#[case(json!({"alg": "HS256"}), TokenError::Algorithm)]
#[case(json!({"alg": "ES256", "crit": ["x"]}), TokenError::Malformed)]
#[case(json!({}), TokenError::Malformed)]
fn algorithms_that_a_client_could_choose_are_not_believed(#[case] head: Value, #[case] why: TokenError) {
    let text = Signer::new().sign(&head, &claims());
    assert_eq!(Signed::read(&text).err(), Some(why));
}

#[rstest]
#[case("")]
#[case("a.b")]
#[case("a.b.c")]
#[case("....")]
fn what_is_no_token_is_none(#[case] text: &str) {
    assert_eq!(Signed::read(text).err(), Some(TokenError::Malformed));
}

#[rstest]
#[case(json!({}), Ok(()))]
#[case(json!({"aud": ["other", "fastgate"], "azp": "fastgate"}), Ok(()))]
#[case(json!({"iss": "https://evil.test"}), Err(TokenError::Issuer))]
#[case(json!({"aud": "other"}), Err(TokenError::Audience))]
#[case(json!({"aud": null}), Err(TokenError::Audience))]
#[case(json!({"aud": ["other", "fastgate"]}), Err(TokenError::Audience))]
#[case(json!({"azp": "other"}), Err(TokenError::Audience))]
#[case(json!({"exp": now().as_second() - 61}), Err(TokenError::Expired))]
#[case(json!({"exp": null}), Err(TokenError::Expired))]
#[case(json!({"iat": now().as_second() + 61}), Err(TokenError::Future))]
#[case(json!({"nbf": now().as_second() + 61}), Err(TokenError::Future))]
#[case(json!({"nonce": "other"}), Err(TokenError::Nonce))]
#[case(json!({"nonce": null}), Err(TokenError::Nonce))]
fn claims_are_judged(#[case] change: Value, #[case] verdict: Result<(), TokenError>) {
    assert_eq!(judged(&change), verdict);
}

#[rstest]
#[case(json!({"groups": ["staff", "ops"]}), "groups", Some(Role::Operator))]
#[case(json!({"groups": "root"}), "groups", Some(Role::Admin))]
#[case(json!({"groups": ["ops", "root"]}), "groups", Some(Role::Admin))]
#[case(json!({"realm_access": {"roles": ["all"]}}), "realm_access.roles", Some(Role::Viewer))]
#[case(json!({"https://x.test/groups": ["all"]}), "https://x.test/groups", Some(Role::Viewer))]
#[case(json!({"groups": ["nobody"]}), "groups", None)]
#[case(json!({}), "groups", None)]
fn groups_give_the_highest_of_their_roles(#[case] claims: Value, #[case] claim: &str, #[case] role: Option<Role>) {
    let named = |name: &str| vec![name.to_owned()];
    let roles = OidcRoles {
        admin: named("root"),
        operator: named("ops"),
        viewer: named("all"),
    };
    assert_eq!(role_of(&groups(claims.as_object().unwrap(), claim), &roles), role);
}

#[rstest]
#[case(json!({"sub": "1", "preferred_username": "eve", "email": "eve@x.test"}), Ok("eve"))]
#[case(json!({"sub": "1", "email": "eve@x.test"}), Ok("eve@x.test"))]
#[case(json!({"sub": "1", "email": "eve@x.test", "email_verified": false}), Ok("1"))]
#[case(json!({"email": "eve@x.test"}), Err(TokenError::Subject))]
fn people_have_a_name(#[case] claims: Value, #[case] name: Result<&str, TokenError>) {
    assert_eq!(token::name(claims.as_object().unwrap()), name.map(str::to_owned));
}
