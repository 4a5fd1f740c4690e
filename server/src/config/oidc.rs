//! `oidc.*`: signing in to the dashboard with an identity provider.

use super::sections::hidden;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// `oidc.*`. Off without an issuer.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Oidc {
    /// The provider, as it names itself.
    pub issuer: Option<String>,
    /// What the provider calls this gateway.
    pub client_id: String,
    /// What the gateway shows the provider; none for a public client.
    #[serde(serialize_with = "hidden")]
    pub client_secret: Option<SecretString>,
    /// Where the provider sends browsers back to; null = the page's own address.
    pub redirect_url: Option<String>,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// The claim that names a person's groups.
    pub groups_claim: String,
    /// Which groups have which role.
    pub roles: OidcRoles,
}

/// `oidc.roles.*`: groups by role; who is in none of them is not let in.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct OidcRoles {
    /// Groups whose members do everything.
    pub admin: Vec<String>,
    /// Groups whose members do all but keys, tokens and upstream credentials.
    pub operator: Vec<String>,
    /// Groups whose members read.
    pub viewer: Vec<String>,
}

impl Default for Oidc {
    fn default() -> Self {
        Self {
            issuer: None,
            client_id: "fastgate".to_owned(),
            client_secret: None,
            redirect_url: None,
            scopes: ["openid", "profile", "email"].map(str::to_owned).to_vec(),
            groups_claim: "groups".to_owned(),
            roles: OidcRoles::default(),
        }
    }
}
