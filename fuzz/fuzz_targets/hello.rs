//! See [`dengmi_fuzz::hello`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dengmi_fuzz::hello(data));
