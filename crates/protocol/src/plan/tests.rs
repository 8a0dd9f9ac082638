//! Plans against simulated servers: what is found is the truth, in as many hellos as the bound allows.

use super::*;
use dengmi_core::{Asked, Order};
use dengmi_parse::tls::AlertDescription;
use std::collections::BTreeSet;

/// A small generator; a test that fails prints the seed of its server.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % most
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn some<T: Clone>(&mut self, from: &[T], count: usize) -> Vec<T> {
        let mut left = from.to_vec();
        (0..count.min(from.len())).map(|_| left.remove(self.below(left.len()))).collect()
    }
}

/// How a server turns down what it cannot serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    Alert(u8),
    Close,
}

/// How a server chooses a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GroupOrder {
    Clients,
    Own,
    /// Pairs of groups in its own order, and within a pair the client's: OpenSSL since 3.5.
    Classes,
}

impl GroupOrder {
    fn pick(self, offered: &[Group], accepted: &[Group]) -> Option<Group> {
        match self {
            GroupOrder::Clients => pick(offered, accepted, false, |_| true),
            GroupOrder::Own => pick(offered, accepted, true, |_| true),
            GroupOrder::Classes => accepted.chunks(2).find_map(|class| pick(offered, class, false, |_| true)),
        }
    }
}

#[derive(Clone, Debug)]
struct Speaks {
    version: Version,
    /// In order of preference.
    suites: Vec<Suite>,
    /// In order of preference.
    groups: Vec<Group>,
    own_order: bool,
    group_order: GroupOrder,
    /// Signature schemes in order of preference, and whether that order counts.
    schemes: Vec<Scheme>,
    own_schemes: bool,
    /// Takes a suite by its RSA key, and fails when no scheme of that key is shared: OpenSSL.
    fails_for_rsa: bool,
    /// The curve of the certificate that [`on_curve`] suites need: not chosen when the hello does not offer it.
    curve: Option<Group>,
}

#[derive(Clone, Debug)]
struct Server {
    speaks: Vec<Speaks>,
    refusal: Refusal,
    /// Refuses a TLS 1.3 hello with an empty key_share.
    wants_share: bool,
    /// Does not understand a hello with more suites than this.
    most_suites: usize,
    /// Refuses any extension: closes when `wants_share`, else says that it cannot decode them.
    plain_only: bool,
}

/// Suites of the simulated TLS 1.2 whose number is even use a group; in TLS 1.3 all do, in TLCP none.
fn grouped(version: Version, suite: Suite) -> bool {
    match version {
        Version::TLS_1_3 => true,
        Version::TLCP => false,
        _ => suite.0.is_multiple_of(2),
    }
}

/// Suites of the simulated TLS 1.2 that stand for ECDSA.
fn on_curve(version: Version, suite: Suite) -> bool {
    grouped(version, suite) && version == Version::TLS_1_2 && suite.0.is_multiple_of(3)
}

/// The keys that sign for a suite: one kind each.
fn keys(version: Version, suite: Suite) -> &'static [Scheme] {
    match (version, grouped(version, suite), on_curve(version, suite)) {
        (Version::TLS_1_2, true, true) => &ECDSA,
        (Version::TLS_1_2, true, false) => &RSA,
        _ => &[],
    }
}

const ECDSA: [Scheme; 4] = [
    Scheme::ECDSA_SECP256R1_SHA256,
    Scheme::ECDSA_SECP384R1_SHA384,
    Scheme::ECDSA_SECP521R1_SHA512,
    Scheme::ECDSA_SHA1,
];
const RSA: [Scheme; 7] = [
    Scheme::RSA_PSS_RSAE_SHA256,
    Scheme::RSA_PSS_RSAE_SHA384,
    Scheme::RSA_PSS_RSAE_SHA512,
    Scheme::RSA_PKCS1_SHA256,
    Scheme::RSA_PKCS1_SHA384,
    Scheme::RSA_PKCS1_SHA512,
    Scheme::RSA_PKCS1_SHA1,
];

fn pick<T: Copy + PartialEq>(offered: &[T], accepted: &[T], own_order: bool, usable: impl Fn(T) -> bool) -> Option<T> {
    let (first, second) = if own_order { (accepted, offered) } else { (offered, accepted) };
    first.iter().copied().find(|&item| second.contains(&item) && usable(item))
}

impl Server {
    fn answer(&self, offer: &Offer) -> Answer {
        let refusal = || match self.refusal {
            Refusal::Alert(number) => Answer::Refused(AlertDescription(number)),
            Refusal::Close => Answer::Closed,
        };
        // In TLS 1.3 nothing goes without extensions.
        let extended = offer.style != Style::Plain && offer.version != Version::TLS_1_3;
        if offer.suites.len() > self.most_suites || (self.plain_only && extended && self.wants_share) {
            return Answer::Closed;
        }
        if self.plain_only && extended {
            return Answer::Refused(AlertDescription::DECODE_ERROR);
        }
        // Before TLS 1.3 a hello offers everything below its version too (RFC 5246 E.1).
        let fits = |speaks: &&Speaks| {
            let below = legacy(offer.version) && legacy(speaks.version) && speaks.version < offer.version;
            speaks.version == offer.version || below
        };
        let Some(speaks) = self.speaks.iter().filter(fits).max_by_key(|speaks| speaks.version) else {
            return refusal();
        };
        let shares = offer.version != Version::TLS_1_3 || offer.style == Style::Shares;
        if self.wants_share && !shares {
            return Answer::Refused(AlertDescription::MISSING_EXTENSION);
        }
        let sends_groups = matches!(offer.style, Style::Full | Style::Lean | Style::Shares);
        let group = match sends_groups {
            true => speaks.group_order.pick(&offer.groups, &speaks.groups),
            false => speaks.groups.first().copied(),
        };
        let curve = !sends_groups || speaks.curve.is_none_or(|curve| offer.groups.contains(&curve));
        let scheme = |suite| {
            let of_key: Vec<Scheme> =
                speaks.schemes.iter().copied().filter(|scheme| keys(speaks.version, suite).contains(scheme)).collect();
            if sends_groups {
                pick(&offer.schemes, &of_key, speaks.own_schemes, |_| true)
            } else {
                of_key.first().copied()
            }
        };
        let usable = |suite| {
            (group.is_some() || !grouped(speaks.version, suite))
                && (curve || !on_curve(speaks.version, suite))
                && (keys(speaks.version, suite).is_empty()
                    || scheme(suite).is_some()
                    || (speaks.fails_for_rsa && keys(speaks.version, suite) == RSA))
        };
        let Some(suite) = pick(&offer.suites, &speaks.suites, speaks.own_order, usable) else { return refusal() };
        if !keys(speaks.version, suite).is_empty() && scheme(suite).is_none() {
            return refusal();
        }
        Answer::Chose(Box::new(Chosen {
            version: speaks.version,
            suite,
            group: group.filter(|_| grouped(speaks.version, suite)),
            scheme: scheme(suite),
            certificates: Vec::new(),
            client_certificate: None,
            retry: offer.version == Version::TLS_1_3 && !shares,
            features: Features::new(speaks.version),
            kinds: Vec::new(),
        }))
    }
}

const VERSIONS: [Version; 4] = [Version::TLS_1_3, Version::TLS_1_2, Version::TLCP, Version::TLS_1_0];

fn lists(version: Version) -> Arc<Lists> {
    let (suites, groups) = match version {
        Version::TLS_1_3 => (8, 40),
        Version::TLCP => (14, 0),
        _ => (300, 30),
    };
    let schemes = if version == Version::TLS_1_2 { ECDSA.into_iter().chain(RSA).collect() } else { Vec::new() };
    Arc::new(Lists {
        version,
        suites: (1..=suites).map(Suite).collect(),
        groups: (1..=groups).map(Group).collect(),
        schemes,
    })
}

fn scope() -> Scope {
    Scope { versions: VERSIONS.map(lists).into(), server_name: None, tries: 3, sweep: false }
}

fn server(seed: u64) -> Server {
    let dice = &mut Dice::new(seed);
    let mut speaks = Vec::new();
    for version in VERSIONS {
        if dice.one_in(3) {
            continue;
        }
        let lists = lists(version);
        let (suites, groups) = (1 + dice.below(24), 1 + dice.below(10));
        speaks.push(Speaks {
            version,
            suites: dice.some(&lists.suites, suites),
            groups: dice.some(&lists.groups, groups),
            own_order: dice.one_in(2),
            group_order: [GroupOrder::Clients, GroupOrder::Own, GroupOrder::Classes][dice.below(3)],
            curve: None,
            schemes: Vec::new(),
            own_schemes: dice.one_in(2),
            fails_for_rsa: dice.one_in(2),
        });
        if let Some(speaks) = speaks.last_mut() {
            // Every kind of key has a scheme, or its suites would not be accepted at all.
            let (ecdsa, rsa) = (1 + dice.below(ECDSA.len()), 1 + dice.below(RSA.len()));
            let both = [dice.some(&ECDSA, ecdsa), dice.some(&RSA, rsa)].concat();
            speaks.schemes = dice.some(&both, both.len());
        }
        if let Some(speaks) = speaks.last_mut()
            && version == Version::TLS_1_2
            && dice.one_in(2)
        {
            speaks.curve = Some(speaks.groups[dice.below(speaks.groups.len())]);
        }
    }
    let refusal = if dice.one_in(4) { Refusal::Close } else { Refusal::Alert([40, 47, 70, 71][dice.below(4)]) };
    Server { speaks, refusal, wants_share: dice.one_in(8), most_suites: usize::MAX, plain_only: false }
}

/// Runs a plan; `lose` says which question, counted from 0, has no answer.
fn run(server: &Server, mut lose: impl FnMut(u32, &Offer) -> bool) -> Plan {
    run_with(server, |asked, offer| lose(asked, offer).then_some(Answer::Lost(Loss::Silence)))
}

/// Runs a plan; `fault` may answer in place of the server.
fn run_with(server: &Server, mut fault: impl FnMut(u32, &Offer) -> Option<Answer>) -> Plan {
    let mut plan = Plan::new(&scope());
    let mut asked = 0;
    while let Some((ticket, offer)) = plan.ask() {
        let answer = fault(asked, &offer).unwrap_or_else(|| server.answer(&offer));
        plan.learn(ticket, answer);
        asked += 1;
        assert!(asked < 2_000, "the plan does not end");
    }
    assert!(plan.done());
    plan
}

fn set<T: Ord + Copy>(list: &[T]) -> BTreeSet<T> {
    list.iter().copied().collect()
}

fn visible_schemes(truth: &Speaks) -> BTreeSet<Scheme> {
    let signs = |scheme: &&Scheme| truth.suites.iter().any(|&suite| keys(truth.version, suite).contains(scheme));
    truth.schemes.iter().filter(signs).copied().collect()
}

fn visible_groups(truth: &Speaks) -> BTreeSet<Group> {
    let uses_groups = truth.suites.iter().any(|&suite| grouped(truth.version, suite));
    if uses_groups { set(&truth.groups) } else { BTreeSet::new() }
}

/// The one thing that a plan cannot see: every suite needs the certificate's curve, and the server's own order hides what
/// it likes less.
fn hides_groups(truth: &Speaks) -> bool {
    let mut grouped = truth.suites.iter().filter(|&&suite| grouped(truth.version, suite));
    truth.curve.is_some()
        && truth.group_order != GroupOrder::Clients
        && grouped.all(|&suite| on_curve(truth.version, suite))
}

/// The truth of one version against what was found, with every answer given.
fn check(seed: u64, server: &Server, known: &Known) {
    let context = format!("seed {seed}, {server:?}, {known:?}");
    let accepts = &known.accepts;
    let Some(truth) = server.speaks.iter().find(|speaks| speaks.version == accepts.version) else {
        let lower =
            |speaks: &Speaks| legacy(accepts.version) && legacy(speaks.version) && speaks.version < accepts.version;
        let closes = server.refusal == Refusal::Close && !server.speaks.iter().any(lower);
        let expected = if closes { Reach::Refused } else { Reach::Absent };
        assert_eq!(known.reach, expected, "{context}");
        assert!(accepts.suites.is_empty(), "{context}");
        return;
    };
    assert_eq!((known.reach, known.complete, accepts.asked), (Reach::Seen, true, Asked::Registry), "{context}");
    assert_eq!(set(&accepts.suites), set(&truth.suites), "{context}");
    if accepts.suites.len() > 1 {
        let expected = if truth.own_order { Order::Servers } else { Order::Clients };
        assert_eq!(accepts.order, expected, "{context}");
        if truth.own_order {
            assert_eq!(accepts.suites, truth.suites, "{context}");
        } else {
            assert!(accepts.suites.is_sorted(), "{context}");
        }
    }
    let groups = visible_groups(truth);
    if hides_groups(truth) {
        assert!(set(&accepts.groups).is_subset(&groups), "{context}");
    } else {
        assert_eq!(set(&accepts.groups), groups, "{context}");
    }
    let schemes = visible_schemes(truth);
    assert_eq!(set(&accepts.schemes), schemes, "{context}");
    let (k, with, g) =
        (truth.suites.len(), truth.suites.iter().filter(|&&suite| grouped(truth.version, suite)).count(), groups.len());
    let s = schemes.len();
    // Suites that use no group cannot name one: only `with` of the k hellos can tell a group on the way.
    let bound = match truth.group_order {
        GroupOrder::Clients => (k - with) + with.max(g) + 3,
        GroupOrder::Own | GroupOrder::Classes => k + g + 3,
    };
    // The hellos for groups tell the order of suites too, unless only one suite goes with them.
    let bound = bound + usize::from(with == 1);
    // Schemes: each once, and for the end of the first run, of both lists together, and of the list of either key; whose
    // order counts is not told by the hellos for groups.
    let bound = if s == 0 { bound } else { k + g + s + 7 };
    // A refusal by closing is asked twice and confirmed; a first refusal of an empty key_share costs one.
    let closing = match server.refusal {
        Refusal::Close if s > 0 => 7,
        Refusal::Close => 3,
        Refusal::Alert(_) => 0,
    };
    // The fallback signal costs one.
    let closing = closing + usize::from(known.features.fallback_signal.is_some());
    let share = usize::from(server.wants_share && truth.version == Version::TLS_1_3);
    assert!(known.hellos as usize <= bound + closing + share, "{} hellos, bound {bound}: {context}", known.hellos);
}

#[test]
fn thousands_of_servers_are_found_as_they_are() {
    for seed in 0..3_000 {
        let server = server(seed);
        let plan = run(&server, |_, _| false);
        plan.known().for_each(|known| check(seed, &server, &known));
        assert_eq!(plan.findings().iter().filter(|finding| !matches!(finding, Finding::Intolerant { .. })).count(), 0);
    }
}

#[test]
fn a_refused_version_costs_one_hello_or_none() {
    for seed in 0..200 {
        let server = Server { refusal: Refusal::Alert(70), ..server(seed) };
        for known in run(&server, |_, _| false).known().filter(|known| known.reach == Reach::Absent) {
            assert!(known.hellos <= 1, "seed {seed}: {known:?}");
        }
    }
}

/// A list is the truth, or a part of it that says so.
fn check_lossy(seed: u64, server: &Server, known: &Known) {
    let context = format!("seed {seed}, {server:?}, {known:?}");
    let accepts = &known.accepts;
    let truth = server.speaks.iter().find(|speaks| speaks.version == accepts.version);
    let suites = truth.map(|truth| set(&truth.suites)).unwrap_or_default();
    assert!(set(&accepts.suites).is_subset(&suites), "{context}");
    match accepts.asked {
        Asked::Registry => assert_eq!(set(&accepts.suites), suites, "{context}"),
        _ => assert!(!known.complete || known.reach != Reach::Seen, "{context}"),
    }
    if known.reach == Reach::Absent {
        assert!(truth.is_none(), "{context}");
    }
    if known.complete && known.reach == Reach::Seen {
        let groups = truth.filter(|truth| !hides_groups(truth)).map(visible_groups);
        assert!(groups.is_none_or(|groups| set(&accepts.groups) == groups), "{context}");
    }
    if accepts.order == Order::Servers {
        assert!(truth.unwrap().own_order || accepts.suites.len() < 2, "{context}");
    }
}

#[test]
fn lost_answers_never_shrink_a_list_unsaid() {
    for seed in 0..2_000 {
        let server = server(seed);
        let mut dice = Dice::new(seed ^ 0x5eed);
        let rate = 2 + dice.below(8);
        let plan = run(&server, |_, _| dice.one_in(rate));
        plan.known().for_each(|known| check_lossy(seed, &server, &known));
    }
}

#[test]
fn any_one_question_that_is_never_answered_only_widens() {
    for seed in 0..60 {
        let server = server(seed);
        let mut offers = Vec::new();
        run(&server, |_, offer| {
            offers.push(offer.clone());
            false
        });
        for lost in &offers {
            let plan = run(&server, |_, offer| offer == lost);
            plan.known().for_each(|known| check_lossy(seed, &server, &known));
            // Once lost is asked again: then nothing is missing at all.
            let mut times = 0;
            let plan = run(&server, |_, offer| {
                times += usize::from(offer == lost);
                offer == lost && times == 1
            });
            plan.known()
                .filter(|known| known.reach == Reach::Seen)
                .for_each(|known| check_lossy(seed, &server, &known));
            let whole = |known: &Known| known.complete || known.reach != Reach::Seen;
            assert!(plan.known().all(|known| whole(&known)), "seed {seed}: {lost:?}");
        }
    }
}

#[test]
fn a_close_by_accident_shrinks_nothing() {
    for seed in 0..60 {
        let server = server(seed);
        let count = run(&server, |_, _| false).known().map(|known| known.hellos).sum::<u32>();
        for closed in 0..count {
            let plan = run_with(&server, |asked, _| (asked == closed).then_some(Answer::Closed));
            plan.known().for_each(|known| check_lossy(seed, &server, &known));
        }
    }
}

#[test]
fn a_run_that_is_cut_off_says_what_it_knows() {
    for seed in 0..300 {
        let server = server(seed);
        for most in [0, 1, 3, 10, 30] {
            let mut plan = Plan::new(&scope());
            for _ in 0..most {
                let Some((ticket, offer)) = plan.ask() else { break };
                plan.learn(ticket, server.answer(&offer));
            }
            plan.known().for_each(|known| check_lossy(seed, &server, &known));
            plan.give_up();
            assert!(plan.done() && plan.ask().is_none());
            plan.known().for_each(|known| check_lossy(seed, &server, &known));
        }
    }
}

#[test]
fn intolerant_servers_are_asked_in_other_ways() {
    for seed in 0..600 {
        let mut server = Server { refusal: Refusal::Alert(40), ..server(seed) };
        match seed % 3 {
            0 => server.plain_only = true,
            1 => server.most_suites = 100,
            _ => server.most_suites = 1,
        }
        let plan = run(&server, |_, _| false);
        for known in plan.known() {
            check_lossy(seed, &server, &known);
            let tls12 = (Version::TLS_1_0..=Version::TLS_1_2).contains(&known.accepts.version);
            if server.plain_only && tls12 && known.reach == Reach::Seen {
                // What it would accept with extensions was never asked.
                assert_eq!((known.accepts.asked, known.complete), (Asked::Partly, false), "seed {seed}");
            }
            let truth = server.speaks.iter().find(|speaks| speaks.version == known.accepts.version);
            // The form of TLCP is plain, and one suite at a time is its last resort.
            if known.accepts.version == Version::TLCP
                && seed % 3 == 2
                && truth.is_some_and(|truth| truth.suites.len() > 10)
            {
                assert_eq!(
                    set(&known.accepts.suites),
                    set(&truth.unwrap().suites),
                    "seed {seed}, {server:?}, {known:?}"
                );
                assert!(known.accepts.asked == Asked::Registry, "seed {seed}");
                assert!(plan.findings().contains(&Finding::Intolerant { version: Version::TLCP, style: Style::Plain }));
            }
            if let Some(truth) = truth.filter(|truth| truth.version == Version::TLS_1_0 && seed % 3 < 2) {
                assert_eq!(set(&known.accepts.suites), set(&truth.suites), "seed {seed}, {server:?}, {known:?}");
            }
        }
    }
}

#[test]
fn silence_is_given_up_and_says_nothing() {
    let server =
        Server { speaks: vec![], refusal: Refusal::Alert(70), wants_share: false, most_suites: 0, plain_only: false };
    let mut asked = 0;
    let plan = run(&server, |_, _| {
        asked += 1;
        true
    });
    assert_eq!((asked, plan.lost()), (LOST_AT_FIRST, LOST_AT_FIRST));
    assert!(plan.known().all(|known| matches!(known.reach, Reach::Unanswered | Reach::NotTried) && !known.complete));
    assert!(!plan.answered());
}

/// What a server answers that does not keep to the hello.
fn odd(answer: impl Fn(&Offer) -> Answer) -> Plan {
    let mut plan = Plan::new(&scope());
    for _ in 0..2_000 {
        let Some((ticket, offer)) = plan.ask() else { break };
        plan.learn(ticket, answer(&offer));
    }
    assert!(plan.done(), "the plan does not end");
    plan
}

fn chose(version: Version, suite: u16, group: Option<u16>) -> Answer {
    Answer::Chose(Box::new(Chosen {
        version,
        suite: Suite(suite),
        group: group.map(Group),
        scheme: None,
        certificates: vec![vec![0x30, 0]],
        client_certificate: Some(true),
        retry: false,
        features: Features::new(version),
        kinds: Vec::new(),
    }))
}

#[test]
fn servers_that_do_not_keep_to_the_hello_are_findings() {
    let plan = odd(|offer| chose(offer.version, 5, Some(9)));
    for known in plan.known() {
        assert_eq!((known.reach, &known.accepts.suites[..]), (Reach::Seen, &[Suite(5)][..]), "{known:?}");
    }
    assert!(plan.findings().contains(&Finding::UnaskedSuite { version: Version::TLS_1_2, suite: Suite(5) }));
    assert_eq!(plan.certificates().len(), 1);
    assert!(plan.client_certificate());

    let plan = odd(|offer| chose(offer.version, 0xfafa, None));
    for known in plan.known() {
        assert_eq!((known.reach, known.accepts.asked), (Reach::Seen, Asked::Partly), "{known:?}");
        assert!(known.accepts.ended_by.unwrap().contains("0xfafa"));
    }

    let plan = odd(|offer| chose(offer.version, offer.suites[0].0, Some(0x4a4a)));
    assert!(plan.findings().contains(&Finding::UnaskedGroup { version: Version::TLS_1_3, group: Group(0x4a4a) }));

    let plan = odd(|_| chose(Version::TLS_1_2, 7, None));
    for known in plan.known() {
        let expected = if known.accepts.version == Version::TLS_1_2 { Reach::Seen } else { Reach::Absent };
        assert_eq!(known.reach, expected, "{known:?}");
    }
    assert!(plan.findings().contains(&Finding::OtherVersion { asked: Version::TLCP, chosen: Version::TLS_1_2 }));
}

#[test]
fn other_protocols_and_garbage_end_at_once() {
    for (answer, reach) in [
        (Answer::NotTls(Spoken::Http), Reach::Absent),
        (Answer::NotTls(Spoken::Ssh), Reach::Absent),
        (Answer::NotTls(Spoken::Unknown), Reach::Undecodable),
        (Answer::Undecodable, Reach::Undecodable),
    ] {
        let plan = odd(|_| answer.clone());
        for known in plan.known() {
            assert_eq!(known.reach, reach, "{answer:?}");
            assert!(known.hellos <= 1, "{answer:?}");
        }
    }
    // Two hellos on their way: the answer to the second is no loss.
    let mut plan = Plan::new(&scope());
    let asked: Vec<Ticket> = std::iter::from_fn(|| plan.ask()).map(|(ticket, _)| ticket).take(2).collect();
    asked.into_iter().for_each(|ticket| plan.learn(ticket, Answer::NotTls(Spoken::Http)));
    assert!(plan.done() && plan.lost() == 0 && plan.known().all(|known| known.reach == Reach::Absent));
    let plan = odd(|_| Answer::Closed);
    assert!(plan.known().all(|known| known.reach == Reach::Refused && !known.complete && known.hellos <= 8));
}

/// GM/T 0024 servers that close instead of sending an alert once nothing they know is left.
#[test]
fn a_close_ends_a_list_only_when_the_server_still_talks_afterwards() {
    let speaks = Speaks {
        version: Version::TLCP,
        suites: vec![Suite(2), Suite(1)],
        groups: vec![],
        own_order: true,
        group_order: GroupOrder::Own,
        curve: None,
        schemes: vec![],
        own_schemes: true,
        fails_for_rsa: false,
    };
    let server = Server {
        speaks: vec![speaks],
        refusal: Refusal::Close,
        wants_share: false,
        most_suites: usize::MAX,
        plain_only: false,
    };
    let of = |plan: &Plan| plan.known().find(|known| known.accepts.version == Version::TLCP).unwrap();
    let known = of(&run(&server, |_, _| false));
    assert_eq!((known.accepts.asked, known.complete), (Asked::Registry, true), "{known:?}");
    assert_eq!(known.accepts.ended_by.as_deref(), Some("closed without an alert"));
    // The same, but the server goes away for good at the first close.
    let gone = std::cell::Cell::new(false);
    let plan = odd(|offer| {
        let answer = server.answer(offer);
        gone.set(gone.get() || (offer.version == Version::TLCP && answer == Answer::Closed));
        if gone.get() { Answer::Closed } else { answer }
    });
    let known = of(&plan);
    assert_eq!(
        (known.accepts.suites.len(), known.accepts.asked, known.complete),
        (2, Asked::Partly, false),
        "{known:?}"
    );
}

/// Everything that exists is found by a sweep, and a server that cannot take long hellos is not said to have nothing more.
#[test]
fn a_sweep_finds_what_no_registry_knows() {
    for (most_suites, asked) in [(usize::MAX, Asked::EveryCodePoint), (5_000, Asked::Registry)] {
        for seed in 0..6 {
            let mut server = Server { refusal: Refusal::Alert(40), most_suites, ..server(seed) };
            for speaks in &mut server.speaks {
                speaks.suites.push(Suite(0xd0d0));
                speaks.suites.push(Suite(0xe0fe));
                speaks.groups.push(Group(0xd00d));
            }
            let mut plan = Plan::new(&Scope { sweep: true, ..scope() });
            let mut hellos = 0;
            while let Some((ticket, offer)) = plan.ask() {
                plan.learn(ticket, server.answer(&offer));
                hellos += 1;
                assert!(hellos < 1_000, "the plan does not end");
            }
            for known in plan.known().filter(|known| known.reach == Reach::Seen) {
                let accepts = &known.accepts;
                let context = format!("seed {seed}, {accepts:?}");
                let truth = server.speaks.iter().find(|speaks| speaks.version == accepts.version).unwrap();
                let swept = asked == Asked::EveryCodePoint;
                let expected = truth.suites.iter().copied().filter(|suite| swept || suite.0 < 0x0200).collect();
                assert_eq!((set(&accepts.suites), accepts.asked), (expected, asked), "{context}");
                let told = truth.suites.iter().any(|&suite| suite.0 < 0x0200 && grouped(truth.version, suite));
                let hidden = hides_groups(truth) || truth.version == Version::TLCP;
                if swept && told && !hidden {
                    assert!(accepts.groups.contains(&Group(0xd00d)), "{context}");
                }
                let long = plan.findings().contains(&Finding::LongHello { version: accepts.version });
                assert_eq!(long, !swept, "{context}");
            }
        }
    }
}

#[test]
fn a_lower_version_is_asked_whether_it_heeds_the_fallback_signal() {
    for seed in 0..200 {
        let server = server(seed);
        for heeds in [true, false] {
            let signals = |offer: &Offer| offer.suites.contains(&Suite::TLS_FALLBACK_SCSV);
            let plan = run_with(&server, |_, offer| {
                let alert = Answer::Refused(AlertDescription::INAPPROPRIATE_FALLBACK);
                (heeds && signals(offer)).then_some(alert)
            });
            let mut versions: Vec<Version> =
                server.speaks.iter().map(|speaks| speaks.version).filter(|&version| version != Version::TLCP).collect();
            versions.sort_unstable();
            for known in plan.known() {
                let asked = versions.len() > 1 && known.accepts.version == versions[versions.len() - 2];
                assert_eq!(known.features.fallback_signal, asked.then_some(heeds), "seed {seed}");
                assert!(!known.accepts.suites.contains(&Suite::TLS_FALLBACK_SCSV));
            }
        }
    }
}

#[test]
fn an_ssl2_server_tells_its_list_itself() {
    let kinds = vec![0x01_00_80, 0x07_00_c0];
    let scope = Scope { versions: vec![Arc::new(Lists::registry(Version::SSL_2_0))], ..scope() };
    let mut plan = Plan::new(&scope);
    let (ticket, _) = plan.ask().unwrap();
    let Answer::Chose(mut chosen) = chose(Version::SSL_2_0, 0x0080, None) else { unreachable!() };
    chosen.kinds = kinds;
    plan.learn(ticket, Answer::Chose(chosen));
    let known = plan.known().next().unwrap();
    assert_eq!((known.reach, known.complete, known.hellos), (Reach::Seen, true, 1));
    let names = ["SSL_CK_RC4_128_WITH_MD5", "SSL_CK_DES_192_EDE3_CBC_WITH_MD5"].map(Box::from);
    assert_eq!((&known.accepts.suite_names[..], known.accepts.asked), (&names[..], Asked::Registry));
}
