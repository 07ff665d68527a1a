//! The properties of version 5: their types, and their meaning in our own words. The codec knows which packets may have
//! which property.

use mqtt_check_codec::PropertyId;

use super::rows;

/// One property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PropertyFacts {
    pub id: PropertyId,
    /// The type as the standard names it, such as `Four Byte Integer`.
    pub value_type: &'static str,
    /// Whether the property may appear more than once in a packet: `no`, `yes`, or in which packet.
    pub repeats: &'static str,
    pub meaning: &'static str,
}

/// Returns every property, in ascending order.
pub fn all() -> impl Iterator<Item = PropertyFacts> {
    rows(include_str!("properties.tsv")).filter_map(|[id, value_type, repeats, meaning]| {
        Some(PropertyFacts {
            id: PropertyId(id.parse().ok()?),
            value_type,
            repeats,
            meaning,
        })
    })
}

/// Returns what the table says about this property.
pub fn find(id: PropertyId) -> Option<PropertyFacts> {
    all().find(|facts| facts.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_every_property_of_the_codec_and_no_other() {
        let ids: Vec<PropertyId> = all().map(|facts| facts.id).collect();
        assert_eq!(ids, PropertyId::ALL);
    }
}
