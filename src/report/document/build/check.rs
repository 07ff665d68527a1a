//! Builds the check of a finding without mqtt-check, or the reason why there is none.

use std::time::Duration;

use bytes::Bytes;
use mqtt_check_codec::PacketType;
use mqtt_check_vocabulary::Settings;

use super::microseconds;
use crate::matcher::{Memory, describe_expectation};
use crate::plan::{Awaited, Body, Operation, Plan, PlannedStep, StepIndex, find_step};
use crate::report::document::check::{
    Check, ConnackRule, Right, Wanted, WantedField, WantedPacket,
};
use crate::report::document::values::hex;
use crate::scenario::model::{
    ClientIndex, ConnAckRule, Driver, Expectation, Expr, FieldMatch, Level, Literal, Matcher,
    PacketPattern, Pattern, Transport,
};
use crate::transcript::{Event, EventIndex, StepRecord, Transcript, What};
use crate::verdict::{CaseResult, Finding, FindingKind, was_to_send};

/// The longest time that a check may wait.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How long a check waits for an answer if no step sets a time.
const ANSWER: Duration = Duration::from_secs(5);
/// The largest number of events that may lead to the finding.
const EVENTS: usize = 200;
/// The largest packet that a script can contain, in bytes.
const BYTES: usize = 4 * 1024;

/// Returns how the finding can be checked.
///
/// # Errors
/// Why it cannot be checked, in words.
pub(super) fn of(plan: &Plan, result: &CaseResult, found: &Finding) -> Result<Check, String> {
    let Some(transcript) = &result.transcript else {
        return Err("the report has no transcript of the case".to_owned());
    };
    let checker = Checker {
        plan,
        transcript,
        found,
    };
    if checker.is_consequence(result) {
        return Err("it follows from an earlier finding of the case".to_owned());
    }
    let check = match found.label.as_str() {
        "left over" => checker.left_over()?,
        "monitor" => checker.malformed()?,
        _ => checker.step()?,
    };
    checker.playable(check.before)?;
    match check.within_us > microseconds(LONGEST_WAIT) {
        true => Err("it takes more than a minute to show it".to_owned()),
        false => Ok(check),
    }
}

struct Checker<'a> {
    plan: &'a Plan,
    transcript: &'a Transcript,
    found: &'a Finding,
}

impl Checker<'_> {
    /// Whether the case has an earlier violation.
    fn is_consequence(&self, result: &CaseResult) -> bool {
        let event = |finding: &Finding| finding.events.iter().min().map(|event| event.0);
        let step = |finding: &Finding| finding.step.map_or(usize::MAX, |step| step.0);
        let is_before = |one: &Finding, other: &Finding| match (event(one), event(other)) {
            (Some(one), Some(other)) => one < other,
            (of_one, of_other) => {
                let last = usize::MAX;
                (step(one), of_one.unwrap_or(last)) < (step(other), of_other.unwrap_or(last))
            }
        };
        let weighs = |finding: &&Finding| {
            finding.kind() == FindingKind::Violation
                && matches!(finding.level(), Level::Must | Level::Should)
        };
        let mut before = result.findings.iter().filter(weighs);
        before.any(|other| is_before(other, self.found))
    }

    /// The check for what a step waited for.
    fn step(&self) -> Result<Check, String> {
        let step = self.found.step.ok_or("no step is about it")?;
        let planned = find_step(&self.plan.steps, step).ok_or("no step is about it")?;
        let Body::Client { client, operations } = &planned.body else {
            return Err(match &planned.body {
                Body::Hooks(_) => "it is about events that the broker reports to its administrator",
                Body::OneOf(_) => "any one of several clients may see it",
                _ => "more than one connection shows it",
            }
            .to_owned());
        };
        let version = self.plan.scene.clients[client.0].version;
        let record = self.record(step)?;
        let awaits = operations.iter().filter_map(|operation| match operation {
            Operation::Await(awaited) => Some(awaited),
            _ => None,
        });
        let is_meant = |(awaited, _): &(&Awaited, _)| {
            let words = describe_expectation(&awaited.expectation, version);
            self.found.expected == [words]
        };
        let mut meant = awaits.zip(&record.outcomes).filter(is_meant);
        let Some((awaited, outcome)) = meant.next() else {
            return Err(
                "the standard leaves more than one answer open, or the time of the answer decides"
                    .to_owned(),
            );
        };
        if self.found.is_slow || awaited.expectation.not_before.is_some() {
            return Err("the time of the answer decides".to_owned());
        }
        if self.has_unsent_packets(step) {
            return Err(
                "the broker had closed the connection on which more was to be sent".to_owned(),
            );
        }
        let right = self.right(planned, *client, awaited)?;
        let waited = outcome.at.saturating_sub(outcome.since);
        Ok(Check {
            client: client.0,
            before: self.begin(step, *client, operations, awaited)?,
            acknowledging: self.acknowledging(),
            within_us: microseconds(outcome.limit.max(waited)),
            right,
        })
    }

    /// The number of the first event after those that the step caused before it waited.
    fn begin(
        &self,
        step: StepIndex,
        client: ClientIndex,
        operations: &[Operation],
        awaited: &Awaited,
    ) -> Result<usize, String> {
        let is_it = |operation: &&Operation| !matches!(operation, Operation::Await(other) if std::ptr::eq(other, awaited));
        let before: Vec<&Operation> = operations.iter().take_while(is_it).collect();
        let sent: usize = before
            .iter()
            .map(|operation| match operation {
                Operation::Send(outgoing) => outgoing.len(),
                _ => 0,
            })
            .sum();
        let events = &self.transcript.events;
        let is_own = |event: &Event| {
            event.during == step && self.transcript.lanes[event.lane.0].client == client
        };
        let own = events.iter().enumerate().filter(|(_, event)| is_own(event));
        let did = |event: &Event| {
            matches!(
                event.what,
                What::Sent {
                    automatic: false,
                    ..
                }
            )
        };
        let last = match sent {
            0 => own
                .filter(|(_, event)| {
                    !before.is_empty() && matches!(event.what, What::Opened | What::Dropped(_))
                })
                .last(),
            _ => own.filter(|(_, event)| did(event)).nth(sent - 1),
        };
        match last {
            Some((number, _)) => Ok(number + 1),
            // A script without the packets that the step was to send would be red on a conforming broker.
            None if sent > 0 => {
                Err("the broker had closed the connection on which the step was to send".to_owned())
            }
            None => {
                let first = events.iter().position(|event| event.during >= step);
                Ok(first.unwrap_or(events.len()))
            }
        }
    }

    /// Whether an earlier step could not send all of its packets. A conforming broker may then have nothing to answer.
    fn has_unsent_packets(&self, step: StepIndex) -> bool {
        let mut before = self.transcript.steps.iter();
        before.any(|record| {
            record.step < step
                && record.not_reached.is_some()
                && find_step(&self.plan.steps, record.step).is_some_and(was_to_send)
        })
    }

    fn acknowledging(&self) -> Vec<usize> {
        let clients = self.plan.scene.clients.iter().enumerate();
        clients
            .filter(|(_, client)| client.auto_ack && client.withhold.is_empty())
            .map(|(number, _)| number)
            .collect()
    }

    fn record(&self, step: StepIndex) -> Result<&StepRecord, String> {
        let mut records = self.transcript.steps.iter().filter(|r| r.step == step);
        match (records.next(), records.next()) {
            (Some(record), None) => Ok(record),
            (_, Some(_)) => Err("the step is played in rounds".to_owned()),
            (None, None) => Err("no step is about it".to_owned()),
        }
    }

    fn right(
        &self,
        step: &PlannedStep,
        client: ClientIndex,
        awaited: &Awaited,
    ) -> Result<Right, String> {
        let expectation = &awaited.expectation;
        match &expectation.pattern {
            Pattern::Packet(pattern) => {
                let answers = awaited
                    .answers_sent
                    .then(|| self.sent_by(step.index))
                    .flatten();
                let times = exactly(expectation)?;
                let packet = self.packet(pattern, client, answers)?;
                Ok(Right::Packets {
                    packets: vec![packet; times],
                })
            }
            Pattern::InOrder(inner) => {
                let mut packets = Vec::new();
                for expectation in inner {
                    let Pattern::Packet(pattern) = &expectation.pattern else {
                        return Err(
                            "a packet and the end of the connection are awaited together"
                                .to_owned(),
                        );
                    };
                    let packet = self.packet(pattern, client, None)?;
                    packets.extend(vec![packet; exactly(expectation)?]);
                }
                Ok(Right::Packets { packets })
            }
            Pattern::Silence { of, span } => Ok(Right::Silence {
                of: of.iter().map(|t| t.name().to_owned()).collect(),
                span_us: microseconds(*span),
            }),
            Pattern::Closed { how: None } => Ok(Right::Closed),
            Pattern::Refused(refused) => {
                let is_about_codes = self.found.level() != Level::Must;
                if is_about_codes {
                    return Err("it is about the reason code of a refusal alone".to_owned());
                }
                Ok(Right::Refused {
                    connack: match refused.connack {
                        ConnAckRule::Allowed => ConnackRule::Allowed,
                        ConnAckRule::Never => ConnackRule::Never,
                        ConnAckRule::Required => ConnackRule::Required,
                    },
                    codes: Vec::new(),
                })
            }
            Pattern::Closed { how: Some(_) } => {
                Err("it is about how the connection ends".to_owned())
            }
            Pattern::Upgrade(_) | Pattern::Frame(_) => Err("it is about WebSocket".to_owned()),
            Pattern::Unordered(_) => Err("several packets may arrive in any order".to_owned()),
            Pattern::AnyOf(_) => Err("the standard leaves more than one answer open".to_owned()),
        }
    }

    /// The Packet Identifier of the last packet that the step sent.
    fn sent_by(&self, step: StepIndex) -> Option<u16> {
        let mut events = self.transcript.events.iter().rev();
        events.find_map(|event| match &event.what {
            What::Sent {
                packet: Some(packet),
                automatic: false,
                ..
            } if event.during == step => packet.packet_id().map(|id| id.get()),
            _ => None,
        })
    }

    fn packet(
        &self,
        pattern: &PacketPattern,
        client: ClientIndex,
        answers: Option<u16>,
    ) -> Result<WantedPacket, String> {
        let mut fields = Vec::new();
        for field in &pattern.fields {
            match self.wanted(pattern.packet_type, field, client) {
                Some(value) => fields.push(WantedField {
                    name: field.name.clone(),
                    value,
                }),
                // This field does not differ, so the other fields decide.
                None if !self.differs_in(&field.name) => {}
                None => {
                    return Err(format!(
                        "the right value of {} depends on what happened before",
                        field.name
                    ));
                }
            }
        }
        Ok(WantedPacket {
            packet: pattern.packet_type.name().to_owned(),
            answers,
            fields,
        })
    }

    fn differs_in(&self, field: &str) -> bool {
        self.found.actual.contains(&format!("{field} is "))
    }

    fn wanted(
        &self,
        packet: PacketType,
        field: &FieldMatch,
        client: ClientIndex,
    ) -> Option<Wanted> {
        let value = matcher(&field.matcher, client)?;
        Some(match (value, field.name.as_str(), packet) {
            // A server may send other properties with a message.
            (Wanted::Pairs(pairs), "user_properties", PacketType::PUBLISH) => {
                Wanted::Includes(pairs)
            }
            (value, ..) => value,
        })
    }

    /// The check for a packet that no step takes.
    fn left_over(&self) -> Result<Check, String> {
        let event = self.first_event()?;
        let What::Received {
            frame,
            packet: Ok(packet),
            faults,
            ..
        } = &self.transcript.events[event.0].what
        else {
            return Err("what was received cannot be told from other packets".to_owned());
        };
        if !faults.is_empty() {
            return self.malformed();
        }
        let mut fields = Vec::new();
        if let mqtt_check_codec::Packet::Publish(publish) = packet {
            let topic = self.transcript.topic(event).unwrap_or(&publish.topic);
            for (name, bytes) in [("topic", topic.as_bytes()), ("payload", &publish.payload)] {
                fields.push(WantedField {
                    name: name.to_owned(),
                    value: Wanted::Bytes(all(bytes)),
                });
            }
        }
        let packet = WantedPacket {
            packet: frame.packet_type().name().to_owned(),
            answers: None,
            fields,
        };
        Ok(self.at(event, Right::NoMore { packet }))
    }

    /// The check for a packet that is malformed.
    fn malformed(&self) -> Result<Check, String> {
        let event = self.first_event()?;
        let (packet_type, bytes) = match &self.transcript.events[event.0].what {
            What::Received {
                frame,
                packet,
                faults,
                ..
            } if packet.is_err() || !faults.is_empty() => (frame.packet_type(), frame.bytes()),
            _ => return Err("it is about a packet among all others of its connection".to_owned()),
        };
        Ok(self.at(
            event,
            Right::OtherBytes {
                packet: packet_type.name().to_owned(),
                hex: all(bytes),
            },
        ))
    }

    fn first_event(&self) -> Result<EventIndex, String> {
        let first = self.found.events.iter().min().copied();
        first.ok_or_else(|| "it is about something that was not received".to_owned())
    }

    fn at(&self, event: EventIndex, right: Right) -> Check {
        let lane = self.transcript.events[event.0].lane;
        let client = self.transcript.lanes[lane.0].client;
        Check {
            client: client.0,
            before: event.0,
            acknowledging: self.acknowledging(),
            within_us: microseconds(ANSWER),
            right,
        }
    }

    /// Whether a script can send everything that leads to the finding.
    fn playable(&self, before: usize) -> Result<(), String> {
        let scene = &self.plan.scene;
        // A broker that served only this case also had the settings that the case prefers.
        let given = match self.transcript.prefix.is_empty() {
            true => &scene.settings,
            false => &scene.required,
        };
        if **given != Settings::default() {
            return Err(
                "the broker needs other settings for it, which a script cannot set".to_owned(),
            );
        }
        let events = &self.transcript.events[..before];
        if events.len() > EVENTS {
            return Err(format!("{} events lead to it", events.len()));
        }
        let mut clients = scene.clients.iter();
        if clients
            .clone()
            .any(|client| client.route.transport == Transport::WebSocket)
        {
            return Err("it goes over WebSocket".to_owned());
        }
        if self.transcript.lanes.iter().any(|lane| lane.node != 0) {
            return Err("it needs several nodes".to_owned());
        }
        if clients.any(|client| client.driver != Driver::Wire) {
            return Err("a client library plays it".to_owned());
        }
        let last = events.last().map(|event| event.during);
        let acts =
            |step: &PlannedStep| Some(step.index) <= last && matches!(step.body, Body::Broker(_));
        if self.plan.steps.iter().any(acts) {
            return Err("an administrator has to act on the broker".to_owned());
        }
        for event in events {
            match &event.what {
                What::Sent { bytes, .. } if bytes.len() > BYTES => {
                    return Err("a packet in it is too long".to_owned());
                }
                What::Sent {
                    packet: Some(mqtt_check_codec::Packet::Connect(connect)),
                    ..
                } if hides(connect.password.as_ref()) => {
                    return Err("a client logs in with one of your passwords".to_owned());
                }
                What::Shown { .. } => return Err("the transcript is incomplete".to_owned()),
                What::Fault { .. } | What::SentFrame { .. } | What::Upgraded(_) => {
                    return Err("it goes over WebSocket".to_owned());
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Whether the password is masked with asterisks, since reports never show it.
fn hides(password: Option<&Bytes>) -> bool {
    password.is_some_and(|bytes| !bytes.is_empty() && bytes.iter().all(|byte| *byte == b'*'))
}

fn exactly(expectation: &Expectation) -> Result<usize, String> {
    let count = expectation.count;
    match count.at_most == Some(count.at_least) && (1..=20).contains(&count.at_least) {
        true => Ok(usize::try_from(count.at_least).unwrap_or(1)),
        false => Err("the number of packets is open".to_owned()),
    }
}

fn all(bytes: &[u8]) -> String {
    hex(bytes, usize::MAX).0
}

fn pairs(list: &[(Bytes, Bytes)]) -> Vec<(String, String)> {
    list.iter()
        .map(|(name, value)| (all(name), all(value)))
        .collect()
}

/// What a matcher requires, or `None` if that depends on earlier packets of the play.
fn matcher(matcher: &Matcher, client: ClientIndex) -> Option<Wanted> {
    let inner = |matcher: &Matcher| self::matcher(matcher, client);
    let nothing = Memory::default();
    let bound = |expr: &Option<Expr>| match expr {
        None => Some(None),
        Some(expr) => nothing.number(expr, client).ok().map(Some),
    };
    Some(match matcher {
        Matcher::Is(expr) => match nothing.evaluate(expr, client).ok()? {
            Literal::Bool(flag) => Wanted::Flag(flag),
            Literal::Number(number) => Wanted::Number(number),
            Literal::Bytes(bytes) => Wanted::Bytes(all(&bytes)),
            Literal::Reason(code) => Wanted::Number(code.0.into()),
            Literal::Reasons(codes) => {
                Wanted::Numbers(codes.iter().map(|code| code.0.into()).collect())
            }
            Literal::Pairs(list) => Wanted::Pairs(pairs(&list)),
            Literal::Numbers(numbers) => Wanted::Numbers(numbers),
        },
        Matcher::Absent => Wanted::Absent,
        Matcher::Present => Wanted::Present,
        Matcher::Not(not) => Wanted::Not(Box::new(inner(not)?)),
        Matcher::OneOf(of) => Wanted::OneOf(of.iter().map(inner).collect::<Option<_>>()?),
        Matcher::Between { at_least, at_most } => Wanted::Between {
            at_least: bound(at_least)?,
            at_most: bound(at_most)?,
        },
        Matcher::StartsWith(bytes) => Wanted::StartsWith(all(bytes)),
        Matcher::Success => Wanted::Success,
        Matcher::Successes(count) => Wanted::Successes(*count),
        Matcher::Granted(checker) => Wanted::Granted(checker.clone()),
        Matcher::Each(each) => Wanted::Each(each.iter().map(inner).collect::<Option<_>>()?),
        Matcher::Includes(list) => Wanted::Includes(pairs(list)),
        Matcher::Set(numbers) => Wanted::Set(numbers.clone()),
        Matcher::ScramChallenge(_) | Matcher::ScramSignature(_) => return None,
    })
}
