//! Parses any text as the notation of a scenario without a panic, and writes what it stands for.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mqtt_check_codec::notation;

fuzz_target!(|text: &str| {
    match notation::parse(text) {
        Ok(bytes) => {
            assert!(bytes.len() <= notation::MAX_SIZE);
            if bytes.len() <= 4096 {
                let written = notation::write(&bytes);
                assert_eq!(notation::parse(&written).as_ref(), Ok(&bytes), "{written}");
            }
        }
        Err(error) => {
            assert!(text.is_char_boundary(error.offset), "{error}");
            assert!(error.line >= 1 && error.column >= 1);
        }
    }
});
