//! A long film made of a short one: the sample tables say every sample many times, and the bytes
//! are there once. To a reader that is an hour of video; on disk it is a few megabytes.

/// The boxes that hold boxes.
const FOLDERS: [&[u8]; 6] = [b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts"];

/// `film` (an mp4 with one edit a track and 32-bit times), `times` over.
pub(crate) fn repeated(film: &[u8], seconds: u32, times: u32) -> Vec<u8> {
    let top = boxes(film);
    let part = |kind: &[u8]| top.iter().find(|b| b.kind == kind).unwrap();
    let (head, data) = (part(b"ftyp"), part(b"mdat"));
    let mut out = film[head.start..head.end].to_vec();
    let moved = out.len() as i64 - data.start as i64;
    out.extend(&film[data.start..data.end]);
    out.extend(movie(&film[part(b"moov").start..part(b"moov").end], seconds, times, moved));
    out
}

struct Place {
    kind: Vec<u8>,
    start: usize,
    end: usize,
}

fn boxes(bytes: &[u8]) -> Vec<Place> {
    let (mut all, mut at) = (Vec::new(), 0);
    while at + 8 <= bytes.len() {
        let end = at + word(bytes, at) as usize;
        all.push(Place { kind: bytes[at + 4..at + 8].to_vec(), start: at, end });
        at = end;
    }
    all
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn words(bytes: &[u8], from: usize) -> Vec<u32> {
    bytes[from..].chunks_exact(4).map(|w| word(w, 0)).collect()
}

fn full_box(kind: &[u8], values: &[u32]) -> Vec<u8> {
    let mut out = (12 + 4 * values.len() as u32).to_be_bytes().to_vec();
    out.extend(kind);
    out.extend([0; 4]);
    out.extend(values.iter().flat_map(|v| v.to_be_bytes()));
    out
}

/// A `moov` with its tables repeated; sample bytes have `moved`.
fn movie(bytes: &[u8], seconds: u32, times: u32, moved: i64) -> Vec<u8> {
    let kind = &bytes[4..8];
    if kind == b"stbl" {
        return table(bytes, times, moved);
    }
    if FOLDERS.contains(&kind) {
        let clock = clock(bytes);
        let mut out = bytes[..8].to_vec();
        for part in boxes(&bytes[8..]) {
            let mut inner = movie(&bytes[8 + part.start..8 + part.end], seconds, times, moved);
            if part.kind == b"mdhd" {
                let length = seconds * times * clock.unwrap();
                inner[24..28].copy_from_slice(&length.to_be_bytes());
            }
            out.extend(inner);
        }
        let length = out.len() as u32;
        out[..4].copy_from_slice(&length.to_be_bytes());
        return out;
    }
    let mut out = bytes.to_vec();
    // Durations in the movie's clock, which ticks a thousand times a second.
    let length = (1000 * seconds * times).to_be_bytes();
    match kind {
        b"mvhd" => out[24..28].copy_from_slice(&length),
        b"tkhd" => out[28..32].copy_from_slice(&length),
        b"elst" => out[16..20].copy_from_slice(&length),
        _ => {}
    }
    out
}

/// Ticks a second, of a `mdia`.
fn clock(bytes: &[u8]) -> Option<u32> {
    let inside = &bytes[8..];
    let header = boxes(inside).into_iter().find(|b| b.kind == b"mdhd")?;
    Some(word(inside, header.start + 20))
}

/// A sample table said `times` over, each sample in a chunk of its own.
fn table(bytes: &[u8], times: u32, moved: i64) -> Vec<u8> {
    let inside = &bytes[8..];
    let find = |kind: &[u8]| boxes(inside).into_iter().find(|b| b.kind == kind);
    let body = |kind: &[u8]| find(kind).map(|b| &inside[b.start..b.end]);
    let sizes = body(b"stsz").unwrap();
    let sizes = match word(sizes, 12) {
        0 => words(sizes, 20),
        same => vec![same; word(sizes, 16) as usize],
    };
    let chunks = words(body(b"stco").unwrap(), 16);
    let runs = words(body(b"stsc").unwrap(), 16);
    let mut places = Vec::new();
    for (index, chunk) in chunks.iter().enumerate() {
        let run = runs.chunks(3).rfind(|run| run[0] as usize <= index + 1).unwrap();
        let mut place = (i64::from(*chunk) + moved) as u32;
        for _ in 0..run[1] {
            places.push(place);
            place += sizes[places.len() - 1];
        }
    }
    let again = |values: &[u32]| values.repeat(times as usize);
    let counted = |values: Vec<u32>, width: u32| {
        let mut all = vec![values.len() as u32 / width];
        all.extend(values);
        all
    };
    let head = find(b"stsd").unwrap();
    let mut out = bytes[..8].to_vec();
    out.extend(&inside[head.start..head.end]);
    out.extend(full_box(b"stts", &counted(again(&words(body(b"stts").unwrap(), 16)), 2)));
    if let Some(shifts) = body(b"ctts") {
        out.extend(full_box(b"ctts", &counted(again(&words(shifts, 16)), 2)));
    }
    if let Some(keys) = body(b"stss") {
        let keys = words(keys, 16);
        let all = (0..times).flat_map(|t| keys.iter().map(move |k| (t, k)));
        let all = all.map(|(t, k)| k + t * sizes.len() as u32).collect();
        out.extend(full_box(b"stss", &counted(all, 1)));
    }
    out.extend(full_box(b"stsc", &[1, 1, 1, 1]));
    out.extend(full_box(b"stsz", &[vec![0], counted(again(&sizes), 1)].concat()));
    out.extend(full_box(b"stco", &counted(again(&places), 1)));
    let length = out.len() as u32;
    out[..4].copy_from_slice(&length.to_be_bytes());
    out
}
