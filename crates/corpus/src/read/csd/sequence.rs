//! One computational sequence, read a video at a time. What a file says of its own sizes is
//! checked before anything is read.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use hdf5_pure::{DType, Dataset, File, Group};

use crate::{Error, Result};

/// Bytes of one array of one video: eight hours of 100 steps a second of 74 numbers fit.
const BYTES: u64 = 2 << 30;
/// Videos of one sequence.
const VIDEOS: usize = 100_000;

/// An open file.
pub(super) struct Sequence {
    path: PathBuf,
    data: Group,
    /// The name of its features.
    pub(super) name: String,
    pub(super) videos: Vec<String>,
}

/// What one video has.
pub(super) struct Rows {
    /// Start and end of each row, in seconds.
    pub(super) intervals: Vec<[f64; 2]>,
    pub(super) cells: Cells,
}

pub(super) enum Cells {
    /// Row after row, and how many numbers a row has.
    Numbers(Vec<f32>, usize),
    Words(Vec<String>),
}

type Read<T> = std::result::Result<T, String>;

impl Sequence {
    pub(super) fn open(path: &Path) -> Result<Self> {
        // A missing file is told as that.
        std::fs::metadata(path).map_err(Error::io(path))?;
        let (name, data, mut videos) = sound(path, || {
            let file = File::open_streaming(path).map_err(|error| error.to_string())?;
            let root = file.root();
            let names = root.groups().map_err(|error| error.to_string())?;
            let name = names.into_iter().next().ok_or("it has no group")?;
            let data = root.group(&name).and_then(|group| group.group("data"));
            let data = data.map_err(|_| format!("its group `{}` has no `data`", short(&name)))?;
            let videos = data.groups().map_err(|error| error.to_string())?;
            if videos.len() > VIDEOS {
                return Err(format!("it has {} videos", videos.len()));
            }
            Ok((name, data, videos))
        })?;
        videos.sort();
        Ok(Self { path: path.to_owned(), data, name, videos })
    }

    /// The rows of a video; `None` where the sequence lacks it.
    pub(super) fn rows(&self, video: &str) -> Result<Option<Rows>> {
        if self.videos.binary_search_by(|own| own.as_str().cmp(video)).is_err() {
            return Ok(None);
        }
        let read = || {
            let group = self.data.group(video).map_err(|error| error.to_string())?;
            rows(&group).map_err(|reason| format!("`{}`: {reason}", short(video)))
        };
        sound(&self.path, read).map(Some)
    }
}

/// The decoder may assert what a damaged file can deny.
fn sound<T>(path: &Path, read: impl FnOnce() -> Read<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err("its parts contradict each other".to_owned()))
        .map_err(|reason| {
            let reason: String = reason.chars().filter(|c| !c.is_control()).take(200).collect();
            Error::corpus(
                path,
                format!("is no sound computational sequence ({reason}); get it anew"),
            )
        })
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

fn rows(group: &Group) -> Read<Rows> {
    let open = |name: &str| group.dataset(name).map_err(|_| format!("it has no `{name}`"));
    let (features, intervals) = (open("features")?, open("intervals")?);
    let [count, width] = shape(&features, "features")?;
    if shape(&intervals, "intervals")? != [count, 2] {
        return Err(format!("`intervals` are not {count} rows of 2"));
    }
    let times = intervals.read_f64().map_err(|error| error.to_string())?;
    let intervals: Vec<[f64; 2]> = times.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect();
    if intervals.iter().flatten().any(|second| !second.is_finite()) {
        return Err("`intervals` hold a time that is no number".to_owned());
    }
    let kind = features.dtype().map_err(|error| error.to_string())?;
    let cells = match kind {
        DType::String | DType::VariableLengthString => {
            let words = features.read_string().map_err(|error| error.to_string())?;
            Cells::Words(words.into_iter().step_by(width.max(1)).collect())
        }
        DType::F32
        | DType::F64
        | DType::I32
        | DType::I64
        | DType::I16
        | DType::I8
        | DType::U8
        | DType::U16
        | DType::U32
        | DType::U64 => {
            let numbers = features.read_f64().map_err(|error| error.to_string())?;
            Cells::Numbers(numbers.into_iter().map(|number| number as f32).collect(), width)
        }
        other => return Err(format!("`features` are of the kind {other}")),
    };
    let found = match &cells {
        Cells::Numbers(numbers, _) => numbers.len() == count * width,
        Cells::Words(words) => words.len() == count,
    };
    if found && intervals.len() == count {
        Ok(Rows { intervals, cells })
    } else {
        Err("it has fewer rows than it says".to_owned())
    }
}

/// Rows and columns, checked before they are read.
fn shape(dataset: &Dataset, name: &str) -> Read<[usize; 2]> {
    let shape = dataset.shape().map_err(|error| error.to_string())?;
    let size = dataset.element_size().map_err(|error| error.to_string())?;
    let [rows, width] = match shape.as_slice() {
        [rows] => [*rows, 1],
        [rows, width] => [*rows, *width],
        _ => return Err(format!("`{name}` have {} axes", shape.len())),
    };
    // What is read becomes numbers of eight bytes.
    let bytes = rows.checked_mul(width).and_then(|count| count.checked_mul(size.max(8)));
    if bytes.is_none_or(|bytes| bytes > BYTES) {
        return Err(format!("`{name}` claim {rows} rows of {width}"));
    }
    Ok([rows as usize, width as usize])
}
