//! SSL 2.0 to TLS 1.3, DTLS and TLCP on the wire: one definition of every record and message, for captures, probes, the
//! demo's servers and the fuzzer.

pub mod code;
pub mod datagram;
mod dialect;
mod key_log;
pub mod message;
pub mod record;
mod watch;

pub use code::{AlertDescription, AlertLevel, ContentType, ExtensionType, HandshakeType};
pub use datagram::{DatagramRecord, Fragment, FragmentAssembler};
pub use dialect::Dialect;
pub use key_log::{Digits, KeyLog, KeyLogFault, KeyLogPart, LoggedSecrets};
pub use record::{Deframed, Deframer, Message, MessageAssembler, Record};
pub use watch::{End, Fed, FoundDefect, Handshake, SentAlert, Side, Sides, Then, Watcher};
