//! See [`dengmi_fuzz::system`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dengmi_fuzz::system(data));
