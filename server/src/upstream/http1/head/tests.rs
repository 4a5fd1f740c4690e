//! Heads, byte by byte.

use super::*;
use proptest::prelude::*;
use rstest::rstest;

fn parsed(bytes: &str, answers_head: bool) -> Result<Option<(Head, HeaderMap)>, HeadFault> {
    let mut headers = HeaderMap::new();
    let input = Bytes::copy_from_slice(bytes.as_bytes());
    let head = read(&input, answers_head, 64, &mut headers)?;
    Ok(head.map(|head| (head, headers)))
}

#[rstest]
#[case::length("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", Framing::Length(3), true)]
#[case::nothing("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Framing::Empty, true)]
#[case::one_length_said_twice(
    "HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\nContent-Length: 3\r\n\r\n",
    Framing::Length(3),
    true
)]
#[case::chunks("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n", Framing::Chunked, true)]
#[case::chunks_and_nothing(
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked,\r\nTransfer-Encoding: \r\n\r\n",
    Framing::Chunked,
    true
)]
#[case::chunks_before_a_length(
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
    Framing::Chunked,
    true
)]
#[case::unframed("HTTP/1.1 200 OK\r\n\r\n", Framing::UntilClose, true)]
#[case::no_content("HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n", Framing::Empty, true)]
#[case::not_modified(
    "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n",
    Framing::Empty,
    true
)]
#[case::interim("HTTP/1.1 103 Early Hints\r\nContent-Length: 3\r\n\r\n", Framing::Empty, true)]
#[case::closing(
    "HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 3\r\n\r\n",
    Framing::Length(3),
    false
)]
#[case::closing_once_is_enough(
    "HTTP/1.1 200 OK\r\nConnection: close\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\n",
    Framing::Length(3),
    false
)]
#[case::http_1_0("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n", Framing::Length(3), false)]
#[case::http_1_0_that_goes_on(
    "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\n",
    Framing::Length(3),
    true
)]
#[case::blank_lines_before("\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", Framing::Length(3), true)]
#[case::line_feeds_alone("HTTP/1.1 200 OK\nContent-Length: 3\n\n", Framing::Length(3), true)]
fn a_head_says_how_its_body_ends_and_whether_the_connection_goes_on(
    #[case] bytes: &str,
    #[case] framing: Framing,
    #[case] keep_alive: bool,
) {
    let (head, _) = parsed(bytes, false).unwrap().unwrap();
    assert_eq!(
        (head.framing, head.keep_alive, head.len),
        (framing, keep_alive, bytes.len())
    );
    let (to_head, _) = parsed(bytes, true).unwrap().unwrap();
    assert_eq!(to_head.framing, Framing::Empty, "the answer to HEAD has no body");
}

#[rstest]
#[case::another_protocol("SSH-2.0-OpenSSH_9.2\r\n\r\n")]
#[case::two_digits("HTTP/1.1 20 OK\r\n\r\n")]
#[case::four_digits("HTTP/1.1 2000 OK\r\n\r\n")]
#[case::below_all("HTTP/1.1 099 OK\r\n\r\n")]
#[case::another_version("HTTP/3.7 200 OK\r\n\r\n")]
#[case::no_colon("HTTP/1.1 200 OK\r\nX-A\r\n\r\n")]
#[case::blank_before_colon("HTTP/1.1 200 OK\r\nX-A : 1\r\n\r\n")]
#[case::folded("HTTP/1.1 200 OK\r\nX-A: 1\r\n 2\r\n\r\n")]
#[case::bare_return("HTTP/1.1 200 OK\r\nX-A: 1\rX-B: 2\r\n\r\n")]
#[case::nul("HTTP/1.1 200 OK\r\nX-A: \0\r\n\r\n")]
#[case::lengths_differ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")]
#[case::lengths_differ_in_one("HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n")]
#[case::signed("HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n")]
#[case::empty_length("HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n")]
#[case::too_large_for_a_number("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n")]
#[case::chunks_in_http_1_0("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")]
fn what_is_no_head_is_refused(#[case] bytes: &str) {
    assert_eq!(parsed(bytes, false).map(drop), Err(HeadFault::Malformed));
}

#[rstest]
#[case::usual(30, 64, true)]
#[case::as_many_as_may_be(64, 64, true)]
#[case::one_more(65, 64, false)]
#[case::many(4096, 4096, true)]
#[case::too_many(4097, 4096, false)]
fn fields_are_counted(#[case] fields: usize, #[case] limit: usize, #[case] fits: bool) {
    let bytes = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X-A: 1\r\n".repeat(fields));
    let mut headers = HeaderMap::new();
    let read = read(&Bytes::from(bytes), false, limit, &mut headers);
    if fits {
        assert!(read.unwrap().is_some());
        assert_eq!(headers.len(), fields);
    } else {
        assert_eq!(read.map(drop), Err(HeadFault::TooManyFields));
    }
}

#[test]
fn fields_keep_their_order_and_what_the_status_line_says_is_kept_where_it_is_unusual() {
    let (head, headers) = parsed("HTTP/1.1 200 Fine\r\nB: 1\r\nA: \u{e9} \r\nB: 2\r\n\r\n", false)
        .unwrap()
        .unwrap();
    assert_eq!(head.reason.unwrap().as_bytes(), b"Fine");
    let values: Vec<&[u8]> = headers.get_all("b").iter().map(HeaderValue::as_bytes).collect();
    assert_eq!(values, [b"1", b"2"]);
    assert_eq!(headers["a"].as_bytes(), "\u{e9}".as_bytes());
    let (usual, _) = parsed("HTTP/1.1 404 Not Found\r\n\r\n", false).unwrap().unwrap();
    assert!(usual.reason.is_none());
    let (empty, _) = parsed("HTTP/1.1 404 \r\n\r\n", false).unwrap().unwrap();
    assert_eq!(empty.reason.unwrap().as_bytes(), b"");
}

#[rstest]
#[case::plain("http://h:81/a?b=c", "GET /a?b=c HTTP/1.1\r\nhost: h:81\r\n\r\n")]
#[case::no_path("http://h:81?b", "GET /?b HTTP/1.1\r\nhost: h:81\r\n\r\n")]
#[case::ambiguous("http://h:81/%2e%2E/x", "GET /%2e%2E/x HTTP/1.1\r\nhost: h:81\r\n\r\n")]
fn a_request_without_a_host_is_given_one(#[case] uri: &str, #[case] written: &str) {
    let mut out = Vec::new();
    write(&mut out, &Method::GET, &uri.parse().unwrap(), &HeaderMap::new(), "h:81");
    assert_eq!(
        out.escape_ascii().to_string(),
        written.as_bytes().escape_ascii().to_string()
    );
}

#[test]
fn a_requests_fields_are_written_as_they_are() {
    let mut headers = HeaderMap::new();
    headers.append("host", HeaderValue::from_static("other"));
    headers.append("x-a", HeaderValue::from_static(""));
    headers.append("x-a", HeaderValue::from_static("2"));
    let mut out = Vec::new();
    write(&mut out, &Method::POST, &"/".parse().unwrap(), &headers, "h");
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "POST / HTTP/1.1\r\nhost: other\r\nx-a: \r\nx-a: 2\r\n\r\n"
    );
}

#[rstest]
#[case::another("gzip")]
#[case::another_before("gzip, chunked")]
#[case::chunks_twice("chunked, chunked")]
#[case::chunks_twice_in_two_fields("chunked\r\nTransfer-Encoding: chunked")]
#[case::none("")]
#[case::none_but_commas(",,")]
fn a_transfer_coding_that_is_not_chunks_alone_is_refused(#[case] coding: &str) {
    let head = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: {coding}\r\n\r\n");
    assert_eq!(parsed(&head, false).map(drop), Err(HeadFault::Malformed));
}

#[rstest]
#[case::usual("10", false, &["10"])]
#[case::nothing("0", false, &["0"])]
#[case::said_twice("2, 2", false, &["2"])]
#[case::said_in_two_fields("2\r\nContent-Length: 2", false, &["2"])]
#[case::leading_zeros("0002", false, &["2"])]
#[case::the_largest("18446744073709551615", false, &["18446744073709551615"])]
#[case::of_what_head_asks_for("007", true, &["7"])]
#[case::none_of_what_head_asks_for("2, 3", true, &[])]
#[case::no_number_of_what_head_asks_for("+2", true, &[])]
fn a_length_is_passed_on_as_one_number(#[case] said: &str, #[case] answers_head: bool, #[case] told: &[&str]) {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {said}\r\n\r\n");
    let (_, headers) = parsed(&head, answers_head).unwrap().unwrap();
    let values: Vec<&str> = headers
        .get_all(header::CONTENT_LENGTH)
        .iter()
        .map(|value| value.to_str().unwrap())
        .collect();
    assert_eq!(values, told);
}

/// What a connection does with a head that comes in pieces.
fn in_pieces(bytes: &[u8], piece: usize) -> Option<(u16, usize)> {
    let (mut input, mut seen) = (Vec::new(), 0);
    for piece in bytes.chunks(piece) {
        input.extend_from_slice(piece);
        if seen == 0 || may_end(&input, seen) {
            let read = read(&Bytes::copy_from_slice(&input), false, 64, &mut HeaderMap::new());
            if let Some(head) = read.unwrap() {
                return Some((head.status.as_u16(), head.len));
            }
        }
        seen = input.len();
    }
    None
}

proptest! {
    #[test]
    fn where_pieces_end_changes_no_head(
        piece in 1usize..40,
        line_end in prop_oneof![Just("\r\n"), Just("\n")],
        fields in prop::collection::vec("[A-Za-z]{1,12}: [ -~]{0,20}", 0..8),
        body in "[a-z\r\n]{0,10}",
    ) {
        let head = format!("HTTP/1.1 200 OK{line_end}{}{line_end}", fields.iter().map(|field| format!("X-{field}{line_end}")).collect::<String>());
        let bytes = format!("{head}{body}");
        prop_assert_eq!(in_pieces(bytes.as_bytes(), piece), Some((200, head.len())));
    }
}
