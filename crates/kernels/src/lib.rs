//! Fused operations on burn's CPU backend, with their gradients.
//!
//! What burn's generic operations do slowly for the shapes of this field has its kernel here,
//! callable on every tensor of [`Device::flex`](burn::tensor::Device), with autodiff or without.

mod adam;
#[cfg(test)]
mod astray;
mod attention;
#[cfg(test)]
mod check;
mod columns;
mod convolve;
mod depthwise;
mod dropout;
mod entry;
mod flat;
mod global_norm;
mod glu;
mod layer_norm;
mod linear;
mod memory;
mod node_norm;
mod normalise;
mod product;
mod recurrent;
mod residual;
mod squash;
mod sums;
mod temporal;
mod watch;
mod wide;
mod window;

pub use adam::{AdamStep, Moved, adam};
pub use attention::{Attention, attention};
pub use convolve::convolve;
pub use depthwise::depthwise;
pub use dropout::dropout;
pub use entry::{Activation, Entry};
pub use global_norm::global_norm;
pub use glu::glu;
pub use layer_norm::layer_norm;
pub use linear::linear;
pub use memory::{Allocator, keep_free_memory};
pub use node_norm::{NodesNormalised, normalise_nodes};
pub use normalise::{Normalised, normalise};
pub use recurrent::{RecurrentWeights, Rule, recurrent};
pub use residual::residual;
pub use temporal::temporal;
pub use watch::{Products, best_product_rate, watch_products};
pub use window::Window;
