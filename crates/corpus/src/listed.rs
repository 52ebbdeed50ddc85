//! A file that lists clips opens as a corpus: fold files and lists that others publish.

use std::path::Path;

use crate::read::{audformat, emobox, kaldi, mmsa, vavl};
use crate::{Corpus, Result};

/// Opens a file as the list of clips that it looks like; `None` where it looks like none.
///
/// Known are EmoBox's `.jsonl` lists, VAVL's tables of CREMA-D, audformat's `db.yaml` (or one of its
/// tables `db.TABLE.csv`), MMSA's pickles and Kaldi's `.scp` lists. A list need not lie beside the media that it
/// names.
///
/// # Errors
/// [`crate::Error::Io`], or [`crate::Error::Corpus`] where the list looks like one of these and
/// cannot be read as one.
pub fn open_file(path: &Path) -> Result<Option<Box<dyn Corpus>>> {
    std::fs::metadata(path).map_err(crate::Error::io(path))?;
    Ok(match path {
        _ if emobox::is(path) => Some(Box::new(emobox::Emobox::open(vec![path.to_owned()])?)),
        _ if vavl::is(path) => Some(Box::new(vavl::Vavl::open(path.to_owned())?)),
        _ if audformat::is(path) => Some(Box::new(audformat::Audformat::open(path)?)),
        _ if path.extension().is_some_and(|ending| ending == "pkl" || ending == "pickle") => {
            Some(mmsa::pickled(path)?)
        }
        _ if kaldi::is(path) => Some(Box::new(kaldi::Kaldi::open(path.to_owned())?)),
        _ => None,
    })
}

/// Opens a folder of lists: the parts of one of EmoBox's folds, an audformat database, or one with
/// Kaldi's `wav.scp`.
///
/// # Errors
/// As [`open_file`].
pub(crate) fn open_folder(folder: &Path) -> Result<Option<Box<dyn Corpus>>> {
    for list in ["db.yaml", "wav.scp"].map(|name| folder.join(name)) {
        if list.is_file() {
            return open_file(&list);
        }
    }
    if !folder.is_dir() {
        return Ok(None);
    }
    let fold = emobox::fold(folder)?;
    if fold.is_empty() {
        return Ok(None);
    }
    Ok(Some(Box::new(emobox::Emobox::open(fold)?)))
}
