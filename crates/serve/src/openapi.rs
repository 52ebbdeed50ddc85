//! The description of every path for programs, as `OpenAPI` 3.1.

use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi, ToSchema};

/// The bytes of a recording, picture or text.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "describes a body")]
pub(crate) struct Recording(Vec<u8>);

/// A form with one recording.
#[derive(ToSchema)]
#[schema(as = PredictForm)]
#[expect(dead_code, reason = "describes a form")]
pub(crate) struct PredictForm {
    /// Any recording, picture or text that limbic reads.
    #[schema(value_type = Option<String>, format = Binary)]
    file: Option<Vec<u8>>,
    /// The words of the recording; a file is read as subtitles where it is such.
    text: Option<String>,
    /// Use only these: some of text, audio and vision, separated by commas.
    modalities: Option<String>,
    /// Length of one row of the timeline: 500ms, 1s, 0.5, 2m.
    every: Option<String>,
    /// Share of the answers that may be wrong before `uncertain` is one: 0.2, 20%, model or none.
    risk: Option<String>,
    /// Speak of these emotions, by the meaning of their words.
    emotions: Option<String>,
    /// Speak of the labels of this label set of the model.
    labels: Option<String>,
    /// What the reading is for.
    purpose: Option<String>,
}

/// A form with several recordings.
#[derive(ToSchema)]
#[schema(as = BatchForm)]
#[expect(dead_code, reason = "describes a form")]
pub(crate) struct BatchForm {
    /// Recordings, pictures or texts.
    #[schema(value_type = Vec<String>, format = Binary)]
    file: Vec<Vec<u8>>,
    /// Use only these: some of text, audio and vision, separated by commas.
    modalities: Option<String>,
    /// Length of one row of the timeline: 500ms, 1s, 0.5, 2m.
    every: Option<String>,
    /// Share of the answers that may be wrong before `uncertain` is one: 0.2, 20%, model or none.
    risk: Option<String>,
    /// Speak of these emotions, by the meaning of their words.
    emotions: Option<String>,
    /// Speak of the labels of this label set of the model.
    labels: Option<String>,
    /// What the readings are for.
    purpose: Option<String>,
}

/// Every path.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "limbic",
        description = "Reads the emotion that people express in text, voice and face. A reading is an estimate of \
            what others would perceive, not of what a person feels, and no basis for a decision about a person. \
            Workplace, education and hiring monitoring are refused."
    ),
    paths(
        crate::predict::predict,
        crate::batch::batch,
        crate::stream::stream,
        crate::routes::job,
        crate::routes::cancel,
        crate::routes::models,
        crate::routes::healthz,
        crate::routes::readyz,
        crate::routes::metrics,
    ),
    modifiers(&Tokens),
    security((), ("token" = []))
)]
struct Document;

/// The token, where the server has one.
struct Tokens;

impl Modify for Tokens {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", scheme);
    }
}

/// The description of every path.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_description_names_every_path_and_every_reference_leads_somewhere() {
        let document = serde_json::to_value(super::document()).unwrap();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        for path in ["/v1/predict", "/v1/batch", "/v1/jobs/{id}", "/v1/models", "/v1/stream"] {
            assert!(document["paths"][path].is_object(), "{path}");
        }
        let text = document.to_string();
        for reference in text.split("\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(document.pointer(reference).is_some(), "{reference}");
        }
    }
}
