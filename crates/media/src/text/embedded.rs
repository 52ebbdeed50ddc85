//! Subtitles inside a film: timed text in mp4 and mov (3GPP TS 26.245), text tracks in Matroska.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::subtitle::well_known::{
    CODEC_ID_ASS, CODEC_ID_SSA, CODEC_ID_TEXT_UTF8, CODEC_ID_WEBVTT,
};
use symphonia::core::formats::FormatReader;

use super::{Cue, subtitle};
use crate::boxes::{Movie, Track};
use crate::span::{Skipped, Span};

/// A film with more subtitles than this is read up to here.
const CUE_LIMIT: usize = 200_000;

/// The cues of the first text track of an mp4.
pub(crate) fn timed_text(file: &mut File, movie: &Movie) -> (Vec<Cue>, Vec<Skipped>) {
    let known = |track: &&Track| track.is_text() && matches!(&track.format, b"tx3g" | b"text");
    let Some(track) = movie.tracks.iter().find(known) else { return Default::default() };
    let first = track.first_edit().and_then(|edit| edit.media_time).unwrap_or(0);
    let second = |tick: u64| {
        let tick = tick.saturating_sub(first) as f64 / f64::from(track.timescale.max(1));
        tick + track.lead(movie.timescale)
    };
    let mut cues = Vec::new();
    let mut skipped: Vec<Skipped> = Vec::new();
    for sample in &track.samples {
        let end = sample.start.saturating_add(u64::from(sample.duration));
        let span = Span::new(second(sample.start), second(end));
        match sample_text(file, sample.offset, sample.size) {
            Some(text) => cues.extend(Cue::timed(span, &text)),
            None => {
                if let Some(last) = skipped.last_mut().and_then(|last| last.span.as_mut()) {
                    last.end = span.end;
                } else {
                    let reason = "subtitles that cannot be read".into();
                    skipped.push(Skipped { span: Some(span), reason });
                }
            }
        }
    }
    (cues, skipped)
}

/// Two bytes of length, then UTF-8 or marked UTF-16; styles may follow and are left.
fn sample_text(file: &mut File, offset: u64, size: u32) -> Option<String> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(offset)).ok()?;
    // The length field cannot tell more than 65,535.
    file.take(u64::from(size).min(65_537)).read_to_end(&mut bytes).ok()?;
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    let text = rest.get(..usize::from(u16::from_be_bytes(*length)))?;
    match text {
        [0xfe, 0xff, wide @ ..] => {
            let units: Vec<u16> =
                wide.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            String::from_utf16(&units).ok()
        }
        _ => String::from_utf8(text.to_vec()).ok(),
    }
}

/// The cues of the first text track of a Matroska file; reads it to its end if there is one.
pub(crate) fn matroska(reader: &mut dyn FormatReader) -> (Vec<Cue>, Vec<Skipped>) {
    let text_track = reader.tracks().iter().find_map(|track| match &track.codec_params {
        Some(CodecParameters::Subtitle(params)) => {
            let styled = params.codec == CODEC_ID_ASS || params.codec == CODEC_ID_SSA;
            let known =
                styled || params.codec == CODEC_ID_TEXT_UTF8 || params.codec == CODEC_ID_WEBVTT;
            known.then_some((track.id, track.time_base?, styled))
        }
        _ => None,
    });
    let Some((id, base, styled)) = text_track else { return Default::default() };
    let tick = f64::from(base.numer.get()) / f64::from(base.denom.get());
    let mut cues = Vec::new();
    let mut skipped = Vec::new();
    while cues.len() < CUE_LIMIT {
        let packet = match reader.next_packet() {
            Ok(Some(packet)) if packet.track_id == id => packet,
            Ok(Some(_)) => continue,
            Ok(None) => break,
            Err(error) => {
                let reason = format!("the subtitles from here on cannot be read: {error}");
                skipped.push(Skipped { span: None, reason });
                break;
            }
        };
        let start = packet.pts.get().max(0) as f64 * tick;
        let span = Span::new(start, start + packet.dur.get() as f64 * tick);
        match std::str::from_utf8(&packet.data) {
            // Eight fields stand before the words of a styled line (Matroska, Subtitles, SSA).
            Ok(line) if styled => {
                let words = line.splitn(9, ',').last().unwrap_or_default();
                cues.extend(Cue::timed(span, &subtitle::plain(words)));
            }
            Ok(line) => cues.extend(Cue::timed(span, &subtitle::plain(line))),
            Err(_) => {
                skipped
                    .push(Skipped { span: Some(span), reason: "a subtitle is not UTF-8".into() });
            }
        }
    }
    (cues, skipped)
}
