//! What is to be probed.

use dengmi_core::ObservedId;
use std::{fmt, net::IpAddr, str::FromStr};

/// A host and a port: `portal.example:443`, `192.0.2.20:443`, `[2001:db8::1]:443`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// The host.
    pub host: Host,
    /// The port, never 0.
    pub port: u16,
}

/// A host by name or by address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// A name that is looked up.
    Name(Box<str>),
    /// An address.
    Address(IpAddr),
}

/// Why a text is no target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetText {
    /// There is no port behind a colon.
    #[error("expected HOST:PORT such as portal.example:443, 192.0.2.20:443 or [2001:db8::1]:443, found {0:?}")]
    NoPort(Box<str>),
    /// The port is no number from 1 to 65535.
    #[error("expected a port from 1 to 65535, found {0:?}")]
    Port(Box<str>),
    /// An address of IPv6 stands without its brackets, or the name has characters that no name has.
    #[error("expected a name or an address; one of IPv6 stands in brackets; found {0:?}")]
    Host(Box<str>),
}

impl FromStr for Target {
    type Err = TargetText;

    fn from_str(text: &str) -> Result<Target, TargetText> {
        let (host, port) = text.rsplit_once(':').ok_or_else(|| TargetText::NoPort(text.into()))?;
        let number = port.parse().ok().filter(|&port| port != 0).ok_or_else(|| TargetText::Port(port.into()))?;
        Ok(Target { host: host.parse()?, port: number })
    }
}

impl FromStr for Host {
    type Err = TargetText;

    fn from_str(text: &str) -> Result<Host, TargetText> {
        let wrong = || TargetText::Host(text.into());
        if let Some(inside) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            return inside.parse().ok().filter(IpAddr::is_ipv6).map(Host::Address).ok_or_else(wrong);
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return if address.is_ipv4() { Ok(Host::Address(address)) } else { Err(wrong()) };
        }
        let fits = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '.' | '_');
        if text.is_empty() || text.len() > 253 || !text.chars().all(fits) {
            return Err(wrong());
        }
        Ok(Host::Name(text.to_ascii_lowercase().into()))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Name(name) => out.write_str(name),
            Host::Address(IpAddr::V4(address)) => address.fmt(out),
            Host::Address(IpAddr::V6(address)) => write!(out, "[{address}]"),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.host, self.port)
    }
}

impl Target {
    /// The name under which observations speak of it.
    pub fn observed(&self) -> ObservedId {
        ObservedId::from(self.to_string().as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, &str>) {
        match (text.parse::<Target>(), expected) {
            (Ok(target), Ok(shown)) => assert_eq!(target.to_string(), shown),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{text}: {error}"),
            (found, _) => panic!("{text}: {found:?}"),
        }
    }

    #[test]
    fn targets_are_read_and_shown_in_one_form() {
        check("Portal.Example:443", Ok("portal.example:443"));
        check("192.0.2.20:8443", Ok("192.0.2.20:8443"));
        check("[2001:DB8::1]:443", Ok("[2001:db8::1]:443"));
        check("portal.example", Err("expected HOST:PORT"));
        check("portal.example:0", Err("1 to 65535"));
        check("portal.example:https", Err("1 to 65535"));
        check("portal.example:65536", Err("1 to 65535"));
        check("2001:db8::1:443", Err("in brackets"));
        check("[192.0.2.20]:443", Err("in brackets"));
        check("https://portal.example:443", Err("expected a name"));
        check(":443", Err("expected a name"));
    }
}
