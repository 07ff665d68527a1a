//! A run against a broker on the network: many cases at once on one thread, since they mostly wait.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::case::{self, Prefixes};
use super::{Conductor, Play, Progress, RunOptions, Watch};
use crate::plan::Plan;
use crate::target::external::Door;
use crate::target::{Capabilities, External, StartError, probe};

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
        let patience = case::patience(options.timeout_scale, options.chaos);
        let capabilities = probe::probe(&target.url, &target.address, patience.limit).await?;
        let run = Run {
            door: Door::new(target.address.clone()),
            options,
            conclude: conductor.conclude,
            interrupted: conductor.interrupted,
            capabilities,
            prefixes: Prefixes::new(nonce()),
            stop: Cell::new(false),
            watch: RefCell::new(conductor.watch),
        };
        Ok(run.all(plans).await)
    })
}

struct Run<'r, R> {
    door: Door,
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
        let jobs = self.options.jobs.unwrap_or(DEFAULT_JOBS).max(1);
        let mut results: Vec<Option<R>> = plans.iter().map(|_| None).collect();
        let (alone, mut together): (Vec<usize>, Vec<usize>) =
            (0..plans.len()).partition(|n| plans[*n].scene.exclusive);
        // The longest first, so that none of them is left to the end.
        together.sort_by_key(|n| Reverse(plans[*n].longest_wait));
        let mut waiting = together.into_iter();
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < jobs
                && !self.stops()
                && let Some(number) = waiting.next()
            {
                running.push(async move { (number, self.one(&plans[number]).await) });
            }
            let Some((number, result)) = running.next().await else {
                break;
            };
            results[number] = Some(result);
        }
        for number in alone {
            if !self.stops() {
                results[number] = Some(self.one(&plans[number]).await);
            }
        }
        results.into_iter().flatten().collect()
    }

    fn stops(&self) -> bool {
        self.stop.get() || (self.interrupted)()
    }

    async fn one(&self, plan: &Plan) -> R {
        self.tell(Progress::Started(&plan.scene.id));
        let hindrance =
            self.capabilities
                .hindrance(plan, self.options.max_wait, self.options.exclusive);
        let play = match hindrance {
            Some(reason) => Play::Skipped(reason),
            None => Play::Played(Box::new(
                case::play_external(
                    plan,
                    &self.door,
                    case::patience(self.options.timeout_scale, self.options.chaos),
                    &self.prefixes,
                    self.interrupted,
                )
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
