//! Readers on the layouts that corpora are published in: small trees made in each test, and the
//! real data where they are there.

mod acted;
mod databases;
mod dialogues;
mod faces;
mod listed;
