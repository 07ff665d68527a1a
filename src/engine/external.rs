//! A run against a broker on the network: many cases at once on one thread, since they mostly wait.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::case::{self, Prefixes};
use super::player::Patience;
use super::{Conductor, Play, Progress, RunOptions, Watch};
use crate::plan::Plan;
use crate::target::external::Doors;
use crate::target::{Capabilities, External, Node, StartError, probe};

/// Cases at the same time, if nobody says otherwise.
const DEFAULT_JOBS: usize = 256;

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
                ..patience
            },
            options,
            conclude: conductor.conclude,
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
    interrupted: &'r (dyn Fn() -> bool + Sync),
    capabilities: Capabilities,
    prefixes: Prefixes,
    stop: Cell<bool>,
    watch: RefCell<&'r mut Watch<'r, R>>,
}

impl<R> Run<'_, R> {
    async fn all(&self, plans: &[Plan]) -> Vec<R> {
        let (alone, mut together): (Vec<usize>, Vec<usize>) =
            (0..plans.len()).partition(|n| plans[*n].scene.exclusive);
        // The longest first, so that none of them is left to the end.
        together.sort_by_key(|n| Reverse(plans[*n].longest_wait));
        let mut results: Vec<(usize, R)> = match &self.alone {
            Some(doors) => {
                let (mut results, beside) = tokio::join!(
                    self.together(plans, together),
                    self.one_by_one(plans, alone, doors)
                );
                results.extend(beside);
                results
            }
            None => {
                let mut results = self.together(plans, together).await;
                results.extend(self.one_by_one(plans, alone, &self.doors).await);
                results
            }
        };
        results.sort_by_key(|(number, _)| *number);
        results.into_iter().map(|(_, result)| result).collect()
    }

    async fn together(&self, plans: &[Plan], numbers: Vec<usize>) -> Vec<(usize, R)> {
        let jobs = self.options.jobs.unwrap_or(DEFAULT_JOBS).max(1);
        let mut results = Vec::with_capacity(numbers.len());
        let mut waiting = numbers.into_iter();
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < jobs
                && !self.stops()
                && let Some(number) = waiting.next()
            {
                running.push(async move { (number, self.one(&plans[number], &self.doors).await) });
            }
            let Some(done) = running.next().await else {
                return results;
            };
            results.push(done);
        }
    }

    async fn one_by_one(
        &self,
        plans: &[Plan],
        numbers: Vec<usize>,
        doors: &Doors,
    ) -> Vec<(usize, R)> {
        let mut results = Vec::with_capacity(numbers.len());
        for number in numbers {
            if !self.stops() {
                results.push((number, self.one(&plans[number], doors).await));
            }
        }
        results
    }

    fn stops(&self) -> bool {
        self.stop.get() || (self.interrupted)()
    }

    async fn one(&self, plan: &Plan, doors: &Doors) -> R {
        self.tell(Progress::Started(&plan.scene.id));
        let hindrance =
            self.capabilities
                .hindrance(plan, self.options.max_wait, self.options.exclusive);
        let play = match hindrance {
            Some(reason) => Play::Skipped(reason),
            None => Play::Played(Box::new(
                case::play_external(plan, doors, self.patience, &self.prefixes, self.interrupted)
                    .await,
            )),
        };
        let result = (self.conclude)(plan, play);
        self.tell(Progress::Finished(&result));
        result
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
