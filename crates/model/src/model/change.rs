//! The same model with something about it changed.

use burn::module::{Flag, Module, ModuleMapper, ModuleVisitor, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Int, Tensor, TensorData};
use limbic_media::{Modality, PerModality};

use super::{Branch, Model};
use crate::checkpoint::stable;
use crate::encode::entry::Entry;
use crate::project::ProjectorConfig;
use crate::trunk::Trunk;
use crate::{Error, Head, Result};

impl Model {
    pub(super) fn branch_mut(&mut self, modality: Modality) -> Option<&mut Branch> {
        match modality {
            Modality::Text => self.text.as_mut(),
            Modality::Audio => self.audio.as_mut(),
            Modality::Vision => self.vision.as_mut(),
            Modality::Body => self.body.as_mut(),
        }
    }

    pub(super) fn branches_mut(&mut self) -> impl Iterator<Item = &mut Branch> {
        [&mut self.text, &mut self.audio, &mut self.vision, &mut self.body].into_iter().flatten()
    }

    /// Sets the statistics with which a series or picture input is standardised, where its recipe
    /// wants that.
    #[must_use]
    pub fn standardised(mut self, modality: Modality, mean: &[f32], deviation: &[f32]) -> Self {
        if let Some(branch) = self.branch_mut(modality) {
            match &mut branch.encoder.entry {
                Entry::Series(entry) | Entry::Picture(entry) => {
                    *entry = entry.with(mean, deviation);
                }
                Entry::Tokens(_) | Entry::Video(_) => {}
            }
        }
        self
    }

    /// Starts a token table from word vectors: `rows` holds `(token id, vector)`.
    #[must_use]
    pub fn with_word_vectors(mut self, rows: &[(usize, Vec<f32>)]) -> Self {
        if let Some(branch) = &mut self.text
            && let Entry::Tokens(table) = &mut branch.encoder.entry
        {
            let weight = table.weight.val();
            let ([rows_total, size], device) = (weight.dims(), weight.device());
            let mut values: Vec<f32> = weight.into_data().iter::<f32>().collect();
            for (id, vector) in rows {
                if let Some(row) = values.get_mut(id * size..(id + 1) * size) {
                    row.copy_from_slice(&vector[..size]);
                }
            }
            let data = TensorData::new(values, [rows_total, size]);
            table.weight = Param::from_tensor(Tensor::from_data(data, &device));
        }
        self
    }

    /// The same model, in which `modality` is known to have learned nothing of `sets`: what its heads
    /// would add to the words of their classes is nothing, and stays so.
    #[must_use]
    pub fn with_blank(mut self, modality: Modality, sets: &[String]) -> Self {
        let words = self.words.is_some();
        if let Some(branch) = self.branch_mut(modality) {
            for (set, head) in branch.sets.iter().zip(&mut branch.heads) {
                if let Head::Rows(rows) = head
                    && words
                    && sets.contains(&set.name)
                {
                    rows.weight = Param::from_tensor(rows.weight.val().zeros_like());
                    let bias = rows.bias.take();
                    rows.bias = bias.map(|bias| Param::from_tensor(bias.val().zeros_like()));
                }
            }
            branch.blank = sets.to_vec();
        }
        self
    }

    /// The classes whose rows are words, in the order of the rows; empty where rows are learned.
    pub fn worded(&self) -> Vec<String> {
        let branches = [&self.text, &self.audio, &self.vision, &self.body];
        let branch = branches.into_iter().flatten().next().filter(|_| self.words.is_some());
        let sets = branch.map_or(&[][..], |branch| branch.trained_sets());
        sets.iter().flat_map(|set| set.classes.iter().cloned()).collect()
    }

    /// Gives the classes of [`worded`](Self::worded) their word vectors.
    ///
    /// # Errors
    /// [`Error::Key`] where a vector is not of the recipe's size.
    pub fn with_class_vectors(mut self, rows: &[Vec<f32>]) -> Result<Self> {
        self.words = self.words.map(|words| words.with_rows(rows)).transpose()?;
        Ok(self)
    }

    /// Adds a class to a label set whose rows are words: its word vector is all it takes, and the
    /// scores of the others stay as they are, to the last bit.
    ///
    /// # Errors
    /// [`Error::NoHead`] for a set that the model does not know, [`Error::Key`] where its rows are
    /// not words, or `row` is not of their size.
    pub fn with_class(mut self, set: &str, class: &str, row: &[f32]) -> Result<Self> {
        let words = self.words.take().ok_or_else(|| Error::Key {
            key: "model.head".to_owned(),
            reason: "has learned rows, to which no class can be added; write `words`".to_owned(),
        })?;
        let mut end = 0;
        for branch in self.branches_mut() {
            let place = branch.trained_position(set)?;
            branch.sets[place].classes.push(class.to_owned());
            if let Some(Head::Rows(rows)) = branch.heads.get_mut(place) {
                *rows = with_blank(rows);
            }
            end = branch.sets[..=place].iter().map(|set| set.classes.len()).sum();
        }
        let last = words.classes();
        let order: Vec<usize> =
            (0..end - 1).chain(std::iter::once(last)).chain(end - 1..last).collect();
        self.words = Some(words.with_row(row)?.select(&order));
        Ok(self)
    }

    /// The same weights with the classes of a worded label set that `classes` names, in its order.
    ///
    /// # Errors
    /// [`Error::NoHead`] for a set that the model does not know.
    pub fn with_classes(mut self, set: &str, classes: &[usize]) -> Result<Self> {
        let whole = self.branches_mut().next().is_some_and(|branch| {
            let known = branch.trained_position(set).map(|place| branch.sets[place].classes.len());
            known.is_ok_and(|known| classes.iter().copied().eq(0..known))
        });
        let Some(words) = self.words.take_if(|_| !whole) else { return Ok(self) };
        let (mut before, mut count) = (0, 0);
        for branch in self.branches_mut() {
            let place = branch.trained_position(set)?;
            before = branch.sets[..place].iter().map(|set| set.classes.len()).sum();
            let own = &mut branch.sets[place].classes;
            count = own.len();
            if let Some(Head::Rows(rows)) = branch.heads.get_mut(place) {
                let kept = classes.iter().copied().filter(|class| *class < count);
                *rows = with_rows(rows, &kept.collect::<Vec<_>>());
            }
            let own = &mut branch.sets[place].classes;
            *own = classes.iter().filter_map(|class| own.get(*class).cloned()).collect();
        }
        let chosen = classes.iter().filter(|class| **class < count).map(|class| before + class);
        let rest = before + count..words.classes();
        self.words = Some(words.select(&(0..before).chain(chosen).chain(rest).collect::<Vec<_>>()));
        Ok(self)
    }

    /// The same model, whose head for all modalities together is known never to have been trained,
    /// or to have been.
    #[must_use]
    pub fn with_fusion_untrained(mut self, untrained: bool) -> Self {
        if let Some(joint) = &mut self.joint {
            joint.untrained = untrained;
        }
        self
    }

    /// This model with the branches of another beside its own.
    #[must_use]
    pub fn joined(self, other: Self) -> Self {
        Self {
            text: self.text.or(other.text),
            audio: self.audio.or(other.audio),
            vision: self.vision.or(other.vision),
            body: self.body.or(other.body),
            trunk: self.trunk.or(other.trunk),
            joint: self.joint.or(other.joint),
            fusion: self.fusion.or(other.fusion),
            words: self.words.or(other.words),
        }
    }

    /// Whether its branches share something, so that no other can stand beside them.
    pub(crate) const fn shares(&self) -> bool {
        self.trunk.is_some()
            || self.joint.is_some()
            || self.fusion.is_some()
            || self.words.is_some()
    }

    /// Gives branches fresh projectors to `out` numbers, for views of these widths.
    #[must_use]
    pub fn with_projectors(
        mut self,
        widths: &PerModality<usize>,
        out: usize,
        device: &Device,
    ) -> Self {
        for (modality, width) in widths.iter() {
            if let Some(branch) = self.branch_mut(modality) {
                let config = ProjectorConfig { size: *width, hidden: *width, out };
                branch.projector = Some(config.init(device));
            }
        }
        self
    }

    /// The beginning of the names of the last layer that a modality's encoder has: of the one that
    /// makes the view, where there is one.
    pub fn last_layer(&self, modality: Modality) -> Option<String> {
        self.branch(modality)?;
        let view = format!("{modality}.encoder.view.");
        let mut names = Names::default();
        self.visit(&mut names);
        // A trunk over steps makes the view, and passes the encoder's own projection by.
        let passed = self.trunk.as_ref().is_some_and(Trunk::reads_steps);
        if !passed && names.found.iter().any(|name| name.starts_with(&view)) {
            return Some(view);
        }
        let body = format!("{modality}.encoder.body.");
        let last = names.found.iter().rev().find(|name| name.starts_with(&body))?;
        let (layer, _) = last.rsplit_once('.')?;
        Some(format!("{layer}."))
    }

    /// Replaces every weight by what `mapper` makes of it.
    #[must_use]
    pub fn mapped(self, mapper: &mut impl ModuleMapper) -> Self {
        Module::map(self, mapper)
    }

    /// This model, sharing its weights, as a step looks with it: parts whose weights `moves`
    /// refuses are still (nothing is dropped in them, their norms read running statistics), and
    /// so are encoders and trunk where `still` is set. Gradients flow through all of it.
    #[must_use]
    pub fn looking(&self, still: bool, moves: impl Fn(&str) -> bool) -> Self {
        // A copy for use brings in the last update of running statistics, which norms that only
        // read them would miss.
        drop(self.valid());
        let quiet = |path: &str| {
            let views = path.starts_with("trunk.") || path.split('.').nth(1) == Some("encoder");
            (still && views) || !moves(path)
        };
        self.clone().mapped(&mut Quiet { quiet, path: Vec::new() })
    }
}

/// Learned rows and one more, which adds nothing to its word.
fn with_blank(rows: &Linear) -> Linear {
    let weight = rows.weight.val().detach();
    let ([width, _], device) = (weight.dims(), weight.device());
    let bias = rows.bias.as_ref().map(|bias| {
        let bias = bias.val().detach();
        Param::from_tensor(Tensor::cat(vec![bias, Tensor::zeros([1], &device)], 0).detach())
    });
    let blank = Tensor::zeros([width, 1], &device);
    Linear { weight: Param::from_tensor(Tensor::cat(vec![weight, blank], 1).detach()), bias }
}

/// The learned rows of `classes`, in their order.
fn with_rows(rows: &Linear, classes: &[usize]) -> Linear {
    let indices: Vec<i64> = classes.iter().map(|class| *class as i64).collect();
    let data = TensorData::new(indices, [classes.len()]);
    let indices = Tensor::<1, Int>::from_data(data, &rows.weight.val().device());
    Linear {
        weight: Param::from_tensor(rows.weight.val().select(1, indices.clone()).detach()),
        bias: rows
            .bias
            .as_ref()
            .map(|bias| Param::from_tensor(bias.val().select(0, indices).detach())),
    }
}

/// The names of matrices, in the order of the layers.
#[derive(Default)]
struct Names {
    path: Vec<String>,
    found: Vec<String>,
}

impl ModuleVisitor for Names {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, _param: &Param<Tensor<D>>) {
        if D > 1 {
            self.found.push(stable(&self.path));
        }
    }
}

/// Stops training in every way but gradients, by path.
struct Quiet<F> {
    quiet: F,
    path: Vec<String>,
}

impl<F: Fn(&str) -> bool> ModuleMapper for Quiet<F> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_flag(&mut self, flag: Param<Flag>) -> Param<Flag> {
        if (self.quiet)(&stable(&self.path)) { flag.with_value(false) } else { flag }
    }
}
