//! The administrator's token: known by its hash only. Where the hash comes from is in `stored`; tokens with a name and a
//! role are in `named`.

pub mod named;
pub mod stored;
pub mod throttle;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore as _;
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::sync::Arc;
use subtle::ConstantTimeEq as _;

/// What generated tokens begin with, so that a leaked one can be recognised.
pub const PREFIX: &str = "fga_";

/// The SHA-256 of a token. The token has 256 random bits (or is configured), so that no slow hash is needed.
pub type TokenHash = [u8; 32];

/// The accepted token. Shared by all doors; [`AdminToken::replace`] takes effect at once.
pub struct AdminToken(arc_swap::ArcSwap<TokenHash>);

impl AdminToken {
    /// Accepts the token that has this hash.
    #[must_use]
    pub fn from_hash(hash: TokenHash) -> Self {
        Self(arc_swap::ArcSwap::from_pointee(hash))
    }

    /// Accepts this token.
    #[must_use]
    pub fn from_token(token: &str) -> Self {
        Self::from_hash(hash(token))
    }

    /// Whether this is the token, in a time that does not depend on where it differs.
    #[must_use]
    pub fn verify(&self, token: &str) -> bool {
        hash(token).ct_eq(self.0.load().as_ref()).into()
    }

    /// From now on accepts the token with this hash instead. Sessions are ended by who calls this.
    pub fn replace(&self, hash: TokenHash) {
        self.0.store(Arc::new(hash));
    }

    /// The hash of the accepted token.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        **self.0.load()
    }
}

impl fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminToken(…)")
    }
}

/// A new token: 256 random bits from the system, as text.
///
/// # Errors
/// When the system has no randomness to give.
pub fn generate() -> Result<SecretString, rand::rand_core::OsError> {
    let mut bits = zeroize::Zeroizing::new([0_u8; 32]);
    rand::rngs::OsRng.try_fill_bytes(bits.as_mut())?;
    Ok(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bits.as_ref())).into())
}

/// What is stored of a token.
#[must_use]
pub fn hash(token: &str) -> TokenHash {
    Sha256::digest(token.as_bytes()).into()
}

/// A hash as the database keeps it.
#[must_use]
pub fn hash_to_text(hash: &TokenHash) -> String {
    URL_SAFE_NO_PAD.encode(hash)
}

/// Reads what [`hash_to_text`] wrote; `None` when it is damaged.
#[must_use]
pub fn hash_from_text(text: &str) -> Option<TokenHash> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    #[test]
    fn only_the_token_itself_is_accepted() {
        let token = generate().unwrap();
        let accepted = AdminToken::from_token(token.expose_secret());
        assert!(accepted.verify(token.expose_secret()));
        assert!(!accepted.verify(""));
        assert!(!accepted.verify(&token.expose_secret()[1..]));
    }

    #[test]
    fn a_replaced_token_is_refused_at_once() {
        let accepted = AdminToken::from_token("the-old-one");
        accepted.replace(hash("the-new-one"));
        assert!(!accepted.verify("the-old-one"));
        assert!(accepted.verify("the-new-one"));
    }

    #[test]
    fn generated_tokens_are_long_and_differ() {
        let (one, other) = (generate().unwrap(), generate().unwrap());
        assert_ne!(one.expose_secret(), other.expose_secret());
        assert_eq!(one.expose_secret().len(), PREFIX.len() + 43);
    }
}
