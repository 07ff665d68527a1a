//! Plays one case: scene, control and witness.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mqtt_check_codec::Packet;
use tokio::time::sleep;

use super::Played;
use super::player::{Patience, Player};
use super::prefix::Prefix;
use super::room::Share;
use crate::plan::{Plan, witness};
use crate::scenario::model::PrefixMode;
use crate::target::external::{self, Connectors};
use crate::target::host::Host;
use crate::target::instances::Handle;
use crate::target::log::{Lines, Log};
use crate::transcript::{BrokerLog, Event, LogLine, RUN, Secrets, Transcript, What};

/// How long an expectation waits if the scenario does not say.
const LIMIT: Duration = Duration::from_secs(5);
/// How long a broker on the network may take to show more reactions after its answer.
const SETTLE: Duration = Duration::from_millis(100);

/// The time after which a refused witness tries again.
const TURNED_AWAY: Duration = Duration::from_secs(1);

/// Generates prefixes that no other run and no other play has.
#[derive(Debug)]
pub(super) struct Prefixes {
    run: String,
    next: AtomicU64,
}

impl Prefixes {
    /// Creates the prefixes of a run. `nonce` distinguishes the run from others that share the broker.
    pub(super) fn new(nonce: u64) -> Self {
        Self {
            run: base36(nonce % 36_u64.pow(4)),
            next: AtomicU64::new(0),
        }
    }

    pub(super) fn next(&self) -> Prefix {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let number = base36(number % 36_u64.pow(4));
        // All prefixes have the same length, so that none is the beginning of another. The first `RUN` letters identify
        // the run, so that messages of its other plays are recognized.
        Prefix::new(format!("{:0>RUN$}{number:0>4}", self.run))
    }
}

fn base36(mut number: u64) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut digits = Vec::new();
    loop {
        digits.push(char::from(
            DIGITS[usize::try_from(number % 36).unwrap_or_default()],
        ));
        number /= 36;
        if number == 0 {
            return digits.iter().rev().collect();
        }
    }
}

pub(super) fn patience(timeout_scale: f64, chaos: Option<u64>) -> Patience {
    Patience {
        limit: LIMIT.mul_f64(timeout_scale),
        settle: SETTLE.mul_f64(timeout_scale),
        forwarding_delay: Duration::ZERO,
        settle_subscriptions: Duration::ZERO,
        delay: Duration::ZERO,
        keep_alive_s: 0,
        silence_check: Duration::ZERO,
        scale: timeout_scale,
        chaos,
    }
}

/// What may end a play early.
#[derive(Clone, Copy)]
pub(super) struct Bounds<'b> {
    /// Returns whether the user has interrupted the run, or the run is ending.
    pub(super) interrupted: &'b (dyn Fn() -> bool + Sync),
    /// How much memory the play may use for what brokers send.
    pub(super) share: &'b Share<'b>,
}

/// Plays the scene, or its control.
pub(super) async fn play(
    plan: &Plan,
    host: Host,
    patience: Patience,
    prefix: Prefix,
    control: bool,
    bounds: Bounds<'_>,
) -> (Transcript, Duration, Host) {
    let is_virtual = host.is_virtual();
    let playing = async {
        let mut player = Player::new(&plan.scene, host, patience, prefix, bounds);
        match (&plan.control, control) {
            (Some(control), true) => {
                player.play(&control.steps, false).await;
                player.conclude(&control.expect).await;
            }
            _ => player.play(&plan.steps, true).await,
        }
        let took = player.now();
        let (transcript, host, lanes) = player.end().await;
        drop(lanes);
        (transcript, took, host)
    };
    if is_virtual {
        return playing.await;
    }
    let mut longest = Duration::ZERO;
    let (mut transcript, took, host) = timed(&mut longest, playing).await;
    // Packets that were received while this machine stalled were read late, even if no limit was running out.
    transcript.late = transcript.late.max(longest);
    (transcript, took, host)
}

/// Notes the longest time that one poll of a future took.
async fn timed<T>(longest: &mut Duration, future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    poll_fn(|context| {
        let began = Instant::now();
        let polled = future.as_mut().poll(context);
        *longest = began.elapsed().max(*longest);
        polled
    })
    .await
}

/// Returns the witness, if the case needs one: neither its scene nor its control shows that there is a broker, so its
/// checks may have passed without one.
pub(super) fn wanted_witness(
    plan: &Plan,
    scene: &Transcript,
    control: Option<&Transcript>,
) -> Option<&'static Plan> {
    let is_shown = scene.shows_service() || control.is_some_and(Transcript::shows_service);
    if is_shown || plan.only_greets() || scene.broken_off.is_some() {
        return None;
    }
    let version = plan.scene.clients.first()?.version;
    witness(version)
}

/// Returns whether the broker refused the witness and closed the connection. A broker with a limit of connections may
/// not have noticed yet that the clients of the scene have left.
fn is_turned_away(witness: &Transcript) -> bool {
    let mut events = witness.events.iter();
    let is_closed = events.any(|event| matches!(event.what, What::Closed(_)));
    let is_let_in = |event: &Event| match &event.what {
        What::Received {
            packet: Ok(Packet::ConnAck(connack)),
            ..
        } => connack.reason.is_success(),
        _ => false,
    };
    is_closed && witness.broken_off.is_none() && !witness.events.iter().any(is_let_in)
}

/// A broker that cases are played on.
#[derive(Debug, Clone)]
pub(super) struct Venue {
    pub(super) connectors: Connectors,
    /// Connects clients that the broker knows, for brokers that know only some.
    pub(super) known: Connectors,
    /// Set for an instance that was started for such cases alone and ends with them.
    pub(super) handle: Option<Handle>,
    /// The broker's log, if we started it.
    pub(super) log: Option<Arc<Log>>,
}

impl Venue {
    /// Restarts the broker if a case stopped it. If it does not start, the witness finds no broker.
    async fn restart_if_stopped(&self) {
        if let Some(handle) = self.handle.clone() {
            let _ = tokio::task::spawn_blocking(move || handle.restart_if_exited()).await;
        }
    }
}

/// The parts of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Scene,
    Control,
    Witness,
}

/// Where a case is played.
#[derive(Debug, Clone, Copy)]
pub(super) enum Venues<'g> {
    /// On a broker that other clients use before, during or after the case.
    Shared(&'g Venue),
    /// On an instance of its own, with another one for the control. Nobody sees what the case leaves there.
    Own(&'g Venue, Option<&'g Venue>),
}

impl<'g> Venues<'g> {
    fn of(self, control: bool) -> &'g Venue {
        match self {
            Self::Own(_, Some(venue)) if control => venue,
            Self::Own(venue, _) | Self::Shared(venue) => venue,
        }
    }
}

/// Returns what the broker logged during a play that began at `began`. The letters of our prefix are removed.
fn written(lines: Lines, began: Instant, letters: &str) -> BrokerLog {
    let strip = |text: String| match letters {
        "" => text,
        letters => {
            let text = text.replace(&format!("{letters}/"), "");
            let text = text.replace(&format!("{letters}-"), "");
            text.replace(letters, "")
        }
    };
    let all = lines.first.into_iter().chain(lines.last);
    BrokerLog {
        lines: all
            .map(|line| LogLine {
                at: line.at.saturating_duration_since(began),
                text: strip(line.text),
            })
            .collect(),
        left_out: lines.left_out,
    }
}

/// Plays a case on an external broker. The scene and its control run at the same time. What they leave is removed
/// afterwards.
pub(super) async fn play_external(
    plan: &Plan,
    venues: Venues<'_>,
    secrets: &Secrets,
    patience: Patience,
    prefixes: &Prefixes,
    bounds: Bounds<'_>,
) -> Played {
    let began = Instant::now();
    let is_own = matches!(venues, Venues::Own(..));
    let one_by_one = plan.scene.exclusive.is_required() && !is_own;
    let one = async |plan: &Plan, part: Part| {
        let control = part == Part::Control;
        let prefix = match plan.scene.prefix_mode {
            _ if plan.scene.exclusive.is_required() || is_own => Prefix::default(),
            PrefixMode::Apart => prefixes.next(),
            PrefixMode::Joined => prefixes.next().joined(),
        };
        let cleaner = format!("{}cleaner", prefix.client_id("c"));
        let venue = venues.of(control).clone();
        let connectors = match part {
            Part::Witness => venue.known,
            Part::Scene | Part::Control => venue.connectors,
        };
        let passes = venue.handle.is_some();
        if prefix.letters().is_empty() && plan.has_hooks() {
            // The broker may still report events of the previous case, which must not count for this one.
            sleep(connectors.hooks_settle()).await;
        }
        let letters = prefix.letters();
        let capture = venue.log.as_ref().map(|log| log.listen(letters));
        let listened = Instant::now();
        let host = Host::External(external::Host::new(connectors, letters, venue.handle));
        let (mut transcript, _, host) =
            play(plan, host, patience, prefix.clone(), control, bounds).await;
        if let Some(capture) = capture {
            transcript.log = written(capture.take(), listened, letters);
        }
        // What is left on an instance disappears with it.
        if !passes {
            transcript.left_behind = host.clean_up(&cleaner, transcript.delay).await;
        }
        // Text of the scenario itself is not secret.
        let secrets = secrets.not_in(&plan.scene.source.text);
        let strip = |packet: &mut Packet| prefix.strip(packet);
        transcript.hide(&secrets, &strip);
        transcript
    };
    let (scene, control) = if plan.control.is_none() {
        (one(plan, Part::Scene).await, None)
    } else if one_by_one {
        let scene = one(plan, Part::Scene).await;
        (scene, Some(one(plan, Part::Control).await))
    } else {
        let (scene, control) = tokio::join!(one(plan, Part::Scene), one(plan, Part::Control));
        (scene, Some(control))
    };
    // The witness runs after the scene, so it also shows that the broker has survived the scene.
    let witness = match wanted_witness(plan, &scene, control.as_ref()) {
        Some(witness) => {
            venues.of(false).restart_if_stopped().await;
            let mut shown = one(witness, Part::Witness).await;
            if is_turned_away(&shown) {
                sleep(TURNED_AWAY).await;
                shown = one(witness, Part::Witness).await;
            }
            Some(Arc::new(shown))
        }
        None => None,
    };
    Played {
        scene,
        control,
        witness,
        began,
        wall: began.elapsed(),
        virtual_time: Duration::ZERO,
        play: 1,
        outage: None,
    }
}
