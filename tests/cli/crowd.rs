//! A broker that is late when it has much to do at once. A case that fails only because of that is played again with
//! nothing beside it.

use std::io::{Write as _, copy};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use mqtt_check_broker::Faults;
use serde_json::Value;

use crate::program::{Ended, Program};
use crate::served;
use crate::settling::packet;

/// How long the proxy waits to see whether other clients subscribe too.
const LOOK: Duration = Duration::from_millis(300);
/// How late SUBSCRIBE is then passed on.
const LATE_BY: Duration = Duration::from_millis(1_200);

/// How late the CONNECT that resumes a session is then passed on. The session has expired by then.
const TOO_LATE_TO_RESUME: Duration = Duration::from_millis(2_500);

const SUBSCRIBE: u8 = 0x82;
/// A bit of the Connect Flags.
const CLEAN_START: u8 = 0x02;

/// A scenario with a message to a client of this name. A client named `tardy` is always served late.
fn heard(client: &str) -> String {
    format!(
        "title: Who has subscribed is sent what is published
versions: [3.1.1]
clients: {{ {client}: , publisher: }}
steps:
  - {client}: connect
  - {client}: {{ subscribe: some/topic }}
    clause: MQTT-3.8.4-1
  - publisher: connect
  - publisher: {{ publish: {{ topic: some/topic, payload: hello, qos: 1 }} }}
  - {client}: {{ expect: {{ publish: {{ payload: hello }} }} }}
    clause: MQTT-3.3.5-1
"
    )
}

/// Like [`heard`], but expects one message too many.
fn heard_twice(client: &str) -> String {
    heard(client)
        + &format!(
            "  - {client}: {{ expect: {{ publish: {{ payload: more }} }} }}\n    clause: MQTT-4.3.2-1\n"
        )
}

/// A scenario with a session of three seconds, which the client `sleepy` resumes after one.
const RESUMED: &str = "title: A session is there until it expires
versions: [5]
clients: { sleepy: { clean_start: 1, session_expiry_interval: 3 } }
steps:
  - sleepy: connect
  - sleepy: disconnect
  - wait: 1s
  - sleepy: { connect: { clean_start: 0, expect: { session_present: true } } }
    clause: MQTT-3.2.2-3
";

/// Serves the bundled broker behind a proxy that delays SUBSCRIBE while several clients of cases send one, and also the
/// CONNECT with which a client resumes its session.
fn serve() -> String {
    let broker = served::serve(Faults::none());
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let asking = Arc::new(AtomicUsize::new(0));
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let asking = Arc::clone(&asking);
            thread::spawn(move || attend(client, broker, &asking));
        }
    });
    address
}

fn attend(mut client: TcpStream, broker: SocketAddr, asking: &AtomicUsize) -> Option<()> {
    let mut onward = TcpStream::connect(broker).ok()?;
    let (mut back, mut answers) = (client.try_clone().ok()?, onward.try_clone().ok()?);
    thread::spawn(move || {
        let _ = copy(&mut answers, &mut back);
        let _ = back.shutdown(Shutdown::Both);
    });
    let connect = packet(&mut client)?;
    let names = |word: &[u8]| connect.windows(word.len()).any(|bytes| bytes == word);
    let is_resumed = names(b"sleepy") && connect[9] & CLEAN_START == 0;
    let is_counted = names(b"hasty") || is_resumed;
    let is_late = names(b"tardy");
    if is_counted {
        asking.fetch_add(1, Ordering::SeqCst);
    }
    if is_resumed {
        thread::sleep(LOOK);
        if asking.load(Ordering::SeqCst) > 1 {
            thread::sleep(TOO_LATE_TO_RESUME);
        }
    }
    let mut next = Some(connect.clone());
    while let Some(bytes) = next {
        if bytes[0] == SUBSCRIBE && (is_counted || is_late) {
            thread::sleep(LOOK);
            if is_late || asking.load(Ordering::SeqCst) > 1 {
                thread::sleep(LATE_BY);
            }
        }
        if onward.write_all(&bytes).is_err() {
            break;
        }
        next = packet(&mut client);
    }
    if is_counted {
        asking.fetch_sub(1, Ordering::SeqCst);
    }
    onward.shutdown(Shutdown::Both).ok()
}

/// Plays these scenarios by name, with these options.
fn play(options: &str, scenarios: &[(&str, String)]) -> (Ended, Value) {
    play_on("versions: [3.1.1]\nlimit: 1s\n", options, scenarios)
}

fn play_on(target: &str, options: &str, scenarios: &[(&str, String)]) -> (Ended, Value) {
    let run = format!("run --target busy --no-snapshots --report json=out.json {options}");
    let target = format!("url: mqtt://{}\n{target}", serve());
    let program = Program::new(&run).file("targets/busy.yaml", target);
    let program = scenarios.iter().fold(program, |program, (name, text)| {
        program.file(&format!("scenarios/{name}.yaml"), text)
    });
    let ended = program.run();
    let text = std::fs::read_to_string(program.path("out.json")).expect("a report");
    (ended, serde_json::from_str(&text).expect("JSON"))
}

fn case<'r>(report: &'r Value, name: &str) -> &'r Value {
    let cases = report["cases"].as_array().expect("cases");
    let is_it = |case: &&Value| {
        let id = case["id"].as_str().unwrap_or_default();
        id.split('@').next() == Some(name)
    };
    cases.iter().find(is_it).expect("the case")
}

#[test]
fn what_the_broker_saw_too_late_alone_passes() {
    let cases = ["one", "two", "three"].map(|name| (name, RESUMED.to_owned()));
    let (ended, report) = play_on("versions: [5]\nlimit: 10s\n", "", &cases);
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(ended.stdout.contains("3 cases: 3 passed"), "{ended}");
    for (name, _) in cases {
        let case = case(&report, name);
        assert_eq!(case["crowd"]["alone"], "passed");
        let late = case["crowd"]["late"].as_str().expect("what was late");
        assert!(late.contains("a request was answered after 2."), "{late}");
    }
}

#[test]
fn what_is_late_beside_others_alone_passes() {
    let hasty = || heard("hasty");
    let cases = [("one", hasty()), ("two", hasty()), ("three", hasty())];
    let (ended, report) = play("", &cases);
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(ended.stdout.contains("3 cases: 3 passed"), "{ended}");
    let told =
        "The broker was late while other cases were played; played alone, these passed: 3 cases";
    assert!(ended.stdout.contains(told), "{ended}");
    for (name, _) in cases {
        let case = case(&report, name);
        assert_eq!(case["verdict"], "passed");
        assert_eq!(case["crowd"]["alone"], "passed");
        let late = case["crowd"]["late"].as_str().expect("what was late");
        assert!(late.contains("SUBACK arrived after 1."), "{late}");
        assert!(case["plays"].as_u64().is_some_and(|plays| plays > 1));
    }
}

#[test]
fn what_is_late_alone_too_fails() {
    let cases = [
        ("one", heard("hasty")),
        ("two", heard("hasty")),
        ("tardy", heard("tardy")),
    ];
    let (ended, report) = play("", &cases);
    assert_eq!(ended.exit, Some(1), "{ended}");
    let counted = "3 cases: 2 passed, 1 failed";
    assert!(ended.stdout.contains(counted), "{ended}");
    let told = "The broker was late while other cases were played; played alone, these failed again: 1 case";
    assert!(ended.stdout.contains(told), "{ended}");
    let tardy = case(&report, "tardy");
    assert_eq!(tardy["verdict"], "failed");
    assert_eq!(tardy["crowd"]["alone"], "failed_again");
    let actual = tardy["findings"][0]["actual"].as_str().expect("a text");
    assert!(actual.contains("SUBACK arrived after 1."), "{actual}");
    assert_eq!(case(&report, "one")["crowd"]["alone"], "passed");
}

#[test]
fn a_broker_that_is_always_late_fails_every_case() {
    let cases = [("one", heard("tardy")), ("two", heard("tardy"))];
    let (ended, _) = play("", &cases);
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert!(ended.stdout.contains("2 cases: 2 failed"), "{ended}");
    // A case that already played alone is not played again.
    let (ended, report) = play("--jobs 1", &cases);
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert!(ended.stdout.contains("2 cases: 2 failed"), "{ended}");
    assert!(case(&report, "one").get("crowd").is_none(), "{ended}");
}

#[test]
fn another_fault_beside_what_was_late_still_fails() {
    let cases = [
        ("one", heard("hasty")),
        ("two", heard("hasty")),
        ("twice", heard_twice("hasty")),
    ];
    let (ended, report) = play("", &cases);
    assert_eq!(ended.exit, Some(1), "{ended}");
    let counted = "3 cases: 2 passed, 1 failed";
    assert!(ended.stdout.contains(counted), "{ended}");
    let twice = case(&report, "twice");
    assert_eq!(twice["verdict"], "failed");
    assert_eq!(twice["crowd"]["alone"], "failed_again");
}
