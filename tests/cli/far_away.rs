//! A broker behind a slow network, and one that is slow itself. The network's delay does not count against the broker,
//! and hides nothing.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use mqtt_check_broker::{Fault, Faults};

use crate::bad_brokers::{self, packet};
use crate::program::{Ended, Program};
use crate::served::serve;

/// The delay in each direction.
const ONE_WAY: Duration = Duration::from_secs(1);

/// Serves the bundled broker behind such a network. Returns its URL.
fn behind_a_slow_path(faults: Faults) -> String {
    let broker = serve(faults);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            thread::spawn(move || relay(client, broker));
        }
    });
    format!("mqtt://127.0.0.1:{port}")
}

fn relay(client: TcpStream, broker: SocketAddr) -> io::Result<()> {
    let onward = TcpStream::connect(broker)?;
    let (back, answers) = (client.try_clone()?, onward.try_clone()?);
    thread::spawn(move || pass_on(client, onward));
    pass_on(answers, back);
    Ok(())
}

/// Passes bytes on after the delay, and also the end of the connection.
fn pass_on(mut from: TcpStream, mut to: TcpStream) {
    let (sent, on_its_way): (_, Receiver<(Instant, Vec<u8>)>) = channel();
    let arriving = thread::spawn(move || {
        for (at, bytes) in on_its_way {
            thread::sleep(at.saturating_duration_since(Instant::now()));
            if bytes.is_empty() || to.write_all(&bytes).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
    let mut buffer = vec![0; 65_536];
    loop {
        let read = from.read(&mut buffer).unwrap_or(0);
        let gone = sent.send((Instant::now() + ONE_WAY, buffer[..read].to_vec()));
        if read == 0 || gone.is_err() {
            break;
        }
    }
    let _ = arriving.join();
}

/// Every kind of time limit, each shorter than the delay.
const HASTY: &str = "\
title: What comes at once is in time
versions: [5]
clients: { a: { keep_alive: 60 }, b: }
cases:
  answer: { then: { a: { ping: { no_wait: true } } }, expect: { pingresp: , within: 500ms } }
  closed: { then: { a: { send: 'f0 00' } }, expect: { refused: , within: 500ms } }
  message: { then: { b: { publish: { topic: t, payload: hello } } }, expect: { publish: { payload: hello }, within: 500ms } }
steps:
  - a: connect
  - b: connect
  - a: { subscribe: t }
  - $then
  - a: { expect: $expect }
";

fn suite(names: &[&str]) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    let files = names.iter().map(|name| format!("{root}/scenarios/{name}"));
    files.collect::<Vec<_>>().join(" ")
}

fn json(program: &Program) -> serde_json::Value {
    let text = std::fs::read_to_string(program.path("out.json")).expect("a report");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn the_delay_of_the_path_is_added_to_every_limit() {
    let url = behind_a_slow_path(Faults::none());
    let run = format!("run --broker {url} --no-snapshots --report json=out.json");
    let program = Program::new(&run).file("scenarios/hasty.yaml", HASTY);
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(ended.stdout.contains("3 cases: 3 passed"), "{ended}");
    assert!(
        ended.stdout.contains("the answer to CONNECT took 2."),
        "{ended}"
    );
    let measured = &json(&program)["cases"][0]["measured"][0];
    assert_eq!(measured["name"], "path_delay_s");
    let delay = measured["value"].as_f64().expect("a number");
    assert!((2.0..4.0).contains(&delay), "{delay}");
}

/// Scenarios in which the broker measures time, and a few others.
const OF_THE_SUITE: &[&str] = &[
    "connect/keep-alive.yaml",
    "connect/keep-alive-fed.yaml",
    "connect/malformed.yaml",
    "will",
    "session/expiry.yaml",
    "session/expiry-forgets.yaml",
    "session/former-expiry.yaml",
    "messages/expired.yaml",
    "retain/read-leaves-it.yaml",
];

#[test]
fn no_case_fails_a_right_broker_behind_a_slow_path() {
    let url = behind_a_slow_path(Faults::none());
    let run = format!("run {} --broker {url} --no-snapshots", suite(OF_THE_SUITE));
    let ended = Program::new(&run).run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(!ended.stdout.contains(" warned"), "{ended}");
}

#[test]
fn a_fault_shows_behind_a_slow_path() {
    let faults = [
        (
            Fault::KeepAliveNotEnforced,
            "connect/keep-alive.yaml",
            " failed",
        ),
        // The broker sends the Will at once, but the network's delay is as long as the Will Delay, so nothing shows.
        (
            Fault::WillDelayIgnored,
            "will/delay.yaml",
            "1 case: 1 skipped",
        ),
    ];
    thread::scope(|scope| {
        for (fault, name, told) in faults {
            scope.spawn(move || {
                let url = behind_a_slow_path([fault].into_iter().collect());
                let run = format!("run {} --broker {url} --no-snapshots", suite(&[name]));
                let ended = Program::new(&run).run();
                assert!(ended.stdout.contains(told), "{name}: {ended}");
            });
        }
    });
}

/// Runs against a broker that answers CONNECT after this time, and nothing else.
fn run_slow_to_greet(late: Duration) -> (Ended, Duration) {
    let url = bad_brokers::serve(move |mut stream| {
        while let Some((first, body)) = packet(&mut stream) {
            if first == 0x10 {
                thread::sleep(late);
                let answer: &[u8] = match body[2 + usize::from(body[1])] {
                    5 => &[0x20, 3, 0, 0, 0],
                    _ => &[0x20, 2, 0, 0],
                };
                let _ = stream.write_all(answer);
            }
        }
    });
    let scenario = "\
title: A ping is answered
versions: [5]
clients: { a: }
steps:
  - a: connect
  - a: ping
";
    let run = format!("run --protocol 5 --broker {url} --no-snapshots");
    let program = Program::new(&run).file("scenarios/ping.yaml", scenario);
    let began = Instant::now();
    (program.run(), began.elapsed())
}

#[test]
fn a_broker_that_is_slow_to_greet_gets_no_more_time_than_the_bound() {
    // Twice 4 s before the run, 4 s in it, 5 s and 4 s for the ping, and time for cleaning up.
    let (ended, took) = run_slow_to_greet(Duration::from_secs(4));
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert!(ended.stdout.contains("no PINGRESP within 5 s"), "{ended}");
    assert!(took < Duration::from_secs(40), "{took:?}: {ended}");
}
