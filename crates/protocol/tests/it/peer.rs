//! Programs of Debian with which the tests of this room compare themselves.

use std::io::Write;
use std::path::Path;

pub(crate) const OPENSSL: &str = "/usr/bin/openssl";

/// Whether it is not installed. On a user's machine the test proves nothing and says so; in CI it fails.
pub(crate) fn openssl_is_missing() -> bool {
    missing(OPENSSL, "openssl")
}

/// The same for any program, with the package that brings it.
pub(crate) fn missing(path: &str, package: &str) -> bool {
    let missing = !Path::new(path).is_file();
    if missing {
        let test = std::thread::current().name().unwrap_or_default().to_owned();
        let complaint =
            format!("NOT RUN: {test} needs {path} (apt-get install {package}); without it nothing is proved\n");
        assert!(std::env::var_os("CI").is_none(), "{complaint}");
        // Written past the capture of `cargo test`, which hides what passing tests print.
        let _ = std::io::stderr().write_all(complaint.as_bytes());
    }
    missing
}
