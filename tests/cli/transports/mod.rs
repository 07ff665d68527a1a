//! Brokers over TCP, TLS, WebSocket and secure WebSocket. The program itself serves the bundled broker, with
//! certificates that the tests create.

mod certificates;
mod credentials;
mod errors;
mod rumqttc;
mod served;
mod suite;

use certificates::Authority;
use served::Served;
use tokio_rustls::rustls::version::{TLS12, TLS13};

use crate::program::{Ended, PING, Program};

/// A program whose folder contains an authority (`ca.pem`) and certificates that it signed for this machine
/// (`server.pem`, `server.key`) and for a client (`client.pem`, `client.key`).
fn with_certificates(arguments: &str) -> Program {
    let authority = Authority::new("authority");
    let (server, server_key) = authority.sign(&["localhost", "127.0.0.1", "::1"]);
    let (client, client_key) = authority.sign(&["client"]);
    Program::new(arguments)
        .file("scenarios/ping.yaml", PING)
        .file("ca.pem", authority.pem())
        .file("server.pem", server)
        .file("server.key", server_key)
        .file("client.pem", client)
        .file("client.key", client_key)
}

/// Serves a broker with these options and the certificate. Returns it with a program that can connect to it.
fn serve(options: &str) -> (Program, Served) {
    let arguments = format!("broker --cert server.pem --key server.key {options}");
    let program = with_certificates(&arguments);
    let served = Served::start(&program);
    (program, served)
}

/// Plays the ping over this URL, with these options.
fn ping(program: Program, url: &str, options: &str) -> (Program, Ended) {
    let arguments = format!("run --protocol 5 --no-snapshots --broker {url} {options}");
    let program = program.arguments(&arguments);
    let ended = program.run();
    (program, ended)
}

#[test]
fn a_broker_is_reached_over_every_transport_at_once() {
    let (mut program, served) = serve(
        "--listen 127.0.0.1:0 --listen mqtts://[::1]:0 --listen ws://[::1]:0 \
         --listen wss://127.0.0.1:0/mqtt",
    );
    let options = ["", "--ca ca.pem", "", "--ca ca.pem"];
    assert_eq!(served.urls.len(), options.len());
    for (url, options) in served.urls.iter().zip(options) {
        let ended;
        (program, ended) = ping(program, url, options);
        assert_eq!(ended.exit, Some(0), "{url}: {ended}");
        assert!(ended.stdout.contains("1 case: 1 passed"), "{url}: {ended}");
    }
}

#[test]
fn any_certificate_will_do_where_it_is_said_so() {
    let (program, served) = serve("--listen mqtts://127.0.0.1:0");
    let (_, ended) = ping(program, &served.urls[0], "--insecure");
    assert_eq!(ended.exit, Some(0), "{ended}");
}

#[test]
fn a_certificate_of_version_1_will_do_too_if_the_server_has_its_key() {
    let (mut program, served) = serve("--listen 127.0.0.1:0 --listen mqtts://127.0.0.1:0");
    let (_, port) = served.urls[0].rsplit_once(':').expect("a port");
    let broker: u16 = port.parse().expect("a number");
    let key = rcgen::KeyPair::generate().expect("a key");
    let other = rcgen::KeyPair::generate().expect("a key");
    for version in [&TLS12, &TLS13] {
        let mut play = |certificate: Vec<u8>, options: &str| {
            let port = certificates::before(broker, certificate, &key, version);
            let ended;
            let url = format!("mqtts://127.0.0.1:{port}");
            let mine = std::mem::replace(&mut program, Program::new(""));
            (program, ended) = ping(mine, &url, options);
            ended
        };
        let taken = play(certificates::of_version_1(&key), "--insecure");
        assert_eq!(taken.exit, Some(0), "{version:?}: {taken}");
        let of_another = play(certificates::of_version_1(&other), "--insecure");
        assert_eq!(of_another.exit, Some(3), "{version:?}: {of_another}");
        // Without the option, the certificate is not signed by a trusted authority.
        let refused = play(certificates::of_version_1(&key), "--ca ca.pem");
        assert_eq!(refused.exit, Some(3), "{version:?}: {refused}");
    }
}

#[test]
fn a_broker_that_wants_a_certificate_gets_one() {
    let (mut program, served) =
        serve("--listen mqtts://127.0.0.1:0 --listen wss://127.0.0.1:0 --client-ca ca.pem");
    for url in &served.urls {
        let ended;
        let options = "--ca ca.pem --cert client.pem --key client.key";
        (program, ended) = ping(program, url, options);
        assert_eq!(ended.exit, Some(0), "{url}: {ended}");
    }
}
