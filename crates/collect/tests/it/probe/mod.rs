//! The prober against servers that nobody here wrote, and against servers that are wrong.

#![allow(unreachable_pub, reason = "peer and run are used by the tests against Tongsuo too")]

mod dtls;
mod hostile;
mod ike;
mod nginx;
mod openssl;
pub(crate) mod peer;
mod run;
mod ssh;
mod upgrade;
mod wrong;
