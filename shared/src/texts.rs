//! The dashboard's texts in a language other than its own, English: what a file holds that only readers of that language
//! load (`scripts/texts.mjs` writes two, ADR 28), and how a text gets its arguments. Which texts there are is in
//! `frontend/src/locales/`.

use std::fmt::Display;

use crate::json::FromJson;
use crate::refusals::Table;

/// What a file holds.
#[derive(Debug, FromJson)]
pub struct Translation {
    /// The dashboard's own texts: of each part its checksum and its texts, in the order of the part.
    pub texts: Vec<(u32, Vec<String>)>,
    /// The server's sentences.
    pub sentences: Table,
}

/// Tells a part by its English texts, FNV-1a: a file of another build, whose parts are others, is never taken for this one's.
#[must_use]
pub const fn checksum(texts: &[&str]) -> u32 {
    let mut hash = 0x811c_9dc5_u32;
    let mut text = 0;
    while text < texts.len() {
        let bytes = texts[text].as_bytes();
        let mut at = 0;
        while at <= bytes.len() {
            // A zero ends each text.
            let byte = if at < bytes.len() { bytes[at] } else { 0 };
            hash = (hash ^ byte as u32).wrapping_mul(0x0100_0193);
            at += 1;
        }
        text += 1;
    }
    hash
}

/// Puts arguments into the places of their names: `{n} rows`. The names are in the arguments' order, each ended by a comma.
/// What is in brackets is left out after a single one: `{n} row[s]`.
#[must_use]
pub fn fill(text: &str, names: &str, arguments: &[&dyn Display]) -> String {
    let mut out = String::new();
    let mut last = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '[']) {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let (inside, after) = after[1..].split_once(['}', ']']).unwrap_or((&after[1..], ""));
        if rest[at..].starts_with('[') {
            out.push_str(if last == "1" { "" } else { inside });
        } else if let Some((_, argument)) = names.split(',').zip(arguments).find(|(known, _)| *known == inside) {
            last = argument.to_string();
            out.push_str(&last);
        }
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::{Translation, checksum, fill};
    use crate::json;

    #[test]
    fn arguments_stand_where_their_names_are() {
        let fill = |text| fill(text, "used,limit,", &[&"3", &60]);
        assert_eq!(fill("{used} of {limit} used now"), "3 of 60 used now");
        assert_eq!(fill("限额 {limit}，已用 {used}"), "限额 60，已用 3");
        assert_eq!(fill("nothing to fill"), "nothing to fill");
    }

    #[test]
    fn a_single_one_has_no_plural() {
        let fill = |n: u32| fill("{n} row[s] of {all} row[s]", "n,all,", &[&n, &"1,001"]);
        assert_eq!(fill(1), "1 row of 1,001 rows");
        assert_eq!(fill(0), "0 rows of 1,001 rows");
        assert_eq!(fill(11), "11 rows of 1,001 rows");
    }

    #[test]
    fn what_an_argument_says_is_not_looked_at() {
        assert_eq!(fill("{name} {n}", "name,n,", &[&"{n} [s]", &1]), "{n} [s] 1");
    }

    #[test]
    fn another_text_or_another_order_is_another_part() {
        let sum = checksum(&["Keys", "Routes"]);
        for other in [
            &["Routes", "Keys"][..],
            &["Keys"],
            &["KeysRoutes", ""],
            &["Keys", "Route", "s"],
        ] {
            assert_ne!(checksum(other), sum, "{other:?}");
        }
        // As scripts/texts.mjs works it out.
        assert_eq!(checksum(&["密钥"]), 2_810_702_835);
    }

    #[test]
    fn a_file_is_read() {
        let read: Translation =
            json::from_text(r#"{"texts": [[7, ["密钥", "路由"]]], "sentences": [["is empty", "不能为空"]]}"#).unwrap();
        assert_eq!(read.texts, [(7, vec!["密钥".to_owned(), "路由".to_owned()])]);
        assert_eq!(read.sentences.refusal("is empty").as_deref(), Some("不能为空"));
    }
}
