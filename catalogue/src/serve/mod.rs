//! The read-only service: pages ask a catalogue for songs that resemble one.
//!
//! | Request | Answer |
//! |---|---|
//! | `POST /v1/candidates` with a [`Query`] | [`Candidates`](soundalike::lookup::Candidates) as JSON |
//! | `GET /v1/songs/{id}` | the bytes of a kept song, if the owner allows it |
//! | `GET /healthz` | `{"songs"}`, or 503 if the catalogue can't be read |
//! | `GET /metrics` | counts and times for Prometheus |
//!
//! A request that is refused or fails gets `{"code","message"}`. Nothing of a request is kept or
//! logged. Encryption, accounts and logs are the business of a reverse proxy before it.

mod answer;
mod connections;
mod fault;
mod metrics;
mod rate;
mod reader;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;
use soundalike::lookup::Query;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower_http::cors::CorsLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;

use fault::Fault;
use metrics::Metrics;
use rate::Rate;
use reader::MOST_CANDIDATES;
pub use reader::StoreReader;

/// Most searches that run or wait. More are refused at once, so that nobody waits in vain.
const MOST_WAITING: usize = 32;

/// How long browsers may remember which origins are allowed.
const CORS_AGE: Duration = Duration::from_secs(3_600);

/// What the owner decides.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether kept songs are given.
    pub gives_songs: bool,
    /// Pages that may ask: `https://example.org`.
    pub origins: Vec<HeaderValue>,
    /// Searches of one address in a minute.
    pub searches_per_minute: NonZeroU32,
    /// Whether the address of a client is the last one in `X-Forwarded-For`.
    pub is_behind_proxy: bool,
    /// How long a request may take.
    pub timeout: Duration,
    /// Most embeddings of a query.
    pub most_embeddings: usize,
}

#[derive(Clone)]
struct Service {
    reader: StoreReader,
    options: Arc<Options>,
    searches: Arc<Semaphore>,
    metrics: Metrics,
}

/// Reads an origin as a browser writes it, without a path.
///
/// # Errors
///
/// When it is none.
pub fn origin(text: &str) -> Result<HeaderValue> {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let is_host_letter = |letter: char| {
        letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-.:[]".contains(letter)
    };
    ensure!(
        host.is_some_and(|host| !host.is_empty() && host.chars().all(is_host_letter)),
        "an origin is scheme, host and port in lower case, such as https://example.org, and not {text:?}"
    );
    HeaderValue::from_str(text).with_context(|| format!("{text:?} is no origin"))
}

/// Serves until `stop` is ready and the requests that have begun are answered, or 10 s are over.
pub async fn serve(
    reader: StoreReader,
    options: Options,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    let timeout = options.timeout;
    connections::serve(&router(reader, options), timeout, listener, stop).await;
}

fn router(reader: StoreReader, options: Options) -> Router {
    let most_bytes = Query::bytes_with(options.most_embeddings, reader.stamp().dimensions);
    let most_candidates = const { NonZeroU32::new(MOST_CANDIDATES as u32) };
    let songs_per_minute = options
        .searches_per_minute
        .saturating_mul(most_candidates.unwrap_or(NonZeroU32::MIN));
    let rate = |per_minute| {
        let rate = Rate::new(per_minute, options.is_behind_proxy);
        from_fn_with_state(rate, rate::limit)
    };
    let cors = CorsLayer::new()
        .allow_origin(options.origins.clone())
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([CONTENT_TYPE])
        .expose_headers([RETRY_AFTER])
        .max_age(CORS_AGE);
    let nosniff = SetResponseHeaderLayer::overriding(
        X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    let late = StatusCode::REQUEST_TIMEOUT;
    let metrics = Metrics::new();
    let searches = post(candidates).route_layer(rate(options.searches_per_minute));
    let songs = get(song).route_layer(rate(songs_per_minute));
    Router::new()
        .route(answer::ROUTE, searches)
        .route("/v1/songs/{id}", songs)
        .route("/healthz", get(health))
        .route("/metrics", get(show_metrics))
        .layer(RequestBodyLimitLayer::new(most_bytes))
        .layer(TimeoutLayer::with_status_code(late, options.timeout))
        .layer(map_response(fault::in_one_form))
        .layer(from_fn_with_state(metrics.clone(), metrics::count))
        .layer(nosniff)
        .layer(cors)
        .with_state(Service {
            reader,
            options: Arc::new(options),
            searches: Arc::new(Semaphore::new(MOST_WAITING)),
            metrics,
        })
}

async fn candidates(State(service): State<Service>, body: Bytes) -> Result<Response, Fault> {
    let query = Query::from_bytes(&body).map_err(|error| Fault::bad_request(sentence(&error)))?;
    check(&query, &service)?;
    // Held until the answer is there.
    let _turn = service.searches.try_acquire().map_err(|_| Fault::busy())?;
    let vectors = answer::vectors(&query);
    let found = service.reader.find(vectors.clone()).await;
    let found = found.map_err(|error| Fault::failed(&error))?;
    let options = &service.options;
    let answer = answer::answer(found, &vectors, query.hop_secs, options.gives_songs);
    Ok(([(CACHE_CONTROL, "no-store")], Json(answer)).into_response())
}

/// Whether the catalogue can be asked this.
fn check(query: &Query, service: &Service) -> Result<(), Fault> {
    let stamp = service.reader.stamp();
    let short = |sha256: &str| sha256.chars().take(8).collect::<String>();
    if query.weights_sha256 != stamp.weights_sha256 {
        return Err(Fault::mismatch(format!(
            "The catalogue was made with other weights (SHA-256 {}...) than the query ({}...).",
            short(&stamp.weights_sha256),
            short(&query.weights_sha256)
        )));
    }
    if (query.hop_secs, query.dimensions) != (stamp.hop_secs, stamp.dimensions) {
        return Err(Fault::mismatch(format!(
            "The catalogue's segments are {} s apart and have {} values, those of the query {} s and {}.",
            stamp.hop_secs, stamp.dimensions, query.hop_secs, query.dimensions
        )));
    }
    let most = service.options.most_embeddings;
    match query.segments.last() {
        Some(&last) if last as usize >= most => Err(Fault::bad_request(
            "The query is for a song that is longer than any that is accepted.",
        )),
        _ => Ok(()),
    }
}

fn sentence(error: &impl ToString) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}

async fn song(State(service): State<Service>, Path(id): Path<String>) -> Result<Response, Fault> {
    if !service.options.gives_songs {
        return Err(Fault::songs_not_offered());
    }
    if id.len() > 64 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Fault::no_such_song());
    }
    let kept = service.reader.kept(id).await;
    let kept = kept.map_err(|error| Fault::failed(&error))?;
    let bytes = kept.ok_or_else(Fault::no_such_song)?;
    let headers = [
        (CONTENT_TYPE, "application/octet-stream"),
        (CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, bytes).into_response())
}

async fn health(State(service): State<Service>) -> Result<Response, Fault> {
    let songs = service.reader.songs().await;
    let songs = songs.map_err(|error| Fault::failed(&error))?;
    Ok(Json(json!({ "songs": songs })).into_response())
}

async fn show_metrics(State(service): State<Service>) -> Result<Response, Fault> {
    let songs = service.reader.songs().await;
    let songs = songs.map_err(|error| Fault::failed(&error))?;
    Ok(service.metrics.response(songs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_written_as_browsers_write_them() {
        for right in [
            "https://example.org",
            "http://localhost:8080",
            "http://[::1]:80",
        ] {
            assert_eq!(origin(right).unwrap(), right);
        }
        for wrong in [
            "*",
            "null",
            "",
            "https://",
            "example.org",
            "https://example.org/",
            "https://Example.org",
            "https://*.example.org",
        ] {
            assert!(origin(wrong).is_err(), "{wrong}");
        }
    }
}
