//! Plays plans against a target and records what happens.

mod build;
mod bundled;
mod case;
mod chaos;
mod external;
mod lane;
mod lies;
mod outlook;
mod player;
mod prefix;
mod room;
mod rumqttc;
mod shortened;
mod spread;
mod wait;

pub(crate) use prefix::Prefix;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::plan::{Plan, Skip, SkipCode, SkipKind};
use crate::scenario::model::CaseId;
use crate::target::canary::{Outage, Pulse};
use crate::target::{Capabilities, StartError, Target};
use crate::transcript::Transcript;

/// The options of a run.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// How many cases run at once. `None` means the number of cores in virtual time, and 256 otherwise.
    pub jobs: Option<usize>,
    /// Multiplies every limit and settling time.
    pub timeout_scale: f64,
    /// The longest wait outside virtual time.
    pub max_wait: Duration,
    /// The seed for all randomness.
    pub seed: u64,
    /// The seed for putting the same bytes on the wire in other ways. `None` turns that off.
    pub chaos: Option<u64>,
    /// Whether clients are placed on the nodes of the target in turn if their scenario names no node.
    pub spread: bool,
    /// Whether exclusive cases are also played on a broker that we did not start.
    pub exclusive: bool,
    /// Whether cases that are tagged `heavy` are played.
    pub heavy: bool,
    /// Whether the run checks that a broker on the network does more than answer CONNECT. It checks before many cases
    /// are played, and after many cases in a row have shown no broker.
    pub first_look: bool,
}

impl RunOptions {
    /// Returns the reason for skipping a `heavy` case, if it is skipped.
    fn too_heavy(&self, plan: &Plan) -> Option<Skip> {
        let is_left_out = plan.scene.is_heavy() && !self.heavy;
        is_left_out.then(|| {
            SkipCode::of(SkipKind::Heavy).because("tagged `heavy`: played with --heavy only")
        })
    }
}

/// The result of playing one case.
#[derive(Debug)]
pub enum Play {
    Played(Box<Played>),
    /// The case was not played, for this reason.
    Skipped(Skip),
}

/// The transcripts of a case that was played.
#[derive(Debug)]
pub struct Played {
    pub scene: Transcript,
    pub control: Option<Transcript>,
    /// The proof that there is a broker, if neither scene nor control shows one.
    pub witness: Option<Arc<Transcript>>,
    pub began: Instant,
    /// The duration on our clock.
    pub wall: Duration,
    /// The duration on the broker's clock, if that is virtual.
    pub virtual_time: Duration,
    /// The number of this play of the case, from 1. The earlier ones were disturbed.
    pub play: usize,
    /// The outage of the broker during the play, if there was one.
    pub outage: Option<Outage>,
}

/// What a run reports while it lasts, from one place and in the order in which it happens.
#[derive(Debug)]
pub enum Progress<'a, R> {
    /// What the broker offers, as far as it is known before the first case.
    Reached(&'a Capabilities),
    Started(&'a CaseId),
    Finished(&'a R),
    /// The remaining cases are not played, for this reason.
    GivenUp(&'a str),
    /// How responsive a broker on the network was, reported after all cases. Also the cases that were being played when
    /// an outage began, each with that time.
    Responded(&'a Pulse, &'a [(Instant, CaseId)]),
}

/// Receives the progress of a run, one call at a time. Decides whether the run continues: after a `Break`, no more
/// cases begin.
pub type Watch<'w, R> = dyn FnMut(Progress<'_, R>) -> ControlFlow<()> + Send + 'w;

/// Why a play of a case may not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// The play says more about this machine, or about an outage of the broker, than about the broker's behaviour.
    Disturbed,
    /// The only problem is that packets were late. The play counts if no other case was played at the same time.
    CameLate,
}

/// The callbacks of a run.
#[expect(missing_debug_implementations, reason = "it is made of functions")]
pub struct Conductor<'c, R> {
    /// Makes a result from a play. Called on the thread that played the case, so on several threads at once.
    pub conclude: &'c (dyn Fn(&Plan, Play) -> R + Sync),
    /// Returns whether the user has interrupted the run. Called between cases and while waiting.
    pub interrupted: &'c (dyn Fn() -> bool + Sync),
    /// Returns why the case is to be played again, or `None` if it is not.
    pub doubt: &'c (dyn Fn(&R) -> Option<Doubt> + Sync),
    /// Decides between a play in which packets were late while other cases were played, and a second play alone. The
    /// second one is missing if there was no time for it.
    pub settle: &'c (dyn Fn(R, Option<R>) -> R + Sync),
    pub watch: &'c mut Watch<'c, R>,
}

/// Plays every plan. Results are in the order of the plans, whatever the number of jobs. A run that stops early returns
/// the results so far.
///
/// # Errors
/// Fails if the target cannot be reached or started.
pub fn run<R: Send>(
    plans: &[Plan],
    target: &Target,
    options: &RunOptions,
    conductor: Conductor<'_, R>,
) -> Result<Vec<R>, StartError> {
    match target {
        Target::Bundled(bundled) => bundled::run(plans, bundled, options, conductor),
        Target::External(external) => external::run(plans, external, options, conductor),
    }
}
