//! Runs cases against a broker on the network. Many run at once on one thread, because they mostly wait.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{mem, ptr};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use mqtt_check_codec::ProtocolVersion;
use tokio::sync::Mutex;
use tokio::task::unconstrained;
use tokio::time::timeout;

use super::case::{self, Bounds, Prefixes, Venue, Venues};
use super::outlook::{Advice, Outlook};
use super::player::Patience;
use super::room::Room;
use super::{Conductor, Doubt, Play, Played, Progress, RunOptions, Watch};
use crate::plan::{Plan, Skip, steps_played};
use crate::scenario::model::{CaseId, PrefixMode};
use crate::target::canary::Canary;
use crate::target::external::Connectors;
use crate::target::hooks::Feed;
use crate::target::instances::Instances;
use crate::target::log::Log;
use crate::target::look::{Looked, look};
use crate::target::{Capabilities, External, Node, StartError, probe};
use crate::transcript::Secrets;

mod calm;
mod concurrency;
mod exits;
mod outage;
mod venues;

use calm::{HeldResults, RunningCount};
use concurrency::Concurrency;
use exits::Exits;
use outage::canary;

/// How many cases run at once by default.
const DEFAULT_JOBS: usize = 256;
/// How many cases begin at once. As many more begin after each `BEGINNING_LASTS`.
const BEGINNING: usize = 16;
const BEGINNING_LASTS: Duration = Duration::from_millis(10);
/// How many cases run at most at once when those that this machine disturbed are played again.
const CALM_JOBS: usize = 8;
/// How often a case is played at most if every play is disturbed.
const PLAYS: usize = 3;
/// How many cases run at most at once when those that an outage of the broker affected are played again.
const JOBS_AFTER_OUTAGE: usize = 64;

pub(super) fn run<R>(
    plans: &[Plan],
    target: &External,
    options: &RunOptions,
    conductor: Conductor<'_, R>,
) -> Result<Vec<R>, StartError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| StartError::Runtime {
            problem: error.to_string(),
        })?;
    runtime.block_on(async {
        let patience = patience(target, options);
        let nonce = nonce();
        let prefixes = Prefixes::new(nonce);
        // The limit of a step: a broker that is too slow for the first look is too slow for every case.
        let limit = patience.limit;
        let looks = options.first_look && Outlook::begins_with_look(plans.len());
        let looking = |versions| Looking {
            target,
            versions,
            limit,
        };
        // Both run at once, so that a slow CONNACK is waited for only once.
        let spoken = looking(match looks {
            true => spoken(plans),
            false => Vec::new(),
        });
        let (capabilities, looked) = tokio::try_join!(probe::probe(target, limit), async {
            Ok(spoken.look(&prefixes).await)
        })?;
        let capabilities = capabilities.with_what_is_known(target);
        let stop = AtomicBool::new((conductor.watch)(Progress::Reached(&capabilities)).is_break());
        let mut versions = self::spoken(plans);
        versions.retain(|version| capabilities.versions.contains(version));
        looked
            .serves(&versions)
            .map_err(|problem| StartError::Lifeless {
                url: target.url.clone(),
                problem,
            })?;
        let looking = looking(versions);
        let canary = canary(target, &capabilities, &prefixes, limit);
        let venue = |nodes: &[Node], seed, hooks: &Option<Arc<Feed>>, log: &Option<Arc<Log>>| {
            let connectors = Connectors::new(nodes, target.credentials.clone(), seed);
            let connectors = connectors.with_hooks(hooks.clone());
            let connectors = connectors.spreading(options.spread);
            Venue {
                known: connectors.clone(),
                connectors,
                handle: None,
                log: log.clone(),
            }
        };
        let run = Run {
            venue: venue(&target.nodes(), nonce, &target.hooks, &target.log),
            instances: target.instances.clone(),
            nonce,
            secrets: target.secrets(),
            alone: (!target.alone.is_empty()).then(|| {
                venue(
                    &target.alone,
                    !nonce,
                    &target.alone_hooks,
                    &target.alone_log,
                )
            }),
            patience: Patience {
                delay: capabilities.delay,
                keep_alive_s: capabilities.keep_alive_s,
                silence_check: target.silence_check,
                ..patience
            },
            options,
            conclude: conductor.conclude,
            doubt: conductor.doubt,
            settle: conductor.settle,
            interrupted: conductor.interrupted,
            capabilities,
            prefixes,
            looking,
            canary,
            running: RefCell::default(),
            hit: RefCell::default(),
            after_outage: RefCell::default(),
            exits: Exits::default(),
            outlook: Outlook::default(),
            room: room(plans, options),
            large: Mutex::default(),
            concurrency: Concurrency::new(jobs(options)),
            running_count: RunningCount::default(),
            held: HeldResults::default(),
            stop,
            watch: RefCell::new(conductor.watch),
        };
        let results = tokio::select! {
            results = run.all(plans) => results,
            never = run.watch_over(plans) => match never {},
        };
        run.report_exits(plans);
        let hit = run.hit.borrow();
        run.notify(Progress::Responded(&run.canary.pulse(), &hit));
        Ok(results)
    })
}

/// What is needed to check whether the broker serves.
struct Looking<'r> {
    target: &'r External,
    versions: Vec<ProtocolVersion>,
    limit: Duration,
}

impl Looking<'_> {
    async fn look(&self, prefixes: &Prefixes) -> Looked {
        let name = prefixes.next().client_id("look");
        look(self.target, &self.versions, &name, self.limit).await
    }
}

/// Returns the versions that the clients of these cases use.
fn spoken(plans: &[Plan]) -> Vec<ProtocolVersion> {
    let clients = plans.iter().flat_map(|plan| &plan.scene.clients);
    let versions: BTreeSet<ProtocolVersion> = clients.map(|client| client.version).collect();
    versions.into_iter().collect()
}

/// Returns the room for as many of these plays as may run at once.
fn room(plans: &[Plan], options: &RunOptions) -> Room {
    let played = plans
        .iter()
        .filter(|plan| options.too_heavy(plan).is_none());
    let steps = played.map(|plan| steps_played(&plan.steps)).max();
    Room::new(jobs(options), steps.unwrap_or_default())
}

/// Returns how many cases run at once.
fn jobs(options: &RunOptions) -> usize {
    options.jobs.unwrap_or(DEFAULT_JOBS).max(1)
}

/// Returns how long plays wait for this broker.
fn patience(target: &External, options: &RunOptions) -> Patience {
    let usual = case::patience(options.timeout_scale, options.chaos);
    let scaled = |named: Option<Duration>, usual| {
        named.map_or(usual, |span| span.mul_f64(options.timeout_scale))
    };
    Patience {
        limit: scaled(target.limit, usual.limit),
        settle: scaled(target.settle, usual.settle),
        settle_subscriptions: scaled(target.settle_subscriptions, usual.settle_subscriptions),
        ..usual
    }
}

struct Run<'r, R> {
    venue: Venue,
    /// A second broker of the same kind, for cases that need one to themselves.
    alone: Option<Venue>,
    /// Starts more brokers, for cases that need one with their own settings.
    instances: Option<Arc<Instances>>,
    /// Distinguishes this run's connections from those of others.
    nonce: u64,
    /// What no transcript may show.
    secrets: Secrets,
    patience: Patience,
    options: &'r RunOptions,
    conclude: &'r (dyn Fn(&Plan, Play) -> R + Sync),
    doubt: &'r (dyn Fn(&R) -> Option<Doubt> + Sync),
    settle: &'r (dyn Fn(R, Option<R>) -> R + Sync),
    interrupted: &'r (dyn Fn() -> bool + Sync),
    capabilities: Capabilities,
    prefixes: Prefixes,
    looking: Looking<'r>,
    /// Watches the broker that the run begins with.
    canary: Canary,
    /// The cases that are being played on the broker that the canary watches, by number, and when they began.
    running: RefCell<BTreeMap<usize, Instant>>,
    /// The cases that were being played when an outage began, each with that time.
    hit: RefCell<Vec<(Instant, CaseId)>>,
    /// The cases that are to be played again because the broker did not serve.
    after_outage: RefCell<BTreeSet<usize>>,
    /// How the broker has exited, and which cases may be the reason.
    exits: Exits,
    outlook: Outlook,
    room: Room,
    /// Locked by the large case that is being played.
    large: Mutex<()>,
    concurrency: Concurrency,
    running_count: RunningCount,
    /// The cases that are to be played again alone.
    held: HeldResults<R>,
    stop: AtomicBool,
    watch: RefCell<&'r mut Watch<'r, R>>,
}

/// One play of each of some cases.
#[derive(Clone, Copy)]
struct Round<'r> {
    plans: &'r [Plan],
    /// How many cases run at once.
    jobs: usize,
    /// The number of the play, from 1.
    play: usize,
    /// Whether a single case is played, with no other case at the same time.
    is_calm: bool,
}

impl<R> Run<'_, R> {
    async fn all(&self, plans: &[Plan]) -> Vec<R> {
        let usual = jobs(self.options);
        let mut results: Vec<(usize, R)> = Vec::with_capacity(plans.len());
        let mut open: Vec<usize> = (0..plans.len()).collect();
        for play in 1..=PLAYS {
            let after_outage = self.after_outage.take();
            let (suspects, rest): (Vec<usize>, Vec<usize>) = mem::take(&mut open)
                .into_iter()
                .partition(|number| self.exits.is_suspect(*number));
            let mut take = |played: Vec<(usize, Option<R>)>| {
                for (number, result) in played {
                    match result {
                        Some(result) => results.push((number, result)),
                        None if self.held.holds(number) => {}
                        None => open.push(number),
                    }
                }
            };
            let round = Round {
                plans,
                jobs: 1,
                play,
                is_calm: false,
            };
            take(self.each_alone(round, suspects).await);
            let (others, after_outage): (Vec<usize>, Vec<usize>) = rest
                .into_iter()
                .partition(|number| !after_outage.contains(number));
            let calm = if play == 1 { usual } else { CALM_JOBS };
            for (numbers, jobs) in [(after_outage, JOBS_AFTER_OUTAGE), (others, calm)] {
                let round = Round {
                    plans,
                    jobs: usual.min(jobs),
                    play,
                    is_calm: false,
                };
                take(self.round(round, numbers).await);
            }
        }
        results.extend(self.calm(plans).await);
        results.sort_by_key(|(number, _)| *number);
        results.into_iter().map(|(_, result)| result).collect()
    }

    /// Plays each of these cases once. A case without a result has to be played again.
    async fn round(&self, round: Round<'_>, numbers: Vec<usize>) -> Vec<(usize, Option<R>)> {
        let plans = round.plans;
        let (apart, rest): (Vec<usize>, Vec<usize>) = numbers.into_iter().partition(|n| {
            let plan = &plans[*n];
            let instances = self.instances.as_ref();
            instances.is_some_and(|instances| venues::is_apart(plan, instances))
                && self.hindrance(plan).is_none()
        });
        let (alone, mut together): (Vec<usize>, Vec<usize>) =
            rest.into_iter().partition(|n| is_last(&plans[*n]));
        // The longest first, so that none of them is left for the end.
        together.sort_by_key(|n| Reverse(plans[*n].longest_wait));
        let shared = Venues::Shared(&self.venue);
        let usual = async {
            match &self.alone {
                Some(venue) => {
                    let (mut results, beside) = tokio::join!(
                        self.together(round, together, shared),
                        self.one_by_one(round, alone, Venues::Shared(venue))
                    );
                    results.extend(beside);
                    results
                }
                None => {
                    let mut results = self.together(round, together, shared).await;
                    // These cases see what other clients publish, so the canary only pings meanwhile.
                    let _hush = match alone.is_empty() {
                        true => None,
                        false => Some(self.canary.pings_only().await),
                    };
                    results.extend(self.one_by_one(round, alone, shared).await);
                    results
                }
            }
        };
        let (mut results, apart) = tokio::join!(usual, self.apart(round, apart));
        results.extend(apart);
        results
    }

    async fn together(
        &self,
        round: Round<'_>,
        numbers: Vec<usize>,
        venues: Venues<'_>,
    ) -> Vec<(usize, Option<R>)> {
        let mut results = Vec::with_capacity(numbers.len());
        let mut waiting = numbers.into_iter();
        let mut running = FuturesUnordered::new();
        loop {
            // Only a few cases begin at a time. If the broker sends without being asked, this shows before all of them
            // have begun.
            let jobs = round.jobs.min(self.concurrency.now());
            let begins = jobs.min(running.len() + BEGINNING);
            while running.len() < begins
                && (running.is_empty() || self.room.has_room())
                && !self.stops()
                && let Some(number) = waiting.next()
            {
                // One task runs all cases. tokio's budget for one task is too small for so many: the last ones would
                // run seconds too late. Each case yields by itself.
                running.push(unconstrained(async move {
                    (number, self.one(round, number, venues).await)
                }));
            }
            let more = match waiting.len() > 0 && running.len() < jobs {
                true => BEGINNING_LASTS,
                false => Duration::MAX,
            };
            match timeout(more, running.next()).await {
                Ok(Some(done)) => results.push(done),
                Ok(None) => return results,
                Err(_) => {}
            }
        }
    }

    async fn one_by_one(
        &self,
        round: Round<'_>,
        numbers: Vec<usize>,
        venues: Venues<'_>,
    ) -> Vec<(usize, Option<R>)> {
        let mut results = Vec::with_capacity(numbers.len());
        for number in numbers {
            if !self.stops() {
                results.push((number, self.one(round, number, venues).await));
            }
        }
        results
    }

    /// Returns why a case is not played here, if it is not.
    fn hindrance(&self, plan: &Plan) -> Option<Skip> {
        self.capabilities
            .hindrance(plan, self.options.max_wait, self.options.exclusive)
            .or_else(|| self.options.too_heavy(plan))
    }

    fn stops(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || (self.interrupted)()
    }

    /// Plays a case. Returns `None` if it has to be played again.
    async fn one(&self, round: Round<'_>, number: usize, venues: Venues<'_>) -> Option<R> {
        let plan = &round.plans[number];
        let _only_large = match plan.is_large {
            true => Some(self.large.lock().await),
            false => None,
        };
        self.notify(Progress::Started(&plan.scene.id));
        let hindrance = self.hindrance(plan);
        let is_played = hindrance.is_none();
        let share = self.room.share();
        let began = Instant::now();
        let (stop, interrupted) = (&self.stop, self.interrupted);
        let is_watched = matches!(venues, Venues::Shared(one) if ptr::eq(one, &self.venue));
        let (mut is_in_outage, mut is_beside) = (false, false);
        let play = match hindrance {
            Some(skip) => Play::Skipped(skip),
            None => {
                if is_watched {
                    self.wait_for_service().await;
                    self.running.borrow_mut().insert(number, Instant::now());
                }
                let member = self.running_count.join();
                let played = case::play_external(
                    plan,
                    venues,
                    &self.secrets,
                    self.patience,
                    &self.prefixes,
                    Bounds {
                        interrupted: &|| stop.load(Ordering::Relaxed) || interrupted(),
                        share: &share,
                    },
                )
                .await;
                is_beside = member.was_beside_others();
                drop(member);
                let is_crowded_out = share.is_crowded_out() && !self.concurrency.is_smallest();
                let is_flooded = share.is_exceeded() && !is_crowded_out;
                let outage = match is_watched {
                    true => self.outage(number, plan).await,
                    false => None,
                };
                is_in_outage = outage.is_some();
                if !is_in_outage {
                    self.consider(&played, is_flooded).await;
                }
                Play::Played(Box::new(Played {
                    play: round.play,
                    outage,
                    ..played
                }))
            }
        };
        let result = (self.conclude)(plan, play);
        if share.is_crowded_out() {
            self.concurrency.crowded_out(began);
        } else if is_played {
            self.concurrency.fitted();
        }
        let is_suspect = is_watched && self.exits.is_suspect(number);
        let doubt = (self.doubt)(&result);
        let is_disturbed = doubt == Some(Doubt::Disturbed) || share.is_crowded_out() || is_suspect;
        if round.play < PLAYS && is_disturbed && !self.stops() {
            if is_in_outage && !is_suspect {
                self.after_outage.borrow_mut().insert(number);
            }
            return None;
        }
        if round.is_calm {
            return Some(result);
        }
        if doubt == Some(Doubt::CameLate) && is_beside && !self.stops() {
            self.held.hold(number, round.play, result);
            return None;
        }
        self.notify(Progress::Finished(&result));
        Some(result)
    }

    /// Ends the run if it makes no sense to continue.
    async fn consider(&self, played: &Played, is_flooded: bool) {
        if self.stops() {
            return;
        }
        let why = match self.outlook.note(played, is_flooded) {
            Advice::GoOn => return,
            Advice::GiveUp(why) => why,
            Advice::Look if !self.options.first_look => return,
            Advice::Look => match self.looked_again().await {
                Ok(()) => return,
                Err(seen) => seen,
            },
        };
        if !self.stops() {
            self.notify(Progress::GivenUp(&why));
            self.stop.store(true, Ordering::Relaxed);
        }
    }

    async fn looked_again(&self) -> Result<(), String> {
        let looked = self.looking.look(&self.prefixes).await;
        looked.serves(&self.looking.versions)
    }

    fn notify(&self, progress: Progress<'_, R>) {
        if (self.watch.borrow_mut())(progress).is_break() {
            self.stop.store(true, Ordering::Relaxed);
        }
    }
}

/// Returns whether a case is played after the others. It needs the broker to itself, or it subscribes to everything
/// and would see all of their messages.
fn is_last(plan: &Plan) -> bool {
    plan.scene.exclusive.is_required() || plan.scene.prefix_mode == PrefixMode::Joined
}

/// Returns a number that distinguishes this run from others that share the broker. A seed does not reproduce it.
fn nonce() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    since.as_micros() as u64 ^ u64::from(std::process::id()).rotate_left(20)
}
