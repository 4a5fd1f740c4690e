//! Some fields of a JSON object (RFC 8259), found without parsing what is not asked for: nesting and texts are followed,
//! nothing else of the grammar is checked. For reading along, where what is found decides nothing; whatever does is parsed.

use memchr::memchr2;

/// The values of the fields with these names, as they stand in the text; of a name that occurs twice the last. `None` for what is no
/// object, or does not end as one. Names that are written with escapes are not found.
pub(super) fn fields<'a, const N: usize>(json: &'a [u8], names: [&str; N]) -> Option<[Option<&'a [u8]>; N]> {
    let mut found = [None; N];
    let mut rest = Rest(json);
    rest.take(b'{')?;
    if rest.take(b'}').is_none() {
        loop {
            let name = rest.value()?.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
            rest.take(b':')?;
            let value = rest.value()?;
            if let Some(place) = names.iter().position(|wanted| wanted.as_bytes() == name) {
                found[place] = Some(value);
            }
            if rest.take(b',').is_none() {
                break;
            }
        }
        rest.take(b'}')?;
    }
    rest.0.trim_ascii_start().is_empty().then_some(found)
}

/// What is left to read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    /// Takes this byte, if it is the next after white space.
    fn take(&mut self, byte: u8) -> Option<()> {
        self.0 = self.0.trim_ascii_start().strip_prefix(&[byte])?;
        Some(())
    }

    /// Takes the next value, white space before it aside.
    fn value(&mut self) -> Option<&'a [u8]> {
        self.0 = self.0.trim_ascii_start();
        let length = match self.0.first()? {
            b'"' => text_end(self.0, 1)?,
            b'{' | b'[' => nested_end(self.0)?,
            _ => {
                let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace();
                self.0.iter().position(ends)?
            }
        };
        let (value, rest) = self.0.split_at(length);
        self.0 = rest;
        Some(value)
    }
}

/// Where a text ends whose opening quote is before `at`.
fn text_end(json: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr2(b'"', b'\\', json.get(at..)?)?;
        if json[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// Where the array or object ends with which this begins.
fn nested_end(json: &[u8]) -> Option<usize> {
    let (mut at, mut depth) = (0_usize, 0_usize);
    loop {
        let byte = json.get(at)?;
        at += 1;
        match byte {
            b'"' => at = text_end(json, at)?,
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 1 => return Some(at),
            b'}' | b']' => depth -= 1,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fields;
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::{Value, json};

    #[rstest]
    #[case(r#"{"a":1}"#, Some("1"))]
    #[case(" {\"a\" : \"x\" , \"b\":2}\n", Some("\"x\""))]
    #[case(r#"{"b":{"a":1},"a":[{"a":"]}"},2]}"#, Some(r#"[{"a":"]}"},2]"#))]
    #[case(r#"{"b":"\"a\":1,","a":"\\"}"#, Some(r#""\\""#))]
    #[case(r#"{"a":1,"a":null}"#, Some("null"))]
    #[case("{}", None)]
    fn a_field_of_the_object_itself_is_found(#[case] json: &str, #[case] value: Option<&str>) {
        assert_eq!(fields(json.as_bytes(), ["a"]), Some([value.map(str::as_bytes)]));
    }

    #[rstest]
    #[case("")]
    #[case("[1]")]
    #[case("\"a\"")]
    #[case(r#"{"a":1"#)]
    #[case(r#"{"a":"1}"#)]
    #[case(r#"{"a":"\"#)]
    #[case(r#"{"a":[1}"#)]
    #[case(r#"{"a":1}}"#)]
    #[case(r#"{"a":1,}"#)]
    #[case(r#"{"a"}"#)]
    fn what_does_not_end_as_an_object_has_none(#[case] json: &str) {
        assert_eq!(fields(json.as_bytes(), ["a"]), None);
    }

    proptest! {
        #[test]
        fn of_json_a_field_is_what_any_reader_finds(texts in prop::collection::vec("\\PC{0,6}", 3), pretty: bool) {
            let value = json!({"n": {"a": texts[0]}, "a": [texts[1], 5, {"b": texts[2]}], &*texts[2]: texts[0]});
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
            let [a, n] = fields(text.as_bytes(), ["a", "n"]).unwrap();
            prop_assert_eq!(&serde_json::from_slice::<Value>(a.unwrap()).unwrap(), &value["a"]);
            prop_assert_eq!(&serde_json::from_slice::<Value>(n.unwrap()).unwrap(), &value["n"]);
        }

        #[test]
        fn no_text_makes_it_panic(text in "[\\[\\]{}:,\"a0 \\\\]{0,24}") {
            let _ = fields(text.as_bytes(), ["a"]);
        }
    }
}
