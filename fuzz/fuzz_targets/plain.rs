//! See [`dengmi_fuzz::plain`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dengmi_fuzz::plain(data));
