//! Brokers that want to hear of their clients: where a scenario says nothing of it, the driver sees to that.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use mqtt_check_broker::Faults;

use crate::program::Program;
use crate::served::serve;

/// Silent for longer than a broker waits that has been told a Keep Alive of a second.
const CALM: &str = "\
title: A client that says nothing for a while is still there
clients: { a: }
steps:
  - a: connect
  - wait: 3s
  - a: ping
";

/// The bundled broker with somebody before it who takes no CONNECT with a Keep Alive of 0; its address.
fn serve_picky() -> String {
    let broker = serve(Faults::none()).to_string();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let broker = broker.clone();
            thread::spawn(move || pass_on(stream, &broker));
        }
    });
    address
}

fn pass_on(mut client: TcpStream, broker: &str) -> io::Result<()> {
    // Short CONNECTs come in one piece: type, length, name, level, flags, Keep Alive.
    let mut first = [0; 512];
    let size = client.read(&mut first)?;
    if first[10..12] == [0, 0] {
        return Ok(());
    }
    let mut onward = TcpStream::connect(broker)?;
    onward.write_all(&first[..size])?;
    let (mut answers, mut back) = (onward.try_clone()?, client.try_clone()?);
    thread::spawn(move || {
        io::copy(&mut answers, &mut back).map(|_| back.shutdown(std::net::Shutdown::Both))
    });
    io::copy(&mut client, &mut onward)?;
    onward.shutdown(std::net::Shutdown::Write)
}

#[test]
fn finds_out_that_a_broker_takes_no_keep_alive_of_0() {
    let run = format!("run --broker mqtt://{} -v", serve_picky());
    let ended = Program::new(&run).file("scenarios/calm.yaml", CALM).run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(ended.stdout.contains("keep_alive=60"), "{ended}");
    assert!(
        ended.stdout.contains("connected with 60 s, not with 0"),
        "{ended}"
    );
}

#[test]
fn says_nothing_of_it_where_0_is_taken() {
    let run = format!("run --broker mqtt://{} -v", serve(Faults::none()));
    let ended = Program::new(&run).file("scenarios/calm.yaml", CALM).run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(ended.stdout.contains("keep_alive=0"), "{ended}");
    assert!(!ended.stdout.contains("not with 0"), "{ended}");
}

#[test]
fn pings_where_a_target_wants_it_and_the_scenario_says_nothing() {
    let said = CALM
        .replace(
            "clients: { a: }",
            "versions: [3.1.1]\nclients: { a: { keep_alive: 1 } }",
        )
        .replace("a: ping", "a: { expect: closed }");
    let ended = Program::new("run --target picky -v")
        .file("scenarios/calm.yaml", CALM)
        .file("scenarios/tested.yaml", said)
        .file(
            "targets/picky.yaml",
            format!("url: mqtt://{}\nkeep_alive: 1s\n", serve(Faults::none())),
        )
        .run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(ended.stdout.contains("3 passed"), "{ended}");
    // The driver's pings are in no record.
    assert_eq!(ended.stdout.matches("> PINGREQ").count(), 2, "{ended}");
}
