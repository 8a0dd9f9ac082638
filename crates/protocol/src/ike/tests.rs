//! Plans against small responders that read and write real datagrams.

use super::*;
use dengmi_core::registry::IkeClass;
use dengmi_parse::Limits;
use dengmi_parse::ike::{
    Attribute, AttributeType, ExchangeType, Header, KeyExchange, Message, Notify, NotifyType, Payload, PayloadType,
    Proposal, ProtocolIdentifier, SecurityAssociation, Transform, TransformType,
};

/// A responder's policy: in IKEv2 a proposal, in IKEv1 all combinations of its values.
type Policy = &'static [(IkeKind, &'static [(u16, u16)])];

/// How a responder behaves.
#[derive(Clone, Copy, Default)]
struct Manner {
    cookie: bool,
    /// Says nothing where it would refuse.
    silent: bool,
    /// Never wants another group: takes only what the public value is for.
    strict: bool,
    /// Falls silent after so many choices: half-open connections that nobody finishes.
    patience: Option<u32>,
}

struct Responder {
    policies: Vec<(u8, Policy)>,
    manner: Manner,
    begun: u32,
    cookies: u32,
}

fn choice((number, key_bits): (u16, u16)) -> Choice {
    Choice { number, key_bits: (key_bits > 0).then_some(key_bits) }
}

impl Responder {
    fn new(policies: &[(u8, Policy)], manner: Manner) -> Responder {
        Responder { policies: policies.to_vec(), manner, begun: 0, cookies: 0 }
    }

    fn answer(&mut self, datagram: &[u8]) -> Option<Vec<u8>> {
        let limits = Limits::default();
        let reading = Message::read(datagram, &limits).unwrap();
        assert_eq!((reading.defects, reading.rest), (vec![], 0));
        let message = reading.value;
        // One piece on any path, but for public values that are larger than that.
        let share = message.bodies(PayloadType::KEY_EXCHANGE).map(<[u8]>::len).sum::<usize>();
        assert!(datagram.len() - share.saturating_sub(260) < 1280, "{} bytes", datagram.len());
        if self.manner.patience.is_some_and(|patience| self.begun >= patience) {
            return None;
        }
        if message.header.version.major() == 1 { self.answer_1(&message) } else { self.answer_2(&message) }
    }

    fn refuse(&self, message: &Message<'_>, kind: NotifyType, data: &[u8]) -> Option<Vec<u8>> {
        if self.manner.silent && kind == NotifyType::NO_PROPOSAL_CHOSEN {
            return None;
        }
        let version = message.header.version;
        let mut body = Vec::new();
        Notify { protocol: ProtocolIdentifier(0), spi: &[], kind, data }.write(version, &mut body).unwrap();
        let (payload, exchange) = match version.major() {
            1 => (PayloadType::NOTIFY_1, ExchangeType::INFORMATIONAL_1),
            _ => (PayloadType::NOTIFY, message.header.exchange),
        };
        Some(reply(message, exchange, &[(payload, body)]))
    }

    fn answer_2(&mut self, message: &Message<'_>) -> Option<Vec<u8>> {
        let limits = Limits::default();
        let version = message.header.version;
        if self.manner.cookie {
            let first = message.payloads.first().unwrap();
            let cookie = Notify::read(first.body, version, &limits).unwrap().value;
            if first.kind != PayloadType::NOTIFY || cookie.kind != NotifyType::COOKIE || cookie.data != b"biscuit" {
                self.cookies += 1;
                return self.refuse(message, NotifyType::COOKIE, b"biscuit");
            }
        }
        let body = message.bodies(PayloadType::SECURITY_ASSOCIATION).next().unwrap();
        let offered = SecurityAssociation::read(body, version, &limits).unwrap().value;
        let [proposal] = &offered.proposals[..] else { panic!("one proposal is offered") };
        let share = message.bodies(PayloadType::KEY_EXCHANGE).next().unwrap();
        let share = KeyExchange::read(share, version, &limits).unwrap().value;
        let has = |kind: TransformType, choice: Choice| {
            proposal.transforms.iter().any(|transform| {
                transform.kind() == kind
                    && transform.identifier == choice.number
                    && transform.attribute(AttributeType::KEY_LENGTH) == choice.key_bits
            })
        };
        // RFC 7296 1.2: the public value is for a group on offer.
        let method = share.method.unwrap();
        assert!(has(TransformType::KEY_EXCHANGE_METHOD, Choice { number: method, key_bits: None }), "{method}");
        let type_of = |kind: IkeKind| match kind {
            IkeKind::Encryption => TransformType::ENCRYPTION,
            IkeKind::Prf => TransformType::PSEUDORANDOM_FUNCTION,
            IkeKind::Integrity => TransformType::INTEGRITY,
            _ => TransformType::KEY_EXCHANGE_METHOD,
        };
        let types = |kind| proposal.transforms.iter().any(|transform| transform.kind() == kind);
        for (_, policy) in self.policies.iter().filter(|(version, _)| *version == 2) {
            if policy.iter().any(|(kind, _)| *kind == IkeKind::Integrity) != types(TransformType::INTEGRITY) {
                continue;
            }
            let mut chosen = Vec::new();
            for (kind, values) in *policy {
                let mut taken = values.iter().map(|value| choice(*value)).filter(|one| has(type_of(*kind), *one));
                let strict = self.manner.strict && *kind == IkeKind::Group;
                chosen.extend(taken.find(|one| !strict || one.number == method).map(|one| (*kind, one)));
            }
            if chosen.len() != policy.len() {
                continue;
            }
            let group = chosen.iter().find(|(kind, _)| *kind == IkeKind::Group).unwrap().1.number;
            if group != method {
                return self.refuse(message, NotifyType::INVALID_KE_PAYLOAD, &group.to_be_bytes());
            }
            self.begun += 1;
            let transforms = chosen.iter().map(|(kind, one)| Transform {
                number: type_of(*kind).0,
                identifier: one.number,
                attributes: one
                    .key_bits
                    .map(|bits| Attribute::short(AttributeType::KEY_LENGTH, bits))
                    .into_iter()
                    .collect(),
            });
            let proposal =
                Proposal { number: 1, protocol: ProtocolIdentifier::IKE, spi: &[], transforms: transforms.collect() };
            let mut body = Vec::new();
            SecurityAssociation { proposals: vec![proposal] }.write(version, &mut body).unwrap();
            return Some(reply(
                message,
                message.header.exchange,
                &[(PayloadType::SECURITY_ASSOCIATION, body), (PayloadType::VENDOR_ID, vec![1, 2, 3])],
            ));
        }
        self.refuse(message, NotifyType::NO_PROPOSAL_CHOSEN, &[])
    }

    fn answer_1(&mut self, message: &Message<'_>) -> Option<Vec<u8>> {
        let version = message.header.version;
        if message.header.exchange == ExchangeType::INFORMATIONAL_1 {
            self.begun = self.begun.saturating_sub(1);
            return None;
        }
        let body = message.bodies(PayloadType::SECURITY_ASSOCIATION_1).next().unwrap();
        let offered = SecurityAssociation::read(body, version, &Limits::default()).unwrap().value;
        let [proposal] = &offered.proposals[..] else { panic!("one proposal is offered") };
        assert!(!proposal.transforms.is_empty());
        let attribute = |kind: IkeKind| match kind {
            IkeKind::Encryption => AttributeType::ENCRYPTION_ALGORITHM,
            IkeKind::Hash => AttributeType::HASH_ALGORITHM,
            IkeKind::Authentication => AttributeType::AUTHENTICATION_METHOD,
            IkeKind::Group => AttributeType::GROUP_DESCRIPTION,
            _ => AttributeType::ASYMMETRIC_ALGORITHM,
        };
        let takes = |policy: Policy, transform: &Transform<'_>| {
            let complete = [IkeKind::Group, IkeKind::Asymmetric]
                .iter()
                .all(|kind| transform.attribute(attribute(*kind)).is_some() == policy.iter().any(|(of, _)| of == kind));
            complete
                && policy.iter().all(|(kind, values)| {
                    let key_bits =
                        transform.attribute(AttributeType::KEY_LENGTH).filter(|_| *kind == IkeKind::Encryption);
                    let one = transform.attribute(attribute(*kind)).map(|number| Choice { number, key_bits });
                    values.iter().any(|value| Some(choice(*value)) == one)
                })
        };
        let minor = version.0;
        let mut policies = self.policies.iter().filter(|(of, _)| *of == minor).map(|(_, policy)| *policy);
        let chosen = policies.find_map(|policy| proposal.transforms.iter().find(|transform| takes(policy, transform)));
        let Some(chosen) = chosen.cloned() else {
            return self.refuse(message, NotifyType::NO_PROPOSAL_CHOSEN, &[]);
        };
        self.begun += 1;
        let proposal = Proposal { transforms: vec![chosen], ..proposal.clone() };
        let mut body = Vec::new();
        SecurityAssociation { proposals: vec![proposal] }.write(version, &mut body).unwrap();
        let mut payloads = vec![(PayloadType::SECURITY_ASSOCIATION_1, body)];
        if version == IkeVersion::V1_1 {
            payloads.push((PayloadType::CERTIFICATE_1, vec![4, 0x30, 0]));
        }
        Some(reply(message, message.header.exchange, &payloads))
    }
}

fn reply(to: &Message<'_>, exchange: ExchangeType, payloads: &[(PayloadType, Vec<u8>)]) -> Vec<u8> {
    let flags = if to.header.version.major() == 1 { 0 } else { 0x20 };
    let header = Header { responder: [9; 8], exchange, flags, ..to.header };
    let payloads = payloads.iter().map(|(kind, body)| Payload::new(*kind, body)).collect();
    let mut out = Vec::new();
    Message { header, payloads, encrypted: None }.write(&mut out).unwrap();
    out
}

struct Run {
    plan: Plan,
    offers: Vec<Offer>,
    datagrams: u32,
}

/// Runs a plan to its end. `answer` gets datagrams and may say nothing.
fn run(scope: &Scope, mut answer: impl FnMut(&[u8]) -> Option<Vec<u8>>) -> Run {
    let mut run = Run { plan: Plan::new(scope), offers: Vec::new(), datagrams: 0 };
    let limits = Limits::default();
    while let Some(offer) = run.plan.ask() {
        run.offers.push(offer.clone());
        assert!(run.offers.len() <= Plan::questions_at_most(), "{} questions", run.offers.len());
        assert_eq!(run.plan.ask(), None, "one question at a time");
        let seed = [u8::try_from(run.offers.len() % 256).unwrap(); 32];
        let mut exchange = Exchange::new(offer, seed, false).unwrap();
        let (mut heard, mut signs, mut sent) = (Answer::Lost, Signs::default(), 0);
        loop {
            sent += 1;
            assert!(sent <= 4, "a responder of cookies keeps us busy");
            let Some(back) = answer(exchange.datagram()) else { break };
            match exchange.hear(&back, &limits) {
                Heard::Repeat => continue,
                Heard::NotOurs => break,
                Heard::Answered(answered, with) => {
                    (heard, signs) = (answered, with);
                    break;
                }
            }
        }
        if let Some(farewell) = exchange.farewell() {
            assert_eq!(answer(&farewell), None);
        }
        run.datagrams += sent;
        run.plan.learn(&heard, &signs, sent);
    }
    assert!(run.plan.done());
    run
}

fn lists(known: &Known) -> BTreeMap<IkeKind, Vec<(u16, u16)>> {
    let values = |list: &Vec<IkeTransform>| list.iter().map(|one| (one.number, one.key_bits.unwrap_or(0))).collect();
    known.accepts.transforms.iter().map(|(kind, list)| (*kind, values(list))).collect()
}

const fn only(version2: bool, gmt0022: bool, version1: bool) -> Scope {
    Scope { version2, gmt0022, version1, aggressive: false }
}

use IkeKind::{Asymmetric, Authentication, Encryption, Group, Hash, Integrity, Prf};

const MODERN: Policy =
    &[(Encryption, &[(20, 256), (20, 128), (28, 0)]), (Prf, &[(5, 0), (7, 0)]), (Group, &[(31, 0), (19, 0)])];
const USUAL: Policy =
    &[(Encryption, &[(12, 256), (12, 128)]), (Prf, &[(5, 0)]), (Integrity, &[(12, 0)]), (Group, &[(14, 0), (19, 0)])];
const OLD: Policy = &[(Encryption, &[(3, 0)]), (Prf, &[(2, 0)]), (Integrity, &[(2, 0)]), (Group, &[(2, 0)])];
const NATIONAL: Policy =
    &[(Encryption, &[(1031, 128)]), (Prf, &[(5, 0)]), (Integrity, &[(12, 0)]), (Group, &[(19, 0)])];
const QUANTUM: Policy = &[(Encryption, &[(20, 256)]), (Prf, &[(7, 0)]), (Group, &[(36, 0)])];

/// All that the policies accept is found and nothing else, at the price given at most.
fn check(name: &str, policies: &[Policy], manner: Manner, complete: bool, at_most: u32, begun: u32) {
    let policies: Vec<_> = policies.iter().map(|policy| (2, *policy)).collect();
    let mut responder = Responder::new(&policies, manner);
    let run = run(&only(true, false, false), |datagram| responder.answer(datagram));
    let [known] = &run.plan.known()[..] else { panic!("{name}") };
    let mut expected: BTreeMap<IkeKind, Vec<(u16, u16)>> =
        [Encryption, Prf, Integrity, Group].map(|kind| (kind, Vec::new())).into();
    for (kind, values) in policies.iter().flat_map(|(_, policy)| policy.iter()) {
        expected.get_mut(kind).unwrap().extend(values.iter());
    }
    expected.values_mut().for_each(|list| {
        list.sort_unstable();
        list.dedup();
    });
    assert_eq!(lists(known), expected, "{name}");
    assert_eq!(known.complete, complete, "{name}");
    assert_eq!(known.accepts.asked == Asked::Registry, complete, "{name}");
    assert_eq!(known.reach, if policies.is_empty() { Reach::Absent } else { Reach::Seen }, "{name}");
    assert_eq!(known.accepts.cookie, manner.cookie, "{name}");
    assert!(run.datagrams <= at_most, "{name}: {} datagrams", run.datagrams);
    assert!(responder.begun <= begun, "{name}: {} connections left half-open", responder.begun);
    assert_eq!(known.accepts.datagrams, run.datagrams, "{name}");
}

#[test]
fn every_value_of_ikev2_is_found_and_nothing_else() {
    let plain = Manner::default();
    check("nothing", &[], plain, true, 2, 0);
    check("usual", &[USUAL], plain, true, 40, 2);
    check("modern", &[MODERN], plain, true, 45, 2);
    check("old and usual", &[USUAL, OLD], plain, true, 50, 3);
    check("all", &[MODERN, USUAL, OLD, NATIONAL], plain, true, 110, 4);
    check("post-quantum only", &[QUANTUM], plain, true, 40, 2);
    check("cookies", &[USUAL, OLD], Manner { cookie: true, ..plain }, true, 100, 3);
    check("no connection is left for long", &[MODERN, USUAL], Manner { patience: Some(5), ..plain }, true, 85, 4);
    check("takes what the public value is for", &[USUAL], Manner { strict: true, ..plain }, true, 75, 10);
}

#[test]
fn a_responder_that_refuses_by_silence_is_known_in_part() {
    let mut responder = Responder::new(&[(2, USUAL), (2, OLD)], Manner { silent: true, ..Manner::default() });
    let run = run(&only(true, false, false), |datagram| responder.answer(datagram));
    let [known] = &run.plan.known()[..] else { panic!() };
    assert_eq!((known.reach, known.complete, known.accepts.asked), (Reach::Seen, false, Asked::Partly));
    // Every choice is still met: only the end of each list is silence.
    assert_eq!(lists(known)[&Encryption], [(3, 0), (12, 128), (12, 256)]);
    assert_eq!(lists(known)[&Integrity], [(2, 0), (12, 0)]);
    assert!(known.lost >= 4);
    assert_eq!(known.accepts.ended_by, None);
}

const PSK: Policy = &[
    (Encryption, &[(7, 256), (5, 0)]),
    (Hash, &[(2, 0), (4, 0)]),
    (Authentication, &[(1, 0)]),
    (Group, &[(2, 0), (14, 0)]),
];
const RARE: Policy = &[(Encryption, &[(8, 256)]), (Hash, &[(6, 0)]), (Authentication, &[(3, 0)]), (Group, &[(20, 0)])];
const WEAK: Policy = &[(Encryption, &[(1, 0)]), (Hash, &[(1, 0)]), (Authentication, &[(65001, 0)]), (Group, &[(1, 0)])];
const ENVELOPE: Policy =
    &[(Encryption, &[(129, 0), (128, 0)]), (Hash, &[(20, 0)]), (Authentication, &[(10, 0)]), (Asymmetric, &[(2, 0)])];

#[test]
fn ikev1_and_the_profile_of_gmt_0022_are_enumerated() {
    let mut responder = Responder::new(&[(0x10, PSK), (0x10, WEAK), (0x11, ENVELOPE)], Manner::default());
    let run = run(&only(false, true, true), |datagram| responder.answer(datagram));
    assert_eq!(responder.begun, 0, "every half-open connection was taken leave of");
    let known = run.plan.known();
    let [profile, ietf] = &known[..] else { panic!("{known:?}") };
    assert_eq!((profile.dialect, profile.complete, profile.accepts.minor), (Dialect::Gmt0022, true, 1));
    assert_eq!(profile.accepts.profile.as_deref(), Some("GM/T 0022"));
    assert_eq!(lists(profile)[&Encryption], [(128, 0), (129, 0)]);
    assert_eq!(lists(profile)[&Asymmetric], [(2, 0)]);
    assert_eq!(profile.accepts.transforms[&Hash][0].name, "SM3".into());
    assert_eq!(profile.accepts.transforms[&Authentication][0].name, "public-key digital envelope".into());
    assert_eq!(run.plan.certificates().count(), 1);

    assert_eq!((ietf.dialect, ietf.reach, ietf.complete), (Dialect::Version1, Reach::Seen, true));
    assert_eq!(lists(ietf)[&Encryption], [(1, 0), (5, 0), (7, 256)]);
    assert_eq!(lists(ietf)[&Hash], [(1, 0), (2, 0), (4, 0)]);
    assert_eq!(lists(ietf)[&Authentication], [(1, 0), (65001, 0)]);
    assert_eq!(lists(ietf)[&Group], [(1, 0), (2, 0), (14, 0)]);
    assert!(run.datagrams < 75, "{} datagrams", run.datagrams);
    assert!(ietf.accepts.chosen.len() < 8, "{:?}", ietf.accepts.chosen);
}

#[test]
fn the_profile_in_version_1_0_is_met_when_1_1_is_silent() {
    let mut responder = Responder::new(&[(0x10, ENVELOPE)], Manner::default());
    let mut answer = |datagram: &[u8]| if datagram[17] == 0x11 { None } else { responder.answer(datagram) };
    let run = run(&only(false, true, false), &mut answer);
    let [known] = &run.plan.known()[..] else { panic!() };
    assert_eq!((known.reach, known.complete, known.accepts.minor, known.lost), (Reach::Seen, false, 0, 1));
    assert_eq!(lists(known)[&Encryption], [(128, 0), (129, 0)]);
}

#[test]
fn the_limits_of_ikev1_are_told_as_they_are() {
    // Four values, none of them usual: no question holds them all, and the lists stay empty.
    let mut responder = Responder::new(&[(0x10, RARE)], Manner::default());
    let run = run(&only(false, false, true), |datagram| responder.answer(datagram));
    let [known] = &run.plan.known()[..] else { panic!() };
    assert_eq!((known.reach, known.complete), (Reach::Absent, true));
    assert!(run.datagrams < 60, "{}", run.datagrams);
}

#[test]
fn silence_costs_one_question_a_list_and_proves_nothing() {
    let run = run(&Scope { aggressive: true, ..Scope::default() }, |_| None);
    assert_eq!(run.offers.len(), 4);
    for known in run.plan.known() {
        assert_eq!((known.reach, known.complete, known.accepts.asked), (Reach::Unanswered, false, Asked::Partly));
        assert!(known.accepts.transforms.values().all(Vec::is_empty));
    }
}

#[test]
fn the_aggressive_mode_is_asked_on_demand_only() {
    for (wanted, policies, expected) in
        [(false, vec![(0x10, PSK)], None), (true, vec![(0x10, PSK)], Some(true)), (true, vec![], Some(false))]
    {
        let mut responder = Responder::new(&policies, Manner::default());
        let scope = Scope { aggressive: wanted, ..only(false, false, true) };
        let run = run(&scope, |datagram| responder.answer(datagram));
        let aggressive = run.offers.iter().filter(|offer| matches!(offer, Offer::Main { aggressive: Some(_), .. }));
        assert_eq!(aggressive.count(), usize::from(wanted));
        assert_eq!(run.plan.known()[0].accepts.aggressive, expected);
    }
}

#[test]
fn the_same_answers_lead_to_the_same_offers() {
    let offers = || {
        let mut responder = Responder::new(&[(2, USUAL), (2, MODERN), (0x10, PSK)], Manner::default());
        run(&Scope::default(), |datagram| responder.answer(datagram)).offers
    };
    assert_eq!(offers(), offers());
}

#[test]
fn giving_up_leaves_what_is_known_and_says_that_it_is_a_part() {
    let mut responder = Responder::new(&[(2, USUAL)], Manner::default());
    let mut plan = Plan::new(&Scope::default());
    for _ in 0..3 {
        let mut exchange = Exchange::new(plan.ask().unwrap(), [3; 32], false).unwrap();
        let back = responder.answer(exchange.datagram()).unwrap();
        let Heard::Answered(answer, signs) = exchange.hear(&back, &Limits::default()) else { panic!() };
        plan.learn(&answer, &signs, 1);
    }
    plan.ask().unwrap();
    plan.give_up();
    assert!(plan.done() && plan.ask().is_none());
    let known = plan.known();
    let version2 = known.iter().find(|known| known.dialect == Dialect::Version2).unwrap();
    assert_eq!((version2.reach, version2.complete), (Reach::Seen, false));
    assert_eq!(version2.accepts.vendor_ids[0].hex, "010203".into());
    let version1 = known.iter().find(|known| known.dialect == Dialect::Version1).unwrap();
    assert_eq!(version1.reach, Reach::NotTried);
}

/// A responder that answers each question with what a rule says, whatever was asked.
fn liar(rule: impl Fn(&Message<'_>, u32) -> Option<Vec<u8>>) -> impl FnMut(&[u8]) -> Option<Vec<u8>> {
    let mut count = 0;
    move |datagram| {
        count += 1;
        let message = Message::read(datagram, &Limits::DEFAULT).unwrap().value;
        if message.header.exchange == ExchangeType::INFORMATIONAL_1 { None } else { rule(&message, count) }
    }
}

fn notification(message: &Message<'_>, kind: u16, data: &[u8]) -> Option<Vec<u8>> {
    Responder::new(&[], Manner::default()).refuse(message, NotifyType(kind), data)
}

/// Takes the first or the last transform of each type, or of all.
fn pick(message: &Message<'_>, last: bool, change: u16) -> Option<Vec<u8>> {
    let version = message.header.version;
    let kind =
        if version.major() == 1 { PayloadType::SECURITY_ASSOCIATION_1 } else { PayloadType::SECURITY_ASSOCIATION };
    let body = message.bodies(kind).next()?;
    let mut association = SecurityAssociation::read(body, version, &Limits::DEFAULT).unwrap().value;
    let transforms = &mut association.proposals[0].transforms;
    if last {
        transforms.reverse();
    }
    if version.major() == 1 {
        transforms.truncate(1);
        if let Some(attribute) = transforms[0].attributes.first_mut().filter(|_| change > 0) {
            attribute.value = dengmi_parse::ike::Value::Short(change);
        }
    } else {
        transforms.sort_by_key(|transform| transform.number);
        transforms.dedup_by_key(|transform| transform.number);
        transforms[0].identifier = if change > 0 { change } else { transforms[0].identifier };
    }
    let mut out = Vec::new();
    association.write(version, &mut out).unwrap();
    Some(reply(message, message.header.exchange, &[(kind, out)]))
}

#[test]
fn no_responder_keeps_a_plan_going() {
    type Rule = fn(&Message<'_>, u32) -> Option<Vec<u8>>;
    let rules: [(&str, Rule); 14] = [
        ("always another group, never the same", |message, count| {
            notification(message, 17, &u16::try_from(count % 40).unwrap().to_be_bytes())
        }),
        ("always the same group", |message, _| notification(message, 17, &[0, 19])),
        ("a group that does not exist", |message, _| notification(message, 17, &[0xff, 0xff])),
        ("always a new cookie", |message, count| notification(message, 16390, &count.to_be_bytes())),
        ("an empty cookie", |message, _| notification(message, 16390, &[])),
        ("always the first", |message, _| pick(message, false, 0)),
        ("always the last", |message, _| pick(message, true, 0)),
        ("what was not offered", |message, _| pick(message, false, 999)),
        ("always refused", |message, _| notification(message, 14, &[])),
        ("always an error that means nothing here", |message, _| notification(message, 8192, &[])),
        ("in turns", |message, count| match count % 4 {
            0 => None,
            1 => notification(message, 17, &[0, 14]),
            2 => pick(message, true, 0),
            _ => notification(message, 14, &[]),
        }),
        ("no choice at all", |message, _| Some(reply(message, message.header.exchange, &[]))),
        ("bytes", |_, _| Some(vec![7; 40])),
        ("a message of nobody", |message, _| {
            let mut other = pick(message, false, 0)?;
            other[0] ^= 1;
            Some(other)
        }),
    ];
    for (name, rule) in rules {
        let scope = Scope { aggressive: true, ..Scope::default() };
        let run = run(&scope, liar(rule));
        assert!(run.offers.len() < 700, "{name}: {} questions", run.offers.len());
        for known in run.plan.known() {
            let empty = known.accepts.transforms.values().all(Vec::is_empty);
            match name {
                "always refused" => assert_eq!((known.reach, known.complete), (Reach::Absent, true), "{name}"),
                "always the first" | "always the last" => assert!(known.complete && !empty, "{name} {known:?}"),
                "bytes" | "a message of nobody" => assert_eq!(known.reach, Reach::Unanswered, "{name}"),
                "what was not offered" => assert!(known.unasked && empty, "{name}: {known:?}"),
                "a group that does not exist" | "no choice at all" => assert!(empty && !known.complete, "{name}"),
                _ => {}
            }
        }
    }
}

#[test]
fn an_answer_that_is_cut_or_changed_never_panics_and_another_exchange_is_not_heard() {
    let mut responder = Responder::new(&[(2, USUAL), (0x10, PSK)], Manner::default());
    let mut plan = Plan::new(&Scope::default());
    let offers = [plan.ask().unwrap(), Plan::new(&only(false, false, true)).ask().unwrap()];
    for offer in offers {
        for encapsulated in [false, true] {
            let exchange = Exchange::new(offer.clone(), [5; 32], encapsulated).unwrap();
            let skip = if encapsulated { 4 } else { 0 };
            let mut back = exchange.datagram()[..skip].to_vec();
            back.extend(responder.answer(&exchange.datagram()[skip..]).unwrap());
            let limits = Limits::default();
            assert!(matches!(exchange.clone().hear(&back, &limits), Heard::Answered(..)));
            assert_eq!(exchange.clone().hear(exchange.datagram(), &limits), Heard::NotOurs);
            for end in 0..back.len() {
                let _ = exchange.clone().hear(&back[..end], &limits);
            }
            for at in 0..back.len() {
                for value in [!back[at], 0, 0xff] {
                    let mut changed = back.clone();
                    changed[at] = value;
                    let heard = exchange.clone().hear(&changed, &limits);
                    if (skip..skip + 8).contains(&at) && value != back[at] {
                        assert_eq!(heard, Heard::NotOurs);
                    }
                }
            }
        }
    }
}

#[test]
fn the_registry_knows_what_the_plan_speaks_of() {
    for number in [group::MODP_768, group::P_256, group::CURVE_448, group::ML_KEM_1024] {
        assert!(dengmi_core::registry::ike(IkeClass::KeyExchange, number).is_some());
    }
    let all = Dialect::Version1.all(IkeKind::Encryption, |_| true);
    assert_eq!(all.iter().filter(|choice| choice::usual(IkeKind::Encryption, **choice)).count(), 4);
}
