//! 802.11 (IEEE 802.11-2020) and what protects it: the elements RSN, WPA and WAPI, the keys of EAPOL, and WAI (GB
//! 15629.11 with its first amendment).
//!
//! Protection is told by beacons and associations, in clear; the frames themselves show only that they are protected.

use std::fmt;

use crate::reading::{Defect, DefectKind, Defects, Limits, Read, Reader, Reading};
use crate::tls::code::codes;

codes! {
    /// Type and subtype of a frame as its first byte has them, without the version (IEEE 802.11 9.2.4.1.3).
    FrameType(u8) {
        ASSOCIATION_REQUEST = 0x00 "association request"
        ASSOCIATION_RESPONSE = 0x10 "association response"
        REASSOCIATION_REQUEST = 0x20 "reassociation request"
        REASSOCIATION_RESPONSE = 0x30 "reassociation response"
        PROBE_REQUEST = 0x40 "probe request"
        PROBE_RESPONSE = 0x50 "probe response"
        BEACON = 0x80 "beacon"
        DISASSOCIATION = 0xa0 "disassociation"
        AUTHENTICATION = 0xb0 "authentication"
        DEAUTHENTICATION = 0xc0 "deauthentication"
        ACTION = 0xd0 "action"
        DATA = 0x08 "data"
        NULL = 0x48 "null"
        QOS_DATA = 0x88 "QoS data"
        QOS_NULL = 0xc8 "QoS null"
    }

    /// What a packet of EAPOL is (IEEE 802.1X 11.3.2).
    EapolType(u8) {
        EAP = 0 "EAP-Packet"
        START = 1 "EAPOL-Start"
        LOGOFF = 2 "EAPOL-Logoff"
        KEY = 3 "EAPOL-Key"
    }

    /// What a packet of WAI is (GB 15629.11, WAI protocol packets).
    WaiSubtype(u8) {
        PRE_AUTHENTICATION_START = 1 "pre-authentication start"
        STATION_KEY_REQUEST = 2 "STAKey request"
        AUTHENTICATION_ACTIVATION = 3 "authentication activation"
        ACCESS_AUTHENTICATION_REQUEST = 4 "access authentication request"
        ACCESS_AUTHENTICATION_RESPONSE = 5 "access authentication response"
        CERTIFICATE_AUTHENTICATION_REQUEST = 6 "certificate authentication request"
        CERTIFICATE_AUTHENTICATION_RESPONSE = 7 "certificate authentication response"
        UNICAST_KEY_REQUEST = 8 "unicast key negotiation request"
        UNICAST_KEY_RESPONSE = 9 "unicast key negotiation response"
        UNICAST_KEY_CONFIRMATION = 10 "unicast key negotiation confirmation"
        MULTICAST_KEY_ANNOUNCEMENT = 11 "multicast key announcement"
        MULTICAST_KEY_RESPONSE = 12 "multicast key announcement response"
    }
}

/// Suites of IEEE 802.11.
const IEEE: [u8; 3] = [0x00, 0x0f, 0xac];
/// Suites of WPA, before the standard.
const WPA: [u8; 3] = [0x00, 0x50, 0xf2];
/// Suites of WAPI.
const WAPI: [u8; 3] = [0x00, 0x14, 0x72];

macro_rules! suites {
    ($($(#[$doc:meta])* $name:ident { $($organisation:ident $number:literal $text:literal)* })*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name {
            /// Whose number it is.
            pub organisation: [u8; 3],
            /// The number.
            pub number: u8,
        }

        impl $name {
            /// What it is called, if it is known.
            pub fn name(self) -> Option<&'static str> {
                match (self.organisation, self.number) {
                    $(($organisation, $number) => Some($text),)*
                    _ => None,
                }
            }

            fn read(reader: &mut Reader<'_>) -> Result<$name, Defect> {
                Ok($name { organisation: reader.array()?, number: reader.u8()? })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                let [a, b, c] = self.organisation;
                match self.name() {
                    Some(name) => out.write_str(name),
                    None => write!(out, "{a:02X}-{b:02X}-{c:02X}:{}", self.number),
                }
            }
        }
    )* }
}

suites! {
    /// A cipher (IEEE 802.11-2020 table 9-149; GB 15629.11).
    CipherSuite {
        IEEE 0 "group cipher"
        IEEE 1 "WEP-40"
        IEEE 2 "TKIP"
        IEEE 4 "CCMP-128"
        IEEE 5 "WEP-104"
        IEEE 6 "BIP-CMAC-128"
        IEEE 7 "group traffic not allowed"
        IEEE 8 "GCMP-128"
        IEEE 9 "GCMP-256"
        IEEE 10 "CCMP-256"
        IEEE 11 "BIP-GMAC-128"
        IEEE 12 "BIP-GMAC-256"
        IEEE 13 "BIP-CMAC-256"
        WPA 0 "group cipher"
        WPA 1 "WEP-40"
        WPA 2 "TKIP"
        WPA 4 "CCMP-128"
        WPA 5 "WEP-104"
        WAPI 1 "WPI-SM4"
    }

    /// How keys are agreed and peers authenticated: an AKM (IEEE 802.11-2020 table 9-151; GB 15629.11).
    AkmSuite {
        IEEE 1 "802.1X"
        IEEE 2 "PSK"
        IEEE 3 "FT-802.1X"
        IEEE 4 "FT-PSK"
        IEEE 5 "802.1X-SHA256"
        IEEE 6 "PSK-SHA256"
        IEEE 7 "TDLS"
        IEEE 8 "SAE"
        IEEE 9 "FT-SAE"
        IEEE 10 "AP-PeerKey"
        IEEE 11 "802.1X-Suite-B"
        IEEE 12 "802.1X-Suite-B-192"
        IEEE 13 "FT-802.1X-SHA384"
        IEEE 14 "FILS-SHA256"
        IEEE 15 "FILS-SHA384"
        IEEE 16 "FT-FILS-SHA256"
        IEEE 17 "FT-FILS-SHA384"
        IEEE 18 "OWE"
        IEEE 19 "FT-PSK-SHA384"
        IEEE 20 "PSK-SHA384"
        IEEE 21 "PASN"
        IEEE 24 "SAE-EXT-KEY"
        IEEE 25 "FT-SAE-EXT-KEY"
        WPA 1 "802.1X"
        WPA 2 "PSK"
        WAPI 1 "WAI certificate"
        WAPI 2 "WAI PSK"
    }
}

/// One frame, its header read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WirelessFrame<'a> {
    /// What it is.
    pub kind: FrameType,
    /// The flags of its second byte.
    pub flags: u8,
    /// To whom it is in the end.
    pub destination: [u8; 6],
    /// Who sent it in the beginning; control frames do not all say.
    pub source: Option<[u8; 6]>,
    /// The network; control frames and those between access points do not say.
    pub bssid: Option<[u8; 6]>,
    /// Whether the data are several frames in one.
    pub aggregated: bool,
    /// Which part of several this is, from 0.
    pub part: u8,
    /// What is behind the header.
    pub body: &'a [u8],
}

impl<'a> WirelessFrame<'a> {
    const TO_NETWORK: u8 = 0x01;
    const FROM_NETWORK: u8 = 0x02;
    const MORE_PARTS: u8 = 0x04;
    const PROTECTED: u8 = 0x40;
    const MORE_CONTROL: u8 = 0x80;

    /// Reads the header (IEEE 802.11 9.2.4), which is `padded` to a multiple of four bytes or not. The body comes twice:
    /// in the frame, and as a reader.
    pub(super) fn read(mut reader: Reader<'a>, padded: bool) -> Result<(WirelessFrame<'a>, Reader<'a>), Defect> {
        let start = reader.at();
        let [first, flags, _, _] = reader.array::<4>()?;
        if first & 3 != 0 {
            return Err(Defect { at: start, what: DefectKind::HeaderVersion(first & 3) });
        }
        let kind = FrameType(first);
        let receiver = reader.array()?;
        let mut frame = WirelessFrame {
            kind,
            flags,
            destination: receiver,
            source: None,
            bssid: None,
            aggregated: false,
            part: 0,
            body: &[],
        };
        if frame.is_management() || frame.is_data() {
            let (transmitter, third, sequence) = (reader.array()?, reader.array()?, reader.array()?);
            frame.part = u8::try_from(u16::from_le_bytes(sequence) & 0x0f).unwrap_or_default();
            let directions = if frame.is_data() { flags & (Self::TO_NETWORK | Self::FROM_NETWORK) } else { 0 };
            (frame.destination, frame.source, frame.bssid) = match directions {
                0 => (receiver, Some(transmitter), Some(third)),
                Self::TO_NETWORK => (third, Some(transmitter), Some(receiver)),
                Self::FROM_NETWORK => (receiver, Some(third), Some(transmitter)),
                _ => (third, Some(reader.array()?), None),
            };
            let has_quality = frame.is_data() && first & 0x80 != 0;
            if has_quality {
                let [control, _] = reader.array()?;
                frame.aggregated = control & 0x80 != 0;
            }
            if flags & Self::MORE_CONTROL != 0 && (has_quality || frame.is_management()) {
                reader.take(4)?;
            }
            if padded {
                reader.take((4 - (reader.at() - start) % 4) % 4)?;
            }
        }
        frame.body = reader.clone().rest();
        Ok((frame, reader))
    }

    /// Whether it manages a network: beacons, probes, associations.
    pub fn is_management(&self) -> bool {
        self.kind.0 & 0x0c == 0
    }

    /// Whether it is a frame of data, if only an empty one.
    pub fn is_data(&self) -> bool {
        self.kind.0 & 0x0c == 0x08
    }

    /// Whether its body is encrypted.
    pub fn is_protected(&self) -> bool {
        self.flags & Self::PROTECTED != 0
    }

    /// Whether its body is data in clear, in one piece.
    pub(super) fn carries_llc(&self) -> bool {
        let is_empty = self.kind.0 & 0x40 != 0;
        let is_part = self.part != 0 || self.flags & Self::MORE_PARTS != 0;
        self.is_data() && !is_empty && !is_part && !self.aggregated && !self.is_protected()
    }

    /// The frames of Ethernet (with a length, and LLC behind it) that one of data in clear holds when it is
    /// [`aggregated`](Self::aggregated): each is for [`super::dissect`] (IEEE 802.11 9.3.2.2.2). A last one that is cut
    /// comes as far as it is there.
    pub fn aggregate(&self) -> impl Iterator<Item = &'a [u8]> {
        const HEADER: usize = 14;
        let is_clear = self.is_data() && self.aggregated && !self.is_protected();
        let mut left = if is_clear { self.body } else { &[] };
        std::iter::from_fn(move || {
            let [.., high, low] = left.first_chunk::<HEADER>()?;
            let size = usize::from(u16::from_be_bytes([*high, *low])).saturating_add(HEADER);
            let frame = left.get(..size).unwrap_or(left);
            left = left.get(size.next_multiple_of(4)..).unwrap_or_default();
            Some(frame)
        })
    }

    /// What its first bytes say of the cipher of protected data.
    pub fn encapsulation(&self) -> Option<Encapsulation> {
        if !self.is_data() || !self.is_protected() {
            return None;
        }
        let [first, second, third, fourth] = self.body.first_chunk()?;
        Some(if fourth & 0x20 == 0 {
            Encapsulation::WepOrWpi
        } else if *second == (*first | 0x20) & 0x7f {
            Encapsulation::Tkip
        } else if *third == 0 {
            Encapsulation::CcmpOrGcmp
        } else {
            Encapsulation::Unknown
        })
    }

    /// What a management frame says of its network. `None`: it is none, or of a kind that says nothing.
    ///
    /// # Errors
    /// The frame ends before its elements begin.
    pub fn network(&self, limits: &Limits) -> Option<Read<Network<'a>>> {
        let fixed = match self.kind {
            FrameType::BEACON | FrameType::PROBE_RESPONSE => 12,
            FrameType::ASSOCIATION_REQUEST => 4,
            FrameType::ASSOCIATION_RESPONSE | FrameType::REASSOCIATION_RESPONSE => 6,
            FrameType::REASSOCIATION_REQUEST => 10,
            FrameType::PROBE_REQUEST => 0,
            _ => return None,
        };
        (!self.is_protected()).then(|| Network::read(self.kind, fixed, self.body, limits))
    }
}

/// What the first bytes of protected data say (IEEE 802.11 12.5; GB 15629.11, WPI).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encapsulation {
    /// Not the header of the later ciphers. WPI has a header of its own that looks no different from WEP's: which it is,
    /// the network's elements tell.
    WepOrWpi,
    /// TKIP.
    Tkip,
    /// CCMP or GCMP, whose headers are the same.
    CcmpOrGcmp,
    /// None of those.
    Unknown,
}

/// What a management frame says of a network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network<'a> {
    /// Its name; empty: it is hidden.
    pub ssid: Option<&'a [u8]>,
    /// Whether data must be protected, where the frame says.
    pub privacy: Option<bool>,
    /// The element RSN: WPA2 and later.
    pub rsn: Option<Suites>,
    /// The element of WPA.
    pub wpa: Option<Suites>,
    /// The element of WAPI.
    pub wapi: Option<Suites>,
}

/// What an element offers, or what a station chose of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suites {
    /// The element's version.
    pub version: u16,
    /// The cipher for groups.
    pub multicast: Option<CipherSuite>,
    /// Ciphers between two.
    pub unicast: Vec<CipherSuite>,
    /// How keys are agreed.
    pub akm: Vec<AkmSuite>,
    /// Capabilities as on the wire.
    pub capabilities: Option<u16>,
    /// The cipher that protects management frames for groups.
    pub management: Option<CipherSuite>,
}

impl Suites {
    /// Management frames must be protected (IEEE 802.11 9.4.2.24.4).
    pub fn requires_protected_management(&self) -> bool {
        self.capabilities.is_some_and(|bits| bits & 0x40 != 0)
    }

    /// IEEE 802.11 9.4.2.24: everything behind the version may be left out. WPA's element has the same order.
    fn rsn(reader: &mut Reader<'_>, suites: &mut Suites) -> Result<(), Defect> {
        suites.version = little(reader)?;
        if reader.is_empty() {
            return Ok(());
        }
        suites.multicast = Some(CipherSuite::read(reader)?);
        if reader.is_empty() {
            return Ok(());
        }
        for _ in 0..little(reader)? {
            suites.unicast.push(CipherSuite::read(reader)?);
        }
        if reader.is_empty() {
            return Ok(());
        }
        for _ in 0..little(reader)? {
            suites.akm.push(AkmSuite::read(reader)?);
        }
        if reader.is_empty() {
            return Ok(());
        }
        suites.capabilities = Some(little(reader)?);
        if reader.is_empty() {
            return Ok(());
        }
        for _ in 0..little(reader)? {
            reader.take(16)?;
        }
        if !reader.is_empty() {
            suites.management = Some(CipherSuite::read(reader)?);
        }
        Ok(())
    }

    /// GB 15629.11, WAPI information element.
    fn wapi(reader: &mut Reader<'_>, suites: &mut Suites) -> Result<(), Defect> {
        suites.version = little(reader)?;
        for _ in 0..little(reader)? {
            suites.akm.push(AkmSuite::read(reader)?);
        }
        for _ in 0..little(reader)? {
            suites.unicast.push(CipherSuite::read(reader)?);
        }
        suites.multicast = Some(CipherSuite::read(reader)?);
        suites.capabilities = Some(little(reader)?);
        if reader.is_empty() {
            return Ok(());
        }
        for _ in 0..little(reader)? {
            reader.take(16)?;
        }
        Ok(())
    }
}

fn little(reader: &mut Reader<'_>) -> Result<u16, Defect> {
    reader.array().map(u16::from_le_bytes)
}

/// What a network's protection is called: by the Wi-Fi Alliance, and WAPI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protection {
    /// None.
    None,
    /// Encryption without negotiation: WEP.
    Wep,
    /// WPA.
    Wpa,
    /// WPA2.
    Wpa2,
    /// WPA3.
    Wpa3,
    /// Encryption without authentication: OWE.
    EnhancedOpen,
    /// WAPI.
    Wapi,
}

impl fmt::Display for Protection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Protection::None => "none",
            Protection::Wep => "WEP",
            Protection::Wpa => "WPA",
            Protection::Wpa2 => "WPA2",
            Protection::Wpa3 => "WPA3",
            Protection::EnhancedOpen => "Enhanced Open",
            Protection::Wapi => "WAPI",
        })
    }
}

impl<'a> Network<'a> {
    const SSID: u8 = 0;
    const RSN: u8 = 48;
    const WAPI: u8 = 68;
    const VENDOR: u8 = 221;
    /// The type of WPA's element among those of its vendor.
    const WPA_TYPE: u8 = 1;

    fn read(kind: FrameType, fixed: usize, body: &'a [u8], limits: &Limits) -> Read<Network<'a>> {
        let (mut reader, mut defects) = (Reader::new(body), Defects::new(limits));
        let mut fields = Reader::new(reader.take(fixed)?);
        let mut network = Network::default();
        if kind != FrameType::PROBE_REQUEST {
            // Time and interval come before the capabilities in what an access point sends unasked.
            fields.take(if fixed == 12 { 10 } else { 0 })?;
            network.privacy = Some(little(&mut fields)? & 0x10 != 0);
        }
        network.elements(&mut reader, &mut defects);
        Ok(defects.reading(network, &reader))
    }

    fn elements(&mut self, reader: &mut Reader<'a>, defects: &mut Defects) {
        while !reader.is_empty() {
            if let Err(defect) = self.element(reader) {
                defects.push(defect);
                break;
            }
        }
    }

    /// One element. Of two of a kind the first holds.
    fn element(&mut self, reader: &mut Reader<'a>) -> Result<(), Defect> {
        let number = reader.u8()?;
        let mut inner = reader.vector8()?;
        let (kept, read): (&mut Option<Suites>, fn(&mut Reader<'_>, &mut Suites) -> _) = match number {
            Self::SSID => {
                self.ssid = self.ssid.or(Some(inner.rest()));
                return Ok(());
            }
            Self::RSN => (&mut self.rsn, Suites::rsn),
            Self::WAPI => (&mut self.wapi, Suites::wapi),
            Self::VENDOR => match inner.array() {
                Ok(vendor) if vendor == [WPA[0], WPA[1], WPA[2], Self::WPA_TYPE] => (&mut self.wpa, Suites::rsn),
                _ => return Ok(()),
            },
            _ => return Ok(()),
        };
        if kept.is_some() {
            return Ok(());
        }
        let mut suites = Suites::default();
        let outcome = read(&mut inner, &mut suites);
        *kept = Some(suites);
        outcome
    }

    /// All protections that are offered, the weaker first.
    pub fn protections(&self) -> Vec<Protection> {
        let mut found = Vec::new();
        if self.wpa.is_some() {
            found.push(Protection::Wpa);
        }
        if let Some(rsn) = &self.rsn {
            if rsn.akm.is_empty() {
                // 802.1X is meant when nothing is said.
                found.push(Protection::Wpa2);
            }
            found.extend(rsn.akm.iter().map(|akm| match akm {
                AkmSuite { organisation: IEEE, number: 8 | 9 | 11..=13 | 24 | 25 } => Protection::Wpa3,
                AkmSuite { organisation: IEEE, number: 18 } => Protection::EnhancedOpen,
                _ => Protection::Wpa2,
            }));
        }
        if self.wapi.is_some() {
            found.push(Protection::Wapi);
        }
        if found.is_empty() {
            found.push(if self.privacy == Some(true) { Protection::Wep } else { Protection::None });
        }
        found.sort();
        found.dedup();
        found
    }
}

/// A packet of EAPOL (IEEE 802.1X 11.3): Ethernet type 0x888e.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Eapol<'a> {
    /// The version of the protocol.
    pub version: u8,
    /// What it is.
    pub kind: EapolType,
    /// The key frame, if it is one.
    pub key: Option<EapolKey<'a>>,
}

/// A key frame (IEEE 802.11 12.7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EapolKey<'a> {
    /// 2 for RSN, 254 for WPA.
    pub descriptor: u8,
    /// Bits as on the wire; the lowest three are the version of the descriptor.
    pub information: u16,
    /// Whether the nonce is one.
    pub has_nonce: bool,
    /// Elements or keys; encrypted or not, as `information` says.
    pub data: &'a [u8],
}

/// Which message of a handshake a key frame is (IEEE 802.11 12.7.6, 12.7.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyMessage {
    /// Of the four for the keys between two, from 1.
    Pairwise(u8),
    /// Of the two for the keys of a group, from 1.
    Group(u8),
    /// A station asks for new keys, or tells of an error.
    Request,
}

impl<'a> EapolKey<'a> {
    const PAIRWISE: u16 = 0x0008;
    const ACKNOWLEDGE: u16 = 0x0080;
    const INTEGRITY: u16 = 0x0100;
    const REQUEST: u16 = 0x0800;
    const ENCRYPTED: u16 = 0x1000;

    /// What the elements in clear of a message say: those of the second are what the station chose.
    pub fn chosen(&self, limits: &Limits) -> Option<Reading<Network<'a>>> {
        let is_second = self.message() == KeyMessage::Pairwise(2) && self.information & Self::ENCRYPTED == 0;
        is_second.then(|| {
            let (mut reader, mut defects) = (Reader::new(self.data), Defects::new(limits));
            let mut network = Network::default();
            network.elements(&mut reader, &mut defects);
            defects.reading(network, &reader)
        })
    }

    /// Which message it is.
    pub fn message(&self) -> KeyMessage {
        let has = |bit: u16| self.information & bit != 0;
        match (has(Self::PAIRWISE), has(Self::ACKNOWLEDGE), has(Self::INTEGRITY)) {
            _ if has(Self::REQUEST) => KeyMessage::Request,
            (true, true, false) => KeyMessage::Pairwise(1),
            (true, true, true) => KeyMessage::Pairwise(3),
            // The second brings a nonce and the elements that the station chose, the fourth neither.
            (true, false, _) if self.has_nonce && !self.data.is_empty() => KeyMessage::Pairwise(2),
            (true, false, _) => KeyMessage::Pairwise(4),
            (false, true, _) => KeyMessage::Group(1),
            (false, false, _) => KeyMessage::Group(2),
        }
    }
}

impl<'a> Eapol<'a> {
    /// Reads a packet; padding behind it is left.
    ///
    /// # Errors
    /// Less than a header.
    pub fn read(bytes: &'a [u8], limits: &Limits) -> Read<Eapol<'a>> {
        let (mut reader, mut defects) = (Reader::new(bytes), Defects::new(limits));
        let (version, kind) = (reader.u8()?, EapolType(reader.u8()?));
        let mut packet = Eapol { version, kind, key: None };
        match reader.vector16() {
            Ok(body) if kind == EapolType::KEY => match EapolKey::read(body) {
                Ok(key) => packet.key = Some(key),
                Err(defect) => defects.push(defect),
            },
            Ok(_) => {}
            Err(defect) => defects.push(defect),
        }
        Ok(defects.reading(packet, &reader))
    }
}

impl<'a> EapolKey<'a> {
    fn read(mut body: Reader<'a>) -> Result<EapolKey<'a>, Defect> {
        let (descriptor, information) = (body.u8()?, body.u16()?);
        // Length of the key and a counter.
        body.take(2 + 8)?;
        let nonce = body.take(32)?;
        // Initial vector, receive counter, and what was reserved.
        body.take(16 + 8 + 8)?;
        // How long the check is depends on the AKM, which the frame does not tell: its own length does.
        let data = [16, 24, 32, 0].into_iter().find_map(|check| {
            let mut ahead = body.clone();
            ahead.take(check).ok()?;
            let data = ahead.vector16().ok()?;
            ahead.is_empty().then_some(data)
        });
        let data = match data {
            Some(mut data) => data.rest(),
            None => {
                body.take(16)?;
                body.vector16()?.rest()
            }
        };
        Ok(EapolKey { descriptor, information, has_nonce: nonce.iter().any(|byte| *byte != 0), data })
    }
}

/// A packet of WAI (GB 15629.11, WAI protocol packets): Ethernet type 0x88b4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wai<'a> {
    /// The version of the protocol.
    pub version: u16,
    /// The type; 1 is WAI's only one.
    pub kind: u8,
    /// What it is.
    pub subtype: WaiSubtype,
    /// Its number.
    pub sequence: u16,
    /// Which part of a packet it is, from 0.
    pub part: u8,
    /// Whether another part follows, in the lowest bit.
    pub flags: u8,
    /// What is behind the header.
    pub data: &'a [u8],
}

impl<'a> Wai<'a> {
    const HEADER: usize = 12;

    /// Reads a packet; padding behind it is left.
    ///
    /// # Errors
    /// Less than a header.
    pub fn read(bytes: &'a [u8], limits: &Limits) -> Read<Wai<'a>> {
        let (mut reader, mut defects) = (Reader::new(bytes), Defects::new(limits));
        let (version, kind, subtype) = (reader.u16()?, reader.u8()?, WaiSubtype(reader.u8()?));
        reader.take(2)?;
        let at = reader.at();
        let length = usize::from(reader.u16()?);
        let (sequence, part, flags) = (reader.u16()?, reader.u8()?, reader.u8()?);
        let data = match length.checked_sub(Self::HEADER) {
            Some(length) => reader.take(length).unwrap_or_else(|short| {
                defects.push(short);
                reader.rest()
            }),
            None => {
                defects.note(at, DefectKind::HeaderLength(length));
                &[]
            }
        };
        Ok(defects.reading(Wai { version, kind, subtype, sequence, part, flags, data }, &reader))
    }
}
