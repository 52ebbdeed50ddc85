//! Which files are meant by what was typed.

use std::io::BufRead;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// Endings of the files that are taken from a folder. A file named on its own is always tried,
/// whatever its ending.
const ENDINGS: [&str; 28] = [
    "wav", "flac", "mp3", "m4a", "aac", "ogg", "oga", "opus", "aif", "aiff", "caf", "mka", "mp4",
    "m4v", "mov", "mkv", "webm", "avi", "mpg", "mpeg", "ts", "png", "jpg", "jpeg", "txt", "srt",
    "vtt", "3gp",
];

/// What is to be read, in order.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    /// A file, or a sentence on why there is none.
    pub(crate) found: Vec<Result<PathBuf, String>>,
    /// Whether more than one clip could have been meant: a folder, a pattern, a list.
    pub(crate) many: bool,
}

impl Inputs {
    /// From the paths typed; `-` stands for the lines of `list`.
    pub(crate) fn gather(paths: &[PathBuf], list: impl BufRead) -> Self {
        let mut inputs = Self { found: Vec::new(), many: paths.len() > 1 };
        let mut list = Some(list);
        for path in paths {
            if path.as_os_str() == "-" {
                inputs.many = true;
                match list.take() {
                    Some(list) => inputs.list(list),
                    None => inputs.fail("-: standard input can be read once; give `-` once"),
                }
            } else {
                inputs.path(path);
            }
        }
        inputs
    }

    fn fail(&mut self, sentence: impl Into<String>) {
        self.found.push(Err(sentence.into()));
    }

    fn list(&mut self, list: impl BufRead) {
        let before = self.found.len();
        for line in list.split(b'\n') {
            match line {
                Ok(line) => {
                    let line = line.strip_suffix(b"\r").unwrap_or(&line);
                    if let Some(path) = path_of(line) {
                        // A list names files and folders; a pattern in it is a file's own name.
                        self.file_or_folder(&path);
                    }
                }
                Err(error) => {
                    self.fail(format!("-: {error}; give one path a line on standard input"));
                    break;
                }
            }
        }
        if self.found.len() == before {
            self.fail("-: standard input named no file; give one path a line");
        }
    }

    fn path(&mut self, path: &Path) {
        let pattern = path.to_str().filter(|p| p.contains(['*', '?', '[']));
        match pattern {
            Some(pattern) if !path.exists() => self.pattern(pattern),
            _ => self.file_or_folder(path),
        }
    }

    fn file_or_folder(&mut self, path: &Path) {
        if path.is_dir() {
            self.many = true;
            self.folder(path);
        } else {
            self.found.push(Ok(path.to_owned()));
        }
    }

    fn folder(&mut self, folder: &Path) {
        let before = self.found.len();
        let walk = WalkDir::new(folder).follow_links(true).sort_by_file_name();
        let visible = |entry: &walkdir::DirEntry| {
            entry.depth() == 0 || !entry.file_name().as_encoded_bytes().starts_with(b".")
        };
        for entry in walk.into_iter().filter_entry(visible) {
            match entry {
                Ok(entry) if entry.file_type().is_file() && is_media(entry.path()) => {
                    if !is_side_car(entry.path()) {
                        self.found.push(Ok(entry.into_path()));
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    let path = error.path().unwrap_or(folder).display().to_string();
                    let reason = error.io_error().map_or_else(
                        || "the link leads back to itself".into(),
                        ToString::to_string,
                    );
                    self.fail(format!("{path}: {reason}; check the path and its permissions"));
                }
            }
        }
        if self.found.len() == before {
            let name = folder.display();
            self.fail(format!(
                "{name}: the folder holds no media; give one with audio, video, pictures or text"
            ));
        }
    }

    fn pattern(&mut self, pattern: &str) {
        self.many = true;
        let paths = match glob::glob(pattern) {
            Ok(paths) => paths,
            Err(error) => {
                return self.fail(format!(
                    "{pattern}: not a pattern ({}); quote it as in 'calls/*.wav'",
                    error.msg
                ));
            }
        };
        let before = self.found.len();
        for path in paths {
            match path {
                Ok(path) => self.file_or_folder(&path),
                Err(error) => self.fail(format!(
                    "{}: {}; check the path and its permissions",
                    error.path().display(),
                    error.error()
                )),
            }
        }
        if self.found.len() == before {
            self.fail(format!(
                "{pattern}: nothing is there of that name; check the path or pattern"
            ));
        }
    }
}

fn is_media(path: &Path) -> bool {
    let ending = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

/// Whether the text file at `path` holds the words of a recording beside it, with which it is
/// read.
fn is_side_car(path: &Path) -> bool {
    let is_text = |ending: &str| ["txt", "srt", "vtt"].contains(&ending);
    let ending = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
    ending.is_some_and(|ending| is_text(&ending))
        && ENDINGS.iter().any(|e| !is_text(e) && path.with_extension(e).is_file())
}

/// A path from a line of bytes; `None` for a blank line.
fn path_of(line: &[u8]) -> Option<PathBuf> {
    if line.trim_ascii().is_empty() {
        return None;
    }
    #[cfg(unix)]
    let path = {
        use std::os::unix::ffi::OsStrExt;
        PathBuf::from(std::ffi::OsStr::from_bytes(line))
    };
    #[cfg(not(unix))]
    let path = PathBuf::from(String::from_utf8_lossy(line).into_owned());
    Some(path)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn names(inputs: &Inputs, root: &Path) -> Vec<String> {
        let show = |found: &Result<PathBuf, String>| match found {
            Ok(path) => path.strip_prefix(root).unwrap_or(path).display().to_string(),
            Err(sentence) => format!("! {}", sentence.split("; ").last().unwrap_or_default()),
        };
        inputs.found.iter().map(show).collect()
    }

    fn tree() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("b/deep")).unwrap();
        fs::create_dir_all(root.path().join("empty/.git")).unwrap();
        for name in [
            "b/deep/z.WAV",
            "b/a.mp4",
            "b/a.srt",
            "b/notes.pdf",
            "b/.hidden.wav",
            "empty/.git/x.wav",
        ] {
            fs::write(root.path().join(name), "").unwrap();
        }
        root
    }

    #[test]
    fn a_folder_is_searched_to_the_bottom_in_order() {
        let root = tree();
        let inputs = Inputs::gather(&[root.path().to_owned()], &b""[..]);
        assert_eq!(names(&inputs, root.path()), ["b/a.mp4", "b/deep/z.WAV"]);
        assert!(inputs.many);
    }

    #[test]
    fn a_folder_without_media_is_one_sentence() {
        let root = tree();
        let inputs = Inputs::gather(&[root.path().join("empty")], &b""[..]);
        let [Err(sentence)] = &inputs.found[..] else { panic!("one sentence") };
        assert!(sentence.contains("empty: the folder holds no media"), "{sentence}");
    }

    #[test]
    fn a_pattern_is_expanded_and_a_file_of_that_very_name_is_itself() {
        let root = tree();
        let gather = |name: &str| Inputs::gather(&[root.path().join(name)], &b""[..]);
        assert_eq!(names(&gather("b/*.mp4"), root.path()), ["b/a.mp4"]);
        assert!(gather("b/*.xyz").found[0].is_err());
        assert!(gather("b/[").found[0].is_err());
        fs::write(root.path().join("b/[1].wav"), "").unwrap();
        let inputs = gather("b/[1].wav");
        assert_eq!(names(&inputs, root.path()), ["b/[1].wav"]);
        assert!(!inputs.many);
    }

    #[test]
    fn a_list_on_standard_input_is_read_once() {
        let root = tree();
        let list = b"one.wav\r\n\n  \ntwo *.wav\n";
        let dash = PathBuf::from("-");
        let inputs = Inputs::gather(&[dash.clone(), dash], &list[..]);
        assert_eq!(names(&inputs, root.path()), ["one.wav", "two *.wav", "! give `-` once"]);
    }

    #[test]
    fn a_file_is_tried_whatever_its_ending_and_even_if_it_is_missing() {
        let inputs = Inputs::gather(&["gone.xyz".into()], &b""[..]);
        assert!(inputs.found[0].is_ok());
    }
}
