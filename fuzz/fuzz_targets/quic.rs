//! See [`dengmi_fuzz::quic`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dengmi_fuzz::quic(data));
