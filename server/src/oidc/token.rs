//! ID tokens (OpenID Connect Core, section 3.1.3.7): read, verified with the provider's keys, their claims judged. Only RS256
//! and ES256 are believed: nothing that a client could sign by itself.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};

/// How far the provider's clock may be off.
const LEEWAY: SignedDuration = SignedDuration::from_secs(60);

/// Why a token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not three parts of base64url, or no JSON in them.
    #[error("it is no signed token")]
    Malformed,
    /// An algorithm that is not believed, such as `none`.
    #[error("its algorithm is neither RS256 nor ES256")]
    Algorithm,
    /// No key of the provider fits.
    #[error("it is signed with a key that the provider does not publish")]
    UnknownKey,
    /// The signature is wrong.
    #[error("its signature is wrong")]
    Signature,
    /// Another provider's.
    #[error("it is another provider's (iss)")]
    Issuer,
    /// For somebody else.
    #[error("it was made for another client (aud, azp)")]
    Audience,
    /// Too late.
    #[error("it has expired (exp)")]
    Expired,
    /// From the future.
    #[error("it is from the future (iat, nbf)")]
    Future,
    /// Not for this sign-in.
    #[error("it does not belong to this sign-in (nonce)")]
    Nonce,
    /// Nobody's.
    #[error("it names nobody (sub)")]
    Subject,
}

/// A key of the provider.
#[derive(Clone)]
pub struct Key {
    id: Option<String>,
    public: Public,
}

#[derive(Clone)]
enum Public {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
}

impl Key {
    /// A JSON Web Key that signatures can be verified with; `None` for any other.
    pub fn read(jwk: &Value) -> Option<Self> {
        if jwk["use"].as_str().is_some_and(|usage| usage != "sig") {
            return None;
        }
        let bytes = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str()?).ok();
        let public = match (jwk["kty"].as_str()?, jwk["crv"].as_str()) {
            ("RSA", _) => Public::Rsa {
                n: bytes("n")?,
                e: bytes("e")?,
            },
            ("EC", Some("P-256")) => Public::P256([vec![4], bytes("x")?, bytes("y")?].concat()),
            _ => return None,
        };
        Some(Self {
            id: jwk["kid"].as_str().map(str::to_owned),
            public,
        })
    }

    fn algorithm(&self) -> &'static str {
        match self.public {
            Public::Rsa { .. } => "RS256",
            Public::P256(_) => "ES256",
        }
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.public {
            Public::Rsa { n, e } => RsaPublicKeyComponents { n, e }
                .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
                .is_ok(),
            Public::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                .verify(message, signature)
                .is_ok(),
        }
    }
}

/// A token as it came; nothing in it is believed yet.
pub struct Signed<'a> {
    head: Head,
    message: &'a str,
    claims: Vec<u8>,
    signature: Vec<u8>,
}

#[derive(Deserialize)]
struct Head {
    alg: String,
    kid: Option<String>,
    /// Extensions that have to be understood (RFC 7515 section 4.1.11): there are none here.
    crit: Option<Value>,
}

impl<'a> Signed<'a> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// When it is none, or of an algorithm that is not believed.
    pub fn read(text: &'a str) -> Result<Self, TokenError> {
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed);
        let (message, signature) = text.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (head, claims) = message.split_once('.').ok_or(TokenError::Malformed)?;
        let head: Head = serde_json::from_slice(&decode(head)?).map_err(|_| TokenError::Malformed)?;
        if head.crit.is_some() {
            return Err(TokenError::Malformed);
        }
        if !["RS256", "ES256"].contains(&head.alg.as_str()) {
            return Err(TokenError::Algorithm);
        }
        Ok(Self {
            head,
            message,
            claims: decode(claims)?,
            signature: decode(signature)?,
        })
    }

    /// What it says, when one of these keys signed it.
    ///
    /// # Errors
    /// [`TokenError::UnknownKey`] or [`TokenError::Signature`].
    pub fn claims(&self, keys: &[Key]) -> Result<Map<String, Value>, TokenError> {
        let fits = |key: &&Key| {
            let named = self.head.kid.is_none() || key.id.is_none() || key.id == self.head.kid;
            named && key.algorithm() == self.head.alg
        };
        let mut candidates = keys.iter().filter(fits).peekable();
        if candidates.peek().is_none() {
            return Err(TokenError::UnknownKey);
        }
        if !candidates.any(|key| key.verify(self.message.as_bytes(), &self.signature)) {
            return Err(TokenError::Signature);
        }
        serde_json::from_slice(&self.claims).map_err(|_| TokenError::Malformed)
    }
}

/// Judges the claims of a token whose signature is right.
///
/// # Errors
/// The first that does not hold.
pub fn check(
    claims: &Map<String, Value>,
    issuer: &str,
    client_id: &str,
    nonce: &str,
    now: Timestamp,
) -> Result<(), TokenError> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let time = |name: &str| {
        let seconds = claims.get(name)?.as_f64()?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "what is out of range is refused by the next call"
        )]
        Timestamp::from_second(seconds as i64).ok()
    };
    if text("iss") != Some(issuer) {
        return Err(TokenError::Issuer);
    }
    let audiences: Vec<&str> = match claims.get("aud") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let for_others = audiences.len() > 1 && text("azp") != Some(client_id);
    if !audiences.contains(&client_id) || for_others || text("azp").is_some_and(|party| party != client_id) {
        return Err(TokenError::Audience);
    }
    if time("exp").is_none_or(|end| now >= end + LEEWAY) {
        return Err(TokenError::Expired);
    }
    if ["iat", "nbf"]
        .iter()
        .filter_map(|name| time(name))
        .any(|begin| begin > now + LEEWAY)
    {
        return Err(TokenError::Future);
    }
    if text("nonce") != Some(nonce) {
        return Err(TokenError::Nonce);
    }
    Ok(())
}

/// What people call who it is about.
///
/// # Errors
/// When it is about nobody.
pub fn name(claims: &Map<String, Value>) -> Result<String, TokenError> {
    let text = |name: &str| {
        claims
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.trim().is_empty())
    };
    let subject = text("sub").ok_or(TokenError::Subject)?;
    let is_verified = claims.get("email_verified") != Some(&Value::Bool(false));
    let name = text("preferred_username").or_else(|| text("email").filter(|_| is_verified));
    let name = name.unwrap_or(subject);
    Ok(name.chars().filter(|c| !c.is_control()).take(100).collect())
}
