//! See [`dengmi_fuzz::client_tls13`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dengmi_fuzz::client_tls13(data));
