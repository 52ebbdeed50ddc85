//! Readers on the layouts that corpora are published in: small trees made in each test, and the
//! real data where they are there.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod acted;
mod databases;
mod dialogues;
mod faces;
mod listed;
mod shared;
