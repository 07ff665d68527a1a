//! A run against a broker on the network: many cases at once on one thread, since they mostly wait.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::mem;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::task::unconstrained;

use super::case::{self, Prefixes};
use super::player::Patience;
use super::{Conductor, Play, Played, Progress, RunOptions, Watch};
use crate::plan::Plan;
use crate::target::external::Doors;
use crate::target::{Capabilities, External, Node, StartError, probe};

/// Cases at the same time, if nobody says otherwise.
const DEFAULT_JOBS: usize = 256;
/// Cases at the same time, at most, when those are played again that this machine disturbed.
const CALM_JOBS: usize = 8;
/// How often a case is played that is disturbed each time.
const PLAYS: usize = 3;

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
        let capabilities = probe::probe(target, patience.limit)
            .await?
            .with_what_is_known(target);
        let stop = Cell::new((conductor.watch)(Progress::Reached(&capabilities)).is_break());
        let nonce = nonce();
        let doors = |nodes: &[Node], seed| Doors::new(nodes, target.credentials.clone(), seed);
        let run = Run {
            doors: doors(&target.nodes(), nonce),
            alone: (!target.alone.is_empty()).then(|| doors(&target.alone, !nonce)),
            patience: Patience {
                keep_alive_s: capabilities.keep_alive_s,
                silence_check: target.silence_check,
                ..patience
            },
            options,
            conclude: conductor.conclude,
            disturbed: conductor.disturbed,
            interrupted: conductor.interrupted,
            capabilities,
            prefixes: Prefixes::new(nonce),
            stop,
            watch: RefCell::new(conductor.watch),
        };
        Ok(run.all(plans).await)
    })
}

/// As patient as this broker needs.
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
    doors: Doors,
    /// Another broker of its kind, for cases that need one for themselves.
    alone: Option<Doors>,
    patience: Patience,
    options: &'r RunOptions,
    conclude: &'r (dyn Fn(&Plan, Play) -> R + Sync),
    disturbed: &'r (dyn Fn(&R) -> bool + Sync),
    interrupted: &'r (dyn Fn() -> bool + Sync),
    capabilities: Capabilities,
    prefixes: Prefixes,
    stop: Cell<bool>,
    watch: RefCell<&'r mut Watch<'r, R>>,
}

/// One play of each of some cases.
#[derive(Clone, Copy)]
struct Round<'r> {
    plans: &'r [Plan],
    /// Cases at the same time.
    jobs: usize,
    /// Its number, from 1.
    play: usize,
}

impl<R> Run<'_, R> {
    async fn all(&self, plans: &[Plan]) -> Vec<R> {
        let usual = self.options.jobs.unwrap_or(DEFAULT_JOBS).max(1);
        let mut results: Vec<(usize, R)> = Vec::with_capacity(plans.len());
        let mut open: Vec<usize> = (0..plans.len()).collect();
        for play in 1..=PLAYS {
            let round = Round {
                plans,
                jobs: if play == 1 {
                    usual
                } else {
                    usual.min(CALM_JOBS)
                },
                play,
            };
            for (number, result) in self.round(round, mem::take(&mut open)).await {
                match result {
                    Some(result) => results.push((number, result)),
                    None => open.push(number),
                }
            }
        }
        results.sort_by_key(|(number, _)| *number);
        results.into_iter().map(|(_, result)| result).collect()
    }

    /// Plays each of these once. Without a result is what has to be played again.
    async fn round(&self, round: Round<'_>, numbers: Vec<usize>) -> Vec<(usize, Option<R>)> {
        let plans = round.plans;
        let (alone, mut together): (Vec<usize>, Vec<usize>) =
            numbers.into_iter().partition(|n| plans[*n].scene.exclusive);
        // The longest first, so that none of them is left to the end.
        together.sort_by_key(|n| Reverse(plans[*n].longest_wait));
        match &self.alone {
            Some(doors) => {
                let (mut results, beside) = tokio::join!(
                    self.together(round, together),
                    self.one_by_one(round, alone, doors)
                );
                results.extend(beside);
                results
            }
            None => {
                let mut results = self.together(round, together).await;
                results.extend(self.one_by_one(round, alone, &self.doors).await);
                results
            }
        }
    }

    async fn together(&self, round: Round<'_>, numbers: Vec<usize>) -> Vec<(usize, Option<R>)> {
        let mut results = Vec::with_capacity(numbers.len());
        let mut waiting = numbers.into_iter();
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < round.jobs
                && !self.stops()
                && let Some(number) = waiting.next()
            {
                // One task carries them all. What tokio lets a task do in one go is too little for so many: those at
                // the end of the line would come seconds too late. Each of them yields by itself.
                running.push(unconstrained(async move {
                    (number, self.one(round, number, &self.doors).await)
                }));
            }
            let Some(done) = running.next().await else {
                return results;
            };
            results.push(done);
        }
    }

    async fn one_by_one(
        &self,
        round: Round<'_>,
        numbers: Vec<usize>,
        doors: &Doors,
    ) -> Vec<(usize, Option<R>)> {
        let mut results = Vec::with_capacity(numbers.len());
        for number in numbers {
            if !self.stops() {
                results.push((number, self.one(round, number, doors).await));
            }
        }
        results
    }

    fn stops(&self) -> bool {
        self.stop.get() || (self.interrupted)()
    }

    /// Plays a case. `None` when it has to be played again.
    async fn one(&self, round: Round<'_>, number: usize, doors: &Doors) -> Option<R> {
        let plan = &round.plans[number];
        self.tell(Progress::Started(&plan.scene.id));
        let hindrance = self
            .capabilities
            .hindrance(plan, self.options.max_wait, self.options.exclusive)
            .or_else(|| self.options.too_heavy(plan));
        let play = match hindrance {
            Some(reason) => Play::Skipped(reason),
            None => {
                let played = case::play_external(
                    plan,
                    doors,
                    self.patience,
                    &self.prefixes,
                    self.interrupted,
                )
                .await;
                Play::Played(Box::new(Played {
                    play: round.play,
                    ..played
                }))
            }
        };
        let result = (self.conclude)(plan, play);
        if round.play < PLAYS && (self.disturbed)(&result) {
            return None;
        }
        self.tell(Progress::Finished(&result));
        Some(result)
    }

    fn tell(&self, progress: Progress<'_, R>) {
        if (self.watch.borrow_mut())(progress).is_break() {
            self.stop.set(true);
        }
    }
}

/// Tells this run from others that share the broker. It is no part of what a seed replays.
fn nonce() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    since.as_micros() as u64 ^ u64::from(std::process::id()).rotate_left(20)
}
