//! Texts of the settings.

use fastgate_shared::admin_token::Role;

super::texts! {
    title = "Settings", "设置";
    lead = "Values come from the file, the environment and flags, in rising order; they are changed there.", "设置值依次来自文件、环境变量和命令行参数（后者优先），并在那里修改。";
    configuration = "Configuration", "配置";
    search = "Search settings", "搜索设置";
    any_origin = "Any origin", "任意来源";
    from_default = "Default", "默认";
    from_file = "File", "文件";
    from_environment = "Environment", "环境变量";
    from_flag = "Flag", "命令行参数";
    origin = "Origin", "来源";
    key = "Key", "键";
    value = "Value", "值";
    change = "How to change it", "修改方式";
    secret_set = "set, not shown", "已设置，不显示";
    secret_unset = "not set", "未设置";
    not_set = "none", "无";
    at_reload = "at a reload (SIGHUP)", "重新加载时生效（SIGHUP）";
    at_restart = "at a restart", "重启后生效";
    owned(source: &str) = "{source} sets it and wins over the file.", "由 {source} 设定，优先于文件。";
    allowed(allowed: &str) = "Allowed: {allowed}", "允许：{allowed}";
    tokens = "Administrators", "管理员";
    tokens_lead = "Tokens with a name and a role, for people and scripts. The admin token itself is not among them.", "带名称和角色的令牌，供人员和脚本使用。管理员令牌本身不在此列。";
    tokens_empty = "There is only the admin token. Give people and scripts their own.", "目前只有管理员令牌。请为人员和脚本分别创建令牌。";
    new_token = "New token", "新建令牌";
    create_token = "Create token", "创建令牌";
    token_made = "Token made", "令牌已创建";
    show_once = "It is shown only now. Store it where it is needed.", "仅显示这一次，请妥善保存。";
    the_token = "The token", "令牌";
    stored_it = "I have stored it", "我已保存";
    name = "Name", "名称";
    role_label = "Role", "角色";
    viewer = "Viewer: reads", "查看者：只读";
    operator = "Operator: all but keys, tokens and upstream credentials", "操作员：除密钥、令牌和上游凭据外的全部操作";
    admin = "Admin: everything", "管理员：全部权限";
    viewer_word = "Viewer", "查看者";
    operator_word = "Operator", "操作员";
    admin_word = "Admin", "管理员";
    root = "Admin token", "管理员令牌";
    who = "Who", "用户";
    never_used = "never", "从未";
    inactive = "Inactive", "已停用";
    delete_token = "Revoke", "吊销";
    delete_token_of(name: &str) = "Revoke {name}", "吊销 {name}";
    delete_token_title = "Revoke token?", "吊销令牌？";
    delete_token_text(name: &str) = "{name} is refused from now on, and signed out everywhere.", "{name} 将立即失效，其所有会话都会结束。";
    token_deleted(name: &str) = "{name} was revoked.", "{name} 已吊销。";
    sessions = "Sessions", "会话";
    sessions_lead = "Browsers that are signed in to this dashboard.", "已登录此控制台的浏览器。";
    device = "Device", "设备";
    unknown_device = "Unknown device", "未知设备";
    on(browser: &str, system: &str) = "{browser} on {system}", "{browser}（{system}）";
    address = "Address", "地址";
    signed_in = "Signed in", "登录时间";
    last_used = "Last used", "最近使用";
    ends = "Ends", "到期";
    this_session = "This session", "当前会话";
    end = "End", "结束";
    end_others = "End all others", "结束其他全部会话";
    end_title = "End session?", "结束会话？";
    end_text(device: &str, address: &str) = "{device} at {address} has to sign in again.", "{address} 的 {device} 需要重新登录。";
    end_others_text = "Every other browser has to sign in again. This one stays signed in.", "其他所有浏览器都需要重新登录，当前浏览器保持登录。";
    ended = "The session was ended.", "会话已结束。";
    others_ended = "The other sessions were ended.", "其他会话已结束。";
    storage = "Log storage", "日志存储";
    records = "Records", "记录数";
    size_of(bytes: &str, max: &str) = "{bytes} of {max}", "{bytes} / {max}";
    oldest = "Oldest record", "最早记录";
    rate = "At present", "当前速率";
    rate_of(records: &str, bytes: &str) = "{records} record[s], {bytes} a day", "每天 {records} 条，{bytes}";
    kept = "Kept", "保留";
    kept_for(days: u32, max: &str) = "{days} days, {max} at most", "{days} 天，最多 {max}";
    forecast_none = "Nothing is recorded yet.", "尚无记录。";
    forecast_full = "The limit is reached: the oldest records go as new ones come.", "已达上限：新记录写入时删除最早的记录。";
    forecast_days(days: &str) = "At this rate the size limit is reached in {days} days; then the oldest records go.", "按当前速率，{days} 天后达到大小上限，届时删除最早的记录。";
    forecast_settles(bytes: &str) = "At this rate the log levels off at {bytes}: age bounds it before its size does.", "按当前速率，日志将稳定在 {bytes}：先受保留期限制。";
    about = "About", "关于";
    version = "Version", "版本";
    build = "Build", "构建";
    database = "Database", "数据库";
    uptime = "Running for", "已运行";
    days_hours(days: u64, hours: u64) = "{days} d {hours} h", "{days} 天 {hours} 小时";
    hours_minutes(hours: u64, minutes: u64) = "{hours} h {minutes} min", "{hours} 小时 {minutes} 分钟";
    license = "Licence", "许可证";
}

/// The role in one word.
pub fn role(role: Role) -> &'static str {
    match role {
        Role::Viewer => viewer_word(),
        Role::Operator => operator_word(),
        Role::Admin => admin_word(),
    }
}
