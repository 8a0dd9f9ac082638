//! See [`dengmi_fuzz::observation`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dengmi_fuzz::observation(data));
