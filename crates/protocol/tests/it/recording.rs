//! The files of `vectors/handshakes`.

use std::path::Path;

use dengmi_core::{Suite, Version};
use dengmi_protocol::handshake::suite::{SuiteParameters, parameters};

pub(crate) struct Recording {
    pub(crate) name: String,
    table: toml::Table,
}

/// One record of a recording.
pub(crate) struct Recorded {
    pub(crate) from_client: bool,
    pub(crate) bytes: Vec<u8>,
    table: toml::Table,
}

pub(crate) fn all() -> Vec<Recording> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/handshakes");
    let mut recordings: Vec<Recording> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| Recording {
            name: path.file_stem().unwrap().to_string_lossy().into_owned(),
            table: std::fs::read_to_string(&path).unwrap().parse().unwrap(),
        })
        .collect();
    recordings.sort_by(|a, b| a.name.cmp(&b.name));
    assert_eq!(recordings.len(), 9, "the recordings of vectors/handshakes");
    recordings
}

fn text<'a>(table: &'a toml::Table, field: &str) -> &'a str {
    table.get(field).and_then(toml::Value::as_str).unwrap_or_else(|| panic!("no field {field}"))
}

fn bytes(table: &toml::Table, field: &str) -> Vec<u8> {
    hex::decode(text(table, field)).unwrap()
}

impl Recording {
    pub(crate) fn kind(&self) -> &str {
        text(&self.table, "kind")
    }

    pub(crate) fn is_tls13(&self) -> bool {
        self.kind().starts_with("tls13")
    }

    pub(crate) fn has_client_certificate(&self) -> bool {
        self.table["client_certificate"].as_bool().unwrap()
    }

    pub(crate) fn suite(&self) -> SuiteParameters {
        let code = u16::from_str_radix(text(&self.table, "suite_code").trim_start_matches("0x"), 16).unwrap();
        let version = if self.is_tls13() { Version::TLS_1_3 } else { Version::TLCP };
        parameters(version, Suite(code)).unwrap()
    }

    fn part(&self, part: &str) -> &toml::Table {
        self.table[part].as_table().unwrap_or_else(|| panic!("{}: no part {part}", self.name))
    }

    pub(crate) fn value(&self, part: &str, field: &str) -> Vec<u8> {
        bytes(self.part(part), field)
    }

    pub(crate) fn maybe(&self, part: &str, field: &str) -> Option<Vec<u8>> {
        self.table.get(part)?.get(field).map(|value| hex::decode(value.as_str().unwrap()).unwrap())
    }

    pub(crate) fn array<const N: usize>(&self, part: &str, field: &str) -> [u8; N] {
        self.value(part, field).try_into().unwrap()
    }

    fn list(&self, name: &str) -> impl Iterator<Item = &toml::Table> {
        self.table.get(name).and_then(toml::Value::as_array).into_iter().flatten().map(|row| row.as_table().unwrap())
    }

    /// Handshake messages in transcript order: sender, name, bytes. Those after the handshake are left out.
    pub(crate) fn messages(&self) -> Vec<(&str, &str, Vec<u8>)> {
        self.list("message")
            .filter(|row| !row.contains_key("after_handshake"))
            .map(|row| (text(row, "from"), text(row, "name"), bytes(row, "hex")))
            .collect()
    }

    pub(crate) fn records(&self) -> Vec<Recorded> {
        self.list("record")
            .map(|row| Recorded {
                from_client: text(row, "from") == "client",
                bytes: bytes(row, "hex"),
                table: row.clone(),
            })
            .collect()
    }

    /// A field of a certificate, by its owner (`client`, `server`) and use (`sign`, `encrypt`).
    pub(crate) fn certificate(&self, owner: &str, usage: &str, field: &str) -> Vec<u8> {
        let mut found = self.list("certificate").filter(|row| text(row, "owner") == owner && text(row, "use") == usage);
        bytes(found.next().unwrap_or_else(|| panic!("{}: no {usage} certificate of {owner}", self.name)), field)
    }

    /// All certificates of a side in their order, DER.
    pub(crate) fn certificates(&self, owner: &str) -> Vec<Vec<u8>> {
        self.list("certificate").filter(|row| text(row, "owner") == owner).map(|row| bytes(row, "der")).collect()
    }
}

impl Recorded {
    /// Whether it is protected: then the recording knows what is inside.
    pub(crate) fn plain(&self) -> Option<Vec<u8>> {
        self.table.get("plain").map(|_| bytes(&self.table, "plain"))
    }

    /// The content type inside.
    pub(crate) fn content(&self) -> &str {
        self.table.get("inner_type").map_or_else(|| text(&self.table, "type"), |inner| inner.as_str().unwrap())
    }

    /// TLS 1.3: which keys protect it.
    pub(crate) fn key(&self) -> &str {
        text(&self.table, "key")
    }

    pub(crate) fn sequence(&self) -> u64 {
        self.table["seq"].as_integer().unwrap().try_into().unwrap()
    }
}
