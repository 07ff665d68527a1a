//! Instances for cases that need settings or stop their broker. Cases with the same needs share one where possible.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::super::case::{Venue, Venues};
use super::super::{Play, Progress};
use super::{Round, Run};
use crate::plan::{Part, Plan, SkipCode, SkipKind};
use crate::scenario::model::{Action, Exclusive, PrefixMode, each_step};
use crate::target::instances::{Instance, Instances};
use crate::target::settings::GivenSettings;

/// An odd number, so that seeds repeat late.
const SEED_STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// Returns whether a case cannot be played on the broker that the run begins with.
pub(super) fn is_apart(plan: &Plan, instances: &Instances) -> bool {
    let asks = || {
        let mut parts = plan.parts();
        parts.any(|part| !asked(plan, part, instances).is_empty())
    };
    is_controlled(plan)
        || plan.scene.exclusive == Exclusive::IfPossible
        || instances.table().is_some() && asks()
}

/// Returns whether a case needs an instance of its own, with another one for its control.
fn is_own(plan: &Plan, instances: &Instances) -> bool {
    let mut all = plan.parts().map(|part| asked(plan, part, instances));
    let scene = all.next().unwrap_or_default();
    let is_whole = scene.iter().any(|(setting, _)| setting.is_broker_wide());
    is_whole
        || is_controlled(plan)
        || plan.scene.exclusive.is_wanted()
        || plan.scene.prefix_mode == PrefixMode::Joined
        || all.any(|control| control != scene)
}

/// Returns the settings of an instance for this part of the case: all that it requires, and those of its preferred
/// settings that the broker supports.
fn asked(plan: &Plan, part: Part<'_>, instances: &Instances) -> GivenSettings {
    let kicked = plan.kicked();
    let mut given = part.required.non_default();
    if instances.table().is_some() {
        for (setting, value) in part.settings.non_default() {
            let is_new = given.iter().all(|(known, _)| known.name != setting.name);
            let mut more = given.clone();
            more.push((setting, value));
            let asked = instances.needed(more.clone(), &kicked);
            if is_new && instances.fill(&asked).is_ok() {
                given = more;
            }
        }
    }
    instances.needed(given, &kicked)
}

/// Returns whether an administrator acts in the case. A case may do that only on an instance.
fn is_controlled(plan: &Plan) -> bool {
    let mut controlled = false;
    each_step(&plan.scene.steps, &mut |step| {
        controlled |= matches!(&step.action, Action::Broker(_));
    });
    controlled
}

/// Cases that share one instance, or one case with one or two instances.
struct Job {
    given: GivenSettings,
    numbers: Vec<usize>,
    /// Set if the job is a single case with an instance of its own. The inner value has the settings of its control, if
    /// there is one.
    own: Option<Option<GivenSettings>>,
    longest: Duration,
    /// Whether the case may have made the broker exit.
    is_suspect: bool,
}

/// Groups cases into jobs.
fn jobs(plans: &[Plan], numbers: Vec<usize>, instances: &Instances) -> Vec<Job> {
    let mut jobs: Vec<Job> = Vec::new();
    for number in numbers {
        let plan = &plans[number];
        let alone = Job::alone(plan, number, instances);
        if is_own(plan, instances) {
            jobs.push(alone);
            continue;
        }
        let is_of = |job: &&mut Job| job.own.is_none() && job.given == alone.given;
        match jobs.iter_mut().find(is_of) {
            Some(job) => {
                job.numbers.push(number);
                job.longest = job.longest.max(plan.longest_wait);
            }
            None => jobs.push(Job { own: None, ..alone }),
        }
    }
    jobs
}

impl Job {
    /// Creates the job of one case with an instance to itself.
    fn alone(plan: &Plan, number: usize, instances: &Instances) -> Self {
        let mut parts = plan.parts().map(|part| asked(plan, part, instances));
        Self {
            given: parts.next().unwrap_or_default(),
            numbers: vec![number],
            own: Some(parts.next()),
            longest: plan.longest_wait,
            is_suspect: false,
        }
    }
}

impl<R> Run<'_, R> {
    /// Plays each of these cases once, each job on instances that are started for it.
    pub(super) async fn apart(
        &self,
        round: Round<'_>,
        numbers: Vec<usize>,
    ) -> Vec<(usize, Option<R>)> {
        let Some(instances) = &self.instances else {
            return Vec::new();
        };
        let jobs = jobs(round.plans, numbers, instances);
        self.jobs(round, instances, jobs).await
    }

    /// Plays each of these cases once on an instance of its own, and notes which of them make it exit.
    pub(super) async fn each_alone(
        &self,
        round: Round<'_>,
        numbers: Vec<usize>,
    ) -> Vec<(usize, Option<R>)> {
        let Some(instances) = &self.instances else {
            return Vec::new();
        };
        let alone = numbers.into_iter().map(|number| Job {
            is_suspect: true,
            ..Job::alone(&round.plans[number], number, instances)
        });
        self.jobs(round, instances, alone.collect()).await
    }

    async fn jobs(
        &self,
        round: Round<'_>,
        instances: &Arc<Instances>,
        mut jobs: Vec<Job>,
    ) -> Vec<(usize, Option<R>)> {
        jobs.sort_by_key(|job| Reverse(job.longest));
        let room = instances.at_once();
        let permits = Semaphore::new(room);
        let jobs = jobs.into_iter().enumerate();
        let running: FuturesUnordered<_> = jobs
            .map(|(n, job)| {
                let permits = &permits;
                async move {
                    let wanted = if matches!(job.own, Some(Some(_))) {
                        2
                    } else {
                        1
                    };
                    let wanted = u32::try_from(room.min(wanted)).unwrap_or(1);
                    // The semaphore is fair, so the longest jobs do begin first.
                    let _permit = permits.acquire_many(wanted).await;
                    self.job(round, instances, job, n as u64 * 2 + 1).await
                }
            })
            .collect();
        let all: Vec<Vec<_>> = running.collect().await;
        all.into_iter().flatten().collect()
    }

    async fn job(
        &self,
        round: Round<'_>,
        instances: &Arc<Instances>,
        job: Job,
        seed: u64,
    ) -> Vec<(usize, Option<R>)> {
        if self.stops() {
            return Vec::new();
        }
        let seed = |n: u64| self.nonce ^ (seed + n).wrapping_mul(SEED_STEP);
        let control = job.own.clone().flatten();
        let (scene, control) = tokio::join!(start(instances, job.given, seed(0)), async {
            match control {
                Some(given) => Some(start(instances, given, seed(1)).await),
                None => None,
            }
        });
        let started = scene.and_then(|scene| Ok((scene, control.transpose()?)));
        let (scene, control) = match started {
            Ok(started) => started,
            Err(problem) => return self.not_started(round, job.numbers, &problem),
        };
        let spreads = self.options.spread;
        let venue = |instance: &Instance| Venue {
            connectors: instance.connectors().clone().spreading(spreads),
            known: instance.known().clone().spreading(spreads),
            handle: Some(instance.handle()),
            log: Some(instance.written()),
        };
        let (is_suspect, first) = (job.is_suspect, job.numbers.first().copied());
        let own = venue(&scene);
        let other = control.as_ref().map(venue);
        let results = match job.own {
            Some(_) => {
                let venues = Venues::Own(&own, other.as_ref());
                self.one_by_one(round, job.numbers, venues).await
            }
            None => {
                let mut numbers = job.numbers;
                numbers.sort_by_key(|n| Reverse(round.plans[*n].longest_wait));
                let results = self.together(round, numbers, Venues::Shared(&own));
                let results = results.await;
                scene.note_end();
                results
            }
        };
        drop((own, other));
        let exited = || scene.exited().or_else(|| control.as_ref()?.exited());
        if let Some(number) = first.filter(|_| is_suspect && !self.stops()) {
            self.exits.tried(number, exited());
        }
        // Wait until the instances have ended, so that they end before the run does.
        let _ = spawn_blocking(move || drop((scene, control))).await;
        results
    }

    /// Skips cases whose broker does not start. This makes the run fail.
    fn not_started(
        &self,
        round: Round<'_>,
        numbers: Vec<usize>,
        problem: &str,
    ) -> Vec<(usize, Option<R>)> {
        let skip = SkipCode::of(SkipKind::NotStarted).because(format!("not started: {problem}"));
        let one = |number: usize| {
            let plan = &round.plans[number];
            self.notify(Progress::Started(&plan.scene.id));
            let result = (self.conclude)(plan, Play::Skipped(skip.clone()));
            self.notify(Progress::Finished(&result));
            (number, Some(result))
        };
        numbers.into_iter().map(one).collect()
    }
}

async fn start(
    instances: &Arc<Instances>,
    given: GivenSettings,
    nonce: u64,
) -> Result<Instance, String> {
    let instances = Arc::clone(instances);
    let started = spawn_blocking(move || instances.start(&given, nonce)).await;
    started.map_err(|error| error.to_string())?
}
