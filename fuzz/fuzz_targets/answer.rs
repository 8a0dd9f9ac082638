//! See [`dengmi_fuzz::answer`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dengmi_fuzz::answer(data));
