//! A scenario as the language defines it, for one case: rows are filled in, version switches resolved, and scalars
//! typed.
//!
//! Most wrong scenarios cannot be expressed in these types. `check` refuses those that still can, such as one that uses
//! a name before it is bound. Only the plan finds actions that a client's driver cannot perform.

pub use mqtt_check_codec::Lie;
pub use mqtt_check_vocabulary::{Secret, Settings, User};

mod case;
mod client;
mod expectation;
mod packet;
mod step;
mod websocket;
mod word;

pub use case::{CaseId, Control, Exclusive, PrefixMode, Scene};
pub use client::{Client, ClientIndex, Scram, ScramExchange};
pub use expectation::{
    After, ConnAckRule, Count, Expectation, FieldMatch, HookList, HookPattern, KeepAlive, Matcher,
    PacketPattern, Pattern, Refused,
};
pub use packet::{Expr, Field, FilterTemplate, Literal, Operator, PacketTemplate};
pub use step::{
    Action, Answer, BrokerAction, Choice, ClientAction, DropHow, Exchange, NodeAction, OneOf,
    Rounds, SendBytes, Step, each_step,
};
pub use websocket::{
    FrameContent, FramePattern, FrameTemplate, Opcode, Opening, Route, Transport, UpgradeAnswer,
};

use word::word_enum;

word_enum! {
    /// What a target must be able to do.
    Capability {
        Retain = "retain",
        QoS1 = "qos_1",
        QoS2 = "qos_2",
        WildcardSubscriptions = "wildcard_subscriptions",
        SubscriptionIdentifiers = "subscription_identifiers",
        SharedSubscriptions = "shared_subscriptions",
        TopicAliases = "topic_aliases",
        PersistentSessions = "persistent_sessions",
        Anonymous = "anonymous",
        EmptyClientId = "empty_client_id",
        LongClientId = "long_client_id",
        Users = "users",
        AccessList = "access_list",
        EnhancedAuthentication = "enhanced_authentication",
        WebSocket = "websocket",
        Tls = "tls",
        Hooks = "hooks",
        Kick = "kick",
        Redirect = "redirect",
        Restart = "restart",
        NodeControl = "node_control",
    }
}

word_enum! {
    /// How serious the failure of a step is.
    Level {
        Must = "must",
        Should = "should",
        May = "may",
        Disputed = "disputed",
    }
}

word_enum! {
    /// What plays a client.
    Driver {
        Wire = "wire",
        Rumqttc = "rumqttc",
    }
}

word_enum! {
    /// What a client does wrong in a SCRAM exchange.
    ScramFault {
        /// The proof is wrong, although the client knows the password.
        Proof = "proof",
        /// The final message has another nonce.
        Nonce = "nonce",
        /// The AUTH with the final message has reason code 0x19.
        Code = "code",
        /// The AUTH with the final message has another Authentication Method.
        Method = "method",
    }
}
