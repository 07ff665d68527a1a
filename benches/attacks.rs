//! `cargo bench --bench attacks`: measures how long a well-behaved client waits for PINGRESP while another client
//! attacks. Runs on the bundled broker and then on Debian's mosquitto.
//!
//! A ping is due every few milliseconds, whether the previous one was answered or not. A ping that waits for a second
//! thus counts as all pings that were due in that second, each with its own wait. The benchmark fails if a ping waits
//! longer than a second for the bundled broker.

#[expect(dead_code, reason = "the other benchmark uses the rest of it")]
mod brokers;

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mqtt_check_codec::{
    Packet, PacketId, Properties, Publish, QoS, Subscribe, Subscription, SubscriptionOptions,
    Unsubscribe,
};

use brokers::{Broker, bytes};

const PING_EVERY: Duration = Duration::from_millis(5);
/// The shortest and longest time to watch an attack.
const WATCHED: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_secs(90);
/// The longest permitted wait of another client of the bundled broker, in milliseconds.
const LONGEST: f64 = 1_000.0;
const FILTERS_IN_A_PACKET: usize = 5_000;

/// An attack by one client on the others.
struct Attack {
    name: &'static str,
    prepare: fn(&mut Client, usize) -> io::Result<()>,
    /// Returns when the broker has sent all answers.
    attack: fn(&mut Client, usize) -> io::Result<()>,
    /// The size of the attack: the number of retained messages or filters.
    size: usize,
}

const ATTACKS: &[Attack] = &[
    Attack {
        name: "nothing",
        prepare: |_, _| Ok(()),
        attack: |_, _| Ok(()),
        size: 0,
    },
    Attack {
        name: "5,000 × +/x in one SUBSCRIBE, 100,000 retained messages",
        prepare: retain,
        attack: |client, _| {
            let filters = vec!["+/x".to_owned(); 5_000];
            client.subscribe(&filters)
        },
        size: 100_000,
    },
    Attack {
        name: "100 PUBLISH, 100,000 filters of 130 levels",
        prepare: |client, size| {
            let deep = "x/".repeat(129);
            let filters: Vec<_> = (0..size).map(|n| format!("{deep}{n}")).collect();
            client.subscribe(&filters)
        },
        attack: |client, _| client.publish(&format!("{}x", "x/".repeat(129)), 100),
        size: 100_000,
    },
    Attack {
        name: "100 PUBLISH, 65,536 filters that match all levels but one",
        prepare: |client, size| client.subscribe(&by_level(size, "y")),
        attack: |client, _| client.publish(&format!("{}x", "x/".repeat(16)), 100),
        size: 65_536,
    },
    Attack {
        name: "100 PUBLISH, 65,536 filters that match",
        prepare: |client, size| client.subscribe(&by_level(size, "x")),
        attack: |client, _| client.publish(&format!("{}x", "x/".repeat(16)), 100),
        size: 65_536,
    },
    Attack {
        name: "100,000 filters in one SUBSCRIBE, then in one UNSUBSCRIBE",
        prepare: |_, _| Ok(()),
        attack: |client, size| {
            let filters: Vec<_> = (0..size).map(|n| format!("a/{n}/b")).collect();
            client.subscribe_at_once(&filters)?;
            client.unsubscribe(&filters)
        },
        size: 100_000,
    },
    Attack {
        name: "end of a session with 100,000 subscriptions",
        prepare: |client, size| {
            let filters: Vec<_> = (0..size).map(|n| format!("a/{n}/b")).collect();
            client.subscribe(&filters)
        },
        attack: |client, _| client.stream.write_all(&[0xE0, 0]),
        size: 100_000,
    },
    Attack {
        name: "500,000 PUBLISH of QoS 0 as fast as they are read",
        prepare: |_, _| Ok(()),
        attack: |client, size| {
            let message = publish("flood", QoS::AtMostOnce, false).repeat(1_000);
            for _ in 0..size / 1_000 {
                client.stream.write_all(&message)?;
            }
            client.ping()
        },
        size: 500_000,
    },
];

/// Returns `count` filters that end in `last` and differ in which levels are `+`.
fn by_level(count: usize, last: &str) -> Vec<String> {
    let filter = |bits: usize| {
        let level = |at: u32| match bits >> at & 1 {
            0 => "x/",
            _ => "+/",
        };
        let begin: String = (0..16).map(level).collect();
        format!("{begin}{last}")
    };
    (0..count).map(filter).collect()
}

/// A client that discards its input, except to wait for packet types.
struct Client {
    stream: TcpStream,
}

impl Client {
    /// Reads packets until one has this type.
    fn wait_for(&mut self, packet_type: u8) -> io::Result<()> {
        loop {
            let mut byte = [0];
            self.stream.read_exact(&mut byte)?;
            let found = byte[0] >> 4;
            let (mut length, mut shift) = (0_u64, 0);
            loop {
                self.stream.read_exact(&mut byte)?;
                length |= u64::from(byte[0] & 0x7F) << shift;
                shift += 7;
                if byte[0] & 0x80 == 0 {
                    break;
                }
            }
            io::copy(&mut (&self.stream).take(length), &mut io::sink())?;
            if found == packet_type {
                return Ok(());
            }
        }
    }

    fn ping(&mut self) -> io::Result<()> {
        self.stream.write_all(&[0xC0, 0])?;
        self.wait_for(13)
    }

    fn subscribe(&mut self, filters: &[String]) -> io::Result<()> {
        for some in filters.chunks(FILTERS_IN_A_PACKET) {
            self.subscribe_at_once(some)?;
        }
        Ok(())
    }

    fn subscribe_at_once(&mut self, filters: &[String]) -> io::Result<()> {
        let subscription = |filter: &String| Subscription {
            filter: filter.as_str().into(),
            options: SubscriptionOptions::new(QoS::AtMostOnce),
        };
        self.stream.write_all(&bytes(&Packet::Subscribe(Subscribe {
            packet_id: PacketId::MIN,
            properties: Properties::new(),
            subscriptions: filters.iter().map(subscription).collect(),
        })))?;
        self.wait_for(9)
    }

    fn unsubscribe(&mut self, filters: &[String]) -> io::Result<()> {
        self.stream
            .write_all(&bytes(&Packet::Unsubscribe(Unsubscribe {
                packet_id: PacketId::MIN,
                properties: Properties::new(),
                filters: filters.iter().map(|f| f.as_str().into()).collect(),
            })))?;
        self.wait_for(11)
    }

    /// Publishes at QoS 1, all messages at once.
    fn publish(&mut self, topic: &str, count: usize) -> io::Result<()> {
        let messages = publish(topic, QoS::AtLeastOnce, false).repeat(count);
        self.stream.write_all(&messages)?;
        for _ in 0..count {
            self.wait_for(4)?;
        }
        Ok(())
    }
}

fn retain(client: &mut Client, count: usize) -> io::Result<()> {
    for some in (0..count).collect::<Vec<_>>().chunks(1_000) {
        let messages = some.iter();
        let messages = messages.flat_map(|n| publish(&format!("{n}/x"), QoS::AtMostOnce, true));
        client.stream.write_all(&messages.collect::<Vec<_>>())?;
        client.ping()?;
    }
    Ok(())
}

fn publish(topic: &str, qos: QoS, retain: bool) -> Vec<u8> {
    bytes(&Packet::Publish(Publish {
        dup: false,
        qos,
        retain,
        topic: topic.into(),
        packet_id: (qos > QoS::AtMostOnce).then_some(PacketId::MIN),
        properties: Properties::new(),
        payload: b"x".as_slice().into(),
    }))
}

/// Pings until told to stop, and returns the wait of each due ping in milliseconds, in ascending order.
fn pings(mut client: Client, stop: &AtomicBool) -> io::Result<Vec<f64>> {
    client.stream.set_read_timeout(Some(2 * PATIENCE))?;
    let mut waits = Vec::new();
    let mut due = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        client.ping()?;
        let answered = Instant::now();
        while due <= answered {
            waits.push((answered - due).as_secs_f64() * 1e3);
            due += PING_EVERY;
        }
    }
    waits.sort_by(f64::total_cmp);
    Ok(waits)
}

/// Measures the waits for PINGRESP during the attack, in milliseconds: the 99th percentile, and the maximum.
fn measure(
    start: fn() -> io::Result<Broker>,
    attack: &Attack,
    size: usize,
) -> io::Result<[f64; 2]> {
    let broker = start()?;
    let client = |number| {
        let stream = broker.connect(number)?;
        Ok::<_, io::Error>(Client { stream })
    };
    let mut attacker = client(0)?;
    (attack.prepare)(&mut attacker, size)?;
    let other = client(1)?;
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let pings = thread::spawn(move || pings(other, &stopped));
    let began = Instant::now();
    attacker.stream.set_read_timeout(Some(PATIENCE))?;
    // Only the other client counts, so errors of the attacker are ignored.
    let _ = (attack.attack)(&mut attacker, size);
    // Also watch the work that the attack leaves behind, while the attacker continues to read.
    let mut rest = attacker.stream.try_clone()?;
    let reading = thread::spawn(move || io::copy(&mut rest, &mut io::sink()));
    thread::sleep(WATCHED.saturating_sub(began.elapsed()).max(WATCHED / 2));
    stop.store(true, Ordering::Relaxed);
    let waits = pings.join().map_err(|_| io::ErrorKind::Other)??;
    drop(broker);
    // The thread ends when the broker does. How does not matter.
    let _ = reading.join();
    let at = |share: usize| waits[(waits.len() * share / 100).min(waits.len() - 1)];
    Ok([at(99), at(100)])
}

fn main() -> io::Result<()> {
    // `cargo test --benches` only checks that the benchmark runs.
    let is_measured = std::env::args().any(|argument| argument == "--bench");
    let scale = if is_measured { 1 } else { 100 };
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let wanted: Vec<_> = wanted.iter().filter(|a| !a.starts_with('-')).collect();
    let has_mosquitto = Broker::mosquitto().is_ok();
    println!("PINGRESP of another client, ms: 99 of 100, the longest");
    println!("{:<60} {:>18} {:>18}", "", "bundled", "mosquitto");
    let mut too_long = Vec::new();
    for attack in ATTACKS {
        if !wanted.is_empty() && !wanted.iter().any(|part| attack.name.contains(*part)) {
            continue;
        }
        let size = attack.size / scale;
        let [p99, longest] = measure(Broker::bundled, attack, size)?;
        print!("{:<60} {p99:>8.1} {longest:>9.1}", attack.name);
        if is_measured && longest > LONGEST {
            too_long.push(attack.name);
        }
        if has_mosquitto {
            match measure(Broker::mosquitto, attack, size) {
                Ok([p99, longest]) => print!(" {p99:>8.1} {longest:>9.1}"),
                Err(error) => print!("  {error}"),
            }
        }
        println!();
    }
    if too_long.is_empty() {
        return Ok(());
    }
    let attacks = too_long.join("; ");
    Err(io::Error::other(format!(
        "a ping waited longer than {LONGEST} ms during {attacks}"
    )))
}
