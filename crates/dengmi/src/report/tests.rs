#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what it did not expect")]

use super::*;
use crate::duties::{Ask, Memo, Source};
use crate::texts::{Lang, Texts};
use dengmi_core::date::read_instant;
use dengmi_core::system::{Vocabulary, read as read_system};
use dengmi_core::{
    Accepts, Asked, Certificate, Chain, Checked, Coverage, Fact, Features, Field, HandedIn, Method, Order, Place,
    Protocol, Reach, Session, Sha256Digest, SshAccepts, SshDirections, SshLists, Statement, Suite, Version, Where,
    registry,
};
use dengmi_judge::assess::{Evidence, assess};
use dengmi_judge::determine::{Judging, Measure, Outcome, RiskState, Word};
use dengmi_judge::law::{Group, Pack};
use dengmi_judge::score::{Range, Refusal};
use std::fs;
use std::path::Path;
use std::sync::OnceLock;
use time::macros::date;

/// The hospital of `examples/`, with what a probe would have seen of its four services.
pub(super) struct Sample {
    law: Law,
    system: System,
    texts: Texts,
    assessment: Assessment,
    evidence: BTreeMap<EntryNumber, Observation>,
}

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn law() -> Law {
    fn read(folder: &Path, prefix: &str, pack: &mut Pack) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                read(&entry.path(), &format!("{path}/"), pack);
            } else {
                pack.insert(&path, &fs::read(entry.path()).unwrap());
            }
        }
    }
    let mut pack = Pack::default();
    read(&Path::new(ROOT).join("law/assessment"), "", &mut pack);
    Law::load(&pack).unwrap()
}

impl Sample {
    /// The example, with its text changed.
    fn of(change: impl Fn(String) -> String) -> Sample {
        let law = law();
        let on = date!(2026 - 11 - 22);
        let text = fs::read_to_string(Path::new(ROOT).join("examples/hospital/system.toml")).unwrap();
        let text = change(text);
        let indicators: Vec<&str> =
            law.baseline(on).unwrap().indicators.iter().map(|indicator| indicator.id.as_str()).collect();
        let facts: Vec<&str> = Word::ALL.iter().map(|word| word.text()).collect();
        let items: Vec<&str> = law.high_risk(on).unwrap().item.iter().map(|item| item.id.as_str()).collect();
        let vocabulary = Vocabulary { indicators: &indicators, facts: &facts, items: &items };
        let system = read_system(&text, &vocabulary, Some(on)).unwrap_or_else(|faults| panic!("{faults:?}"));
        let mut all = Vec::new();
        for document in system.documents() {
            let fact = HandedIn { path: document.get_ref().clone(), artifact: Some(Sha256Digest([7; 32])), size: 12 };
            all.push(observation(document.get_ref(), Method::DocumentReview, Fact::HandedIn(Box::new(fact))));
        }
        for stated in &system.statement {
            let fact = Statement {
                about: stated.about.get_ref().clone(),
                unit: stated.unit.as_ref().map(|unit| (&**unit.get_ref()).into()),
                kind: stated.kind.get_ref().clone(),
                value: stated.value.clone(),
                by: stated.by.clone(),
                on: stated.on,
            };
            all.push(observation(stated.about.get_ref(), stated.method, Fact::Statement(Box::new(fact))));
        }
        for (channel, service) in system.channel.iter().zip([tlcp(), legacy(), modern(), plain()]) {
            let end = channel.ends.first().unwrap().get_ref();
            all.extend(service.into_iter().map(|fact| observation(end, Method::ToolTest, fact)));
        }
        for end in system.device.iter().flat_map(|device| &device.management_ends) {
            all.push(observation(end.get_ref(), Method::ToolTest, ssh()));
        }
        all.push(observation("127.0.0.1:9", Method::ToolTest, coverage(&["unknown"])));
        let numbered: Vec<(EntryNumber, Observation)> =
            all.into_iter().enumerate().map(|(at, one)| (EntryNumber(u64::try_from(at).unwrap() + 2), one)).collect();
        let evidence = Evidence::new(&system, Some(EntryNumber(1)), numbered.clone());
        let level = system.stated_level().unwrap();
        let assessment = assess(&law, &evidence, level, on).unwrap();
        let cited = assessment.entries();
        let kept =
            |(entry, one): &(EntryNumber, Observation)| cited.contains(entry) || matches!(one.fact, Fact::HandedIn(_));
        let evidence = numbered.into_iter().filter(kept).collect();
        Sample { law, system, texts: Texts::new(), assessment, evidence }
    }

    fn plain() -> Sample {
        Sample::of(|text| text)
    }

    /// What the law asks; kept until the tests end.
    fn memo(&self) -> &Memo<'_> {
        static SOURCE: OnceLock<Source> = OnceLock::new();
        let source = SOURCE.get_or_init(|| Source::built_in().unwrap());
        let ask = Ask::on(self.assessment.on);
        Box::leak(Box::new(Memo::new(source, &self.law, &self.system, Some(&self.assessment), &ask)))
    }

    fn input(&self) -> Input<'_> {
        Input {
            duties: Some(self.memo()),
            assessment: &self.assessment,
            system: &self.system,
            law: &self.law,
            law_digest: "sm3:1111111111111111111111111111111111111111111111111111111111111111",
            texts: &self.texts,
            case: Some(CaseHead { file: "hospital.case".into(), entries: 412, link: Sm3Digest([2; 32]), sealed: true }),
            evidence: &self.evidence,
            generated_at: read_instant("2026-11-22T09:00:00Z").unwrap(),
            tool: "dengmi 0.1.0",
        }
    }

    fn page(&self) -> String {
        report_html(&self.input(), Lang::Zh)
    }
}

fn observation(observed: &str, method: Method, fact: Fact) -> Observation {
    let place = matches!(method, Method::ToolTest).then(|| {
        Box::new(Place { artifact: Sha256Digest([9; 32]), what: Some("probe.bin".into()), at: Where::Bytes(0, 57) })
    });
    Observation {
        observed: observed.into(),
        subject: None,
        reach: Reach::Seen,
        method,
        at: read_instant("2026-11-22T08:00:00Z").unwrap(),
        tool: "probe 0.1.0".into(),
        place,
        fact,
    }
}

fn coverage(speaks: &[&str]) -> Fact {
    let speaks = speaks.iter().map(|name| Box::from(*name)).collect();
    Fact::Coverage(Box::new(Coverage { complete: true, speaks, connections: 40, lost: 0 }))
}

fn accepts(version: &str, names: &[&str]) -> Fact {
    let entry = registry::version_named(version).unwrap();
    let suites: Vec<Suite> =
        names.iter().map(|name| Suite(u16::try_from(registry::suite_named(name).unwrap().code).unwrap())).collect();
    Fact::Accepts(Box::new(Accepts {
        protocol: if version == "TLCP" { Protocol::Tlcp } else { Protocol::Tls },
        version: Version(entry.code),
        suites,
        suite_names: names.iter().map(|name| Box::from(*name)).collect(),
        groups: vec![],
        schemes: vec![],
        asked: Asked::Registry,
        order: Order::Servers,
        ended_by: None,
    }))
}

fn certificate(key: &str, bits: u32, signature: &str) -> Fact {
    let checked = Checked {
        on: date!(2026 - 11 - 22),
        chain: Chain::Trusted,
        in_validity: true,
        name_matches: Some(true),
        problems: vec![],
    };
    Fact::Certificate(Box::new(Certificate {
        subject: "CN=peer.test<script>".into(),
        key_alg: key.into(),
        key_bits: bits,
        sig_alg: signature.into(),
        not_after: "2027-11-22T00:00:00Z".into(),
        position: Some(0),
        checked: Some(checked),
        ..Certificate::default()
    }))
}

fn session(protocol: Protocol, version: &str, suite: &str) -> Fact {
    let session = Session {
        version: Some(Box::from(version)).into(),
        cipher_suite: Some(Box::from(suite)).into(),
        client_auth: Some(false).into(),
        ..Session::default()
    };
    Fact::Session(protocol, Box::new(session))
}

fn tlcp() -> Vec<Fact> {
    vec![
        coverage(&["TLCP"]),
        accepts("TLCP", &["ECC_SM4_GCM_SM3", "ECC_SM4_CBC_SM3"]),
        certificate("SM2", 256, "SM2-with-SM3"),
        session(Protocol::Tlcp, "TLCP", "ECC_SM4_GCM_SM3"),
    ]
}

fn legacy() -> Vec<Fact> {
    vec![
        coverage(&["TLS"]),
        accepts("TLS 1.0", &["TLS_RSA_WITH_3DES_EDE_CBC_SHA", "TLS_RSA_WITH_DES_CBC_SHA"]),
        accepts("TLS 1.2", &["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_3DES_EDE_CBC_SHA"]),
        certificate("RSA", 2048, "sha256WithRSAEncryption"),
        features(|features| {
            features.compression = Some(false);
            features.heartbeat = Some(true);
            features.dh_bits = vec![1024];
        }),
    ]
}

/// An SSH server with an old cipher and an old code.
fn ssh() -> Fact {
    let list = |names: &[&str]| names.iter().map(|name| Box::from(*name)).collect::<Vec<_>>();
    let both = |names: &[&str]| SshDirections { to_server: list(names), to_client: list(names) };
    Fact::SshAccepts(Box::new(SshAccepts {
        banner: "SSH-2.0-x".into(),
        version: "2.0".into(),
        software: "x".into(),
        national_profile: false,
        lists: Some(SshLists {
            key_exchange: list(&["curve25519-sha256", "diffie-hellman-group14-sha1"]),
            host_key: list(&["ssh-ed25519", "ssh-rsa"]),
            cipher: both(&["aes128-ctr", "des-cbc"]),
            mac: both(&["hmac-sha2-256", "hmac-md5"]),
            ..SshLists::default()
        }),
        host_keys: vec![],
        group_exchange: Field::Absent,
        authentication: Field::Seen(list(&["password"])),
        asked: Asked::Registry,
        hidden: Default::default(),
    }))
}

fn features(change: impl Fn(&mut Features)) -> Fact {
    let mut features = Features::new(Version::TLS_1_2);
    change(&mut features);
    Fact::Features(Box::new(features))
}

fn modern() -> Vec<Fact> {
    vec![
        coverage(&["TLS"]),
        accepts("TLS 1.3", &["TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"]),
        certificate("ECDSA", 256, "ecdsa-with-SHA256"),
        features(|features| features.session_ticket = Some(true)),
    ]
}

fn plain() -> Vec<Fact> {
    vec![coverage(&["HTTP"])]
}

/// For looking at it: `DENGMI_REPORT_SAMPLE=/tmp/x.html cargo test -p dengmi report_sample`.
#[test]
fn report_sample() {
    let sample = Sample::plain();
    let (page, json) = (sample.page(), report_json(&sample.input()).unwrap());
    let why = why_text(&sample.input(), "NET-CONF", None, Lang::Zh).unwrap();
    assert!(page.len() > 50_000 && json.len() > 50_000 && why.len() > 1_000);
    if let Some(path) = std::env::var_os("DENGMI_REPORT_SAMPLE") {
        fs::write(&path, page).unwrap();
        fs::write(Path::new(&path).with_extension("json"), json).unwrap();
        fs::write(Path::new(&path).with_extension("txt"), why).unwrap();
    }
}

/// Every value of an attribute in a page.
fn attribute<'p>(page: &'p str, name: &str) -> Vec<&'p str> {
    let start = format!(" {name}=\"");
    page.split(&*start).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn equal_input_gives_equal_bytes() {
    let (one, two) = (Sample::plain(), Sample::plain());
    assert_eq!(one.page(), two.page());
    assert_eq!(report_json(&one.input()).unwrap(), report_json(&two.input()).unwrap());
}

#[test]
fn the_page_needs_no_network_and_runs_no_script() {
    let page = Sample::plain().page();
    for forbidden in
        ["<script", "<link", "<img", "<iframe", " src=", "@import", "url(h", "javascript:", " onclick", " onload"]
    {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert!(attribute(&page, "href").iter().all(|target| target.starts_with('#')));
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn every_link_leads_somewhere_and_every_determination_is_there_once() {
    for level in 1..=4 {
        let sample = Sample::of(|text| {
            text.replace("filed = 3", &format!("filed = {level}"))
                .replace("cryptography_level = 3", &format!("cryptography_level = {level}"))
        });
        assert_eq!(sample.assessment.level, level);
        let page = sample.page();
        let ids = attribute(&page, "id");
        let unique: std::collections::BTreeSet<_> = ids.iter().copied().collect();
        assert_eq!(ids.len(), unique.len(), "two elements share an id at level {level}");
        for target in attribute(&page, "href") {
            assert!(unique.contains(&target[1..]), "level {level}: {target} leads nowhere");
        }
        for determination in sample.assessment.determinations() {
            let at = format!(" id=\"{}\"", page::anchor(&determination.indicator, &determination.subject));
            assert!(page.contains(&at), "level {level}: {at}");
        }
        for section in ["worst", "high-risks", "unassessed", "questions", "subjects", "applicability", "matrix", "law"]
        {
            assert!(unique.contains(section), "{section}");
        }
    }
}

#[test]
fn both_languages_are_everywhere() {
    let sample = Sample::plain();
    let page = sample.page();
    let (zh, en) = (page.matches("<span lang=\"zh\"").count(), page.matches("<span lang=\"en\"").count());
    assert!(zh > 500);
    assert_eq!(zh, en);
    // The page opens in the language that was asked for.
    let english = report_html(&sample.input(), Lang::En);
    for (page, checked) in [(&page, "lang-zh"), (&english, "lang-en")] {
        assert_eq!(page.matches(" checked=").count(), 1);
        let switch = page.split("<input").find(|part| part.contains(" checked=")).unwrap();
        assert!(switch.contains(checked));
    }
}

#[test]
fn hostile_names_stay_text() {
    const EVIL: &str = "</style><script>alert(1)</script>\\u202E{subject}";
    let sample = Sample::of(|text| {
        text.replace("预约挂号系统", EVIL)
            .replace("示例县人民医院", EVIL)
            .replace("示例测评员", EVIL)
            .replace("server_name = \"peer.test\"", "server_name = \"x; include /etc/passwd\"")
    });
    let page = sample.page();
    assert!(page.contains("&lt;/style&gt;&lt;script&gt;alert(1)&lt;/script&gt;\u{fffd}{subject}"));
    assert!(!page.contains("<script") && !page.contains('\u{202e}'));
    assert!(page.contains("CN=peer.test&lt;script&gt;"));
    assert_eq!(page.matches("</style>").count(), 1);
    // A configuration that somebody copies must not carry what a description put into it.
    assert!(page.contains("server_name service.example;") && !page.contains("/etc/passwd"));
    let why = why_text(&sample.input(), "phy-id", Some("room-a"), Lang::En).unwrap();
    assert!(!why.contains('\u{202e}'));
}

#[test]
fn an_open_total_is_an_interval_and_a_settled_one_a_number() {
    let mut sample = Sample::plain();
    let total = sample.assessment.score.as_ref().unwrap().total;
    let shown = |sample: &Sample| {
        let page = sample.page();
        page.split("<p class=\"total\">").nth(1).map(|rest| rest.split('<').next().unwrap().to_owned())
    };
    assert!(total.settled().is_none(), "the sample has open questions");
    assert_eq!(shown(&sample).unwrap(), format!("{}–{}", total.low, total.high));
    if let Ok(score) = &mut sample.assessment.score {
        score.total = Range::point(total.high);
    }
    assert_eq!(shown(&sample).unwrap(), total.high.to_string());
    sample.assessment.score = Err(Refusal::GroupNotApplicable(Some(Group::Technical)));
    assert_eq!(shown(&sample), None);
    assert!(sample.page().contains("class=\"refusal\""));
    assert!(report_json(&sample.input()).is_ok());
}

#[test]
fn the_worst_problems_come_first_with_their_fix() {
    let sample = Sample::plain();
    let input = sample.input();
    let problems = finding::problems(&input);
    assert!(problems.len() > 3);
    let rank = |problem: &finding::Problem<'_>| {
        let state = problem.state;
        (state == RiskState::Open, state == RiskState::Candidate, problem.marks)
    };
    assert!(problems.windows(2).all(|pair| rank(&pair[0]) >= rank(&pair[1])));
    let page = sample.page();
    let worst = page.split("id=\"worst\"").nth(1).unwrap().split("</section>").next().unwrap();
    for problem in problems.iter().take(3) {
        let mending = problem.mending().unwrap();
        assert!(worst.contains(&*mending.problem.en) && worst.contains(&*mending.fix.zh), "{}", mending.remedy);
    }
    // Nothing but who and what stands before it.
    assert!(page.find("id=\"worst\"") < page.find("id=\"high-risks\""));
    // What each problem costs adds up to what is surely lost.
    let lost: dengmi_core::Exact = problems.iter().map(|problem| problem.marks).sum();
    let total = sample.assessment.score.as_ref().unwrap().total;
    let most = dengmi_core::Exact::from_integer(100) - total.high.exact();
    assert!(lost > dengmi_core::Exact::from_integer(0) && lost <= most + dengmi_core::Exact::from_integer(1));
}

/// Every predicate that an indicator file names and that can fail has a remedy; every remedy is reached by the program.
#[test]
fn what_can_fail_can_be_mended() {
    let sample = Sample::plain();
    let source = include_str!("finding.rs");
    for remedy in sample.texts.remedies.keys() {
        assert!(source.contains(&format!("\"{remedy}\"")), "remediation.toml: nothing asks for {remedy:?}");
    }
    // One of several ways each; their lack is mended by the others.
    let others = ["device-is-certified-product", "trial-and-ruled"];
    // They answer yes or wait for a person, never no.
    let never_fail =
        ["enumeration-finished", "enumeration-not-broken-off", "certificate-holds", "more-than-words", "password-hash"];
    let baseline = sample.law.baseline(sample.assessment.on).unwrap();
    for indicator in &baseline.value.indicators {
        let judging = Judging::of(indicator).unwrap();
        let expressions = match &judging.measure {
            Measure::Technical { d, a, k } => vec![d, a, k],
            Measure::Management { written, lived } => vec![written, lived],
        };
        for predicate in expressions.into_iter().flat_map(|expression| expression.predicates()) {
            let name = predicate.name;
            let mended = name == "components-comply" || source.contains(&format!("\"{name}\""));
            assert!(mended || others.contains(&name) || never_fail.contains(&name), "{}: {name}", indicator.id);
        }
        let guide = sample.law.high_risk(sample.assessment.on).unwrap();
        let own = guide.value.item.iter().find(|item| item.indicators.contains(&indicator.id));
        for (name, _) in &judging.mitigated {
            let listed = own.is_some_and(|item| item.mitigation.iter().any(|listed| listed.id == *name));
            assert!(listed, "{}: the guide has no text for the mitigation {name:?}", indicator.id);
        }
    }
}

#[test]
fn no_place_is_left_unfilled() {
    let sample = Sample::plain();
    let input = sample.input();
    let places = |text: &str| {
        let names = text.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name);
        names.filter(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')).count()
    };
    let mut seen = 0;
    for finding in finding::problems(&input).iter().flat_map(|problem| &problem.findings) {
        for mending in &finding.remedies {
            seen += 1;
            let texts = [&mending.problem, &mending.fix].into_iter().chain(&mending.steps);
            let all: String = texts.flat_map(|text| [&*text.zh, &*text.en]).chain(mending.example.as_deref()).collect();
            assert_eq!(places(&all), 0, "{all}");
        }
    }
    assert!(seen > 20);
    let page = sample.page();
    let body = page.split("</head>").nth(1).unwrap();
    assert_eq!(places(body), 0);
    // Every place that a remedy names is one that the program fills.
    let known = finding::PLACES;
    for remedy in sample.texts.remedies.values() {
        let texts = [&remedy.problem, &remedy.fix].into_iter().chain(&remedy.steps);
        let all: String = texts.flat_map(|text| [&*text.zh, &*text.en]).chain(remedy.example.as_deref()).collect();
        for name in all.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name) {
            let is_place = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
            assert!(!is_place || known.contains(&name), "{name}");
        }
    }
}

#[test]
fn a_ruling_stands_beside_the_machine() {
    let ruling = "\n[[ruling]]\nunit = \"NET-ID\"\nsubject = \"mobile\"\na = \"pass\"\nk = \"pass\"\nreason = \"见<纪要>\"\nby = \"裁定人\"\non = 2026-11-21\n";
    let sample = Sample::of(|text| text + ruling);
    let found = sample.assessment.determinations().find(|found| found.ruling.is_some()).unwrap();
    assert_eq!((found.verdict.outcome, found.counted.outcome), (Outcome::Partly, Outcome::Conform));
    let page = sample.page();
    let block = page.split("<div class=\"ruling\">").nth(1).unwrap().split("</div>").next().unwrap();
    assert!(block.contains("裁定人") && block.contains("见&lt;纪要&gt;"));
    for outcome in [Outcome::Partly, Outcome::Conform] {
        assert!(block.contains(&format!("chip {}", crate::texts::word(&outcome))));
    }
    let why = why_text(&sample.input(), "NET-ID", Some("mobile"), Lang::Zh).unwrap();
    assert!(why.contains("裁定人") && why.contains("部分符合") && why.contains("符合"));
}

#[test]
fn what_decides_nothing_is_shown_beside_with_its_entry() {
    let sample = Sample::plain();
    let features = |(_, one): &(&EntryNumber, &Observation)| matches!(one.fact, Fact::Features(_));
    // One of them holds nothing that decides, and is listed as evidence all the same.
    assert_eq!(sample.evidence.iter().filter(features).count(), 2);
    let entry = sample.evidence.iter().find(features).unwrap().0;
    let why = why_text(&sample.input(), "NET-CONF", Some("legacy-booking"), Lang::En).unwrap();
    let shown = why.lines().find(|line| line.contains("heartbeat")).unwrap();
    assert!(shown.contains("version: TLS 1.2; compression: no; heartbeat: yes"), "{shown}");
    assert!(shown.contains(&format!("← {entry} tls.features")), "{shown}");
    // The size of the field decides, and stands among the facts.
    assert!(why.contains("accepted key exchanges: DH-1024") && !shown.contains("1024"), "{why}");
    assert!(sample.page().contains("heartbeat: yes"));
}

#[test]
fn what_ssh_accepts_is_mended_by_its_own_names() {
    let managed = |text: String| {
        text + "\n[[device]]\nid = \"jump\"\nkind = \"general-server\"\nmembers = [\"j\"]\nroom = \"room-a\"\nlogin = []\n\
                management = [\"administrator>device ssh\"]\nmanagement_ends = [\"ssh://10.0.1.30:22\"]\nlabels = false\n"
    };
    let sample = Sample::of(managed);
    let why = why_text(&sample.input(), "DEV-CHAN", Some("jump"), Lang::En).unwrap();
    let parts = [
        "Switch these off now: des-cbc, hmac-md5, ssh-rsa\n",
        "secure shell of GM/T 0129",
        "identification: SSH-2.0-x",
    ];
    for part in parts {
        assert!(why.contains(part), "{part} is not in\n{why}");
    }
    assert!(!why.contains("TLCP"), "{why}");
}

#[test]
fn why_names_clause_source_and_path() {
    let sample = Sample::plain();
    let input = sample.input();
    for (lang, expected) in [
        (
            Lang::Zh,
            ["GB/T 39786-2021 8.2 a)", "施行 2021-10-01", "明文 HTTP", "probe.coverage · 127.0.0.1:44304", "得分路径"],
        ),
        (
            Lang::En,
            [
                "GB/T 39786-2021 8.2 a)",
                "in force 2021-10-01",
                "plain HTTP",
                "probe.coverage · 127.0.0.1:44304",
                "Path of the score",
            ],
        ),
    ] {
        let why = why_text(&input, "net-id", Some("laboratory"), lang).unwrap();
        for part in expected {
            assert!(why.contains(part), "{part} is not in\n{why}");
        }
        assert!(!why.contains("patient-portal:"), "another subject was not asked for");
    }
    for (indicator, subject, expected) in
        [("NET-IDD", None, "PHY-ID"), ("NET-ID", Some("nobody"), "patient-portal"), ("", None, "PHY-ID")]
    {
        let error = why_text(&input, indicator, subject, Lang::En).unwrap_err();
        assert!(error.en.contains(expected) && error.zh.contains(expected), "{error:?}");
    }
    for unit in &sample.assessment.units {
        for lang in [Lang::Zh, Lang::En] {
            assert!(!why_text(&input, unit.indicator.as_str(), None, lang).unwrap().is_empty());
        }
    }
}

#[test]
fn the_json_is_what_its_schema_says() {
    let schema: serde_json::Value = serde_json::from_str(include_str!("../../schema/report.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let sample = Sample::plain();
    let mut json: serde_json::Value = serde_json::from_slice(&report_json(&sample.input()).unwrap()).unwrap();
    let faults: Vec<String> = validator.iter_errors(&json).map(|fault| fault.instance_path().to_string()).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    assert_eq!(json["problems"].as_array().unwrap().len(), finding::problems(&sample.input()).len());
    // The schema can refuse.
    for (pointer, wrong) in [
        ("/assessment/level", serde_json::json!(5)),
        ("/assessment/units/0/subjects/0/counted/d", serde_json::json!("maybe")),
        ("/assessment/score/total", serde_json::json!(50.1)),
        ("/generated_at", serde_json::json!("yesterday")),
        ("/problems/0/findings", serde_json::json!([])),
    ] {
        let place = json.pointer_mut(pointer).unwrap();
        let right = std::mem::replace(place, wrong);
        assert!(!validator.is_valid(&json), "{pointer}");
        *json.pointer_mut(pointer).unwrap() = right;
    }
    assert!(validator.is_valid(&json));
}
