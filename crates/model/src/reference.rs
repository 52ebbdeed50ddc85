//! Names and layouts of the authors' weights, so that their checkpoints can be read and their
//! numbers compared.

mod adopt;

pub use adopt::Found;

/// Where one of our weights comes from in an author's state dict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The name there, relative to the same part.
    pub name: String,
    /// How the numbers lie there.
    pub layout: Layout,
}

/// How the numbers of a weight lie in an author's state dict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// As here.
    Same,
    /// Rows are columns here: linear layers are `(out, in)` there and `[in, out]` here, and so are
    /// convolutions of one place, `(out, in, 1, ..)` there.
    Transposed,
}

impl Origin {
    /// A weight that lies there as it does here.
    pub fn same(name: impl Into<String>) -> Self {
        Self { name: name.into(), layout: Layout::Same }
    }

    /// The weight of a linear layer.
    pub fn transposed(name: impl Into<String>) -> Self {
        Self { name: name.into(), layout: Layout::Transposed }
    }

    /// The `weight` or `bias` of the linear layer `name`, which may be a convolution of kernel 1
    /// there.
    pub fn linear(name: &str, field: &str) -> Option<Self> {
        match field {
            "weight" => Some(Self::transposed(format!("{name}.weight"))),
            "bias" => Some(Self::same(format!("{name}.bias"))),
            _ => None,
        }
    }

    /// A weight or a running statistic of the normalisation `name`, by layer or by batch.
    pub fn norm(name: &str, field: &str) -> Option<Self> {
        match field {
            "gamma" => Some(Self::same(format!("{name}.weight"))),
            "beta" => Some(Self::same(format!("{name}.bias"))),
            "running_mean" | "running_var" => Some(Self::same(format!("{name}.{field}"))),
            _ => None,
        }
    }

    /// The same weight, seen from outside the part that is called `part` there.
    #[must_use]
    pub fn within(self, part: &str) -> Self {
        Self { name: format!("{part}.{}", self.name), ..self }
    }
}

impl Layout {
    /// The values of a weight of shape `ours`, from the values as they lie there.
    pub fn bring(self, values: Vec<f32>, ours: &[usize]) -> Vec<f32> {
        match (self, ours) {
            (Self::Transposed, &[rows, columns]) => {
                (0..rows * columns).map(|i| values[i % columns * rows + i / columns]).collect()
            }
            _ => values,
        }
    }
}
