//! See [`dengmi_fuzz::upgrade`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dengmi_fuzz::upgrade(data));
