//! What a request asks for: the same words as on the command line.

use limbic::{Options, Risk, typed};
use limbic_media::Modality;

use crate::error::{Error, Result};
use crate::purpose;

/// The names of all options.
const NAMES: [&str; 7] = ["modalities", "every", "risk", "emotions", "labels", "purpose", "async"];

/// How one recording is read.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) options: Options,
    pub(crate) question: Question,
    /// What the reading is for, where the request says so.
    pub(crate) purpose: Option<String>,
    /// Whether the caller does not wait.
    pub(crate) background: bool,
}

/// What the model is asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Question {
    /// What it shows.
    #[default]
    Shown,
    /// Emotions by their words.
    Emotions(String),
    /// A label set.
    Labels(String),
}

/// Options as they come in, before it is known what they mean.
#[derive(Debug, Default)]
pub(crate) struct Typed {
    modalities: Option<String>,
    every: Option<String>,
    risk: Option<String>,
    emotions: Option<String>,
    labels: Option<String>,
    purpose: Option<String>,
    background: Option<String>,
}

impl Typed {
    /// The options in the query of a request.
    pub(crate) fn query(query: Option<&str>) -> Result<Self> {
        let mut typed = Self::default();
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query.unwrap_or_default())
            .map_err(|_| {
                Error::Malformed("the query is not `name=value` pairs; encode it".into())
            })?;
        for (name, value) in pairs {
            typed.set(&name, value)?;
        }
        Ok(typed)
    }

    /// Whether there is an option of this name.
    pub(crate) fn knows(name: &str) -> bool {
        NAMES.contains(&name)
    }

    /// Takes one option.
    pub(crate) fn set(&mut self, name: &str, value: String) -> Result<()> {
        let place = match name {
            "modalities" => &mut self.modalities,
            "every" => &mut self.every,
            "risk" => &mut self.risk,
            "emotions" => &mut self.emotions,
            "labels" => &mut self.labels,
            "purpose" => &mut self.purpose,
            "async" => &mut self.background,
            _ => {
                return Err(Error::Malformed(format!(
                    "there is no such option; the options are {}",
                    NAMES.join(", ")
                )));
            }
        };
        if place.replace(value).is_some() {
            return Err(Error::Malformed(format!(
                "the option `{name}` is given twice; give it once"
            )));
        }
        Ok(())
    }

    /// What the options mean.
    pub(crate) fn asked(self) -> Result<Asked> {
        let wrong = |name: &str| {
            let name = name.to_owned();
            move |sentence: String| Error::Malformed(format!("{name}: {sentence}"))
        };
        let mut options = Options::default();
        if let Some(list) = self.modalities {
            let named = list.split(',').map(|name| match name.trim() {
                "text" => Ok(Modality::Text),
                "audio" => Ok(Modality::Audio),
                "vision" => Ok(Modality::Vision),
                _ => Err("name some of text, audio and vision, separated by commas".to_owned()),
            });
            let named: Vec<_> =
                named.collect::<std::result::Result<_, _>>().map_err(wrong("modalities"))?;
            options = options
                .modalities(&named)
                .map_err(|error| wrong("modalities")(error.to_string()))?;
        }
        if let Some(every) = self.every {
            let seconds = typed::every(&every).map_err(wrong("every"))?;
            options = options.every(seconds).map_err(|error| wrong("every")(error.to_string()))?;
        }
        if let Some(risk) = self.risk {
            options = options.risk(risk.parse::<Risk>().map_err(wrong("risk"))?);
        }
        let question = match (self.emotions, self.labels) {
            (Some(_), Some(_)) => {
                return Err(Error::Malformed(
                    "`emotions` and `labels` ask for different things; give one of them".into(),
                ));
            }
            (Some(list), None) => Question::Emotions(list),
            (None, Some(set)) => Question::Labels(set),
            (None, None) => Question::Shown,
        };
        let purpose = match self.purpose {
            Some(purpose) => Some(purpose::declared(&purpose).map_err(Error::Purpose)?),
            None => None,
        };
        let background = match self.background.as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return Err(Error::Malformed("async: say `true` or `false`".into())),
        };
        Ok(Asked { options, question, purpose, background })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::purpose::Refusal;

    fn asked(query: &str) -> Result<Asked> {
        Typed::query(Some(query))?.asked()
    }

    #[test]
    fn options_are_the_words_of_the_command_line() {
        let found = asked("modalities=text,%20audio&every=500ms&risk=20%25&async=true").unwrap();
        let wanted = Options::default()
            .modalities(&[Modality::Text, Modality::Audio])
            .unwrap()
            .every(0.5)
            .unwrap()
            .risk(Risk::AtMost(0.2));
        assert_eq!(found.options, wanted);
        assert!(found.background && found.question == Question::Shown);
        let named = asked("emotions=joy,+awe%3Da+wide+feeling").unwrap();
        assert_eq!(named.question, Question::Emotions("joy, awe=a wide feeling".into()));
    }

    #[test]
    fn what_makes_no_sense_is_refused_in_a_sentence() {
        for query in [
            "modality=text",
            "modalities=body",
            "modalities=",
            "every=1 fortnight",
            "risk=often",
            "every=1s&every=2s",
            "emotions=a,b&labels=c",
            "async=maybe",
        ] {
            let Err(Error::Malformed(said)) = asked(query) else { panic!("{query}") };
            assert!(said.len() > 20, "{query}: {said}");
        }
        assert!(matches!(asked("purpose=hiring"), Err(Error::Purpose(Refusal::Hiring))));
    }
}
