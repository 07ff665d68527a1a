//! The names of a packet's fields, and the bytes that each occupies.

use std::fmt;
use std::ops::Range;

/// A field's name, such as `topic`, `filter[1]`, `topic.length` or `user_properties[0].name`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldName {
    /// The name itself, in snake case, in the standard's own terms.
    pub base: &'static str,
    /// Which one, counted from 0, of those that stand in lists or stand twice.
    pub index: Option<usize>,
    /// Which part of the field.
    pub part: FieldPart,
}

/// A part of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FieldPart {
    /// The value (of a string or binary field: what follows the length).
    Value,
    /// The two length bytes in front of a string or binary field.
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
    /// A field that stands once.
    pub const fn new(base: &'static str) -> Self {
        Self {
            base,
            index: None,
            part: FieldPart::Value,
        }
    }

    /// One of a list.
    pub const fn at(base: &'static str, index: usize) -> Self {
        Self {
            base,
            index: Some(index),
            part: FieldPart::Value,
        }
    }

    /// A property that stands behind `count_before` of its kind: User Properties are a list, another has an
    /// index only where it stands again.
    pub(crate) fn of_property(base: &'static str, count_before: usize) -> Self {
        if count_before > 0 || base.ends_with("user_properties") {
            Self::at(base, count_before)
        } else {
            Self::new(base)
        }
    }

    /// Another part of the same field.
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

/// The bytes that one field takes up in a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldSpan {
    /// Which field, or which part of it.
    pub name: FieldName,
    /// In bytes from the start of the frame.
    pub range: Range<usize>,
}
