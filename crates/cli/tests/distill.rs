//! Trainings that learn what other checkpoints say.

use std::fs;

use crate::bad_recipe::{RECIPE, corpus, train};

fn taught(teacher: &str) -> String {
    let distill = format!("distill = {{ teachers = [\"{teacher}\"], weight = 2.0 }}");
    RECIPE.replace("objective.labels = {}", &format!("objective.{distill}")).replace("sgd", "adam")
}

#[test]
fn a_student_without_labels_learns_what_its_teacher_says() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    corpus(&here.join("data"), 0.0);
    let teacher = RECIPE.replace("sgd", "adam").replace("epochs = 2", "epochs = 60");
    let run = train(here, &teacher, &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    fs::rename(here.join("model.safetensors"), here.join("teacher.safetensors")).unwrap();
    let student = taught("teacher.safetensors").replace("epochs = 2", "epochs = 60");
    let run = train(here, &student, &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let losses: Vec<f64> = run
        .stdout
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|line| line["event"] == "epoch")
        .map(|line| line["loss"].as_f64().unwrap())
        .collect();
    assert_eq!(losses.len(), 60);
    assert!(losses[59] < 0.8 * losses[0], "{losses:?}");
}

#[test]
fn a_teacher_that_cannot_be_read_or_says_nothing_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    corpus(&here.join("data"), 0.0);
    fs::write(here.join("torn.safetensors"), b"no weights").unwrap();
    for teacher in ["gone.safetensors", "torn.safetensors"] {
        let run = train(here, &taught(teacher), &[]);
        assert_eq!(run.code, Some(1), "{}", run.stdout);
        assert!(run.stderr.contains(teacher), "{}", run.stderr);
        assert_eq!(run.stderr.matches("error: ").count(), 1, "{}", run.stderr);
    }
    let run = train(here, &RECIPE.replace("labels = {}", "distill = { teachers = [] }"), &[]);
    assert!(run.stderr.contains("distill.teachers"), "{}", run.stderr);
}
