//! Which topics a filter matches, and what is retained for them.

use mqtt_check_broker::Fault;
use mqtt_check_codec::Packet;

use super::{end, reader, shows, writer};
use crate::details::{brought, kept};
use crate::pair::{BOTH, V5, hello, message, retained, subscribe};

#[test]
fn wildcards_stand_for_levels_with_a_dollar() {
    let right = ["publish q0 retain a/$b/c=1", "publish q0 retain a/b/c=2"];
    for version in BOTH {
        for filter in ["a/+/c", "a/#", "+/#"] {
            let fault = Fault::RetainedWildcardSkipsDollarLevel;
            shows(fault, &right, &right[1..], |pair| {
                let writer = writer(pair, version);
                pair.send(writer, retained("a/$b/c", "1"));
                pair.send(writer, retained("a/b/c", "2"));
                let exact = brought(pair, version, "a/$b/+", 0);
                assert_eq!(exact, right[..1]);
                let live = reader(pair, version, "live", filter, 0);
                pair.seen(live);
                pair.send(writer, message(0, 0, "a/$b/c", "3"));
                assert_eq!(pair.seen(live), ["publish q0 a/$b/c=3"]);
                brought(pair, version, filter, 0)
            });
        }
    }
}

#[test]
fn each_plus_stands_for_a_level() {
    let wrong = ["publish q0 retain a/b/c=3", "publish q0 retain a/b=2"];
    for version in BOTH {
        for filter in ["a/+/+", "+/+/+"] {
            let fault = Fault::RetainedPlusRunMatchesShorter;
            shows(fault, &wrong[..1], &wrong, |pair| {
                let writer = writer(pair, version);
                for (topic, payload) in [("a", "1"), ("a/b", "2"), ("a/b/c", "3")] {
                    pair.send(writer, retained(topic, payload));
                }
                assert_eq!(brought(pair, version, "a/b/+", 0), wrong[..1]);
                let live = reader(pair, version, "live", filter, 0);
                pair.seen(live);
                pair.send(writer, message(0, 0, "a/b", "4"));
                assert!(pair.seen(live).is_empty());
                brought(pair, version, filter, 0)
            });
        }
    }
}

#[test]
fn retained_messages_of_topics_with_empty_levels_are_found() {
    const SLASH: &str = "publish q0 retain /x=1";
    const PLAIN: &str = "publish q0 retain x=2";
    const INNER: &str = "publish q0 retain a//x=3";
    let missed = Fault::RetainedEmptyLevelsMissed;
    let ignored = Fault::RetainedLeadingSlashIgnored;
    for version in BOTH {
        for (fault, filter, right, wrong) in [
            (missed, "+/x", &[SLASH][..], &[][..]),
            (missed, "a/+/x", &[INNER], &[]),
            (ignored, "+/x", &[SLASH], &[]),
            (ignored, "+", &[PLAIN], &[SLASH, PLAIN]),
        ] {
            shows(fault, right, wrong, |pair| {
                let writer = writer(pair, version);
                for (topic, payload) in [("/x", "1"), ("x", "2"), ("a//x", "3")] {
                    pair.send(writer, retained(topic, payload));
                }
                assert_eq!(brought(pair, version, "/x", 0), [SLASH]);
                brought(pair, version, filter, 0)
            });
        }
    }
}

#[test]
fn a_plus_stands_for_an_empty_level() {
    let right = ["publish q0 /b=1", "publish q0 a//b=2", "publish q0 a/=3"];
    for version in BOTH {
        let fault = Fault::PlusMissesEmptyLevel;
        shows(fault, &right, &right[2..], |pair| {
            let own = reader(pair, version, "reader", "+/b", 0);
            pair.subscribe(own, "a/+/b", 0);
            pair.subscribe(own, "a/+", 0);
            for (topic, payload) in [("/b", "1"), ("a//b", "2"), ("a/", "3")] {
                pair.send(own, message(0, 0, topic, payload));
            }
            pair.seen(own)
        });
        // Another subscription of the same client still matches.
        shows(
            fault,
            &["publish q1 id=1 /b=x"],
            &["publish q0 /b=x"],
            |pair| {
                let writer = writer(pair, version);
                let reader = reader(pair, version, "reader", "#", 0);
                pair.subscribe(reader, "+/b", 1);
                pair.send(writer, message(1, 1, "/b", "x"));
                pair.seen(reader)
            },
        );
    }
    shows(
        Fault::PlusMissesEmptyLevel,
        &["publish q0 /b=x"],
        &[],
        |pair| {
            let reader = reader(pair, V5, "reader", "$share/g/+/b", 0);
            pair.send(reader, message(0, 0, "/b", "x"));
            pair.seen(reader)
        },
    );
}

#[test]
fn a_dot_stays_a_dot() {
    for version in BOTH {
        let (right, wrong) = (["publish q0 a.b=x"], ["publish q0 a/b=x"]);
        shows(Fault::DotsBecomeSlashes, &right, &wrong, |pair| {
            let writer = writer(pair, version);
            let live = reader(pair, version, "live", "a.b", 0);
            let other = reader(pair, version, "other", "a/b", 0);
            pair.send(writer, retained("a.b", "x"));
            assert!(pair.seen(other).is_empty());
            let kept = brought(pair, version, "#", 0);
            assert_eq!(kept, ["publish q0 retain a.b=x"]);
            pair.seen(live)
        });
    }
}

#[test]
fn a_filter_with_a_dollar_is_served_beside_hash() {
    let right = ["publish q0 retain $x/y=1", "publish q0 $x/y=2"];
    for version in BOTH {
        shows(Fault::DollarFilterLostBesideHash, &right, &[], |pair| {
            let writer = writer(pair, version);
            pair.send(writer, retained("$x/y", "1"));
            let other = reader(pair, version, "other", "$x/#", 0);
            let both = reader(pair, version, "both", "#", 0);
            pair.subscribe(both, "$x/+", 0);
            pair.send(writer, message(0, 0, "$x/y", "2"));
            assert_eq!(pair.seen(other), right);
            pair.seen(both)
        });
    }
}

#[test]
fn a_filter_may_be_the_topic_of_a_retained_message() {
    for version in BOTH {
        let right = ["suback id=1 00", "publish q0 retain t=1"];
        let wrong = end(version, "disconnect 0x80");
        let fault = Fault::ExactFilterWithRetainedEndsConnection;
        shows(fault, &right, &wrong, |pair| {
            let writer = writer(pair, version);
            pair.send(writer, Packet::Publish(kept(1, "t", "1")));
            pair.send(writer, Packet::Publish(kept(0, "u", "0")));
            let reader = pair.connected(hello(version, "reader"));
            for filter in ["u", "+", "v"] {
                pair.subscribe(reader, filter, 2);
            }
            pair.seen(reader);
            pair.send(reader, subscribe(1, &[("t", 0)]));
            pair.seen(reader)
        });
    }
}

#[test]
fn every_retained_message_replaces_the_one_before_it() {
    for version in BOTH {
        let right = ["publish q0 retain t=3"];
        let wrong = ["publish q0 retain t=2"];
        shows(Fault::ThirdRetainedNotStored, &right, &wrong, |pair| {
            let writer = writer(pair, version);
            for payload in ["1", "2", "3"] {
                pair.send(writer, retained("t", payload));
            }
            pair.send(writer, retained("u", "1"));
            let last = brought(pair, version, "t", 0);
            pair.wait_s(60);
            for payload in ["4", "5"] {
                pair.send(writer, retained("t", payload));
                let now = brought(pair, version, "t", 0);
                assert_eq!(now, [format!("publish q0 retain t={payload}")]);
            }
            last
        });
    }
}

#[test]
fn clearing_a_topic_without_a_retained_message_is_harmless() {
    for version in BOTH {
        let fault = Fault::ClearingNothingHangsPublisher;
        shows(fault, &["pingresp", "publish q0 t=x"], &[], |pair| {
            let own = reader(pair, version, "own", "t", 0);
            pair.send(own, retained("kept", "x"));
            pair.send(own, retained("kept", ""));
            pair.send(own, Packet::PingReq);
            assert_eq!(pair.seen(own), ["pingresp"]);
            pair.send(own, retained("kept", ""));
            pair.send(own, Packet::PingReq);
            pair.send(own, message(0, 0, "t", "x"));
            let seen = pair.seen(own);
            // The connection is still open, and only this one is concerned.
            let other = writer(pair, version);
            pair.send(other, message(0, 0, "t", "y"));
            assert_eq!(pair.seen(own), ["publish q0 t=y"]);
            seen
        });
    }
}
