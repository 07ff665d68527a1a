//! Compares both ends with those of rsasl, an independent implementation.

use std::sync::Arc;

use mqtt_check_scram::{ClientFirst, Error, MECHANISM, ServerExchange, Verifier, nonce};
use rsasl::callback::{Context, Request, SessionCallback, SessionData};
use rsasl::mechanisms::scram::properties::ScramStoredPassword;
use rsasl::prelude::*;
use rsasl::property::{AuthId, Password};
use rsasl::validate::{Validate, ValidationError};

const USERS: [(&str, &str); 3] = [
    ("ursula", "a long one, with a comma = and more"),
    ("o", "0"),
    // SASLprep changes nothing in these, because rsasl leaves it to its caller.
    ("gr\u{fc}n", "p\u{e4}ssw\u{f6}rt"),
];
const SALT: &[u8] = b"a salt of theirs";
const ITERATIONS: u32 = 64;

#[derive(Debug)]
struct Person {
    user: &'static str,
    password: &'static str,
}

struct Accepted;

impl Validation for Accepted {
    type Value = String;
}

impl SessionCallback for Person {
    fn callback(
        &self,
        _session: &SessionData,
        context: &Context<'_>,
        request: &mut Request<'_>,
    ) -> Result<(), SessionError> {
        if context.get_ref::<AuthId>() == Some(self.user) {
            let verifier = Verifier::new(self.password.as_bytes(), SALT, ITERATIONS);
            let (stored, server) = (verifier.stored_key(), verifier.server_key());
            let stored = ScramStoredPassword::new(ITERATIONS, SALT, stored, server);
            request.satisfy::<ScramStoredPassword<'_>>(&stored)?;
        }
        request
            .satisfy::<AuthId>(self.user)?
            .satisfy::<Password>(self.password.as_bytes())?;
        Ok(())
    }

    fn validate(
        &self,
        _session: &SessionData,
        context: &Context<'_>,
        validate: &mut Validate<'_>,
    ) -> Result<(), ValidationError> {
        let user = context.get_ref::<AuthId>().unwrap_or_default().to_owned();
        validate.with::<Accepted, _>(|| Ok(user))?;
        Ok(())
    }
}

fn config(user: &'static str, password: &'static str) -> Arc<SASLConfig> {
    let person = Person { user, password };
    let builder = SASLConfig::builder().with_defaults();
    builder.with_callback(person).expect("a configuration")
}

fn mechanism() -> &'static Mechname {
    Mechname::parse(MECHANISM.as_bytes()).expect("a mechanism's name")
}

#[test]
fn our_client_and_their_server_accept_each_other() {
    for (user, password) in USERS {
        let server = SASLServer::<Accepted>::new(config(user, password));
        let mut session = server.start_suggested(mechanism()).expect("a session");
        let first = ClientFirst::new(user, &nonce(user.as_bytes()));
        let mut challenge = Vec::new();
        let state = session.step(Some(&first.message()), &mut challenge);
        assert!(state.expect("a challenge").is_running());
        let last = first
            .answer(&challenge, password.as_bytes())
            .expect("an answer");
        let mut end = Vec::new();
        let state = session.step(Some(&last.message()), &mut end);
        assert!(state.expect("the end").is_finished());
        assert_eq!(last.verify(&end), Ok(()), "{user}");
        assert_eq!(session.validation().as_deref(), Some(user));
    }
}

#[test]
fn their_server_refuses_a_wrong_password() {
    let (user, password) = USERS[0];
    let server = SASLServer::<Accepted>::new(config(user, password));
    let mut session = server.start_suggested(mechanism()).expect("a session");
    let first = ClientFirst::new(user, "abc");
    let mut challenge = Vec::new();
    session
        .step(Some(&first.message()), &mut challenge)
        .expect("a challenge");
    let last = first.answer(&challenge, b"wrong").expect("an answer");
    let mut end = Vec::new();
    let _refusal = session.step(Some(&last.message()), &mut end);
    assert!(
        matches!(last.verify(&end), Err(Error::Refused(_))),
        "{:?}",
        String::from_utf8(end)
    );
}

#[test]
fn their_client_and_our_server_accept_each_other() {
    for (user, password) in USERS {
        for (kept, accepted) in [(password, true), ("another", false)] {
            let client = SASLClient::new(config(user, password));
            let offered = [mechanism()];
            let mut session = client.start_suggested(&offered).expect("a session");
            let mut first = Vec::new();
            session.step(None, &mut first).expect("a first message");
            let exchange = ServerExchange::begin(&first, &nonce(b"ours"), |name| {
                assert_eq!(name, user);
                Ok(Verifier::new(kept.as_bytes(), b"our salt", ITERATIONS))
            });
            let exchange = exchange.expect("an exchange");
            let mut last = Vec::new();
            let step = session.step(Some(exchange.server_first()), &mut last);
            step.expect("an answer");
            let end = exchange.finish(&last);
            assert_eq!(end.is_ok(), accepted, "{user}: {end:?}");
            if let Ok(end) = end {
                let state = session.step(Some(&end), &mut Vec::new());
                assert!(state.expect("content").is_finished());
            }
        }
    }
}
