//! Results for people: Markdown for a repository, and one HTML file for everyone else.

mod figures;
mod html;
mod markdown;
mod plot;
mod words;

pub use html::{Playable, html};
pub use markdown::{comparison, markdown};
