//! A packet's fields, kept apart so that each can be changed.

use bytes::Bytes;

use crate::encode::{BitRange, EncodeError, IntForm, Sink};
use crate::{FieldName, FieldPart};

/// A field, or a group of fields.
#[derive(Debug)]
pub(super) enum Node {
    Bits {
        name: FieldName,
        byte: u8,
        ranges: &'static [BitRange],
    },
    Int {
        name: FieldName,
        value: u32,
        form: IntForm,
    },
    Prefixed {
        name: FieldName,
        length: FieldName,
        content: Bytes,
    },
    Raw {
        name: FieldName,
        content: Bytes,
    },
    Group {
        name: FieldName,
        children: Vec<Node>,
    },
    Section {
        name: FieldName,
        length: FieldName,
        children: Vec<Node>,
    },
    Optional {
        is_present: bool,
        children: Vec<Node>,
    },
}

impl Node {
    /// Whether a lie can name this field, or one within it.
    pub(super) fn has(&self, field: &str) -> bool {
        match self {
            Self::Bits { name, ranges, .. } => {
                is(*name, field) || ranges.iter().any(|r| is(bit_name(*name, r), field))
            }
            Self::Int { name, .. } | Self::Raw { name, .. } => is(*name, field),
            Self::Prefixed { name, length, .. } => is(*name, field) || is(*length, field),
            Self::Group { name, children } => {
                is(*name, field) || children.iter().any(|c| c.has(field))
            }
            Self::Section {
                name,
                length,
                children,
            } => {
                let here = is(*name, field) || is(*length, field);
                here || children.iter().any(|c| c.has(field))
            }
            Self::Optional { children, .. } => children.iter().any(|c| c.has(field)),
        }
    }

    /// Collects every name that a lie can use, in wire order.
    pub(super) fn names(&self, names: &mut Vec<FieldName>) {
        let children = match self {
            Self::Bits { name, ranges, .. } => {
                names.push(*name);
                names.extend(ranges.iter().map(|range| bit_name(*name, range)));
                return;
            }
            Self::Int { name, .. } | Self::Raw { name, .. } => {
                names.push(*name);
                return;
            }
            Self::Prefixed { name, length, .. } => {
                names.extend([*length, *name]);
                return;
            }
            // A property and its value have the same name.
            Self::Group { name, children } => {
                if !children.iter().any(|child| child.has(&name.to_string())) {
                    names.push(*name);
                }
                children
            }
            Self::Section {
                name,
                length,
                children,
            } => {
                names.extend([*length, *name]);
                children
            }
            Self::Optional { children, .. } => children,
        };
        for child in children {
            child.names(names);
        }
    }
}

/// Returns the name of some bits of a byte, with the same index as the byte.
pub(super) fn bit_name(byte: FieldName, range: &BitRange) -> FieldName {
    FieldName {
        base: range.name,
        index: byte.index,
        part: FieldPart::Value,
    }
}

/// Whether `text` names this field. Without an index it means the first.
pub(super) fn is(name: FieldName, text: &str) -> bool {
    let first = FieldName {
        index: None,
        ..name
    };
    name.to_string() == text || name.index == Some(0) && first.to_string() == text
}

/// Builds the tree.
pub(super) struct Builder {
    nodes: Vec<Node>,
}

impl Builder {
    pub(super) fn build(walk: impl FnOnce(&mut dyn Sink)) -> Vec<Node> {
        let mut builder = Self { nodes: Vec::new() };
        walk(&mut builder);
        builder.nodes
    }
}

impl Sink for Builder {
    fn bits(&mut self, name: FieldName, byte: u8, ranges: &'static [BitRange]) {
        self.nodes.push(Node::Bits { name, byte, ranges });
    }

    fn int(&mut self, name: FieldName, value: u32, form: IntForm) {
        self.nodes.push(Node::Int { name, value, form });
    }

    fn prefixed(&mut self, name: FieldName, length: FieldName, content: &[u8]) {
        let content = Bytes::copy_from_slice(content);
        self.nodes.push(Node::Prefixed {
            name,
            length,
            content,
        });
    }

    fn raw(&mut self, name: FieldName, content: &[u8]) {
        let content = Bytes::copy_from_slice(content);
        self.nodes.push(Node::Raw { name, content });
    }

    fn group(&mut self, name: FieldName, body: &mut dyn FnMut(&mut dyn Sink)) {
        let children = Self::build(|sink| body(sink));
        self.nodes.push(Node::Group { name, children });
    }

    fn section(&mut self, name: FieldName, length: FieldName, body: &dyn Fn(&mut dyn Sink)) {
        let children = Self::build(|sink| body(sink));
        self.nodes.push(Node::Section {
            name,
            length,
            children,
        });
    }

    fn optional(&mut self, is_present: bool, body: &mut dyn FnMut(&mut dyn Sink)) {
        let children = Self::build(|sink| body(sink));
        self.nodes.push(Node::Optional {
            is_present,
            children,
        });
    }

    fn report(&mut self, _: EncodeError) {}
}
