#![no_main]
#![allow(missing_docs, reason = "nobody uses a fuzz target")]

libfuzzer_sys::fuzz_target!(
    // libFuzzer's hook ends the run on panics of Symphonia that the decoder catches.
    init: drop(std::panic::take_hook()),
    |data: &[u8]| soundalike_fuzz::sound_file(data)
);
