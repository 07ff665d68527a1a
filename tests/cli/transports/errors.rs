//! Problems on the way to a broker: every error says what happened and what helps.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use insta::assert_snapshot;

use super::certificates::Authority;
use super::served::Served;
use super::{ping, serve, with_certificates};
use crate::program::{Ended, Program};

/// Runs over this URL, and expects that the run cannot start.
fn refused(program: Program, url: &str, options: &str) -> Ended {
    let (_, ended) = ping(program, url, options);
    assert_eq!(ended.exit, Some(3), "{ended}");
    ended
}

/// A server that reads once, answers with these bytes, and closes. Returns its port.
fn answering(answer: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream: TcpStream = stream.expect("a connection");
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(answer);
        }
    });
    port
}

/// A WebSocket server that answers every upgrade correctly except for this line.
fn upgrading(line: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream: TcpStream = stream.expect("a connection");
            let mut request = [0; 1024];
            let count = stream.read(&mut request).expect("a request");
            let request = String::from_utf8_lossy(&request[..count]);
            let key = request
                .lines()
                .find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "))
                .expect("a key");
            let accept = mqtt_check_websocket::handshake::accept_key(key);
            let answer = format!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Accept: {accept}\r\n{line}\r\n"
            );
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    port
}

#[test]
fn a_certificate_of_an_unknown_authority() {
    let (program, served) = serve("--listen mqtts://127.0.0.1:0");
    let program = program.file("other.pem", Authority::new("other").pem());
    assert_snapshot!(refused(program, &served.urls[0], "--ca other.pem"));
}

#[test]
fn a_certificate_for_another_name() {
    let authority = Authority::new("authority");
    let (certificate, key) = authority.sign(&["broker.example", "other.example"]);
    let program = Program::new("broker --listen wss://127.0.0.1:0 --cert s.pem --key s.key")
        .file("ca.pem", authority.pem())
        .file("s.pem", certificate)
        .file("s.key", key);
    let served = Served::start(&program);
    let program = program.file("scenarios/ping.yaml", crate::program::PING);
    assert_snapshot!(refused(program, &served.urls[0], "--ca ca.pem"));
}

#[test]
fn a_certificate_whose_time_is_over() {
    let authority = Authority::new("authority");
    let (certificate, key) = authority.sign_expired(&["127.0.0.1"]);
    let program = Program::new("broker --listen mqtts://127.0.0.1:0 --cert s.pem --key s.key")
        .file("scenarios/ping.yaml", crate::program::PING)
        .file("ca.pem", authority.pem())
        .file("s.pem", certificate)
        .file("s.key", key);
    let served = Served::start(&program);
    assert_snapshot!(refused(program, &served.urls[0], "--ca ca.pem"));
}

#[test]
fn a_broker_that_wants_a_certificate() {
    let (program, served) = serve("--listen mqtts://127.0.0.1:0 --client-ca ca.pem");
    assert_snapshot!(refused(program, &served.urls[0], "--ca ca.pem"));
}

#[test]
fn a_broker_that_wants_another_certificate() {
    let (program, served) = serve("--listen mqtts://127.0.0.1:0 --client-ca ca.pem");
    let (certificate, key) = Authority::new("other").sign(&["client"]);
    let program = program.file("c.pem", certificate).file("c.key", key);
    let options = "--ca ca.pem --cert c.pem --key c.key";
    assert_snapshot!(refused(program, &served.urls[0], options));
}

#[test]
fn tls_where_there_is_none() {
    let (program, served) = serve("--listen 127.0.0.1:0 --listen wss://127.0.0.1:0");
    let url = served.urls[0].replace("mqtt://", "mqtts://");
    assert_snapshot!(refused(program, &url, "--ca ca.pem"));
    let port = answering(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    let url = format!("wss://127.0.0.1:{port}");
    let program = with_certificates("");
    assert_snapshot!(refused(program, &url, "--ca ca.pem"));
}

#[test]
fn no_tls_where_there_is_some() {
    let (program, served) = serve("--listen mqtts://127.0.0.1:0 --listen wss://127.0.0.1:0");
    let url = served.urls[0].replace("mqtts://", "mqtt://");
    assert_snapshot!(refused(program, &url, ""));
    let url = served.urls[1].replace("wss://", "ws://");
    assert_snapshot!(refused(with_certificates(""), &url, ""));
}

#[test]
fn a_websocket_where_there_is_none() {
    let (program, served) = serve("--listen 127.0.0.1:0 --listen mqtts://127.0.0.1:0");
    let url = served.urls[0].replace("mqtt://", "ws://");
    assert_snapshot!(refused(program, &url, ""));
    let url = served.urls[1].replace("mqtts://", "wss://") + "/mqtt";
    assert_snapshot!(refused(with_certificates(""), &url, "--insecure"));
}

#[test]
fn no_websocket_where_there_is_one() {
    let (program, served) = serve("--listen ws://127.0.0.1:0 --listen wss://127.0.0.1:0");
    let url = served.urls[0].replace("ws://", "mqtt://");
    assert_snapshot!(refused(program, &url, ""));
}

#[test]
fn another_path() {
    let (program, served) = serve("--listen ws://127.0.0.1:0/mqtt --listen wss://127.0.0.1:0");
    let url = served.urls[0].replace("/mqtt", "");
    assert_snapshot!(refused(program, &url, ""));
    let url = served.urls[0].replace("/mqtt", "/other");
    assert_snapshot!(refused(with_certificates(""), &url, ""));
}

#[test]
fn an_http_server_behind_a_websocket_url() {
    for answer in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"[..],
        b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"",
    ] {
        let url = format!("ws://127.0.0.1:{}/mqtt", answering(answer));
        assert_snapshot!(refused(with_certificates(""), &url, ""));
    }
}

#[test]
fn a_websocket_for_something_else() {
    for line in [
        "Sec-WebSocket-Protocol: graphql-ws\r\n",
        "",
        "Sec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Extensions: permessage-deflate\r\n",
    ] {
        let url = format!("ws://127.0.0.1:{}/mqtt", upgrading(line));
        assert_snapshot!(refused(with_certificates(""), &url, ""));
    }
}

#[test]
fn a_wrong_accept_key() {
    let port = answering(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
          Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
          Sec-WebSocket-Protocol: mqtt\r\n\r\n",
    );
    let url = format!("ws://127.0.0.1:{port}/mqtt");
    assert_snapshot!(refused(with_certificates(""), &url, ""));
}

/// Runs with a wrong command line.
fn wrong(arguments: &str) -> Ended {
    let (other, _) = Authority::new("other").sign(&["client"]);
    let program = with_certificates(arguments)
        .file("other.pem", other)
        .file("empty.pem", "")
        .file(
            "damaged.pem",
            "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
        )
        .file(
            "encrypted.key",
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMA==\n-----END ENCRYPTED PRIVATE KEY-----\n",
        );
    let ended = program.run();
    assert_eq!(ended.exit, Some(2), "{ended}");
    ended
}

#[test]
fn files_that_tls_cannot_use() {
    for options in [
        "--ca no.pem",
        "--ca empty.pem",
        "--ca damaged.pem",
        "--cert client.key --key client.key",
        "--cert client.pem --key client.pem",
        "--cert client.pem --key encrypted.key",
        "--cert other.pem --key client.key",
    ] {
        let arguments = format!("run --broker mqtts://127.0.0.1:1 {options}");
        assert_snapshot!(wrong(&arguments));
    }
}

#[test]
fn options_that_do_not_go_together() {
    for options in [
        "--broker mqtt://127.0.0.1:1 --ca ca.pem",
        "--broker ws://127.0.0.1:1 --insecure",
        "--broker mqtts://127.0.0.1:1 --cert client.pem",
        "--broker mqtts://127.0.0.1:1 --ca ca.pem --insecure",
        "--ca ca.pem",
        "--broker mqtts://a_b^c:1 --insecure",
    ] {
        assert_snapshot!(wrong(&format!("run {options}")));
    }
}

#[test]
fn places_that_cannot_be_served() {
    for options in [
        "--listen mqtts://127.0.0.1:0",
        "--listen 127.0.0.1:0 --cert server.pem --key server.key",
        "--listen wss://127.0.0.1:0 --cert server.pem --key client.key",
        "--listen wss://127.0.0.1:0 --cert server.pem --key server.key --client-ca empty.pem",
        "--listen wss://127.0.0.1:0 --cert server.pem",
        "--listen ftp://127.0.0.1:0",
        "--listen mqtt://127.0.0.1:0/path",
    ] {
        assert_snapshot!(wrong(&format!("broker {options}")));
    }
}

#[test]
fn a_second_url_that_is_none_for_websocket() {
    for (options, expected) in [
        (
            "--broker mqtt://127.0.0.1:1 --websocket mqtt://127.0.0.1:2",
            "--websocket: mqtt:// is not over WebSocket; ws:// and wss:// are",
        ),
        (
            "--broker ws://127.0.0.1:1 --websocket ws://127.0.0.1:2",
            "--websocket is for a broker that --broker reaches by mqtt:// or mqtts://",
        ),
        (
            "--broker mqtt://127.0.0.1:1 --websocket ws://me:secret@127.0.0.1:2",
            "--websocket: `ws://…@127.0.0.1:[PORT]` names a user before the `@`",
        ),
        ("--websocket ws://127.0.0.1:2", "--broker <URL>"),
    ] {
        let ended = wrong(&format!("run scenarios/ {options}"));
        assert!(ended.stderr.contains(expected), "{ended}");
        assert!(!ended.stderr.contains("secret"), "{ended}");
    }
}
