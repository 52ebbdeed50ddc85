//! Pictures that an `ffmpeg` on the PATH decodes, read from its y4m output.

use std::io::Read;
use std::path::Path;

use super::frame::{Frame, Layout};
use super::{LARGEST_SIDE, read_up_to, too_large};
use crate::ffmpeg::Ffmpeg;
use crate::{Error, Result, Skipped};

/// The longest y4m header line, in bytes.
const LONGEST_LINE: usize = 4096;

/// The pictures of a running `ffmpeg`.
pub(super) struct Pipe {
    process: Option<Ffmpeg>,
    /// Pictures a second, as they come.
    rate: f64,
    size: (usize, usize),
    full_range: bool,
    count: u64,
    bytes: Vec<u8>,
    skipped: Vec<Skipped>,
}

impl Pipe {
    /// Has `path` decoded at `rate`. A picture's time is the moment it stands for, not the exact
    /// time at which it was filmed. `None` where there is no video in the file.
    ///
    /// # Errors
    /// `NeedsFfmpeg` with `format` where there is no `ffmpeg`, `Damaged` where it finds nothing.
    pub(super) fn open(path: &Path, rate: f64, format: &str) -> Result<Option<Self>> {
        let filter = format!("fps={rate}:round=up:start_time=0");
        let mut options = vec!["-map", "0:V:0", "-pix_fmt", "yuv420p", "-f", "yuv4mpegpipe"];
        if rate.is_finite() {
            options.extend(["-vf", &filter]);
        }
        let mut process = Ffmpeg::spawn(path, format, &options)?;
        let Some(line) = line(&mut process) else {
            let complaint = process.finish().first;
            if complaint.contains("matches no streams") {
                return Ok(None);
            }
            return Err(Error::damaged(path, format!("ffmpeg finds no video: {complaint}")));
        };
        let header = Header::parse(&line)
            .ok_or_else(|| Error::damaged(path, "ffmpeg gives pictures in an unknown form"))?;
        let (width, height) = header.size;
        if width > LARGEST_SIDE as usize || height > LARGEST_SIDE as usize {
            return Err(too_large(path, width as u32, height as u32));
        }
        Ok(Some(Self {
            process: Some(process),
            rate: if rate.is_finite() { rate } else { header.rate },
            size: header.size,
            full_range: header.full_range,
            count: 0,
            bytes: vec![0; width * height + 2 * width.div_ceil(2) * height.div_ceil(2)],
            skipped: Vec::new(),
        }))
    }

    /// The next picture, or `None` after the last.
    pub(super) fn next_frame(&mut self) -> Option<Frame> {
        let process = self.process.as_mut()?;
        let whole = line(process).is_some_and(|line| line.starts_with("FRAME"))
            && read_up_to(process, &mut self.bytes).is_ok_and(|read| read == self.bytes.len());
        if !whole {
            let complaints = self.process.take()?.finish();
            if complaints.lines > 0 {
                self.skipped.push(Skipped { span: None, reason: complaints.first });
            }
            return None;
        }
        let time = self.count as f64 / self.rate;
        self.count += 1;
        let bt709 = self.size.1 >= 720;
        let layout = Layout { full_range: self.full_range, bt709, turns: 0 };
        Frame::from_planar(&self.bytes, self.size, time, layout)
    }

    pub(super) fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }
}

/// What the first line of a y4m stream tells.
#[derive(Debug, PartialEq)]
struct Header {
    size: (usize, usize),
    rate: f64,
    full_range: bool,
}

impl Header {
    fn parse(line: &str) -> Option<Self> {
        let fields = line.strip_prefix("YUV4MPEG2 ")?;
        let field = |mark: &str| fields.split(' ').find_map(|field| field.strip_prefix(mark));
        let (above, below) = field("F")?.split_once(':')?;
        let rate = above.parse::<f64>().ok()? / below.parse::<f64>().ok()?;
        let size: (usize, usize) = (field("W")?.parse().ok()?, field("H")?.parse().ok()?);
        let sound = size.0 > 0 && size.1 > 0 && rate.is_finite() && rate > 0.0;
        sound.then(|| Self { size, rate, full_range: field("XCOLORRANGE=") == Some("FULL") })
    }
}

/// A line without its end; `None` at the end of the stream.
fn line(stream: &mut impl Read) -> Option<String> {
    let mut line = Vec::new();
    let mut byte = [0];
    while line.len() < LONGEST_LINE && read_up_to(stream, &mut byte).ok()? == 1 {
        if byte[0] == b'\n' {
            return String::from_utf8(line).ok();
        }
        line.push(byte[0]);
    }
    None
}
