//! Counts and times of requests, for Prometheus. Nothing in them is about a single request.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::{EncodeLabelSet, prometheus_text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::answer;

/// Upper ends of the buckets of times.
const BUCKETS_SECS: [f64; 9] = [0.005, 0.02, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    /// The pattern of the route, without ids.
    route: String,
    status: u16,
}

/// The metrics of the service.
#[derive(Clone, Debug)]
pub(super) struct Metrics {
    registry: Arc<Registry>,
    requests: Family<Labels, Counter>,
    request_secs: Histogram,
    songs: Gauge,
}

impl Metrics {
    pub(super) fn new() -> Self {
        let requests = Family::default();
        let request_secs = Histogram::new(BUCKETS_SECS);
        let songs = Gauge::default();
        let mut registry = Registry::with_prefix("soundalike_catalogue");
        registry.register(
            "requests",
            "Answered requests by route and status",
            requests.clone(),
        );
        registry.register(
            "search_seconds",
            "Time from a search's request to its answer",
            request_secs.clone(),
        );
        registry.register("songs", "Songs in the catalogue", songs.clone());
        Self {
            registry: Arc::new(registry),
            requests,
            request_secs,
            songs,
        }
    }

    /// All of them, in the text format of Prometheus.
    pub(super) fn response(&self, songs: usize) -> Response {
        self.songs.set(i64::try_from(songs).unwrap_or(i64::MAX));
        let mut text = String::new();
        // Writing to a string doesn't fail.
        let _ = prometheus_text::encode(&mut text, &self.registry);
        ([(CONTENT_TYPE, prometheus_text::CONTENT_TYPE)], text).into_response()
    }
}

/// Counts a request.
pub(super) async fn count(
    State(metrics): State<Metrics>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.extensions().get::<MatchedPath>();
    let route = path.map_or("none", MatchedPath::as_str).to_owned();
    let start = Instant::now();
    let response = next.run(request).await;
    if route == answer::ROUTE && response.status().is_success() {
        metrics.request_secs.observe(start.elapsed().as_secs_f64());
    }
    let status = response.status().as_u16();
    metrics
        .requests
        .get_or_create(&Labels { route, status })
        .inc();
    response
}
