//! Leaks and splits on small sets of clips and on real recordings: one test binary, a module a
//! subject.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::print_stdout, reason = "what was measured is shown with --nocapture")]

mod audits;
mod copies;
mod leaks;
mod shared;
mod splits;
mod wav;
