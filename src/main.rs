//! The `mqtt-check` program. It only calls the library's command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    mqtt_check::cli::main()
}

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
