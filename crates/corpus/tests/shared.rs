//! Real data, which lies outside of the repository.

use std::io::Write;
use std::path::PathBuf;

/// A file or folder of the shared data, or one line on why the test is skipped.
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("LIMBIC_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let path = root.join("data").join(name);
    if !path.exists() {
        // Past the test runner, which keeps what a passing test prints to itself.
        let thread = std::thread::current();
        let test = thread.name().unwrap_or("a test");
        let gone = path.display();
        let _ =
            writeln!(std::io::stderr(), "skipped {test}: {gone} is not there; set LIMBIC_SHARED");
        return None;
    }
    Some(path)
}
