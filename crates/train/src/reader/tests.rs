use limbic_model::Recipe;

use super::*;

/// One encoder table.
fn encoder(features: &str, input: &str) -> EncoderConfig {
    let text = format!(
        "about = 'one'\n[data]\ncorpora = ['any']\nsplit = 'official'\n[model]\nwidth = 4\n\
         encoder.audio = {{ features = '{features}', input = {input}, \
         body = {{ kind = 'mlp', layers = 1, dropout = 0.0 }} }}\n\
         [[stage]]\nname = 'a'\nepochs = 1\nbatch = 2\n\
         optimizer = {{ kind = 'adamw', lr = 0.1 }}\nobjective.labels = {{}}"
    );
    Recipe::parse("one", &text).unwrap().model.encoder.remove(&Modality::Audio).unwrap()
}

fn example(media: Vec<Media>) -> Example {
    let id = "one".to_owned();
    Example { media, ..Example::new(id) }
}

/// Half a second of silence and a second of a tone, 16-bit mono PCM.
fn tone(path: &Path) {
    let mut file = b"RIFF\xa4\xbb\0\0WAVEfmt ".to_vec();
    for number in [16u32, 0x0001_0001, 16_000, 32_000, 0x0010_0002] {
        file.extend(number.to_le_bytes());
    }
    file.extend(b"data");
    file.extend(48_000u32.to_le_bytes());
    for i in 0..24_000 {
        let loud = if i < 8000 { 0.0 } else { 9000.0 };
        file.extend(((loud * (f64::from(i) * 0.3).sin()) as i16).to_le_bytes());
    }
    std::fs::write(path, file).unwrap();
}

#[test]
fn log_mels_have_a_row_a_film_frame_in_decibels_below_the_loudest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tone.wav");
    tone(&path);
    let config = encoder("log-mel@1", "{ kind = 'series', size = 128 }");
    let cache = Cache::at(folder.path().join("cache"));
    let mut found = Vec::new();
    for cache in [None, Some(cache)] {
        let reader = Reader::new(Modality::Audio, &config, folder.path(), None, cache).unwrap();
        let clip = example(vec![Media::Text("no sound".into()), Media::Audio(path.clone())]);
        let Some(Value::Series { steps, size }) = reader.read(&clip, None, 1).unwrap() else {
            panic!("a recording is a series")
        };
        // 1.5 s at 29.97 frames a second, the first frame at 0.
        assert_eq!((size, steps.len() / size), (128, 45));
        let peak = steps.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let least = steps.iter().copied().fold(f32::INFINITY, f32::min);
        assert_eq!((peak, least), (0.0, -80.0));
        assert!(
            reader.read(&example(vec![Media::Text("no sound".into())]), None, 1).unwrap().is_none()
        );
        found.push(steps);
    }
    assert_eq!(found[0], found[1]);
    assert!(folder.path().join("cache").is_dir());
}

#[test]
fn word_vectors_are_a_row_a_known_word_and_nothing_where_none_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let words = folder.path().join("wordvec");
    std::fs::create_dir(&words).unwrap();
    std::fs::write(words.join("word2vec_gnews300_words.txt"), "glad\nsorry\n").unwrap();
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }";
    let mut matrix = b"\x93NUMPY\x01\x00".to_vec();
    matrix.extend((header.len() as u16).to_le_bytes());
    matrix.extend(header.as_bytes());
    matrix.extend([1.0f32, 2.0, 3.0, 4.0].iter().flat_map(|x| x.to_le_bytes()));
    std::fs::write(words.join("word2vec_gnews300_f16.npy"), matrix).unwrap();
    let config = encoder("word-vectors@1", "{ kind = 'series', size = 2 }");
    let reader = Reader::new(Modality::Text, &config, folder.path(), None, None).unwrap();
    let read = |text: &str| reader.read(&example(vec![Media::Text(text.into())]), None, 1).unwrap();
    let steps = [3.0, 4.0, 1.0, 2.0].into();
    assert_eq!(read("Sorry, I am glad!"), Some(Value::Series { steps, size: 2 }));
    assert_eq!(read("nothing known"), None);
    assert_eq!(read(" "), None);
}

#[test]
fn published_vectors_are_found_by_their_name() {
    let config = encoder("mosi-audio@1", "{ kind = 'series', size = 2 }");
    let reader = Reader::new(Modality::Audio, &config, Path::new(""), None, None).unwrap();
    let vector = |name: &'static str| Media::Vector(name.into(), [1.0, 2.0].into());
    let clip = example(vec![vector("mosi-text@1"), vector("mosi-audio@1")]);
    assert_eq!(reader.read(&clip, None, 1).unwrap(), Some(Value::Vectors(vec![vec![1.0, 2.0]])));
    assert_eq!(reader.read(&example(vec![vector("mosi-text@1")]), None, 1).unwrap(), None);
}

#[test]
fn names_that_do_not_exist_or_belong_elsewhere_are_refused_with_those_that_fit() {
    for name in ["log-mel@2", "action-units@1"] {
        let config = encoder(name, "{ kind = 'series', size = 2 }");
        let error = Reader::new(Modality::Audio, &config, Path::new(""), None, None).err();
        let error = error.unwrap().to_string();
        assert!(error.contains("model.encoder.audio.features"), "{error}");
        assert!(error.contains(name) && error.contains("descriptors@1, log-mel@1"), "{error}");
    }
    let config = encoder("tokens@1", "{ kind = 'series', size = 2 }");
    let error = Reader::new(Modality::Text, &config, Path::new(""), Some("{}"), None).err();
    assert!(error.unwrap().to_string().contains("kind = \"tokens\""));
}

/// A small pretrained network of the tests of `limbic-backbones`.
fn network(name: &str) -> String {
    format!("{}/../backbones/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn networks_read_recordings_texts_films_and_faces_through_the_cache() {
    let folder = tempfile::tempdir().unwrap();
    let recording = folder.path().join("tone.wav");
    tone(&recording);
    let film = concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/hello.mp4").into();
    let face = Media::Face((0..48 * 48).map(|i| (i % 251) as u8).collect(), 48);
    let words = Media::Text("so happy".into());
    let clip = example(vec![words, face, Media::Audio(recording), Media::Film(film)]);
    let cases = [
        (Modality::Audio, "wav2vec2-base", 24, 74),
        (Modality::Text, "bert", 24, 4),
        (Modality::Vision, "r2plus1d.safetensors", 16, 1),
        #[cfg(feature = "onnx")]
        (Modality::Vision, "picture.onnx", 5, 1),
    ];
    for (modality, name, size, rows) in cases {
        let config = encoder(&network(name), &format!("{{ kind = 'series', size = {size} }}"));
        let cache = folder.path().join(name);
        let mut found = Vec::new();
        for _ in 0..2 {
            let cache = Some(Cache::at(&cache));
            let reader = Reader::new(modality, &config, folder.path(), None, cache).unwrap();
            assert!(reader.network().is_some_and(|id| id.contains('@')));
            assert!(reader.read(&example(Vec::new()), None, 1).unwrap().is_none());
            let Some(Value::Series { steps, size: width }) = reader.read(&clip, None, 1).unwrap()
            else {
                panic!("{name}: nothing is read")
            };
            assert_eq!((width, steps.len() / width), (size, rows), "{name}");
            found.push(steps);
        }
        assert_eq!(found[0], found[1], "{name}");
        assert!(cache.is_dir(), "{name}");
    }
}

#[test]
fn a_network_of_another_id_or_modality_is_refused() {
    let place = network("bert");
    let mut config = encoder(&place, "{ kind = 'series', size = 24 }");
    let refused = |modality, config: &EncoderConfig| {
        let error = Reader::new(modality, config, Path::new(""), None, None).err();
        error.expect("an error").to_string()
    };
    assert!(refused(Modality::Audio, &config).contains("model.encoder.text"));
    let own = Reader::new(Modality::Text, &config, Path::new(""), None, None).unwrap();
    config.extractor = own.network().map(str::to_owned);
    assert!(Reader::new(Modality::Text, &config, Path::new(""), None, None).is_ok());
    config.extractor = Some("bert/0@1".to_owned());
    let error = refused(Modality::Text, &config);
    assert!(error.contains("`bert/0@1` is needed and this is `bert/"), "{error}");
    config.features = "tokens@1".to_owned();
    assert!(refused(Modality::Text, &config).contains("model.encoder.text.extractor"));
}
