//! What is to be probed.

use dengmi_core::ObservedId;
use dengmi_protocol::upgrade::Upgrade;
use ipnet::IpNet;
use std::{fmt, net::IpAddr, str::FromStr, sync::Arc};

/// A service: `portal.example:443`, `192.0.2.20:443`, `[2001:db8::1]:443`, with a scheme `smtp://mail.example`, with the
/// name to ask an address for `portal.example@192.0.2.20:443`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// How it is spoken to, where that was said.
    pub scheme: Option<Approach>,
    /// The name to ask for, where it is not the host's.
    pub server_name: Option<Arc<str>>,
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

/// How a service is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Approach {
    /// A ClientHello at once: HTTPS and everything else inside TLS or TLCP.
    Tls,
    /// A conversation in clear that goes over to TLS.
    Upgrade(Upgrade),
    /// SSH.
    Ssh,
    /// IKE, over UDP.
    Ike,
    /// DTLS, over UDP.
    Dtls,
    /// QUIC, over UDP.
    Quic,
}

/// Why a text is no target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetText {
    /// The port is no number from 1 to 65535.
    #[error("expected a port from 1 to 65535, found {0:?}")]
    Port(Box<str>),
    /// An address of IPv6 stands without its brackets, or the name has characters that no name has.
    #[error("expected a name or an address; one of IPv6 stands in brackets; found {0:?}")]
    Host(Box<str>),
    /// A scheme that is not known.
    #[error("expected tls, dtls, quic, ssh, ike or one of smtp, imap, ldap and their like before ://, found {0:?}")]
    Scheme(Box<str>),
    /// A network is no network, or has a name or scheme that a network cannot have.
    #[error("expected a network such as 192.0.2.0/24 or 2001:db8::/120, found {0:?}")]
    Network(Box<str>),
}

impl Approach {
    /// What usually listens on a port: a guess, where nobody said it.
    fn by_port(port: u16) -> Approach {
        match port {
            22 => Approach::Ssh,
            500 | 4500 => Approach::Ike,
            5684 => Approach::Dtls,
            _ => Upgrade::by_port(port).map_or(Approach::Tls, Approach::Upgrade),
        }
    }

    /// The port of a target that names none.
    fn default_port(self) -> u16 {
        match self {
            Approach::Tls | Approach::Dtls | Approach::Quic => 443,
            Approach::Ssh => 22,
            Approach::Ike => 500,
            Approach::Upgrade(upgrade) => upgrade.default_port(),
        }
    }

    /// Whether it is spoken over UDP.
    pub fn is_over_datagrams(self) -> bool {
        matches!(self, Approach::Ike | Approach::Dtls | Approach::Quic)
    }

    /// The word before `://`.
    pub fn word(self) -> &'static str {
        match self {
            Approach::Tls => "tls",
            Approach::Ssh => "ssh",
            Approach::Ike => "ike",
            Approach::Dtls => "dtls",
            Approach::Quic => "quic",
            Approach::Upgrade(upgrade) => upgrade.word(),
        }
    }
}

impl FromStr for Approach {
    type Err = TargetText;

    fn from_str(word: &str) -> Result<Approach, TargetText> {
        match word {
            "tls" | "https" | "tlcp" | "mqtts" | "rediss" | "imaps" | "pop3s" | "smtps" | "ldaps" | "ftps" => {
                Ok(Approach::Tls)
            }
            "ssh" | "sftp" => Ok(Approach::Ssh),
            "ike" => Ok(Approach::Ike),
            "dtls" | "coaps" => Ok(Approach::Dtls),
            "quic" | "h3" => Ok(Approach::Quic),
            other => other.parse().map(Approach::Upgrade).map_err(|_| TargetText::Scheme(word.into())),
        }
    }
}

/// Ports of schemes whose TLS begins at once, where they are not 443.
const PORTS: [(&str, u16); 7] = [
    ("mqtts", 8883),
    ("rediss", 6380),
    ("imaps", 993),
    ("pop3s", 995),
    ("smtps", 465),
    ("ldaps", 636),
    ("coaps", 5684),
];

/// A text taken apart.
struct Parts<'a> {
    /// How to speak, and the port of that scheme.
    scheme: Option<(Approach, u16)>,
    server_name: Option<Arc<str>>,
    /// What is behind scheme and name.
    rest: &'a str,
}

fn parts(text: &str) -> Result<Parts<'_>, TargetText> {
    let (scheme, rest) = match text.split_once("://") {
        Some((word, rest)) => {
            let word = word.to_ascii_lowercase();
            let approach: Approach = word.parse()?;
            let port = PORTS.iter().find(|(name, _)| *name == word).map(|(_, port)| *port);
            (Some((approach, port.unwrap_or(approach.default_port()))), rest)
        }
        None => (None, text),
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let Some((name, rest)) = rest.split_once('@') else { return Ok(Parts { scheme, server_name: None, rest }) };
    match name.parse()? {
        Host::Name(name) => Ok(Parts { scheme, server_name: Some(Arc::from(&*name)), rest }),
        Host::Address(_) => Err(TargetText::Host(name.into())),
    }
}

/// A host and the port behind it, where there is one.
fn host_and_port(text: &str) -> Result<(Host, Option<u16>), TargetText> {
    match text.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')) {
        Some((host, port)) => Ok((host.parse()?, Some(port_of(port)?))),
        None => Ok((text.parse()?, None)),
    }
}

fn port_of(text: &str) -> Result<u16, TargetText> {
    text.parse().ok().filter(|&port| port != 0).ok_or_else(|| TargetText::Port(text.into()))
}

impl FromStr for Target {
    type Err = TargetText;

    fn from_str(text: &str) -> Result<Target, TargetText> {
        let Parts { scheme, server_name, rest } = parts(text)?;
        let (host, port) = host_and_port(rest)?;
        let default = scheme.map_or(Approach::Tls.default_port(), |(_, port)| port);
        let scheme = scheme.map(|(approach, _)| approach);
        Ok(Target { scheme, server_name, host, port: port.unwrap_or(default) })
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
        if let Some(scheme) = self.scheme {
            write!(out, "{}://", scheme.word())?;
        }
        if let Some(name) = &self.server_name {
            write!(out, "{name}@")?;
        }
        write!(out, "{}:{}", self.host, self.port)
    }
}

impl Target {
    /// The name under which observations speak of it.
    pub fn observed(&self) -> ObservedId {
        ObservedId::from(self.to_string().as_str())
    }

    /// Whether nothing says that something else than the web is inside its TLS.
    pub(super) fn may_be_web(&self) -> bool {
        self.approach() == Approach::Tls && !PORTS.iter().any(|(_, port)| *port == self.port)
    }

    /// How it is spoken to: as was said, or as its port suggests.
    pub fn approach(&self) -> Approach {
        self.scheme.unwrap_or_else(|| Approach::by_port(self.port))
    }
}

/// One or many targets in a word: a [`Target`], or a network `192.0.2.0/24`, `ssh://192.0.2.0/24`, `192.0.2.0/24:8443`.
/// Where no port is named, each of the given ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Targets {
    scheme: Option<Approach>,
    server_name: Option<Arc<str>>,
    hosts: Hosts,
    ports: Arc<[u16]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    One(Host),
    Network(IpNet),
}

impl Targets {
    /// Reads a word; `ports` are for a word without a scheme that names none; with no such ports, 443.
    ///
    /// # Errors
    /// What was expected.
    pub fn read(text: &str, ports: &Arc<[u16]>) -> Result<Targets, TargetText> {
        let Parts { scheme, server_name, rest } = parts(text)?;
        let default = || match scheme {
            Some((_, port)) => Arc::from([port]),
            None if ports.is_empty() => Arc::from([Approach::Tls.default_port()]),
            None => Arc::clone(ports),
        };
        let (hosts, port) = match rest.split_once('/') {
            Some((_, prefix)) => {
                let (network, port) = match prefix.split_once(':') {
                    Some((_, port)) => (rest.strip_suffix(port).and_then(|rest| rest.strip_suffix(':')), Some(port)),
                    None => (Some(rest), None),
                };
                let network = network.map(|network| network.replace(['[', ']'], ""));
                let network: Option<IpNet> = network.and_then(|network| network.parse().ok());
                let network = network.ok_or_else(|| TargetText::Network(text.into()))?;
                (Hosts::Network(network.trunc()), port.map(port_of).transpose()?)
            }
            None => {
                let (host, port) = host_and_port(rest)?;
                (Hosts::One(host), port)
            }
        };
        let ports = port.map_or_else(default, |port| Arc::from([port]));
        Ok(Targets { scheme: scheme.map(|(approach, _)| approach), server_name, hosts, ports })
    }

    /// How many there are; `None`: more than can be counted.
    pub fn count(&self) -> Option<u64> {
        let hosts = match &self.hosts {
            Hosts::One(_) => 1,
            Hosts::Network(network) => {
                // IPv4 has a network and a broadcast address, from a size of four on.
                let bits = u32::from(network.max_prefix_len().saturating_sub(network.prefix_len()));
                let all = 1_u64.checked_shl(bits)?;
                if network.network().is_ipv4() && bits > 1 { all.checked_sub(2)? } else { all }
            }
        };
        hosts.checked_mul(u64::try_from(self.ports.len()).ok()?)
    }

    /// Each of them, made as it is asked for: a network may hold more than any memory.
    pub fn each(self) -> impl Iterator<Item = Target> + Send {
        let Targets { scheme, server_name, hosts, ports } = self;
        let (one, network) = match hosts {
            Hosts::One(host) => (Some(host), None),
            Hosts::Network(network) => (None, Some(network.hosts().map(Host::Address))),
        };
        one.into_iter().chain(network.into_iter().flatten()).flat_map(move |host| {
            let server_name = server_name.clone();
            let of = move |port| Target { scheme, server_name: server_name.clone(), host: host.clone(), port };
            let ports = Arc::clone(&ports);
            (0..ports.len()).filter_map(move |at| ports.get(at).copied()).map(of)
        })
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
        check("portal.example", Ok("portal.example:443"));
        check("192.0.2.20:8443", Ok("192.0.2.20:8443"));
        check("[2001:DB8::1]:443", Ok("[2001:db8::1]:443"));
        check("[2001:DB8::1]", Ok("[2001:db8::1]:443"));
        check("https://portal.example/", Ok("tls://portal.example:443"));
        check("smtp://mail.example", Ok("smtp://mail.example:25"));
        check("ldaps://directory.example", Ok("tls://directory.example:636"));
        check("SSH://[2001:db8::1]", Ok("ssh://[2001:db8::1]:22"));
        check("coaps://meter.example", Ok("dtls://meter.example:5684"));
        check("Portal.example@192.0.2.20:443", Ok("portal.example@192.0.2.20:443"));
        check("portal.example:0", Err("1 to 65535"));
        check("portal.example:https", Err("1 to 65535"));
        check("portal.example:65536", Err("1 to 65535"));
        check("2001:db8::1:443", Err("in brackets"));
        check("[192.0.2.20]:443", Err("in brackets"));
        check("gopher://portal.example:70", Err("before ://"));
        check("192.0.2.1@192.0.2.20:443", Err("expected a name"));
        check(":443", Err("expected a name"));
    }

    #[test]
    fn the_port_tells_the_approach_where_nobody_said_it() {
        for (text, approach) in [
            ("host.example:22", Approach::Ssh),
            ("host.example:443", Approach::Tls),
            ("host.example:587", Approach::Upgrade(Upgrade::Smtp)),
            ("tls://host.example:25", Approach::Tls),
            ("host.example:500", Approach::Ike),
            ("dtls://host.example", Approach::Dtls),
            ("imap://host.example:10143", Approach::Upgrade(Upgrade::Imap)),
        ] {
            assert_eq!(text.parse::<Target>().unwrap().approach(), approach, "{text}");
        }
    }

    fn each(text: &str, ports: &[u16]) -> Result<Vec<String>, String> {
        let targets = Targets::read(text, &Arc::from(ports)).map_err(|error| error.to_string())?;
        if targets.count().is_some_and(|count| count < 300) {
            assert_eq!(targets.count(), Some(targets.clone().each().count() as u64), "{text}");
        }
        Ok(targets.each().take(300).map(|target| target.to_string()).collect())
    }

    #[test]
    fn networks_and_ports_are_multiplied() {
        assert_eq!(
            each("192.0.2.0/30", &[443, 8443]).unwrap(),
            ["192.0.2.1:443", "192.0.2.1:8443", "192.0.2.2:443", "192.0.2.2:8443"]
        );
        assert_eq!(each("192.0.2.9/32", &[]).unwrap(), ["192.0.2.9:443"]);
        assert_eq!(each("192.0.2.8/31:993", &[443]).unwrap(), ["192.0.2.8:993", "192.0.2.9:993"]);
        assert_eq!(each("ssh://192.0.2.9/32", &[443]).unwrap(), ["ssh://192.0.2.9:22"]);
        assert_eq!(each("2001:db8::/127", &[]).unwrap(), ["[2001:db8::]:443", "[2001:db8::1]:443"]);
        assert_eq!(each("[2001:db8::]/127:853", &[]).unwrap(), ["[2001:db8::]:853", "[2001:db8::1]:853"]);
        assert_eq!(each("10.0.0.0/8", &[443]).unwrap().len(), 300);
        assert_eq!(each("portal.example:80", &[443, 8443]).unwrap(), ["portal.example:80"]);
        assert_eq!(each("portal.example", &[443, 8443]).unwrap(), ["portal.example:443", "portal.example:8443"]);
        assert!(each("192.0.2.0/33", &[]).unwrap_err().contains("a network"));
        assert!(each("portal.example/24", &[]).unwrap_err().contains("a network"));
        assert!(each("192.0.2.0/24:0", &[]).unwrap_err().contains("1 to 65535"));
    }
}
