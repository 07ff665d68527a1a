//! The exchange of RFC 7677, section 3, from both ends.

use mqtt_check_scram::{ClientFirst, Error, ServerExchange, Verifier};

const CLIENT_NONCE: &str = "rOprNGfwEbeRWgbNEkqO";
const SERVER_NONCE: &str = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const CLIENT_FIRST: &str = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
const SERVER_FIRST: &str =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
const CLIENT_FINAL: &str = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
     p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
const SERVER_FINAL: &str = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
const SALT: [u8; 16] = [
    0x5b, 0x6d, 0x99, 0x68, 0x9d, 0x12, 0x35, 0x8e, 0xec, 0xa0, 0x4b, 0x14, 0x12, 0x36, 0xfa, 0x81,
];

fn begun(client_first: &str) -> Result<ServerExchange, Error> {
    ServerExchange::begin(client_first.as_bytes(), SERVER_NONCE, |user| match user {
        "user" => Ok(Verifier::new(b"pencil", &SALT, 4096)),
        _ => Err((SALT.to_vec(), 4096)),
    })
}

#[test]
fn client_writes_the_messages_of_the_vector() {
    let first = ClientFirst::new("user", CLIENT_NONCE);
    assert_eq!(first.message(), CLIENT_FIRST.as_bytes());
    assert_eq!(
        ClientFirst::sent(CLIENT_FIRST.as_bytes()),
        Ok(first.clone())
    );
    let last = first
        .answer(SERVER_FIRST.as_bytes(), b"pencil")
        .expect("a challenge");
    assert_eq!(last.message(), CLIENT_FINAL.as_bytes());
    assert_eq!(last.verify(SERVER_FINAL.as_bytes()), Ok(()));
    assert_ne!(last.with_wrong_proof(), last.message());
}

#[test]
fn server_writes_the_messages_of_the_vector() {
    let exchange = begun(CLIENT_FIRST).expect("a first message");
    assert_eq!(exchange.user(), "user");
    assert_eq!(exchange.server_first(), SERVER_FIRST.as_bytes());
    let last = exchange.finish(CLIENT_FINAL.as_bytes());
    assert_eq!(last.as_deref(), Ok(SERVER_FINAL.as_bytes()));
}

#[test]
fn client_refuses_a_server_that_does_not_know_the_password() {
    let first = ClientFirst::new("user", CLIENT_NONCE);
    let last = first
        .answer(SERVER_FIRST.as_bytes(), b"pencil")
        .expect("a challenge");
    let wrong = SERVER_FINAL.replace("6rri", "6rrj");
    assert_eq!(last.verify(wrong.as_bytes()), Err(Error::Signature));
    let refused = Error::Refused("invalid-proof".to_owned());
    assert_eq!(last.verify(b"e=invalid-proof"), Err(refused));
    for malformed in ["", "v=", "v=AAAA", "x=1", "v"] {
        let error = last.verify(malformed.as_bytes());
        assert!(
            matches!(error, Err(Error::Malformed { .. })),
            "{malformed}: {error:?}"
        );
    }
}

#[test]
fn client_refuses_a_challenge_of_another_exchange() {
    let first = ClientFirst::new("user", CLIENT_NONCE);
    let answer = |challenge: &str| first.answer(challenge.as_bytes(), b"pencil").map(|_| ());
    let other = SERVER_FIRST.replace("rOpr", "rOpx");
    assert_eq!(answer(&other), Err(Error::Nonce));
    let bare = format!("r={CLIENT_NONCE},s=AAAA,i=1");
    assert_eq!(answer(&bare), Err(Error::Nonce), "the server adds nothing");
    let endless = SERVER_FIRST.replace("4096", "4000000000");
    assert_eq!(answer(&endless), Err(Error::Iterations(4_000_000_000)));
    assert_eq!(
        answer("e=other-error"),
        Err(Error::Refused("other-error".to_owned()))
    );
    let extended = format!("m=1,{SERVER_FIRST}");
    assert!(matches!(
        answer(&extended),
        Err(Error::UnknownExtension { .. })
    ));
    for malformed in ["", "r=", "r=a,s=?,i=1", "r=a,s=AAAA,i=x", "r=a,s=AAAA"] {
        assert!(answer(malformed).is_err(), "{malformed}");
    }
}

#[test]
fn server_refuses_what_does_not_fit() {
    let exchange = begun(CLIENT_FIRST).expect("a first message");
    let finish = |message: &str| exchange.finish(message.as_bytes()).map(|_| ());
    assert_eq!(
        finish(&CLIENT_FINAL.replace("dHzb", "dHzc")),
        Err(Error::Proof)
    );
    assert_eq!(
        finish(&CLIENT_FINAL.replace("$k0", "$k1")),
        Err(Error::Nonce)
    );
    assert_eq!(
        finish(&CLIENT_FINAL.replace("biws", "eSws")),
        Err(Error::ChannelBinding)
    );
    assert!(matches!(finish("c=biws,r=x"), Err(Error::Malformed { .. })));
    let stranger = begun("n,,n=nobody,r=rOprNGfwEbeRWgbNEkqO").expect("a first message");
    assert_eq!(
        stranger.server_first(),
        SERVER_FIRST.as_bytes(),
        "it does not tell"
    );
    assert_eq!(stranger.finish(CLIENT_FINAL.as_bytes()), Err(Error::Proof));
    for (first, error) in [
        ("p=tls-unique,,n=user,r=abc", Error::ChannelBinding),
        ("n,a=other,n=user,r=abc", Error::AuthorizationIdentity),
    ] {
        assert_eq!(begun(first).map(|_| ()), Err(error), "{first}");
    }
    for malformed in [
        "",
        "n",
        "n,,",
        "n,,r=abc",
        "n,,n=user",
        "n,,n=user,r=",
        "n,,n==,r=a",
        "x,,n=u,r=a",
    ] {
        let error = begun(malformed).map(|_| ());
        assert!(
            matches!(error, Err(Error::Malformed { .. })),
            "{malformed}: {error:?}"
        );
    }
    assert!(
        begun("n,a=user,n=user,r=abc,x=1").is_ok(),
        "optional extensions are passed over"
    );
}

#[test]
fn names_and_passwords_are_prepared_and_escaped() {
    // SASLprep removes a soft hyphen, and replaces the Roman numeral nine by letters.
    let first = ClientFirst::new("a,b=\u{2168}\u{ad}", "nonce");
    assert_eq!(first.message(), b"n,,n=a=2Cb=3DIX,r=nonce");
    let verifier = |password: &str| Verifier::new(password.as_bytes(), &SALT, 10);
    assert_eq!(verifier("I\u{ad}X"), verifier("\u{2168}"));
    assert_ne!(verifier("IX"), verifier("ix"));
}
