//! The cookie of the dashboard's session. It opens the admin side, so it is not for upstreams, whatever page of theirs a
//! browser asks for on the gateway's own origin.

use http::{HeaderMap, HeaderValue, header};

/// The cookie over HTTPS or on this machine: the browser binds it to this very host.
pub const SECURE: &str = "__Host-fastgate_session";
/// The cookie over plain HTTP from elsewhere (`security.allow_insecure_cookie`), which may not have the prefix.
pub const INSECURE: &str = "fastgate_session";

/// Takes it out of a request; other cookies stay as they were sent.
pub fn strip(headers: &mut HeaderMap) {
    if !headers.get_all(header::COOKIE).iter().any(holds) {
        return;
    }
    let fields: Vec<HeaderValue> = headers.get_all(header::COOKIE).iter().cloned().collect();
    headers.remove(header::COOKIE);
    for field in fields {
        if !holds(&field) {
            headers.append(header::COOKIE, field);
            continue;
        }
        let others: Vec<&[u8]> = pairs(&field).filter(|pair| !is_ours(pair)).collect();
        // What is left was part of a legal value.
        if !others.is_empty()
            && let Ok(value) = HeaderValue::from_bytes(&others.join(&b"; "[..]))
        {
            headers.append(header::COOKIE, value);
        }
    }
}

fn holds(field: &HeaderValue) -> bool {
    pairs(field).any(is_ours)
}

/// RFC 6265 section 4.2.1; white space is what senders make of it.
fn pairs(field: &HeaderValue) -> impl Iterator<Item = &[u8]> {
    field.as_bytes().split(|byte| *byte == b';').map(<[u8]>::trim_ascii)
}

fn is_ours(pair: &[u8]) -> bool {
    let name = pair.split(|byte| *byte == b'=').next().unwrap_or_default().trim_ascii();
    [SECURE, INSECURE].iter().any(|ours| ours.as_bytes() == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::alone(&["__Host-fastgate_session=v"], &[])]
    #[case::among_others(&["a=1; __Host-fastgate_session=v; b=2"], &["a=1; b=2"])]
    #[case::insecure(&["fastgate_session=v;a=1"], &["a=1"])]
    #[case::in_a_field_of_its_own(&["a=1", "fastgate_session=v", "b=2"], &["a=1", "b=2"])]
    #[case::twice(&["fastgate_session=v; fastgate_session=w"], &[])]
    #[case::others_as_they_are(&["a=1;b=2 ;  c"], &["a=1;b=2 ;  c"])]
    #[case::another_name(&["my_fastgate_session=v"], &["my_fastgate_session=v"])]
    #[case::as_a_value(&["a=fastgate_session"], &["a=fastgate_session"])]
    fn only_the_sessions_cookie_is_taken_out(#[case] sent: &[&str], #[case] left: &[&str]) {
        let mut headers = HeaderMap::new();
        for value in sent {
            headers.append(header::COOKIE, value.parse().unwrap());
        }
        strip(&mut headers);
        let found: Vec<_> = headers
            .get_all(header::COOKIE)
            .iter()
            .map(|v| v.to_str().unwrap())
            .collect();
        assert_eq!(found, left);
    }
}
