//! See [`dengmi_fuzz::capture`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dengmi_fuzz::capture(data));
