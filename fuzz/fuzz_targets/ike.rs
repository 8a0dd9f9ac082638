//! See [`dengmi_fuzz::ike`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dengmi_fuzz::ike(data));
