//! Why a route takes a request or does not, in Chinese. The routes' table says it in English (`server/src/routing/explain.rs`),
//! and so it is recorded.

use super::parts;

/// English and Chinese, as the table of refusals. Of several that fit, the first counts.
const REASONS: &[(&str, &str)] = &[
    ("the path of no active route matches", "没有已启用的路由匹配此路径"),
    ("the path does not match {}", "路径不匹配 {}"),
    ("method {} is not {}", "方法 {} 不是 {}"),
    ("header {} is missing", "缺少标头 {}"),
    ("header {} is not `{}`", "标头 {} 不是 `{}`"),
    (
        "header {} does not match the expression `{}`",
        "标头 {} 不匹配表达式 `{}`",
    ),
    ("body field `{}` is missing", "正文缺少字段 `{}`"),
    ("body field `{}` is not {}", "正文字段 `{}` 不是 {}"),
    ("the body breaks the schema: {}", "正文不符合 Schema：{}"),
    ("body field {} breaks the schema: {}", "正文字段 {} 不符合 Schema：{}"),
    ("the body fits", "正文符合"),
    ("there is no body", "没有正文"),
    ("the body is not JSON, or has a field twice", "正文不是 JSON，或有重复的字段"),
    ("the body cannot be read", "无法读取正文"),
    ("the route is switched off", "路由已停用"),
];

/// The Chinese for a reason; `None` for one that is not known.
#[must_use]
pub fn in_chinese(reason: &str) -> Option<String> {
    if let Some((reason, sharing)) = reason.split_once("; shares its requests with ") {
        return Some(format!("{}；与 {} 分担请求", in_chinese(reason)?, and_more(sharing)));
    }
    if let Some(misses) = reason.strip_prefix("the path matches, but ") {
        let misses = misses.split("; ").map(miss).collect::<Vec<_>>();
        return Some(format!("路径匹配，但 {}", misses.join("；")));
    }
    won(reason).or_else(|| clause(reason))
}

fn clause(reason: &str) -> Option<String> {
    let known = |(english, chinese): &(&str, &str)| {
        let parts = parts(english, reason)?;
        let filled = parts.iter().fold((*chinese).to_owned(), |text, part| {
            text.replacen("{}", &part.replace(" or ", " 或 "), 1)
        });
        Some(filled)
    };
    REASONS.iter().find_map(known)
}

/// `path /v1/*, method POST and body matched; priority 100`.
fn won(reason: &str) -> Option<String> {
    let parts = parts("{} matched; priority {}", reason)?;
    let [met, priority] = parts.as_slice() else { return None };
    let met = met.split(", ").flat_map(|clause| clause.split(" and ")).map(|clause| {
        let name = |english: &str, chinese: &str| {
            let name = clause.strip_prefix(english)?.replace(" or ", " 或 ");
            Some(format!("{chinese} {name}"))
        };
        match clause {
            "any method" => Some("任意方法".to_owned()),
            "body" => Some("正文".to_owned()),
            _ => name("path ", "路径")
                .or_else(|| name("method ", "方法"))
                .or_else(|| name("header ", "标头")),
        }
    });
    let met = met.collect::<Option<Vec<_>>>()?;
    Some(format!("匹配：{}；优先级 {priority}", met.join("、")))
}

/// `Chat: method GET is not POST`, or `3 more`.
fn miss(told: &str) -> String {
    if let Some(more) = told.strip_suffix(" more") {
        return format!("另有 {more} 条");
    }
    let known = told
        .split_once(": ")
        .and_then(|(name, why)| Some(format!("{name}：{}", clause(why)?)));
    known.unwrap_or_else(|| told.to_owned())
}

/// `Chat, Images and 3 more`.
fn and_more(names: &str) -> String {
    let more = names
        .rsplit_once(" and ")
        .and_then(|(names, more)| Some(format!("{names} 等（另有 {} 条）", more.strip_suffix(" more")?)));
    more.unwrap_or_else(|| names.to_owned())
}

#[cfg(test)]
mod tests {
    use super::in_chinese;
    use rstest::rstest;

    #[rstest]
    #[case(
        "path /v1/* and any method matched; priority 100",
        "匹配：路径 /v1/*、任意方法；优先级 100"
    )]
    #[case(
        "path /v1/**, method POST or PUT, header x-team and body matched; priority 7",
        "匹配：路径 /v1/**、方法 POST 或 PUT、标头 x-team、正文；优先级 7"
    )]
    #[case(
        "path /v1/* and any method matched; priority 100; shares its requests with Chat, Images and 3 more",
        "匹配：路径 /v1/*、任意方法；优先级 100；与 Chat, Images 等（另有 3 条） 分担请求"
    )]
    #[case("the path does not match /v2/*", "路径不匹配 /v2/*")]
    #[case("method GET is not POST or PUT", "方法 GET 不是 POST 或 PUT")]
    #[case("body field `model` is not \"qwen3\"", "正文字段 `model` 不是 \"qwen3\"")]
    #[case(
        "body field /n breaks the schema: the value is not of type \"string\"",
        "正文字段 /n 不符合 Schema：the value is not of type \"string\""
    )]
    #[case("the route is switched off", "路由已停用")]
    #[case(
        "the path matches, but Chat: method GET is not POST; Images: header x-a is missing; 2 more",
        "路径匹配，但 Chat：方法 GET 不是 POST；Images：缺少标头 x-a；另有 2 条"
    )]
    fn a_reason_is_said_in_chinese(#[case] english: &str, #[case] chinese: &str) {
        assert_eq!(in_chinese(english).as_deref(), Some(chinese));
    }

    #[rstest]
    #[case("")]
    #[case("it fits")]
    #[case("the moon matched; priority 1")]
    fn what_is_not_known_stays_as_it_is(#[case] english: &str) {
        assert_eq!(in_chinese(english), None);
    }
}
