//! The client library rumqttc over every transport: QoS 2, retained messages, a Will, a resumed session, and properties
//! in version 5.

use super::serve;

const LIBRARY: &str = include_str!("library.yaml");

#[test]
fn a_library_is_served_over_every_transport() {
    let (mut program, served) = serve(
        "--listen 127.0.0.1:0 --listen mqtts://127.0.0.1:0 --listen ws://127.0.0.1:0 \
         --listen wss://127.0.0.1:0",
    );
    assert_eq!(served.urls.len(), 4);
    program = program.file("library/library.yaml", LIBRARY);
    for url in &served.urls {
        let trust = match url.starts_with("mqtts") || url.starts_with("wss") {
            true => "--ca ca.pem",
            false => "",
        };
        program = program.arguments(&format!(
            "run library --no-snapshots --broker {url} {trust}"
        ));
        let ended = program.run();
        assert_eq!(ended.exit, Some(0), "{url}: {ended}");
        assert!(ended.stdout.contains("2 cases: 2 passed"), "{url}: {ended}");
    }
}
