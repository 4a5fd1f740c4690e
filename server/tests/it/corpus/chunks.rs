//! Chunks: sizes, extensions, ends and trailers.

use super::{Case, CutOff, Forwarded, Refused, case, hold};

pub const CASES: &[Case] = &[
    // What is right.
    case("a size in capitals", "9112 7.1", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n", Forwarded("POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0123456789")),
    case("a size with leading zeros", "9112 7.1", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0003\r\nabc\r\n000\r\n\r\n", Forwarded("POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nabc")),
    case("several chunks", "9112 7.1", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", Forwarded("POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nabc")),
    case("no chunk but the last", "9112 7.1", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", Forwarded("POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n")),
    case("line ends as content", "9112 7.1", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n\r\n\r\n\r\n0\r\n\r\n", Forwarded("POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n\\r\\n\\r\\n")),
    case("a request as content", "9112 7.1", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n14\r\nGET /x HTTP/1.1\r\n\r\nz\r\n0\r\n\r\n", Forwarded("POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nGET /x HTTP/1.1\\r\\n\\r\\nz")),
    // Extensions: allowed, and not passed on.
    case("an extension", "9112 7.1.1", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\n", Forwarded("POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nabc")),
    case("an extension without a value", "9112 7.1.1", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;a\r\nabc\r\n0;b\r\n\r\n", Forwarded("POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nabc")),
    case("an extension in quotes", "9112 7.1.1", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;a=\"0;\"\r\nabc\r\n0\r\n\r\n", Forwarded("POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nabc")),
    case("an empty extension", "9112 7.1.1", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;\r\nabc\r\n0\r\n\r\n", Forwarded("POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nabc")),
    case("a bare line feed in an extension", "9112 2.2", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;a\nabc\r\n0\r\n\r\n", Refused(400)),
    case("a bare carriage return in an extension", "9112 2.2", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;a\rb\r\nabc\r\n0\r\n\r\n", Refused(400)),
    case("a line feed in the quotes of an extension", "9112 7.1.1", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;a=\"\n\"\r\nabc\r\n0\r\n\r\n", Refused(400)),
    // Sizes that are none.
    case("a size with 0x", "9112 7.1", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n", Refused(400)),
    case("a size with a plus", "9112 7.1", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n", Refused(400)),
    case("a size with a minus", "9112 7.1", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n", Refused(400)),
    case("a size that is no digit", "9112 7.1", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\ng\r\nabc\r\n0\r\n\r\n", Refused(400)),
    case("an empty size", "9112 7.1", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\r\nabc\r\n0\r\n\r\n", Refused(400)),
    case("an extension without a size", "9112 7.1", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n;a=b\r\nabc\r\n0\r\n\r\n", Refused(400)),
    case("a blank before a size", "9112 7.1", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n 3\r\nabc\r\n0\r\n\r\n", Refused(400)),
    case("a blank within a size", "9112 7.1", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0 3\r\nabc\r\n0\r\n\r\n", Refused(400)),
    case("a fraction as a size", "9112 7.1", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3.0\r\nabc\r\n0\r\n\r\n", Refused(400)),
    case("an underscore in a size", "9112 7.1", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0_3\r\nabc\r\n0\r\n\r\n", Refused(400)),
    case("NUL in a size", "9112 7.1", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\0\r\nabc\r\n0\r\n\r\n", Refused(400)),
    case("a size of 16 digits", "9112 7.1", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff0\r\nabc", CutOff),
    case("a size of 17 digits", "9112 7.1", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000003\r\nabc\r\n0\r\n\r\n", Refused(400)),
    case("a size that wraps around", "9112 7.1", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n100000000000000000003\r\nabc\r\n0\r\n\r\n", Refused(400)),
    // Chunks that are framed otherwise than they say.
    case("a size below what comes", "9112 7.1", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n", Refused(400)),
    case("a size above what comes", "9112 7.1", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc\r\n0\r\n\r\n", Refused(400)),
    case("no line end after content", "9112 7.1", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc0\r\n\r\n", Refused(400)),
    case("a bare line feed after a size", "9112 2.2", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n", Refused(400)),
    case("a bare carriage return after a size", "9112 2.2", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\rabc\r\n0\r\n\r\n", Refused(400)),
    case("a bare line feed after content", "9112 2.2", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\n0\r\n\r\n", Refused(400)),
    case("other bytes instead of a line end", "9112 7.1", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcXX0\r\n\r\n", Refused(400)),
    case("bare line feeds at the end", "9112 2.2", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\n\n", Refused(400)),
    case("no empty line at the end", "9112 7.1", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n", Refused(400)),
    case("no chunk of size zero", "9112 8", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", CutOff),
    case("half a chunk", "9112 8", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", CutOff),
    case("half a size", "9112 8", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5", CutOff),
    // Trailers.
    case("a trailer", "9112 7.1.2", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n", Forwarded("POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nabc")),
    case("a length as a trailer", "9110 6.5.1", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nContent-Length: 50\r\n\r\n", Forwarded("POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nabc")),
    case("a coding as a trailer", "9110 6.5.1", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n", Forwarded("POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nabc")),
    case("a Host as a trailer", "9110 6.5.1", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nHost: evil\r\n\r\n", Forwarded("POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nabc")),
    case("a trailer without a colon", "9112 5", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum\r\n\r\n", Refused(400)),
    case("a trailer on a folded line", "9112 5.2", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n 2\r\n\r\n", Refused(400)),
    case("a blank before the colon of a trailer", "9112 5.1", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum : 1\r\n\r\n", Refused(400)),
    case("NUL in a trailer", "9110 5.5", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: \0\r\n\r\n", Refused(400)),
    case("a bare carriage return in a trailer", "9112 2.2", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r2\r\n\r\n", Refused(400)),
];

#[tokio::test]
async fn chunks_are_what_they_say() {
    hold(CASES).await;
}
