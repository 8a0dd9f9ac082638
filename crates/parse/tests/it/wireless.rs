//! What 802.11 says of its protection: the recorded networks, elements of every kind, keys and WAI.

use dengmi_parse::capture::wireless::{
    AkmSuite, CipherSuite, Eapol, FrameType, KeyMessage, Network, Suites, Wai, WaiSubtype, WirelessFrame,
};
use dengmi_parse::capture::{Dissected, Encapsulated, EtherType, Frame, LinkType, dissect};
use dengmi_parse::{DefectKind, Limits};
use proptest::prelude::*;

use crate::packets::{read, samples};

/// Looks into a frame in every way.
pub(crate) fn look(frame: &WirelessFrame<'_>, limits: &Limits) {
    let _ = (frame.encapsulation(), frame.kind.to_string());
    assert!(frame.aggregate().map(<[u8]>::len).sum::<usize>() <= frame.body.len());
    if let Some(Ok(reading)) = frame.network(limits) {
        assert!(!reading.value.protections().is_empty());
    }
}

/// Looks into what a frame of EAPOL or WAI holds, and at all others as if they were that.
pub(crate) fn look_inside(frame: &Frame<'_>, limits: &Limits) {
    if let Ok(reading) = Eapol::read(frame.payload, limits) {
        let _ = reading.value.key.map(|key| (key.message(), key.chosen(limits)));
    }
    let _ = Wai::read(frame.payload, limits).map(|reading| reading.value.subtype.to_string());
}

fn names<T: ToString>(all: &[T]) -> Vec<String> {
    all.iter().map(T::to_string).collect()
}

#[test]
fn the_recorded_networks_are_told_as_they_were() {
    let limits = Limits::default();
    let mut recorded = samples().into_iter().filter(|(path, _, _)| path.to_string_lossy().contains("wapi"));
    let (_, file, truth) = recorded.next().unwrap();
    let told = read(&file, [], &limits);
    let (mut networks, mut rest, mut labels) = (Vec::new(), Vec::new(), Vec::new());
    for (link, _, _, captured, _, _) in &told.packets {
        match dissect(*link, captured, &mut labels, &limits).unwrap() {
            Dissected::Wireless(frame) if frame.kind == FrameType::BEACON => {
                let reading = frame.network(&limits).unwrap().unwrap();
                assert_eq!((reading.defects, reading.rest), (vec![], 0));
                let network = reading.value;
                let suites = network.wapi.clone().or(network.rsn.clone()).unwrap_or_default();
                let multicast = suites.multicast.map(|suite| suite.to_string()).unwrap_or_default();
                networks.push((
                    String::from_utf8(network.ssid.unwrap().to_vec()).unwrap(),
                    frame.bssid.unwrap().map(|byte| format!("{byte:02x}")).join(":"),
                    names(&network.protections()).join("+"),
                    (names(&suites.akm), names(&suites.unicast), multicast),
                ));
            }
            Dissected::Wireless(frame) => {
                let chosen = frame.network(&limits).map(|read| read.unwrap().value.protections());
                rest.push(format!("{} {:?} {:?}", frame.kind, chosen, frame.encapsulation()));
            }
            Dissected::Frame(frame) => {
                assert_eq!(frame.holds, Encapsulated::Ether(EtherType::WAI));
                let reading = Wai::read(frame.payload, &limits).unwrap();
                assert_eq!((reading.defects, reading.rest), (vec![], 0));
                let Wai { version, kind, subtype, sequence, part, flags, data } = reading.value;
                assert_eq!((version, kind, sequence, part, flags, data.len()), (1, 1, 1, 0, 0, 33));
                rest.push(subtype.to_string());
            }
            other => panic!("{other:?}"),
        }
    }
    let text = |table: &toml::Value, key: &str| table[key].as_str().unwrap().to_owned();
    let list = |table: &toml::Value, key: &str| -> Vec<String> {
        table[key].as_array().unwrap().iter().map(|value| value.as_str().unwrap().to_owned()).collect()
    };
    let expected = truth["network"].as_array().unwrap().iter().map(|table| {
        let suites = (list(table, "akm"), list(table, "unicast_cipher"), text(table, "multicast_cipher"));
        (text(table, "ssid"), text(table, "bssid"), text(table, "protection"), suites)
    });
    assert_eq!(networks, expected.collect::<Vec<_>>());
    let expected = ["association request Some([Wapi]) None", "authentication activation", "data None Some(WepOrWpi)"];
    assert_eq!(rest, expected);
}

/// A beacon with these elements, in plain 802.11.
fn beacon(privacy: bool, elements: &[(u8, &[u8])]) -> Vec<u8> {
    let capabilities = [if privacy { 0x10 } else { 0 }, 0];
    let elements =
        elements.iter().flat_map(|(number, body)| [&[*number, u8::try_from(body.len()).unwrap()], *body].concat());
    let head = [&[0x80, 0, 0, 0][..], &[0xff; 6], &[2; 6], &[2; 6], &[0, 0], &[0; 10], &capabilities].concat();
    head.into_iter().chain(elements).collect()
}

fn network<T>(bytes: &[u8], look: impl FnOnce(Network<'_>, Vec<DefectKind>) -> T) -> T {
    let limits = Limits::default();
    let dissected = dissect(LinkType::IEEE802_11, bytes, &mut Vec::new(), &limits).unwrap();
    let Dissected::Wireless(frame) = dissected else { panic!("{dissected:?}") };
    let reading = frame.network(&limits).unwrap().unwrap();
    look(reading.value, reading.defects.into_iter().map(|defect| defect.what).collect())
}

/// An element RSN with these AKMs of the standard, and CCMP.
fn rsn(akms: &[u8]) -> Vec<u8> {
    let count = u8::try_from(akms.len()).unwrap();
    let suites = akms.iter().flat_map(|akm| [0, 0x0f, 0xac, *akm]);
    [1, 0, 0, 0x0f, 0xac, 4, 1, 0, 0, 0x0f, 0xac, 4, count, 0].into_iter().chain(suites).chain([0xc0, 0]).collect()
}

#[test]
fn protections_are_named_by_what_is_offered() {
    let check = |privacy: bool, elements: &[(u8, &[u8])], expected: &str| {
        let found = network(&beacon(privacy, elements), |network, defects| {
            assert_eq!(defects, []);
            names(&network.protections()).join("+")
        });
        assert_eq!(found, expected);
    };
    let wpa = [0, 0x50, 0xf2, 1, 1, 0, 0, 0x50, 0xf2, 2, 1, 0, 0, 0x50, 0xf2, 2, 1, 0, 0, 0x50, 0xf2, 2];
    check(false, &[(0, b"open")], "none");
    check(true, &[(0, b"old")], "WEP");
    check(true, &[(221, &wpa)], "WPA");
    check(true, &[(221, &[0, 0x50, 0xf2, 4, 1])], "WEP");
    check(true, &[(48, &rsn(&[2])), (221, &wpa)], "WPA+WPA2");
    check(true, &[(48, &[1, 0])], "WPA2");
    check(true, &[(48, &rsn(&[8, 2]))], "WPA2+WPA3");
    check(true, &[(48, &rsn(&[8, 24]))], "WPA3");
    check(true, &[(48, &rsn(&[12]))], "WPA3");
    check(true, &[(48, &rsn(&[18]))], "Enhanced Open");
    check(true, &[(48, &rsn(&[200]))], "WPA2");
}

#[test]
fn elements_are_read_to_their_end_and_as_far_as_they_go() {
    let ieee = |number| CipherSuite { organisation: [0, 0x0f, 0xac], number };
    let long = [&rsn(&[8, 200])[..], &[1, 0], &[9; 16], &[0, 0x0f, 0xac, 6]].concat();
    let suites = Suites {
        version: 1,
        multicast: Some(ieee(4)),
        unicast: vec![ieee(4)],
        akm: [8, 200].map(|number| AkmSuite { organisation: [0, 0x0f, 0xac], number }).to_vec(),
        capabilities: Some(0xc0),
        management: Some(ieee(6)),
    };
    network(&beacon(true, &[(48, &long)]), |network, defects| {
        assert_eq!((network.rsn, defects), (Some(suites.clone()), vec![]));
    });
    assert!(suites.requires_protected_management());
    assert_eq!(names(&suites.akm), ["SAE", "00-0F-AC:200"]);
    assert_eq!(suites.management.unwrap().to_string(), "BIP-CMAC-128");
    // Two names: the first holds. An element that ends early gives what it has.
    network(&beacon(true, &[(0, b"first"), (0, b"second"), (48, &long[..19]), (48, &long)]), |network, defects| {
        assert_eq!(network.ssid, Some(&b"first"[..]));
        assert_eq!(network.rsn.unwrap().akm.len(), 1);
        assert_eq!(defects, [DefectKind::Short { wanted: 3, left: 1 }]);
    });
    let mut cut = beacon(true, &[(0, b"name"), (48, &long)]);
    cut.truncate(50);
    network(&cut, |network, defects| {
        assert_eq!((network.ssid, network.rsn), (Some(&b"name"[..]), None));
        assert_eq!(defects, [DefectKind::Short { wanted: 46, left: 6 }]);
    });
}

/// A key frame of EAPOL with a check of so many bytes.
fn key(information: u16, nonce: u8, check: usize, data: &[u8]) -> Vec<u8> {
    let body = [
        &[2][..],
        &information.to_be_bytes(),
        &[0; 10],
        &[nonce; 32],
        &[0; 32],
        &vec![7; check],
        &u16::try_from(data.len()).unwrap().to_be_bytes(),
        data,
    ];
    let body = body.concat();
    [&[2, 3][..], &u16::try_from(body.len()).unwrap().to_be_bytes(), &body].concat()
}

#[test]
fn messages_of_the_handshake_are_numbered() {
    let limits = Limits::default();
    let chosen = rsn(&[2]);
    for check in [16, 24, 32, 0] {
        for (information, nonce, data, expected) in [
            (0x008a, 1, &[][..], KeyMessage::Pairwise(1)),
            (0x008a, 1, &[0xdd, 0], KeyMessage::Pairwise(1)),
            (0x010a, 1, &chosen, KeyMessage::Pairwise(2)),
            (0x13ca, 1, &[9; 56], KeyMessage::Pairwise(3)),
            (0x030a, 0, &[], KeyMessage::Pairwise(4)),
            (0x0109, 1, &[], KeyMessage::Pairwise(4)),
            (0x1382, 0, &[9; 40], KeyMessage::Group(1)),
            (0x0302, 0, &[], KeyMessage::Group(2)),
            (0x0d0a, 0, &[], KeyMessage::Request),
        ] {
            let bytes = [key(information, nonce, check, data), vec![0; 3]].concat();
            let reading = Eapol::read(&bytes, &limits).unwrap();
            assert_eq!((reading.defects, reading.rest), (vec![], 3));
            let found = reading.value.key.unwrap();
            assert_eq!((found.descriptor, found.information, found.data), (2, information, data));
            assert_eq!(found.message(), expected, "{information:x} {check}");
        }
    }
    let elements = [&[48, u8::try_from(chosen.len()).unwrap()], &chosen[..]].concat();
    let second = key(0x010a, 1, 16, &elements);
    let reading = Eapol::read(&second, &limits).unwrap().value.key.unwrap().chosen(&limits).unwrap();
    assert_eq!((names(&reading.value.rsn.unwrap().akm), reading.defects), (vec!["PSK".to_owned()], vec![]));
    let encrypted = key(0x110a, 1, 16, &elements);
    assert_eq!(Eapol::read(&encrypted, &limits).unwrap().value.key.unwrap().chosen(&limits), None);
    let start = Eapol::read(&[1, 1, 0, 0], &limits).unwrap();
    assert_eq!((start.value.kind.to_string(), start.value.key), ("EAPOL-Start".to_owned(), None));
    assert_eq!(Eapol::read(&[1, 3, 0, 9, 1], &limits).unwrap().defects.len(), 1);
    assert!(Eapol::read(&[1], &limits).is_err());
}

#[test]
fn packets_of_wai_are_read_by_their_length() {
    let limits = Limits::default();
    let packet = |length: u8| [0, 1, 1, 4, 0, 0, 0, length, 0, 2, 1, 1, 0xaa, 0xbb];
    let reading =
        Wai::read(&packet(13), &limits).map(|reading| (reading.value.data.to_vec(), reading.defects, reading.rest));
    assert_eq!(reading, Ok((vec![0xaa], vec![], 1)));
    let whole = packet(14);
    let whole = Wai::read(&whole, &limits).unwrap().value;
    let expected = (WaiSubtype::ACCESS_AUTHENTICATION_REQUEST, 2, 1, 1);
    assert_eq!((whole.subtype, whole.sequence, whole.part, whole.flags), expected);
    let defects = |length| Wai::read(&packet(length), &limits).unwrap().defects.into_iter().map(|defect| defect.what);
    assert_eq!(defects(11).collect::<Vec<_>>(), [DefectKind::HeaderLength(11)]);
    assert_eq!(defects(15).collect::<Vec<_>>(), [DefectKind::Short { wanted: 3, left: 2 }]);
    assert!(Wai::read(&packet(13)[..11], &limits).is_err());
}

#[test]
fn frames_in_one_frame_are_handed_out_one_by_one() {
    let limits = Limits::default();
    let llc = [0xaa, 0xaa, 3, 0, 0, 0, 0x88, 0x8e, 7];
    let part = |length: u8, padding: usize| [&[1; 12][..], &[0, length], &llc, &vec![0; padding]].concat();
    let check = |flags: u8, control: u8, body: &[u8], expected: &[usize]| {
        let bytes = [&[0x88, flags, 0, 0][..], &[0xb; 18], &[0, 0, control, 0], body].concat();
        let dissected = dissect(LinkType::IEEE802_11, &bytes, &mut Vec::new(), &limits);
        let Ok(Dissected::Wireless(frame)) = dissected else { panic!("{dissected:?}") };
        assert_eq!(frame.aggregate().map(<[u8]>::len).collect::<Vec<_>>(), expected, "{body:02x?}");
        for part in frame.aggregate() {
            let dissected = dissect(LinkType::ETHERNET, part, &mut Vec::new(), &limits);
            let Ok(Dissected::Frame(inner)) = dissected else { panic!("{dissected:?}") };
            assert_eq!((inner.holds, inner.payload[0]), (Encapsulated::Ether(EtherType::EAPOL), 7));
        }
    };
    check(0, 0x80, &part(9, 0), &[23]);
    check(0, 0x80, &[part(9, 1), part(9, 0)].concat(), &[23, 23]);
    check(0, 0x80, &[part(9, 1), part(99, 1), part(9, 0)[..13].to_vec()].concat(), &[23, 37]);
    check(0x40, 0x80, &part(9, 0), &[]);
    check(0x40, 0, &part(9, 0), &[]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn any_bytes_are_looked_at_without_panic(first in any::<u8>(), bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        let limits = Limits::default();
        let frame = [&[first & 0xfc], &bytes[..]].concat();
        if let Ok(Dissected::Wireless(frame)) = dissect(LinkType::IEEE802_11, &frame, &mut Vec::new(), &limits) {
            look(&frame, &limits);
        }
        let holds = Encapsulated::Ether(EtherType::WAI);
        look_inside(&Frame { holds, stations: None, payload: &bytes }, &limits);
        network(&beacon(true, &[(48, &bytes), (68, &bytes), (221, &bytes)]), |_, _| ());
    }
}
