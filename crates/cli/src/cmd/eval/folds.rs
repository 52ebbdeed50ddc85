//! Checkpoints of several folds, each asked about the clips that it left out, scored as one.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use super::asked::Asked;
use super::plan::{self, Plan};
use super::{Gathered, Given, gather};
use crate::args::Eval;

/// What the first checkpoint answered, and beside it what each of the others does about the clips
/// that its own training left out; or the sentence of a refusal.
pub(super) fn with(
    typed: &Eval,
    first: Gathered,
    others: &[Given],
) -> Result<Result<Option<Gathered>, String>> {
    let mut all = first;
    for given in others {
        let corpus = match &typed.on {
            Some(path) => crate::cmd::data::open(path, &typed.manifest)?,
            None => plan::corpus(&all.plan.card.name, &typed.data)?,
        };
        let plan = Plan::new(all.plan.path.clone(), &*corpus, &given.checkpoint, typed.part)?;
        let known: BTreeSet<&str> = all.plan.test.iter().map(|clip| clip.id.as_str()).collect();
        if let Some(clip) = plan.test.iter().find(|clip| known.contains(clip.id.as_str())) {
            bail!(
                "{}: has left out `{}`, as a checkpoint before it did; give checkpoints of \
                 different folds",
                given.name,
                clip.id
            );
        }
        match gather(typed, given, plan)? {
            Err(sentence) => return Ok(Err(sentence)),
            Ok(None) => bail!(
                "{}: answers to none of the labels of {}; give checkpoints of one recipe",
                given.name,
                all.plan.card.name
            ),
            Ok(Some(more)) => all.extend(more),
        }
    }
    Ok(Ok(Some(all)))
}

impl Gathered {
    fn extend(&mut self, more: Self) {
        self.plan.test.extend(more.plan.test);
        "the clips that each fold's training left out, together".clone_into(&mut self.plan.chosen);
        self.skipped.extend(more.skipped);
        let (found, reason) = &mut self.allowed;
        let (others, others_reason) = more.allowed;
        for what in others.checked {
            if !found.checked.contains(&what) {
                found.checked.push(what);
            }
        }
        found.any |= others.any;
        found.overlaps.extend(others.overlaps);
        found.left_out += others.left_out;
        *reason = reason.take().or(others_reason);
        for asked in more.asked {
            match self.asked.iter_mut().find(|own| own.map.name == asked.map.name) {
                Some(own) => own.extend(asked),
                None => self.asked.push(asked),
            }
        }
    }
}

impl Asked {
    fn extend(&mut self, more: Self) {
        for said in more.said {
            let same = |own: &&mut super::asked::Said| {
                own.modalities == said.modalities && own.change == said.change
            };
            match self.said.iter_mut().find(same) {
                Some(own) => own.answers.extend(said.answers),
                None => self.said.push(said),
            }
        }
    }
}
