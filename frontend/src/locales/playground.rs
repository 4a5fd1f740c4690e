//! Texts of the playground.

super::texts! {
    title = "Playground", "试验台";
    lead = "Send a request through the gateway and watch the answer come.", "通过网关发送请求，并实时查看响应。";
    costs = "Each request goes to the real upstream and spends real quota. The key's permissions and limits hold.", "每个请求都会发送到真实上游并消耗真实配额，适用密钥的权限和限额。";
    request = "Request", "请求";
    answer = "Answer", "响应";
    route = "Route", "路由";
    route_hint = "Fills in path and model. Which route takes the request is decided as for any client.", "填入路径和模型。实际由哪条路由处理与普通客户端一致。";
    any_route = "None: I write the path", "不指定，自行填写路径";
    key = "Key", "密钥";
    key_hint = "Its value is not needed.", "无需密钥值。";
    no_key = "No key", "不使用密钥";
    model = "Model", "模型";
    model_hint = "The body's model.", "正文中的 model 字段。";
    path_rule = "must start with /", "必须以 / 开头";
    body_hint = "Checked as JSON while you type.", "输入时按 JSON 校验。";
    format_body = "Format", "格式化";
    send = "Send", "发送";
    stop = "Stop", "停止";
    needs_operator = "Sending is for operators and administrators: it spends quota.", "仅操作员和管理员可以发送请求：发送会消耗配额。";
    as_code = "As code", "代码";
    as_code_lead = "The same call from outside, with a key of your own.", "在外部使用自己的密钥发起同样的调用。";

    nothing_yet = "Nothing was sent yet. The answer shows here while it comes.", "尚未发送。响应会在到达时实时显示在此处。";
    sending = "Waiting for the answer", "等待响应";
    streaming = "The answer comes", "正在接收";
    done = "Done", "完成";
    stopped = "Stopped", "已停止";
    broke_off = "The answer broke off", "响应中断";
    ttfb = "First byte", "首字节";
    total = "Total", "总耗时";
    speed = "Tokens per second", "每秒 Token";
    tokens = "Tokens", "Token 数";
    tokens_of(prompt: &str, completion: &str) = "{prompt} in, {completion} out", "输入 {prompt}，输出 {completion}";
    size = "Size", "大小";
    took_route = "Taken by", "处理路由";
    record = "Record", "记录";
    route_is_off = "This route is off.", "该路由已停用。";
    other_route(name: &str) = "Another route takes it: {name}.", "由另一条路由处理：{name}。";
    text = "Text", "文本";
    raw = "Raw", "原始";
    no_text = "No text of a model was found in this answer: see Raw.", "响应中没有模型文本，请查看“原始”。";
    not_shown = "The body is no text and is not shown.", "正文不是文本，不予显示。";
    cut = "Only the first 1 MiB are shown.", "仅显示前 1 MiB。";
    empty_body = "The body is empty.", "正文为空。";
    need_key = "No key is chosen: routes that need one answer 401.", "未选择密钥：需要密钥的路由将返回 401。";
}
