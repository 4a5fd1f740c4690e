//! Addresses in all their spellings.

use super::*;
use proptest::prelude::*;
use rstest::rstest;

fn refused(host: &str) -> bool {
    AddressRules::default().check_literal(host).is_err()
}

#[rstest]
#[case::plain("169.254.169.254")]
#[case::decimal("2852039166")]
#[case::octal("0251.0376.0251.0376")]
#[case::hexadecimal("0xa9fea9fe")]
#[case::hexadecimal_in_capitals("0XA9FEA9FE")]
#[case::mixed("0xa9.0376.43518")]
#[case::two_parts("169.16689662")]
#[case::with_a_dot_at_the_end("169.254.169.254.")]
#[case::mapped("[::ffff:169.254.169.254]")]
#[case::mapped_in_hexadecimal("[::ffff:a9fe:a9fe]")]
#[case::compatible("[::169.254.169.254]")]
#[case::nat64("[64:ff9b::a9fe:a9fe]")]
#[case::local_nat64("[64:ff9b:1::a9fe:a9fe]")]
#[case::six_to_four("[2002:a9fe:a9fe::1]")]
#[case::another_link_local("169.254.0.1")]
#[case::link_local_v6("[fe80::1]")]
#[case::amazon_v6("[fd00:ec2::254]")]
#[case::google_v6("[fd20:ce::254]")]
#[case::alibaba("100.100.100.200")]
#[case::alibaba_mapped("[::ffff:100.100.100.200]")]
#[case::azure("168.63.129.16")]
#[case::unspecified("0.0.0.0")]
#[case::unspecified_in_short("0")]
#[case::this_network("0.1.2.3")]
#[case::unspecified_v6("[::]")]
#[case::multicast("224.0.0.1")]
#[case::multicast_v6("[ff02::1]")]
#[case::broadcast("255.255.255.255")]
fn places_that_no_upstream_lives_at_are_refused(#[case] host: &str) {
    assert!(refused(host));
}

#[rstest]
#[case::loopback("127.0.0.1")]
#[case::loopback_in_decimal("2130706433")]
#[case::loopback_v6("[::1]")]
#[case::private("10.0.0.5")]
#[case::private_b("172.16.3.4")]
#[case::private_c("192.168.1.1")]
#[case::shared("100.64.0.1")]
#[case::unique_local("[fd12:3456::1]")]
#[case::public("93.184.216.34")]
#[case::public_v6("[2606:4700::1111]")]
#[case::name("api.openai.com")]
#[case::name_of_digits_and_letters("0xyz.example")]
#[case::number_too_large("4294967296")]
#[case::part_too_large("169.256.1.1")]
#[case::five_parts("1.2.3.4.5")]
fn other_places_are_not(#[case] host: &str) {
    assert!(!refused(host));
}

#[test]
fn a_network_can_be_allowed_also_for_wrapped_addresses() {
    let rules = AddressRules::new(vec!["169.254.10.0/24".parse().unwrap()]);
    assert!(rules.check_literal("169.254.10.7").is_ok());
    assert!(rules.check_literal("[::ffff:169.254.10.7]").is_ok());
    assert!(rules.check_literal("169.254.169.254").is_err());
}

proptest! {
    #[test]
    fn an_address_is_judged_alike_in_every_spelling(bits: u32) {
        let [a, b, c, d] = bits.to_be_bytes();
        let spellings = [
            format!("{a}.{b}.{c}.{d}"),
            format!("{bits}"),
            format!("{bits:#x}"),
            format!("0{bits:o}"),
            format!("0{a:o}.{b:#x}.{}", u32::from(c) << 8 | u32::from(d)),
            format!("[::ffff:{a}.{b}.{c}.{d}]"),
        ];
        for spelling in &spellings[..5] {
            prop_assert_eq!(literal(spelling), Some(IpAddr::from([a, b, c, d])), "{}", spelling);
        }
        let verdicts: Vec<bool> = spellings.iter().map(|spelling| refused(spelling)).collect();
        prop_assert!(verdicts.iter().all(|verdict| *verdict == verdicts[0]), "{:?} {:?}", spellings, verdicts);
    }
}
