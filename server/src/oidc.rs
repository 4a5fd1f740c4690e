//! Signing in with an identity provider (OpenID Connect): the authorization code flow with PKCE, and which role somebody's
//! groups give them. What is remembered between leaving and coming back travels sealed in the browser's own cookie, so that
//! any node can take somebody back. ID tokens are judged in `token`; cookies and pages are the admin door's.

mod token;

use crate::config::{self, OidcRoles};
use crate::upstream::provider::ProviderCalls;
use crate::upstream::resolve::Resolver;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fastgate_shared::admin_token::Role;
use jiff::{SignedDuration, Timestamp};
use rand::TryRngCore as _;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use std::time::{Duration, Instant};
use subtle::ConstantTimeEq as _;
use token::{Key, TokenError};

/// How long somebody may take at the provider.
pub const PATIENCE: SignedDuration = SignedDuration::from_mins(10);
/// How long what the provider says of itself is believed.
const METADATA_AGE: Duration = Duration::from_secs(3600);
/// An unknown key makes the keys be read again, but not more often than this.
const KEYS_AGE: Duration = Duration::from_secs(60);

/// The configured provider.
pub struct IdentityProvider {
    issuer: String,
    settings: config::Oidc,
    calls: ProviderCalls,
    known: tokio::sync::Mutex<Option<Known>>,
}

/// What the provider says of itself.
struct Known {
    metadata: Metadata,
    keys: Vec<Key>,
    read: Instant,
    keys_read: Instant,
}

#[derive(Clone, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct TokenAnswer {
    id_token: String,
}

/// What has to be there again when somebody comes back. Secret: it is sealed wherever it goes.
#[derive(Serialize, Deserialize)]
pub struct Pending {
    state: String,
    nonce: String,
    verifier: String,
    redirect_url: String,
    until: Timestamp,
}

/// Somebody whom the provider vouches for and who has a role here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// What the provider calls them.
    pub name: String,
    /// The highest role of their groups.
    pub role: Role,
}

/// Why nobody was signed in. The texts are shown to the browser and logged; none holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// The provider cannot be used.
    #[error("the identity provider cannot be used: {0}")]
    Provider(String),
    /// What came back does not belong to what was begun here.
    #[error("this sign-in was not begun in this browser, or took too long; begin again")]
    NotBegunHere,
    /// The provider said no.
    #[error("the identity provider refused: {0}")]
    Refused(String),
    /// The ID token is not to be believed.
    #[error("the identity provider's ID token was not accepted: {0}")]
    Token(#[from] TokenError),
    /// None of the groups has a role.
    #[error("{name} is in no group that has a role here (oidc.roles)")]
    NoRole {
        /// Who.
        name: String,
    },
    /// The system has no randomness to give.
    #[error("no randomness: {0}")]
    Random(#[from] rand::rand_core::OsError),
}

impl IdentityProvider {
    /// The provider of the configuration, if one is configured. `resolver` judges the addresses that it is called at.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn of(settings: &config::Oidc, resolver: Resolver) -> Result<Option<Self>, String> {
        let Some(issuer) = settings.issuer.clone() else {
            return Ok(None);
        };
        Ok(Some(Self {
            issuer,
            settings: settings.clone(),
            calls: ProviderCalls::new(resolver)?,
            known: tokio::sync::Mutex::new(None),
        }))
    }

    /// Where to send somebody, and what to keep until they come back. `callback` is where they come back to, unless the
    /// configuration names another place.
    ///
    /// # Errors
    /// See [`OidcError`].
    pub async fn begin(&self, callback: String, now: Timestamp) -> Result<(String, Pending), OidcError> {
        let metadata = self.metadata().await?;
        let pending = Pending {
            state: random()?,
            nonce: random()?,
            verifier: random()?,
            redirect_url: self.settings.redirect_url.clone().unwrap_or(callback),
            until: now + PATIENCE,
        };
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(pending.verifier.as_bytes()));
        let query = serde_urlencoded::to_string([
            ("response_type", "code"),
            ("client_id", &self.settings.client_id),
            ("redirect_uri", &pending.redirect_url),
            ("scope", &self.settings.scopes.join(" ")),
            ("state", &pending.state),
            ("nonce", &pending.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        let query = query.map_err(|error| OidcError::Provider(error.to_string()))?;
        let endpoint = metadata.authorization_endpoint;
        let joint = if endpoint.contains('?') { '&' } else { '?' };
        Ok((format!("{endpoint}{joint}{query}"), pending))
    }

    /// Takes somebody back: exchanges the code and judges the ID token.
    ///
    /// # Errors
    /// See [`OidcError`].
    pub async fn finish(&self, pending: &Pending, back: &Back, now: Timestamp) -> Result<Person, OidcError> {
        let known_state: bool = pending.state.as_bytes().ct_eq(back.state.as_bytes()).into();
        if !known_state || now >= pending.until {
            return Err(OidcError::NotBegunHere);
        }
        if let Some(error) = &back.error {
            return Err(OidcError::Refused(error.escape_debug().take(80).collect()));
        }
        let code = back.code.as_deref().ok_or(OidcError::NotBegunHere)?;
        let metadata = self.metadata().await?;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &pending.redirect_url),
            ("client_id", &self.settings.client_id),
            ("code_verifier", &pending.verifier),
        ];
        let client = (self.settings.client_id.as_str(), self.settings.client_secret.as_ref());
        let answer = self
            .calls
            .post::<TokenAnswer>(&metadata.token_endpoint, &form, client)
            .await;
        let TokenAnswer { id_token } = answer.map_err(OidcError::Provider)?;
        let signed = token::Signed::read(&id_token)?;
        let claims = match signed.claims(&self.keys(false).await?) {
            // It may have been signed with a key that is newer than the ones that are known.
            Err(TokenError::UnknownKey) => signed.claims(&self.keys(true).await?)?,
            judged => judged?,
        };
        token::check(&claims, &self.issuer, &self.settings.client_id, &pending.nonce, now)?;
        let name = token::name(&claims)?;
        let groups = groups(&claims, &self.settings.groups_claim);
        match role_of(&groups, &self.settings.roles) {
            Some(role) => Ok(Person { name, role }),
            None => Err(OidcError::NoRole { name }),
        }
    }

    async fn metadata(&self) -> Result<Metadata, OidcError> {
        let mut known = self.known.lock().await;
        if let Some(known) = known.as_ref().filter(|known| known.read.elapsed() < METADATA_AGE) {
            return Ok(known.metadata.clone());
        }
        let url = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let metadata: Metadata = self.calls.get(&url).await.map_err(OidcError::Provider)?;
        // OpenID Connect Discovery, section 4.3.
        if metadata.issuer != self.issuer {
            let told = metadata.issuer.escape_debug().take(200).collect::<String>();
            return Err(OidcError::Provider(format!(
                "it calls itself {told}, not {}",
                self.issuer
            )));
        }
        let endpoints = [
            &metadata.authorization_endpoint,
            &metadata.token_endpoint,
            &metadata.jwks_uri,
        ];
        // What may be plain HTTP is decided by the issuer's own scheme.
        if self.issuer.starts_with("https://") && !endpoints.iter().all(|url| url.starts_with("https://")) {
            return Err(OidcError::Provider("it names an endpoint that is not https".to_owned()));
        }
        let keys = self.read_keys(&metadata).await?;
        let now = Instant::now();
        *known = Some(Known {
            metadata: metadata.clone(),
            keys,
            read: now,
            keys_read: now,
        });
        Ok(metadata)
    }

    /// The provider's keys; `anew` after one was not among them.
    async fn keys(&self, anew: bool) -> Result<Vec<Key>, OidcError> {
        let metadata = self.metadata().await?;
        let mut known = self.known.lock().await;
        let Some(known) = known.as_mut() else {
            return Ok(Vec::new());
        };
        if anew && known.keys_read.elapsed() >= KEYS_AGE {
            known.keys_read = Instant::now();
            known.keys = self.read_keys(&metadata).await?;
        }
        Ok(known.keys.clone())
    }

    async fn read_keys(&self, metadata: &Metadata) -> Result<Vec<Key>, OidcError> {
        let set: KeySet = self.calls.get(&metadata.jwks_uri).await.map_err(OidcError::Provider)?;
        Ok(set.keys.iter().filter_map(Key::read).collect())
    }
}

/// What the provider sends back with a browser.
#[derive(Debug, Default)]
pub struct Back {
    /// As it was sent along.
    pub state: String,
    /// To be exchanged for the ID token.
    pub code: Option<String>,
    /// Why there is none.
    pub error: Option<String>,
}

/// 256 bits.
fn random() -> Result<String, rand::rand_core::OsError> {
    let mut bits = [0_u8; 32];
    rand::rngs::OsRng.try_fill_bytes(&mut bits)?;
    Ok(URL_SAFE_NO_PAD.encode(bits))
}

/// The groups in a claim: a text or a list of texts, by its whole name, else by its path.
fn groups(claims: &Map<String, Value>, claim: &str) -> Vec<String> {
    let by_path = || {
        let mut parts = claim.split('.');
        let first = claims.get(parts.next()?)?;
        parts.try_fold(first, |value, part| value.get(part))
    };
    match claims.get(claim).or_else(by_path) {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn role_of(groups: &[String], roles: &OidcRoles) -> Option<Role> {
    let in_any = |named: &[String]| named.iter().any(|group| groups.contains(group));
    [
        (Role::Admin, &roles.admin),
        (Role::Operator, &roles.operator),
        (Role::Viewer, &roles.viewer),
    ]
    .into_iter()
    .find_map(|(role, named)| in_any(named).then_some(role))
}

#[cfg(test)]
mod tests;
