//! `limbic features`: what the extractors find in each clip, in one file.

use std::process::ExitCode;
use std::{io, panic};

use anyhow::Result;
use limbic_features::{Cache, Extract, Stored, extract_all, write_features};
use limbic_media::Clip;

use super::predict::whole;
use crate::args::Features;
use crate::extractor::Extractor;
use crate::inputs::Inputs;
use crate::output;
use crate::progress::Waiting;

/// Extracts from every input and writes one file; one sentence on standard error for each input
/// that cannot be read.
pub(crate) fn run(typed: &Features) -> Result<ExitCode> {
    // Foreign parts may panic on damaged bytes; what they say is for the log.
    panic::set_hook(Box::new(|panic| tracing::debug!("{panic}")));
    let open = |extractor: &Extractor| {
        let opened = || extractor.open().map_err(|error| error.to_string());
        whole(&extractor.name(), opened).map_err(anyhow::Error::msg)
    };
    let extractors = typed.extractors.iter().flat_map(|each| &each.0).map(open);
    let extractors = extractors.collect::<Result<Vec<Box<dyn Extract>>>>()?;
    let extractors: Vec<&dyn Extract> = extractors.iter().map(AsRef::as_ref).collect();
    let cache = if typed.no_cache { None } else { Cache::open() };
    let inputs = Inputs::gather(&typed.paths, io::stdin().lock());
    let waiting = Waiting::new(inputs.found.len(), typed.quiet);
    let mut failed = 0;
    let mut features: Vec<Stored> = Vec::new();
    for (index, input) in inputs.found.iter().enumerate() {
        let extracted = input.clone().and_then(|path| {
            let name = path.display().to_string();
            waiting.at(index, &name, 0.0);
            whole(&name, || {
                let clip = Clip::open(&path).map_err(|error| error.to_string())?;
                extract_all(&name, &clip, &extractors, cache.as_ref())
                    .map_err(|error| error.to_string())
            })
        });
        match extracted {
            Ok(found) => features.extend(found),
            Err(sentence) => {
                failed += 1;
                waiting.aside(|| output::complain(&sentence));
            }
        }
    }
    drop(waiting);
    if !features.is_empty() {
        write_features(&typed.output, &features)?;
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
