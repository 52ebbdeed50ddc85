//! Fused operations on burn's CPU backend, with their gradients.
//!
//! What burn's generic operations do slowly for the shapes of this field has its kernel here,
//! callable on every tensor of [`Device::flex`](burn::tensor::Device), with autodiff or without.

mod adam;
mod convolve;
mod dropout;
mod flat;
mod memory;
mod normalise;
mod product;
mod recurrent;
mod wide;
mod window;

pub use adam::{AdamStep, Moved, adam};
pub use convolve::convolve;
pub use dropout::dropout;
pub use memory::keep_free_memory;
pub use normalise::{Normalised, normalise};
pub use recurrent::{RecurrentWeights, Rule, recurrent};
pub use window::Window;
