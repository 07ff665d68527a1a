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
use crate::scenario::model::Sharing;
use crate::target::external::{self, Connectors};
use crate::target::host::Host;
use crate::target::instances::Handle;
use crate::target::log::{Lines, Log};
use crate::transcript::{BrokerLog, Event, LogLine, RUN, Secrets, Transcript, What};

/// How long an expectation waits that says nothing of it.
const LIMIT: Duration = Duration::from_secs(5);
/// How long a broker on the network may take to show that it does more than it answered.
const SETTLE: Duration = Duration::from_millis(100);

/// A witness that was turned away tries again after this time.
const TURNED_AWAY: Duration = Duration::from_secs(1);

/// Prefixes that no other run and no other play has.
#[derive(Debug)]
pub(super) struct Prefixes {
    run: String,
    next: AtomicU64,
}

impl Prefixes {
    /// `nonce` tells this run from others that share a broker.
    pub(super) fn new(nonce: u64) -> Self {
        Self {
            run: base36(nonce % 36_u64.pow(4)),
            next: AtomicU64::new(0),
        }
    }

    pub(super) fn next(&self) -> Prefix {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let number = base36(number % 36_u64.pow(4));
        // All as long as each other, so that none is the beginning of another; by the first `RUN` letters of one the
        // record tells messages of this run's other plays.
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
        settle_subscriptions: Duration::ZERO,
        delay: Duration::ZERO,
        keep_alive_s: 0,
        silence_check: Duration::ZERO,
        scale: timeout_scale,
        chaos,
    }
}

/// What ends a play before its end.
#[derive(Clone, Copy)]
pub(super) struct Bounds<'b> {
    /// Whether the user wants to stop, or the run.
    pub(super) interrupted: &'b (dyn Fn() -> bool + Sync),
    /// How much of what brokers send may be kept.
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
    let mut longest = Duration::ZERO;
    let playing = timed(&mut longest, async {
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
    });
    let (mut transcript, took, host) = playing.await;
    if !is_virtual {
        // Packets that came while this machine was stopped were read late, even if no limit was running out.
        transcript.late = transcript.late.max(longest);
    }
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

/// The witness, if the case wants one: neither scene nor control shows that there is a broker, and what was to be
/// checked may have held by there being none.
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

/// Whether the broker let no client in, and ended a connection. One that has its number of clients may not have noticed yet
/// that those of the scene have gone.
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
pub(super) struct Ground {
    pub(super) connectors: Connectors,
    /// The same, for a client that it knows if it knows only some.
    pub(super) known: Connectors,
    /// Where it was started for such cases alone, and ends with them.
    pub(super) handle: Option<Handle>,
    /// What it writes, where we started it.
    pub(super) log: Option<Arc<Log>>,
}

impl Ground {
    /// Starts it again if it was stopped. A broker that does not come back shows by not answering.
    async fn go_on(&self) {
        if let Some(handle) = self.handle.clone() {
            let _ = tokio::task::spawn_blocking(move || handle.go_on()).await;
        }
    }
}

/// What is played of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Scene,
    Control,
    Witness,
}

/// Where a case is played.
#[derive(Debug, Clone, Copy)]
pub(super) enum Grounds<'g> {
    /// On a broker that others use before, beside or after it.
    Shared(&'g Ground),
    /// On one of its own, and its control on another. Nothing that it leaves there is seen by anybody.
    Own(&'g Ground, Option<&'g Ground>),
}

impl<'g> Grounds<'g> {
    fn of(self, control: bool) -> &'g Ground {
        match self {
            Self::Own(_, Some(ground)) if control => ground,
            Self::Own(ground, _) | Self::Shared(ground) => ground,
        }
    }
}

/// What the broker wrote of a play that began then, without the letters that only we know of.
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

/// Plays a case on an external broker: the scene and its control side by side, then what they left is cleared away.
pub(super) async fn play_external(
    plan: &Plan,
    grounds: Grounds<'_>,
    secrets: &Secrets,
    patience: Patience,
    prefixes: &Prefixes,
    bounds: Bounds<'_>,
) -> Played {
    let began = Instant::now();
    let is_own = matches!(grounds, Grounds::Own(..));
    let one_by_one = plan.scene.exclusive && !is_own;
    let one = async |plan: &Plan, part: Part| {
        let control = part == Part::Control;
        let prefix = match plan.scene.sharing {
            _ if plan.scene.exclusive || is_own => Prefix::default(),
            Sharing::Apart => prefixes.next(),
            Sharing::Joined => prefixes.next().joined(),
        };
        let cleaner = format!("{}cleaner", prefix.client_id("c"));
        let ground = grounds.of(control).clone();
        let connectors = match part {
            Part::Witness => ground.known,
            Part::Scene | Part::Control => ground.connectors,
        };
        let passes = ground.handle.is_some();
        if prefix.letters().is_empty() && plan.has_hooks() {
            // The broker may still report events of the case before, which must not count for this one.
            sleep(connectors.hooks_settle()).await;
        }
        let letters = prefix.letters();
        let ear = ground.log.as_ref().map(|log| log.listen(letters));
        let listened = Instant::now();
        let host = Host::External(external::Host::new(connectors, letters, ground.handle));
        let (mut transcript, _, host) =
            play(plan, host, patience, prefix.clone(), control, bounds).await;
        if let Some(ear) = ear {
            transcript.log = written(ear.heard(), listened, letters);
        }
        // What is left on an instance ends with it.
        if !passes {
            transcript.left_behind = host.clean_up(&cleaner, transcript.delay).await;
        }
        // What the scenario itself says is no secret.
        let secrets = secrets.but_for(&plan.scene.source.text);
        let strip = |packet: &mut Packet| prefix.take_off(packet);
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
    // After the scene: so it also shows that the broker has survived it.
    let witness = match wanted_witness(plan, &scene, control.as_ref()) {
        Some(witness) => {
            grounds.of(false).go_on().await;
            let mut shown = one(witness, Part::Witness).await;
            if is_turned_away(&shown) {
                sleep(TURNED_AWAY).await;
                shown = one(witness, Part::Witness).await;
            }
            Some(shown)
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
