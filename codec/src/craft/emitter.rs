//! Writes the fields of a packet, including deliberate errors.

use bytes::Bytes;

use super::tree::{Node, bit_name, is};
use super::{CraftError, Lie};
use crate::encode::{BitRange, IntForm};
use crate::{FieldName, varint};

/// The maximum number of bytes that are written: the size of the largest possible packet.
const MAX_SIZE: usize = varint::MAX as usize + 5;

pub(super) struct Emitter<'a> {
    pub(super) lies: &'a [Lie],
}

impl Emitter<'_> {
    pub(super) fn nodes(&self, nodes: &[Node], out: &mut Vec<u8>) -> Result<(), CraftError> {
        nodes.iter().try_for_each(|node| self.node(node, None, out))
    }

    /// Writes a node. `group` is the property that contains it. A value has the same name as its property, so lies
    /// about copies and neighbours are applied to the property only.
    fn node(
        &self,
        node: &Node,
        group: Option<FieldName>,
        out: &mut Vec<u8>,
    ) -> Result<(), CraftError> {
        match node {
            Node::Bits { name, byte, ranges } => {
                let byte = self.byte(*name, *byte, ranges)?;
                self.leaf(*name, group, &[byte], out)
            }
            Node::Int { name, value, form } => {
                let width = match form {
                    IntForm::Variable => self.variable_width(*name, *value)?,
                    _ => self.check_no_widen(*name).map(|()| form.size(*value))?,
                };
                let bytes: Vec<u8> = match form {
                    IntForm::Variable => varint::bytes(*value, width).collect(),
                    _ => value.to_be_bytes()[4 - width..].to_vec(),
                };
                self.leaf(*name, group, &bytes, out)
            }
            Node::Raw { name, content } => {
                self.check_no_widen(*name)?;
                self.leaf(*name, group, content, out)
            }
            Node::Prefixed {
                name,
                length,
                content,
            } => {
                self.check_no_widen(*name)?;
                self.placed(*name, group, out, |out| {
                    self.prefixed(*name, *length, content, out)
                })
            }
            Node::Group { name, children } => self.placed(*name, None, out, |out| {
                let is_property = children.iter().any(|c| c.has(&name.to_string()));
                match self.content(*name) {
                    Some(bytes) if !is_property => out.extend_from_slice(bytes),
                    _ => {
                        for child in children {
                            self.node(child, Some(*name), out)?;
                        }
                    }
                }
                Ok(())
            }),
            Node::Section {
                name,
                length,
                children,
            } => {
                self.check_no_widen(*name)?;
                self.placed(*name, group, out, |out| {
                    self.section(*name, *length, children, out)
                })
            }
            Node::Optional {
                is_present,
                children,
            } => {
                if *is_present || self.requires_any(children) {
                    return self.nodes(children, out);
                }
                Ok(())
            }
        }
    }

    /// Whether a lie requires one of these fields to be present.
    fn requires_any(&self, nodes: &[Node]) -> bool {
        let wanted = self.lies.iter().filter(|l| !matches!(l, Lie::Omit { .. }));
        wanted
            .filter_map(Lie::field)
            .any(|field| nodes.iter().any(|node| node.has(field)))
    }

    /// Returns the lies about this field.
    fn lies_about(&self, name: FieldName) -> impl Iterator<Item = &Lie> {
        let is_about = move |lie: &&Lie| lie.field().is_some_and(|field| is(name, field));
        self.lies.iter().filter(is_about)
    }

    /// Returns the bytes that replace the field's content. The last such lie counts.
    fn content(&self, name: FieldName) -> Option<&Bytes> {
        let content = self.lies_about(name).filter_map(|lie| match lie {
            Lie::Override { bytes, .. } => Some(bytes),
            _ => None,
        });
        content.last()
    }

    /// Returns the number of bytes in which this Variable Byte Integer is written.
    fn variable_width(&self, name: FieldName, value: u32) -> Result<usize, CraftError> {
        let widths = self.lies_about(name).filter_map(|lie| match lie {
            Lie::Widen { width, .. } => Some(usize::from(*width)),
            _ => None,
        });
        let size = varint::size(value);
        match widths.last() {
            None => Ok(size),
            Some(width) if (size..=8).contains(&width) => Ok(width),
            Some(width) => {
                let problem = format!("is {value}, which cannot be written in {width} bytes");
                Err(CraftError::impossible(name, problem))
            }
        }
    }

    /// Checks that no lie changes the width of a field that is not a Variable Byte Integer.
    fn check_no_widen(&self, name: FieldName) -> Result<(), CraftError> {
        match self
            .lies_about(name)
            .any(|lie| matches!(lie, Lie::Widen { .. }))
        {
            true => {
                let problem = "is not a Variable Byte Integer, so its width cannot change";
                Err(CraftError::impossible(name, problem))
            }
            false => Ok(()),
        }
    }

    /// Returns the byte with its changed bits.
    fn byte(&self, name: FieldName, mut byte: u8, ranges: &[BitRange]) -> Result<u8, CraftError> {
        self.check_no_widen(name)?;
        for range in ranges {
            let bits = bit_name(name, range);
            for lie in self.lies_about(bits) {
                let Lie::Override { bytes, .. } = lie else {
                    let problem =
                        format!("is smaller than a byte: only {name} can be changed this way");
                    return Err(CraftError::impossible(bits, problem));
                };
                let mask = ((1_u16 << range.width) - 1) as u8;
                let value = match bytes[..] {
                    [value] if value <= mask => value,
                    _ => {
                        let problem = format!("needs one byte from 00 to {mask:02x}");
                        return Err(CraftError::impossible(bits, problem));
                    }
                };
                byte = byte & !(mask << range.shift) | value << range.shift;
            }
        }
        Ok(byte)
    }

    fn leaf(
        &self,
        name: FieldName,
        group: Option<FieldName>,
        honest: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), CraftError> {
        self.placed(name, group, out, |out| {
            out.extend_from_slice(self.content(name).map_or(honest, |bytes| bytes));
            Ok(())
        })
    }

    fn prefixed(
        &self,
        name: FieldName,
        length: FieldName,
        honest: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), CraftError> {
        self.check_no_widen(length)?;
        let content = self.content(name).map_or(honest, |bytes| bytes);
        let size = match self.content(length) {
            Some(_) => 0,
            None => u16::try_from(content.len()).map_err(|_| {
                let problem = "has more than 65535 bytes, so its length must be changed too";
                CraftError::impossible(name, problem)
            })?,
        };
        self.leaf(length, None, &size.to_be_bytes(), out)?;
        out.extend_from_slice(content);
        Ok(())
    }

    fn section(
        &self,
        name: FieldName,
        length: FieldName,
        children: &[Node],
        out: &mut Vec<u8>,
    ) -> Result<(), CraftError> {
        let mut content = Vec::new();
        match self.content(name) {
            Some(bytes) => content.extend_from_slice(bytes),
            None => self.nodes(children, &mut content)?,
        }
        for lie in self.lies_about(name) {
            if let Lie::Append(bytes) | Lie::Properties(bytes) = lie {
                content.extend_from_slice(bytes);
            }
        }
        let size = match self.content(length) {
            Some(_) => 0,
            None => u32::try_from(content.len())
                .ok()
                .filter(|size| *size <= varint::MAX)
                .ok_or_else(|| {
                    let problem = "is too long for a length, which must be changed too";
                    CraftError::impossible(name, problem)
                })?,
        };
        let width = self.variable_width(length, size)?;
        let bytes: Vec<u8> = varint::bytes(size, width).collect();
        self.leaf(length, None, &bytes, out)?;
        out.append(&mut content);
        Ok(())
    }

    /// Writes the field as many times as the lies require, between its neighbours.
    fn placed(
        &self,
        name: FieldName,
        group: Option<FieldName>,
        out: &mut Vec<u8>,
        write: impl Fn(&mut Vec<u8>) -> Result<(), CraftError>,
    ) -> Result<(), CraftError> {
        if group == Some(name) {
            return write(out);
        }
        for lie in self.lies_about(name) {
            if let Lie::Before { bytes, .. } = lie {
                out.extend_from_slice(bytes);
            }
        }
        let mut times = 1_u32;
        for lie in self.lies_about(name) {
            match lie {
                Lie::Omit { .. } => times = 0,
                Lie::Repeat { more, .. } => times += u32::from(*more),
                _ => {}
            }
        }
        for _ in 0..times {
            write(out)?;
            if out.len() > MAX_SIZE {
                let problem = format!("makes the packet larger than {MAX_SIZE} bytes");
                return Err(CraftError::impossible(name, problem));
            }
        }
        for lie in self.lies_about(name) {
            if let Lie::After { bytes, .. } = lie {
                out.extend_from_slice(bytes);
            }
        }
        Ok(())
    }
}
