//! The limits of manifests, set where a test can reach them.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::rows::Limits;
use super::{ManifestOptions, manifest_within};
use crate::Result;

const SMALL: Limits = Limits { rows: 100, cell: 50, row: 32_768, columns: 20, held: 1 << 20 };

fn file(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn clips(path: &Path, limits: Limits) -> Result<usize> {
    Ok(manifest_within(path, &ManifestOptions::default(), limits)?.examples()?.len())
}

fn refusal(path: &Path, limits: Limits) -> String {
    clips(path, limits).unwrap_err().to_string()
}

#[test]
fn one_row_more_than_allowed_is_refused_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let csv = |rows: usize| {
        (0..rows).fold("id,text\n".to_owned(), |text, row| text + &format!("{row},x\n"))
    };
    let json = |rows: usize| {
        (0..rows).fold(String::new(), |text, row| {
            text + &format!("{{\"id\":\"{row}\",\"text\":\"x\"}}\n")
        })
    };
    let (fits, more) = (csv(100), csv(101));
    assert_eq!(clips(&file(folder.path(), "a.csv", &fits), SMALL).unwrap(), 100);
    let message = refusal(&file(folder.path(), "b.csv", &more), SMALL);
    assert!(message.ends_with("b.csv: has more than 100 rows; split it into several"), "{message}");
    assert_eq!(clips(&file(folder.path(), "a.jsonl", &json(100)), SMALL).unwrap(), 100);
    assert!(refusal(&file(folder.path(), "b.jsonl", &json(101)), SMALL).contains("100 rows"));
    let media = folder.path().join("media");
    std::fs::create_dir(&media).unwrap();
    (0..=100).for_each(|clip| drop(file(&media, &format!("{clip}.wav"), "")));
    assert!(refusal(&media, SMALL).contains("more than 100 files"));
}

#[test]
fn long_cells_long_rows_and_wide_tables_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let message = |name: &str, text: String| refusal(&file(folder.path(), name, &text), SMALL);
    let long = message("a.csv", format!("id,text\na,x\nb,{}\n", "x".repeat(51)));
    assert!(long.contains("line 3: `text` is longer than 50 bytes"), "{long}");
    // A quote that is never closed makes all of the file one cell.
    let open = message("b.csv", format!("id,text\na,\"{}", "x\n".repeat(100_000)));
    assert!(open.contains("line 2") && open.contains("quote left open"), "{open}");
    let line = message("c.jsonl", format!("{{\"text\":\"{}\"}}", "x".repeat(100_000)));
    assert!(line.contains("line 1: longer than 32768 bytes"), "{line}");
    let wide = (0..21).fold(String::new(), |text, column| text + &format!("c{column},"));
    assert!(message("d.csv", format!("{wide}\n")).contains("more than 20 columns"));
    let keys = |row| format!("{{\"text\":\"x\",\"a{row}\":1,\"b{row}\":1}}\n");
    assert!(message("e.jsonl", (0..50).map(keys).collect()).contains("more than 20 keys"));
}

#[test]
fn clips_that_would_fill_the_memory_are_refused_before_any_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    let mut table = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    writeln!(table, "id,text").unwrap();
    (0..90).for_each(|row| writeln!(table, "{row},{}", "x".repeat(40)).unwrap());
    drop(table);
    assert_eq!(clips(&path, SMALL).unwrap(), 90);
    let tight = Limits { held: 50_000, ..SMALL };
    assert!(refusal(&path, tight).contains("of memory; split it"));
}
