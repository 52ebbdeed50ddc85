//! `limbic bench`: steps are timed, and only beside a peer that computes the same.

use serde_json::Value;

use crate::program::limbic;

#[test]
fn a_step_is_timed_without_a_peer() {
    let folder = tempfile::tempdir().unwrap();
    let typed = ["bench", "--workload", "d1", "--rounds", "1", "--json"];
    let run = limbic(folder.path(), &typed, b"");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let told: Value = serde_json::from_str(&run.stdout).unwrap();
    assert!(told["limbic_ms"][0].as_f64().unwrap() > 0.0, "{told}");
    assert!(told["ratio"].is_null(), "{told}");
    let share = told["products"]["share"].as_f64().unwrap();
    assert!(share > 0.1 && share <= 1.0, "{told}");
    let [rate, best] = ["rate", "best"].map(|name| told["products"][name].as_f64().unwrap());
    assert!(rate > 0.0 && best > 0.0, "{told}");
}

#[cfg(unix)]
#[test]
fn a_peer_that_computes_something_else_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let peer = folder.path().join("peer");
    for losses in ["[0.1, 0.1, 0.1, 0.1]", "[0.1]", "[NaN]", ""] {
        let script = format!("#!/bin/sh\nread question\necho '{losses}'\n");
        std::fs::write(&peer, script).unwrap();
        std::fs::set_permissions(&peer, std::fs::Permissions::from_mode(0o755)).unwrap();
        let typed =
            ["bench", "--workload", "d1", "--rounds", "1", "--peer", peer.to_str().unwrap()];
        let run = limbic(folder.path(), &typed, b"");
        assert_eq!(run.code, Some(1), "{losses}: {}", run.stdout);
        let named = if losses.ends_with("1]") { "do not compute the same" } else { "peer: said" };
        assert!(run.stderr.contains(named), "{losses}: {}", run.stderr);
    }
}

#[test]
fn a_peer_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let run =
        limbic(folder.path(), &["bench", "--workload", "d1", "--peer", "no-such-python"], b"");
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("no-such-python cannot be started; give --peer"), "{}", run.stderr);
}
