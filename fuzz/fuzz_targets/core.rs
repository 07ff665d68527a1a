//! Checks the broker's core against any actions of clients, time and an administrator. It does not panic. All that it
//! sends can be encoded and decodes to the same packet. It sends nothing on a connection that it has closed, and it
//! keeps no more memory than its limits allow.

#![no_main]

mod core {
    pub mod memory;
    pub mod scene;
}

use core::memory;
use core::scene::Scene;
use libfuzzer_sys::fuzz_target;

/// The most memory in bytes, with room to spare, for a broker with the scene's limits and inputs of the fuzzer's size.
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
