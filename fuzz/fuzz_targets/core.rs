//! Whatever clients, time and an administrator do to the broker's core: it does not panic, it sends nothing that cannot
//! be written or that reads as something else, it stays quiet on a connection that it closed, and it keeps no more memory
//! than its limits allow.

#![no_main]

mod core {
    pub mod memory;
    pub mod scene;
}

use core::memory;
use core::scene::Scene;
use libfuzzer_sys::fuzz_target;

/// What a broker with the scene's limits and inputs of the fuzzer's size may hold, in bytes, with room to spare.
const HELD_AT_MOST: usize = 1 << 20;

fuzz_target!(|scene: Scene| {
    let before = memory::held();
    let held = scene.play();
    assert!(
        held <= before + HELD_AT_MOST,
        "{} bytes are held after {} steps",
        held - before,
        scene.steps.len()
    );
});
