//! See [`dengmi_fuzz::bundle`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dengmi_fuzz::bundle(data));
