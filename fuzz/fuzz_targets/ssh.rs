//! See [`dengmi_fuzz::ssh`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dengmi_fuzz::ssh(data));
