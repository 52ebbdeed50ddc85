//! A recipe as it was typed: a file, and changes to it.

use std::path::Path;

use anyhow::{Context, Result};
use limbic_model::Recipe;

/// Reads a recipe with the overrides of `--set key.of.recipe=value`.
pub(super) fn read(path: &Path, overrides: &[String]) -> Result<Recipe> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(|| {
        format!("{name}: cannot be read; give a recipe such as recipes/voice.toml")
    })?;
    if overrides.is_empty() {
        return Ok(Recipe::parse(&name, &text)?);
    }
    let mut table: toml::Value = toml::from_str(&text).with_context(|| name.clone())?;
    for change in overrides {
        let (key, value) = change
            .split_once('=')
            .with_context(|| format!("--set {change}: write key=value, as in stage.0.epochs=5"))?;
        let value = toml::from_str::<toml::Table>(&format!("value = {value}"))
            .ok()
            .and_then(|mut t| t.remove("value"))
            .unwrap_or_else(|| toml::Value::String(value.to_owned()));
        let mut place = &mut table;
        for part in key.split('.') {
            let found = match place {
                toml::Value::Array(items) => {
                    part.parse().ok().and_then(|index: usize| items.get_mut(index))
                }
                toml::Value::Table(fields) => {
                    Some(fields.entry(part).or_insert(toml::Value::Table(toml::Table::new())))
                }
                _ => None,
            };
            place = found.with_context(|| format!("--set {change}: the recipe has no `{key}`"))?;
        }
        *place = value;
    }
    Ok(Recipe::parse(&name, &toml::to_string(&table)?)?)
}
