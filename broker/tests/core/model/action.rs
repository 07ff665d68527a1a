//! Random actions of clients, time and an administrator. An action that is not possible when its turn comes, such as a
//! message from a client that is not connected, is skipped. Any part of a sequence is therefore a valid sequence.

use std::fmt;

use proptest::prelude::*;

pub(super) const CLIENTS: usize = 3;
pub(super) const TOPICS: [&str; 4] = ["a", "a/b", "b", "$s/a"];
/// No topic matches two Shared Subscriptions. Otherwise the model could not tell which one a delivery is for.
pub(super) const FILTERS: [&str; 9] = [
    "a",
    "a/b",
    "+",
    "#",
    "a/#",
    "+/+",
    "$s/#",
    "$share/g/a/#",
    "$share/g/b",
];

/// The content of a PUBLISH or a Will.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draft {
    pub(super) topic: usize,
    pub(super) qos: u8,
    pub(super) retain: bool,
    /// Whether there is a payload.
    pub(super) full: bool,
    /// Message Expiry Interval in seconds, version 5 only.
    pub(super) expiry_s: Option<u32>,
}

/// A CONNECT. Parts that the version does not have are ignored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    pub(super) v5: bool,
    pub(super) clean: bool,
    pub(super) expiry_s: u32,
    pub(super) keep_alive_s: u16,
    pub(super) receive_maximum: Option<u16>,
    pub(super) aliases: u16,
    /// The Will and its Will Delay in seconds.
    pub(super) will: Option<(Draft, u32)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leaving {
    Normal,
    /// DISCONNECT with Session Expiry Interval 0, version 5 only.
    Forgetting,
    /// DISCONNECT 0x04, version 5 only.
    WithWill,
    /// DISCONNECT 0x80, version 5 only.
    InError,
    /// The connection breaks.
    Lost,
}

/// One Topic Filter of a SUBSCRIBE. Options other than QoS are for version 5 only.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) filter: usize,
    pub(super) qos: u8,
    pub(super) no_local: bool,
    pub(super) as_published: bool,
    /// Retain Handling.
    pub(super) handling: u8,
}

#[derive(Clone)]
pub(super) enum Action {
    Connect(usize, Arrival),
    Leave(usize, Leaving),
    /// With a Subscription Identifier, version 5 only.
    Subscribe(usize, Vec<Asked>, Option<u32>),
    Unsubscribe(usize, Vec<usize>),
    /// With a Topic Alias, version 5 only.
    Publish(usize, Draft, Option<u16>),
    /// PUBREL for one of the client's unreleased QoS 2 messages.
    Release(usize, usize),
    /// Repeats a QoS 2 PUBLISH of an earlier connection.
    Repeat(usize, usize),
    /// The next acknowledgement for one of the messages sent to this client. The flag is whether it refuses.
    Acknowledge(usize, usize, bool),
    /// All acknowledgements until no delivery is open.
    AcknowledgeAll(usize),
    Ping(usize),
    Kick(usize),
    Wait(u64),
    /// An orderly restart or a crash, and the seconds until the next start.
    Restart(bool, u64),
}

fn draft() -> impl Strategy<Value = Draft> {
    let expiry = prop_oneof![2 => Just(None), 1 => Just(Some(4)), 1 => Just(Some(30))];
    let full = prop::bool::weighted(0.9);
    // One topic is more frequent than the others, so that messages meet.
    let topic = prop_oneof![2 => Just(0), 1 => 0..TOPICS.len()];
    let qos = prop_oneof![1 => Just(0), 2 => Just(1), 2 => Just(2)];
    let retain = prop::bool::weighted(0.3);
    (topic, qos, retain, full, expiry).prop_map(|(topic, qos, retain, full, expiry_s)| Draft {
        topic,
        qos,
        retain,
        full,
        expiry_s,
    })
}

fn arrival() -> impl Strategy<Value = Arrival> {
    let expiry = prop_oneof![Just(0), Just(10), Just(60), Just(u32::MAX)];
    let keep_alive = prop_oneof![4 => Just(0), 1 => Just(10)];
    let quota = prop_oneof![2 => Just(None), 1 => Just(Some(1)), 1 => Just(Some(2))];
    let aliases = prop_oneof![2 => Just(0), 1 => Just(1), 1 => Just(2)];
    let delay = prop_oneof![2 => Just(0), 1 => Just(5), 1 => Just(30)];
    let will = prop::option::of((draft(), delay));
    let clean = prop::bool::weighted(0.2);
    (
        any::<bool>(),
        clean,
        expiry,
        keep_alive,
        quota,
        aliases,
        will,
    )
        .prop_map(
            |(v5, clean, expiry_s, keep_alive_s, receive_maximum, aliases, will)| Arrival {
                v5,
                clean,
                expiry_s,
                keep_alive_s,
                receive_maximum,
                aliases,
                will,
            },
        )
}

fn asked() -> impl Strategy<Value = Asked> {
    let flag = || prop::bool::weighted(0.25);
    let handling = prop_oneof![3 => Just(0), 1 => Just(1), 1 => Just(2)];
    // Higher levels are more frequent than QoS 0, since more can go wrong there.
    let qos = prop_oneof![1 => Just(0), 2 => Just(1), 2 => Just(2)];
    (0..FILTERS.len(), qos, flag(), flag(), handling).prop_map(
        |(filter, qos, no_local, as_published, handling)| Asked {
            filter,
            qos,
            no_local,
            as_published,
            handling,
        },
    )
}

pub(super) fn action() -> impl Strategy<Value = Action> {
    use Action::*;
    let client = || 0..CLIENTS;
    let nth = || 0..4_usize;
    let leaving = prop_oneof![
        2 => Just(Leaving::Normal),
        1 => Just(Leaving::Forgetting),
        1 => Just(Leaving::WithWill),
        1 => Just(Leaving::InError),
        3 => Just(Leaving::Lost),
    ];
    let filters = prop::collection::vec(asked(), 1..3);
    let identifier = prop::option::of(1..4_u32);
    let gone = prop::collection::vec(0..FILTERS.len(), 1..3);
    let alias = prop_oneof![3 => Just(None), 1 => (1..3_u16).prop_map(Some)];
    let span = prop_oneof![Just(1), Just(3), Just(6), Just(12), Just(40)];
    prop_oneof![
        8 => (client(), arrival()).prop_map(|(c, a)| Connect(c, a)),
        4 => (client(), leaving).prop_map(|(c, l)| Leave(c, l)),
        6 => (client(), filters, identifier).prop_map(|(c, f, i)| Subscribe(c, f, i)),
        1 => (client(), gone).prop_map(|(c, f)| Unsubscribe(c, f)),
        14 => (client(), draft(), alias).prop_map(|(c, d, a)| Publish(c, d, a)),
        3 => (client(), nth()).prop_map(|(c, n)| Release(c, n)),
        2 => (client(), nth()).prop_map(|(c, n)| Repeat(c, n)),
        5 => (client(), nth(), prop::bool::weighted(0.2)).prop_map(|(c, n, r)| Acknowledge(c, n, r)),
        2 => client().prop_map(AcknowledgeAll),
        1 => client().prop_map(Ping),
        1 => client().prop_map(Kick),
        4 => span.clone().prop_map(Wait),
        1 => (any::<bool>(), span).prop_map(|(orderly, span_s)| Restart(orderly, span_s)),
    ]
}

/// Sequences long enough for sessions to meet, and short enough for a thousand to be played in seconds.
pub(super) fn actions() -> impl Strategy<Value = Vec<Action>> {
    prop::collection::vec(action(), 1..80)
}

impl fmt::Display for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at QoS {}", TOPICS[self.topic], self.qos)?;
        for (is, word) in [(self.retain, " retained"), (!self.full, " empty")] {
            f.write_str(if is { word } else { "" })?;
        }
        match self.expiry_s {
            Some(expiry_s) => write!(f, " good for {expiry_s} s"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clean = if self.clean { "clean" } else { "unclean" };
        if self.v5 {
            write!(f, "connects by 5, {clean}, expiry {} s", self.expiry_s)?;
            if let Some(maximum) = self.receive_maximum {
                write!(f, ", Receive Maximum {maximum}")?;
            }
            if self.aliases > 0 {
                write!(f, ", {} aliases", self.aliases)?;
            }
        } else {
            write!(f, "connects by 3.1.1, {clean}")?;
        }
        if self.keep_alive_s > 0 {
            write!(f, ", Keep Alive {} s", self.keep_alive_s)?;
        }
        match &self.will {
            Some((will, delay_s)) => write!(f, ", Will to {will} after {delay_s} s"),
            None => Ok(()),
        }
    }
}

/// One line for each action, in words.
impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(c, arrival) => write!(f, "c{c} {arrival}"),
            Self::Leave(c, leaving) => write!(f, "c{c} leaves: {leaving:?}"),
            Self::Subscribe(c, filters, identifier) => {
                write!(f, "c{c} subscribes to")?;
                for asked in filters {
                    write!(f, " {} at QoS {}", FILTERS[asked.filter], asked.qos)?;
                    for (is, word) in [
                        (asked.no_local, " no local"),
                        (asked.as_published, " retain as published"),
                        (asked.handling == 1, " retain handling 1"),
                        (asked.handling == 2, " retain handling 2"),
                    ] {
                        f.write_str(if is { word } else { "" })?;
                    }
                }
                match identifier {
                    Some(identifier) => write!(f, " as {identifier}"),
                    None => Ok(()),
                }
            }
            Self::Unsubscribe(c, filters) => {
                let filters: Vec<_> = filters.iter().map(|filter| FILTERS[*filter]).collect();
                write!(f, "c{c} unsubscribes from {}", filters.join(" "))
            }
            Self::Publish(c, draft, None) => write!(f, "c{c} publishes {draft}"),
            Self::Publish(c, draft, Some(alias)) => {
                write!(f, "c{c} publishes {draft} by alias {alias}")
            }
            Self::Release(c, nth) => write!(f, "c{c} releases its message {nth}"),
            Self::Repeat(c, nth) => write!(f, "c{c} repeats its message {nth}"),
            Self::Acknowledge(c, nth, false) => write!(f, "c{c} acknowledges message {nth}"),
            Self::Acknowledge(c, nth, true) => write!(f, "c{c} refuses message {nth}"),
            Self::AcknowledgeAll(c) => write!(f, "c{c} acknowledges everything"),
            Self::Ping(c) => write!(f, "c{c} pings"),
            Self::Kick(c) => write!(f, "c{c} is kicked"),
            Self::Wait(span_s) => write!(f, "{span_s} s pass"),
            Self::Restart(true, span_s) => write!(f, "the broker is stopped for {span_s} s"),
            Self::Restart(false, span_s) => write!(f, "the broker crashes for {span_s} s"),
        }
    }
}
