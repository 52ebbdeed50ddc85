//! Readers of corpora, each in the layout that its authors publish.

pub(crate) mod acted;
pub(crate) mod audformat;
pub(crate) mod cremad;
pub(crate) mod csd;
pub(crate) mod emobox;
pub(crate) mod fer;
pub(crate) mod found;
pub(crate) mod iemocap;
pub(crate) mod kaldi;
pub(crate) mod lines;
pub(crate) mod mmsa;
pub(crate) mod mosi;
pub(crate) mod msp_improv;
pub(crate) mod naming;
pub(crate) mod published;
pub(crate) mod sims;
pub(crate) mod speech;
pub(crate) mod spelling;
pub(crate) mod table;
pub(crate) mod texts;
pub(crate) mod vavl;
