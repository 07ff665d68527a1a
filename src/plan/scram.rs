//! Turns a SCRAM exchange into operations with CONNECT and AUTH: the client's first message, the challenge, the
//! client's final message, and the broker's answer.

use std::sync::Arc;

use bytes::Bytes;
use mqtt_check_codec::{PacketType, ReasonCode};
use mqtt_check_scram::{ClientFirst, MECHANISM, nonce};

use super::handshake::{awaited, expectation, expects_success, packet};
use super::{Operation, Outgoing};
use crate::diagnostic::Place;
use crate::scenario::model::{
    Answer, Client, Exchange, Expr, Field, FieldMatch, Literal, Matcher, PacketTemplate, Pattern,
    Scram, ScramExchange, ScramFault,
};

/// The method that a client names if it changes its method during the exchange.
const ANOTHER_METHOD: &str = "SCRAM-SHA-1";

/// Returns the operations of the whole exchange.
pub(super) fn operations(
    exchange: &Exchange,
    scram: &Scram,
    client: &Client,
    place: Place,
) -> Vec<Operation> {
    let connects = exchange.packet.packet_type == PacketType::CONNECT;
    let script = Script {
        exchange: known(scram, client, connects),
        within: exchange.within,
        place,
    };
    let mut begin = exchange.packet.clone();
    begin
        .fields
        .extend(script.says(MECHANISM, literal(&script.exchange.first)));
    let mut operations = Vec::new();
    if connects {
        operations.push(Operation::Open);
    } else {
        begin
            .fields
            .push(script.reason(ReasonCode::RE_AUTHENTICATE));
    }
    operations.push(Operation::Send(vec![Outgoing::Packet(begin)]));
    let answer = match &exchange.answer {
        Answer::None => return operations,
        Answer::Refused(refused) => {
            let refused = Pattern::Refused(refused.clone());
            awaited(expectation(refused, exchange.within, place), false)
        }
        Answer::Fields(fields) => {
            let answer_type = match connects {
                true => PacketType::CONNACK,
                false => PacketType::AUTH,
            };
            let fields = script.answered(fields);
            let succeeds = expects_success(&fields);
            let mut answer = awaited(packet(answer_type, fields, exchange.within, place), false);
            answer.connects = connects && succeeds;
            answer
        }
    };
    let mut challenge = awaited(script.challenge(), false);
    challenge.gate = true;
    challenge.connects = answer.connects;
    operations.extend([
        Operation::Await(challenge),
        Operation::Send(vec![Outgoing::Packet(script.last())]),
        Operation::Await(answer),
    ]);
    operations
}

/// Returns what is known of the exchange before it is played. The nonce is the same in every run, so that the same
/// scene always sends the same bytes. It protects nothing here.
fn known(scram: &Scram, client: &Client, connects: bool) -> Arc<ScramExchange> {
    let name = &client.name;
    let seed = match connects {
        true => format!("{name} connects"),
        false => format!("{name} proves itself again"),
    };
    let first = ClientFirst::new(&scram.user, &nonce(seed.as_bytes()));
    Arc::new(ScramExchange {
        first: Bytes::from(first.message()),
        // The name contains spaces, so no scenario can have a variable with this name.
        challenge: format!("challenge to {name}"),
        password: scram.password.clone(),
        wrong: scram.wrong,
    })
}

struct Script {
    exchange: Arc<ScramExchange>,
    within: Option<std::time::Duration>,
    place: Place,
}

impl Script {
    fn field(&self, name: &str, value: Expr) -> Field {
        Field {
            name: name.into(),
            value,
            place: self.place,
        }
    }

    fn reason(&self, reason: ReasonCode) -> Field {
        self.field("reason", Expr::Literal(Literal::Reason(reason)))
    }

    fn says(&self, method: &'static str, data: Expr) -> [Field; 2] {
        let method = literal(&Bytes::from_static(method.as_bytes()));
        [
            self.field("authentication_method", method),
            self.field("authentication_data", data),
        ]
    }

    fn matched(&self, name: &str, matcher: Matcher) -> FieldMatch {
        FieldMatch {
            name: name.into(),
            matcher,
            place: self.place,
        }
    }

    fn by_method(&self) -> FieldMatch {
        let method = literal(&Bytes::from_static(MECHANISM.as_bytes()));
        self.matched("authentication_method", Matcher::Is(method))
    }

    fn challenge(&self) -> crate::scenario::model::Expectation {
        let reason = Literal::Reason(ReasonCode::CONTINUE_AUTHENTICATION);
        let challenge = Matcher::ScramChallenge(Arc::clone(&self.exchange));
        let fields = vec![
            self.matched("reason", Matcher::Is(Expr::Literal(reason))),
            self.by_method(),
            self.matched("authentication_data", challenge),
        ];
        packet(PacketType::AUTH, fields, self.within, self.place)
    }

    /// Returns the AUTH with the client's final message.
    fn last(&self) -> PacketTemplate {
        let wrong = self.exchange.wrong;
        let method = match wrong {
            Some(ScramFault::Method) => ANOTHER_METHOD,
            _ => MECHANISM,
        };
        let reason = match wrong {
            Some(ScramFault::Code) => ReasonCode::RE_AUTHENTICATE,
            _ => ReasonCode::CONTINUE_AUTHENTICATION,
        };
        let data = Expr::ScramFinal(Arc::clone(&self.exchange));
        let mut fields = vec![self.reason(reason)];
        fields.extend(self.says(method, data));
        PacketTemplate {
            packet_type: PacketType::AUTH,
            fields,
            filters: Vec::new(),
            lies: Vec::new(),
        }
    }

    /// Returns the fields that the answer is checked for. To those of the scenario it adds the default reason code. A
    /// success must also name the method again, and prove that the server knows the password.
    fn answered(&self, expected: &[FieldMatch]) -> Vec<FieldMatch> {
        let mut fields = expected.to_vec();
        let mut unless_expected = |field: FieldMatch| {
            if !expected.iter().any(|f| f.name == field.name) {
                fields.push(field);
            }
        };
        let success = Literal::Reason(ReasonCode::SUCCESS);
        unless_expected(self.matched("reason", Matcher::Is(Expr::Literal(success))));
        if expects_success(expected) {
            unless_expected(self.by_method());
            let signature = Matcher::ScramSignature(Arc::clone(&self.exchange));
            unless_expected(self.matched("authentication_data", signature));
        }
        fields
    }
}

fn literal(bytes: &Bytes) -> Expr {
    Expr::Literal(Literal::Bytes(bytes.clone()))
}
