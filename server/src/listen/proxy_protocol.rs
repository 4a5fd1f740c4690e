//! The PROXY header (versions 1 and 2) with which a load balancer says who the client is, before anything else on a
//! connection (haproxy.org, proxy-protocol.txt). Who may send one is decided in `opening`.

use super::socket::Socket;
use ppp::{HeaderResult, PartialResult as _, v1, v2};
use std::io;
use std::net::IpAddr;

/// Bytes of a header at most: far more than addresses and the usual additions take.
const MAX_BYTES: usize = 4096;

/// Bytes of a header of version 1 at most, as its specification has it.
const MAX_LINE_BYTES: usize = 107;

/// What a header says of the client; what it does not say is as the connection itself shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The client's address.
    pub address: Option<IpAddr>,
    /// The client spoke TLS with the load balancer.
    pub secure: bool,
}

/// Why a connection is closed.
#[derive(Debug, thiserror::Error)]
pub enum HeaderError {
    /// The connection broke or ended.
    #[error(transparent)]
    Connection(#[from] io::Error),
    /// It begins with something else.
    #[error("there is no PROXY header")]
    Missing,
    /// It begins like a header and is none.
    #[error("the PROXY header is malformed")]
    Malformed,
}

/// How the first bytes of a connection look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looks {
    /// More are needed to tell.
    Open,
    /// Not like a header.
    Other,
    /// Like a header, and none.
    Malformed,
    /// A header, and how many bytes it takes.
    Header(Said, usize),
}

/// Reads the header and takes it off the connection.
///
/// # Errors
/// When there is none that can be read.
pub(super) async fn read(socket: &mut Socket) -> Result<Said, HeaderError> {
    loop {
        match look(socket.ahead()) {
            Looks::Header(said, length) => {
                socket.consume(length);
                return Ok(said);
            }
            Looks::Other => return Err(HeaderError::Missing),
            Looks::Malformed => return Err(HeaderError::Malformed),
            Looks::Open if socket.ahead().len() >= MAX_BYTES => return Err(HeaderError::Malformed),
            Looks::Open => {
                if socket.look_further().await? == 0 {
                    return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
                }
            }
        }
    }
}

/// Tells how a connection that begins with these bytes looks. Once told, more bytes do not change it.
#[must_use]
pub fn look(bytes: &[u8]) -> Looks {
    let begins_like = |prefix: &[u8]| {
        let length = bytes.len().min(prefix.len());
        bytes[..length] == prefix[..length]
    };
    let (first, second) = (
        begins_like(v1::PROTOCOL_PREFIX.as_bytes()),
        begins_like(v2::PROTOCOL_PREFIX),
    );
    if !first && !second {
        return Looks::Other;
    }
    if first && !second {
        // The parser takes some lines for wrong that are only cut short, so it gets whole ones.
        let line = &bytes[..bytes.len().min(MAX_LINE_BYTES)];
        if memchr::memmem::find(line, v1::PROTOCOL_SUFFIX.as_bytes()).is_none() {
            return if line.len() < MAX_LINE_BYTES {
                Looks::Open
            } else {
                Looks::Malformed
            };
        }
    }
    let result = HeaderResult::parse(bytes);
    if result.is_incomplete() {
        return Looks::Open;
    }
    match result {
        HeaderResult::V1(Ok(header)) => Looks::Header(said_by_1(&header), header.header.len()),
        HeaderResult::V2(Ok(header)) => Looks::Header(said_by_2(&header), header.len()),
        HeaderResult::V1(Err(_)) | HeaderResult::V2(Err(_)) => Looks::Malformed,
    }
}

fn said_by_1(header: &v1::Header<'_>) -> Said {
    let address = match header.addresses {
        v1::Addresses::Tcp4(addresses) => Some(addresses.source_address.into()),
        v1::Addresses::Tcp6(addresses) => Some(addresses.source_address.into()),
        v1::Addresses::Unknown => None,
    };
    Said { address, secure: false }
}

/// `LOCAL` is the load balancer's own connection, such as a health check.
fn said_by_2(header: &v2::Header<'_>) -> Said {
    if header.command == v2::Command::Local {
        return Said::default();
    }
    let address = match header.addresses {
        v2::Addresses::IPv4(addresses) => Some(addresses.source_address.into()),
        v2::Addresses::IPv6(addresses) => Some(addresses.source_address.into()),
        v2::Addresses::Unix(_) | v2::Addresses::Unspecified => None,
    };
    Said {
        address,
        secure: header
            .tlvs()
            .map_while(Result::ok)
            .any(|addition| is_client_tls(&addition)),
    }
}

/// `PP2_TYPE_SSL` with `PP2_CLIENT_SSL`.
fn is_client_tls(addition: &v2::TypeLengthValue<'_>) -> bool {
    const CLIENT_SSL: u8 = 1;
    addition.kind == u8::from(v2::Type::SSL) && addition.value.first().is_some_and(|client| client & CLIENT_SSL != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn header(command: v2::Command, addition: &[u8]) -> Vec<u8> {
        let addresses = (
            "203.0.113.7:1234".parse::<std::net::SocketAddr>().unwrap(),
            "10.0.0.1:443".parse::<std::net::SocketAddr>().unwrap(),
        );
        v2::Builder::with_addresses(v2::Version::Two | command, v2::Protocol::Stream, addresses)
            .write_tlv(v2::Type::SSL, addition)
            .unwrap()
            .build()
            .unwrap()
    }

    /// What is read, with a request behind it.
    fn said(header: &[u8]) -> Option<Said> {
        let bytes = [header, b"GET / HTTP/1.1\r\n"].concat();
        match look(&bytes) {
            Looks::Header(said, length) => {
                assert_eq!(length, header.len());
                Some(said)
            }
            _ => None,
        }
    }

    #[rstest]
    #[case("PROXY TCP4 203.0.113.7 10.0.0.1 1234 443\r\n", Some("203.0.113.7"))]
    #[case("PROXY TCP6 2001:db8::7 2001:db8::1 1234 443\r\n", Some("2001:db8::7"))]
    #[case("PROXY UNKNOWN\r\n", None)]
    #[case("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", None)]
    fn version_1_says_who_the_client_is(#[case] header: &str, #[case] address: Option<&str>) {
        let said = said(header.as_bytes()).unwrap();
        assert_eq!(said.address, address.map(|text| text.parse().unwrap()));
        assert!(!said.secure);
    }

    #[rstest]
    #[case(v2::Command::Proxy, &[1, 0, 0, 0, 0], Some("203.0.113.7"), true)]
    #[case(v2::Command::Proxy, &[0, 0, 0, 0, 0], Some("203.0.113.7"), false)]
    #[case(v2::Command::Local, &[1, 0, 0, 0, 0], None, false)]
    fn version_2_says_who_the_client_is_and_whether_it_spoke_tls(
        #[case] command: v2::Command,
        #[case] addition: &[u8],
        #[case] address: Option<&str>,
        #[case] secure: bool,
    ) {
        let said = said(&header(command, addition)).unwrap();
        assert_eq!(said.address, address.map(|text| text.parse().unwrap()));
        assert_eq!(said.secure, secure);
    }

    #[test]
    fn a_header_that_is_cut_short_may_still_become_one() {
        let first = b"PROXY TCP4 203.0.113.7 10.0.0.1 1234 443\r\n".to_vec();
        for whole in [first, header(v2::Command::Proxy, &[0; 5])] {
            for length in 0..whole.len() {
                assert!(matches!(look(&whole[..length]), Looks::Open), "{length} of {whole:?}");
            }
        }
    }

    #[rstest]
    #[case(b"PROXY TCP4 203.0.113.7 10.0.0.1 1234 70000\r\n".to_vec())]
    #[case(b"PROXY TCP9 a b c d\r\n".to_vec())]
    #[case([b"PROXY UNKNOWN ".to_vec(), vec![b'x'; 200]].concat())]
    #[case([v2::PROTOCOL_PREFIX, &[0x31, 0x11, 0, 12]].concat())]
    #[case([v2::PROTOCOL_PREFIX, &[0x21, 0x11, 0, 1, 0]].concat())]
    fn what_only_begins_like_a_header_is_malformed(#[case] bytes: Vec<u8>) {
        assert!(matches!(look(&bytes), Looks::Malformed));
    }

    #[rstest]
    #[case("GET / HTTP/1.1\r\n")]
    #[case("PRI * HTTP/2.0\r\n")]
    #[case("POST / HTTP/1.1\r\n")]
    #[case("\u{16}\u{3}\u{1}")]
    fn a_request_or_a_handshake_is_no_header(#[case] bytes: &str) {
        assert!(matches!(look(bytes.as_bytes()), Looks::Other));
    }
}
