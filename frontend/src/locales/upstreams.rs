//! Texts about the state of targets.

super::texts! {
    col_upstreams = "Upstreams", "上游";
    targets_of(name: &str) = "Targets of {name}", "{name} 的目标";
    up_of(up: usize, all: usize) = "{up} of {all} up", "{all} 个中 {up} 个正常";
    up = "Up", "正常";
    down = "Down", "故障";
    open = "Circuit open", "已熔断";
    half_open = "On trial", "试探中";
    cooling = "Cooling down", "冷却中";
    unknown = "Unknown", "未知";
    failing = "Failing", "失败";
    failing_text = "Every request that went there since the gateway started failed.", "网关启动以来发往此处的请求全部失败。";
    off = "Off", "停用";
    open_until(time: &str) = "It failed repeatedly. One trial request goes there after {time}.", "多次失败。{time} 之后会发送一个试探请求。";
    half_open_text = "It failed repeatedly. The next request that goes there decides.", "多次失败。下一个发往此处的请求将决定其状态。";
    cooling_until(time: &str) = "It asked to be left alone until {time}.", "上游要求在 {time} 之前不再发送请求。";
    unknown_text = "It gets requests, but has answered none since the gateway started.", "会收到请求，但网关启动以来尚未作出响应。";
    unused_text = "No request has gone there since the gateway started.", "网关启动以来尚无请求发往此处。";
    since = "Since", "状态始于";
    last_probe = "Last probe", "最近探测";
    probe_took = "Probe took", "探测耗时";
    in_flight = "In flight", "处理中";
    latency = "First byte, average", "首字节（平均）";
    attempts = "Attempts", "尝试次数";
    attempts_failed(all: &str, failed: &str) = "{all}, {failed} failed", "{all}，失败 {failed}";
    weight = "Weight", "权重";
}
