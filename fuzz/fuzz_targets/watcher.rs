//! See [`dengmi_fuzz::watcher`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dengmi_fuzz::watcher(data));
