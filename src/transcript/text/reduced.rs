//! Reduces a transcript to what steps bind, so that it can be compared with that of another broker.

use std::borrow::Cow;

use crate::transcript::{HookSource, ShownEvent};

/// Reduces the text of a transcript. Kept are each step that binds something, the part of its events left of the bar,
/// its outcome, the hook events that the source shows, and leftover packets of the kinds that fail a case. Removed are
/// what we sent, what the scenario leaves open, permitted retransmissions, and the control.
pub fn reduce(record: &str, hooks: &HookSource) -> String {
    let mut out = Kept::default();
    let mut place = Place::Step;
    for line in record.lines() {
        if line == "control" {
            break;
        }
        if !line.starts_with(' ') {
            place = Place::of(line);
            match place {
                Place::Step if !line.is_empty() => out.line(line),
                Place::LeftOver => out.line("left over"),
                Place::Step | Place::OpenStep | Place::SentAgain | Place::Hooks | Place::Facts => {}
            }
        } else if let Some(kept) = keep(line, &place, hooks) {
            if line.split(' ').nth(3) == Some("<*") {
                out.any_order.push(kept);
            } else if let Some(source) = source_of(line, hooks) {
                out.hooks.push((source, kept));
            } else {
                out.line(&kept);
            }
        }
    }
    let out = out.end();
    // Remove a heading that has no line below it.
    let heading_alone = out.trim_end().ends_with("\nleft over");
    let kept = out.trim_end();
    if heading_alone {
        kept.trim_end_matches("left over").trim_end().to_owned()
    } else {
        kept.to_owned()
    }
}

/// The lines that are kept. Those that may be in any order are sorted.
#[derive(Default)]
struct Kept<'a> {
    text: String,
    any_order: Vec<Cow<'a, str>>,
    /// Events with the numbers of their sources. Events of different sources have no order.
    hooks: Vec<(usize, Cow<'a, str>)>,
}

impl Kept<'_> {
    fn line(&mut self, line: &str) {
        self.sort();
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn sort(&mut self) {
        self.any_order.sort_unstable();
        self.hooks.sort_by_key(|(source, _)| *source);
        let hooks = self.hooks.drain(..).map(|(_, line)| line);
        for line in self.any_order.drain(..).chain(hooks) {
            self.text.push_str(&line);
            self.text.push('\n');
        }
    }

    fn end(mut self) -> String {
        self.sort();
        self.text
    }
}

enum Place {
    /// A step, or `broken off`.
    Step,
    OpenStep,
    LeftOver,
    /// Not compared, because retransmissions depend on a timer.
    SentAgain,
    Hooks,
    Facts,
}

impl Place {
    fn of(heading: &str) -> Self {
        match heading {
            "left over" => Self::LeftOver,
            "sent again" => Self::SentAgain,
            "hooks" => Self::Hooks,
            "facts" => Self::Facts,
            _ if heading.starts_with("~ ") => Self::OpenStep,
            _ => Self::Step,
        }
    }
}

fn keep<'a>(line: &'a str, place: &Place, hooks: &HookSource) -> Option<Cow<'a, str>> {
    let text = line.strip_prefix("  ")?;
    if text.starts_with(' ') {
        return None;
    }
    let bound = &line[..bar(line).unwrap_or(line.len())];
    let mut words = text.split(' ');
    match (place, words.next()?, words.next()?) {
        (Place::Step, "hook", name) => match hooks.event(name)? {
            None => Some(bound.into()),
            Some(shown) => as_shown(bound, shown).map(Cow::from),
        },
        (Place::Step, "=", _) => Some(bound.into()),
        (Place::Step, _, "<" | "<*") => Some(bound.into()),
        (Place::LeftOver, _, "<") => {
            let packet = words.next()?;
            matches!(packet, "PUBLISH" | "DISCONNECT" | "CONNACK").then_some(bound.into())
        }
        _ => None,
    }
}

/// Returns the number of the source that an event comes from.
fn source_of(line: &str, hooks: &HookSource) -> Option<usize> {
    let name = line.strip_prefix("  hook ")?.split(' ').next()?;
    Some(hooks.event(name)?.map_or(0, |shown| shown.source))
}

/// Returns an event's line as a source that shows only this much would have it. Returns `None` if it would have none.
fn as_shown(line: &str, shown: &ShownEvent) -> Option<String> {
    let mut out = String::from("  hook ");
    out.push_str(&shown.name);
    for token in tokens(line).skip(2) {
        let Some((name, value)) = token.split_once('=') else {
            continue;
        };
        let Some(field) = shown.field(name) else {
            continue;
        };
        let value = match field.words.is_empty() {
            true => value,
            false => field.known_word(value.trim_matches('"'))?,
        };
        out.push_str(&format!(" {name}={value}"));
    }
    Some(out)
}

/// Splits a line at blanks that are not inside quotes.
fn tokens(line: &str) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    let mut is_escaped = false;
    let parts = line.trim_start().split(move |c: char| {
        let escaped = std::mem::take(&mut is_escaped);
        match c {
            '\\' if is_quoted => is_escaped = !escaped,
            '"' if !escaped => is_quoted = !is_quoted,
            _ => {}
        }
        c == ' ' && !is_quoted
    });
    parts.filter(|part| !part.is_empty())
}

/// Returns the position of the bar between what is bound and the rest. A bar inside quotes does not count.
fn bar(line: &str) -> Option<usize> {
    let bytes = line.as_bytes();
    let mut quoted = false;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            b'|' if !quoted => return Some(line[..at].trim_end().len()),
            _ => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = "\
- a: connect
  a > CONNECT client_id=a clean_start=true keep_alive=0
  a < CONNACK reason=success | session_present=false
- a: { expect: publish }
  a < PUBLISH payload=\"x | y\" | topic=t qos=1 packet_id=#1 after=10s
    a > PUBACK packet_id=#1
- b: { expect: { any_of: [disconnect, closed] } }
  b <? DISCONNECT | reason=protocol_error
~ choice: queued
  = queued: yes
  a < PUBLISH | topic=t
- hooks: []
  hook client.connected client=a | connack=success
  hook session.created client=a
  hook? message.publish client=a topic=t
- a: { expect: closed }
  = a: timed out
left over
  a < PUBACK packet_id=1
  a < DISCONNECT reason=quota_exceeded | reason_string=<text>
sent again
  b < PUBLISH topic=t payload=m | dup=1
hooks
  hook session.terminated client=a reason=normal
facts
  b: rumqttc < PUBACK

control
- a: connect
  a < CONNACK reason=success
";

    #[test]
    fn keeps_what_steps_bind() {
        let all = HookSource::All;
        assert_eq!(
            reduce(RECORD, &all),
            "\
- a: connect
  a < CONNACK reason=success
- a: { expect: publish }
  a < PUBLISH payload=\"x | y\"
- b: { expect: { any_of: [disconnect, closed] } }
- hooks: []
  hook client.connected client=a
  hook session.created client=a
- a: { expect: closed }
  = a: timed out
left over
  a < DISCONNECT reason=quota_exceeded"
        );
    }

    #[test]
    fn leaves_out_hook_events_that_a_target_cannot_show() {
        let some = HookSource::Shows(vec![ShownEvent {
            name: "session.created".to_owned(),
            fields: Vec::new(),
            source: 0,
        }]);
        let text = reduce(RECORD, &some);
        assert!(text.contains("session.created") && !text.contains("client.connected"));
        assert!(!reduce(RECORD, &HookSource::None).contains("session.created"));
    }

    #[test]
    fn sorts_what_may_come_in_any_order() {
        let text = "- a: ping\n  a <* PUBLISH topic=b | qos=0\n    a > PUBACK\n  a <* PUBLISH topic=a\n  a < PINGRESP\n";
        assert_eq!(
            reduce(text, &HookSource::None),
            "- a: ping\n  a <* PUBLISH topic=a\n  a <* PUBLISH topic=b\n  a < PINGRESP"
        );
    }

    #[test]
    fn is_the_same_when_done_twice() {
        let all = HookSource::All;
        let once = reduce(RECORD, &all);
        assert_eq!(reduce(&once, &all), once);
    }

    #[test]
    fn drops_a_heading_with_nothing_under_it() {
        let text = "- a: ping\nleft over\n  a < PUBACK packet_id=1\n";
        assert_eq!(reduce(text, &HookSource::None), "- a: ping");
    }
}
