//! Many faults at once, modelled on bug reports of real brokers and similar ones: each is still reported. Faults that
//! would hide each other are in different sets.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::LazyLock;

use mqtt_check::coverage::judging;
use mqtt_check::mutation::{self, Catch, Playing, Reference};
use mqtt_check::plan::{self, Plan};
use mqtt_check::scenario;
use mqtt_check::scenario::model::CaseId;
use mqtt_check::target::bundled::{FaultInfo, faults};

/// Sets of faults that are planted together.
const SETS: &[&[&str]] = &[
    &[
        "restart-loses-inflight",
        "restart-forgets-received",
        "restart-loses-shared-subscriptions",
        "restart-loses-no-local",
        "restart-loses-identifiers",
        "restart-loses-delayed-will",
        "restart-begins-expiry-anew",
        "resend-ignores-receive-maximum",
        "completed-qos2-id-dropped",
        "retained-first-match-alone",
        "shared-copy-lost-beside-own",
        "unsubscribe-of-wildcard-ignored",
        "previous-expiry-kept",
        "refused-connect-wipes-session",
        "refused-connect-publishes-will",
        "keep-alive-fed-by-server",
        "pubrel-repeated",
        "subscribers-unseen",
        "shared-offline-lost",
        "will-must-be-text",
        "longest-client-id-refused",
    ],
    &[
        "restart-loses-releases",
        "retained-of-both-wildcards-lost",
        "shared-copy-lost-beside-shared",
        "no-local-loses-retained",
        "resend-held-back-is-lost",
        "unsubscribe-removes-shared",
        "discarded-expiry-kept",
        "no-disconnect-on-takeover",
        "frame-headers-whole",
        "empty-frame-ends-stream",
        "fixed-header-uncounted",
        "client-header-uncounted",
        "pubrec-repeated",
        "retained-not-tracked",
        "refused-connect-takes-over",
        "receive-maximum-in-v3",
        "keep-alive-only-at-first",
        "no-room-loses-others",
        "puback-settles-qos2",
    ],
    &[
        "overlapping-first-qos",
        "retained-by-prefix",
        "restart-loses-retain-as-published",
        "pubrels-resent-in-reverse",
        "refused-filter-brings-retained",
        "queued-properties-lost",
        "restart-loses-will",
        "receive-maximum-of-qos2-alone",
        "suback-codes-uncounted",
        "refusal-released",
        "dollar-topics-refuse-wills",
        "unsubscribe-of-shared-removes-own",
    ],
    &[
        "pubrel-frees-no-slot",
        "dollar-will-published",
        "retained-wildcard-matches-dollar",
        "any-puback-settles",
        "silent-after-22-messages",
    ],
    &[
        "identifiers-of-others-leak",
        "retained-once-per-filter",
        "dots-are-levels",
        "unsubscribed-stored-offline",
        "unreleased-id-reused",
        "ending-session-loses-delayed-will",
        "longer-filter-unserved",
        "will-of-qos2-lost",
        "pubrel-expires",
        "server-aliases-outlive-connection",
        "resubscribe-keeps-identifier",
    ],
    &[
        "retained-under-filter",
        "qos0-lost-to-higher-subscriptions",
        "later-subscribe-drops-earlier",
        "previous-alias-maximum-kept",
        "resent-as-new-second-time",
        "queue-keeps-last-alone",
        "kept-session-loses-will-on-takeover",
    ],
    &[
        "retained-of-qos0-alone",
        "queue-delivered-again",
        "dollar-levels-unserved",
        "offline-by-first-qos",
    ],
    &[
        "retained-not-for-wildcards",
        "reconnect-with-waiting-refused",
    ],
    &["retained-not-for-hash-alone", "retained-payloads-mixed-up"],
    &[
        "retained-for-any-filter",
        "resumed-subscribe-brings-nothing",
    ],
    // Only a heavy case catches this fault. Heavy cases are played only if no other case catches anything.
    &["packet-id-in-use-given-again"],
    &[
        "resubscribe-delivers-twice",
        "resubscribed-without-retained",
        "plus-matches-parent",
    ],
    &["shared-turn-of-the-gone", "plus-matches-deeper"],
    &["pubrec-after-pubcomp"],
    &[
        "inbound-qos2-ends-outgoing",
        "unknown-puback-frees-slot",
        "clearing-clears-above",
        "retained-qos-raised-for-wildcards",
        "retained-sent-on-takeover",
        "filters-beyond-ten-ignored",
        "unsubscribe-with-properties-ignored",
        "shared-idle-after-20",
        "qos0-subscriptions-not-kept",
        "released-on-resume-at-qos0",
        "refusal-codes-of-version-5",
        "pingreq-before-connect-answered",
        "queue-loses-first",
    ],
    &[
        "pubrel-ends-outgoing",
        "acknowledgements-held-by-quota",
        "publishers-alias-forwarded",
        "retaining-clears-below",
        "shared-wildcards-refused",
        "plus-hash-misses-plus",
        "qos2-subscriptions-not-kept",
        "ended-session-taken-over",
    ],
    &[
        "queued-not-tracked",
        "retained-qos2-lost-to-lasting-sessions",
        "restart-mixes-retained-beside-expired",
        "released-on-resume-not-retained",
        "once-clean-always-clean",
    ],
    &[
        "expired-waiting-takes-room",
        "taken-over-expiry-kept",
        "shared-begun-moves-on-takeover",
        "restart-forgets-user",
        "long-acknowledgements-refused",
    ],
    &["restart-sends-waiting-first"],
    &[
        "ending-session-doubles-will",
        "clean-start-loses-delayed-will",
        "share-name-is-group",
        "identifiers-uncounted",
        "delayed-will-ends-session",
        "retained-will-sticks",
    ],
    &[
        "wildcards-not-reassigned",
        "expired-not-reassigned",
        "unsubscribe-of-oldest-alone",
        "retained-qos-of-replaced",
        "retained-of-older-unsent-to-newer",
        "rest-of-queue-reversed",
    ],
    &[
        "resumed-connack-maximum-qos-2",
        "shared-waiting-refuses-reconnect",
    ],
    // Only one step cites its clause, in a scenario that other faults break too.
    &["refusal-without-suback"],
    &[
        "session-expiry-near-maximum-ends",
        "disconnect-expiry-ignored-after-clean-start",
        "long-disconnect-is-error",
        "keep-alive-not-fed-by-qos0",
        "unsubscribe-takes-effect-late",
        "shared-unsubscribe-undone-by-sibling",
        "refused-connect-deafens",
        "takeover-keeps-receive-maximum",
        "restart-unrouted-until-return",
        "will-lost-on-second-connect",
    ],
    &[
        "deleted-will-published-on-return",
        "disconnect-behind-publish-unread",
        "reauthentication-refused-by-connack",
        "server-aliases-after-authentication",
        "restart-loses-leading-slash",
        "many-unreleased-refused",
        "piece-behind-packets-lost",
        "ping-frame-read-as-data",
        "will-lost-on-websocket",
        "websocket-disconnect-publishes-will",
    ],
    &["suback-copies-flags"],
    &["unsuback-for-each-filter"],
    &["disconnect-sent-to-older"],
    &["request-problem-information-echoed"],
    &[
        "retained-wildcard-skips-dollar-level",
        "dollar-filter-lost-beside-hash",
        "retained-published-jump-queue",
        "staged-lost-behind-qos0",
        "long-queued-payload-lost",
        "response-properties-need-request",
        "packet-id-at-qos0-for-older",
        "expired-inflight-keeps-window",
        "resumed-pubcomp-ends-connection",
    ],
    &[
        "retained-plus-run-matches-shorter",
        "third-retained-not-stored",
        "low-subscriber-lowers-later",
        "overlapping-pair-ends-subscriber",
        "last-byte-property-into-payload",
        "dup-propagated-to-qos0",
        "no-local-fills-window",
        "qos2-refusals-shown-success",
        "long-topic-cut-at-release",
    ],
    &[
        "plus-misses-empty-level",
        "clearing-nothing-hangs-publisher",
        "resubscribe-lower-qos-ignored",
        "same-id-replaces-queued",
        "will-payload-format-refused",
        "retain-kept-live-for-older",
        "no-local-ignored-when-waiting",
        "pubrel-ends-resend",
        "will-response-topic-unchecked",
    ],
    &["resumed-gives-ids-again"],
    &["overlapping-idle-after-99"],
    &["retained-beyond-120-lost"],
    &["unsubscribe-behind-dup-unanswered"],
    &["exact-filter-with-retained-ends-connection"],
    &["retain-lost-for-newer"],
    &["qos2-not-lowered-to-qos1"],
    &["wildcard-qos-is-publishers"],
    &["dots-become-slashes"],
    &[
        "qos2-refused-by-puback",
        "unknown-release-ends-connection",
        "will-packet-id-always-one",
        "restart-inflight-to-publisher",
        "restart-keeps-last-waiting",
        "expired-subscriptions-return",
        "previous-expiry-timer-fires",
        "once-clean-refuses-unclean",
        "displaced-keep-alive-ends-newcomer",
        "websocket-refusal-unanswered",
        "websocket-packets-beyond-4096-refused",
        "retained-sent-to-others",
        "wildcard-subscribe-unsubscribes-others",
        "server-keep-alive-spares-0",
        "will-of-content-type-lost",
        "qos0-lost-without-queue",
        "pubrel-flags-clear",
    ],
    &[
        "restart-retains-inflight",
        "restart-overwrites-queued",
        "previous-will-timer-fires",
        "clean-subscription-not-kept",
        "takeover-ends-newcomer",
        "websocket-resumed-deaf",
        "websocket-long-retained-lost",
        "packets-beyond-256k-refused",
        "expired-sent-bare",
        "hash-without-parent",
        "removed-filter-widens-parent",
    ],
    &[
        "disconnecting-offline-prolongs",
        "payload-loses-two-bytes",
        "newcomer-refused",
        "retained-for-resumed-alone",
        "unsubscribe-of-qos0-alone",
    ],
    &["live-under-filter", "suback-code-added"],
    &["node-loss-loses-wills", "returned-node-loses-shared"],
    &[
        "unreleased-forgotten-in-time",
        "largest-identifier-refused",
        "alias-given-again-lost",
        "keep-alive-at-maximum-unfed",
        "cleared-topic-retains-nothing",
        "shared-behind-connect-idle",
        "displaced-keep-alive-publishes-will",
        "shared-backlog-cut",
        "aliased-before-disconnect-lost",
        "retained-repeated-on-takeover",
        "shared-qos0-uses-quota",
        "unretained-refusal-keeps-id",
        "second-puback-frees-slot",
        "unwelcome-will-takes-over",
        "clean-takeover-clears-later",
    ],
    &[
        "same-retained-ends-publisher",
        "keep-alive-grows-on-resume",
        "full-queue-never-sent",
        "restart-hangs-publishers",
        "acknowledged-sent-again",
        "overlapping-squared",
        "former-retained-sent-too",
        "long-output-held-back",
        "retained-inflight-not-resent",
    ],
    &["reconnect-beside-retained-refused"],
    &["takeover-queues-for-later"],
    &["odd-clients-lose-queue"],
    &["subscribe-takes-effect-late"],
    &["retained-behind-live"],
    &["retained-payload-grows"],
    &[
        "packet-ids-given-twice-after-20",
        "new-behind-resent-unreleased",
        "shared-leaving-ends-other-topics",
        "retained-of-the-hasty-forgotten",
        "unsubscribe-prunes-above",
    ],
];

const PLAYING: Playing<'_> = Playing {
    seed: 1,
    interrupted: &|| false,
};

/// The right broker is played once for all tests.
static SUITE: LazyLock<Suite> = LazyLock::new(Suite::new);

/// What catches one fault when it is planted alone: case and clause.
type Marks = BTreeSet<(CaseId, String)>;

struct Suite {
    plans: Vec<Plan>,
    faults: BTreeMap<&'static str, FaultInfo>,
    reference: Reference,
}

impl Suite {
    fn new() -> Self {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios");
        let scenes = scenario::load(&[root]).expect("the suite is right");
        let plans: Vec<Plan> = scenes
            .into_iter()
            .map(|scene| plan::plan(scene).expect("the suite can be planned"))
            .collect();
        let reference = mutation::reference(&plans, PLAYING).expect("the bundled broker starts");
        let faults = faults().into_iter().map(|info| (info.name, info));
        Self {
            plans,
            faults: faults.collect(),
            reference,
        }
    }

    fn fault(&self, name: &str) -> &FaultInfo {
        let known = self.faults.get(name);
        known.unwrap_or_else(|| panic!("there is no fault {name}"))
    }

    /// The cases that cite a clause of the fault.
    fn citing(&self, info: &FaultInfo) -> BTreeSet<CaseId> {
        let cases = judging(&self.plans).into_iter();
        cases
            .filter(|((version, id), _)| {
                let version = version.to_string();
                let mut clauses = info.clauses.iter();
                clauses.any(|(v, clause)| *v == version && clause == id)
            })
            .flat_map(|(_, cases)| cases)
            .collect()
    }

    /// What a fault alone is caught by: in the cases with a step that cites one of its clauses, or else in all cases, where
    /// the monitor or another step finds it.
    fn alone(&self, info: &FaultInfo) -> Marks {
        let caught = self.play(&[info], &self.citing(info));
        if !caught.is_empty() {
            return caught;
        }
        let all = self.plans.iter().map(|plan| plan.scene.id.clone());
        self.play(&[info], &all.collect())
    }

    fn play(&self, infos: &[&FaultInfo], cases: &BTreeSet<CaseId>) -> Marks {
        let plans = self.plans.iter();
        let plans: Vec<Plan> = plans
            .filter(|plan| cases.contains(&plan.scene.id))
            .cloned()
            .collect();
        let caught = mutation::caught_together(infos, &plans, &self.reference, PLAYING);
        let marks = |catch: Catch| {
            let case = catch.case;
            let cites = catch.cites.into_iter();
            cites.map(move |clause| (case.clone(), clause))
        };
        let caught = caught.expect("the bundled broker starts");
        caught.into_iter().flat_map(marks).collect()
    }
}

#[test]
fn each_fault_of_a_set_is_reported_beside_the_others() {
    let suite = &*SUITE;
    let mut missed = Vec::new();
    for (number, set) in SETS.iter().enumerate() {
        let infos: Vec<&FaultInfo> = set.iter().map(|name| suite.fault(name)).collect();
        let alone: Vec<Marks> = infos.iter().map(|info| suite.alone(info)).collect();
        let cases = alone.iter().flatten().map(|(case, _)| case.clone());
        let together = suite.play(&infos, &cases.collect());
        for (index, info) in infos.iter().enumerate() {
            // A mark that another fault of the set also causes proves nothing for this one.
            let others = alone
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != index);
            let others: Marks = others.flat_map(|(_, marks)| marks.clone()).collect();
            let own = alone[index].difference(&others);
            if !own.into_iter().any(|mark| together.contains(mark)) {
                missed.push(format!("set {number}: {}", info.name));
            }
        }
    }
    assert!(missed.is_empty(), "not reported: {missed:#?}");
}

#[test]
fn every_fault_that_was_seen_on_a_real_broker_is_in_a_set() {
    let listed: BTreeSet<&str> = SETS.iter().copied().flatten().copied().collect();
    let seen = faults().into_iter().filter(|info| !info.threads.is_empty());
    let missing: Vec<_> = seen
        .map(|info| info.name)
        .filter(|name| !listed.contains(name))
        .collect();
    assert!(missing.is_empty(), "in no set: {missing:#?}");
}

#[test]
fn what_comes_out_of_its_order_is_blamed_for_that_alone() {
    let suite = &*SUITE;
    let info = suite.fault("offline-order-reversed");
    let caught = mutation::caught_together(&[info], &suite.plans, &suite.reference, PLAYING);
    let caught = caught.expect("the bundled broker starts");
    assert!(caught.len() > 10, "{}", caught.len());
    let is_order = |clause: &String| clause.starts_with("MQTT-4.6.0-");
    let others: Vec<_> = caught
        .iter()
        .filter(|catch| !catch.blames.iter().all(is_order))
        .collect();
    assert!(others.is_empty(), "{others:#?}");
}

#[test]
fn a_fault_that_the_right_broker_does_not_ask_about_changes_nothing() {
    let suite = &*SUITE;
    let some: Vec<Plan> = suite.plans.iter().step_by(40).cloned().collect();
    // Nothing is known about a case that is not in the map.
    let unknown = Reference::new();
    let mut left_out = 0;
    for info in suite.faults.values().step_by(20) {
        let all = mutation::caught(info, &some, &unknown, PLAYING);
        let those_that_can_differ = mutation::caught(info, &some, &suite.reference, PLAYING);
        assert_eq!(all, those_that_can_differ, "{}", info.name);
        let can_differ = |plan: &&Plan| suite.reference[&plan.scene.id].consulted.has(info.name);
        left_out += some.iter().filter(|plan| !can_differ(plan)).count();
    }
    assert!(left_out > some.len(), "{left_out}");
}

/// Faults, scenarios in which other clauses were once blamed for them, and further clauses that they really break
/// there.
const BLAMED_ALONE: &[(&str, &[&str], &[&str])] = &[
    // A packet that matched no step is not an answer to a later one.
    (
        "connack-twice",
        &[
            "qos/receive-maximum-bounds-of-server",
            "refused/connect-and-stored-session",
            "connect/keep-alive-after-activity",
        ],
        &[],
    ),
    (
        "pingresp-has-body",
        &["qos/receive-maximum-bounds-of-server"],
        &[],
    ),
    (
        "connack-trailing-byte",
        &["connect/client-id-bounds", "connect/connack-size-bounds"],
        &[],
    ),
    // A missing answer does not say anything wrong.
    (
        "no-suback",
        &["subscribe/topic-matching", "packets/packet-id-bounds"],
        &[],
    ),
    // Consequences of the lost session.
    (
        "session-expiry-signed",
        &["messages/content", "messages/tracked-qos1"],
        &["MQTT-3.2.2-3"],
    ),
    // Messages that are correctly sent again, and some that lack DUP.
    ("qos0-sent-at-qos1", &["messages/content"], &[]),
    ("dup-flag-clear-on-resend", &["messages/tracked-qos1"], &[]),
    (
        "resend-order-reversed",
        &["qos/resumed-with-smaller-window"],
        &["MQTT-4.6.0-6"],
    ),
    ("unsubscribe-ignored", &["publish/alias-alone"], &[]),
    ("auth-method-not-repeated", &["auth/scram-refused"], &[]),
];

#[test]
fn no_other_clause_is_blamed_for_what_only_follows() {
    let suite = &*SUITE;
    let mut wrong = Vec::new();
    for (name, paths, besides) in BLAMED_ALONE {
        let plans = suite.plans.iter();
        let plans: Vec<Plan> = plans
            .filter(|plan| paths.contains(&plan.scene.id.path.as_str()))
            .cloned()
            .collect();
        let info = suite.fault(name);
        let caught = mutation::caught_together(&[info], &plans, &suite.reference, PLAYING);
        let caught = caught.expect("the bundled broker starts");
        assert!(!caught.is_empty(), "{name} is not noticed");
        for catch in caught {
            let is_known = |clauses: &Vec<String>| {
                let mut clauses = clauses.iter();
                clauses.any(|id| besides.contains(&id.as_str()))
            };
            let others = catch.off_clause.iter().filter(|cited| !is_known(cited));
            wrong.extend(others.map(|cited| (*name, catch.case.to_string(), cited.clone())));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
