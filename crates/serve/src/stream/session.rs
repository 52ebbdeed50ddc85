//! The thread of one stream.

use limbic::{Live, Reading};
use limbic_media::Span;
use tokio::sync::mpsc::{Receiver, Sender};

use super::messages::{Answer, In, Setup, Told};
use crate::app::App;
use crate::audit::Event;
use crate::error::{Error, Result};

/// Reads what comes in until it ends, and says what comes of it.
pub(super) fn run(
    app: &App,
    id: &str,
    setup: &Setup,
    incoming: Receiver<In>,
    outgoing: &Sender<Answer>,
) {
    let outcome = limbic::whole(|| read(app, setup, incoming, outgoing)).unwrap_or_else(|| {
        Err(Error::Unreadable("a decoder failed on damaged content; start the stream again".into()))
    });
    let seconds = outcome.as_ref().ok().and_then(|reading| reading.duration);
    app.audit.write(&Event::Stream {
        request: id,
        purpose: setup.asked.purpose.as_deref(),
        seconds,
        status: outcome.as_ref().map_or_else(|error| error.status().as_u16(), |_| 200),
    });
    let answer = match &outcome {
        Ok(reading) => Answer::new(&Told::Reading { reading }),
        Err(error) => Answer::error(error, id),
    };
    // The client may have gone.
    let _ = outgoing.blocking_send(answer);
}

fn read(
    app: &App,
    setup: &Setup,
    mut incoming: Receiver<In>,
    outgoing: &Sender<Answer>,
) -> Result<Reading> {
    let options = &setup.asked.options;
    let limbic = app.models.asked(&setup.asked.question)?;
    let mut live = limbic.live(options, setup.rate).map_err(wrong)?;
    let tell =
        |told: &Told<'_>| outgoing.blocking_send(Answer::new(told)).map_err(|_| Error::Cancelled);
    tell(&Told::Started {
        model: limbic.model(),
        labels: limbic.labels()?,
        every: options.seconds(),
        latency: Live::latency(options),
    })?;
    loop {
        // A client that has gone without `stop` wants nothing.
        match incoming.blocking_recv().ok_or(Error::Cancelled)? {
            In::Sound(samples) => live.hear(&samples).map_err(wrong)?,
            In::Picture { time, bytes } if time <= app.limits.stream => {
                live.see(&bytes, time).map_err(wrong)?;
            }
            In::Picture { .. } => return Err(too_long(app)),
            In::Words(words) if words.r#final => {
                let longest = app.limits.stream;
                if words.at.is_some_and(|start| start > longest) {
                    return Err(too_long(app));
                }
                let end = words.until.unwrap_or_else(|| live.seconds()).min(longest);
                let span = words.at.map(|start| Span::new(start, end.max(start)));
                live.say(&words.text, span).map_err(wrong)?;
            }
            In::Words(words) if setup.partials => {
                if let Some(row) = live.interim(&words.text).map_err(wrong)? {
                    tell(&Told::Interim { row: &row })?;
                }
            }
            In::Words(_) => {}
            In::Stop => return live.finish().map_err(wrong),
            In::Wrong(error) => return Err(error),
        }
        if live.seconds() > app.limits.stream {
            return Err(too_long(app));
        }
        for row in live.rows()? {
            tell(&Told::Row { row: &row })?;
        }
    }
}

fn too_long(app: &App) -> Error {
    let longest = app.limits.stream;
    Error::TooLarge(format!("a stream may last {longest} s; stop it before and start another"))
}

fn wrong(error: limbic::Error) -> Error {
    match error {
        limbic::Error::Options(sentence) => Error::Malformed(sentence),
        other => other.into(),
    }
}
