//! Texts of the keys page.

super::texts! {
    title = "API keys", "API 密钥";
    lead = "Who may call the gateway, what for, and how often.", "谁可以调用网关、用途以及频率。";
    new = "New key", "新建密钥";
    search = "Search keys", "搜索密钥";
    status_filter = "Status of keys", "密钥状态";
    empty = "No key yet. Clients need one to call the gateway.", "还没有密钥。客户端需要密钥才能调用网关。";
    col_key = "Key", "密钥";
    col_source = "Source", "来源";
    col_permissions = "Permissions", "权限";
    col_limit = "Limit", "限额";
    col_used = "Requests", "请求数";
    col_last_used = "Last used", "最近使用";
    col_expires = "Expires", "过期";
    everything = "everything", "全部";
    per_minute(n: &str) = "{n}/min", "{n}/分钟";
    used_now(used: &str, limit: &str) = "{used} of {limit} used now", "当前已用 {used}/{limit}";
    default_limit = "default", "默认";
    active_switch(name: &str) = "Key {name} is active", "密钥 {name} 已启用";
    edit_key(name: &str) = "Edit key {name}", "编辑密钥 {name}";
    rotate_key(name: &str) = "Rotate key {name}", "轮换密钥 {name}";
    delete_key(name: &str) = "Delete key {name}", "删除密钥 {name}";
    requests_of(name: &str) = "Requests of {name}", "{name} 的请求";
    edit_title = "Edit key", "编辑密钥";
    create = "Create key", "创建密钥";

    source = "Source", "来源";
    source_hint = "Who or what uses the key, e.g. openai-chat. It is written into every audit record.", "谁在使用此密钥，例如 openai-chat。会写入每条审计记录。";
    name_hint = "A name for people.", "便于识别的名称。";
    permissions = "Permissions", "权限";
    permissions_hint = "One per line; empty allows everything. An operation (chat, embeddings, models …), route:<name>, model:<glob>, path:<pattern>.", "每行一个；留空表示全部允许。可为操作（chat、embeddings、models …）、route:<名称>、model:<通配>、path:<模式>。";
    presets = "Presets", "预设";
    preset_all = "Everything", "全部";
    preset_chat = "Chat only", "仅对话";
    preset_openai = "Chat, embeddings, models", "对话、嵌入、模型";
    rate_limit = "Requests per minute", "每分钟请求数";
    max_concurrency = "Requests at once", "并发请求数";
    max_concurrency_hint = "Empty: no bound.", "留空不限制。";
    rate_limit_hint = "Empty takes the gateway's default.", "留空使用网关默认值。";
    active = "Active", "启用";
    active_hint = "A key that is switched off answers 401.", "停用的密钥返回 401。";

    created = "Key created", "密钥已创建";
    rotated = "Key rotated", "密钥已轮换";
    show_once = "This is the only time that the key is shown. The gateway stores only its hash.", "密钥仅在此时显示一次，网关只保存其哈希。";
    the_key = "API key", "API 密钥";
    stored_it = "I have stored the key", "我已保存密钥";
    as_env = "As .env", ".env 格式";
    use_it = "Use it", "使用方法";

    saved(name: &str) = "Saved {name}.", "已保存 {name}。";
    enabled(name: &str) = "{name} is active again.", "{name} 已重新启用。";
    disabled(name: &str) = "{name} is off: it now answers 401.", "{name} 已停用，将返回 401。";
    deleted(name: &str) = "Deleted {name}.", "已删除 {name}。";
    delete_title = "Delete this key?", "删除此密钥？";
    delete_text(name: &str, preview: &str) = "Clients that use {name} ({preview}) get 401 at once. Its past requests stay in the log, and Changes can bring it back.", "使用 {name}（{preview}）的客户端将立即收到 401。历史请求仍保留在日志中，可在“变更”中恢复。";
    rotate_title = "Rotate this key?", "轮换此密钥？";
    rotate_text(name: &str) = "{name} gets a new value, shown once. The old value works until the grace time ends.", "{name} 将获得新值，仅显示一次。旧值在宽限期结束前仍然有效。";
    rotate = "Rotate", "轮换";
    grace = "Old value works for", "旧值继续有效";
    old_value_until(when: &str) = "Old value works until {when}", "旧值有效至 {when}";
    grace_runs(until: &str) = "The value before the last rotation works until {until}, and no second one can beside it. Choose \"not at all\", or rotate later.", "上次轮换前的值在 {until} 前仍然有效，不能再保留第二个。请选择“立即失效”，或稍后再轮换。";
    grace_none = "not at all", "立即失效";
    grace_hour = "1 hour", "1 小时";
    grace_day = "1 day", "1 天";
    grace_week = "7 days", "7 天";
}
