//! `cargo bench --bench sessions`: measures the cost of a QoS 1 message for the bundled broker with a store, in a
//! session with few subscriptions and in one with many. Fails if the second costs more than three times the first.

#[expect(dead_code, reason = "the other benchmarks use the rest of it")]
mod brokers;

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Instant;

use mqtt_check_codec::{
    Packet, PacketId, Properties, Publish, QoS, Subscribe, Subscription, SubscriptionOptions,
};

use brokers::{Broker, bytes, skip};

const FEW: usize = 1_000;
const MANY: usize = 90_000;
const FILTERS_IN_A_PACKET: usize = 5_000;
/// Messages per round, sent one at a time. The sessions take turns, so that the disk is the same for both.
const ROUND: usize = 100;
/// The highest permitted ratio of the costs, large session to small one.
const MOST: f64 = 3.0;

/// A session with a reading client, and a client that publishes to it.
struct Session {
    reader: TcpStream,
    writer: TcpStream,
    topic: String,
}

impl Session {
    /// Creates a session with this many subscriptions, one of which matches the topic.
    fn new(broker: &Broker, number: usize, filters: usize) -> io::Result<Self> {
        let mut reader = broker.connect(2 * number)?;
        let filters: Vec<_> = (0..filters).map(|n| format!("{number}/{n}/x")).collect();
        for some in filters.chunks(FILTERS_IN_A_PACKET) {
            let subscription = |filter: &String| Subscription {
                filter: filter.as_str().into(),
                options: SubscriptionOptions::new(QoS::AtLeastOnce),
            };
            reader.write_all(&bytes(&Packet::Subscribe(Subscribe {
                packet_id: PacketId::MIN,
                properties: Properties::new(),
                subscriptions: some.iter().map(subscription).collect(),
            })))?;
            // The Remaining Length of SUBACK takes one byte up to 127, two up to 16,383.
            let codes = some.len() + 2;
            skip(&mut reader, codes + if codes > 127 { 3 } else { 2 })?;
        }
        Ok(Self {
            reader,
            writer: broker.connect(2 * number + 1)?,
            topic: filters[filters.len() / 2].clone(),
        })
    }

    /// Measures one message from PUBLISH to the acknowledgements of both clients, in microseconds.
    fn message(&mut self) -> io::Result<f64> {
        let message = bytes(&Packet::Publish(Publish {
            dup: false,
            qos: QoS::AtLeastOnce,
            retain: false,
            topic: self.topic.as_str().into(),
            packet_id: Some(PacketId::MIN),
            properties: Properties::new(),
            payload: vec![b'x'; 100].into(),
        }));
        let began = Instant::now();
        self.writer.write_all(&message)?;
        let mut packet = vec![0; message.len()];
        self.reader.read_exact(&mut packet)?;
        let id_at = 2 + 2 + self.topic.len();
        self.reader
            .write_all(&[0x40, 2, packet[id_at], packet[id_at + 1]])?;
        skip(&mut self.writer, 4)?;
        Ok(began.elapsed().as_secs_f64() * 1e6)
    }
}

/// The median.
fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

fn main() -> io::Result<()> {
    // `cargo test --benches` only checks that the benchmark runs.
    let is_measured = std::env::args().any(|argument| argument == "--bench");
    let (scale, rounds) = if is_measured { (1, 20) } else { (100, 1) };
    let broker = Broker::bundled_with_store()?;
    let mut few = Session::new(&broker, 0, FEW / scale)?;
    let mut many = Session::new(&broker, 1, MANY / scale)?;
    let (mut of_few, mut of_many) = (Vec::new(), Vec::new());
    // The first round is a warm-up.
    for round in 0..=rounds {
        for (session, all) in [(&mut few, &mut of_few), (&mut many, &mut of_many)] {
            for _ in 0..ROUND {
                let took = session.message()?;
                all.extend((round > 0).then_some(took));
            }
        }
    }
    let (few, many) = (median(of_few), median(of_many));
    let ratio = many / few;
    println!("one message of QoS 1 with a store, µs: the median");
    println!("{:>8} subscriptions {few:>9.0}", FEW / scale);
    println!("{:>8} subscriptions {many:>9.0}", MANY / scale);
    println!("{:>22} {ratio:>9.2}", "ratio");
    match is_measured && ratio > MOST {
        false => Ok(()),
        true => Err(io::Error::other(format!(
            "a message through the large session costs more than {MOST} times as much"
        ))),
    }
}
