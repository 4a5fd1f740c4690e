//! JSON laid out for people. Only the space between its pieces is made anew: members stay in their order and numbers as they
//! were written, which a value that was read and written again would not keep.

use super::parse;

/// The text, a member or item to a line; none where it is no JSON.
#[must_use]
pub fn pretty(text: &str) -> Option<String> {
    parse(text).ok()?;
    let mut out = String::with_capacity(text.len() * 2);
    let (mut depth, mut in_string, mut escaped) = (0, false, false);
    for character in text.chars() {
        let is_quote = character == '"' && !escaped;
        escaped = in_string && character == '\\' && !escaped;
        match character {
            _ if is_quote => {
                in_string = !in_string;
                out.push(character);
            }
            _ if in_string => out.push(character),
            '{' | '[' => {
                depth += 1;
                out.push(character);
                new_line(&mut out, depth);
            }
            '}' | ']' => {
                depth -= 1;
                out.truncate(out.trim_end().len());
                // Nothing is in it: no line for nothing.
                if !out.ends_with(['{', '[']) {
                    new_line(&mut out, depth);
                }
                out.push(character);
            }
            ',' => {
                out.push(character);
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ if character.is_ascii_whitespace() => {}
            _ => out.push(character),
        }
    }
    Some(out)
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    (0..depth).for_each(|_| out.push_str("  "));
}

#[cfg(test)]
mod tests {
    use super::pretty;
    use serde_json::{Value, json};

    #[test]
    fn members_keep_their_order_and_numbers_their_digits() {
        let text = r#"{"z":1.0,"a":[1,{"k":12345678901234567890123}],"b":{},"c":[ ],"d":"x, {\"y\": [1]}\\","e":null}"#;
        let expected = r#"{
  "z": 1.0,
  "a": [
    1,
    {
      "k": 12345678901234567890123
    }
  ],
  "b": {},
  "c": [],
  "d": "x, {\"y\": [1]}\\",
  "e": null
}"#;
        assert_eq!(pretty(text).as_deref(), Some(expected));
        assert_eq!(pretty(expected).as_deref(), Some(expected));
    }

    #[test]
    fn it_is_laid_out_as_serde_does() {
        let value = json!({"a": [], "b": {"c": [{}, [[]], "]"]}, "d": ["\"", "\\", "\n", "ü"], "e": true});
        let expected = serde_json::to_string_pretty(&value).unwrap();
        assert_eq!(pretty(&value.to_string()), Some(expected));
        for value in [json!("text"), json!(1), Value::Null] {
            assert_eq!(pretty(&value.to_string()), Some(value.to_string()));
        }
    }

    #[test]
    fn what_is_no_json_is_none() {
        assert_eq!(pretty("data: {}"), None);
        assert_eq!(pretty(r#"{"a": 1"#), None);
        assert_eq!(pretty(""), None);
    }
}
