//! Ctrl-C, SIGTERM and SIGHUP: the first one asks the run to stop, the second one ends the program.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};

use crate::exit::Exit;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
static LISTENING: Once = Once::new();

/// Whether the user has asked to stop.
pub(super) fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// Starts listening for signals; when it returns, every later signal is caught. If that fails, signals keep their
/// default action and end the program. Further calls do nothing.
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
    // If the thread could not start, the channel is closed and `recv` returns at once. Signals then keep their default
    // action.
    drop(started);
    let _ = is_ready.recv();
}

/// Waits for signals with one set of listeners for the whole run, so that no signal between two waits is lost.
#[cfg(unix)]
async fn wait(ready: Sender<()>) {
    use tokio::signal::unix::{SignalKind, signal};
    // Read this first, because installing our handlers changes it.
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

/// Whether our parent wants us to keep running when the terminal closes, as `nohup` does. Returns `false` if the system
/// does not tell.
#[cfg(unix)]
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // One bit per signal, and SIGHUP is the lowest.
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
