//! What has to be said beside a reading: flags with their stretches, and what was left out.

use std::io::{self, Write};

use limbic::{Flag, Reading};

use super::{Look, clock, named, visible};

/// The flags with the stretches they hold for, and what was left out.
pub(super) fn remarks(out: &mut impl Write, reading: &Reading, look: Look) -> io::Result<()> {
    let mut remarks: Vec<String> = Vec::new();
    // The evidence lines say already which modality is absent, and why.
    let said = |flag: &Flag| {
        *flag == Flag::ModalityAbsent
            || reading.modalities.each().iter().any(|(_, p)| p.to_string() == flag.to_string())
    };
    for (flag, stretches) in stretches(reading).into_iter().filter(|(flag, _)| !said(flag)) {
        let whole = stretches.first().is_some_and(|(start, end)| {
            *start <= 0.0 && reading.duration.is_none_or(|duration| *end >= duration)
        });
        remarks.push(if whole {
            flag.to_string()
        } else {
            let shown: Vec<String> = stretches
                .iter()
                .take(3)
                .map(|(start, end)| format!("{}–{}", clock(*start), clock(*end)))
                .collect();
            let more = stretches.len().saturating_sub(3);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("{flag} {}{more}", shown.join(", "))
        });
    }
    for flag in &reading.summary.flags {
        let told = remarks.iter().any(|remark| remark.starts_with(&flag.to_string()));
        if !told && !said(flag) {
            remarks.push(flag.to_string());
        }
    }
    if !remarks.is_empty() {
        named(out, "remarks", &remarks.join("; "), look)?;
    }
    for skipped in reading.skipped.iter().take(3) {
        let place = skipped
            .span
            .map(|s| format!("{}–{}: ", clock(s.start), clock(s.end)))
            .unwrap_or_default();
        named(out, "left out", &format!("{place}{}", visible(&skipped.reason)), look)?;
    }
    if reading.skipped.len() > 3 {
        named(out, "", &format!("and {} more parts", reading.skipped.len() - 3), look)?;
    }
    Ok(())
}

/// Each flag of the timeline with the stretches it covers, joined where they touch.
fn stretches(reading: &Reading) -> Vec<(Flag, Vec<(f64, f64)>)> {
    let mut found = std::collections::BTreeMap::<Flag, Vec<(f64, f64)>>::new();
    for row in &reading.timeline {
        for flag in &row.flags {
            let list = found.entry(*flag).or_default();
            match list.last_mut() {
                Some((_, end)) if *end >= row.start => *end = end.max(row.end),
                _ => list.push((row.start, row.end)),
            }
        }
    }
    found.into_iter().collect()
}
