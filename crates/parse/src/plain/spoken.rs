//! The protocols that are told apart.

use std::fmt;

/// What carries a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// Bytes in order: TCP.
    Stream,
    /// Datagrams: UDP.
    Datagrams,
}

macro_rules! spoken {
    ($($(#[$doc:meta])+ $variant:ident = $name:literal, $protected:literal;)+) => {
        /// A protocol that [`recognise`](super::recognise) knows.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Spoken {
            $($(#[$doc])+ $variant,)+
        }

        impl Spoken {
            /// All of them.
            pub const ALL: &'static [Spoken] = &[$(Spoken::$variant),+];

            /// The name as people write it.
            pub fn name(self) -> &'static str {
                match self {
                    $(Spoken::$variant => $name,)+
                }
            }

            /// Whether it is there to protect what it carries. The others are in clear until they say otherwise.
            pub fn is_protection(self) -> bool {
                match self {
                    $(Spoken::$variant => $protected,)+
                }
            }
        }
    };
}

spoken! {
    /// SSL 3.0 to TLS 1.3, by the version of the first record.
    Tls = "TLS", true;
    /// TLCP (GB/T 38636-2020) and the SSL of GM/T 0024, by the version of the first record.
    Tlcp = "TLCP", true;
    /// A first hello in the form of SSL 2.0, which may offer later versions (RFC 5246 E.2).
    Ssl2 = "SSL 2.0", true;
    /// DTLS (RFC 6347, RFC 9147).
    Dtls = "DTLS", true;
    /// SSH (RFC 4253).
    Ssh = "SSH", true;
    /// QUIC (RFC 9000, RFC 9369).
    Quic = "QUIC", true;
    /// IKE and its profile in GM/T 0022 (RFC 2408, RFC 7296), bare or in UDP encapsulation.
    Ike = "IKE", true;
    /// ESP in UDP (RFC 3948).
    EspInUdp = "ESP in UDP", true;
    /// WireGuard.
    WireGuard = "WireGuard", true;
    /// OpenVPN.
    OpenVpn = "OpenVPN", true;
    /// MTProto of Telegram where it agrees on its first key. Obfuscated it looks like nothing at all.
    Mtproto = "MTProto", true;
    /// The Noise handshake of WhatsApp, where it is not inside TLS.
    WhatsApp = "WhatsApp", true;
    /// HTTP/1.0 and HTTP/1.1 (RFC 9112).
    Http = "HTTP", false;
    /// HTTP/2 in clear, with prior knowledge (RFC 9113 3.3).
    Http2 = "HTTP/2", false;
    /// Redis, in its protocol RESP.
    Redis = "Redis (RESP)", false;
    /// MQTT 3.1, 3.1.1 and 5 (OASIS).
    Mqtt = "MQTT", false;
    /// MySQL, MariaDB and what speaks like them.
    Mysql = "MySQL", false;
    /// PostgreSQL and what speaks like it.
    Postgresql = "PostgreSQL", false;
    /// SMTP and its submission (RFC 5321); LMTP (RFC 2033) too.
    Smtp = "SMTP", false;
    /// IMAP (RFC 9051).
    Imap = "IMAP", false;
    /// POP3 (RFC 1939).
    Pop3 = "POP3", false;
    /// The control connection of FTP (RFC 959).
    Ftp = "FTP", false;
    /// NNTP (RFC 3977).
    Nntp = "NNTP", false;
    /// ManageSieve (RFC 5804).
    Sieve = "ManageSieve", false;
    /// LDAP (RFC 4511).
    Ldap = "LDAP", false;
    /// XMPP (RFC 6120).
    Xmpp = "XMPP", false;
    /// RDP, in TPKT and X.224 (MS-RDPBCGR).
    Rdp = "RDP", false;
    /// Telnet (RFC 854).
    Telnet = "Telnet", false;
    /// Microsoft SQL Server (MS-TDS).
    Tds = "TDS", false;
    /// MongoDB's wire protocol.
    Mongodb = "MongoDB", false;
    /// SIP (RFC 3261).
    Sip = "SIP", false;
    /// RTSP (RFC 2326, RFC 7826).
    Rtsp = "RTSP", false;
    /// SMB 2 and 3, and SMB 1 where it begins with its negotiation (MS-SMB2).
    Smb = "SMB", false;
    /// Modbus over TCP.
    Modbus = "Modbus", false;
    /// DNS (RFC 1035).
    Dns = "DNS", false;
    /// SNMP v1, v2c and v3 (RFC 1157, RFC 1901, RFC 3412).
    Snmp = "SNMP", false;
    /// RADIUS (RFC 2865, RFC 2866).
    Radius = "RADIUS", false;
    /// NTP (RFC 5905).
    Ntp = "NTP", false;
    /// Syslog (RFC 5424, RFC 3164).
    Syslog = "syslog", false;
    /// STUN and TURN (RFC 8489); DTLS may follow in the same flow.
    Stun = "STUN", false;
    /// CoAP without DTLS (RFC 7252).
    Coap = "CoAP", false;
    /// TFTP (RFC 1350).
    Tftp = "TFTP", false;
}

impl fmt::Display for Spoken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}
