//! Peers of the prober that nobody here wrote, for tests only: this package stands outside the default members, since it
//! builds four minutes of C. `cargo test -p dengmi-peers` runs it.

/// The `openssl` program of Tongsuo 8.5.0, made by the build script.
pub const TONGSUO: &str = env!("TONGSUO_OPENSSL");
