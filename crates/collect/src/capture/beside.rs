//! What is no flow of TCP or UDP: ESP and AH between two hosts, and the authentication of WAPI between a station and its
//! access point.

use dengmi_core::{Completion, Field, Session};
use dengmi_parse::capture::Address;
use dengmi_parse::capture::wireless::{Suites, Wai, WaiSubtype};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Pairs of hosts that are counted apart.
const PAIRS: usize = 4096;
/// Security associations of a pair that are told apart.
const ASSOCIATIONS: usize = 64;
/// Stations that are followed.
const STATIONS: usize = 4096;

/// Packets of ESP (RFC 4303) or AH (RFC 4302) between two hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tunnel {
    /// `ESP`, `ESP in UDP`, or `AH`: in clear, but not to be changed.
    pub protocol: &'static str,
    /// Both hosts; the first is whoever was seen sending first.
    pub ends: [IpAddr; 2],
    /// Packets that each sent.
    pub packets: [u64; 2],
    /// Bytes behind the network's header, or that of UDP, that each sent.
    pub bytes: [u64; 2],
    /// Security associations, by their SPI, as far as they are counted: up to 64.
    pub associations: usize,
    /// The first and the last packet, in nanoseconds since 1970.
    pub seen: (u64, u64),
}

/// All pairs.
#[derive(Default)]
pub(super) struct Tunnels(BTreeMap<(&'static str, [Address; 2]), Counted>);

struct Counted {
    /// Whether the first packet came from the higher address.
    from_higher: bool,
    packets: [u64; 2],
    bytes: [u64; 2],
    spis: BTreeSet<u32>,
    seen: (u64, u64),
}

impl Tunnels {
    /// Counts a packet; `false`: there are too many pairs.
    pub(super) fn count(
        &mut self,
        protocol: &'static str,
        [source, destination]: [Address; 2],
        spi: u32,
        length: usize,
        time: u64,
    ) -> bool {
        let from_higher = source > destination;
        let key = (protocol, if from_higher { [destination, source] } else { [source, destination] });
        if self.0.len() >= PAIRS && !self.0.contains_key(&key) {
            return false;
        }
        let counted = self.0.entry(key).or_insert_with(|| Counted {
            from_higher,
            packets: [0; 2],
            bytes: [0; 2],
            spis: BTreeSet::new(),
            seen: (time, time),
        });
        let [(packets, bytes), other] = {
            let [first, second] = &mut counted.packets;
            let [first_bytes, second_bytes] = &mut counted.bytes;
            [(first, first_bytes), (second, second_bytes)]
        };
        let (packets, bytes) = if from_higher == counted.from_higher { (packets, bytes) } else { other };
        *packets = packets.saturating_add(1);
        *bytes = bytes.saturating_add(length as u64);
        if counted.spis.len() < ASSOCIATIONS {
            counted.spis.insert(spi);
        }
        counted.seen = (counted.seen.0.min(time), counted.seen.1.max(time));
        true
    }

    pub(super) fn end(self) -> Vec<Tunnel> {
        let told = self.0.into_iter().map(|((protocol, [low, high]), counted)| Tunnel {
            protocol,
            ends: if counted.from_higher { [high.ip(), low.ip()] } else { [low.ip(), high.ip()] },
            packets: counted.packets,
            bytes: counted.bytes,
            associations: counted.spis.len(),
            seen: counted.seen,
        });
        told.collect()
    }
}

/// A hardware address.
pub(super) type Station = [u8; 6];

/// What was seen of stations of WAPI, by station and access point.
#[derive(Default)]
pub(super) struct Stations(BTreeMap<[Station; 2], Joined>);

/// One station at one access point.
#[derive(Default)]
struct Joined {
    began: Option<(u64, u64)>,
    /// The version of WAI.
    version: Option<u16>,
    /// What the station chose when it associated.
    akm: Option<String>,
    cipher: Option<String>,
    /// Subtypes of WAI that went by.
    seen: BTreeSet<u8>,
    /// Frames of data under keys.
    protected: bool,
}

/// A session of WAPI: who with whom, when it began and with which packet.
pub(super) struct WapiSession {
    pub(super) ends: [Station; 2],
    pub(super) began: (u64, u64),
    pub(super) session: Session,
}

impl Stations {
    fn of(&mut self, ends: [Station; 2], time: u64, packet: u64) -> Option<&mut Joined> {
        if self.0.len() >= STATIONS && !self.0.contains_key(&ends) {
            return None;
        }
        let joined = self.0.entry(ends).or_default();
        joined.began.get_or_insert((time, packet));
        Some(joined)
    }

    /// A station associates with an access point and says what it chose. `false`: there are too many stations.
    pub(super) fn associates(&mut self, ends: [Station; 2], suites: &Suites, time: u64, packet: u64) -> bool {
        let Some(joined) = self.of(ends, time, packet) else { return false };
        joined.akm = suites.akm.first().map(ToString::to_string);
        joined.cipher = suites.unicast.first().map(ToString::to_string);
        true
    }

    /// A packet of WAI between two of which one is the access point, where the frame says.
    pub(super) fn wai(
        &mut self,
        [source, destination]: [Station; 2],
        access_point: Option<Station>,
        wai: &Wai<'_>,
        time: u64,
        packet: u64,
    ) -> bool {
        // Where only a wire was seen: what the access point sends and what the station.
        let from_station = matches!(
            wai.subtype,
            WaiSubtype::ACCESS_AUTHENTICATION_REQUEST
                | WaiSubtype::UNICAST_KEY_RESPONSE
                | WaiSubtype::MULTICAST_KEY_RESPONSE
                | WaiSubtype::PRE_AUTHENTICATION_START
        );
        let from_station = access_point.map_or(from_station, |access_point| access_point != source);
        let ends = if from_station { [source, destination] } else { [destination, source] };
        let Some(joined) = self.of(ends, time, packet) else { return false };
        joined.version.get_or_insert(wai.version);
        joined.seen.insert(wai.subtype.0);
        true
    }

    /// Data under keys between two; of a station that is known only.
    pub(super) fn protected(&mut self, station: Station, access_point: Station) {
        if let Some(joined) = self.0.get_mut(&[station, access_point]) {
            joined.protected = true;
        }
    }

    pub(super) fn end(self) -> Vec<WapiSession> {
        let mut sessions: Vec<WapiSession> = self
            .0
            .into_iter()
            .map(|(ends, joined)| WapiSession {
                ends,
                began: joined.began.unwrap_or_default(),
                session: joined.session(),
            })
            .collect();
        sessions.sort_by_key(|session| session.began);
        sessions
    }
}

impl Joined {
    fn session(self) -> Session {
        let went_by = |subtype: WaiSubtype| self.seen.contains(&subtype.0);
        let word = |value: Option<String>| value.map_or(Field::Hidden, |value| Field::Seen(value.into()));
        // GB 15629.11: the station has its keys with the confirmation of the unicast key negotiation.
        let complete = went_by(WaiSubtype::UNICAST_KEY_CONFIRMATION);
        let mut hidden = BTreeMap::from([("certificate".into(), "inside WAI, which is told by its steps only".into())]);
        let missing = [("version", self.version.is_none()), ("cipher", self.cipher.is_none())];
        hidden.extend(
            missing.iter().filter(|(_, is)| *is).map(|(field, _)| ((*field).into(), "not in the capture".into())),
        );
        Session {
            protocol: Field::Seen("WAPI".into()),
            version: word(self.version.map(|version| version.to_string())),
            auth: self.akm.map(Into::into),
            cipher: word(self.cipher),
            // Both sides show certificates or know the key: one that is chosen serves both.
            handshake: if complete { Completion::Complete } else { Completion::Unfinished },
            encrypted: if self.protected { Field::Seen(true) } else { Field::Hidden },
            hidden,
            ..Session::default()
        }
    }
}

/// A hardware address as people write it.
pub(super) fn text(station: Station) -> Box<str> {
    station.map(|byte| format!("{byte:02x}")).join(":").into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dengmi_parse::Limits;

    #[test]
    fn packets_of_a_pair_are_counted_by_direction_and_bounded() {
        let host = |last: u8| Address::v4([192, 0, 2, last]);
        let mut tunnels = Tunnels::default();
        for (ends, spi, time) in [([9, 1], 7, 5), ([1, 9], 8, 6), ([9, 1], 7, 9)] {
            assert!(tunnels.count("ESP", ends.map(host), spi, 100, time));
        }
        assert!(tunnels.count("AH", [host(1), host(9)], 3, 40, 1));
        let told = tunnels.end();
        let esp = Tunnel {
            protocol: "ESP",
            ends: ["192.0.2.9".parse().unwrap(), "192.0.2.1".parse().unwrap()],
            packets: [2, 1],
            bytes: [200, 100],
            associations: 2,
            seen: (5, 9),
        };
        assert_eq!((told.len(), &told[1]), (2, &esp));
        assert_eq!((told[0].protocol, told[0].packets), ("AH", [1, 0]));
        let mut many = Tunnels::default();
        let pair = |number: usize| [host(1), Address::v4([10, 0, (number >> 8) as u8, number as u8])];
        assert!((0..PAIRS).all(|number| many.count("ESP", pair(number), 1, 1, 1)));
        assert!(!many.count("ESP", pair(PAIRS), 1, 1, 1) && many.count("ESP", pair(0), 1, 1, 1));
        assert_eq!(many.end().len(), PAIRS);
    }

    #[test]
    fn a_whole_negotiation_of_wapi_is_complete_and_stations_are_bounded() {
        let (station, access_point) = ([2, 0, 0, 0, 0, 2], [2, 0, 0, 0, 0, 1]);
        let packet = |subtype: u8| [0, 1, 1, subtype, 0, 0, 0, 12, 0, 1, 0, 0];
        let run = |steps: &[u8], with_frame: bool| {
            let mut stations = Stations::default();
            for (number, step) in steps.iter().enumerate() {
                let bytes = packet(*step);
                let wai = Wai::read(&bytes, &Limits::DEFAULT).unwrap().value;
                let from_station = [1, 4, 9, 12].contains(step);
                let ends = if from_station { [station, access_point] } else { [access_point, station] };
                assert!(stations.wai(ends, with_frame.then_some(access_point), &wai, number as u64, 3));
            }
            stations.protected(station, access_point);
            stations.end()
        };
        for with_frame in [true, false] {
            let [one] = &run(&[3, 4, 5, 8, 9, 10, 11, 12], with_frame)[..] else { panic!("one station") };
            assert_eq!((one.ends, one.began), ([station, access_point], (0, 3)));
            assert_eq!((one.session.handshake, &one.session.encrypted), (Completion::Complete, &Field::Seen(true)));
            let [one] = &run(&[3, 4, 5, 8, 9], with_frame)[..] else { panic!("one station") };
            assert_eq!(one.session.handshake, Completion::Unfinished);
        }
        let mut many = Stations::default();
        let joins = |many: &mut Stations, number: usize| {
            many.associates([[0, 0, 0, 0, (number >> 8) as u8, number as u8], access_point], &Suites::default(), 1, 1)
        };
        assert!((0..STATIONS).all(|number| joins(&mut many, number)) && !joins(&mut many, STATIONS));
    }
}
