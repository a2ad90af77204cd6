#![no_main]
#![allow(missing_docs, reason = "nobody uses a fuzz target")]

libfuzzer_sys::fuzz_target!(|data: &[u8]| soundalike_fuzz::sound_file(data));
