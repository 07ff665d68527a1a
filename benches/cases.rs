//! `cargo bench --bench cases`: measures cases per second on all cores, and the cost of a case on one core by part.
//!
//! Each part is measured separately on the same cases. The runtime: build one for each play and let it do nothing. The
//! broker's core: feed it the packets that were played. The codec: decode and encode every frame. Judging and
//! snapshots: run them on the records. The rest of a case is the engine.

use std::hint::black_box;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use mqtt_check::engine::RunOptions;
use mqtt_check::plan::{self, Plan};
use mqtt_check::target::Target;
use mqtt_check::target::bundled::Bundled;
use mqtt_check::transcript::{Transcript, What, text};
use mqtt_check::verdict::{CaseResult, judge};
use mqtt_check::{scenario, suite};
use mqtt_check_broker::{Broker, Config, ConnectionId, Faults, Input, NodeId, Output};
use mqtt_check_codec::Packet;

/// The shortest time to measure each part.
const AT_LEAST: Duration = Duration::from_secs(2);

fn main() {
    // `cargo test --benches` does not pass --bench, and then one round of each part is enough.
    let at_least = if std::env::args().any(|a| a == "--bench") {
        AT_LEAST
    } else {
        Duration::ZERO
    };
    let plans = plans();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let results = run(&plans, 1);
    let cases = results.iter().filter(|r| r.transcript.is_some()).count();
    let plays: Vec<(&Plan, &CaseResult)> = plans.iter().zip(&results).collect();
    println!("{cases} cases, {} plays", transcripts(&plays).count());

    let all_cores = per_round(at_least, || drop(black_box(run(&plans, cores))));
    println!(
        "{:>9.0} cases a second on {cores} cores",
        cases as f64 / all_cores.as_secs_f64()
    );
    let one_core = per_round(at_least, || drop(black_box(run(&plans, 1))));
    println!(
        "{:>9.0} cases a second on one core",
        cases as f64 / one_core.as_secs_f64()
    );

    let parts = [
        ("runtime", per_round(at_least, || runtimes(&plays))),
        ("broker", per_round(at_least, || brokers(&plays))),
        ("codec", per_round(at_least, || codec(&plays))),
        ("judging", per_round(at_least, || judging(&plays))),
    ];
    let snapshots = per_round(at_least, || snapshots(&plays));
    println!("\none case on one core, in microseconds:");
    let share = |name: &str, spent: Duration| {
        println!(
            "{name:>12} {:>8.1}  {:>4.0} %",
            spent.as_secs_f64() * 1e6 / cases as f64,
            100.0 * spent.as_secs_f64() / (one_core + snapshots).as_secs_f64()
        );
    };
    for (name, spent) in parts {
        share(name, spent);
    }
    let named: Duration = parts.iter().map(|(_, spent)| *spent).sum();
    share("engine", one_core.saturating_sub(named));
    share("snapshot", snapshots);
    share("all", one_core + snapshots);
}

fn plans() -> Vec<Plan> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    scenario::load(&[root])
        .expect("the suite is right")
        .into_iter()
        .map(|scene| plan::plan(scene).expect("the suite can be planned"))
        .collect()
}

fn run(plans: &[Plan], jobs: usize) -> Vec<CaseResult> {
    let options = RunOptions {
        jobs: Some(jobs),
        timeout_scale: 1.0,
        max_wait: Duration::from_secs(30),
        seed: 1,
        exclusive: true,
        heavy: false,
        first_look: false,
        chaos: None,
        spread: false,
    };
    suite::run(
        plans,
        &Target::Bundled(Bundled::default()),
        &options,
        &|| false,
        &|_, _| true,
        &mut |_| ControlFlow::Continue(()),
    )
    .expect("the bundled broker starts")
}

/// Returns the mean time of one round.
fn per_round(at_least: Duration, mut round: impl FnMut()) -> Duration {
    round();
    let began = Instant::now();
    let mut rounds = 0;
    while rounds == 0 || began.elapsed() < at_least {
        round();
        rounds += 1;
    }
    began.elapsed() / rounds
}

/// The transcripts of scenes and controls.
fn transcripts<'a>(plays: &'a [(&Plan, &CaseResult)]) -> impl Iterator<Item = &'a Transcript> + 'a {
    plays
        .iter()
        .flat_map(|(_, result)| result.transcript.iter().chain(&result.control))
}

fn runtimes(plays: &[(&Plan, &CaseResult)]) {
    for _ in transcripts(plays) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime can be built");
        black_box(runtime.block_on(async { tokio::time::Instant::now() }));
    }
}

fn brokers(plays: &[(&Plan, &CaseResult)]) {
    let mut out: Vec<Output> = Vec::new();
    for transcript in transcripts(plays) {
        let mut broker = Broker::new(Config::default(), Faults::none());
        for event in &transcript.events {
            let connection = ConnectionId(event.lane.0 as u64);
            let input = match &event.what {
                What::Opened => Input::Opened {
                    connection,
                    node: NodeId::default(),
                    nonce: 1,
                },
                What::Sent {
                    packet: Some(packet),
                    bytes,
                    ..
                } => Input::Received {
                    connection,
                    packet: packet.clone(),
                    size: bytes.len(),
                },
                What::Dropped(_) => Input::Closed { connection },
                _ => continue,
            };
            broker.handle(event.at, input, &mut out);
            black_box(&out);
            out.clear();
        }
    }
}

fn codec(plays: &[(&Plan, &CaseResult)]) {
    let mut buffer = BytesMut::new();
    for transcript in transcripts(plays) {
        for event in &transcript.events {
            let version = transcript.lanes[event.lane.0].version;
            match &event.what {
                // Each packet is encoded on one side and decoded on the other.
                What::Sent {
                    packet: Some(packet),
                    ..
                }
                | What::Received {
                    packet: Ok(packet), ..
                } => {
                    buffer.clear();
                    if let Ok(frame) = packet.to_frame(version) {
                        let _ = black_box(Packet::decode(&frame, version));
                    }
                }
                _ => {}
            }
        }
    }
}

fn judging(plays: &[(&Plan, &CaseResult)]) {
    for (plan, result) in plays {
        if let Some(scene) = &result.transcript {
            black_box(judge(plan, scene, result.control.as_ref(), None));
        }
    }
}

fn snapshots(plays: &[(&Plan, &CaseResult)]) {
    for (plan, result) in plays {
        if let Some(scene) = &result.transcript {
            black_box(text::record(plan, scene, result.control.as_ref()));
        }
    }
}
