//! Figures beside their bars, as Markdown.

use crate::plan::Figure;
use crate::run::Found;

/// One row a figure; what is below its floor says so.
pub(crate) fn markdown(rows: &[(&Figure, Found)]) -> String {
    let mut lines = vec![
        "| point | figure | value | clips | floor | aim | |".to_owned(),
        "|---|---|---|---|---|---|---|".to_owned(),
    ];
    for (figure, found) in rows {
        let interval =
            found.interval.map_or(String::new(), |[low, high]| format!(" [{low:.3}, {high:.3}]"));
        let bar = |bar: Option<f64>| bar.map_or(String::new(), |bar| format!("{bar:.3}"));
        let verdict = match () {
            () if figure.misses(found.value) => "**below the floor**",
            () if figure.reaches(found.value) => "aim reached",
            () if figure.floor.is_some() => "floor reached",
            () => "",
        };
        lines.push(format!(
            "| {} | {} | {:.3}{interval} | {} | {} | {} | {verdict} |",
            figure.point,
            figure.of,
            found.value,
            found.clips.map_or(String::new(), |clips| clips.to_string()),
            bar(figure.floor),
            bar(figure.aim),
        ));
    }
    lines.push(String::new());
    let mut commands: Vec<&str> = rows.iter().map(|(_, found)| found.command.as_str()).collect();
    commands.dedup();
    lines.extend(commands.into_iter().map(|command| format!("    {command}")));
    lines.join("\n") + "\n"
}
