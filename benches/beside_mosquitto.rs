//! `cargo bench --bench beside_mosquitto`: compares the bundled broker and Debian's mosquitto under the same load, one
//! after the other. Each broker runs in its own process. The load comes from this process, over 127.0.0.1, in 3.1.1.

#[expect(dead_code, reason = "another benchmark uses the rest of it")]
mod brokers;

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Instant;

use mqtt_check_codec::{Packet, PacketId, Properties, Publish, QoS};

use brokers::{Broker, bytes, skip};

const PAYLOAD: [u8; 100] = [b'x'; 100];
/// The number of messages in flight: fewer than any broker drops.
const BATCH: usize = 100;
const CLIENTS: usize = 1_000;
const IDLE: usize = 10_000;
const STARTS: usize = 5;

fn publish(qos: QoS, id: usize) -> Vec<u8> {
    let id = u16::try_from(id % 60_000 + 1).ok().and_then(PacketId::new);
    bytes(&Packet::Publish(Publish {
        dup: false,
        qos,
        retain: false,
        topic: "load".into(),
        packet_id: id.filter(|_| qos > QoS::AtMostOnce),
        properties: Properties::new(),
        payload: PAYLOAD.to_vec().into(),
    }))
}

/// Reads packets of this size and answers each with a packet that has this first byte and the same packet identifier,
/// which is at `id_at`.
fn answer(stream: &mut TcpStream, size: usize, id_at: usize, first_byte: u8) -> io::Result<()> {
    let mut buffer = vec![0; size * BATCH];
    stream.read_exact(&mut buffer)?;
    let mut answers = Vec::with_capacity(4 * BATCH);
    for packet in buffer.chunks(size) {
        answers.extend([first_byte, 2, packet[id_at], packet[id_at + 1]]);
    }
    stream.write_all(&answers)
}

/// Measures messages per second from one publisher to one subscriber.
fn one_to_one(broker: &Broker, qos: QoS, rounds: usize) -> io::Result<f64> {
    let mut reader = broker.subscribe(0, qos)?;
    let mut writer = broker.connect(1)?;
    let size = publish(qos, 0).len();
    let id_at = 2 + 2 + "load".len();
    let began = Instant::now();
    for round in 0..rounds {
        let batch: Vec<u8> = (0..BATCH)
            .flat_map(|n| publish(qos, round * BATCH + n))
            .collect();
        writer.write_all(&batch)?;
        match qos {
            QoS::AtMostOnce => skip(&mut reader, size * BATCH)?,
            QoS::AtLeastOnce => {
                answer(&mut reader, size, id_at, 0x40)?;
                skip(&mut writer, 4 * BATCH)?;
            }
            QoS::ExactlyOnce => {
                answer(&mut writer, 4, 2, 0x62)?;
                skip(&mut writer, 4 * BATCH)?;
                answer(&mut reader, size, id_at, 0x50)?;
                answer(&mut reader, 4, 2, 0x70)?;
            }
        }
    }
    Ok(per_second(rounds * BATCH, began))
}

/// Measures deliveries per second from one publisher to many subscribers.
fn fan_out(broker: &Broker, rounds: usize) -> io::Result<f64> {
    let mut readers = (0..CLIENTS)
        .map(|n| broker.subscribe(n, QoS::AtMostOnce))
        .collect::<io::Result<Vec<_>>>()?;
    let mut writer = broker.connect(CLIENTS)?;
    let batch = publish(QoS::AtMostOnce, 0).repeat(10);
    let began = Instant::now();
    for _ in 0..rounds {
        writer.write_all(&batch)?;
        for reader in &mut readers {
            skip(reader, batch.len())?;
        }
    }
    Ok(per_second(rounds * 10 * CLIENTS, began))
}

/// Measures messages per second from many publishers to one subscriber.
fn fan_in(broker: &Broker, rounds: usize) -> io::Result<f64> {
    let mut reader = broker.subscribe(CLIENTS, QoS::AtMostOnce)?;
    let mut writers = (0..CLIENTS)
        .map(|n| broker.connect(n))
        .collect::<io::Result<Vec<_>>>()?;
    let message = publish(QoS::AtMostOnce, 0);
    let began = Instant::now();
    for _ in 0..rounds {
        for some in writers.chunks_mut(BATCH) {
            for writer in some.iter_mut() {
                writer.write_all(&message)?;
            }
            skip(&mut reader, message.len() * some.len())?;
        }
    }
    Ok(per_second(rounds * CLIENTS, began))
}

/// Measures kilobytes per idle connection, with as many connections as this process may open.
fn idle(broker: &Broker) -> io::Result<(usize, f64)> {
    let before = broker.resident_kb()?;
    let mut streams = Vec::new();
    while streams.len() < IDLE {
        match broker.subscribe(streams.len(), QoS::AtLeastOnce) {
            Ok(stream) => streams.push(stream),
            Err(_) if !streams.is_empty() => break,
            Err(error) => return Err(error),
        }
    }
    let grown = broker.resident_kb()?.saturating_sub(before);
    Ok((streams.len(), grown as f64 / streams.len() as f64))
}

/// Measures milliseconds from the start of the process to its first CONNACK, the shortest of several.
fn start_ms(start: fn() -> io::Result<Broker>) -> io::Result<f64> {
    let mut shortest = f64::INFINITY;
    for _ in 0..STARTS {
        let began = Instant::now();
        start()?.connect(0)?;
        shortest = shortest.min(began.elapsed().as_secs_f64() * 1e3);
    }
    Ok(shortest)
}

fn per_second(count: usize, began: Instant) -> f64 {
    count as f64 / began.elapsed().as_secs_f64()
}

fn main() -> io::Result<()> {
    // `cargo test --benches` only checks that the benchmark runs.
    let scale = if std::env::args().any(|argument| argument == "--bench") {
        20
    } else {
        1
    };
    let Ok(mosquitto) = Broker::mosquitto() else {
        println!("mosquitto is not installed");
        return Ok(());
    };
    let bundled = Broker::bundled()?;
    println!(
        "{:<28} {:>12} {:>12} {:>7}",
        "", bundled.name, mosquitto.name, "ratio"
    );
    let (ours, theirs) = (start_ms(Broker::bundled)?, start_ms(Broker::mosquitto)?);
    println!(
        "{:<28} {ours:>12.2} {theirs:>12.2} {:>7.2}",
        "start to first CONNACK, ms",
        ours / theirs
    );
    // Measure this before any load, while neither broker holds memory that it has finished using.
    let (count, ours) = idle(&bundled)?;
    let (_, theirs) = idle(&mosquitto)?;
    let what = format!("{count} idle, kB each");
    println!(
        "{what:<28} {ours:>12.2} {theirs:>12.2} {:>7.2}",
        ours / theirs
    );
    let show = |what: &str, load: &dyn Fn(&Broker) -> io::Result<f64>| -> io::Result<()> {
        // Warm up.
        load(&bundled)?;
        load(&mosquitto)?;
        let (ours, theirs) = (load(&bundled)?, load(&mosquitto)?);
        println!(
            "{what:<28} {ours:>12.0} {theirs:>12.0} {:>7.2}",
            ours / theirs
        );
        Ok(())
    };
    show("qos 0, 1 to 1, messages/s", &|b| {
        one_to_one(b, QoS::AtMostOnce, 100 * scale)
    })?;
    show("qos 1, 1 to 1, messages/s", &|b| {
        one_to_one(b, QoS::AtLeastOnce, 50 * scale)
    })?;
    show("qos 2, 1 to 1, messages/s", &|b| {
        one_to_one(b, QoS::ExactlyOnce, 25 * scale)
    })?;
    show("1 to 1000, deliveries/s", &|b| fan_out(b, 2 * scale))?;
    show("1000 to 1, messages/s", &|b| fan_in(b, 5 * scale))?;
    Ok(())
}
