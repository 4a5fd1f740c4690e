//! Texts of the frame, sign-in and help.

super::texts! {
    skip = "Skip to content", "跳到内容";
    navigation = "Main", "主导航";
    overview = "Overview", "概览";
    keys = "Keys", "密钥";
    routes = "Routes", "路由";
    requests = "Requests", "请求";
    statistics = "Statistics", "统计";
    playground = "Playground", "试验台";
    changes = "Changes", "变更";
    settings = "Settings", "设置";
    theme_system = "Theme: system", "主题：跟随系统";
    theme_light = "Theme: light", "主题：浅色";
    theme_dark = "Theme: dark", "主题：深色";
    sign_out = "Sign out", "退出登录";
    shortcuts = "Keyboard shortcuts", "键盘快捷键";
    version(version: &str) = "M-FastGate {version}", "M-FastGate {version}";
    api_docs = "API reference", "API 文档";
    openapi = "OpenAPI", "OpenAPI";
    notifications = "Notifications", "通知";
    page_title(page: &str) = "{page} · M-FastGate", "{page} · M-FastGate";
    connection_lost = "The gateway cannot be reached. Trying again by itself; what you see may be out of date.", "无法连接网关，正在自动重试；当前显示的内容可能已过时。";
    not_found = "Page not found", "页面不存在";
    not_found_lead = "There is no page at this address.", "此地址没有页面。";
    back_to_overview = "Go to the overview", "前往概览";

    sign_in = "Sign in", "登录";
    sign_in_lead = "Use the admin token that the gateway printed at its first start.", "使用网关首次启动时打印的管理员令牌。";
    sign_in_with_provider = "Sign in with your organisation", "使用组织账号登录";
    sign_in_lost = "Lost it? Run fastgate admin-token on the gateway's machine.", "丢失令牌？请在网关所在机器上运行 fastgate admin-token。";
    admin_token = "Admin token", "管理员令牌";
    show_token = "Show token", "显示令牌";
    hide_token = "Hide token", "隐藏令牌";
    token_missing = "Enter the admin token.", "请输入管理员令牌。";
    wrong_token = "This token was not accepted.", "令牌未被接受。";
    throttled(seconds: u64) = "Too many attempts. Try again in {seconds} s.", "尝试次数过多，请在 {seconds} 秒后重试。";
    insecure_origin = "The session cookie needs HTTPS or localhost. Open the dashboard over HTTPS, or set security.allow_insecure_cookie.", "会话 Cookie 需要 HTTPS 或 localhost。请通过 HTTPS 打开控制台，或设置 security.allow_insecure_cookie。";
    no_session(why: &str) = "The gateway could not start a session: {why}", "网关无法建立会话：{why}";
    session_ended = "Your session has ended. Sign in to go on where you were.", "会话已结束，请登录以继续。";

    keys_enabled = "Single-key shortcuts are on", "启用单键快捷键";
    key_palette = "Command palette", "命令面板";
    key_search = "Search or filter", "搜索或筛选";
    key_new = "New, on pages that create something", "新建（在可创建的页面）";
    key_help = "This help", "显示本帮助";
    key_next_row = "Next and previous request", "下一个和上一个请求";
    key_escape = "Close a dialog or drawer", "关闭对话框或抽屉";
    key_overview = "Go to the overview", "前往概览";
    key_keys = "Go to keys", "前往密钥";
    key_routes = "Go to routes", "前往路由";
    key_requests = "Go to requests", "前往请求";
    key_statistics = "Go to statistics", "前往统计";
    key_playground = "Go to the playground", "前往试验台";
    key_changes = "Go to changes", "前往变更";
    key_settings = "Go to settings", "前往设置";
}
