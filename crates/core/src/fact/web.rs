use serde::{Deserialize, Serialize};

/// What a web server answers to a request for `/`: one page, not the whole site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebPage {
    /// Whether it was asked for inside TLS or TLCP.
    pub encrypted: bool,
    /// 200, 301 and so on.
    pub status: u16,
    /// Where a redirect leads, as it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Box<str>>,
    /// Strict-Transport-Security as it stands (RFC 6797 6.1); browsers heed it inside TLS only (8.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict_transport: Option<Box<str>>,
    /// A form with a field for a password stands in the text of the page; one that a script makes is not seen.
    pub login_form: bool,
    /// Such a form sends what is typed in clear.
    pub login_in_clear: bool,
    /// The page was longer than what was read, or broke off: what was not seen may be there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

impl WebPage {
    /// Whether it is a redirect to TLS.
    pub fn leads_to_tls(&self) -> bool {
        let secure = |location: &str| location.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("https://"));
        (300..400).contains(&self.status) && self.location.as_deref().is_some_and(secure)
    }

    /// For how many seconds browsers shall come back inside TLS only (`max-age`, RFC 6797 6.1.1); `None`: nothing says so, or
    /// it is said in clear, where it does not count. 0 takes it back.
    pub fn strict_seconds(&self) -> Option<u64> {
        let header = self.strict_transport.as_deref().filter(|_| self.encrypted)?;
        let seconds = |part: &str| {
            let (name, value) = part.split_once('=')?;
            let value = value.trim().trim_matches('"');
            name.trim().eq_ignore_ascii_case("max-age").then(|| value.parse().ok()).flatten()
        };
        header.split(';').find_map(seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(encrypted: bool, header: &str) -> WebPage {
        let (location, strict_transport) = (None, Some(header.into()));
        WebPage {
            encrypted,
            status: 200,
            location,
            strict_transport,
            login_form: false,
            login_in_clear: false,
            cut: false,
        }
    }

    #[test]
    fn strict_transport_counts_inside_tls_and_with_an_age() {
        for (header, seconds) in [
            ("max-age=31536000; includeSubDomains", Some(31_536_000)),
            ("includeSubDomains ; Max-Age = \"600\"", Some(600)),
            ("max-age=0", Some(0)),
            ("max-age", None),
            ("includeSubDomains", None),
            ("max-age=-1", None),
        ] {
            assert_eq!(page(true, header).strict_seconds(), seconds, "{header}");
            assert_eq!(page(false, header).strict_seconds(), None, "{header}");
        }
    }
}
