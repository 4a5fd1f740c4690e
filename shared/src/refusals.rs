//! What is wrong with a value, in Chinese. The rules speak English, the language of the REST interface; the dashboard shows
//! their sentences in the reader's language. A sentence that is not here stays English.
//!
//! Each line is a template: `{}` stands for whatever is there, and the Chinese sentence takes the same parts in the same
//! order. A part may be a sentence of its own.

pub mod reasons;

/// English and Chinese. Of several that fit, the first counts.
const SENTENCES: &[(&str, &str)] = &[
    // Any field.
    ("is missing", "缺失"),
    ("must have no control characters", "不能包含控制字符"),
    (
        "must have a visible character and no control characters",
        "至少要有一个可见字符，且不能包含控制字符",
    ),
    ("length is lower than {}", "长度不能小于 {}"),
    ("length is greater than {}", "长度不能超过 {}"),
    (
        "is {}; allowed is a whole number from {} to {}",
        "当前为 {}；应为 {} 到 {} 的整数",
    ),
    ("is empty", "不能为空"),
    ("is not a known field; known are {}", "没有这个字段；可用的字段有：{}"),
    ("is set by the gateway and cannot be changed", "由网关设置，不能修改"),
    ("expected a whole number", "应为整数"),
    ("{}, expected a whole number", "应为整数"),
    // Requests that are sent again.
    ("was not captured whole; give the body", "未完整捕获；请填写正文"),
    (
        "has credentials that were not kept; give the body with them",
        "包含未保留的凭据；请填写含凭据的正文",
    ),
    (
        "has credentials that were not kept; give the path with them",
        "包含未保留的凭据；请填写含凭据的路径",
    ),
    (
        "have credentials that were not kept; give the fields, with or without them",
        "包含未保留的凭据；请填写标头，可以不含凭据",
    ),
    (
        "is of a key that cannot be used any more; name another one, or give an empty text for none",
        "对应的密钥已不可用；请指定其他密钥，留空则不使用密钥",
    ),
    (
        "has a character that no path or query can have; percent-encode it",
        "包含路径和查询中不能出现的字符；请进行百分号编码",
    ),
    // Keys.
    (
        "cannot be given together with expires_at; give one of them",
        "不能与 expires_at 同时给出，请只给一个",
    ),
    ("must be a whole number from {} to {}", "应为 {} 到 {} 的整数"),
    ("`{}` is not a permission; {}", "`{}` 不是权限；{}"),
    ("`{}` has nothing after the colon; {}", "`{}` 的冒号之后没有内容；{}"),
    ("the pattern of `{}` {}", "`{}` 的路径模式{}"),
    (
        "an entry has control characters or is longer than {} characters",
        "有一项包含控制字符或超过 {} 个字符",
    ),
    (
        "allowed are chat, chat.completions, completions, embeddings, models, models.list, responses, messages, images, audio, \
         files, batches, moderations, rerank, route:<route_id or name>, model:<glob>, path:<pattern> and *",
        "可用的有：chat、chat.completions、completions、embeddings、models、models.list、responses、messages、images、audio、\
         files、batches、moderations、rerank、route:<route_id 或名称>、model:<通配>、path:<模式> 和 *",
    ),
    ("`{}` is not a point in time; allowed is {}", "`{}` 不是时间；可用{}"),
    (
        "an RFC 3339 time such as 2030-12-31T23:59:59Z, a naive time (read as UTC) or a date such as 2030-12-31",
        " RFC 3339 时间（如 2030-12-31T23:59:59Z）、不带时区的时间（按 UTC）或日期（如 2030-12-31）",
    ),
    ("`{}` is out of range", "`{}` 超出范围"),
    // Matching.
    (
        "is empty; a pattern starts with `/` or `*`, e.g. /v1/*",
        "不能为空；路径模式以 `/` 或 `*` 开头，例如 /v1/*",
    ),
    ("is longer than {} bytes", "超过 {} 字节"),
    (
        "must start with `/` or `*`, e.g. /v1/* or *.json",
        "必须以 `/` 或 `*` 开头，例如 /v1/* 或 *.json",
    ),
    ("has {}, which a path cannot contain; {}", "含有 {}，路径中不能出现；{}"),
    (
        "the query is not matched, so leave it out (a question mark itself is written %3F)",
        "查询串不参与匹配，请去掉（问号本身写作 %3F）",
    ),
    ("a `#` itself is written %23", "`#` 本身写作 %23"),
    ("paths with a backslash are refused", "带反斜杠的路径会被拒绝"),
    ("a space is written %20", "空格写作 %20"),
    ("control characters are not allowed", "不允许控制字符"),
    (
        "has `%` without two hexadecimal digits after it; a percent sign itself is written %25",
        "`%` 之后没有两位十六进制数字；百分号本身写作 %25",
    ),
    (
        "has `{}`: paths with an encoded slash, backslash or NUL are refused, so it could never match",
        "含有 `{}`：带编码斜杠、反斜杠或 NUL 的路径会被拒绝，因此永远不会匹配",
    ),
    (
        "has the segment `{}`: paths with dot segments are refused, so it could never match",
        "含有路径段 `{}`：带点段的路径会被拒绝，因此永远不会匹配",
    ),
    (
        "has unbalanced braces; a capture is written {name} or {name:path}",
        "花括号不成对；捕获写作 {name} 或 {name:path}",
    ),
    (
        "has the capture name `{}`; a name is 1 to 64 letters, digits and `_`",
        "捕获名 `{}` 无效；名称由 1 到 64 个字母、数字和 `_` 组成",
    ),
    (
        "captures `{}` twice; each name may occur once",
        "`{}` 被捕获了两次；每个名称只能出现一次",
    ),
    (
        "has the capture kind `:{}`; the only kind is `:path`, e.g. {rest:path}",
        "捕获类型 `:{}` 无效；唯一的类型是 `:path`，例如 {rest:path}",
    ),
    (
        "has text after `{{}:path}`; a `:path` capture comes last because it takes all that is left",
        "`{{}:path}` 之后还有文字；`:path` 捕获会取走剩余全部内容，必须放在最后",
    ),
    (
        "has `**` beside other text of a segment; write it as a whole segment, e.g. /api/** or /a/**/z, or use a single `*`",
        "`**` 与同段的其他文字相连；请让它独占一段，例如 /api/** 或 /a/**/z，或改用单个 `*`",
    ),
    (
        "has two wildcards or captures with no text between them; put a literal character between them",
        "两个通配符或捕获之间没有文字；请在其间放一个字面字符",
    ),
    ("has more than {} wildcards and captures", "通配符和捕获超过 {} 个"),
    (
        "has an empty method; allowed is ANY, a method such as POST, or several separated by commas",
        "有空的方法；可用 ANY、一个方法（如 POST），或用逗号分隔的多个方法",
    ),
    (
        "`{}` is not a method; allowed is ANY, a method such as POST, or several separated by commas",
        "`{}` 不是方法；可用 ANY、一个方法（如 POST），或用逗号分隔的多个方法",
    ),
    (
        "CONNECT cannot be routed: the gateway is no forward proxy",
        "CONNECT 无法路由：网关不是正向代理",
    ),
    (
        "`{}` is not a method; allowed are names such as POST, or `*`",
        "`{}` 不是方法；可用如 POST 的名称，或 `*`",
    ),
    ("has more than 100 header fields", "标头超过 100 个"),
    ("has more than 50 header fields", "标头超过 50 个"),
    ("has more than 100 names", "名称超过 100 个"),
    ("has more than 100 fields", "字段超过 100 个"),
    (
        "`{}` is not a header name (letters, digits and !#$%&'*+-.^_`|~)",
        "`{}` 不是标头名（可用字母、数字和 !#$%&'*+-.^_`|~）",
    ),
    (
        "`{}` is not a header name; allowed are names such as X-Team, or `*`",
        "`{}` 不是标头名；可用如 X-Team 的名称，或 `*`",
    ),
    ("`{}` is not a header name", "`{}` 不是标头名"),
    (
        "the value of `{}` has a control character or is over 4,096 bytes",
        "`{}` 的值含有控制字符或超过 4,096 字节",
    ),
    (
        "the value of `{}` is an empty regular expression",
        "`{}` 的值是空的正则表达式",
    ),
    (
        "`{}` is not a valid regular expression: {}",
        "`{}` 不是有效的正则表达式：{}",
    ),
    (
        "the expression is too large when compiled (over {} bytes); use smaller repetitions",
        "表达式编译后过大（超过 {} 字节）；请减少重复次数",
    ),
    (
        "must be an object: a JSON Schema (2020-12), or field → value",
        "必须是对象：JSON Schema（2020-12），或“字段 → 值”",
    ),
    (
        "is not a valid JSON Schema (2020-12){}: {}",
        "不是有效的 JSON Schema（2020-12）{}：{}",
    ),
    ("has {} bytes; allowed are {}", "有 {} 字节；最多允许 {}"),
    (
        "means more than {} schemas when its references are written out; use fewer references to schemas with references",
        "展开引用后超过 {} 个 schema；请减少对含有引用的 schema 的引用",
    ),
    (
        "has the reference `{}`; a `$ref` may only lead to a place within the schema, e.g. {}",
        "含有引用 `{}`；`$ref` 只能指向本 schema 之内，例如 {}",
    ),
    // Targets.
    (
        "{}; allowed is host[:port], e.g. api.openai.com, 10.0.0.5:8080 or [::1]:8080",
        "{}；应为 host[:port]，例如 api.openai.com、10.0.0.5:8080 或 [::1]:8080",
    ),
    ("`{}` is not host[:port]", "`{}` 不是 host[:port]"),
    (
        "names a scheme (use target_protocol)",
        "含有协议名（请用 target_protocol）",
    ),
    ("has `[` without `]`", "有 `[` 而没有 `]`"),
    ("`{}` is not an IPv6 address", "`{}` 不是 IPv6 地址"),
    ("has text after `]` that is no port", "`]` 之后的文字不是端口"),
    ("`{}` is not a port from 1 to 65535", "`{}` 不是 1 到 65535 的端口"),
    (
        "has a host name that is empty or over 253 characters",
        "主机名为空或超过 253 个字符",
    ),
    ("has the character `{}` in its host name", "主机名中有字符 `{}`"),
    (
        "has an empty or too long label in its host name",
        "主机名中有空的或过长的部分",
    ),
    (
        "is missing; give host[:port], or several in `targets`",
        "缺失；请给出 host[:port]，或在 `targets` 中给出多个",
    ),
    ("must be empty when `targets` is given", "给出 `targets` 时必须为空"),
    (
        "all weights are 0; at least one target needs a weight from 1 to 1000",
        "所有权重都是 0；至少要有一个目标的权重为 1 到 1000",
    ),
    ("must be empty or start with `/`", "必须为空或以 `/` 开头"),
    ("must start with `/`", "必须以 `/` 开头"),
    (
        "has the character `{}`, which must be percent-encoded",
        "含有字符 `{}`，必须用百分号编码",
    ),
    (
        "has a segment `.` or `..`, which an upstream would resolve; write out the path",
        "含有路径段 `.` 或 `..`，上游会自行解析；请写出完整路径",
    ),
    (
        "`{}` is this gateway's own address: each request would come back to it",
        "`{}` 是本网关自己的地址：每个请求都会回到这里",
    ),
    (
        "is {}, which the gateway does not connect to unless `security.allow_upstream_networks` names it",
        "是 {}，除非 `security.allow_upstream_networks` 列出它，网关不会连接",
    ),
    // Transforms.
    (
        "uses `${{}}`; known variables are {}",
        "使用了 `${{}}`；可用的变量有：{}",
    ),
    ("uses `{{}}`, but {}", "使用了 `{{}}`，但 {}"),
    ("match_path captures nothing", "match_path 没有捕获"),
    ("match_path captures {}", "match_path 只捕获 {}"),
    (
        "`{}` belongs to the connection or the framing; the gateway sets it itself",
        "`{}` 属于连接或分帧，由网关自己设置",
    ),
    (
        "names `{}` twice (header names ignore case)",
        "`{}` 出现了两次（标头名不区分大小写）",
    ),
    (
        "`{}` has a control character (CR, LF, NUL …) or is over 16,384 bytes",
        "`{}` 含有控制字符（CR、LF、NUL 等）或超过 16,384 字节",
    ),
    (
        "has a character that a header field value cannot carry",
        "含有标头值不能携带的字符",
    ),
    (
        "has a character that a header field cannot carry",
        "含有标头不能携带的字符",
    ),
    (
        "is masked, but the route's target changes: send the whole value again, so that a credential never goes to a host that it was not entered for",
        "是掩码，但路由的目标已改变：请重新输入完整的值，以免凭据被发往并非为其输入的主机",
    ),
    (
        "is a masked value that is not the stored one; send the whole value, or the mask as it was shown",
        "是掩码，但与已存的不符；请输入完整的值，或原样发送显示的掩码",
    ),
    (
        "is a masked value, but nothing is stored; send the whole value",
        "是掩码，但没有已存的值；请输入完整的值",
    ),
    // Limits, sharing, checks.
    (
        "`{}` is not a network; allowed is an address or a network such as 10.0.0.0/8 or 2001:db8::/32",
        "`{}` 不是网络；可用地址，或如 10.0.0.0/8、2001:db8::/32 的网络",
    ),
    ("`{}` is not a network", "`{}` 不是网络"),
    (
        "has a meaning only with `balance`: `client_hash`",
        "只在 `balance` 为 `client_hash` 时有意义",
    ),
    (
        "`{}` is neither `key` nor `header:` with the name of a header field",
        "`{}` 既不是 `key`，也不是带标头名的 `header:`",
    ),
    (
        "`{}` is no status from 200 to 599; allowed is 200, 2xx, 200-299, or several separated by commas",
        "`{}` 不是 200 到 599 的状态码；可用 200、2xx、200-299，或用逗号分隔的多个",
    ),
    (
        "is empty; leave it out to check the connection only",
        "不能为空；只检查连接时请不要填写",
    ),
    (
        "carries a credential (`{}`), which would be readable here; put it into `add_headers`, which probes send as well",
        "含有凭据（`{}`），在这里会被看到；请写在 `add_headers` 中，探测也会发送它",
    ),
    (
        "must be at most `interval_seconds` ({}): a probe ends before the next one begins",
        "不能超过 `interval_seconds`（{}）：一次探测应在下一次之前结束",
    ),
    (
        "needs a `path`: without one only the connection is checked",
        "需要 `path`：没有它时只检查连接",
    ),
    // TLS.
    (
        "has no key: give its private key in `tls_client_key`",
        "没有私钥：请在 `tls_client_key` 中给出",
    ),
    (
        "has no certificate: give the one that it belongs to in `tls_client_cert`",
        "没有证书：请在 `tls_client_cert` 中给出对应的证书",
    ),
    (
        "must be a host name without a port, e.g. api.internal",
        "必须是不带端口的主机名，例如 api.internal",
    ),
    ("is larger than {} bytes", "超过 {} 字节"),
    (
        "is not PEM text with a `{}`: a block from `-----BEGIN …-----` to `-----END …-----`",
        "不是含 `{}` 的 PEM 文本：从 `-----BEGIN …-----` 到 `-----END …-----` 的一段",
    ),
    (
        "has no effect: no target of the route speaks `https`; set `target_protocol` to `https`, or leave this out",
        "不起作用：该路由没有使用 `https` 的目标；请把 `target_protocol` 设为 `https`，或不要填写此项",
    ),
    ("is not a host name", "不是主机名"),
    ("holds no certificate (PEM)", "不含证书（PEM）"),
    ("is no PEM text that can be read: {}", "不是可读的 PEM 文本：{}"),
    (
        "holds as number {} no certificate that can be used: {}",
        "其中第 {} 张证书无法使用：{}",
    ),
    (
        "holds no private key (PEM; PKCS #8, PKCS #1 or SEC 1, not encrypted)",
        "不含私钥（PEM；PKCS #8、PKCS #1 或 SEC 1，未加密）",
    ),
    (
        "does not belong to the certificate in `tls_client_cert`",
        "与 `tls_client_cert` 中的证书不匹配",
    ),
    (
        "cannot be used with the certificate in `tls_client_cert`: {}",
        "不能与 `tls_client_cert` 中的证书一起使用：{}",
    ),
    // CORS.
    (
        "`*` allows every origin and stands alone",
        "`*` 允许所有来源，必须单独使用",
    ),
    (
        "`{}` is not an origin; allowed is `*`, or scheme://host[:port] without a path, e.g. https://app.example.com",
        "`{}` 不是来源；可用 `*`，或不带路径的 scheme://host[:port]，例如 https://app.example.com",
    ),
    (
        "cannot be true while `allow_origins` is `*`: browsers refuse that; name the origins",
        "`allow_origins` 为 `*` 时不能为真：浏览器会拒绝；请列出来源",
    ),
    (
        "cannot be true while `expose_headers` is `*`: browsers take that for a name; name the fields",
        "`expose_headers` 为 `*` 时不能为真：浏览器会把它当作名称；请列出标头",
    ),
];

/// What names a thing and goes on with one of the sentences.
const ABOUT: &[(&str, &str)] = &[("`{}`: {}", "`{}`："), ("`{}` {}", "`{}` ")];

/// The Chinese for a sentence of the rules; `None` for one that is not known.
#[must_use]
pub fn in_chinese(message: &str) -> Option<String> {
    let known = SENTENCES
        .iter()
        .find_map(|(english, chinese)| Some(fill(chinese, &parts(english, message)?)));
    let about = || {
        ABOUT.iter().find_map(|(english, chinese)| {
            let parts = parts(english, message)?;
            Some(fill(chinese, &parts[..1]) + &in_chinese(parts.last()?)?)
        })
    };
    known.or_else(about)
}

/// What stands in the places of `{}`; `None` when the message is of another kind. The shortest that fits.
fn parts<'m>(template: &str, message: &'m str) -> Option<Vec<&'m str>> {
    let mut literals = template.split("{}");
    let mut rest = message.strip_prefix(literals.next()?)?;
    let mut parts = Vec::new();
    let mut literals = literals.peekable();
    while let Some(literal) = literals.next() {
        let at = match (literal, literals.peek()) {
            ("", None) => rest.len(),
            (_, None) => rest
                .len()
                .checked_sub(literal.len())
                .filter(|at| rest.is_char_boundary(*at) && rest[*at..] == *literal)?,
            _ => rest.find(literal)?,
        };
        parts.push(&rest[..at]);
        rest = &rest[at + literal.len()..];
    }
    rest.is_empty().then_some(parts)
}

/// Puts the parts into their places, those that are sentences of their own translated.
fn fill(template: &str, parts: &[&str]) -> String {
    let mut out = String::new();
    let mut parts = parts.iter();
    for (index, literal) in template.split("{}").enumerate() {
        if index > 0
            && let Some(part) = parts.next()
        {
            out.push_str(&in_chinese(part).unwrap_or_else(|| (*part).to_owned()));
        }
        out.push_str(literal);
    }
    out
}

#[cfg(test)]
mod tests;
