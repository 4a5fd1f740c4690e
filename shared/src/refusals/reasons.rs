//! Why a route takes a request or does not, in Chinese. The routes' table says it in English (`server/src/routing/explain.rs`),
//! and so it is recorded.

use super::{Table, parts};

/// Stands in a reason before the name of the route that matched first, where the one in use is another.
pub const STANDS_IN_FOR: &str = "; stands in for ";
/// Stands in a reason before the names of the routes that the winner shares its requests with.
pub const SHARES_WITH: &str = "; shares its requests with ";

impl Table {
    /// The Chinese for a reason; `None` for one that is not known.
    #[must_use]
    pub fn reason(&self, reason: &str) -> Option<String> {
        if let Some((reason, sharing)) = reason.split_once(SHARES_WITH) {
            return Some(format!("{}；与 {} 分担请求", self.reason(reason)?, and_more(sharing)));
        }
        if let Some((reason, winner)) = reason.split_once(STANDS_IN_FOR) {
            let winner = winner.strip_suffix(", which matched first").unwrap_or(winner);
            return Some(format!("{}；代替最先匹配的 {winner}", self.reason(reason)?));
        }
        if let Some(misses) = reason.strip_prefix("the path matches, but ") {
            let misses = misses.split("; ").map(|miss| self.miss(miss));
            return Some(format!("路径匹配，但 {}", misses.collect::<Vec<_>>().join("；")));
        }
        won(reason).or_else(|| self.clause(reason))
    }

    fn clause(&self, reason: &str) -> Option<String> {
        let known = |(english, chinese): &(String, String)| {
            let parts = parts(english, reason)?;
            let filled = parts.iter().fold(chinese.clone(), |text, part| {
                text.replacen("{}", &part.replace(" or ", " 或 "), 1)
            });
            Some(filled)
        };
        self.0.iter().find_map(known)
    }

    /// `Chat: method GET is not POST`, or `3 more`.
    fn miss(&self, told: &str) -> String {
        if let Some(more) = told.strip_suffix(" more") {
            return format!("另有 {more} 条");
        }
        let known = told.split_once(": ");
        let known = known.and_then(|(name, why)| Some(format!("{name}：{}", self.clause(why)?)));
        known.unwrap_or_else(|| told.to_owned())
    }
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

/// `Chat, Images and 3 more`.
fn and_more(names: &str) -> String {
    let more = names
        .rsplit_once(" and ")
        .and_then(|(names, more)| Some(format!("{names} 等（另有 {} 条）", more.strip_suffix(" more")?)));
    more.unwrap_or_else(|| names.to_owned())
}

#[cfg(test)]
mod tests {
    use crate::refusals::tests::table;
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
    #[case(
        "path /v1/* and any method matched; priority 9; stands in for Primary, which matched first",
        "匹配：路径 /v1/*、任意方法；优先级 9；代替最先匹配的 Primary"
    )]
    #[case("the body was not kept whole", "正文未完整保留")]
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
        assert_eq!(table().reason(english).as_deref(), Some(chinese));
    }

    #[rstest]
    #[case("")]
    #[case("it fits")]
    #[case("the moon matched; priority 1")]
    fn what_is_not_known_stays_as_it_is(#[case] english: &str) {
        assert_eq!(table().reason(english), None);
    }
}
