//! The names of a packet's fields, and the bytes that each occupies.

use std::fmt;
use std::ops::Range;

/// A field's name, such as `topic`, `filter[1]`, `topic.length` or `user_properties[0].name`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldName {
    /// The name itself: the standard's term in snake case.
    pub base: &'static str,
    /// The index, from 0, of a field in a list or of one that is repeated.
    pub index: Option<usize>,
    /// Which of its bytes are meant: the value, or what is encoded before it.
    pub part: FieldPart,
}

/// The pieces in which the standard encodes a field: strings and binary data have a length before the value (sections
/// 1.5.4 and 1.5.6 of MQTT 5), and properties an identifier (2.2.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FieldPart {
    /// The value. For a string or binary field, this is what follows the length.
    Value,
    /// The two length bytes before a string or binary field.
    Length,
    /// A property's identifier.
    Id,
    /// The first half of a User Property, after its length.
    Name,
    /// The length of the first half.
    NameLength,
    /// The second half of a User Property, after its length.
    PairValue,
    /// The length of the second half.
    PairValueLength,
}

impl FieldName {
    /// Makes the name of a field that appears once.
    pub const fn new(base: &'static str) -> Self {
        Self {
            base,
            index: None,
            part: FieldPart::Value,
        }
    }

    /// Makes the name of a field in a list.
    pub const fn at(base: &'static str, index: usize) -> Self {
        Self {
            base,
            index: Some(index),
            part: FieldPart::Value,
        }
    }

    /// Makes the name of a property that follows `count_before` others of its kind. User Properties are a list; any
    /// other property has an index only if it is repeated.
    pub(crate) fn of_property(base: &'static str, count_before: usize) -> Self {
        if count_before > 0 || base.ends_with("user_properties") {
            Self::at(base, count_before)
        } else {
            Self::new(base)
        }
    }

    /// Returns the name of another part of the same field.
    pub const fn with(self, part: FieldPart) -> Self {
        Self { part, ..self }
    }
}

impl From<&'static str> for FieldName {
    fn from(base: &'static str) -> Self {
        Self::new(base)
    }
}

impl fmt::Display for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.base)?;
        if let Some(index) = self.index {
            write!(f, "[{index}]")?;
        }
        f.write_str(match self.part {
            FieldPart::Value => "",
            FieldPart::Length => ".length",
            FieldPart::Id => ".id",
            FieldPart::Name => ".name",
            FieldPart::NameLength => ".name.length",
            FieldPart::PairValue => ".value",
            FieldPart::PairValueLength => ".value.length",
        })
    }
}

/// The bytes that one field occupies in a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldSpan {
    /// The field, or the part of it.
    pub name: FieldName,
    /// The range in bytes from the start of the frame.
    pub range: Range<usize>,
}
