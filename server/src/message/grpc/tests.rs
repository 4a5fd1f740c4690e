//! Telling gRPC, and refusing it.

use super::*;
use rstest::rstest;

#[rstest]
#[case("application/grpc", true)]
#[case("application/grpc+proto", true)]
#[case("application/grpc;charset=utf-8", true)]
#[case("application/grpc-web+proto", true)]
#[case("application/grpcx", false)]
#[case("application/json", false)]
fn requests_are_told_by_their_media_type(#[case] media: &'static str, #[case] expected: bool) {
    let headers = [(header::CONTENT_TYPE, HeaderValue::from_static(media))]
        .into_iter()
        .collect();
    assert_eq!(is_grpc(&headers), expected);
}

#[rstest]
#[case(400, 3)]
#[case(401, 16)]
#[case(403, 7)]
#[case(404, 12)]
#[case(413, 8)]
#[case(429, 8)]
#[case(500, 13)]
#[case(502, 14)]
#[case(503, 14)]
#[case(504, 4)]
fn a_status_has_its_code(#[case] status: u16, #[case] expected: u8) {
    assert_eq!(code(StatusCode::from_u16(status).unwrap()), expected);
}

#[test]
fn a_message_is_one_line_of_ascii() {
    let [_, (_, message)] = refusal(StatusCode::BAD_GATEWAY, "50 % of\nclients …");
    assert_eq!(message, "50 %25 of%0Aclients %E2%80%A6");
}
