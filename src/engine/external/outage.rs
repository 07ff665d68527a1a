//! Notices when the broker does not serve, and which cases are affected.

use std::convert::Infallible;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mqtt_check_codec::ProtocolVersion;
use tokio::time::sleep;

use super::super::Progress;
use super::super::case::Prefixes;
use super::Run;
use crate::plan::Plan;
use crate::target::canary::{Canary, Outage, OutageKind};
use crate::target::{Capabilities, External};

/// How often to check whether the broker serves again.
const OUTAGE_LOOK: Duration = Duration::from_millis(20);
/// The run gives up on a broker that accepts no connection for this long.
const GONE: Duration = Duration::from_secs(15);
/// The run gives up on a broker that answers nothing for this long.
const FROZEN: Duration = Duration::from_secs(60);
/// How many of the cases that were being played at the beginning of an outage are named.
const NAMED: usize = 12;

/// Starts the canary. It uses 3.1.1 if the broker supports it, and the newest supported version otherwise.
pub(super) fn canary(
    target: &External,
    offered: &Capabilities,
    prefixes: &Prefixes,
    limit: Duration,
) -> Canary {
    let usual = ProtocolVersion::V3_1_1;
    let is_usual = offered.versions.contains(&usual);
    let version = offered.versions.last().filter(|_| !is_usual);
    let name = prefixes.next().client_id("canary");
    Canary::start(target, *version.unwrap_or(&usual), &name, limit)
}

impl<R> Run<'_, R> {
    /// Waits until the broker serves, or the run gives up on it.
    pub(super) async fn wait_for_service(&self) {
        while self.canary.outage().is_some() && !self.stops() {
            sleep(OUTAGE_LOOK).await;
        }
    }

    /// Returns the outage during this case's play, if there was one.
    pub(super) async fn outage(&self, number: usize, plan: &Plan) -> Option<Outage> {
        let began = self.running.borrow().get(&number).copied()?;
        let outage = self.canary.outage_since(began).await;
        self.running.borrow_mut().remove(&number);
        let outage = outage?;
        if began <= outage.since {
            let hit = (outage.since, plan.scene.id.clone());
            self.hit.borrow_mut().push(hit);
        }
        Some(outage)
    }

    /// Ends the run when the broker is not coming back.
    pub(super) async fn watch_over(&self, plans: &[Plan]) -> Infallible {
        loop {
            sleep(OUTAGE_LOOK).await;
            self.restart_if_exited().await;
            let Some(outage) = self.canary.outage().filter(|_| !self.stops()) else {
                continue;
            };
            let limit = match outage.how {
                OutageKind::Dropped | OutageKind::Down => GONE,
                OutageKind::Froze | OutageKind::DeliversNothing => FROZEN,
            };
            let limit = limit.mul_f64(self.options.timeout_scale);
            if outage.since.elapsed() >= limit {
                let why = self.gone(plans, outage, limit);
                self.notify(Progress::GivenUp(&why));
                self.stop.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Returns a message that the broker has gone, with the cases that were being played at the time.
    fn gone(&self, plans: &[Plan], outage: Outage, limit: Duration) -> String {
        let running = self.running.borrow();
        let then = running.iter().filter(|(_, began)| **began <= outage.since);
        let then = then.map(|(number, _)| (outage.since, plans[*number].scene.id.clone()));
        let mut hit = self.hit.borrow_mut();
        hit.extend(then);
        let names = hit.iter().filter(|(since, _)| *since == outage.since);
        let names: Vec<String> = names.map(|(_, id)| id.to_string()).collect();
        let shown = names.iter().take(NAMED).cloned().collect::<Vec<_>>();
        let more = match names.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!(
            "{}, and did not recover within {} s; cases played at the time: {}{more}",
            outage.description(),
            limit.as_secs(),
            shown.join(", ")
        )
    }
}
