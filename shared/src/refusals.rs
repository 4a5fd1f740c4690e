//! What is wrong with a value, in Chinese. The rules speak English, the language of the REST interface; the dashboard shows
//! their sentences in the reader's language. A sentence that is not known stays English.
//!
//! The sentences are in `frontend/refusals.zh-CN.json`, pairs of templates, English and Chinese; only
//! a reader of Chinese loads them ([`crate::texts`]).
//! `{}` stands for whatever is there, and the Chinese sentence takes the same parts in the same order. A part may be a
//! sentence of its own. Of several that fit, the first counts.

mod reasons;

pub use reasons::{SHARES_WITH, STANDS_IN_FOR};

use serde_json::Value;

use crate::json::{FromJson, Reader};

/// The sentences, in English and Chinese.
#[derive(Debug)]
pub struct Table(Vec<(String, String)>);

/// Reads `[["is missing", "缺失"], …]`.
impl FromJson for Table {
    fn read(value: &Value, reader: &mut Reader) -> Self {
        Self(Vec::read(value, reader))
    }
}

/// What names a thing and goes on with one of the sentences.
const ABOUT: &[(&str, &str)] = &[("`{}`: {}", "`{}`："), ("`{}` {}", "`{}` ")];

impl Table {
    /// The Chinese for a sentence of the rules; `None` for one that is not known.
    #[must_use]
    pub fn refusal(&self, message: &str) -> Option<String> {
        let known = self.0.iter().find_map(|(english, chinese)| {
            let parts = parts(english, message)?;
            Some(self.fill(chinese, &parts))
        });
        let about = || {
            ABOUT.iter().find_map(|(english, chinese)| {
                let parts = parts(english, message)?;
                Some(self.fill(chinese, &parts[..1]) + &self.refusal(parts.last()?)?)
            })
        };
        // A problem tells of a single field in a sentence that ends.
        let ended = || Some(self.refusal(message.strip_suffix('.')?)? + "。");
        known.or_else(about).or_else(ended)
    }

    /// Puts the parts into their places, those that are sentences of their own translated.
    fn fill(&self, template: &str, parts: &[&str]) -> String {
        let mut out = String::new();
        let mut parts = parts.iter();
        for (index, literal) in template.split("{}").enumerate() {
            if index > 0
                && let Some(part) = parts.next()
            {
                out.push_str(&self.refusal(part).unwrap_or_else(|| (*part).to_owned()));
            }
            out.push_str(literal);
        }
        out
    }
}

/// What stands in the places of `{}`; `None` when the message is of another kind. The shortest that fits.
fn parts<'m>(template: &str, message: &'m str) -> Option<Vec<&'m str>> {
    let mut literals = template.split("{}");
    let mut rest = message.strip_prefix(literals.next()?)?;
    let mut parts = Vec::new();
    let mut literals = literals.peekable();
    while let Some(literal) = literals.next() {
        let at = match (literal, literals.peek()) {
            ("", None) => rest.len(),
            (_, None) => rest
                .len()
                .checked_sub(literal.len())
                .filter(|at| rest.is_char_boundary(*at) && rest[*at..] == *literal)?,
            _ => rest.find(literal)?,
        };
        parts.push(&rest[..at]);
        rest = &rest[at + literal.len()..];
    }
    rest.is_empty().then_some(parts)
}

#[cfg(test)]
mod tests;
