//! What each key does, in Chinese, for the dashboard. English is in `keys.rs`; a test holds the two together.

/// What a key does; none for a key that has no words here.
#[must_use]
pub fn about(path: &str) -> Option<&'static str> {
    ABOUT.iter().find(|(key, _)| *key == path).map(|(_, about)| *about)
}

const ABOUT: &[(&str, &str)] = &[
    ("server.host", "监听地址。`0.0.0.0` 或 `::` 会向网络开放网关。"),
    ("server.port", "监听端口；0 由系统选择。"),
    (
        "server.admin_port",
        "第二个监听端口，接收代理以外的全部路径；`/health*` 两处均可用。",
    ),
    (
        "server.trusted_proxies",
        "网关前置代理的网段：仅信任它们的 `X-Forwarded-*` 标头。",
    ),
    (
        "server.proxy_protocol",
        "来自 `server.trusted_proxies` 的连接是否以 PROXY 标头（版本 1 或 2）开头，用于说明客户端是谁；`optional` 表示可有可无。",
    ),
    (
        "server.tls.cert",
        "证书及其上级证书的文件（PEM）。收到 SIGHUP 或文件变化时重新读取。",
    ),
    ("server.tls.key", "证书私钥的文件（PEM）。"),
    (
        "server.tls.certificates",
        "更多证书，按客户端请求的名称选择；第一个用于其他任何名称。",
    ),
    (
        "server.shutdown_delay_seconds",
        "从 `/health/ready` 变为 503 到停止接受连接的秒数，以便负载均衡器察觉。",
    ),
    ("server.drain_seconds", "关闭时留给进行中请求的秒数。"),
    ("server.header_timeout_seconds", "等待请求头以及连接后静默的秒数。"),
    ("server.body_timeout_seconds", "请求正文两段之间允许静默的秒数。"),
    ("server.keep_alive_seconds", "空闲客户端连接的保留秒数。"),
    ("server.max_header_bytes", "请求头的最大字节数。"),
    ("server.max_connections", "同时存在的客户端连接数。"),
    ("server.worker_threads", "承载连接及其请求的线程数。"),
    ("database.sqlite_path", "内嵌数据库的文件，会自动创建上级目录。"),
    ("database.url", "代替 SQLite 使用的 PostgreSQL。"),
    ("database.pool_size", "用于读取和管理的数据库连接数。"),
    (
        "database.migration_backups",
        "更新要更改内嵌数据库的表之前，先在旁边复制一份；保留这么多份副本，0 表示不复制。",
    ),
    (
        "proxy.timeout",
        "连接并等到响应头的秒数，之后为每次静默的秒数，从不限制总时长。路由可另行指定。",
    ),
    ("proxy.connect_timeout", "连接上游的秒数。"),
    (
        "proxy.dns_timeout",
        "解析上游名称的秒数，计入连接时间；超时后使用上次的有效结果。",
    ),
    ("proxy.max_retries", "首次之后的额外尝试次数。路由可另行指定。"),
    ("proxy.async_audit", "关闭时，响应结束会等到审计记录写入磁盘。"),
    (
        "proxy.max_match_body_bytes",
        "为按正文匹配和再次尝试而缓冲的请求正文字节数。",
    ),
    ("proxy.pool_idle_seconds", "空闲上游连接的保留秒数。"),
    ("proxy.pool_max_idle_per_host", "每个上游主机保留的空闲连接数。"),
    (
        "proxy.max_response_headers",
        "上游响应的标头数上限；超过则返回 502。其字节数上限为 400 KiB。",
    ),
    (
        "proxy.tunnel_idle_seconds",
        "WebSocket 等升级后的连接在双向均无数据时，经过多少秒关闭。",
    ),
    (
        "proxy.max_concurrency",
        "同时进行的请求数；超出的先等待，随后返回 503。路由和密钥另有各自的上限。",
    ),
    (
        "proxy.queue_seconds",
        "路由或网关达到并发上限时，请求等待空位的秒数；0 表示不等待。",
    ),
    (
        "proxy.queue_requests",
        "在单条路由或整个网关上等待空位的请求数上限；超出的立即返回 503。",
    ),
    ("security.admin_token", "管理员令牌。"),
    ("security.key_prefix", "新 API 密钥的前缀。"),
    ("security.default_expiry_days", "新密钥在多少天后过期。"),
    (
        "security.allow_query_token",
        "接受以 `?token=` 传递的管理员令牌（0.2 的脚本如此发送），不会写入日志。",
    ),
    (
        "security.allow_insecure_cookie",
        "允许其他机器通过未加密的 HTTP 使用控制台的会话 Cookie。",
    ),
    ("security.session_idle_minutes", "会话闲置多少分钟后结束。"),
    ("security.session_max_hours", "会话无论如何在多少小时后结束。"),
    ("security.master_key", "加密已存储的上游凭据。"),
    (
        "security.allow_upstream_networks",
        "允许连接的上游网段，尽管链路本地、元数据、组播和未指定地址默认被拒绝。",
    ),
    (
        "oidc.issuer",
        "可用于登录控制台的身份提供方（OpenID Connect），须与其自称的名称完全一致。",
    ),
    ("oidc.client_id", "身份提供方对此网关的称呼。"),
    ("oidc.client_secret", "网关向身份提供方出示的密钥。"),
    (
        "oidc.redirect_url",
        "身份提供方将浏览器送回的地址；以 `/admin/oidc/callback` 结尾。",
    ),
    ("oidc.scopes", "请求的范围；其中必须有 `openid`。"),
    (
        "oidc.groups_claim",
        "ID 令牌中列出所属组的声明：文本或列表；点号进入对象内部。",
    ),
    ("oidc.roles.admin", "其成员拥有全部权限的组。"),
    (
        "oidc.roles.operator",
        "其成员可执行除密钥、令牌、会话和上游凭据以外全部操作的组。",
    ),
    ("oidc.roles.viewer", "其成员只读的组。不属于任何角色的组的人无法登录。"),
    ("rate_limiting.enabled", "关闭后停用全部速率限制。"),
    (
        "rate_limiting.default_requests_per_minute",
        "未单独设置限额的密钥的每分钟请求数。",
    ),
    ("logging.level", "记录哪些日志。"),
    ("logging.format", "日志文件的格式。标准错误输出始终为文本。"),
    ("logging.file", "当天的文件正是此名称；UTC 午夜时会追加当天日期。"),
    ("logging.keep_files", "保留的日志文件数，包括当天的。"),
    (
        "audit.on_full",
        "队列已满时：`drop` 将记录计为丢失，`block` 让请求等待。",
    ),
    (
        "audit.capture",
        "审计日志保留哪些正文；`errors` 表示状态码 400 及以上或出错的请求。",
    ),
    ("audit.max_body_bytes", "每份正文保留的字节数。"),
    ("audit.redact_fields", "其值从不记录的 JSON 和查询字段，不区分大小写。"),
    ("audit.queue_bytes", "等待写入的记录的字节数上限。"),
    (
        "audit.spill_bytes",
        "数据库无法写入时，可在其旁的文件（`.spill`）中等待的记录的字节数上限；0 表示不使用此文件。",
    ),
    ("audit.max_age_days", "记录的保留天数。"),
    ("audit.max_bytes", "保留记录的字节数；最旧的先删除。"),
    (
        "changes.keep",
        "历史中保留的密钥、路由和管理员令牌变更数；最旧的先删除。",
    ),
    ("metrics.public", "向所有人开放 `/metrics`，而不仅限本机和管理员。"),
];

#[cfg(test)]
mod tests {
    use super::{ABOUT, about};
    use crate::config::keys::{KEYS, Key};
    use fastgate_shared::json;
    use fastgate_shared::refusals::Table;

    #[test]
    fn what_every_key_may_be_is_said_in_chinese_on_the_dashboard() {
        let table: Table = json::from_text(include_str!("../../../frontend/refusals.zh-CN.json")).unwrap();
        let allowed = KEYS.iter().map(Key::allowed);
        let without: Vec<String> = allowed.filter(|allowed| table.refusal(allowed).is_none()).collect();
        assert!(
            without.is_empty(),
            "say these in frontend/refusals.zh-CN.json: {without:?}"
        );
    }

    #[test]
    fn every_key_has_chinese_words_and_no_other() {
        let without: Vec<&str> = KEYS
            .iter()
            .map(|key| key.path)
            .filter(|path| about(path).is_none())
            .collect();
        assert!(without.is_empty(), "say in Chinese what these do: {without:?}");
        let gone: Vec<&str> = ABOUT
            .iter()
            .map(|(path, _)| *path)
            .filter(|path| Key::find(path).is_none())
            .collect();
        assert!(gone.is_empty(), "these are no keys: {gone:?}");
    }
}
