//! Parts of manifests, written anew where a figure needs them.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::plan::Table;

/// Writes the rows of `from` that `table` asks for to `to`.
pub(crate) fn cut(table: &Table, from: &Path, to: &Path) -> Result<()> {
    let mut reader = csv::Reader::from_path(from).with_context(|| from.display().to_string())?;
    let header = reader.headers()?.clone();
    let place = |name: &String| {
        let found = header.iter().position(|own| own == name);
        found.with_context(|| format!("{}: has no column `{name}`", from.display()))
    };
    let (column, keep) =
        (place(&table.column)?, table.keep.iter().map(place).collect::<Result<Vec<_>>>()?);
    let mut writer = csv::Writer::from_path(to).with_context(|| to.display().to_string())?;
    writer.write_record(&table.keep)?;
    let mut rows = 0;
    for record in reader.records() {
        let record = record.with_context(|| from.display().to_string())?;
        if record.get(column) == Some(table.is.as_str()) {
            writer.write_record(keep.iter().map(|place| record.get(*place).unwrap_or_default()))?;
            rows += 1;
        }
    }
    if rows == 0 {
        bail!("{}: no row has {} under `{}`", from.display(), table.is, table.column);
    }
    writer.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_rows_keep_the_columns_that_are_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("all.csv"), folder.path().join("some.csv"));
        std::fs::write(&from, "path,emotion,four\n\"a, b\",joy,1\nc,fear,0\nd,joy,1\n").unwrap();
        let table = |is: &str| Table {
            name: "some".to_owned(),
            of: String::new(),
            column: "four".to_owned(),
            is: is.to_owned(),
            keep: ["emotion", "path"].map(str::to_owned).into(),
        };
        cut(&table("1"), &from, &to).unwrap();
        let written = std::fs::read_to_string(&to).unwrap();
        assert_eq!(written, "emotion,path\njoy,\"a, b\"\njoy,d\n");
        let error = cut(&table("2"), &from, &to).unwrap_err().to_string();
        assert!(error.contains("no row has 2 under `four`"), "{error}");
    }
}
