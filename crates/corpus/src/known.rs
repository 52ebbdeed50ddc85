//! Every corpus that has a reader: by name, or by the look of a folder.

use std::path::{Path, PathBuf};

use crate::read::{
    acted, cremad, csd, fer, iemocap, mosi, msp_improv, naming, sims, speech, texts,
};
use crate::{Card, Corpus, Error, LabelMap, LabelSet, Result};

/// Opens a folder as the corpus of a card.
type Open = fn(Card, PathBuf) -> Box<dyn Corpus>;

/// A corpus that has a reader.
struct Known {
    name: &'static str,
    /// The folder below the one that holds all corpora.
    folder: &'static str,
    card: &'static str,
    /// Whether a folder looks like it.
    is: fn(&Path) -> bool,
    open: Open,
}

/// In the order in which folders are compared with them: the most particular look first.
const KNOWN: &[Known] = &[
    Known {
        name: "ravdess",
        folder: "ravdess",
        card: include_str!("../../../corpora/ravdess.toml"),
        is: |folder| speech::is(folder, "ravdess") || acted::is_ravdess(folder),
        open: |card, folder| {
            if folder.join(speech::MANIFEST).is_file() {
                Box::new(speech::Speech::new(card, folder))
            } else {
                Box::new(acted::Acted::new(card, folder, naming::ravdess))
            }
        },
    },
    Known {
        name: "emodb",
        folder: "emodb",
        card: include_str!("../../../corpora/emodb.toml"),
        is: |folder| speech::is(folder, "emodb") || acted::is_emodb(folder),
        open: |card, folder| {
            if folder.join(speech::MANIFEST).is_file() {
                Box::new(speech::Speech::new(card, folder))
            } else {
                Box::new(acted::Acted::new(card, folder, naming::emodb))
            }
        },
    },
    Known {
        name: "cremad",
        folder: "cremad",
        card: include_str!("../../../corpora/cremad.toml"),
        is: cremad::is,
        open: |card, folder| Box::new(cremad::Cremad::new(card, folder)),
    },
    Known {
        name: "cremad_ratings",
        folder: "cremad_ratings",
        card: include_str!("../../../corpora/cremad_ratings.toml"),
        is: cremad::is_ratings,
        open: |card, folder| Box::new(cremad::Cremad::new(card, folder)),
    },
    Known {
        name: "savee",
        folder: "savee",
        card: include_str!("../../../corpora/savee.toml"),
        is: acted::is_savee,
        open: |card, folder| Box::new(acted::Acted::new(card, folder, naming::savee)),
    },
    Known {
        name: "tess",
        folder: "tess",
        card: include_str!("../../../corpora/tess.toml"),
        is: acted::is_tess,
        open: |card, folder| Box::new(acted::Acted::new(card, folder, naming::tess)),
    },
    Known {
        name: "iemocap",
        folder: "iemocap",
        card: include_str!("../../../corpora/iemocap.toml"),
        is: iemocap::is,
        open: |card, folder| Box::new(iemocap::Iemocap::new(card, folder)),
    },
    Known {
        name: "msp_improv",
        folder: "msp_improv",
        card: include_str!("../../../corpora/msp_improv.toml"),
        is: msp_improv::is,
        open: |card, folder| Box::new(msp_improv::MspImprov::new(card, folder)),
    },
    Known {
        name: "nemo",
        folder: "nemo",
        card: include_str!("../../../corpora/nemo.toml"),
        is: |folder| speech::is(folder, "nemo"),
        open: |card, folder| Box::new(speech::Speech::new(card, folder)),
    },
    Known {
        name: "fer2013",
        folder: "fer2013",
        card: include_str!("../../../corpora/fer2013.toml"),
        is: |folder| fer::is(folder) || fer::kaggle::is(folder),
        open: |card, folder| {
            if fer::is(&folder) {
                Box::new(fer::Fer::new(card, folder))
            } else {
                Box::new(fer::kaggle::Kaggle::new(card, folder))
            }
        },
    },
    Known {
        name: "goemotions",
        folder: "text/goemotions",
        card: include_str!("../../../corpora/goemotions.toml"),
        is: |folder| texts::is(folder, "goemotions"),
        open: |card, folder| Box::new(texts::Texts::new(card, folder)),
    },
    Known {
        name: "meld",
        folder: "text/meld",
        card: include_str!("../../../corpora/meld.toml"),
        is: |folder| texts::is(folder, "meld"),
        open: |card, folder| Box::new(texts::Texts::new(card, folder)),
    },
    Known {
        name: "emorynlp",
        folder: "text/emorynlp",
        card: include_str!("../../../corpora/emorynlp.toml"),
        is: |folder| texts::is(folder, "emorynlp"),
        open: |card, folder| Box::new(texts::Texts::new(card, folder)),
    },
    Known {
        name: "empathetic_dialogues",
        folder: "text/empathetic_dialogues",
        card: include_str!("../../../corpora/empathetic_dialogues.toml"),
        is: |folder| texts::is(folder, "empathetic_dialogues"),
        open: |card, folder| Box::new(texts::Texts::new(card, folder)),
    },
    Known {
        name: "isear",
        folder: "text/isear",
        card: include_str!("../../../corpora/isear.toml"),
        is: |folder| texts::is(folder, "isear"),
        open: |card, folder| Box::new(texts::Texts::new(card, folder)),
    },
    Known {
        name: "dair_emotion",
        folder: "text/dair_emotion",
        card: include_str!("../../../corpora/dair_emotion.toml"),
        is: |folder| texts::is(folder, "dair_emotion"),
        open: |card, folder| Box::new(texts::Texts::new(card, folder)),
    },
    Known {
        name: "emobank",
        folder: "text/emobank",
        card: include_str!("../../../corpora/emobank.toml"),
        is: |folder| texts::is(folder, "emobank"),
        open: |card, folder| Box::new(texts::Texts::new(card, folder)),
    },
    Known {
        name: "mosi",
        folder: "mosi",
        card: include_str!("../../../corpora/mosi.toml"),
        is: mosi::is,
        open: |card, folder| Box::new(mosi::Mosi::new(card, folder)),
    },
    Known {
        name: "mosei",
        folder: "mosei",
        card: include_str!("../../../corpora/mosei.toml"),
        is: |folder| csd::is(folder, "mosei"),
        open: |card, folder| Box::new(csd::Csd::new(card, folder)),
    },
    Known {
        name: "mosi_csd",
        folder: "mosi_csd",
        card: include_str!("../../../corpora/mosi_csd.toml"),
        is: |folder| csd::is(folder, "mosi"),
        open: |card, folder| Box::new(csd::Csd::new(card, folder)),
    },
    Known {
        name: "sims",
        folder: "sims",
        card: include_str!("../../../corpora/sims.toml"),
        is: sims::is,
        open: |card, folder| Box::new(sims::Sims::new(card, folder)),
    },
];

/// The names of all corpora that have a reader.
pub fn names() -> Vec<&'static str> {
    KNOWN.iter().map(|known| known.name).collect()
}

impl Known {
    fn card(&self) -> Result<Card> {
        Card::parse(&format!("corpora/{}.toml", self.name), self.card)
    }

    fn named(name: &str) -> Result<&'static Self> {
        KNOWN.iter().find(|known| known.name == name).ok_or_else(|| Error::UnknownCorpus {
            name: name.to_owned(),
            known: names().join(", "),
        })
    }
}

/// What a user must know about a corpus that has a reader.
///
/// # Errors
/// [`Error::UnknownCorpus`].
pub fn card(name: &str) -> Result<Card> {
    Known::named(name)?.card()
}

/// Opens a corpus by name under `root`, the folder that holds one folder a corpus.
///
/// # Errors
/// [`Error::UnknownCorpus`], or [`Error::Io`] where its folder is missing.
pub fn open(name: &str, root: &Path) -> Result<Box<dyn Corpus>> {
    let known = Known::named(name)?;
    let folder = root.join(known.folder);
    std::fs::metadata(&folder).map_err(Error::io(&folder))?;
    Ok((known.open)(known.card()?, folder))
}

/// Opens the corpus, or the published lists of one, that a folder looks like; `None` where it
/// looks like none.
///
/// # Errors
/// [`Error::Io`] where the folder cannot be read, or what is wrong with the lists in it.
pub fn detect(folder: &Path) -> Result<Option<Box<dyn Corpus>>> {
    match KNOWN.iter().find(|known| (known.is)(folder)) {
        Some(known) => Ok(Some((known.open)(known.card()?, folder.to_owned()))),
        None => crate::listed::open_folder(folder),
    }
}

/// The label sets that the heads of a recipe over these corpora answer to, in their order. No
/// clip is read.
///
/// # Errors
/// [`Error::UnknownCorpus`].
pub fn label_sets(corpora: &[String]) -> Result<Vec<LabelSet>> {
    let cards =
        corpora.iter().map(|name| Known::named(name)?.card()).collect::<Result<Vec<_>>>()?;
    Ok(cards.iter().flat_map(|card| &card.labels).map(LabelMap::set).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_card_parses_under_its_own_name() {
        for known in KNOWN {
            assert_eq!(known.card().unwrap().name, known.name);
        }
    }

    #[test]
    fn an_unknown_corpus_is_refused_with_the_names_there_are() {
        let error = open("iemocap9", Path::new("/")).err().map(|e| e.to_string());
        assert!(error.is_some_and(|e| e.contains("iemocap9") && e.contains("ravdess")));
    }
}
