use super::*;

#[test]
fn yes_no_sets_have_the_area_under_the_curve_of_every_class_that_has_one() {
    let names = ["joy", "fear", "never", "unknown"].map(|n| (n.to_owned(), String::new()));
    let labels = [Label::Multi(vec![0]), Label::Multi(vec![0, 1]), Label::Multi(vec![3])];
    let hidden = f32::NEG_INFINITY;
    let logits = [[2.0, 0.5, 0.0, hidden], [1.0, -1.0, 0.0, hidden], [1.5, 0.0, 0.0, hidden]];
    let own: Vec<(&Label, &[f32])> = labels.iter().zip(&logits).map(|(l, z)| (l, &z[..])).collect();
    let found: BTreeMap<String, f64> = multi_metrics(&own, &[0.5; 4], &names).into_iter().collect();
    assert_eq!(found["auc_joy"], 0.5);
    assert_eq!(found["auc_fear"], 0.0);
    assert_eq!(found["auc_mean"], 0.25);
    // No clip has the third, and the model has no row for the last.
    assert!(!found.contains_key("auc_never") && !found.contains_key("auc_unknown"));
}
