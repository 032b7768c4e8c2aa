use std::net::IpAddr;

/// The parts of an `https` address that checks look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HttpsUrl<'a> {
    /// The host, without port.
    pub(super) host: &'a str,
    /// Whether there is a `?`.
    pub(super) has_query: bool,
}

/// Takes an `https` address apart; `None` if it is none, or has a user name, a fragment or an odd character.
pub(super) fn https_url(text: &str) -> Option<HttpsUrl<'_>> {
    let rest = text.strip_prefix("https://")?;
    let plain = rest
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}#@".contains(&byte));
    if !plain || text.len() > LONGEST_URL {
        return None;
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = match authority.split_once(':') {
        Some((host, port)) => {
            let valid = port.parse::<u16>().is_ok_and(|port| port > 0) && !port.starts_with('+');
            valid.then_some(host)?
        }
        None => authority,
    };
    is_host(host).then_some(HttpsUrl {
        host,
        has_query: path.contains('?'),
    })
}

/// The form in which two callback addresses are compared and kept: host in lowercase, no slash at the end.
pub(super) fn normal_base_url(text: &str) -> String {
    let rest = text.strip_prefix("https://").unwrap_or(text);
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let authority = authority.to_ascii_lowercase();
    let authority = authority.strip_suffix(":443").unwrap_or(&authority);
    format!("https://{authority}{}", path.trim_end_matches('/'))
}

/// Whether a host is the authority's official site or below it (R000-070).
pub(super) fn is_official_host(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    host == OFFICIAL_HOST
        || host
            .strip_suffix(OFFICIAL_HOST)
            .is_some_and(|below| below.ends_with('.'))
}

/// Whether a text has the form of an e-mail address.
pub(super) fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.split_once('@') else {
        return false;
    };
    let name_letter = |byte: u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+-/=?^_`{|}~".contains(&byte);
    let dots = !name.starts_with('.') && !name.ends_with('.') && !name.contains("..");
    (1..=64).contains(&name.len())
        && text.len() <= 254
        && name.bytes().all(name_letter)
        && dots
        && is_host(host)
        && host.contains('.')
}

/// Whether a text is `+965` and eight digits (R000-011).
pub(super) fn is_kuwait_mobile(text: &str) -> bool {
    text.strip_prefix("+965")
        .is_some_and(|digits| digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// `+965` and eight digits, from another way to write a number with its country.
pub(super) fn repaired_mobile(text: &str) -> Option<String> {
    let digits: String = text
        .chars()
        .filter(|letter| !matches!(letter, ' ' | '-' | '(' | ')' | '.' | '\u{A0}' | '\u{200E}'))
        .collect();
    let local = digits
        .strip_prefix("+965")
        .or_else(|| digits.strip_prefix("00965"))?;
    let whole = format!("+965{local}");
    is_kuwait_mobile(&whole).then_some(whole)
}

/// Whether a host is this machine, or in a network that others can't see.
pub(super) fn is_inner_host(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let named = ["localhost", "local", "internal", "lan", "home.arpa"];
    named.iter().any(|name| {
        bare == *name
            || bare
                .strip_suffix(name)
                .is_some_and(|before| before.ends_with('.'))
    }) || bare.parse().is_ok_and(is_private)
}

/// An address alone, as the range that holds it and nothing else.
pub(super) fn one_address(text: &str) -> Option<String> {
    let address: IpAddr = text.parse().ok()?;
    let bits = if address.is_ipv4() { 32 } else { 128 };
    Some(format!("{address}/{bits}"))
}

/// What a text says as an address range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Network {
    /// A range that other networks can see.
    Public,
    /// A range that never leaves a network or a machine.
    Private,
    /// An address with fewer fixed bits than it says; the range that it is in.
    TooPrecise(String),
    /// No range.
    Invalid,
}

/// Reads a range such as `203.0.113.10/32`.
pub(super) fn network(text: &str) -> Network {
    let Some((address, bits)) = text.split_once('/') else {
        return Network::Invalid;
    };
    let plain = (1..=3).contains(&bits.len()) && bits.bytes().all(|byte| byte.is_ascii_digit());
    let (Ok(address), Ok(bits), true) = (address.parse::<IpAddr>(), bits.parse::<u32>(), plain) else {
        return Network::Invalid;
    };
    let (width, least) = match address {
        IpAddr::V4(_) => (32, 8),
        IpAddr::V6(_) => (128, 16),
    };
    if !(least..=width).contains(&bits) {
        return Network::Invalid;
    }
    let below = host_bits(address, width - bits);
    if below != 0 {
        return Network::TooPrecise(format!("{}/{bits}", without(address, below)));
    }
    if is_private(address) {
        Network::Private
    } else {
        Network::Public
    }
}

fn host_bits(address: IpAddr, count: u32) -> u128 {
    let value = match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    };
    let mask = 1_u128.checked_shl(count).map_or(u128::MAX, |bit| bit - 1);
    value & mask
}

/// An address without its last bits.
fn without(address: IpAddr, below: u128) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let below = u32::try_from(below).unwrap_or_default();
            IpAddr::V4((u32::from(v4) & !below).into())
        }
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & !below).into()),
    }
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_multicast()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(v6) => {
            let [first, ..] = v6.segments();
            v6.to_ipv4_mapped().is_some_and(|v4| is_private(IpAddr::V4(v4)))
                || v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || first & 0xfe00 == 0xfc00
                || first & 0xffc0 == 0xfe80
        }
    }
}

/// Labels of letters, digits and inner hyphens, joined by points.
pub(super) fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    host.len() <= 253 && host.split('.').all(label)
}

const OFFICIAL_HOST: &str = "paci.gov.kw";
const LONGEST_URL: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_addresses() {
        let url = https_url("https://id.example.gov.kw:8443/a/b?c=d").unwrap();
        assert_eq!((url.host, url.has_query), ("id.example.gov.kw", true));
        for bad in [
            "",
            "https://",
            "http://a.kw",
            "HTTPS://a.kw",
            "https:///x",
            "https://a.kw:0/",
            "https://a.kw:x",
            "https://a.kw:65536",
            "https://user@a.kw",
            "https://a.kw/#x",
            "https://a b.kw",
            "https://-a.kw",
            "https://a..kw",
            "https://مثال.kw",
            "https://a.kw\\@b",
            "https://a.kw:+1",
        ] {
            assert_eq!(https_url(bad), None, "{bad}");
        }
    }

    #[test]
    fn callback_addresses_are_compared_in_one_form() {
        assert_eq!(normal_base_url("https://A.kw:443/x/"), "https://a.kw/x");
        assert_eq!(normal_base_url("https://a.kw"), "https://a.kw");
    }

    // R000-070: a look-alike of the official site is not the official site.
    #[test]
    fn only_the_official_site_is_official() {
        for good in ["paci.gov.kw", "www.paci.gov.kw", "WWW.PACI.GOV.KW"] {
            assert!(is_official_host(good), "{good}");
        }
        for bad in [
            "notpaci.gov.kw",
            "paci.gov.kw.example.com",
            "paci-gov.kw",
            "gov.kw",
            "",
        ] {
            assert!(!is_official_host(bad), "{bad}");
        }
    }

    // R000-011, R000-012.
    #[test]
    fn contacts() {
        for good in ["a@b.kw", "first.last+tag@mail.gov.kw"] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "@b.kw",
            "a@",
            "a@b",
            "a b@c.kw",
            "a@b@c.kw",
            ".a@b.kw",
            "a..b@c.kw",
            "ا@b.kw",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
        assert!(is_kuwait_mobile("+96512345678"));
        for bad in [
            "12345678",
            "+9651234567",
            "+965123456789",
            "+96612345678",
            "+9651234567x",
            "+965١٢٣٤٥٦٧٨",
        ] {
            assert!(!is_kuwait_mobile(bad), "{bad}");
        }
    }

    #[test]
    fn a_mobile_number_is_mended_only_with_its_country() {
        for (text, right) in [
            ("00965 1234 5678", Some("+96512345678")),
            ("+965-1234-5678", Some("+96512345678")),
            ("12345678", None),
            ("+966 12345678", None),
        ] {
            assert_eq!(repaired_mobile(text).as_deref(), right, "{text}");
        }
    }

    // R000-022: nobody outside reaches these.
    #[test]
    fn inner_hosts() {
        for inner in [
            "localhost",
            "app.localhost",
            "10.1.2.3",
            "127.0.0.1",
            "portal.internal",
            "192.168.1.5",
        ] {
            assert!(is_inner_host(inner), "{inner}");
        }
        for outer in [
            "callback.example.gov.kw",
            "notlocalhost.kw",
            "8.8.8.8",
            "internal.example",
        ] {
            assert!(!is_inner_host(outer), "{outer}");
        }
    }

    // R000-023.
    #[test]
    fn networks() {
        for good in [
            "203.0.113.10/32",
            "8.8.8.0/24",
            "2a00:1450::/32",
            "2001:db8::1/128",
        ] {
            assert_eq!(network(good), Network::Public, "{good}");
        }
        for private in [
            "10.0.0.0/8",
            "192.168.1.1/32",
            "127.0.0.1/32",
            "169.254.0.0/16",
            "100.64.0.0/10",
            "::1/128",
            "fe80::/64",
            "fd00::/16",
            "::ffff:10.0.0.0/104",
            "224.0.0.0/8",
        ] {
            assert_eq!(network(private), Network::Private, "{private}");
        }
        for bad in [
            "",
            "203.0.113.10",
            "203.0.113.10/33",
            "203.0.113/24",
            "0.0.0.0/0",
            "a/8",
            "203.0.113.10/+32",
            "2001:db8::/129",
            "::/0",
            "203.0.113.010/32",
        ] {
            assert_eq!(network(bad), Network::Invalid, "{bad}");
        }
        for (bad, range) in [
            ("203.0.113.10/24", "203.0.113.0/24"),
            ("2001:db8::1/32", "2001:db8::/32"),
        ] {
            assert_eq!(network(bad), Network::TooPrecise(range.to_owned()), "{bad}");
        }
        assert_eq!(one_address("203.0.113.10").as_deref(), Some("203.0.113.10/32"));
        assert_eq!(one_address("203.0.113.10/24"), None);
    }
}
