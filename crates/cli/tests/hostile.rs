//! Files that are no state dict, or that ask for code, end in one sentence each. Nothing of them
//! is run, and nothing is written.

use std::fs;
use std::path::Path;

use crate::state::{Weights, convert, fixture, read, safetensors, small};
use crate::torch::{saved, zipped};

/// The sentence that refuses `file`, which holds `bytes`; nothing is written.
#[track_caller]
fn refused(file: &str, bytes: &[u8], expected: &str) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(file), bytes).unwrap();
    refused_in(folder.path(), 3, &[file], file, expected);
}

#[track_caller]
fn refused_in(folder: &Path, classes: usize, arguments: &[&str], named: &str, expected: &str) {
    let run = convert(folder, &small(), classes, arguments);
    assert_eq!(run.code, Some(1), "{named}: {}", run.stderr);
    let lines: Vec<&str> = run.stderr.lines().collect();
    let [line] = lines[..] else { panic!("{named}: not one sentence: {}", run.stderr) };
    assert!(line.starts_with("error: ") && line.contains(named), "{line}");
    assert!(line.contains(expected), "{line} lacks {expected}");
    assert!(line.len() < 420 && line.contains("; "), "{line}");
    assert!(!folder.join("out.safetensors").exists(), "{named}");
}

fn expected() -> Weights {
    read(Path::new(&fixture("expected.safetensors")))
}

#[test]
fn files_that_are_empty_cut_or_of_another_kind() {
    let whole = fs::read(fixture("new.pt")).unwrap();
    let old = fs::read(fixture("old.pt")).unwrap();
    let plain = safetensors(&expected());
    refused("empty.pt", b"", "is empty");
    refused("cut.pt", &whole[..whole.len() / 2], "no whole zip");
    refused("cut-old.pt", &old[..old.len() / 4], "is cut off");
    refused("cut-old-data.pt", &old[..old.len() - 40], "state dict");
    refused("cut.safetensors", &plain[..plain.len() - 4], "no whole safetensors file");
    refused("noise.pt", b"\xffnoise and more noise", "neither safetensors nor PyTorch");
    refused("text.pt", b"What a lovely day", "neither safetensors nor PyTorch");
    refused("other.zip", &zipped(&[("a.txt", b"a")]), "without `data.pkl`");
    refused("nothing.pt", &saved(&Weights::new(), b""), "holds no weights");
    refused("list.pt", &zipped(&[("a/data.pkl", b"\x80\x02].")]), "dictionary");
    let mut damaged = whole;
    let first = expected()["textEmoEmbs.weight"].1[0].to_le_bytes();
    let place = damaged.windows(4).position(|bytes| bytes == first).unwrap();
    damaged[place] ^= 0xff;
    refused("damaged.pt", &damaged, "damaged");
}

#[test]
fn files_cut_at_every_hundredth_byte_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["new.pt", "old.pt", "expected.safetensors"] {
        let whole = fs::read(fixture(name)).unwrap();
        for part in (0..whole.len()).step_by(whole.len() / 12) {
            fs::write(folder.path().join(name), &whole[..part]).unwrap();
            refused_in(folder.path(), 3, &[name], name, "");
        }
    }
}

#[test]
fn pickles_that_ask_for_code_are_refused_and_not_run() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("ran");
    let touch = format!("touch {}", mark.display());
    let call = |import: &[u8]| {
        let mut pickle = [b"\x80\x02", import, b"X"].concat();
        pickle.extend((touch.len() as u32).to_le_bytes());
        [&pickle, touch.as_bytes(), b"\x85R"].concat()
    };
    let system = call(b"cposix\nsystem\n");
    let plain = [&system[..], b"."].concat();
    let hidden = [&system[2..], b"0"].concat();
    let below = [b"\x80\x02}X\x01\x00\x00\x00a", &system[2..], b"s."].concat();
    let stacked = call(b"\x8c\x05posix\x8c\x06system\x93");
    let spoken = [&call(b"cbuiltins\neval\n")[..], b"."].concat();
    let loaded = [&call(b"ctorch\nload\n")[..], b"."].concat();
    let state = expected();
    for (name, bytes, asked) in [
        ("plain.pt", plain.clone(), "posix.system"),
        ("zip.pt", zipped(&[("archive/data.pkl", &plain)]), "posix.system"),
        (
            "second.pt",
            zipped(&[("a/data.pkl", b"\x80\x02}."), ("b/c/data.pkl", &plain)]),
            "posix.system",
        ),
        ("below.pt", zipped(&[("archive/data.pkl", &below)]), "posix.system"),
        // Run ahead of a whole state dict, its value thrown away.
        ("ahead.pt", saved(&state, &hidden), "posix.system"),
        ("stacked.pt", [&stacked[..], b"."].concat(), "posix.system"),
        ("eval.pt", spoken, "builtins.eval"),
        ("load.pt", loaded, "torch.load"),
        ("put-together.pt", saved(&state, b"\x8c\x02os\x8c\x06systemNN00\x930"), "hides"),
    ] {
        fs::write(folder.path().join(name), bytes).unwrap();
        refused_in(folder.path(), 3, &[name], name, asked);
        assert!(!mark.exists(), "{name} was run");
    }
    for (name, asked) in [("whole.pt", "__main__.Mtee"), ("dumped.pt", "pickle.dump")] {
        refused_in(folder.path(), 3, &[&fixture(name)], name, asked);
    }
}

#[test]
fn what_does_not_fit_the_recipe_is_named() {
    let state = expected();
    let with = |name: &str, found: Option<(Vec<usize>, Vec<f32>)>| {
        let mut state = state.clone();
        match found {
            Some(found) => drop(state.insert(name.to_owned(), found)),
            None => drop(state.remove(name)),
        }
        safetensors(&state)
    };
    let bias = "RNNs.0.bias_ih_l0";
    refused("gone.safetensors", &with(bias, None), "`RNNs.0.bias_ih_l0` is missing");
    refused("shape.safetensors", &with(bias, Some((vec![3], vec![0.0; 3]))), "[3]");
    let wide = Some((vec![16, 6], vec![0.0; 96]));
    refused("wide.safetensors", &with("RNNs.0.weight_ih_l0", wide), "[16, 6]");
    let wide = Some((vec![16, 6], vec![0.0; 96]));
    refused("wide.safetensors", &with("RNNs.0.weight_ih_l0", wide), "asks for [16, 5]");
    for value in [f32::NAN, f32::INFINITY] {
        let broken = with(bias, Some((vec![16], vec![value; 16])));
        refused(
            "broken.safetensors",
            &broken,
            "`RNNs.0.bias_ih_l0` holds values that are infinite",
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let file = fixture("expected.safetensors");
    refused_in(folder.path(), 4, &[&file], "expected.safetensors", "--labels");
    refused_in(folder.path(), 3, &[&file, &fixture("new.pt")], "new.pt", "holds too");
    refused_in(folder.path(), 3, &["gone.pt"], "gone.pt", "cannot be read");
    // What is nobody's weight may be broken.
    fs::write(
        folder.path().join("more.safetensors"),
        with("RNNs.0.mask", Some((vec![1], vec![f32::NEG_INFINITY]))),
    )
    .unwrap();
    let run = convert(folder.path(), &small(), 3, &["more.safetensors"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(
        run.stderr,
        "warning: more.safetensors: nothing takes 2 of its weights: `RNNs.0.mask`, \
         `modality_weights.weight`\nwarning: 1 of 9 weights are not or not wholly in the files \
         and stay as the recipe starts them, untrained: `words.table`; readings need them, so \
         train before `limbic predict`\n"
    );
    assert!(folder.path().join("out.safetensors").exists());
}
