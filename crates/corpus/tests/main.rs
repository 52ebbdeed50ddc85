//! Readers, leaks and splits on small sets of clips and on real data: one test binary, a module a
//! subject.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::print_stdout, reason = "what was measured is shown with --nocapture")]

mod audits;
mod copies;
mod csd;
mod leaks;
mod manifest;
mod official;
mod pickles;
mod shared;
mod shared_texts;
mod splits;
mod texts;
mod wav;
