//! One case from its plan to its result.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::player::{Patience, Player};
use super::prefix::Prefix;
use crate::plan::Plan;
use crate::target::external;
use crate::target::host::Host;
use crate::transcript::Transcript;
use crate::verdict::{CaseResult, Verdict, judge};

/// How long an expectation waits that says nothing of it.
const LIMIT: Duration = Duration::from_secs(5);
/// How long a broker on the network may take to show that it does more than it answered.
const SETTLE: Duration = Duration::from_millis(100);

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

    fn next(&self) -> Prefix {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        Prefix::new(format!("{}{}", self.run, base36(number % 36_u64.pow(4))))
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

/// What a play took.
pub(super) struct Played {
    pub(super) transcript: Transcript,
    /// On the clock that the play went by.
    pub(super) took: Duration,
}

pub(super) fn patience(timeout_scale: f64) -> Patience {
    Patience {
        limit: LIMIT.mul_f64(timeout_scale),
        settle: SETTLE.mul_f64(timeout_scale),
        keep_alive_s: 0,
        scale: timeout_scale,
    }
}

/// Plays the scene, or its control.
pub(super) async fn play(
    plan: &Plan,
    host: Host,
    patience: Patience,
    prefix: Prefix,
    control: bool,
    interrupted: &(dyn Fn() -> bool + Sync),
) -> (Played, Host) {
    let mut player = Player::new(&plan.scene, host, patience, prefix, interrupted);
    match (&plan.control, control) {
        (Some(control), true) => {
            player.play(&control.steps, false).await;
            player.play(&control.expect, true).await;
        }
        _ => player.play(&plan.steps, true).await,
    }
    let took = player.now();
    let (transcript, host, lanes) = player.end().await;
    drop(lanes);
    (Played { transcript, took }, host)
}

/// Plays a case on an external broker: the scene and its control side by side, then what they left is cleared away.
pub(super) async fn play_external(
    plan: &Plan,
    address: &str,
    patience: Patience,
    prefixes: &Prefixes,
    interrupted: &(dyn Fn() -> bool + Sync),
) -> CaseResult {
    let began = Instant::now();
    let alone = plan.scene.exclusive;
    let one = |control: bool| async move {
        let prefix = if alone {
            Prefix::default()
        } else {
            prefixes.next()
        };
        let cleaner = format!("{}cleaner", prefix.client_id("c"));
        let host = Host::External(external::Host::new(address.to_owned()));
        let (played, host) = play(plan, host, patience, prefix, control, interrupted).await;
        let Host::External(host) = host else {
            return played;
        };
        host.clean_up(&cleaner).await;
        played
    };
    let (scene, control) = if plan.control.is_none() {
        (one(false).await, None)
    } else if alone {
        let scene = one(false).await;
        (scene, Some(one(true).await))
    } else {
        let (scene, control) = tokio::join!(one(false), one(true));
        (scene, Some(control))
    };
    result(
        plan,
        scene.transcript,
        control.map(|c| c.transcript),
        began.elapsed(),
        Duration::ZERO,
    )
}

/// Judges what was played.
pub(super) fn result(
    plan: &Plan,
    scene: Transcript,
    control: Option<Transcript>,
    wall: Duration,
    virtual_time: Duration,
) -> CaseResult {
    let (verdict, findings) = judge(plan, &scene, control.as_ref());
    CaseResult {
        verdict,
        findings,
        choices: scene.choices.clone(),
        transcript: Some(scene),
        control,
        wall,
        virtual_time,
        ..unplayed(plan, Verdict::Passed)
    }
}

/// The result of a case that was not played.
pub(super) fn skipped(plan: &Plan, reason: String) -> CaseResult {
    unplayed(plan, Verdict::Skipped { reason })
}

fn unplayed(plan: &Plan, verdict: Verdict) -> CaseResult {
    let mut clauses: Vec<String> = Vec::new();
    for step in &plan.scene.steps {
        for clause in &step.clauses {
            if !clauses.contains(clause) {
                clauses.push(clause.clone());
            }
        }
    }
    CaseResult {
        id: plan.scene.id.clone(),
        title: plan.scene.title.clone(),
        file: plan.scene.source.path.clone(),
        verdict,
        clauses,
        findings: Vec::new(),
        choices: Vec::new(),
        transcript: None,
        control: None,
        wall: Duration::ZERO,
        virtual_time: Duration::ZERO,
    }
}
