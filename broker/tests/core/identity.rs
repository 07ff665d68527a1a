//! Which Client Identifiers a user may use.

use mqtt_check_broker::config::{Mechanism, User};
use mqtt_check_broker::{ClientIds, Config};
use mqtt_check_codec::ProtocolVersion;

use crate::pair::{BOTH, Hello, Pair, V5, hello, lasting, message};

fn bound(how: ClientIds) -> Pair {
    Pair::with(|config| config.client_ids = how)
}

/// Returns the code of the CONNACK, or of the packet received in its place.
fn code(pair: &mut Pair, hello: Hello) -> String {
    let peer = pair.connect(hello);
    let seen = pair.seen(peer).join(" ");
    let code = seen.split(' ').nth(1).unwrap_or_default().to_owned();
    pair.lose(peer);
    code
}

/// Returns the code with which each version refuses a Client Identifier that does not belong to the user.
fn refused(version: ProtocolVersion, v5: &str, v3: &str) -> String {
    match version {
        V5 => v5.to_owned(),
        _ => v3.to_owned(),
    }
}

#[test]
fn a_session_is_open_to_its_own_user_alone() {
    for version in BOTH {
        for (how, open) in [(ClientIds::Free, true), (ClientIds::BySession, false)] {
            let mut pair = bound(how);
            let alice = pair.connected(lasting(version, "phone").login("alice", ""));
            pair.subscribe(alice, "t", 1);
            pair.lose(alice);
            let other = pair.connected(hello(version, "other"));
            pair.send(other, message(1, 1, "t", "for alice"));
            let wanted = match open {
                true => "0x00".to_owned(),
                false => refused(version, "0x87", "0x05"),
            };
            let bobs = || lasting(version, "phone").login("bob", "");
            let codes = [
                code(&mut pair, bobs()),
                code(&mut pair, hello(version, "phone").login("bob", "")),
                code(&mut pair, hello(version, "phone")),
            ];
            assert_eq!(codes, [&*wanted; 3], "{version} {how:?}");
            let alice = pair.connect(lasting(version, "phone").login("alice", ""));
            let seen = pair.seen(alice);
            let has_hers = seen.iter().any(|line| line.contains("for alice"));
            assert_eq!(has_hers, !open, "{version} {how:?}: {seen:?}");
        }
    }
}

#[test]
fn a_connected_client_is_not_taken_over_by_another_user() {
    for version in BOTH {
        let mut pair = bound(ClientIds::BySession);
        let alice = pair.connected(hello(version, "phone").login("alice", ""));
        let refused = refused(version, "0x87", "0x05");
        assert_eq!(
            code(&mut pair, hello(version, "phone").login("bob", "")),
            refused
        );
        assert_eq!(pair.seen(alice), Vec::<String>::new());
        // Alice's own next connection takes over, and the end of her session frees the identifier.
        let again = pair.connected(hello(version, "phone").login("alice", ""));
        pair.lose(again);
        pair.connected(hello(version, "phone").login("bob", ""));
    }
}

#[test]
fn a_client_id_belongs_to_the_user_whose_name_it_begins_with() {
    let cases = [
        ("alice", "alice", true),
        ("alice", "alice:phone", true),
        ("alice", "alice:", true),
        ("alice", "alicephone", false),
        ("alice", "bob", false),
        ("alice", "bob:alice", false),
        ("alice", "Alice", false),
        ("al", "alice", false),
        ("al", "al:ice", true),
        // Another user may have the part before the colon as a name.
        ("al:ice", "al:ice", false),
        ("al:ice", "al:ice:x", false),
        ("", "", false),
        ("", ":x", false),
    ];
    for version in BOTH {
        for (user, client, is_theirs) in cases {
            let mut pair = bound(ClientIds::ByUser);
            let wanted = match is_theirs {
                true => "0x00".to_owned(),
                false => refused(version, "0x85", "0x02"),
            };
            let found = code(&mut pair, hello(version, client).login(user, ""));
            assert_eq!(found, wanted, "{version}: {user} as {client}");
        }
        let mut pair = bound(ClientIds::ByUser);
        let wanted = refused(version, "0x85", "0x02");
        assert_eq!(
            code(&mut pair, hello(version, "a")),
            wanted,
            "without a name"
        );
    }
}

#[test]
fn an_assigned_client_id_belongs_to_its_user_too() {
    let mut pair = bound(ClientIds::ByUser);
    let alice = pair.connect(lasting(V5, "").login("alice", ""));
    let seen = pair.seen(alice).join(" ");
    let id = seen
        .split(['"', ' ', '=', ',', ']'])
        .find(|word| word.starts_with("alice:auto"));
    let id = id.unwrap_or_else(|| panic!("no id in {seen}")).to_owned();
    pair.lose(alice);
    assert_eq!(code(&mut pair, lasting(V5, &id).login("alice", "")), "0x00");
    assert_eq!(code(&mut pair, lasting(V5, &id).login("bob", "")), "0x85");
}

#[test]
fn a_name_that_is_to_be_proven_is_nobody_s_who_only_says_it() {
    let proving = |config: &mut Config| {
        let alice = User {
            name: "alice".to_owned(),
            password: mqtt_check_broker::config::Secret::new(&b"secret"[..]),
        };
        config.authentication = [(Mechanism::ScramSha256, vec![alice])].into();
    };
    for version in BOTH {
        let mut pair = Pair::with(proving);
        let wanted = refused(version, "0x87", "0x05");
        assert_eq!(
            code(&mut pair, hello(version, "a").login("alice", "secret")),
            wanted
        );
        assert_eq!(
            code(&mut pair, hello(version, "a").login("bob", "")),
            "0x00"
        );
        assert_eq!(code(&mut pair, hello(version, "a")), "0x00");
    }
}
