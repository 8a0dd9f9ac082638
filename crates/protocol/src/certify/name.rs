//! Does a certificate speak for the name that was asked for? RFC 9525 section 6, which replaces RFC 6125.

use std::{fmt, net::IpAddr, str::FromStr};

/// The name under which a service was reached: what RFC 9525 calls a reference identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceName {
    /// A DNS name in its ASCII form, lower case, without a final dot.
    Dns(Box<str>),
    /// An address.
    Ip(IpAddr),
}

/// Why a text is no name of a service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceNameText {
    /// It holds letters outside ASCII.
    #[error("{0:?} is not in the ASCII form of DNS: write each label as xn--…")]
    NotAscii(Box<str>),
    /// It is neither a DNS name nor an address.
    #[error("expected a DNS name such as portal.example or an address such as 192.0.2.20 or 2001:db8::1, found {0:?}")]
    Malformed(Box<str>),
}

impl FromStr for ServiceName {
    type Err = ServiceNameText;

    /// Reads a DNS name or an address, the latter with or without square brackets.
    fn from_str(text: &str) -> Result<ServiceName, ServiceNameText> {
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse() {
            return Ok(ServiceName::Ip(address));
        }
        if !text.is_ascii() {
            return Err(ServiceNameText::NotAscii(text.into()));
        }
        let name = without_final_dot(text);
        if name.len() > 253 || !name.split('.').all(is_label) {
            return Err(ServiceNameText::Malformed(text.into()));
        }
        Ok(ServiceName::Dns(name.to_ascii_lowercase().into()))
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServiceName::Dns(name) => out.write_str(name),
            ServiceName::Ip(address) => address.fmt(out),
        }
    }
}

impl ServiceName {
    /// Whether a `dNSName` of a certificate names this service. An address is never named by one, even as text.
    pub fn is_named_by_dns(&self, presented: &str) -> bool {
        let ServiceName::Dns(asked) = self else { return false };
        let presented = without_final_dot(presented);
        match presented.strip_prefix("*.") {
            Some(parent) => asked.split_once('.').is_some_and(|(_, rest)| {
                // A wildcard over a whole top-level domain names nobody; RFC 9525 leaves the bound to us, OpenSSL sets the same.
                parent.contains('.') && parent.split('.').all(is_label) && rest.eq_ignore_ascii_case(parent)
            }),
            // A star elsewhere is a letter that no reference holds, so it matches nothing.
            None => asked.eq_ignore_ascii_case(presented),
        }
    }

    /// Whether an `iPAddress` of a certificate is this address (RFC 9525 6.5): an IPv4 address inside an IPv6 one is another.
    pub fn is_named_by_address(&self, presented: IpAddr) -> bool {
        matches!(self, ServiceName::Ip(asked) if *asked == presented)
    }
}

fn without_final_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

/// A label of a host name. The underscore is not one of RFC 1123, and is in use.
fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(asked: &str, presented: &str, expected: bool) {
        let name: ServiceName = asked.parse().unwrap();
        assert_eq!(name.is_named_by_dns(presented), expected, "{asked} by {presented}");
    }

    #[test]
    fn dns_names_follow_rfc_9525() {
        for (asked, presented, expected) in [
            ("peer.test", "peer.test", true),
            ("Peer.TEST.", "pEER.test", true),
            ("peer.test", "peer.test.", true),
            ("peer.test", "peer.tes", false),
            ("peer.test", "", false),
            ("a.peer.test", "peer.test", false),
            // one whole label, the left-most, and only one
            ("a.peer.test", "*.peer.test", true),
            ("a.peer.test", "*.PEER.test", true),
            ("xn--0zwm56d.peer.test", "*.peer.test", true),
            ("peer.test", "*.peer.test", false),
            ("a.b.peer.test", "*.peer.test", false),
            ("a.b.peer.test", "a.*.peer.test", false),
            ("a.b.peer.test", "*.*.peer.test", false),
            ("abc.peer.test", "a*.peer.test", false),
            ("abc.peer.test", "*c.peer.test", false),
            // not over a top-level domain, nor over everything
            ("peer.test", "*.test", false),
            ("localhost", "*", false),
            ("a.peer.test", "*..peer.test", false),
            ("a.test", "*.", false),
            // an address is no DNS name
            ("192.0.2.20", "192.0.2.20", false),
            ("192.0.2.20", "*.0.2.20", false),
        ] {
            check(asked, presented, expected);
        }
    }

    #[test]
    fn addresses_are_compared_as_addresses() {
        for (asked, presented, expected) in [
            ("192.0.2.20", "192.0.2.20", true),
            ("192.0.2.20", "192.0.2.21", false),
            ("[2001:db8::1]", "2001:db8:0::1", true),
            ("::ffff:192.0.2.20", "192.0.2.20", false),
            ("peer.test", "192.0.2.20", false),
        ] {
            let name: ServiceName = asked.parse().unwrap();
            assert_eq!(name.is_named_by_address(presented.parse().unwrap()), expected, "{asked} by {presented}");
        }
    }

    #[test]
    fn texts_that_are_no_name_say_so() {
        let long = format!("{}.test", "a".repeat(64));
        for text in
            ["", ".", "a..b", "-a.test", "a-.test", "a b", "*.peer.test", "https://peer.test", "peer.test:443", &long]
        {
            assert_eq!(text.parse::<ServiceName>(), Err(ServiceNameText::Malformed(text.into())));
        }
        assert_eq!("测试.cn".parse::<ServiceName>(), Err(ServiceNameText::NotAscii("测试.cn".into())));
    }
}
