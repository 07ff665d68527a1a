//! A broker that does not always behave the same: what its baseline records, and what a run treats as a change.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _, copy};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use mqtt_check_broker::Fault;

use crate::program::Program;
use crate::served;

/// A scenario that takes over a session. Its Client Identifier is this word.
pub(crate) fn takeover(word: &str) -> String {
    format!(
        "title: A second CONNECT takes the session over
versions: [5]
clients: {{ first: {{ id: {word} }}, second: {{ id: {word} }} }}
steps:
  - first: connect
  - second: connect
  - first: {{ expect: {{ disconnect: {{ reason: session_taken_over }} }} }}
    clause: MQTT-3.1.4-3
"
    )
}

/// The plays in which a case goes wrong, counted from 0. The key is the word at the end of its Client Identifiers.
type Wrong = Arc<Mutex<BTreeMap<&'static str, Vec<usize>>>>;

/// A broker that goes wrong in these plays only.
pub(crate) struct Unsteady {
    pub(crate) url: String,
    wrong: Wrong,
    /// The plays so far, by the prefix of their Client Identifiers.
    plays: Arc<Mutex<Vec<String>>>,
}

impl Unsteady {
    pub(crate) fn new() -> Self {
        let right = served::serve(std::iter::empty().collect());
        let faulty = served::serve(std::iter::once(Fault::NoDisconnectOnTakeover).collect());
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("mqtt://{}", listener.local_addr().expect("an address"));
        let (wrong, plays) = (Wrong::default(), Arc::default());
        let unsteady = Self {
            url,
            wrong: Arc::clone(&wrong),
            plays: Arc::clone(&plays),
        };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (wrong, plays) = (Arc::clone(&wrong), Arc::clone(&plays));
                thread::spawn(move || {
                    let mut stream = stream;
                    let mut connect = [0; 512];
                    let Ok(length) = stream.read(&mut connect) else {
                        return;
                    };
                    let connect = &connect[..length];
                    let is_wrong = is_wrong(connect, &wrong, &plays);
                    pass(stream, connect, if is_wrong { faulty } else { right });
                });
            }
        });
        unsteady
    }

    /// From now on, the cases of this word go wrong in these plays.
    pub(crate) fn goes_wrong(&self, word: &'static str, plays: impl IntoIterator<Item = usize>) {
        let mut wrong = self.wrong.lock().expect("no thread has panicked");
        wrong.insert(word, plays.into_iter().collect());
        self.plays.lock().expect("no thread has panicked").clear();
    }
}

/// Whether the play of this CONNECT goes wrong. Both of its clients have the same Client Identifier: a prefix for the
/// play, and the word.
fn is_wrong(connect: &[u8], wrong: &Wrong, plays: &Mutex<Vec<String>>) -> bool {
    let text = String::from_utf8_lossy(connect);
    let wrong = wrong.lock().expect("no thread has panicked");
    wrong.iter().any(|(word, wrong)| {
        let Some(end) = text.find(word) else {
            return false;
        };
        let of_play: String = text[..end].chars().rev().take(6).collect();
        let id = format!("{word} {of_play}");
        let mut plays = plays.lock().expect("no thread has panicked");
        if !plays.contains(&id) {
            plays.push(id.clone());
        }
        let mut of_word = plays.iter().filter(|play| play.starts_with(*word));
        let number = of_word.position(|play| *play == id);
        number.is_some_and(|number| wrong.contains(&number))
    })
}

/// Passes everything on, both ways.
fn pass(mut client: TcpStream, connect: &[u8], broker: SocketAddr) {
    let Ok(mut server) = TcpStream::connect(broker) else {
        return;
    };
    let (Ok(mut to_client), Ok(mut from_server)) = (client.try_clone(), server.try_clone()) else {
        return;
    };
    let _ = server.write_all(connect);
    let back = thread::spawn(move || {
        let _ = copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Both);
    });
    let _ = copy(&mut client, &mut server);
    let _ = server.shutdown(Shutdown::Both);
    let _ = back.join();
}

#[test]
fn what_shows_once_is_no_change_of_a_broker_that_varies_and_what_shows_again_is() {
    let broker = Unsteady::new();
    let program = Program::new(&format!("baseline twin --broker {} --plays 3", broker.url))
        .file("scenarios/session/varies.yaml", takeover("restless"))
        .file("scenarios/session/steady.yaml", takeover("unmoved"));
    broker.goes_wrong("restless", [0]);
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    let more = "1 case of scenarios that vary: 3 times more";
    assert!(ended.stderr.contains(more), "{ended}");
    let run = format!("run --broker {} --baseline twin", broker.url);
    let program = program.arguments(&run);
    let told = "regressed: failed, was passed";
    // Only the first of six plays.
    broker.goes_wrong("unmoved", [0]);
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    let once = format!("{told}, in 1 of 6 plays (session/steady@5), tolerated");
    assert!(ended.stdout.contains(&once), "{ended}");
    // A second one, and all.
    for wrong in [vec![0, 3], (0..6).collect()] {
        broker.goes_wrong("unmoved", wrong);
        let ended = program.run();
        assert_eq!(ended.exit, Some(1), "{ended}");
        let changed = format!("{told} (session/steady@5)");
        assert!(ended.stdout.contains(&changed), "{ended}");
    }
}

#[test]
fn what_shows_once_is_a_change_of_a_broker_that_was_always_the_same() {
    let broker = Unsteady::new();
    let program = Program::new(&format!("baseline twin --broker {} --plays 2", broker.url))
        .file("scenarios/session/steady.yaml", takeover("unmoved"));
    broker.goes_wrong("unmoved", []);
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    broker.goes_wrong("unmoved", [0]);
    let run = format!("run --broker {} --baseline twin", broker.url);
    let ended = program.arguments(&run).run();
    assert_eq!(ended.exit, Some(1), "{ended}");
}
