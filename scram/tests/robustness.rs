//! Whatever a network sends, the result is an error at worst.

use mqtt_check_scram::{ClientFirst, ServerExchange, Verifier};
use proptest::prelude::*;

/// Generates fragments of messages, in any order.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"n,,".to_vec()),
        Just(b"n=user".to_vec()),
        Just(b"r=abc".to_vec()),
        Just(b"r=abcdef".to_vec()),
        Just(b"s=QUFB".to_vec()),
        Just(b"i=2".to_vec()),
        Just(b"c=biws".to_vec()),
        Just(b",p=".to_vec()),
        Just(b"=2".to_vec()),
        Just("n=\u{e4}=\u{e4}".as_bytes().to_vec()),
        Just(b"v=".to_vec()),
        Just(b",".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..6),
    ];
    proptest::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn nothing_panics(first in message(), second in message(), third in message()) {
        let look_up = |_: &str| Ok(Verifier::new(b"pencil", b"salt", 1));
        if let Ok(exchange) = ServerExchange::begin(&first, "def", look_up) {
            prop_assert!(exchange.finish(&second).is_err(), "nobody proved anything");
        }
        let mine = ClientFirst::new("user", "abc");
        let _ = ClientFirst::sent(&first);
        if let Ok(last) = mine.answer(&second, b"pencil") {
            prop_assert!(last.verify(&third).is_err());
        }
    }
}
