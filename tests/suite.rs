//! Checks the suite's own files. Every scenario states its rule and what it teaches, judges something, and proves what
//! it does not expect. Every bug report that was examined has a case that shows it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use mqtt_check::builtin;
use mqtt_check::scenario;
use mqtt_check::scenario::model::{Action, Scene, each_step};
use mqtt_check_broker::hook::{DisconnectReason, DropReason, TerminationReason, WillTrigger};

/// Scenarios that cite no clause and ask for no choice in this version. This list may only shrink.
const WITHOUT_CLAUSE: &[(&str, &str)] = &[
    ("connect/one-connack@3.1.1", FIVE_ONLY),
    ("session/kick@3.1.1", FIVE_ONLY),
    ("session/server-stops@3.1.1", FIVE_ONLY),
];

const FIVE_ONLY: &str = "version 5 has a statement about it, 3.1.1 takes it for granted";

/// The bug reports from brokers' public trackers that were examined. Each has a case that shows what was seen there.
const THREADS: &[&str] = &[
    "aedes#88",
    "hivemq-community-edition#255",
    "mosquitto#2887",
    "mosquitto#3598",
    "mosquitto#3704",
    "mosquitto#3721",
    "FlashMQ#103",
    "FlashMQ#104",
    "FlashMQ#171",
    "FlashMQ#173",
    "FlashMQ#176",
    "MQTTnet#1540",
    "MQTTnet#1756",
    "MQTTnet#1879",
    "MQTTnet#2264",
    "NanoNNG#1564",
    "aedes#137",
    "aedes#1153",
    "aedes#300",
    "aedes#601",
    "amqtt#401",
    "artemis#4583",
    "async_mqtt#442",
    "bifromq#260",
    "bifromq#281",
    "bifromq#91",
    "emqx#1230",
    "emqx#10551",
    "emqx#11982",
    "emqx#1216",
    "emqx#1481",
    "emqx#1614",
    "emqx#1667",
    "emqx#3059",
    "rabbitmq-mqtt#229",
    "rumqtt#170",
    "vernemq#1364",
    "vernemq#595",
    "emqx#17159",
    "emqx#17698",
    "emqx#17702",
    "emqx#18102",
    "emqx#18565",
    "emqx#18583",
    "emqx#3183",
    "emqx#3621",
    "emqx#8527",
    "fluxmq#635",
    "gmqtt#65",
    "hivemq-community-edition#100",
    "hivemq-community-edition#784",
    "mochi#46",
    "mochi#153",
    "mochi#269",
    "mochi#393",
    "moquette#145",
    "moquette#171",
    "moquette#562",
    "moquette#653",
    "moquette#770",
    "moquette#802",
    "moquette#858",
    "mosquitto#1173",
    "mosquitto#1322",
    "mosquitto#1401",
    "mosquitto#1464",
    "mosquitto#1511",
    "mosquitto#1650",
    "mosquitto#1752",
    "mosquitto#192",
    "mosquitto#1946",
    "mosquitto#2342",
    "mosquitto#2402",
    "mosquitto#2526",
    "mosquitto#2610",
    "mosquitto#2618",
    "mosquitto#2662",
    "mosquitto#3128",
    "mosquitto#3319",
    "mosquitto#3505",
    "mosquitto#3515",
    "mosquitto#3588",
    "mosquitto#3599",
    "mosquitto#3602",
    "mosquitto#3616",
    "mosquitto#3696",
    "mosquitto#3743",
    "mosquitto#3744",
    "mosquitto#665",
    "mosquitto#769",
    "mosquitto#866",
    "mosquitto#874",
    "mosquitto#898",
    "mosquitto#1706",
    "mosquitto#2301",
    "mosquitto#2494",
    "mosquitto#384",
    "mqtt-client#121",
    "mqtt-lib#113",
    "mqtt-lib#114",
    "mqtt-lib#130",
    "mqtt_cpp#716",
    "nanomq#134",
    "nanomq#1885",
    "nanomq#1927",
    "nanomq#1934",
    "nanomq#2026",
    "nanomq#2330",
    "MQTTnet#1612",
    "MQTTnet#1552",
    "nanomq#1817",
    "vernemq#1045",
    "nanomq#2333",
    "nanomq#2412",
    "nanomq#2442",
    "nanomq#525",
    "nanomq#626",
    "nanomq#799",
    "rabbitmq-mqtt#163",
    "rabbitmq-mqtt#37",
    "rabbitmq-mqtt#61",
    "rabbitmq-mqtt#74",
    "rabbitmq-server#14006",
    "rmqtt#456",
    "rmqtt#513",
    "rmqtt#514",
    "rocketmq-mqtt#281",
    "rumqtt#1069",
    "tbmq#320",
    "tbmq#372",
    "vernemq#1291",
    "vernemq#1298",
    "vernemq#1649",
    "vernemq#1992",
    "vernemq#202",
    "vernemq#2524",
    "vernemq#2551",
    "vernemq#2552",
    "vernemq#2553",
    "vernemq#275",
    "vernemq#294",
    "vernemq#496",
    "vernemq#751",
    "fluxmq#597",
    "LV-MQTT-Broker#176",
    "emqx#12257",
    "emqx#9094",
    "monster-mq#114",
    "paho.mqtt.testing#51",
    "vernemq#1357",
    "vmq_server#28",
    "wolfMQTT#520",
    "aedes#469",
    "aedes#994",
    "emqx#10545",
    "emqx#1398",
    "emqx#1496",
    "emqx#18491",
    "emqx#2303",
    "emqx#2564",
    "emqx#6447",
    "emqx#6981",
    "emqx-docs#579",
    "hbmqtt#35",
    "mochi#242",
    "moquette#197",
    "mosca#104",
    "mosquitto#1367",
    "mosquitto#1441",
    "mosquitto#151",
    "mosquitto#2134",
    "mosquitto#7",
    "nanomq#368",
    "netty#17105",
    "rabbitmq-mqtt#175",
    "rabbitmq-server#4061",
    "wolfMQTT#567",
    "ballerina-message-broker#365",
    "mochi#62",
    "moquette#16",
    "moquette#55",
    "mosquitto#1521",
    "mosquitto#1956",
    "mosquitto#427",
    "mosquitto#8",
    "rabbitmq-mqtt#47",
    "uWebSockets#914",
    "NanoNNG#1591",
    "emqx#15176",
    "emqx#16637",
    "emqx#16721",
    "emqx#17529",
    "emqx#11635",
    "harper#1604",
    "hivemq-community-edition#199",
    "hivemq-community-edition#341",
    "hivemq-community-edition#574",
    "moquette#583",
    "mosquitto#3226",
    "mosquitto#3275",
    "nanomq#689",
    "nanomq#1916",
    "nanomq#848",
    "nats#2179",
    "tbmq#290",
    "wolfMQTT#618",
];

/// Every case of the suite.
fn scenes() -> Vec<Scene> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    scenario::load(&[folder]).expect("the suite is right")
}

#[test]
fn every_case_of_a_release_is_there_unless_it_was_withdrawn() {
    let cases: BTreeSet<String> = scenes().iter().map(|scene| scene.id.to_string()).collect();
    let releases = builtin::releases();
    assert!(!releases.is_empty());
    let mut wrong = Vec::new();
    for release in &releases {
        let version = &release.version;
        assert!(!release.cases.is_empty(), "{version}");
        let gone = release.cases.difference(&cases);
        wrong.extend(gone.map(|id| format!("releases/{version}.txt: {id} is gone")));
        let back = release.withdrawn.intersection(&cases);
        wrong
            .extend(back.map(|id| format!("releases/{version}.txt: {id} is withdrawn, and there")));
    }
    assert!(
        wrong.is_empty(),
        "a case of a release keeps its id; docs/suites.md says how one is withdrawn\n{}",
        wrong.join("\n")
    );
}

/// The cases of each file.
fn files(scenes: &[Scene]) -> BTreeMap<&str, Vec<&Scene>> {
    let mut files: BTreeMap<&str, Vec<&Scene>> = BTreeMap::new();
    for scene in scenes {
        files.entry(&scene.id.path).or_default().push(scene);
    }
    files
}

fn words(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    words
        .filter(|word| word.len() > 3)
        .map(str::to_lowercase)
        .collect()
}

#[test]
fn every_title_is_a_sentence_of_its_own() {
    let scenes = scenes();
    let mut titles: BTreeMap<&str, &str> = BTreeMap::new();
    for (path, cases) in files(&scenes) {
        for scene in cases {
            let title = scene.title.as_str();
            assert!(title.split_whitespace().count() >= 4, "{path}: {title}");
            assert!(!title.ends_with(['.', '?', '!']), "{path}: {title}");
            let first = title.chars().next().expect("a first letter");
            assert!(!first.is_lowercase(), "{path}: {title}");
            let other = titles.insert(title, path).unwrap_or(path);
            assert_eq!(other, path, "both are called {title}");
        }
    }
}

#[test]
fn every_scenario_says_more_than_its_title() {
    let scenes = scenes();
    for (path, cases) in files(&scenes) {
        let scene = cases[0];
        let about = scene.about.as_deref().unwrap_or_default().trim();
        assert!(about.split_whitespace().count() >= 4, "{path}: {about}");
        assert!(about.ends_with(['.', ')']), "{path}: {about}");
        assert!(about.len() <= 420, "{path}: a line or two");
        let known = words(&scene.title);
        let new = words(about).difference(&known).count();
        assert!(new >= 2, "{path} says its title again: {about}");
    }
}

#[test]
fn every_case_judges_something() {
    let scenes = scenes();
    let mut found = BTreeSet::new();
    for scene in &scenes {
        let mut judges = false;
        each_step(&scene.steps, &mut |step| {
            let asks = matches!(step.action, Action::Choice(_));
            judges |= asks || !step.clauses.is_empty();
        });
        if !judges {
            found.insert(format!("{}@{}", scene.id.path, scene.id.version));
        }
    }
    let listed: BTreeSet<String> = WITHOUT_CLAUSE
        .iter()
        .map(|(path, _)| (*path).to_owned())
        .collect();
    assert_eq!(found, listed);
}

/// The bundled broker's events are in the vocabulary of scenarios, and some case expects every word of them.
#[test]
fn every_word_of_the_events_is_expected_by_a_case() {
    let mut expected = BTreeSet::new();
    let scenes = scenes();
    for scene in &scenes {
        each_step(&scene.steps, &mut |step| {
            let Action::Hooks(list) = &step.action else {
                return;
            };
            for event in &list.events {
                let words = event.fields.iter().map(|(_, word)| word.as_str());
                expected.extend(words.map(|word| (event.name.as_str(), word)));
            }
        });
    }
    let words = [
        ("client.disconnected", DisconnectReason::ALL),
        ("session.terminated", TerminationReason::ALL),
        ("message.dropped", DropReason::ALL),
        ("will.published", WillTrigger::ALL),
    ];
    let words = words
        .into_iter()
        .flat_map(|(event, words)| words.iter().map(move |word| (event, *word)));
    let missing: Vec<_> = words.filter(|word| !expected.contains(word)).collect();
    assert!(missing.is_empty(), "no case expects {missing:?}");
}

/// The parser makes sure that a silence has a control. If a case expects no events, another list must show that such
/// events can be seen.
#[test]
fn no_case_is_content_with_events_that_nothing_could_have_shown() {
    for scene in &scenes() {
        let mut empty = BTreeSet::new();
        let mut shown = BTreeSet::new();
        each_step(&scene.steps, &mut |step| {
            let Action::Hooks(list) = &step.action else {
                return;
            };
            if list.events.is_empty() {
                empty.extend(&list.of);
            } else {
                shown.extend(&list.of);
            }
        });
        let unproven: Vec<_> = empty.difference(&shown).collect();
        assert!(unproven.is_empty(), "{}: {unproven:?}", scene.id);
    }
}

#[test]
fn what_was_seen_in_the_field_has_a_case() {
    let scenes = scenes();
    let shown: BTreeSet<&str> = scenes
        .iter()
        .flat_map(|scene| &scene.threads)
        .map(String::as_str)
        .collect();
    let known: BTreeSet<&str> = THREADS.iter().copied().collect();
    assert_eq!(known.len(), THREADS.len(), "a thread is listed twice");
    let lost: Vec<_> = known.difference(&shown).collect();
    assert!(lost.is_empty(), "no case shows {lost:?} any more");
    let new: Vec<_> = shown.difference(&known).collect();
    assert!(new.is_empty(), "put {new:?} into the list");
}

/// The page lists the existing threads and cases.
#[test]
fn the_page_about_the_field_is_true() {
    let page: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/field.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let scenes = scenes();
    let files = files(&scenes);
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains('#'))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    assert!(rows.len() > 5, "the table was not found");
    for row in rows {
        let (thread, case) = (row[1], row[2].trim_matches('`'));
        let cases = files.get(case).unwrap_or_else(|| panic!("no case {case}"));
        let shows = cases
            .iter()
            .any(|scene| scene.threads.iter().any(|t| t == thread));
        assert!(shows, "{case} does not show {thread}");
        assert!(row[3].len() > 5, "{thread}: what does it take?");
    }
    let named = page.split(|c: char| c.is_whitespace() || "`(),:;".contains(c));
    for thread in named.filter(|word| word.contains('#') && !word.starts_with('#')) {
        assert!(
            THREADS.contains(&thread),
            "{thread} is no thread gone through"
        );
    }
}
