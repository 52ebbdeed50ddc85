//! What a model must not be asked.

use anyhow::Result;
use limbic_model::Model;
use serde_json::json;

use super::train::line;

/// Says in a JSON line that the head for all modalities together was never trained, where that is
/// so.
pub(super) fn tell(model: &Model) -> Result<()> {
    match sentence(model) {
        Some(reason) => line(&json!({ "event": "untrained", "part": "fusion", "reason": reason })),
        None => Ok(()),
    }
}

/// The same as a sentence.
pub(super) fn sentence(model: &Model) -> Option<String> {
    let modalities = model.fusion_untrained()?;
    let names: Vec<&str> = modalities.iter().map(|modality| modality.name()).collect();
    let names = names.join("+");
    Some(format!(
        "the fusion head for {names} was never trained, as no clip that was learned from has \
         all of them; it is not asked, and what is told of several is the mean of each alone"
    ))
}
