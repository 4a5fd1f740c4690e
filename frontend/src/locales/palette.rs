//! Texts of the command palette.

super::texts! {
    title = "Command palette", "命令面板";
    open = "Go to…", "前往…";
    input = "Page, action, key, route or request id", "页面、操作、密钥、路由或请求 ID";
    results = "Results", "结果";
    nothing = "Nothing found.", "未找到结果。";
    found(n: usize) = "{n} result[s]", "{n} 个结果";
    kind_page = "Page", "页面";
    kind_create = "Create", "新建";
    kind_action = "Action", "操作";
    kind_key = "Key", "密钥";
    kind_route = "Route", "路由";
    kind_request = "Request", "请求";
    request_with_id(id: &str) = "Request with the id {id}", "ID 为 {id} 的请求";
    hint_move = "to move", "移动";
    hint_choose = "to choose", "选择";
    hint_close = "to close", "关闭";
}
