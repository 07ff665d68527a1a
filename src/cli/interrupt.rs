//! Ctrl-C, SIGTERM and SIGHUP: the first one asks the run to stop, the second one ends the program.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};

use crate::exit::Exit;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
static LISTENING: Once = Once::new();

/// Whether the user wants to stop.
pub(super) fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// Begins to listen; whoever comes after this is heard. Where that fails, the system's own reaction stays: the program
/// ends. Another call does nothing.
pub(super) fn listen() {
    LISTENING.call_once(begin);
}

fn begin() {
    let (ready, is_ready) = channel();
    let started = std::thread::Builder::new()
        .name("interrupt".to_owned())
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_io()
                .build();
            if let Ok(runtime) = runtime {
                runtime.block_on(wait(ready));
            }
        });
    // Without the thread no signal is caught, and the channel is closed, which ends the wait.
    drop(started);
    let _ = is_ready.recv();
}

/// One listener for the whole run, so that no signal between two waits is lost.
#[cfg(unix)]
async fn wait(ready: Sender<()>) {
    use tokio::signal::unix::{SignalKind, signal};
    // Looked up before we listen, which changes it.
    let keeps_on = is_hangup_ignored();
    let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
        signal(SignalKind::hangup()),
    ) else {
        return;
    };
    let _ = ready.send(());
    loop {
        tokio::select! {
            biased;
            _ = interrupt.recv() => heard(),
            _ = terminate.recv() => heard(),
            _ = hangup.recv(), if !keeps_on => heard(),
        }
    }
}

/// Whether who started us wants us to go on when the terminal ends, as `nohup` does. Where the system does not say so, the
/// end of the terminal ends us.
#[cfg(unix)]
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // A bit for each signal, and SIGHUP is the first.
    ignored
        .and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok())
        .is_some_and(|bits| bits & 1 == 1)
}

#[cfg(windows)]
async fn wait(ready: Sender<()>) {
    let Ok(mut interrupt) = tokio::signal::windows::ctrl_c() else {
        return;
    };
    let _ = ready.send(());
    while interrupt.recv().await.is_some() {
        heard();
    }
}

fn heard() {
    if INTERRUPTED.swap(true, Ordering::Relaxed) {
        std::process::exit(Exit::Interrupted.code().into());
    }
}
