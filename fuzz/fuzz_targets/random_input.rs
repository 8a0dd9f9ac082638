//! See [`dengmi_fuzz::random_input`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dengmi_fuzz::random_input(data));
