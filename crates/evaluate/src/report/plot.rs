//! Drawings as SVG text, and text that means nothing to HTML.

use std::fmt::Display;

/// A text that HTML and XML show as it is.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe += "&amp;",
            '<' => safe += "&lt;",
            '>' => safe += "&gt;",
            '"' => safe += "&quot;",
            '\'' => safe += "&#39;",
            '\n' | '\t' | '\r' => safe.push(' '),
            character if character.is_control() => safe.push(char::REPLACEMENT_CHARACTER),
            character => safe.push(character),
        }
    }
    safe
}

/// The first characters of a text that is too long to stand beside a plot.
pub(super) fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// Where a text stands about its place.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A drawing that is being made.
pub(super) struct Plot {
    /// Its elements.
    body: Vec<String>,
    width: f64,
    height: f64,
}

impl Plot {
    pub(super) fn new(width: f64, height: f64) -> Self {
        Self { body: Vec::new(), width, height }
    }

    /// A rectangle, of which only a share of its colour is seen.
    pub(super) fn bar(&mut self, class: &str, [x, y, w, h]: [f64; 4], share: f64) {
        self.body.push(format!(
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" \
             fill-opacity=\"{:.3}\"/>",
            w.max(0.0),
            h.max(0.0),
            share.clamp(0.0, 1.0)
        ));
    }

    pub(super) fn dot(&mut self, class: &str, [x, y]: [f64; 2], title: &str) {
        self.body.push(format!(
            "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill-opacity=\"0.8\">\
             <title>{}</title></circle>",
            escaped(title)
        ));
    }

    pub(super) fn line(&mut self, class: &str, points: &[[f64; 2]]) {
        let points: Vec<String> = points.iter().map(|[x, y]| format!("{x:.1},{y:.1}")).collect();
        self.body.push(format!(
            "<polyline class=\"{class}\" fill=\"none\" stroke=\"currentColor\" points=\"{}\"/>",
            points.join(" ")
        ));
    }

    pub(super) fn text(
        &mut self,
        class: &str,
        [x, y]: [f64; 2],
        anchor: Anchor,
        text: impl Display,
    ) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        self.body.push(format!(
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>",
            escaped(&text.to_string())
        ));
    }

    /// A text that rises to the right.
    pub(super) fn slanted(&mut self, [x, y]: [f64; 2], text: &str) {
        self.body.push(format!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" transform=\"rotate(-40 {x:.1} {y:.1})\">{}</text>",
            escaped(text)
        ));
    }

    /// A square of a side with axes from 0 to 1, its lower left corner at a place.
    pub(super) fn axes(&mut self, [left, bottom]: [f64; 2], side: f64, labels: [&str; 2]) {
        for tick in [0.0, 0.25, 0.5, 0.75, 1.0] {
            let (x, y) = (left + tick * side, bottom - tick * side);
            self.line("grid", &[[left, y], [left + side, y]]);
            self.line("grid", &[[x, bottom], [x, bottom - side]]);
            self.text("small", [x, bottom + 15.0], Anchor::Middle, tick);
            self.text("small", [left - 6.0, y + 4.0], Anchor::End, tick);
        }
        self.line("axis", &[[left, bottom - side], [left, bottom], [left + side, bottom]]);
        self.text("", [left + side / 2.0, bottom + 32.0], Anchor::Middle, labels[0]);
        self.text("", [left - 30.0, bottom - side - 10.0], Anchor::Start, labels[1]);
    }

    /// The drawing, with a name and a description for those who cannot see it.
    pub(super) fn finish(self, name: &str, description: &str) -> String {
        let (name, description) = (escaped(name), escaped(description));
        format!(
            "<svg role=\"img\" aria-label=\"{name}: {description}\" width=\"{w:.0}\" \
             height=\"{h:.0}\" viewBox=\"0 0 {w:.0} {h:.0}\"><title>{name}</title>\
             <desc>{description}</desc>{}</svg>",
            self.body.concat(),
            w = self.width,
            h = self.height
        )
    }
}

/// A table of cells in HTML; `numbers` says which columns are.
pub(super) fn table(head: &[&str], numbers: &[bool], rows: &[Vec<String>]) -> String {
    let class =
        |column: usize| if numbers.get(column) == Some(&true) { " class=\"n\"" } else { "" };
    let head: Vec<String> = head
        .iter()
        .enumerate()
        .map(|(column, text)| format!("<th scope=\"col\"{}>{}</th>", class(column), escaped(text)))
        .collect();
    let cell = |(column, html): (usize, &String)| format!("<td{}>{html}</td>", class(column));
    let row = |row: &Vec<String>| {
        let cells: String = row.iter().enumerate().map(cell).collect();
        format!("<tr>{cells}</tr>\n")
    };
    let body: String = rows.iter().map(row).collect();
    format!(
        "<div class=\"wide\"><table><thead><tr>{}</tr></thead><tbody>\n{body}</tbody></table></div>\n",
        head.concat()
    )
}
