//! Texts of the overview.

super::texts! {
    lead = "The last 24 hours. Numbers refresh every 5 seconds.", "最近 24 小时。数据每 5 秒刷新。";
    requests = "Requests", "请求";
    last_hour(n: &str) = "{n} in the last hour", "最近一小时 {n}";
    success_rate = "Success rate", "成功率";
    one_error = "1 error", "1 个错误";
    errors(n: &str) = "{n} errors", "{n} 个错误";
    latency = "Response time, median", "响应时间中位数";
    p95_p99(p95: &str, p99: &str) = "p95 {p95} · p99 {p99}", "p95 {p95} · p99 {p99}";
    ttfb = "Time to first byte", "首字节时间";
    mean = "mean", "平均";
    in_flight = "In flight", "进行中";
    per_minute(n: &str) = "{n} per minute", "每分钟 {n}";
    active_keys = "Active keys", "启用的密钥";
    active_routes(n: &str) = "Active routes: {n}", "启用的路由：{n}";
    traffic = "Traffic by hour", "每小时流量";
    ok = "without error", "无错误";
    failed = "with error", "有错误";
    bar(hour: &str, total: &str, errors: &str) = "{hour}: {total} requests, {errors} with error", "{hour}：{total} 个请求，{errors} 个错误";
    chart_summary(total: &str, errors: &str) = "Requests in each of the last 24 hours: {total} in total, {errors} with error", "最近 24 小时每小时请求数：共 {total}，错误 {errors}";
    hour = "Hour", "小时";
    now = "now", "现在";
    p95 = "p95", "p95";
    top_routes = "Busiest routes", "最繁忙的路由";
    top_sources = "Busiest sources", "最繁忙的来源";
    top_models = "Busiest models", "最繁忙的模型";
    top_paths = "Busiest paths", "最繁忙的路径";
    nothing_yet = "No requests yet.", "还没有请求。";
    recent_errors = "Recent errors", "最近的错误";
    no_errors = "No request has failed.", "没有失败的请求。";
    all_errors = "All errors", "全部错误";
    audit_lost(n: &str) = "{n} audit records were lost since the start: the log could not be written fast enough. Check the disk.", "自启动以来丢失了 {n} 条审计记录：日志写入速度不足，请检查磁盘。";

    first_run = "Three steps to the first proxied call", "三步完成第一次代理调用";
    step_route = "Create a route", "创建路由";
    step_route_text = "Say which requests go to which upstream, and with which credential.", "指定哪些请求发往哪个上游，使用什么凭据。";
    step_key = "Create a key", "创建密钥";
    step_key_text = "Clients call the gateway with it; the upstream's own key stays here.", "客户端用它调用网关；上游密钥留在网关中。";
    step_call = "Send a test call", "发送测试调用";
    step_call_text = "Replace the key, then watch the request arrive.", "替换密钥，然后观察请求到达。";
    step_done = "done", "已完成";
    watch_live = "Watch live", "实时查看";
    snippet_language = "Language of the example", "示例语言";
}
