//! See [`dengmi_fuzz::key_log`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dengmi_fuzz::key_log(data));
