//! What values of other crates look like in JSON, for descriptions of an API.

#![expect(dead_code, reason = "describes JSON")]

use utoipa::ToSchema;

/// A stretch of a recording, in seconds from its beginning.
#[derive(ToSchema)]
pub(crate) struct Span {
    /// First second.
    start: f64,
    /// Last second.
    end: f64,
}

/// A part of a file that could not be read.
#[derive(ToSchema)]
pub(crate) struct Skipped {
    /// Where in the recording, when that is known.
    #[schema(required = true)]
    span: Option<Span>,
    /// What was wrong, in a few words.
    reason: String,
}

/// What a list of labels is: one of them holds, each holds or not, or each is a rating.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum LabelKind {
    /// One of them holds.
    Class,
    /// Each holds or not.
    Multi,
    /// Each is a rating.
    Rating,
}
