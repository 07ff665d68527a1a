//! What a target offers, and why it cannot play a case.

use std::sync::Arc;
use std::time::Duration;

use mqtt_check_codec::{ConnAck, Properties, ProtocolVersion};

use super::External;
use super::control::Kick;
use super::limits::limits;
use super::settings::{Hindrance, Table};
use crate::plan::{Need, Plan, Skip, SkipCode, SkipKind};
use crate::scenario::model::{
    Action, BrokerAction, Capability, Driver, Route, Transport, User, each_step,
};

/// Why the capability is unknown.
const URL_ALONE: &str = "a URL alone does not specify how";
/// The end of every such reason.
const NOT_DESCRIBED: &str = "does not specify how";

/// What a target offers. A capability that nothing is known about is assumed to be present: a case then shows whether
/// it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Versions that the broker accepts in CONNECT.
    pub versions: Vec<ProtocolVersion>,
    /// Versions that the broker does not speak, with what showed it.
    pub unspoken: Vec<(ProtocolVersion, String)>,
    /// Capabilities that the broker is known to lack, and how that is known.
    pub lacks: Vec<(Capability, String)>,
    /// The limits in its CONNACK: version, name, value.
    pub limits: Vec<(ProtocolVersion, &'static str, String)>,
    /// Whether scenarios can configure the broker.
    pub configurable: bool,
    /// How to give settings to instances that a run starts. `None` if that is not possible.
    pub settings: Option<Arc<Table>>,
    /// How to end the connection of one client on instances that a run starts.
    pub kick: Option<Kick>,
    /// Whether each node can be killed, stopped and paused by itself, on instances that a run starts.
    pub controls_nodes: bool,
    /// Whether no other clients use the broker.
    pub ours: bool,
    /// Whether the broker runs in virtual time.
    pub virtual_time: bool,
    /// How each node can be reached. There is always a first one.
    pub nodes: Vec<Ways>,
    /// The Keep Alive for connections without one in the scenario, in seconds.
    pub keep_alive_s: u16,
    /// The shortest time that the broker took to answer CONNECT. Zero in virtual time.
    pub delay: Duration,
    /// User names and passwords that the broker knows without configuration.
    pub users: Vec<User>,
    /// The broker's version 5 CONNACK, if one was received.
    pub connack: Option<ConnAck>,
}

/// What is known about a capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known<'c> {
    Present,
    /// The broker lacks the capability. Contains how that is known.
    Missing(&'c str),
    Unknown,
}

/// How many nodes the bundled broker has for scenarios that name them. All of them are the same broker, so it behaves like a
/// cluster without any defect.
const NODES: usize = 3;

/// The capabilities that a version 5 CONNACK announces.
const ANNOUNCED: [Capability; 7] = [
    Capability::Retain,
    Capability::QoS1,
    Capability::QoS2,
    Capability::WildcardSubscriptions,
    Capability::SubscriptionIdentifiers,
    Capability::SharedSubscriptions,
    Capability::TopicAliases,
];

/// The capabilities that depend on a setting, with its name.
const SET: [(Capability, &str); 3] = [
    (Capability::Users, "users"),
    (Capability::AccessList, "access"),
    (Capability::EnhancedAuthentication, "authentication"),
];

/// How a node can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ways {
    /// Over TCP or TLS without WebSocket, or an equivalent such as memory.
    pub tcp: bool,
    pub websocket: bool,
}

impl Capabilities {
    /// The bundled broker: offers everything that scenarios can ask for, except what is not implemented yet.
    pub fn bundled() -> Self {
        let not_yet = [Capability::Tls];
        Self {
            versions: vec![
                ProtocolVersion::V3_1,
                ProtocolVersion::V3_1_1,
                ProtocolVersion::V5,
            ],
            unspoken: Vec::new(),
            lacks: not_yet
                .into_iter()
                .map(|c| (c, "not yet supported by the bundled broker".to_owned()))
                .collect(),
            limits: Vec::new(),
            configurable: true,
            settings: None,
            kick: None,
            controls_nodes: true,
            ours: true,
            virtual_time: true,
            nodes: vec![
                Ways {
                    tcp: true,
                    websocket: true,
                };
                NODES
            ],
            keep_alive_s: 0,
            delay: Duration::ZERO,
            users: Vec::new(),
            connack: None,
        }
    }

    /// A broker of which only the URL is known. Its version 5 CONNACK, if there is one, says more.
    pub fn external(versions: Vec<ProtocolVersion>, connack: Option<&ConnAck>) -> Self {
        let lacks = [
            Capability::Kick,
            Capability::Redirect,
            Capability::Restart,
            Capability::NodeControl,
            Capability::Users,
            Capability::AccessList,
            Capability::EnhancedAuthentication,
            Capability::WebSocket,
            Capability::Tls,
        ];
        let offered = Self {
            versions,
            unspoken: Vec::new(),
            lacks: lacks.map(|c| (c, URL_ALONE.to_owned())).to_vec(),
            limits: Vec::new(),
            configurable: false,
            settings: None,
            kick: None,
            controls_nodes: false,
            ours: false,
            virtual_time: false,
            nodes: Vec::new(),
            keep_alive_s: 0,
            delay: Duration::ZERO,
            users: Vec::new(),
            connack: connack.cloned(),
        };
        match connack {
            Some(connack) => {
                let of_version = |(name, value)| (ProtocolVersion::V5, name, value);
                let limits = limits(&connack.properties).into_iter();
                Self {
                    limits: limits.map(of_version).collect(),
                    ..offered.announced(&connack.properties)
                }
            }
            None => offered,
        }
    }

    /// Removes the capabilities that a CONNACK with these properties rules out.
    #[must_use]
    pub fn announced(mut self, properties: &Properties) -> Self {
        let mut announced = |lacking: bool, capability, property: &str| {
            if lacking {
                self.lacks
                    .push((capability, format!("CONNACK says {property}")));
            }
        };
        let maximum_qos = properties.maximum_qos();
        announced(
            maximum_qos.is_some_and(|q| q < 2),
            Capability::QoS2,
            "Maximum QoS below 2",
        );
        announced(maximum_qos == Some(0), Capability::QoS1, "Maximum QoS 0");
        announced(
            properties.retain_available() == Some(0),
            Capability::Retain,
            "Retain Available 0",
        );
        announced(
            properties.wildcard_subscription_available() == Some(0),
            Capability::WildcardSubscriptions,
            "Wildcard Subscription Available 0",
        );
        announced(
            properties.subscription_identifier_available() == Some(0),
            Capability::SubscriptionIdentifiers,
            "Subscription Identifier Available 0",
        );
        announced(
            properties.shared_subscription_available() == Some(0),
            Capability::SharedSubscriptions,
            "Shared Subscription Available 0",
        );
        announced(
            properties.topic_alias_maximum().unwrap_or(0) == 0,
            Capability::TopicAliases,
            "no Topic Alias Maximum",
        );
        self
    }

    /// Adds what was known about the broker beforehand. The target file takes precedence.
    #[must_use]
    pub fn with_what_is_known(mut self, target: &External) -> Self {
        self.keep_alive_s = target.keep_alive_s.unwrap_or(self.keep_alive_s);
        if let Some(versions) = &target.versions {
            self.versions.retain(|version| versions.contains(version));
        }
        if target.ours {
            for (_, why) in &mut self.lacks {
                if why == URL_ALONE {
                    *why = format!("the target file of {} does not specify how", target.name);
                }
            }
        }
        let nodes = target.nodes();
        self.nodes = nodes
            .iter()
            .map(|node| Ways {
                tcp: node.place(Transport::Tcp).is_some(),
                websocket: node.place(Transport::WebSocket).is_some(),
            })
            .collect();
        if self.nodes.iter().any(|routes| routes.websocket) {
            self.lacks
                .retain(|(lacking, _)| *lacking != Capability::WebSocket);
        }
        if let Some(instances) = &target.instances {
            self.can_be_started(instances.table());
            if instances.controls_nodes() {
                self.lacks
                    .retain(|(lacking, _)| *lacking != Capability::NodeControl);
                self.controls_nodes = true;
            }
            if let Some(kick) = instances.kick() {
                self.lacks
                    .retain(|(lacking, _)| *lacking != Capability::Kick);
                self.kick = Some(kick.clone());
            }
        }
        self.users.clone_from(&target.users);
        if !self.users.is_empty() {
            self.lacks
                .retain(|(lacking, _)| *lacking != Capability::Users);
        }
        self.lacks = target.lacks.iter().cloned().chain(self.lacks).collect();
        self.ours = target.ours;
        self
    }

    /// Adds the capabilities of instances that can be started for cases.
    fn can_be_started(&mut self, table: Option<&Table>) {
        // An instance that we start can be restarted.
        self.lacks
            .retain(|(lacking, _)| *lacking != Capability::Restart);
        let Some(table) = table else { return };
        for (capability, setting) in SET {
            if table.supports(setting) {
                self.lacks.retain(|(lacking, _)| *lacking != capability);
            } else if let Some(why) = table.lacking(setting) {
                let lacks = self.lacks.iter_mut();
                for (_, known) in lacks.filter(|(lacking, _)| *lacking == capability) {
                    why.clone_into(known);
                }
            }
        }
        self.settings = Some(Arc::new(table.clone()));
    }

    /// Why the broker cannot end a connection with the reason code that the case names. `None` if it can.
    fn kick_reason_unsupported(&self, plan: &Plan) -> Option<Skip> {
        let kick = self.kick.as_ref()?;
        let mut unspoken = None;
        each_step(&plan.scene.steps, &mut |step| {
            if let Action::Broker(BrokerAction::Kick { reason, .. }) = &step.action
                && !kick.reasons.contains(reason)
            {
                unspoken = unspoken.or(Some(*reason));
            }
        });
        let text = format!(
            "needs {}: the broker has no way to send the reason {:#04x}",
            Capability::Kick,
            unspoken?.0
        );
        Some(SkipCode::about(SkipKind::Needs, Capability::Kick).because(text))
    }

    /// Why no instance with these settings can be started. `None` if one can.
    fn setting_unsupported(&self, table: &Table, plan: &Plan) -> Option<Skip> {
        let failed = plan
            .required()
            .map(|required| table.needed(required.non_default(), &self.users, &plan.kicked()))
            .find_map(|needed| table.fill(&needed).err());
        let (name, why) = failed?;
        Some(match why {
            Hindrance::NotInTable => SkipCode::about(SkipKind::NotDescribed, name).because(format!(
                "needs the broker's setting {name}: the target file does not specify how to set it"
            )),
            Hindrance::Unsupported(why) => SkipCode::about(SkipKind::Setting, name)
                .because(format!("needs the broker's setting {name}: {why}")),
        })
    }

    /// Why the target lacks this capability. `None` if it is not known to lack it.
    pub fn lacking(&self, capability: Capability) -> Option<&str> {
        self.lacks
            .iter()
            .find(|(lacking, _)| *lacking == capability)
            .map(|(_, why)| why.as_str())
    }

    /// What is known, as opposed to assumed, about this capability.
    pub fn known(&self, capability: Capability) -> Known<'_> {
        let is_shown = match capability {
            Capability::WebSocket => self.nodes.iter().any(|routes| routes.websocket),
            Capability::Users if !self.users.is_empty() => true,
            Capability::Kick if self.kick.is_some() => true,
            Capability::NodeControl => self.controls_nodes,
            Capability::Restart => self.settings.is_some() || self.ours,
            set if SET.iter().any(|(of, _)| *of == set) => {
                let supports = |table: &Arc<Table>| {
                    SET.iter()
                        .any(|(of, name)| *of == set && table.supports(name))
                };
                self.settings.as_ref().is_some_and(supports)
            }
            announced => self.connack.is_some() && ANNOUNCED.contains(&announced),
        };
        match self.lacking(capability) {
            Some(why) if why.ends_with(NOT_DESCRIBED) => Known::Unknown,
            Some(why) => Known::Missing(why),
            None if is_shown || self.configurable => Known::Present,
            None => Known::Unknown,
        }
    }

    /// Why no broker can be reached this way. `None` if one can.
    fn unreachable(&self, route: Route) -> Option<Skip> {
        let Some(routes) = self.nodes.get(route.node) else {
            let count = self.nodes.len();
            let text = format!(
                "needs node {}: this target has {}",
                route.node,
                match count {
                    0 | 1 => "only node 0".to_owned(),
                    _ => format!("only nodes 0 to {}", count - 1),
                }
            );
            return Some(SkipCode::about(SkipKind::Node, route.node).because(text));
        };
        let code = SkipCode::about(SkipKind::Transport, route.transport);
        match route.transport {
            Transport::Tcp if !routes.tcp => {
                Some(code.because("needs tcp: the broker's URL is a WebSocket URL"))
            }
            Transport::WebSocket if !routes.websocket => Some(code.because(format!(
                "needs websocket: node {} has no WebSocket URL",
                route.node
            ))),
            _ => None,
        }
    }

    /// Whether the broker knows certain users and cannot be given others.
    fn knows_users_only_beforehand(&self) -> bool {
        let supports = self.settings.as_ref().is_some_and(|t| t.supports("users"));
        !self.users.is_empty() && !self.configurable && !supports
    }

    /// Why the target does not know this case's users. `None` if it does.
    fn unknown_users(&self, plan: &Plan) -> Option<Skip> {
        let code = SkipCode::of(SkipKind::Users);
        let wanted = plan.scene.settings.users.iter().flatten().flatten();
        let stranger = wanted.into_iter().find(|user| !self.users.contains(user));
        if let Some(User { name, .. }) = stranger {
            return Some(code.because(format!(
                "needs users: the target's credentials do not have `{name}` with this password"
            )));
        }
        // Otherwise accepting wrong credentials would not be the broker's fault.
        let open = self.lacking(Capability::Anonymous).is_none();
        open.then(|| code.because("needs users: the broker accepts clients without a user name"))
    }

    /// Why cases of this version are not played.
    pub fn unspoken(&self, version: ProtocolVersion) -> String {
        let how = self.unspoken.iter().find(|(of, _)| *of == version);
        match how {
            Some((_, how)) => format!("the broker does not support MQTT {version}: {how}"),
            None => format!("the target file does not name MQTT {version}"),
        }
    }

    /// Why this case cannot be played on this target. `None` if it can.
    pub fn hindrance(&self, plan: &Plan, max_wait: Duration, exclusive: bool) -> Option<Skip> {
        for client in &plan.scene.clients {
            if !self.versions.contains(&client.version) {
                let code = SkipCode::about(SkipKind::Version, client.version);
                return Some(code.because(self.unspoken(client.version)));
            }
        }
        if !self.virtual_time && plan.longest_wait > max_wait {
            let text = format!(
                "needs to wait {} s, longer than --max-wait {} s",
                plan.longest_wait.as_secs(),
                max_wait.as_secs()
            );
            return Some(SkipCode::of(SkipKind::MaxWait).because(text));
        }
        if let Some(skip) = self.kick_reason_unsupported(plan) {
            return Some(skip);
        }
        if let Some(table) = &self.settings
            && let Some(skip) = self.setting_unsupported(table, plan)
        {
            return Some(skip);
        }
        plan.needs.iter().find_map(|need| match need {
            Need::Capability(capability) => self
                .lacks
                .iter()
                .find(|(lacking, _)| lacking == capability)
                .map(|(_, why)| {
                    SkipCode::about(SkipKind::Needs, capability)
                        .because(format!("needs {capability}: {why}"))
                }),
            Need::Setting("users") if self.knows_users_only_beforehand() => {
                self.unknown_users(plan)
            }
            Need::Setting(_) if self.configurable || self.settings.is_some() => None,
            Need::Setting(name) => Some(SkipCode::about(SkipKind::Setting, name).because(format!(
                "needs the broker's setting {name}, which this target cannot change"
            ))),
            Need::Route(route) => self.unreachable(*route),
            Need::Driver(Driver::Wire | Driver::Rumqttc) => None,
            Need::Alone => (!self.ours && !exclusive).then(|| {
                SkipCode::of(SkipKind::Exclusive)
                    .because("needs the whole broker to itself: play it with --exclusive")
            }),
        })
    }
}
