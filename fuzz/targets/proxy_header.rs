//! The PROXY header: what is told of a connection's first bytes stays so whatever follows, a header lies within the bytes,
//! and what follows a header is none of its business. Input: the first bytes.

#![no_main]

use fastgate::listen::proxy_protocol::{Looks, look};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let whole = look(bytes);
    for end in 0..=bytes.len().min(600) {
        match look(&bytes[..end]) {
            Looks::Open => {}
            told => {
                if let Looks::Header(_, length) = told {
                    assert!(length <= end && length > 0);
                    assert_eq!(look(&bytes[..length]), told, "the header alone says the same");
                }
                assert_eq!(whole, told, "told after {end} bytes");
                break;
            }
        }
    }
});
