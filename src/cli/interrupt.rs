//! Ctrl-C: the first asks the run to stop, the second stops it.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::exit::Exit;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Whether the user wants to stop.
pub(super) fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// Begins to listen. Where that fails, the system's own reaction stays: the program ends.
pub(super) fn listen() {
    let started = std::thread::Builder::new()
        .name("interrupt".to_owned())
        .spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_io()
                .build();
            if let Ok(runtime) = runtime {
                runtime.block_on(wait());
            }
        });
    // Without the thread nothing is caught.
    drop(started);
}

/// Listens with one pair of ears throughout: what comes between two of its turns is not lost.
#[cfg(unix)]
async fn wait() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        return;
    };
    loop {
        tokio::select! {
            biased;
            _ = interrupt.recv() => heard(),
            _ = terminate.recv() => heard(),
        }
    }
}

#[cfg(not(unix))]
async fn wait() {
    while tokio::signal::ctrl_c().await.is_ok() {
        heard();
    }
}

fn heard() {
    if INTERRUPTED.swap(true, Ordering::Relaxed) {
        std::process::exit(Exit::Interrupted.code().into());
    }
}
