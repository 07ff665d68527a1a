//! Runs cases against the bundled broker: in virtual time, on all cores, with one broker and one runtime for each play.

use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use mqtt_check_codec::ProtocolVersion;

use super::case::{Bounds, patience, play, wanted_witness};
use super::player::Patience;
use super::prefix::Prefix;
use super::room::Room;
use super::{Conductor, Play, Played, Progress, RunOptions, Watch};
use crate::plan::Plan;
use crate::scenario::model::Driver;
use crate::target::bundled::{self, Bundled};
use crate::target::host::Host;
use crate::target::{Capabilities, StartError};
use crate::transcript::Transcript;

pub(super) fn run<R: Send>(
    plans: &[Plan],
    bundled: &Bundled,
    options: &RunOptions,
    conductor: Conductor<'_, R>,
) -> Result<Vec<R>, StartError> {
    let workers = options
        .jobs
        .unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from))
        .clamp(1, plans.len().max(1));
    let capabilities = bundled.capabilities();
    let goes_on = (conductor.watch)(Progress::Reached(&capabilities));
    let work = Work {
        plans,
        bundled,
        options,
        capabilities,
        next: AtomicUsize::new(0),
        large: Mutex::default(),
        put_off: Mutex::default(),
        witnesses: Mutex::default(),
        stop: AtomicBool::new(goes_on.is_break()),
        conclude: conductor.conclude,
        interrupted: conductor.interrupted,
        done: Mutex::new(Done {
            results: plans.iter().map(|_| None).collect(),
            watch: conductor.watch,
        }),
    };
    let failed = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers)
            .map(|_| scope.spawn(|| work.until_done()))
            .collect();
        workers.into_iter().find_map(|worker| {
            worker
                .join()
                .unwrap_or_else(|_| Err(worker_panicked()))
                .err()
        })
    });
    if let Some(error) = failed {
        return Err(error);
    }
    let done = work.done.into_inner().map_err(|_| worker_panicked())?;
    Ok(done.results.into_iter().flatten().collect())
}

fn worker_panicked() -> StartError {
    StartError::Runtime {
        problem: "a worker ended unexpectedly; this is a fault of mqtt-check".into(),
    }
}

/// What the workers share.
struct Work<'w, R> {
    plans: &'w [Plan],
    bundled: &'w Bundled,
    options: &'w RunOptions,
    capabilities: Capabilities,
    next: AtomicUsize,
    /// Locked by the worker that plays a large case, until the case is judged.
    large: Mutex<()>,
    /// The numbers of the large cases that were due while another one was played. That worker plays them next, so that
    /// no worker waits while there are other cases.
    put_off: Mutex<VecDeque<usize>>,
    /// The witnesses that have been played. Each begins with a broker of its own, so that those of one version are alike.
    witnesses: Mutex<BTreeMap<ProtocolVersion, Arc<Transcript>>>,
    stop: AtomicBool,
    conclude: &'w (dyn Fn(&Plan, Play) -> R + Sync),
    interrupted: &'w (dyn Fn() -> bool + Sync),
    done: Mutex<Done<'w, R>>,
}

/// The results of the cases, and who is notified of them.
struct Done<'w, R> {
    /// One result for each plan.
    results: Vec<Option<R>>,
    watch: &'w mut Watch<'w, R>,
}

impl<R> Work<'_, R> {
    /// Plays one case after the other until none is left.
    fn until_done(&self) -> Result<(), StartError> {
        while !self.stops() {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(plan) = self.plans.get(number) else {
                break;
            };
            if !plan.is_large {
                self.case(number, plan)?;
                continue;
            }
            match self.large.try_lock() {
                Ok(_only_large) => {
                    self.case(number, plan)?;
                    self.put_off()?;
                }
                Err(TryLockError::WouldBlock) => {
                    let mut put_off = self.put_off.lock().map_err(|_| worker_panicked())?;
                    put_off.push_back(number);
                }
                Err(TryLockError::Poisoned(_)) => return Err(worker_panicked()),
            }
        }
        let _only_large = self.large.lock().map_err(|_| worker_panicked())?;
        self.put_off()
    }

    /// Plays the large cases that were put off. Only for the worker that has locked `large`.
    fn put_off(&self) -> Result<(), StartError> {
        let next = || match self.put_off.lock() {
            Ok(mut put_off) => Ok(put_off.pop_front()),
            Err(_) => Err(worker_panicked()),
        };
        while !self.stops()
            && let Some(number) = next()?
        {
            self.case(number, &self.plans[number])?;
        }
        Ok(())
    }

    /// Plays and judges the case with this number.
    fn case(&self, number: usize, plan: &Plan) -> Result<(), StartError> {
        self.notify(|done| (done.watch)(Progress::Started(&plan.scene.id)))?;
        let play = self.play(plan)?;
        let result = (self.conclude)(plan, play);
        self.notify(|done| {
            let result = done.results[number].insert(result);
            (done.watch)(Progress::Finished(result))
        })
    }

    fn stops(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || (self.interrupted)()
    }

    fn notify(
        &self,
        what: impl FnOnce(&mut Done<'_, R>) -> ControlFlow<()>,
    ) -> Result<(), StartError> {
        let mut done = self.done.lock().map_err(|_| worker_panicked())?;
        if what(&mut done).is_break() {
            self.stop.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    fn play(&self, plan: &Plan) -> Result<Play, StartError> {
        if let Some(skip) = self
            .capabilities
            .hindrance(plan, self.options.max_wait, true)
            .or_else(|| self.options.too_heavy(plan))
        {
            return Ok(Play::Skipped(skip));
        }
        let began = Instant::now();
        let (scene, virtual_time) = self.one(plan, false)?;
        let control = match plan.control {
            Some(_) => Some(self.one(plan, true)?.0),
            None => None,
        };
        let witness = match wanted_witness(plan, &scene, control.as_ref()) {
            Some(witness) => Some(self.witness(witness)?),
            None => None,
        };
        Ok(Play::Played(Box::new(Played {
            scene,
            control,
            witness,
            began,
            wall: began.elapsed(),
            play: 1,
            outage: None,
            virtual_time,
        })))
    }

    /// Returns the witness of this version, which is played once.
    fn witness(&self, plan: &Plan) -> Result<Arc<Transcript>, StartError> {
        let version = plan.scene.id.version;
        let mut played = self.witnesses.lock().map_err(|_| worker_panicked())?;
        if let Some(known) = played.get(&version) {
            return Ok(Arc::clone(known));
        }
        let witness = Arc::new(self.one(plan, false)?.0);
        // An interrupted play shows nothing about the others.
        if witness.broken_off.is_none() {
            played.insert(version, Arc::clone(&witness));
        }
        Ok(witness)
    }

    /// Plays the scene or its control in a runtime of its own, with a broker of its own.
    fn one(&self, plan: &Plan, control: bool) -> Result<(Transcript, Duration), StartError> {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().start_paused(true);
        if plan
            .scene
            .clients
            .iter()
            .any(|client| client.driver != Driver::Wire)
        {
            builder.enable_io();
        }
        let runtime = builder.build().map_err(|error| StartError::Runtime {
            problem: error.to_string(),
        })?;
        let settings = match (&plan.control, control) {
            (Some(control), true) => &control.settings,
            _ => &plan.scene.settings,
        };
        let (stop, interrupted) = (&self.stop, self.interrupted);
        let (transcript, took) = runtime.block_on(async {
            let host = Host::Bundled(bundled::Host::start(
                settings,
                self.bundled,
                self.options.seed,
            ));
            let (transcript, took, _) = play(
                plan,
                host,
                Patience {
                    forwarding_delay: self.bundled.forwarding_delay(),
                    ..patience(1.0, self.options.chaos)
                },
                Prefix::default(),
                control,
                Bounds {
                    interrupted: &|| stop.load(Ordering::Relaxed) || interrupted(),
                    share: &Room::of_one().share(),
                },
            )
            .await;
            (transcript, took)
        });
        Ok((transcript, took))
    }
}
