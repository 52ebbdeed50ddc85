//! An audit as one page for a browser, which needs no other file and runs no script.

use std::io::{self, Write};

use limbic_corpus::audit::{Audit, Finding};

use super::audit::{Audits, class_rows, size, speaker_rows, unopened, words};
use super::cards;
use super::page::thousands;

/// Items listed of one finding; the JSON has all.
const MOST: usize = 200;

const STYLE: &str = "\
:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;\
padding:0 1rem}h2{margin-top:2.5rem;border-top:1px solid #8886;padding-top:1rem}table{border-collapse:\
collapse;margin:.5rem 0}td,th{padding:.15rem .8rem .15rem 0;text-align:left;vertical-align:top}td.n,th.n{\
text-align:right;font-variant-numeric:tabular-nums}.bad{color:#c33}summary{cursor:pointer}small{opacity:.7}";

/// Writes the page.
pub(super) fn write(out: &mut impl Write, audits: &Audits) -> io::Result<()> {
    let path = escaped(&audits.path.display().to_string());
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>Audit of {path}</title>\n<style>{STYLE}</style>\n<h1>Audit of {path}</h1>\n"
    )?;
    for audit in &audits.corpora {
        corpus(out, audit)?;
    }
    if !audits.unrecognised.is_empty() {
        writeln!(out, "<h2>Not opened</h2>\n<ul>")?;
        for loose in &audits.unrecognised {
            writeln!(out, "<li>{}</li>", escaped(&unopened(loose)))?;
        }
        writeln!(out, "</ul>")?;
    }
    writeln!(out, "</html>")
}

fn corpus(out: &mut impl Write, audit: &Audit) -> io::Result<()> {
    let target = audit.target.map_or("whose judgement is not stated", cards::target);
    writeln!(
        out,
        "<h2>{} <small>{}</small></h2>\n<p>{}.<br>Labels: {}.<br>Licence: {} ({}).</p>",
        escaped(&audit.corpus),
        escaped(&audit.title),
        escaped(&size(audit)),
        escaped(target),
        escaped(&audit.licence),
        escaped(&audit.citation)
    )?;
    for finding in &audit.findings {
        items(out, finding)?;
    }
    if !audit.overlaps.is_empty() {
        writeln!(out, "<h3>Official split</h3>\n<ul>")?;
        for overlap in &audit.overlaps {
            writeln!(out, "<li class=\"bad\">{}</li>", escaped(&overlap.to_string()))?;
        }
        writeln!(out, "</ul>")?;
    }
    if !audit.traps.is_empty() {
        writeln!(out, "<h3>Traps</h3>\n<ul>")?;
        for trap in &audit.traps {
            writeln!(out, "<li>{}</li>", escaped(trap))?;
        }
        writeln!(out, "</ul>")?;
    }
    if !audit.classes.is_empty() {
        table(out, ["class", "clips", "sound", "published"], &class_rows(audit))?;
    }
    if !audit.speakers.is_empty() {
        writeln!(out, "<details><summary>{} speakers</summary>", thousands(audit.speakers.len()))?;
        table(out, ["speaker", "clips", "sound", "classes"], &speaker_rows(audit, usize::MAX))?;
        writeln!(out, "</details>")?;
    }
    Ok(())
}

fn items(out: &mut impl Write, finding: &Finding) -> io::Result<()> {
    let bad = if finding.fault.is_broken() { " class=\"bad\"" } else { "" };
    let count = thousands(finding.count);
    writeln!(out, "<details><summary{bad}>{count} {}</summary>\n<table>", words(finding.fault))?;
    for item in finding.items.iter().take(MOST) {
        writeln!(out, "<tr><td>{}</td><td>{}</td></tr>", escaped(&item.name), escaped(&item.note))?;
    }
    writeln!(out, "</table>")?;
    if finding.count > MOST {
        writeln!(out, "<p>and {} more</p>", thousands(finding.count - MOST))?;
    }
    writeln!(out, "</details>")
}

fn table(out: &mut impl Write, head: [&str; 4], rows: &[Vec<String>]) -> io::Result<()> {
    let class = |column: usize| if column == 0 { "" } else { " class=\"n\"" };
    write!(out, "<table>\n<tr>")?;
    for (column, cell) in head.iter().enumerate() {
        write!(out, "<th{}>{cell}</th>", class(column))?;
    }
    writeln!(out, "</tr>")?;
    for row in rows {
        write!(out, "<tr>")?;
        for (column, cell) in row.iter().enumerate() {
            write!(out, "<td{}>{}</td>", class(column), escaped(cell))?;
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</table>")
}

/// Text that a browser takes for nothing but text.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c if c.is_control() => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}
