//! Which room may use which, and which crates.

use anyhow::{Context, Result, anyhow};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A room of `ARCHITECTURE.md`: a crate, the rooms that it may use, and foreign crates that it may not.
struct Room {
    name: &'static str,
    may_use: &'static [&'static str],
    may_not: &'static [&'static str],
    why: &'static str,
}

const INPUT_AND_OUTPUT: &[&str] =
    &["tokio", "async-std", "mio", "socket2", "sqlx", "rusqlite", "reqwest", "ureq", "tempfile"];

const ROOMS: &[Room] = &[
    Room {
        name: "dengmi-core",
        may_use: &[],
        may_not: INPUT_AND_OUTPUT,
        why: "words know no clock, disk or environment",
    },
    Room {
        name: "dengmi-parse",
        may_use: &["dengmi-core"],
        may_not: INPUT_AND_OUTPUT,
        why: "a parser that verifies will be tempted to reject",
    },
    Room {
        name: "dengmi-crypto",
        may_use: &["dengmi-core"],
        may_not: INPUT_AND_OUTPUT,
        why: "vectors must test it without our own parsers between",
    },
    Room {
        name: "dengmi-randomness",
        may_use: &["dengmi-core"],
        may_not: INPUT_AND_OUTPUT,
        why: "vectors must test it without our own parsers between",
    },
    Room {
        name: "dengmi-protocol",
        may_use: &["dengmi-core", "dengmi-parse", "dengmi-crypto"],
        may_not: &[
            "tokio",
            "async-std",
            "mio",
            "socket2",
            "sqlx",
            "rusqlite",
            "reqwest",
            "ureq",
            "tempfile",
            "getrandom",
            "rand",
            "rand_core",
        ],
        why: "the same machine runs live, on captures, in the demo and under the fuzzer",
    },
    Room {
        name: "dengmi-judge",
        may_use: &["dengmi-core"],
        may_not: INPUT_AND_OUTPUT,
        why: "a verdict must be recomputable in ten years from words alone",
    },
    Room {
        name: "dengmi-casefile",
        may_use: &["dengmi-core", "dengmi-crypto"],
        may_not: &[],
        why: "the store keeps what others found and judges nothing",
    },
    Room {
        name: "dengmi-collect",
        may_use: &["dengmi-core", "dengmi-parse", "dengmi-crypto", "dengmi-protocol", "dengmi-randomness"],
        may_not: &[],
        why: "a collector that knows the law starts to see what the law wants",
    },
];

/// A package of the workspace: what it depends on, and for what (`normal`, `dev` or `build`).
pub(super) struct Package {
    name: String,
    dependencies: Vec<(String, String)>,
}

/// The packages in the answer of `cargo metadata --no-deps`.
pub(super) fn packages(metadata: &Value) -> Result<Vec<Package>> {
    let name = |value: &Value| value.get("name").and_then(Value::as_str).map(str::to_owned);
    let packages = metadata.get("packages").and_then(Value::as_array).context("cargo metadata: no packages")?;
    packages
        .iter()
        .map(|package| {
            let dependencies = package.get("dependencies").and_then(Value::as_array).context("no dependencies")?;
            Ok(Package {
                name: name(package).context("cargo metadata: a package without a name")?,
                dependencies: dependencies
                    .iter()
                    .filter_map(|dependency| {
                        let kind = dependency.get("kind").and_then(Value::as_str).unwrap_or("normal");
                        Some((name(dependency)?, kind.to_owned()))
                    })
                    .collect(),
            })
        })
        .collect()
}

/// The table of rooms. A room that does not exist yet is passed over; a crate that is no room is an outside user.
pub(super) fn rooms(packages: &[Package]) -> Vec<String> {
    let mut complaints = Vec::new();
    for package in packages {
        let Some(room) = ROOMS.iter().find(|room| room.name == package.name) else {
            continue;
        };
        for (dependency, kind) in &package.dependencies {
            let ours = *dependency == "dengmi" || dependency.starts_with("dengmi-");
            // Tests may put a scratch folder on the disk.
            let banned = room.may_not.contains(&dependency.as_str()) && kind == "normal";
            if banned || ours && !room.may_use.contains(&dependency.as_str()) {
                complaints.push(format!("{} may not use {dependency} ({kind}): {}", room.name, room.why));
            }
        }
    }
    complaints
}

/// Trait crates of RustCrypto: two versions of one do not meet, and the compiler says so in riddles.
const TRAITS: &[&str] = &[
    "aead",
    "block-buffer",
    "cipher",
    "crypto-bigint",
    "crypto-common",
    "digest",
    "ecdsa",
    "elliptic-curve",
    "hybrid-array",
    "pkcs8",
    "sec1",
    "signature",
    "spki",
    "universal-hash",
];

/// sqlx digests its migrations with the generation before ours; none of those types meet ours. Its macros are in the
/// lock file without being built.
const ANOTHER_GENERATION: &[&str] = &["sqlx-core", "sqlx-macros-core"];

/// One version of each trait crate, going by `Cargo.lock` from the packages of the workspace.
pub(super) fn one_generation(lock: &str) -> Result<Vec<String>> {
    let lock: toml::Table = lock.parse().context("Cargo.lock")?;
    let packages =
        lock.get("package").and_then(toml::Value::as_array).ok_or_else(|| anyhow!("Cargo.lock: no package"))?;
    let field = |package: &toml::Value, key| package.get(key).and_then(toml::Value::as_str).map(str::to_owned);
    let mut graph = BTreeMap::new();
    let mut open = Vec::new();
    for package in packages {
        let (Some(name), Some(version)) = (field(package, "name"), field(package, "version")) else {
            continue;
        };
        let needs: Vec<String> = package
            .get("dependencies")
            .and_then(toml::Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|need| need.as_str().map(str::to_owned))
            .collect();
        if field(package, "source").is_none() {
            open.push((name.clone(), version.clone()));
        }
        graph.insert((name, version), needs);
    }
    let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    while let Some((name, version)) = open.pop() {
        if ANOTHER_GENERATION.contains(&name.as_str()) || !seen.entry(name.clone()).or_default().insert(version.clone())
        {
            continue;
        }
        for need in graph.get(&(name, version)).into_iter().flatten() {
            // `digest`, or `digest 0.10.7` where there is more than one.
            let mut words = need.split(' ');
            let wanted = (words.next(), words.next());
            open.extend(
                graph
                    .keys()
                    .filter(|(name, version)| {
                        Some(name.as_str()) == wanted.0 && wanted.1.is_none_or(|wanted| wanted == version)
                    })
                    .cloned(),
            );
        }
    }
    Ok(TRAITS
        .iter()
        .filter_map(|name| Some((name, seen.get(*name)?)))
        .filter(|(_, versions)| versions.len() > 1)
        .map(|(name, versions)| {
            format!("Cargo.lock: {} versions of {name}: {versions:?}; one generation", versions.len())
        })
        .collect())
}

/// Every crate of the workspace takes its lints from the root.
pub(super) fn lints(manifests: &[(String, String)]) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for (place, manifest) in manifests {
        let manifest: toml::Table = manifest.parse().with_context(|| place.clone())?;
        let inherited = manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool);
        if manifest.contains_key("package") && inherited != Some(true) {
            complaints.push(format!("{place}: expected [lints] workspace = true"));
        }
    }
    Ok(complaints)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_room_uses_only_what_it_may() {
        for (room, dependency, kind, expected) in [
            ("dengmi-judge", "dengmi-core", json!(null), None),
            ("dengmi-judge", "dengmi-collect", json!(null), Some("dengmi-judge may not use dengmi-collect (normal)")),
            ("dengmi-judge", "dengmi-casefile", json!("dev"), Some("dengmi-judge may not use dengmi-casefile (dev)")),
            ("dengmi-core", "tokio", json!(null), Some("dengmi-core may not use tokio")),
            ("dengmi-crypto", "dengmi-parse", json!("dev"), Some("dengmi-crypto may not use dengmi-parse (dev)")),
            ("dengmi-protocol", "getrandom", json!(null), Some("dengmi-protocol may not use getrandom")),
            ("dengmi-protocol", "getrandom", json!("dev"), None),
            ("dengmi-collect", "tokio", json!(null), None),
            ("dengmi-collect", "dengmi-judge", json!(null), Some("starts to see what the law wants")),
            ("dengmi-casefile", "dengmi", json!(null), Some("dengmi-casefile may not use dengmi (normal)")),
            ("dengmi", "dengmi-judge", json!(null), None),
        ] {
            let metadata =
                json!({ "packages": [{ "name": room, "dependencies": [{ "name": dependency, "kind": kind }] }] });
            let found = rooms(&packages(&metadata).unwrap());
            assert_eq!(found.len(), usize::from(expected.is_some()), "{found:?}");
            if let Some(expected) = expected {
                assert!(found[0].contains(expected), "{found:?}");
            }
        }
        assert!(packages(&json!({})).is_err());
    }

    #[test]
    fn one_generation_of_traits() {
        let lock = |hmac: &str, extra: &str| {
            format!(
                "[[package]]\nname = \"ours\"\nversion = \"1.0.0\"\ndependencies = [\"sha2 0.11.0\", \"hmac\", \"sqlx-core\"]\n\
                 [[package]]\nname = \"sha2\"\nversion = \"0.11.0\"\nsource = \"r\"\ndependencies = [\"digest 0.11.0\"]\n\
                 [[package]]\nname = \"sha2\"\nversion = \"0.10.0\"\nsource = \"r\"\ndependencies = [\"digest 0.10.0\"]\n\
                 [[package]]\nname = \"hmac\"\nversion = \"0.13.0\"\nsource = \"r\"\ndependencies = [\"digest {hmac}\"]\n\
                 [[package]]\nname = \"sqlx-core\"\nversion = \"0.9.0\"\nsource = \"r\"\ndependencies = [\"sha2 0.10.0\"]\n\
                 [[package]]\nname = \"digest\"\nversion = \"0.10.0\"\nsource = \"r\"\n\
                 [[package]]\nname = \"digest\"\nversion = \"0.11.0\"\nsource = \"r\"\n{extra}"
            )
        };
        assert_eq!(one_generation(&lock("0.11.0", "")).unwrap(), Vec::<String>::new());
        let second = one_generation(&lock("0.10.0", "")).unwrap();
        assert_eq!(second, ["Cargo.lock: 2 versions of digest: {\"0.10.0\", \"0.11.0\"}; one generation"]);
        let through_another = "[[package]]\nname = \"theirs\"\nversion = \"1.0.0\"\ndependencies = [\"sha2 0.10.0\"]\n";
        assert_eq!(one_generation(&lock("0.11.0", through_another)).unwrap().len(), 1);
        assert!(one_generation("").is_err());
    }

    #[test]
    fn lints_come_from_the_root() {
        for (manifest, complaints) in [
            ("[package]\nname = \"a\"\n[lints]\nworkspace = true\n", 0),
            ("[package]\nname = \"a\"\n", 1),
            ("[package]\nname = \"a\"\n[lints]\nworkspace = false\n", 1),
            ("[package]\nname = \"a\"\n[lints.rust]\nunsafe_code = \"allow\"\n", 1),
            ("[workspace]\n", 0),
        ] {
            let found = lints(&[("crates/a/Cargo.toml".to_owned(), manifest.to_owned())]).unwrap();
            assert_eq!(found.len(), complaints, "{manifest}");
        }
    }
}
