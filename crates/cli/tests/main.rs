//! The program as its users meet it: one test binary, a module for each subject.

mod bad_input;
mod media;
mod model;
mod predict;
mod program;
