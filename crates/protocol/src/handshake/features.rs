//! What a TLS 1.3 server tells under keys, beside what a handshake needs.

use dengmi_core::Features;
use dengmi_parse::tls::ExtensionType;
use dengmi_parse::tls::message::{Extension, Extensions, TooLong};

use crate::plan::PROTOCOLS;

/// Adds what is asked for.
pub(super) fn ask(extensions: &mut Vec<Extension<'_>>) -> Result<(), TooLong> {
    extensions.push(Extension::application_protocols(&PROTOCOLS)?);
    extensions.push(Extension::status_request());
    extensions.push(Extension::new(ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP, &[][..]));
    extensions.push(Extension::record_size_limit());
    Ok(())
}

/// Takes the answers in EncryptedExtensions (RFC 8446 4.3.1).
pub(super) fn of_encrypted_extensions(extensions: &Extensions<'_>, features: &mut Features) {
    let protocols = extensions.application_protocols().and_then(Result::ok).unwrap_or_default();
    let name = protocols.first().map(|name| String::from_utf8_lossy(name).into());
    features.application_protocol = Some(name.unwrap_or_default());
    let limit = extensions.find(ExtensionType::RECORD_SIZE_LIMIT).and_then(|body| body.try_into().ok());
    features.record_size_limit = Some(limit.map_or(0, u16::from_be_bytes));
}

/// Takes the answers beside the server's own certificate (RFC 8446 4.4.2.1).
pub(super) fn of_certificate(extensions: &Extensions<'_>, features: &mut Features) {
    features.stapled_status = Some(extensions.find(ExtensionType::STATUS_REQUEST).is_some());
    features.certificate_timestamps = Some(extensions.find(ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP).is_some());
}
