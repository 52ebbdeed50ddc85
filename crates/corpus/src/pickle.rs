//! Pickles as data. A pickle is a program for a stack machine that may call anything of Python;
//! this machine knows values, containers and numpy arrays, calls nothing, and refuses whatever
//! else a pickle asks for by its name. Instructions: `CPython`, `Lib/pickletools.py`, protocols 0
//! to 5.
//!
//! Values lie side by side and name each other by number, as pickles share them: a small pickle
//! that unfolds into a huge one stays small, and one that holds itself does no harm.

mod array;
mod machine;
mod numpy;
#[cfg(test)]
mod tests;
mod value;

use std::io::{BufRead, BufReader};
use std::path::Path;

pub(crate) use self::array::Numbers;
use self::machine::Machine;
use self::value::{Node, NodeId};
use crate::{Error, Result};

/// What a pickle may ask for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Bytes of the file.
    pub(crate) bytes: u64,
    /// Instructions; each makes one value at most.
    pub(crate) steps: usize,
}

impl Limits {
    /// Enough for the aligned vectors of CMU-MOSEI.
    pub(crate) const USUAL: Self = Self { bytes: 8 << 30, steps: 1 << 24 };
}

/// The values of a pickle.
pub(crate) struct Pickle {
    nodes: Vec<Node>,
    top: NodeId,
}

/// One value of a pickle.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pickle: &'a Pickle,
    node: NodeId,
}

impl Pickle {
    /// Reads a pickle and runs nothing of it.
    ///
    /// # Errors
    /// [`Error::Io`], or [`Error::Corpus`] where it is cut, too large, or asks for more than
    /// values, containers and numpy arrays.
    pub(crate) fn read(path: &Path, limits: Limits) -> Result<Self> {
        let file = std::fs::File::open(path).map_err(Error::io(path))?;
        let size = file.metadata().map_err(Error::io(path))?.len();
        if size > limits.bytes {
            let reason = format!(
                "is {} MiB large and more than {} MiB; take the file of aligned vectors, or one a part",
                size >> 20,
                limits.bytes >> 20
            );
            return Err(Error::corpus(path, reason));
        }
        Self::parse(Box::new(BufReader::new(file)), size, limits.steps).map_err(|reason| {
            Error::corpus(path, format!("is no pickle that limbic reads: {reason}"))
        })
    }

    fn parse(
        source: Box<dyn BufRead + '_>,
        size: u64,
        steps: usize,
    ) -> std::result::Result<Self, String> {
        let (nodes, top) = Machine::new(source, size, steps).run()?;
        Ok(Self { nodes, top })
    }

    /// What it holds.
    pub(crate) const fn top(&self) -> View<'_> {
        View { pickle: self, node: self.top }
    }
}

impl<'a> View<'a> {
    fn node(self) -> &'a Node {
        &self.pickle.nodes[self.node.index()]
    }

    const fn at(self, node: NodeId) -> Self {
        Self { pickle: self.pickle, node }
    }

    /// The value under a key of a dictionary.
    pub(crate) fn get(self, key: &str) -> Option<Self> {
        let Node::Dict(pairs) = self.node() else { return None };
        let found = pairs.iter().rev().find(|(name, _)| self.at(*name).text() == Some(key));
        found.map(|(_, value)| self.at(*value))
    }

    /// A text; bytes count where they are UTF-8, as Python 2 wrote them.
    pub(crate) fn text(self) -> Option<&'a str> {
        match self.node() {
            Node::Text(text) => Some(text),
            Node::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// A number.
    pub(crate) fn number(self) -> Option<f64> {
        match self.node() {
            Node::Int(number) => Some(*number as f64),
            Node::Float(number) => Some(*number),
            Node::Bool(truth) => Some(f64::from(u8::from(*truth))),
            _ => None,
        }
    }

    /// The items of a list, a tuple, a set or an array of objects.
    pub(crate) fn items(self) -> Option<impl ExactSizeIterator<Item = Self> + 'a> {
        let items = match self.node() {
            Node::List(items) | Node::Tuple(items) | Node::Set(items) => items,
            Node::Array(array) => match self.at(array.data).node() {
                Node::List(items) => items,
                _ => return None,
            },
            _ => return None,
        };
        Some(items.iter().map(move |item| self.at(*item)))
    }

    /// The texts of a list or an array.
    pub(crate) fn texts(self) -> Option<Vec<String>> {
        match self.items() {
            Some(items) => items.map(|item| item.text().map(str::to_owned)).collect(),
            None => self.array_texts(),
        }
    }

    /// The numbers of a list or an array of one dimension, or of one column.
    pub(crate) fn numbers(self) -> Option<Vec<f64>> {
        if let Some(items) = self.items() {
            return items.map(|item| item.number().or_else(|| item.only_number())).collect();
        }
        let array = self.array().ok()?;
        (0..array.len()).map(|index| array.flat(index)).collect()
    }

    /// The number of an array that holds one.
    fn only_number(self) -> Option<f64> {
        let array = self.array().ok().filter(|array| array.len() == 1)?;
        array.flat(0)
    }
}
