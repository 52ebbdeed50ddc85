//! Event files of TensorBoard: records of TensorFlow, each an `Event` message.
//!
//! Of the messages of `tensorflow/core/util/event.proto` and `framework/summary.proto` only the
//! few fields that a scalar and a text need are written.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::{Error, Evaluation, Result};

/// What TensorFlow adds to a rotated checksum, so that one of a checksum is none of its data.
const MASK: u32 = 0xa282_ead8;
/// `DT_STRING` of `types.proto`.
const STRING: u64 = 7;

/// An event file that is being written.
pub struct Events {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Events {
    /// Starts a file in a folder, which is made where it is missing.
    ///
    /// # Errors
    /// Where the folder cannot be written to.
    pub fn create(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
        let path = folder.join(format!("events.out.tfevents.{:010}.limbic", now() as u64));
        let file = BufWriter::new(File::create(&path).map_err(Error::io(&path))?);
        let mut events = Self { path, file };
        let mut version = Message::default();
        version.text(3, "brain.Event:2");
        events.event(0, version)?;
        Ok(events)
    }

    /// A number at a step.
    ///
    /// # Errors
    /// Where the disk is full.
    pub fn scalar(&mut self, tag: &str, step: u64, value: f32) -> Result<()> {
        let mut entry = Message::default();
        entry.text(1, tag);
        entry.float(2, value);
        self.summary(step, &entry)
    }

    /// A text in Markdown at a step.
    ///
    /// # Errors
    /// Where the disk is full.
    pub fn text(&mut self, tag: &str, step: u64, markdown: &str) -> Result<()> {
        let (mut plugin, mut metadata) = (Message::default(), Message::default());
        plugin.text(1, "text");
        metadata.message(1, &plugin);
        let (mut size, mut shape, mut tensor) =
            (Message::default(), Message::default(), Message::default());
        size.number(1, 1);
        shape.message(2, &size);
        tensor.number(1, STRING);
        tensor.message(2, &shape);
        tensor.text(8, markdown);
        let mut entry = Message::default();
        entry.text(1, tag);
        entry.message(8, &tensor);
        entry.message(9, &metadata);
        self.summary(step, &entry)
    }

    /// Every score of a result at step 0, tagged `LABELS/INPUTS/METRIC`, and its Markdown report.
    ///
    /// # Errors
    /// Where the disk is full.
    pub fn evaluation(&mut self, evaluation: &Evaluation) -> Result<()> {
        for section in &evaluation.sections {
            for condition in &section.conditions {
                let change = condition.change.as_ref().map(|change| format!(" ({change})"));
                let inputs = format!("{}{}", condition.inputs, change.unwrap_or_default());
                for value in &condition.scored.metrics {
                    if let Some(score) = value.value {
                        let tag = format!("{}/{inputs}/{}", section.labels, value.metric);
                        self.scalar(&tag, 0, score as f32)?;
                    }
                }
            }
        }
        self.text("report", 0, &crate::markdown(evaluation))
    }

    /// Writes out what is still in memory, and says where the file is.
    ///
    /// # Errors
    /// Where the disk is full.
    pub fn finish(mut self) -> Result<PathBuf> {
        self.file.flush().map_err(Error::io(&self.path))?;
        Ok(self.path)
    }

    fn summary(&mut self, step: u64, entry: &Message) -> Result<()> {
        let (mut summary, mut event) = (Message::default(), Message::default());
        summary.message(1, entry);
        event.message(5, &summary);
        self.event(step, event)
    }

    /// Frames an event: its length, both with a checksum of their own.
    fn event(&mut self, step: u64, fields: Message) -> Result<()> {
        let mut event = Message::default();
        event.double(1, now());
        event.number(2, step);
        event.0.extend(fields.0);
        let length = (event.0.len() as u64).to_le_bytes();
        let mut record = length.to_vec();
        record.extend(masked(&length).to_le_bytes());
        record.extend(&event.0);
        record.extend(masked(&event.0).to_le_bytes());
        self.file.write_all(&record).map_err(Error::io(&self.path))
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

fn masked(data: &[u8]) -> u32 {
    crc32c::crc32c(data).rotate_right(15).wrapping_add(MASK)
}

/// A message of protocol buffers.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn number(&mut self, field: u64, value: u64) {
        self.varint(field << 3);
        self.varint(value);
    }

    fn double(&mut self, field: u64, value: f64) {
        self.varint(field << 3 | 1);
        self.0.extend(value.to_le_bytes());
    }

    fn float(&mut self, field: u64, value: f32) {
        self.varint(field << 3 | 5);
        self.0.extend(value.to_le_bytes());
    }

    fn bytes(&mut self, field: u64, value: &[u8]) {
        self.varint(field << 3 | 2);
        self.varint(value.len() as u64);
        self.0.extend(value);
    }

    fn text(&mut self, field: u64, value: &str) {
        self.bytes(field, value.as_bytes());
    }

    fn message(&mut self, field: u64, value: &Self) {
        self.bytes(field, &value.0);
    }
}

#[cfg(test)]
mod tests;
