//! See [`dengmi_fuzz::client_tlcp`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dengmi_fuzz::client_tlcp(data));
