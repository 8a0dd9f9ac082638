//! See [`dengmi_fuzz::opener`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dengmi_fuzz::opener(data));
