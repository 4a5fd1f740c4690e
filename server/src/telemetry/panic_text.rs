//! What is said of a panic. Its text may repeat what the program was working on (`slice index` repeats the text that was cut,
//! `unwrap` the whole error), so everything that could be a key or token is taken out of it.

/// Characters in a row that may be a credential: shorter ones are no protection worth its name.
const SECRET_CHARS: usize = 16;
/// Characters that are kept.
const MOST: usize = 500;

/// The text without runs of [`SECRET_CHARS`] and more letters, digits, `-`, `_`, `.`, `+`, `/` and `=` that have a digit among them
/// or are [`SECRET_CHARS`] `* 2` long, in at most [`MOST`] characters.
#[must_use]
pub fn without_secrets(text: &str) -> String {
    let mut kept = String::new();
    let mut run = String::new();
    for c in text.chars().chain(std::iter::once('\0')) {
        if c.is_ascii_alphanumeric() || "-_.+/=".contains(c) {
            run.push(c);
            continue;
        }
        let hidden = run.len() >= SECRET_CHARS
            && (run.len() >= 2 * SECRET_CHARS || run.bytes().any(|byte| byte.is_ascii_digit()));
        kept.push_str(if hidden { "…" } else { &run });
        run.clear();
        kept.extend((c != '\0').then_some(c));
    }
    kept.chars().take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("called `Option::unwrap()` on a `None` value")]
    #[case("index out of bounds: the len is 3 but the index is 7")]
    #[case("internal error: entered unreachable code")]
    fn what_a_panic_says_stays_readable(#[case] text: &str) {
        assert_eq!(without_secrets(text), text);
    }

    #[rstest]
    #[case(
        "byte index 3 is not a char boundary of `Bearer sk-canary-of-the-upstream-0123456789`",
        "sk-canary"
    )]
    #[case("fg_0f8fad5bd9cb469fa165708673e0", "fg_0f")]
    #[case("Err(Key(\"ca9a41e5ca9a41e5ca9a41e5\"))", "ca9a41e5")]
    #[case("https://h/x?key=AIzaCanaryOfTheQuery0123456789&x=1", "AIza")]
    #[case("abcdefghijklmnopqrstuvwxyzabcdefghij", "abc")]
    fn nothing_of_a_credential_is_left(#[case] text: &str, #[case] secret: &str) {
        let said = without_secrets(text);
        assert!(!said.contains(secret) && said.contains('…'), "{said}");
    }

    #[test]
    fn there_is_an_end() {
        assert_eq!(without_secrets(&"a ".repeat(10_000)).chars().count(), MOST);
    }
}
