//! Actions of an administrator.

use mqtt_check_broker::{Control, RedirectWhen};
use mqtt_check_codec::ReasonCode;

use crate::pair::{Pair, V3, V5, hello, lasting};

fn redirect(when: RedirectWhen, reason: ReasonCode) -> Control {
    Control::Redirect {
        client: "a".into(),
        when,
        reason,
        server_reference: Some("other:1883".into()),
    }
}

#[test]
fn a_kick_says_administrative_action_in_version_5() {
    for (version, expected) in [(V3, &["closed"][..]), (V5, &["disconnect 0x98", "closed"])] {
        let mut pair = Pair::new();
        let a = pair.connected(lasting(version, "a"));
        pair.hooks();
        pair.control(Control::Kick {
            client: "a".into(),
            reason: ReasonCode::ADMINISTRATIVE_ACTION,
        });
        assert_eq!(pair.seen(a), expected);
        assert_eq!(pair.hooks(), ["client.disconnected a kicked"]);
        // A client that is not connected is not affected.
        pair.control(Control::Kick {
            client: "a".into(),
            reason: ReasonCode::ADMINISTRATIVE_ACTION,
        });
        assert!(pair.hooks().is_empty());
    }
}

#[test]
fn a_redirect_names_the_other_server() {
    for reason in [ReasonCode::USE_ANOTHER_SERVER, ReasonCode::SERVER_MOVED] {
        let mut pair = Pair::new();
        let a = pair.connected(hello(V5, "a"));
        pair.hooks();
        pair.control(redirect(RedirectWhen::Now, reason));
        let told = format!("disconnect {reason} ServerReference(\"other:1883\")");
        assert_eq!(pair.seen(a), [told.as_str(), "closed"]);
        assert_eq!(
            pair.hooks(),
            [
                "client.disconnected a redirected",
                "session.terminated a normal"
            ]
        );
        pair.control(redirect(RedirectWhen::AtConnect, reason));
        let a = pair.connect(hello(V5, "a"));
        let told = format!("connack {reason} sp=0 ServerReference(\"other:1883\")");
        assert_eq!(pair.seen(a), [told.as_str(), "closed"]);
        assert!(pair.hooks().is_empty());
        // The redirect applies only once.
        let a = pair.connect(hello(V5, "a"));
        assert_eq!(pair.seen(a), ["connack 0x00 sp=0"]);
    }
}

#[test]
fn before_version_5_a_redirect_cannot_say_where_to() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V3, "a"));
    pair.control(redirect(RedirectWhen::Now, ReasonCode::SERVER_MOVED));
    assert_eq!(pair.seen(a), ["closed"]);
    pair.control(redirect(RedirectWhen::AtConnect, ReasonCode::SERVER_MOVED));
    let a = pair.connect(hello(V3, "a"));
    assert_eq!(pair.seen(a), ["connack 0x03 sp=0", "closed"]);
}

#[test]
fn a_stop_tells_everybody() {
    let mut pair = Pair::new();
    let b = pair.connected(hello(V3, "b"));
    let a = pair.connected(hello(V5, "a"));
    let c = pair.open();
    pair.hooks();
    pair.control(Control::Stop);
    assert_eq!(pair.seen(a), ["disconnect 0x8B", "closed"]);
    assert_eq!(pair.seen(b), ["closed"]);
    assert_eq!(pair.seen(c), ["closed"]);
    assert_eq!(
        pair.hooks(),
        [
            "client.disconnected a server_shutdown",
            "session.terminated a normal",
            "client.disconnected b server_shutdown",
            "session.terminated b normal"
        ]
    );
    assert_eq!(pair.broker().next_deadline(), None);
}
