use crate::Version;
use serde::{Deserialize, Serialize};

/// What a version of an endpoint does beside suites, groups and schemes, as far as its answers told. A key that is missing
/// was not learned: the hello did not ask, or the answer could not say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Features {
    /// The version on the wire.
    pub version: Version,
    /// extended_master_secret is answered (RFC 7627).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extended_master_secret: Option<bool>,
    /// encrypt_then_mac is answered with a suite in CBC mode (RFC 7366).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encrypt_then_mac: Option<bool>,
    /// renegotiation_info is answered: renegotiation is bound to the connection (RFC 5746).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secure_renegotiation: Option<bool>,
    /// A compression other than none was taken when DEFLATE was offered (RFC 3749).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compression: Option<bool>,
    /// The session gets an id, by which it can be taken up again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<bool>,
    /// Tickets are given (RFC 5077, RFC 8446 4.6.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_ticket: Option<bool>,
    /// The longest lifetime that a ticket stated, in seconds; 0 leaves it to the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket_lifetime: Option<u32>,
    /// A session that was offered again was taken up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed: Option<bool>,
    /// Bytes of early data that a ticket allows (RFC 8446 4.2.10); 0 is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early_data: Option<u32>,
    /// The fallback signal is heeded (RFC 7507): a client cannot be pressed down to this version unnoticed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback_signal: Option<bool>,
    /// The protocol that was chosen of those offered by ALPN (RFC 7301); empty: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_protocol: Option<Box<str>>,
    /// An OCSP answer came stapled (RFC 6066 8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stapled_status: Option<bool>,
    /// Certificate timestamps came in an extension (RFC 6962 3.3); those inside a certificate are not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_timestamps: Option<bool>,
    /// heartbeat is answered (RFC 6520).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heartbeat: Option<bool>,
    /// The record size that the server limits itself to (RFC 8449); 0: it answers nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record_size_limit: Option<u16>,
    /// ec_point_formats (RFC 8422 5.1.2) as answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub point_formats: Vec<u8>,
    /// Sizes in bits of the primes of DHE that were met, smallest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dh_bits: Vec<u32>,
    /// A client certificate is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_certificate: Option<bool>,
    /// Names of the authorities whose client certificates are taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub client_authorities: Vec<Box<str>>,
}

impl Features {
    /// A version of which nothing is known yet.
    pub fn new(version: Version) -> Features {
        Features {
            version,
            extended_master_secret: None,
            encrypt_then_mac: None,
            secure_renegotiation: None,
            compression: None,
            session_id: None,
            session_ticket: None,
            ticket_lifetime: None,
            resumed: None,
            early_data: None,
            fallback_signal: None,
            application_protocol: None,
            stapled_status: None,
            certificate_timestamps: None,
            heartbeat: None,
            record_size_limit: None,
            point_formats: Vec::new(),
            dh_bits: Vec::new(),
            client_certificate: None,
            client_authorities: Vec::new(),
        }
    }

    /// Adds what another answer told. What is known already stays, but a yes outdoes a no: one answer that shows a thing
    /// is enough.
    pub fn learn(&mut self, other: Features) {
        for (known, new) in [
            (&mut self.extended_master_secret, other.extended_master_secret),
            (&mut self.encrypt_then_mac, other.encrypt_then_mac),
            (&mut self.secure_renegotiation, other.secure_renegotiation),
            (&mut self.compression, other.compression),
            (&mut self.session_id, other.session_id),
            (&mut self.session_ticket, other.session_ticket),
            (&mut self.resumed, other.resumed),
            (&mut self.fallback_signal, other.fallback_signal),
            (&mut self.stapled_status, other.stapled_status),
            (&mut self.certificate_timestamps, other.certificate_timestamps),
            (&mut self.heartbeat, other.heartbeat),
            (&mut self.client_certificate, other.client_certificate),
        ] {
            *known = (*known).max(new);
        }
        self.ticket_lifetime = self.ticket_lifetime.max(other.ticket_lifetime);
        self.early_data = self.early_data.max(other.early_data);
        self.record_size_limit = self.record_size_limit.max(other.record_size_limit);
        let named =
            other.application_protocol.filter(|_| self.application_protocol.as_deref().unwrap_or_default().is_empty());
        self.application_protocol = named.or(self.application_protocol.take());
        add(&mut self.point_formats, other.point_formats);
        add(&mut self.dh_bits, other.dh_bits);
        self.dh_bits.sort_unstable();
        add(&mut self.client_authorities, other.client_authorities);
    }

    /// What is known, by the standards' own names: `(name, value)`, the value `yes`, `no`, a number or a name.
    pub fn told(&self) -> Vec<(&'static str, String)> {
        let truth = |name, value: Option<bool>| value.map(|yes| (name, if yes { "yes" } else { "no" }.to_owned()));
        let number = |name, value: Option<u32>| value.map(|number| (name, number.to_string()));
        let protocol = self.application_protocol.as_deref().map(|name| if name.is_empty() { "no" } else { name });
        let primes: Vec<String> = self.dh_bits.iter().map(u32::to_string).collect();
        [
            truth("extended_master_secret", self.extended_master_secret),
            truth("encrypt_then_mac", self.encrypt_then_mac),
            truth("renegotiation_info", self.secure_renegotiation),
            truth("compression", self.compression),
            truth("session_id", self.session_id),
            truth("session_ticket", self.session_ticket),
            number("ticket_lifetime", self.ticket_lifetime),
            truth("resumed", self.resumed),
            number("early_data", self.early_data),
            truth("TLS_FALLBACK_SCSV", self.fallback_signal),
            protocol.map(|name| ("ALPN", name.to_owned())),
            truth("OCSP", self.stapled_status),
            truth("signed_certificate_timestamp", self.certificate_timestamps),
            truth("heartbeat", self.heartbeat),
            number("record_size_limit", self.record_size_limit.map(u32::from)),
            (!primes.is_empty()).then(|| ("DH", primes.join("/"))),
            truth("client_certificate", self.client_certificate),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

fn add<T: PartialEq>(known: &mut Vec<T>, new: Vec<T>) {
    for item in new {
        if !known.contains(&item) {
            known.push(item);
        }
    }
}
