//! Observations of services for people: a label, then what was seen.

use crate::commands::judge::width;
use crate::failure::Outcome;
use crate::out::{Out, Voice};
use dengmi_core::{
    Accepts, Asked, Fact, IkeKind, IkeTransform, Observation, Order, Protocol, Reach, SshAccepts, SshLists, Suite,
    Version, registry,
};
use dengmi_protocol::plan::Finding;

/// One observation for people: a label, then what was seen.
pub(super) fn print(observation: &Observation, voice: &Voice, out: &mut Out) -> Outcome<()> {
    let said = |key: &str| voice.text(key, &[]);
    let reach = || voice.lang.of(&crate::texts::judge::of(&voice.texts.judge.reach, &observation.reach)).to_owned();
    let (label, text) = match &observation.fact {
        Fact::Accepts(accepts) => {
            let version = match accepts.protocol {
                Protocol::Tlcp => "TLCP".to_string(),
                _ => registry::version(accepts.version)
                    .map_or_else(|| accepts.version.number(), |entry| entry.name.into()),
            };
            if accepts.suites.is_empty() && accepts.suite_names.is_empty() {
                (version, reach())
            } else {
                let order = said(match accepts.order {
                    Order::Servers => "order-servers",
                    Order::Clients => "order-clients",
                    Order::NotTried => "order-not-asked",
                });
                let asked = said(match accepts.asked {
                    Asked::Partly => "asked-partly",
                    Asked::Registry => "asked-registry",
                    Asked::EveryCodePoint => "asked-every",
                });
                let count = accepts.suite_names.len().to_string();
                let head = voice.text("probe-suites", &[("count", &count), ("order", &order), ("asked", &asked)]);
                (version, [vec![head], lists(accepts)].concat().join("\n    "))
            }
        }
        Fact::Features(features) => {
            let told = features.told();
            if told.is_empty() {
                return Ok(());
            }
            let version = registry::version(features.version)
                .map_or_else(|| features.version.number(), |entry| entry.name.into());
            let told: Vec<String> = told.iter().map(|(name, value)| format!("{name} {value}")).collect();
            (version, told.join(", "))
        }
        Fact::Upgraded(upgraded) => {
            let key = if upgraded.offered { "upgrade-offered" } else { "upgrade-refused" };
            let text = voice.text(key, &[("why", upgraded.refusal.as_deref().unwrap_or_default())]);
            let login =
                upgraded.login_in_clear.map(|yes| said(if yes { "login-in-clear" } else { "no-login-in-clear" }));
            let injected = upgraded.injected.then(|| said("upgrade-injected"));
            let software = upgraded.software.as_deref().map(str::to_owned);
            let rest: Vec<String> = [Some(text), login, injected, software].into_iter().flatten().collect();
            (upgraded.protocol.to_uppercase(), rest.join("  "))
        }
        Fact::WebPage(page) => {
            let location = page.location.as_ref().map(|location| format!("→ {location}"));
            let strict = page.encrypted.then(|| match page.strict_seconds() {
                Some(seconds) => voice.text("web-strict", &[("seconds", &seconds.to_string())]),
                None => said("web-not-strict"),
            });
            let form =
                page.login_form.then(|| said(if page.login_in_clear { "web-login-in-clear" } else { "web-login" }));
            let rest = [Some(page.status.to_string()), location, strict, form].into_iter().flatten();
            (if page.encrypted { "HTTPS" } else { "HTTP" }.to_owned(), rest.collect::<Vec<_>>().join("  "))
        }
        Fact::QuicAccepts(accepts) => {
            let versions = match accepts.versions.is_empty() {
                true => said("quic-versions-not-named"),
                false => voice.text("quic-versions", &[("versions", &accepts.versions.join(" "))]),
            };
            let retry = accepts.retry.then(|| said("quic-retry"));
            let lines: Vec<String> = [Some(versions), retry].into_iter().flatten().collect();
            ("QUIC".to_owned(), lines.join("  "))
        }
        Fact::IkeAccepts(accepts) => {
            let name = format!("IKE {}.{}", accepts.version, accepts.minor);
            let kind = |(kind, list): (&IkeKind, &Vec<IkeTransform>)| {
                let names: Vec<String> = list.iter().map(transform).collect();
                (!names.is_empty()).then(|| format!("{}: {}", crate::texts::word(kind), names.join(" ")))
            };
            let lists: Vec<String> = accepts.transforms.iter().filter_map(kind).collect();
            let profile = accepts.profile.as_deref().map(|profile| format!("{profile}  ")).unwrap_or_default();
            let lines = [vec![format!("{profile}{}", reach())], lists].concat();
            (name, lines.join("\n    "))
        }
        Fact::SshAccepts(accepts) => {
            ("SSH".to_owned(), [vec![accepts.banner.to_string()], ssh(accepts, voice)].concat().join("\n    "))
        }
        Fact::Certificate(certificate) => {
            let role = certificate.role.map(|role| format!("  {}", crate::texts::word(&role))).unwrap_or_default();
            let problems = certificate.checked.as_ref().map(|checked| checked.problems.join(", ")).unwrap_or_default();
            let problems = if problems.is_empty() { problems } else { format!("  ! {problems}") };
            let (from, to) = (&certificate.not_before, &certificate.not_after);
            let revoked = certificate.revocation();
            let revoked = if revoked.is_empty() { revoked } else { format!("  {revoked}") };
            (
                said("probe-certificate"),
                format!("{}  {}{role}  {from} – {to}{revoked}{problems}", certificate.subject, certificate.key_alg),
            )
        }
        Fact::KeyProof(proof) => (
            said("probe-proof"),
            voice.text("probe-proved", &[("key", &crate::texts::word(&proof.key)), ("by", &proof.by)]),
        ),
        // What could not be reached is told once, with its cause.
        Fact::Coverage(_) if observation.reach != Reach::Seen => return Ok(()),
        Fact::Coverage(coverage) => {
            let speaks = if coverage.speaks.is_empty() { said("speaks-nothing") } else { coverage.speaks.join(", ") };
            let whole = said(if coverage.complete { "all-asked" } else { "not-all-asked" });
            (said("probe-speaks"), format!("{speaks}  [{whole}]"))
        }
        Fact::Session(Protocol::Plain, session) => {
            let name = session.app_protocol.seen().map_or("", |name| &**name);
            (said("probe-clear"), name.to_owned())
        }
        _ if observation.reach == Reach::Seen => return Ok(()),
        _ => (observation.fact.kind().to_string(), reach()),
    };
    let pad = " ".repeat(12_usize.saturating_sub(width(&label)));
    out.line(format!("{}  {label}{pad} {text}", observation.observed))?;
    Ok(())
}

/// Suites, each with its number and the name that OpenSSL and its kin have for it, then groups and schemes.
fn lists(accepts: &Accepts) -> Vec<String> {
    let suite = |suite: &Suite, name: &str| {
        let entry = registry::suite(*suite).filter(|_| accepts.version != Version::SSL_2_0);
        let alias = entry.and_then(|entry| ["openssl", "tongsuo"].iter().find_map(|library| entry.name_in(library)));
        let alias = alias.filter(|alias| *alias != name).map(|alias| format!("  {alias}")).unwrap_or_default();
        format!("{}  {name}{alias}", suite.number())
    };
    let named = accepts.suites.iter().zip(&accepts.suite_names);
    let mut lines: Vec<String> = named.map(|(number, name)| suite(number, name)).collect();
    let joined = |names: Vec<String>| (!names.is_empty()).then(|| names.join(" "));
    lines.extend(joined(accepts.groups.iter().map(ToString::to_string).collect()));
    lines.extend(joined(accepts.schemes.iter().map(ToString::to_string).collect()));
    lines
}

fn transform(transform: &IkeTransform) -> String {
    match transform.key_bits {
        Some(bits) => format!("{}-{bits}", transform.name),
        None => transform.name.to_string(),
    }
}

/// Lists, keys and ways to authenticate, by their standard's own names.
fn ssh(accepts: &SshAccepts, voice: &Voice) -> Vec<String> {
    let mut lines = Vec::new();
    let mut list = |name: &str, values: &[Box<str>]| {
        if !values.is_empty() {
            lines.push(format!("{name}: {}", values.join(" ")));
        }
    };
    if let Some(lists) = &accepts.lists {
        list("kex", &lists.key_exchange);
        list("host key", &lists.host_key);
        list("cipher", &lists.cipher.to_client);
        list("mac", &lists.mac.to_client);
        list("compression", &lists.compression.to_client);
    }
    if let Some(ways) = accepts.authentication.seen() {
        list("authentication", ways);
    }
    for key in &accepts.host_keys {
        let proved = if key.proved { voice.text("ssh-key-proved", &[]) } else { String::new() };
        let bits = key.bits.map(|bits| bits.to_string()).unwrap_or_default();
        lines.push(format!("{} {bits} {} {proved}", key.kind, key.fingerprint()));
    }
    if let Some(exchange) = accepts.group_exchange.seen() {
        let sizes = [exchange.smallest_bits, exchange.largest_bits].into_iter().flatten().map(|bits| bits.to_string());
        lines.push(format!("group exchange: {}", sizes.collect::<Vec<_>>().join("–")));
    }
    if accepts.lists.as_ref().is_some_and(SshLists::may_be_truncated) {
        lines.push(format!("! {}", voice.text("ssh-terrapin", &[])));
    }
    lines
}

/// What was odd about an endpoint.
pub(super) fn finding(finding: &Finding, voice: &Voice) -> String {
    match finding {
        Finding::UnaskedSuite { version, suite } => {
            voice.text("finding-suite", &[("version", &version.to_string()), ("suite", &suite.to_string())])
        }
        Finding::UnaskedGroup { version, group } => {
            voice.text("finding-group", &[("version", &version.to_string()), ("group", &group.to_string())])
        }
        Finding::OtherVersion { asked, chosen } => {
            voice.text("finding-version", &[("asked", &asked.to_string()), ("chosen", &chosen.to_string())])
        }
        Finding::Unsteady { version } => voice.text("finding-unsteady", &[("version", &version.to_string())]),
        Finding::LongHello { version } => voice.text("finding-long", &[("version", &version.to_string())]),
        Finding::Intolerant { version, .. } => voice.text("finding-intolerant", &[("version", &version.to_string())]),
    }
}
