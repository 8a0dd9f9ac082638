//! What can be seen of IKE: the answer to the first proposals, and whether the exchange under keys was answered.

use super::flow::Ends;
use dengmi_core::registry::{self, IkeClass};
use dengmi_core::{Completion, Field, Session};
use dengmi_parse::Limits;
use dengmi_parse::ike::{
    AttributeType, Encapsulated, ExchangeType, IkeVersion, Message, PayloadType, SecurityAssociation, Transform,
    TransformType,
};
use dengmi_parse::tls::Side;
use std::collections::BTreeMap;

/// One conversation, by the initiator's SPI: it may go over from port 500 to 4500.
pub(super) struct IkeSeen {
    pub(super) ends: Ends,
    /// When it began, and with which packet.
    pub(super) began: (u64, u64),
    version: Option<IkeVersion>,
    minor: u8,
    encryption: Option<Box<str>>,
    prf: Option<Box<str>>,
    integrity: Option<Box<str>>,
    group: Option<Box<str>>,
    auth: Option<Box<str>>,
    complete: bool,
}

/// The message of a datagram, with or without the marker of UDP encapsulation.
pub(super) fn read<'a>(datagram: &'a [u8], limits: &Limits) -> Option<Message<'a>> {
    let bare = Message::read(datagram, limits).ok().map(|reading| reading.value);
    let is_ours = |message: &Message<'_>| message.header.initiator != [0; 8];
    bare.filter(is_ours).or_else(|| match Encapsulated::read(datagram, limits).ok()?.value {
        Encapsulated::Ike(message) => Some(message),
        _ => None,
    })
}

impl IkeSeen {
    pub(super) fn new(ends: Ends, began: (u64, u64)) -> IkeSeen {
        IkeSeen {
            ends,
            began,
            version: None,
            minor: 0,
            encryption: None,
            prf: None,
            integrity: None,
            group: None,
            auth: None,
            complete: false,
        }
    }

    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }

    pub(super) fn take(&mut self, side: Side, message: &Message<'_>, limits: &Limits) {
        let header = &message.header;
        self.version.get_or_insert(header.version);
        self.minor = header.version.0 & 15;
        if header.version.major() == 2 {
            self.complete |= header.exchange == ExchangeType::IKE_AUTH && header.is_response();
        } else {
            // The last message of the main mode, and whatever follows it, is encrypted.
            self.complete |= header.is_encrypted() && side == Side::Server;
        }
        if side == Side::Client || self.encryption.is_some() {
            return;
        }
        let association = match header.version.major() {
            2 => PayloadType::SECURITY_ASSOCIATION,
            _ => PayloadType::SECURITY_ASSOCIATION_1,
        };
        for body in message.bodies(association) {
            let Ok(reading) = SecurityAssociation::read(body, header.version, limits) else { continue };
            for transform in reading.value.proposals.iter().flat_map(|proposal| &proposal.transforms) {
                if header.version.major() == 2 { self.two(transform) } else { self.one(transform) }
            }
        }
    }

    /// One algorithm of IKEv2 (RFC 7296 3.3.2).
    fn two(&mut self, transform: &Transform<'_>) {
        let (class, slot) = match transform.kind() {
            TransformType::ENCRYPTION => (IkeClass::Encryption2, &mut self.encryption),
            TransformType::PSEUDORANDOM_FUNCTION => (IkeClass::Prf, &mut self.prf),
            TransformType::INTEGRITY => (IkeClass::Integrity, &mut self.integrity),
            TransformType::KEY_EXCHANGE_METHOD => (IkeClass::KeyExchange, &mut self.group),
            _ => return,
        };
        slot.get_or_insert_with(|| name(class, transform.identifier, transform.attribute(AttributeType::KEY_LENGTH)));
    }

    /// All algorithms of IKEv1 (RFC 2409 appendix A).
    fn one(&mut self, transform: &Transform<'_>) {
        let of = |kind, class, bits| transform.attribute(kind).map(|number| name(class, number, bits));
        let bits = transform.attribute(AttributeType::KEY_LENGTH);
        self.encryption = of(AttributeType::ENCRYPTION_ALGORITHM, IkeClass::Encryption1, bits);
        self.prf = of(AttributeType::HASH_ALGORITHM, IkeClass::Hash1, None);
        self.group = of(AttributeType::GROUP_DESCRIPTION, IkeClass::KeyExchange, None);
        self.auth = of(AttributeType::AUTHENTICATION_METHOD, IkeClass::Authentication1, None);
    }

    /// The session.
    pub(super) fn session(&self) -> Session {
        let major = self.version.map_or(0, IkeVersion::major);
        Session {
            protocol: Field::Seen("IKE".into()),
            version: Field::Seen(format!("{major}.{}", self.minor).into()),
            auth: self.auth.clone(),
            ike_encryption: self.encryption.clone(),
            ike_prf: self.prf.clone(),
            ike_integrity: self.integrity.clone(),
            ike_group: self.group.clone(),
            handshake: if self.complete { Completion::Complete } else { Completion::Unfinished },
            encrypted: if self.complete { Field::Seen(true) } else { Field::Hidden },
            hidden: BTreeMap::from([("certificate".into(), "sent encrypted".into())]),
            ..Session::default()
        }
    }
}

fn name(class: IkeClass, number: u16, key_bits: Option<u16>) -> Box<str> {
    let name = registry::ike(class, number).map_or_else(|| number.to_string(), |entry| entry.name.into());
    key_bits.map_or_else(|| name.clone().into(), |bits| format!("{name}-{bits}").into())
}
