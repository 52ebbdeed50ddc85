//! Values of every kind as Python and numpy write them in every protocol.

use std::path::PathBuf;

use super::{Limits, Pickle, View};

fn file(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/fixture/pickles", name].iter().collect()
}

#[test]
fn every_kind_of_value_and_array_is_read_in_every_protocol() {
    let expected = std::fs::read_to_string(file("kinds.json")).unwrap();
    let expected: std::collections::BTreeMap<String, Vec<f64>> =
        serde_json::from_str(&expected).unwrap();
    for protocol in 0..6 {
        let pickle = Pickle::read(&file(&format!("kinds_{protocol}.pkl")), Limits::USUAL).unwrap();
        let top = pickle.top();
        let number = |key: &str| top.get(key).unwrap().number();
        assert_eq!([number("int"), number("float")], [Some(-3.0), Some(1.25)], "{protocol}");
        let long = 2f64.powi(40);
        assert_eq!([number("long"), number("negative")], [Some(long), Some(-long)], "{protocol}");
        assert_eq!([number("true"), number("none")], [Some(1.0), None], "{protocol}");
        assert_eq!([number("scalar"), number("whole")], [Some(0.5), Some(-7.0)], "{protocol}");
        assert_eq!(top.get("text").unwrap().text(), Some("naïve ☃ \\ \n"), "{protocol}");
        assert_eq!(top.get("bytes").unwrap().text(), None, "{protocol}");
        assert_eq!(top.get("empty").unwrap().text(), Some(""), "{protocol}");
        assert_eq!(top.get("tuple").unwrap().numbers().unwrap(), [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(top.get("set").unwrap().numbers().unwrap(), [5.0], "{protocol}");
        let shared: Vec<_> = top.get("shared").unwrap().items().unwrap().collect();
        assert_eq!(shared[1].numbers().unwrap(), [1.0], "{protocol}");
        assert_eq!(top.get("dict").unwrap().get("a").unwrap().number(), Some(1.0));
        for (key, texts) in
            [("unicode", ["ab", "☃"]), ("ascii", ["ab", "c"]), ("objects", ["x", "yz"])]
        {
            assert_eq!(top.get(key).unwrap().texts().unwrap(), texts, "{key} {protocol}");
        }
        for (kind, expected) in &expected {
            let array = top.get(kind).unwrap().array().unwrap();
            assert_eq!(array.shape, [2, 3], "{kind}");
            let found: Vec<f64> = (0..6).map(|index| array.flat(index).unwrap()).collect();
            assert_eq!(&found, expected, "{kind} {protocol}");
        }
    }
}

#[test]
fn too_many_instructions_and_too_large_a_file_are_refused() {
    let path = file("kinds_4.pkl");
    let steps = Limits { steps: 100, ..Limits::USUAL };
    let message = Pickle::read(&path, steps).err().unwrap().to_string();
    assert!(message.contains("too many instructions"), "{message}");
    let bytes = Limits { bytes: 1000, ..Limits::USUAL };
    let message = Pickle::read(&path, bytes).err().unwrap().to_string();
    assert!(message.contains("MiB"), "{message}");
}

#[test]
fn no_cut_and_no_changed_byte_makes_it_panic() {
    fn parse(bytes: &[u8]) -> Option<Pickle> {
        Pickle::parse(Box::new(bytes), bytes.len() as u64, 100_000).ok()
    }
    for name in ["kinds_0.pkl", "kinds_5.pkl"] {
        let whole = std::fs::read(file(name)).unwrap();
        assert!(parse(&whole).is_some());
        for byte in 0..whole.len() {
            assert!(parse(&whole[..byte]).is_none(), "{name} cut at {byte}");
            for bit in [0x01, 0xff] {
                let mut odd = whole.clone();
                odd[byte] ^= bit;
                let Some(pickle) = parse(&odd) else { continue };
                pickle.top().get("unicode").and_then(View::texts);
                pickle.top().get("<f4").and_then(View::numbers);
            }
        }
    }
}
