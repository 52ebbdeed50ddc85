//! The labels a reading speaks of, and a number for each of them.

use std::sync::Arc;

use limbic_model::{EMOTIONS, LabelKind, SHARED};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::decimals::rounded;

/// A list of labels in the order of every score, column and JSON object.
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Labels {
    /// The label set's name; `None` where the labels were given by their words.
    pub set: Option<String>,
    /// Whether one holds, any number, or each is a rating.
    #[cfg_attr(feature = "schema", schema(value_type = crate::schema::LabelKind))]
    pub kind: LabelKind,
    /// The labels.
    #[serde(with = "list")]
    #[cfg_attr(feature = "schema", schema(value_type = Vec<String>))]
    pub names: Arc<[String]>,
}

/// Names as a JSON array.
mod list {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(names: &Arc<[String]>, s: S) -> Result<S::Ok, S::Error> {
        names.as_ref().serialize(s)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Arc<[String]>, D::Error> {
        Vec::<String>::deserialize(d).map(Arc::from)
    }
}

impl Labels {
    /// The eight emotions that every model knows ([`Emotion`](crate::Emotion)).
    pub fn emotions() -> Self {
        let names = EMOTIONS.map(str::to_owned).into();
        Self { set: Some(SHARED.to_owned()), kind: LabelKind::Class, names }
    }
}

/// A number for each label, in the order of the labels. In JSON an object keyed by the names,
/// with four decimals.
#[derive(Debug, Clone, PartialEq)]
pub struct PerLabel {
    names: Arc<[String]>,
    values: Vec<f32>,
}

impl PerLabel {
    /// From a number for each of `labels`; those too many are left out.
    pub fn new(labels: &Labels, mut values: Vec<f32>) -> Self {
        values.truncate(labels.names.len());
        Self { names: Arc::clone(&labels.names), values }
    }

    /// Each label with its number.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f32)> {
        self.names.iter().map(String::as_str).zip(self.values.iter().copied())
    }

    /// The number of a label, if it is one of these.
    pub fn get(&self, label: &str) -> Option<f32> {
        self.iter().find(|(name, _)| *name == label).map(|(_, value)| value)
    }

    /// The numbers alone.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The places of the labels from the greatest number to the smallest; the order of the labels
    /// breaks ties.
    pub fn ranked(&self) -> Vec<(usize, f32)> {
        let mut ranked: Vec<(usize, f32)> = self.values.iter().copied().enumerate().collect();
        ranked.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        ranked
    }

    /// The label with the greatest number, and the number; `None` where there is no label.
    pub fn top(&self) -> Option<(&str, f32)> {
        let (place, value) = *self.ranked().first()?;
        Some((self.names.get(place)?, value))
    }

    /// The name at a place.
    pub fn name(&self, place: usize) -> &str {
        self.names.get(place).map_or("", String::as_str)
    }
}

impl Serialize for PerLabel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(label, value)| (label, rounded(value.into()))))
    }
}

impl<'de> Deserialize<'de> for PerLabel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

/// Reads an object in the order in which it is written.
struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = PerLabel;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object with a number for each label")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PerLabel, A::Error> {
        let (mut names, mut values) = (Vec::new(), Vec::new());
        while let Some((name, value)) = map.next_entry::<String, f32>()? {
            names.push(name);
            values.push(value);
        }
        Ok(PerLabel { names: names.into(), values })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_the_labels_breaks_ties() {
        let mut numbers = PerLabel::new(&Labels::emotions(), vec![0.0; 8]);
        assert_eq!(numbers.top(), Some(("neutral", 0.0)));
        numbers.values[7] = 0.5;
        numbers.values[3] = 0.5;
        assert_eq!(numbers.top(), Some(("anger", 0.5)));
        assert_eq!(numbers.ranked()[1], (7, 0.5));
        assert_eq!((numbers.get("calm"), numbers.get("awe")), (Some(0.5), None));
    }

    #[test]
    fn json_is_an_object_in_the_order_of_the_labels_with_four_decimals() {
        let names = ["zeal", "awe", "ennui"].map(str::to_owned).into();
        let labels = Labels { set: None, kind: LabelKind::Class, names };
        let numbers = PerLabel::new(&labels, vec![0.123_456, -0.000_01, -2.25, 9.0]);
        let json = serde_json::to_string(&numbers).unwrap();
        assert_eq!(json, r#"{"zeal":0.1235,"awe":0.0,"ennui":-2.25}"#);
        let back: PerLabel = serde_json::from_str(&json).unwrap();
        assert_eq!(
            back.iter().collect::<Vec<_>>(),
            [("zeal", 0.1235), ("awe", 0.0), ("ennui", -2.25)]
        );
        assert!(serde_json::from_str::<PerLabel>(r#"{"zeal":"much"}"#).is_err());
    }
}
