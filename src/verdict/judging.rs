//! Judges a transcript by its plan.

use std::collections::BTreeSet;

use mqtt_check_codec::{Packet, PacketType};

use super::charge::Charge;
use super::far;
use super::granted_less::{Excused, GrantedLess};
use super::left_over::{is_consequence, is_displaced, is_reported_as_missing, left_over};
use super::monitor::{self, Watched};
use super::overdue;
use super::repeats::{MAX_REPEATS, without_repeats};
use super::steps::Judging;
use super::wording::describe_event;
use super::{Finding, FindingKind, Verdict};
use crate::matcher::{Memory, Received, describe_pattern, holds};
use crate::plan::{Body, Plan, PlannedControl, SkipCode, SkipKind, find_step, witness};
use crate::scenario::model::Level;
use crate::transcript::{EventIndex, Transcript, What};

/// Judges a case by the records of its scene, its control and its witness. The witness shows that there is a broker at
/// all. Not every case has a control or a witness.
pub fn judge(
    plan: &Plan,
    scene: &Transcript,
    control: Option<&Transcript>,
    witness: Option<&Transcript>,
) -> (Verdict, Vec<Finding>) {
    let Watched {
        sent: watched,
        owed,
        echoes,
    } = monitor::watched(plan, scene);
    let reported: BTreeSet<EventIndex> = watched
        .iter()
        .filter(|finding| finding.level() == Level::Must)
        .flat_map(|finding| &finding.events)
        .copied()
        .collect();
    let is_rule_broken = !reported.is_empty() || owed.iter().any(Finding::breaks_a_must);
    // If what the case is about did not happen, only broken rules mean anything.
    let is_exercised = scene.broken_off.is_some() || not_exercised(plan, scene).is_none();
    if is_rule_broken && !is_exercised {
        let broken = watched.into_iter().chain(owed).collect();
        return (Verdict::Failed, without_repeats(broken));
    }
    let granted_less = GrantedLess::new(plan, scene);
    let mut judging = Judging::new(plan, scene, &granted_less);
    judging.reported.clone_from(&reported);
    judging.has_failed = is_rule_broken
        || scene
            .events
            .iter()
            .any(|event| matches!(event.what, What::Fault { .. }));
    judging.steps(&plan.steps);
    let Judging {
        mut findings,
        mut excused,
        ..
    } = judging;
    let found = findings.iter().flat_map(|finding| &finding.events);
    let shown = reported.union(&echoes).chain(found).copied().collect();
    let mut over = left_over(plan, scene, &shown);
    over.retain(|finding| {
        let mut events = finding.events.iter();
        let is_excused = events.all(|event| granted_less.excuses_event(*event, &mut excused));
        !is_excused
            && !is_displaced(plan, scene, &findings, finding)
            && !is_reported_as_missing(plan, scene, &findings, finding)
    });
    let has_failed = is_rule_broken || findings.iter().any(Finding::breaks_a_must);
    for finding in over.iter_mut().filter(|_| has_failed) {
        if is_consequence(scene, finding) {
            finding.charge = Charge::remark();
        }
    }
    findings.extend(without_repeats(over));
    for finding in without_repeats(watched) {
        match findings
            .iter_mut()
            .find(|step| is_same_fault(step, &finding))
        {
            Some(step) if !knows_better(step) => step.charge.cite(finding.clauses()),
            Some(_) => {}
            None => findings.push(finding),
        }
    }
    // If a step has timed out waiting for it, it has been reported already.
    let is_reported = |owed: &Finding| {
        let mut steps = findings.iter();
        steps.any(|step| step.kind() == FindingKind::Violation && is_same_debt(step, owed))
    };
    let missed: Vec<Finding> = owed.into_iter().filter(|owed| !is_reported(owed)).collect();
    findings.extend(without_repeats(missed));
    if !is_exercised {
        let is_unanswered = |finding: &Finding| is_unanswered(scene, finding);
        if findings.iter().any(is_unanswered) {
            findings.retain(is_unanswered);
            return (Verdict::Failed, findings);
        }
    }
    // A broken rule is a fault, regardless of what the case is about.
    let verdict = match reported.is_empty() {
        true => {
            let verdict = verdict(plan, scene, (control, witness), &findings, &excused);
            let verdict = overdue::considered(scene, verdict, &mut findings);
            far::considered(plan, scene, control, verdict)
        }
        false => Verdict::Failed,
    };
    (verdict, findings)
}

/// Returns whether a step has found the same fault as the monitor: the same clause broken by the same packet.
fn is_same_fault(step: &Finding, watched: &Finding) -> bool {
    step.kind() == FindingKind::Violation
        && step.level() <= watched.level()
        && !watched.events.is_empty()
        && watched.events.iter().all(|e| step.events.contains(e))
        && shares_clause(step, watched)
}

/// Returns whether a step cites a clause on retained messages that a SUBSCRIBE must not bring. The monitor does not know
/// whether a message with RETAIN 1 is such a message or a forwarded one, and also cites the clause on forwarded ones.
fn knows_better(step: &Finding) -> bool {
    const NOT_FOR_A_SUBSCRIBE: [&str; 3] = ["MQTT-3.3.1-10", "MQTT-3.3.1-11", "RULE-3.8.4-2"];
    let mut cited = step.clauses().iter();
    cited.any(|clause| NOT_FOR_A_SUBSCRIBE.contains(&clause.as_str()))
}

/// Returns whether a SUBSCRIBE or UNSUBSCRIBE got no answer, which it must get whatever the case is about. A server may
/// end a connection instead of accepting a client or a message, or with a DISCONNECT that says why.
fn is_unanswered(scene: &Transcript, finding: &Finding) -> bool {
    let is_answer = |packet_type| matches!(packet_type, PacketType::SUBACK | PacketType::UNSUBACK);
    let is_request = |what: &What| {
        matches!(
            what,
            What::Sent {
                packet: Some(Packet::Subscribe(_) | Packet::Unsubscribe(_)),
                ..
            }
        )
    };
    // What a case that did not happen was to send may be missing.
    let mut events = scene.events.iter();
    let is_sent = events.any(|event| Some(event.during) == finding.step && is_request(&event.what));
    let is_disconnect = |event: &EventIndex| {
        matches!(&scene.events[event.0].what, What::Received { frame, .. }
            if frame.packet_type() == PacketType::DISCONNECT)
    };
    is_sent
        && finding.breaks_a_must()
        && finding.symptom.lacks(is_answer)
        && !finding.events.iter().any(is_disconnect)
}

/// Returns whether a step has timed out while it waited for what the broker owes at the end.
fn is_same_debt(step: &Finding, owed: &Finding) -> bool {
    let both_open = step.symptom.is_open_connection() && owed.symptom.is_open_connection();
    both_open || shares_clause(step, owed)
}

fn shares_clause(one: &Finding, other: &Finding) -> bool {
    one.clauses().iter().any(|c| other.clauses().contains(c))
}

/// Returns the verdict that follows from the findings. If everything found was excused, the case proves nothing.
fn verdict(
    plan: &Plan,
    scene: &Transcript,
    (control, witness): (Option<&Transcript>, Option<&Transcript>),
    findings: &[Finding],
    excused: &Excused,
) -> Verdict {
    let violated = |level: Level| {
        findings
            .iter()
            .any(|f| f.kind() == FindingKind::Violation && f.level() == level)
    };
    // If what the case is about did not happen, neither success nor failure means anything.
    if let Some(reason) = not_exercised(plan, scene)
        && scene.broken_off.is_none()
    {
        let code = SkipCode::of(SkipKind::NotExercised);
        return code.because(reason).into();
    }
    if violated(Level::Must) {
        return Verdict::Failed;
    }
    if let Some(why) = &scene.broken_off
        && excused.why.is_empty()
    {
        return Verdict::Inconclusive {
            reason: why.clone(),
        };
    }
    if let Some(finding) = findings
        .iter()
        .find(|f| f.kind() == FindingKind::NotReached)
    {
        return Verdict::Inconclusive {
            reason: format!("not reached: {}: {}", finding.label, finding.actual),
        };
    }
    if let Some(why) = excused.why.first().filter(|_| !violated(Level::Should)) {
        return unexercised(why);
    }
    let proof = match judge_control(plan, control) {
        Proof::Holds => witness.map_or(Proof::Holds, judge_witness),
        other => other,
    };
    match proof {
        Proof::Holds => {}
        // What the scene has shown needs no proof.
        Proof::Excused(_) if violated(Level::Should) => {}
        Proof::Excused(why) => return unexercised(&why),
        Proof::Fails(reason) => return Verdict::Inconclusive { reason },
    }
    if violated(Level::Should) {
        Verdict::Warned
    } else {
        Verdict::Passed
    }
}

fn unexercised(why: &str) -> Verdict {
    SkipCode::of(SkipKind::GrantedLess)
        .because(format!("not exercised: {why}"))
        .into()
}

/// The result of a control or a witness.
enum Proof {
    Holds,
    /// Something does not hold, but the server is excused for this reason.
    Excused(String),
    /// It proves nothing, for this reason.
    Fails(String),
}

impl Proof {
    /// Fails with the first finding, apart from what the target cannot show. Without one, it is excused or holds.
    fn of(judging: Judging<'_>, say: impl Fn(Finding) -> String) -> Self {
        let mut findings = judging.findings.into_iter();
        let why = judging.excused.why.into_iter().next();
        match findings.find(|f| f.kind() != FindingKind::NotObservable) {
            Some(finding) => Self::Fails(say(finding)),
            None => why.map_or(Self::Holds, Self::Excused),
        }
    }
}

/// Judges the control, which shows that the outcome of the scene is due to what the case is about.
fn judge_control(plan: &Plan, transcript: Option<&Transcript>) -> Proof {
    let Some(control) = plan.control.as_ref() else {
        return Proof::Holds;
    };
    let Some(transcript) = transcript else {
        return Proof::Fails("the control was not played".into());
    };
    if let Some(why) = &transcript.broken_off {
        return Proof::Fails(format!("the control was aborted: {why}"));
    }
    let granted_less = GrantedLess::new(plan, transcript);
    let judging = control_judged(plan, control, transcript, &granted_less);
    Proof::of(judging, |finding| {
        let place = finding.place.map(|place| {
            let path = &plan.scene.source.path;
            format!(" at {path}:{}:{}", place.line, place.column)
        });
        let mut reason = format!(
            "the control does not hold{}: {}: expected {}; {}",
            place.unwrap_or_default(),
            finding.label,
            finding.expected.join(" or "),
            finding.actual
        );
        let elsewhere = taken_elsewhere(control, transcript, &finding);
        if !elsewhere.is_empty() {
            reason.push_str("; other steps matched ");
            reason.push_str(&elsewhere.join(", "));
        }
        reason
    })
}

fn control_judged<'a>(
    plan: &'a Plan,
    control: &PlannedControl,
    transcript: &'a Transcript,
    granted_less: &'a GrantedLess<'a>,
) -> Judging<'a> {
    let mut judging = Judging::new(plan, transcript, granted_less);
    judging.steps(&control.steps);
    judging.findings.clear();
    judging.steps(&control.expect);
    judging
}

/// Returns the findings about a control's own expectations.
pub(super) fn of_control(plan: &Plan, transcript: &Transcript) -> Vec<Finding> {
    let Some(control) = &plan.control else {
        return Vec::new();
    };
    let granted_less = GrantedLess::new(plan, transcript);
    control_judged(plan, control, transcript, &granted_less).findings
}

/// Returns the messages that the client of a control's expectation received but other steps took, with those steps.
fn taken_elsewhere(
    control: &PlannedControl,
    transcript: &Transcript,
    finding: &Finding,
) -> Vec<String> {
    let expecting = control
        .expect
        .iter()
        .find(|s| Some(s.index) == finding.step);
    let Some(Body::Client { client, .. }) = expecting.map(|step| &step.body) else {
        return Vec::new();
    };
    (0..transcript.events.len())
        .map(EventIndex)
        .filter_map(|index| {
            let event = &transcript.events[index.0];
            let lane = &transcript.lanes[event.lane.0];
            let What::Received { frame, .. } = &event.what else {
                return None;
            };
            let is_message_to_client =
                lane.client == *client && frame.packet_type() == PacketType::PUBLISH;
            let step =
                find_step(&control.steps, event.taken_by?).filter(|_| is_message_to_client)?;
            let packet = describe_event(index, transcript);
            Some(format!("{packet} (`{}`)", step.step.label))
        })
        .take(MAX_REPEATS)
        .collect()
}

/// Judges the witness: whether anything shows that there is a broker.
fn judge_witness(transcript: &Transcript) -> Proof {
    // Whether the message is right is judged elsewhere.
    let mut types = transcript.received_types();
    if types.any(|packet_type| packet_type == PacketType::PUBLISH) {
        return Proof::Holds;
    }
    let Some(plan) = witness(transcript.case.version) else {
        return Proof::Holds;
    };
    let say = |why: &str| {
        format!(
            "this does not behave like a broker: a client that subscribes and publishes receives no message: {why}"
        )
    };
    if let Some(why) = &transcript.broken_off {
        return Proof::Fails(say(&format!("the check for it was aborted: {why}")));
    }
    let granted_less = GrantedLess::new(plan, transcript);
    Proof::of(witness_judged(plan, transcript, &granted_less), |finding| {
        let expected = finding.expected.join(" or ");
        say(&format!("expected {expected}; {}", finding.actual))
    })
}

fn witness_judged<'a>(
    plan: &'a Plan,
    transcript: &'a Transcript,
    granted_less: &'a GrantedLess<'a>,
) -> Judging<'a> {
    let mut judging = Judging::new(plan, transcript, granted_less);
    judging.steps(&plan.steps);
    judging
}

/// Returns the findings about a witness.
pub(super) fn of_witness(transcript: &Transcript) -> Vec<Finding> {
    let Some(plan) = witness(transcript.case.version) else {
        return Vec::new();
    };
    let granted_less = GrantedLess::new(plan, transcript);
    witness_judged(plan, transcript, &granted_less).findings
}

/// Returns what should have happened for the case to mean anything, if it did not happen.
fn not_exercised(plan: &Plan, transcript: &Transcript) -> Option<String> {
    let memory = Memory::default();
    plan.scene
        .exercised_if
        .iter()
        .find_map(|(client, pattern)| {
            let seen = (0..transcript.events.len()).map(EventIndex).any(|event| {
                let lane = transcript.events[event.0].lane;
                transcript.lanes[lane.0].client == *client
                    && Received::at(transcript, event)
                        .is_some_and(|packet| holds(pattern, &packet, *client, &memory).is_some())
            });
            let declared = &plan.scene.clients[client.0];
            (!seen).then(|| {
                format!(
                    "not exercised: {} received no {}",
                    declared.name,
                    describe_pattern(pattern, declared.version)
                )
            })
        })
}
