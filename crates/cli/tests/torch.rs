//! Files as `torch.save` writes them, made by hand, so that they can also be made wrong.

use std::io::{Cursor, Write};

use zip::write::{SimpleFileOptions, ZipWriter};

use crate::state::Weights;

/// A zip of these files, not compressed.
pub(crate) fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in files {
        zip.start_file(*name, stored).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// `torch.save` of a state dict of 32-bit floats; `before` are pickle instructions ahead of it.
pub(crate) fn saved(weights: &Weights, before: &[u8]) -> Vec<u8> {
    let mut pickle = [b"\x80\x02", before, b"}"].concat();
    let mut storages = Vec::new();
    for (index, (name, (shape, values))) in weights.iter().enumerate() {
        let key = index.to_string();
        text(&mut pickle, name);
        pickle.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        text(&mut pickle, "storage");
        pickle.extend(b"ctorch\nFloatStorage\n");
        text(&mut pickle, &key);
        text(&mut pickle, "cpu");
        number(&mut pickle, values.len());
        pickle.extend(b"tQK\x00(");
        for size in shape {
            number(&mut pickle, *size);
        }
        pickle.extend(b"t(");
        let stride = |axis: usize| shape[axis + 1..].iter().product();
        for axis in 0..shape.len() {
            number(&mut pickle, stride(axis));
        }
        pickle.extend(b"t\x89ccollections\nOrderedDict\n)RtRs");
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        storages.push((format!("archive/data/{key}"), bytes));
    }
    pickle.push(b'.');
    let mut files: Vec<(&str, &[u8])> =
        vec![("archive/data.pkl", &pickle), ("archive/version", b"3\n")];
    files.extend(storages.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())));
    zipped(&files)
}

fn text(pickle: &mut Vec<u8>, text: &str) {
    pickle.push(b'X');
    pickle.extend((text.len() as u32).to_le_bytes());
    pickle.extend(text.as_bytes());
}

fn number(pickle: &mut Vec<u8>, number: usize) {
    pickle.push(b'J');
    pickle.extend((number as u32).to_le_bytes());
}
