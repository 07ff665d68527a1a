//! The keys of `mqtt-check.yaml`, one row each. The option of the same name decides what a value means.

/// An option of `run` that may have a default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key {
    /// The name in the file.
    pub(super) name: &'static str,
    /// The id in clap.
    pub(super) id: &'static str,
    pub(super) kind: Kind,
    pub(super) about: About,
}

/// The type of a key's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `true` or `false`.
    Flag,
    Text,
    Number,
    /// A duration, such as `500ms`.
    Span,
    /// One text, or a list of them.
    Texts,
    /// A file or folder.
    Path,
    /// One file or folder, or a list of them.
    Paths,
    /// The name of a target, or the path of a target file.
    Target,
    /// Formats with their files.
    Reports,
}

/// What a key is about. This decides which other values it can be combined with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    Run,
    /// Names the broker to test.
    ChoosesBroker,
    /// Belongs to one broker, as credentials do: the one that the same source names, if it names one.
    BelongsToBroker,
    /// Applies to any broker, but only if one is named.
    NeedsBroker,
}

impl Kind {
    /// Whether the key may have several values.
    pub(super) const fn is_many(self) -> bool {
        matches!(self, Self::Texts | Self::Paths | Self::Reports)
    }
}

const fn key(name: &'static str, kind: Kind, about: About) -> Key {
    Key {
        name,
        id: name,
        kind,
        about,
    }
}

use About::{BelongsToBroker, ChoosesBroker, NeedsBroker, Run};
use Kind::{Flag, Number, Path, Paths, Reports, Span, Target, Text, Texts};

/// All keys. Options that make sense for one run only have no key (`--update`, `--chaos`, `--fault`). Nor do options
/// that let scenarios read more of this machine (`--allow-files`, `--allow-env`).
pub(super) const KEYS: &[Key] = &[
    Key {
        id: "named",
        ..key("paths", Paths, Run)
    },
    key("suite", Text, Run),
    key("filter", Texts, Run),
    key("exclude", Texts, Run),
    key("protocol", Texts, Run),
    key("broker", Text, ChoosesBroker),
    key("websocket", Text, BelongsToBroker),
    key("target", Target, ChoosesBroker),
    key("ca", Path, BelongsToBroker),
    key("cert", Path, BelongsToBroker),
    key("key", Path, BelongsToBroker),
    key("insecure", Flag, BelongsToBroker),
    key("user", Text, BelongsToBroker),
    key("password_file", Path, BelongsToBroker),
    key("exclusive", Flag, BelongsToBroker),
    key("spread", Flag, BelongsToBroker),
    key("heavy", Flag, Run),
    key("jobs", Number, Run),
    key("max_wait", Span, Run),
    key("timeout_scale", Number, Run),
    key("seed", Number, Run),
    key("fail_fast", Flag, Run),
    key("retries", Number, Run),
    key("fail_flaky", Flag, Run),
    key("no_first_look", Flag, NeedsBroker),
    key("snapshots", Path, Run),
    key("no_snapshots", Flag, Run),
    key("baseline", Text, BelongsToBroker),
    key("require_reasons", Flag, NeedsBroker),
    key("tolerate", Texts, NeedsBroker),
    key("report", Reports, Run),
    key("transcripts", Text, Run),
    key("no_github", Flag, Run),
    key("verbose", Flag, Run),
];
