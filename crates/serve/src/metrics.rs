//! Counts for Prometheus, in the text form of `OpenMetrics`.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// Labels of a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    route: String,
    status: u16,
}

/// Labels of a reading.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// What is counted.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    readings: Family<Outcome, Counter>,
    took: Histogram,
    media: Counter<f64, AtomicU64>,
    waiting: Gauge,
    reading: Gauge,
    jobs: Gauge,
    calls: Gauge,
    items: Gauge,
    pub(crate) streams: Gauge,
    pub(crate) connections: Gauge,
}

/// What is asked for at the moment of a scrape.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    pub(crate) waiting: usize,
    pub(crate) reading: usize,
    pub(crate) jobs: usize,
    /// How often the model was asked, and how many windows, faces and texts it was asked about.
    pub(crate) calls: (u64, u64),
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("limbic");
        let (requests, readings) = (Family::default(), Family::default());
        registry.register("requests", "Requests answered", requests.clone());
        registry.register("readings", "Recordings read, or not", readings.clone());
        let took = Histogram::new(exponential_buckets(0.005, 2.0, 16));
        let help = "Time that a reading took, without waiting";
        registry.register_with_unit("reading", help, Unit::Seconds, took.clone());
        let media = Counter::default();
        let help = "Length of the recordings read";
        registry.register_with_unit("media", help, Unit::Seconds, media.clone());
        let mut gauge = |name: &str, help: &str| {
            let gauge: Gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        Self {
            waiting: gauge("waiting_readings", "Recordings that wait for a reader"),
            reading: gauge("active_readings", "Recordings being read"),
            jobs: gauge("jobs", "Jobs kept"),
            calls: gauge("model_calls", "How often the model was asked since the start"),
            items: gauge("model_items", "Windows, faces and texts it was asked about"),
            streams: gauge("streams", "Open streams"),
            connections: gauge("connections", "Open connections"),
            requests,
            readings,
            took,
            media,
            registry,
        }
    }

    /// Counts a request to a route.
    pub(crate) fn answered(&self, route: &str, status: u16) {
        let labels = Request { route: route.to_owned(), status };
        self.requests.get_or_create(&labels).inc();
    }

    /// Counts a reading.
    pub(crate) fn read(&self, well: bool, took: Duration, seconds: Option<f64>) {
        let outcome = if well { "read" } else { "failed" };
        self.readings.get_or_create(&Outcome { outcome }).inc();
        self.took.observe(took.as_secs_f64());
        self.media.inc_by(seconds.unwrap_or_default());
    }

    /// All of it as text.
    pub(crate) fn text(&self, now: Now) -> String {
        self.waiting.set(now.waiting as i64);
        self.reading.set(now.reading as i64);
        self.jobs.set(now.jobs as i64);
        self.calls.set(now.calls.0 as i64);
        self.items.set(now.calls.1 as i64);
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
