//! The one table of keys: name, allowed values, description. Messages, `check-config`, `docs/configuration.md` and the
//! commented `config/config.yaml` are all made from it; a test holds it against [`super::Config`].

use super::values::{Kind, log_filter};

/// A key of the configuration.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// `section.name`, as in the file.
    pub path: &'static str,
    /// What it may be.
    pub kind: Kind,
    /// Whether it may be null, and what null means.
    pub null: Option<&'static str>,
    /// Whether a SIGHUP changes it; otherwise a restart is needed.
    pub live: bool,
    /// What it does, with its unit.
    pub about: &'static str,
}

impl Key {
    /// The key of this name.
    #[must_use]
    pub fn find(path: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.path == path)
    }

    /// Its environment variable.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("FASTGATE_{}", self.path.replace('.', "__").to_ascii_uppercase())
    }

    /// What is allowed, as the end of "must be …".
    #[must_use]
    pub fn allowed(&self) -> String {
        match self.null {
            Some(_) => format!("{}, or null", self.kind.allowed()),
            None => self.kind.allowed(),
        }
    }

    const fn new(path: &'static str, kind: Kind, about: &'static str) -> Self {
        Self {
            path,
            kind,
            null: None,
            live: false,
            about,
        }
    }

    const fn or_null(mut self, meaning: &'static str) -> Self {
        self.null = Some(meaning);
        self
    }

    const fn live(mut self) -> Self {
        self.live = true;
        self
    }
}

/// A whole number from `min` to `max`.
const fn integer(min: u64, max: u64) -> Kind {
    Kind::Integer { min, max }
}

/// Every key, in the order of the sections.
pub const KEYS: &[Key] = &[
    // server
    Key::new("server.host", Kind::Address, "Address to listen on. `0.0.0.0` or `::` opens the gateway to the network."),
    Key::new("server.port", integer(0, 65_535), "Port to listen on; 0 lets the system choose."),
    Key::new(
        "server.admin_port",
        integer(0, 65_535),
        "Port of a second listener that takes everything but the proxy; `/health*` stays on both.",
    )
    .or_null("one listener for all"),
    Key::new(
        "server.trusted_proxies",
        Kind::Networks,
        "Networks of proxies in front of the gateway: only their `X-Forwarded-*` fields are believed.",
    ),
    Key::new(
        "server.proxy_protocol",
        Kind::Choice(&["off", "optional", "required"]),
        "Whether connections from `server.trusted_proxies` begin with a PROXY header (version 1 or 2), which says who the client is.",
    ),
    Key::new(
        "server.tls.cert",
        Kind::File { optional: false },
        "File of the certificate and those above it (PEM). Read again at a SIGHUP and when it changes.",
    )
    .or_null("no TLS")
    .live(),
    Key::new("server.tls.key", Kind::File { optional: false }, "File of the certificate's private key (PEM).")
        .or_null("no TLS")
        .live(),
    Key::new(
        "server.tls.certificates",
        Kind::Pairs,
        "Further certificates, chosen by the name that a client asks for; the first of all is for any other name.",
    )
    .live(),
    Key::new(
        "server.shutdown_delay_seconds",
        integer(0, 3600),
        "Seconds between `/health/ready` turning 503 and the end of accepting, so that load balancers notice.",
    )
    .live(),
    Key::new("server.drain_seconds", integer(0, 3600), "Seconds that requests in flight get to end at a shutdown.").live(),
    Key::new(
        "server.header_timeout_seconds",
        integer(1, 3600),
        "Seconds for a request's head, and for silence after connecting.",
    ),
    Key::new(
        "server.body_timeout_seconds",
        integer(1, 3600),
        "Seconds of silence between two pieces of a request's body.",
    )
    .live(),
    Key::new("server.keep_alive_seconds", integer(1, 3600), "Seconds that an idle client connection is kept."),
    Key::new("server.max_header_bytes", integer(8192, 1 << 20), "Bytes of a request's head at most."),
    Key::new("server.max_connections", integer(1, 1_000_000), "Client connections at once."),
    Key::new(
        "server.worker_threads",
        integer(1, 256),
        "Threads that carry connections and their requests.",
    )
    .or_null("one for each core"),
    // database
    Key::new(
        "database.sqlite_path",
        Kind::File { optional: false },
        "File of the embedded database. Parent folders are created.",
    ),
    Key::new(
        "database.url",
        Kind::Secret(is_postgres_url, "a URL that starts with postgres:// or postgresql://"),
        "PostgreSQL to use instead of SQLite.",
    )
    .or_null("SQLite"),
    Key::new("database.pool_size", integer(1, 64), "Database connections for reading and administration."),
    Key::new(
        "database.migration_backups",
        integer(0, 100),
        "Before an update changes the embedded database's tables it is copied beside itself; this many copies are kept, 0 makes none.",
    ),
    // proxy
    Key::new(
        "proxy.timeout",
        integer(1, 3600),
        "Seconds for connecting and the response's head, then for each silence between chunks; never for the whole. Routes may say otherwise.",
    )
    .live(),
    Key::new("proxy.connect_timeout", integer(1, 300), "Seconds for connecting to an upstream."),
    Key::new(
        "proxy.dns_timeout",
        integer(1, 60),
        "Seconds for resolving an upstream's name, as part of connecting; after it the last good answer is used.",
    ),
    Key::new("proxy.max_retries", integer(0, 10), "Further attempts after the first. Routes may say otherwise.").live(),
    Key::new(
        "proxy.async_audit",
        Kind::Boolean,
        "False: a response's end waits until its audit record is on disk.",
    )
    .live(),
    Key::new(
        "proxy.max_match_body_bytes",
        integer(0, 1 << 30),
        "Bytes of a request's body that are buffered for matching by body and for another attempt.",
    )
    .live(),
    Key::new("proxy.pool_idle_seconds", integer(1, 3600), "Seconds that an idle upstream connection is kept."),
    Key::new("proxy.pool_max_idle_per_host", integer(0, 10_000), "Idle connections kept for each upstream host."),
    Key::new(
        "proxy.max_response_headers",
        integer(64, 4096),
        "Header fields of an upstream's response at most; with more it is answered with 502. Their bytes are bounded at 400 KiB.",
    ),
    Key::new(
        "proxy.tunnel_idle_seconds",
        integer(1, 86_400),
        "Seconds after which a WebSocket or another upgraded connection is closed when nothing went through it in either direction.",
    )
    .live(),
    Key::new(
        "proxy.max_concurrency",
        integer(1, 1_000_000),
        "Requests in flight at once; more wait, and are then answered with 503. Routes and keys have bounds of their own beside it.",
    )
    .or_null("no bound")
    .live(),
    Key::new(
        "proxy.queue_seconds",
        integer(0, 300),
        "Seconds that a request waits for a place when its route or the gateway has as many in flight as it may; 0 = not at all.",
    )
    .live(),
    Key::new(
        "proxy.queue_requests",
        integer(0, 100_000),
        "Requests that wait for a place on one route, or in the gateway, at most; more are answered with 503 at once.",
    )
    .live(),
    // security
    Key::new(
        "security.admin_token",
        Kind::Secret(is_admin_token, "at least 16 characters without spaces"),
        "The administrator's token.",
    )
    .or_null("generated at the first start and stored as a hash")
    .live(),
    Key::new(
        "security.key_prefix",
        Kind::Text(is_key_prefix, "1 to 16 letters, digits, '_' or '-'"),
        "What new API keys begin with.",
    )
    .live(),
    Key::new("security.default_expiry_days", integer(1, 36_500), "Days after which new keys expire.").or_null("never").live(),
    Key::new(
        "security.allow_query_token",
        Kind::Boolean,
        "Accept the admin token as `?token=`, as scripts for 0.2 send it. It is never logged.",
    )
    .live(),
    Key::new(
        "security.allow_insecure_cookie",
        Kind::Boolean,
        "Allow the dashboard's session cookie over plain HTTP from other machines.",
    )
    .live(),
    Key::new("security.session_idle_minutes", integer(1, 43_200), "Minutes without use after which a session ends.").live(),
    Key::new("security.session_max_hours", integer(1, 8760), "Hours after which a session ends in any case.").live(),
    Key::new(
        "security.master_key",
        Kind::Secret(is_master_key, "64 hexadecimal digits"),
        "Encrypts stored upstream credentials.",
    )
    .or_null("a key file beside the database, made at the first start")
    .live(),
    Key::new(
        "security.allow_upstream_networks",
        Kind::Networks,
        "Networks of upstreams that are connected to although link-local, metadata, multicast and unspecified addresses are refused.",
    ),
    // oidc
    Key::new(
        "oidc.issuer",
        Kind::Text(is_provider_url, "a URL that starts with https://, or with http:// on this machine"),
        "Identity provider (OpenID Connect) that people may sign in to the dashboard with, exactly as it names itself.",
    )
    .or_null("only tokens sign in"),
    Key::new("oidc.client_id", Kind::Text(is_word, "a text without spaces"), "What the provider calls this gateway."),
    Key::new(
        "oidc.client_secret",
        Kind::Secret(is_word, "a text without spaces"),
        "What the gateway shows the provider.",
    )
    .or_null("a public client: PKCE alone"),
    Key::new(
        "oidc.redirect_url",
        Kind::Text(is_provider_url, "a URL that starts with https://, or with http:// on this machine"),
        "Where the provider sends browsers back to; ends in `/admin/oidc/callback`.",
    )
    .or_null("that path at the address under which the dashboard was opened"),
    Key::new("oidc.scopes", Kind::Words, "Scopes that are asked for; `openid` has to be among them."),
    Key::new(
        "oidc.groups_claim",
        Kind::Text(is_word, "a text without spaces"),
        "Claim of the ID token that names a person's groups: a text or a list; a dot leads into objects.",
    ),
    Key::new("oidc.roles.admin", Kind::Words, "Groups whose members do everything."),
    Key::new(
        "oidc.roles.operator",
        Kind::Words,
        "Groups whose members do all but keys, tokens, sessions and upstream credentials.",
    ),
    Key::new("oidc.roles.viewer", Kind::Words, "Groups whose members read. Who is in no group of any role is not let in."),
    // rate_limiting
    Key::new("rate_limiting.enabled", Kind::Boolean, "False switches all rate limits off.").live(),
    Key::new(
        "rate_limiting.default_requests_per_minute",
        integer(1, 10_000_000),
        "Limit of keys that have none of their own, requests per minute.",
    )
    .or_null("no limit")
    .live(),
    // logging
    Key::new(
        "logging.level",
        Kind::Text(
            is_log_filter,
            "error, warn, info, debug, trace or off, or a comma-separated list of target=level",
        ),
        "What is logged.",
    )
    .live(),
    Key::new("logging.format", Kind::Choice(&["json", "text"]), "Format of the file. Stderr gets text in any case."),
    Key::new(
        "logging.file",
        Kind::File { optional: true },
        "Today's file has exactly this name; at midnight UTC it gets the day's date appended.",
    ),
    Key::new("logging.keep_files", integer(1, 3650), "Log files kept, today's included."),
    // audit
    Key::new(
        "audit.on_full",
        Kind::Choice(&["drop", "block"]),
        "What a full queue does: `drop` counts the record as lost, `block` lets the request wait.",
    ),
    Key::new(
        "audit.capture",
        Kind::Choice(&["none", "errors", "all"]),
        "Which bodies the audit log keeps; `errors`: of requests that ended with status 400 and above, or an error.",
    )
    .live(),
    Key::new("audit.max_body_bytes", integer(0, 1 << 20), "Bytes kept of each body.").live(),
    Key::new(
        "audit.redact_fields",
        Kind::Words,
        "JSON and query fields whose values are never recorded, whatever their case.",
    ),
    Key::new("audit.queue_bytes", integer(1 << 20, 1 << 30), "Bytes of records that may wait to be written."),
    Key::new(
        "audit.spill_bytes",
        integer(0, 1 << 40),
        "Bytes of records that may wait in a file beside the database (`.spill`) while the database does not take them; 0 = no such file.",
    ),
    Key::new("audit.max_age_days", integer(1, 36_500), "Days that records are kept.").live(),
    Key::new(
        "audit.max_bytes",
        integer(1 << 20, 1 << 50),
        "Bytes of records that are kept; the oldest go first.",
    )
    .live(),
    // changes
    Key::new(
        "changes.keep",
        integer(100, 1_000_000),
        "Changes of keys, routes and the admin token that the history keeps; the oldest go first.",
    )
    .live(),
    // metrics
    Key::new("metrics.public", Kind::Boolean, "Open `/metrics` to everyone, not only to this machine and the administrator.").live(),
];

fn is_postgres_url(text: &str) -> bool {
    ["postgres://", "postgresql://"]
        .iter()
        .any(|scheme| text.len() > scheme.len() && text.starts_with(scheme))
}

/// Secrets go there: over plain HTTP on this machine only.
fn is_provider_url(text: &str) -> bool {
    let Ok(url) = text.parse::<http::Uri>() else {
        return false;
    };
    let local = |host: &str| matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    match (url.scheme_str(), url.host()) {
        (Some("https"), Some(_)) => url.query().is_none(),
        (Some("http"), Some(host)) => local(host) && url.query().is_none(),
        _ => false,
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

fn is_admin_token(text: &str) -> bool {
    text.chars().count() >= 16 && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

fn is_key_prefix(text: &str) -> bool {
    (1..=16).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

fn is_master_key(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn is_log_filter(text: &str) -> bool {
    log_filter(text).is_some()
}
