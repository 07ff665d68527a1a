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
mod wait;

pub(crate) use prefix::Prefix;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::plan::{Plan, Skip, SkipCode, SkipKind};
use crate::scenario::model::CaseId;
use crate::target::canary::{Outage, Pulse};
use crate::target::{Capabilities, StartError, Target};
use crate::transcript::Transcript;

/// How a run is played.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Cases at the same time; `None`: the number of cores in virtual time, else 256.
    pub jobs: Option<usize>,
    /// Multiplies every limit and settling time.
    pub timeout_scale: f64,
    /// The longest wait outside virtual time.
    pub max_wait: Duration,
    /// All randomness comes from it.
    pub seed: u64,
    /// Put the same bytes on the wire in other ways, as this seed says.
    pub chaos: Option<u64>,
    /// Play exclusive cases also on a broker that we did not start.
    pub exclusive: bool,
    /// Play cases that are tagged `heavy` too.
    pub heavy: bool,
    /// Look whether a broker on the network does anything beyond CONNECT before many cases are played, and when many
    /// in a row have come to nothing.
    pub first_look: bool,
}

impl RunOptions {
    /// Why a case is not played that costs more than most runs want to spend.
    fn too_heavy(&self, plan: &Plan) -> Option<Skip> {
        let is_left_out = plan.scene.is_heavy() && !self.heavy;
        is_left_out.then(|| {
            SkipCode::of(SkipKind::Heavy).because("tagged `heavy`: played with --heavy only")
        })
    }
}

/// What came of one case's play.
#[derive(Debug)]
pub enum Play {
    Played(Box<Played>),
    /// It was not played, and why.
    Skipped(Skip),
}

/// The record of a case that was played.
#[derive(Debug)]
pub struct Played {
    pub scene: Transcript,
    pub control: Option<Transcript>,
    /// The proof that a broker is there, where the record of scene and control shows none.
    pub witness: Option<Transcript>,
    pub began: Instant,
    /// On our clock.
    pub wall: Duration,
    /// On the broker's clock, where it is virtual.
    pub virtual_time: Duration,
    /// Its number among the case's plays; those before it were disturbed.
    pub play: usize,
    /// When the broker did not serve while it was played.
    pub outage: Option<Outage>,
}

/// What a run tells while it goes on, from one place, in the order in which it happens.
#[derive(Debug)]
pub enum Progress<'a, R> {
    /// What the broker offers, as far as is known before the first case.
    Reached(&'a Capabilities),
    Started(&'a CaseId),
    Finished(&'a R),
    /// The rest is not played, for this reason.
    GivenUp(&'a str),
    /// How responsive a broker on the network was, told when every case is over; and which cases were played when an outage began,
    /// each with that time.
    Responded(&'a Pulse, &'a [(Instant, CaseId)]),
}

/// Told what happens, where it happens, by one at a time; says whether the run goes on. No case begins after it has
/// said no.
pub type Watch<'w, R> = dyn FnMut(Progress<'_, R>) -> ControlFlow<()> + Send + 'w;

/// Why a play of a case may not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// It says more about this machine, or about an outage of the broker, than about what the broker does.
    Disturbed,
    /// Nothing is wrong but that packets came late. It counts if none was played beside it.
    CameLate,
}

/// How a run is concluded and watched.
#[expect(missing_debug_implementations, reason = "it is made of functions")]
pub struct Conductor<'c, R> {
    /// Makes a result of a play. Called where the case was played, on several cores.
    pub conclude: &'c (dyn Fn(&Plan, Play) -> R + Sync),
    /// Whether the user wants to stop. Asked between cases and while waiting.
    pub interrupted: &'c (dyn Fn() -> bool + Sync),
    /// Why the case is to be played again, if it is.
    pub doubt: &'c (dyn Fn(&R) -> Option<Doubt> + Sync),
    /// Decides between a play beside others in which packets came late and one alone, if there was time for it.
    pub settle: &'c (dyn Fn(R, Option<R>) -> R + Sync),
    pub watch: &'c mut Watch<'c, R>,
}

/// Plays every plan. Results come in the order of the plans, whatever the number of jobs; a run that stops early
/// gives those that are done.
///
/// # Errors
/// When the target cannot be reached or started.
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
