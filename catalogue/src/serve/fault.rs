//! What goes wrong with a request, as JSON: `{ "code", "message" }`.

use axum::Json;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// A refused or failed request.
#[derive(Debug)]
pub(super) struct Fault {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry_after_secs: Option<u64>,
}

impl Fault {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            retry_after_secs: None,
        }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", message)
    }

    /// Other weights, or another hop.
    pub(super) fn mismatch(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "weights-mismatch", message)
    }

    pub(super) fn songs_not_offered() -> Self {
        let message = "This catalogue doesn't give its kept songs.";
        Self::new(StatusCode::FORBIDDEN, "songs-not-offered", message)
    }

    pub(super) fn no_such_song() -> Self {
        let message = "There is no song with this id.";
        Self::new(StatusCode::NOT_FOUND, "not-found", message)
    }

    pub(super) fn too_many_requests(retry_after_secs: u64) -> Self {
        let message =
            format!("There were too many requests from this address: wait {retry_after_secs} s.");
        Self {
            retry_after_secs: Some(retry_after_secs),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", message)
        }
    }

    pub(super) fn busy() -> Self {
        let message = "Too many searches are waiting: try again in a few seconds.";
        Self {
            retry_after_secs: Some(5),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message)
        }
    }

    /// The catalogue can't be read. Its owner reads why on standard error; the page doesn't, as the
    /// reason has paths.
    pub(super) fn failed(error: &anyhow::Error) -> Self {
        eprintln!("error: {error:#}");
        let message = "The catalogue can't be read at the moment.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "failed", message)
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let body = json!({ "code": self.code, "message": self.message });
        let mut response = (self.status, Json(body)).into_response();
        if let Some(secs) = self.retry_after_secs {
            response.headers_mut().insert(RETRY_AFTER, secs.into());
        }
        response
    }
}

/// Gives refusals of the layers and of the routes, which are plain text, the same form as ours.
pub(super) async fn in_one_form(response: Response<Body>) -> Response {
    let json = HeaderValue::from_static("application/json");
    let is_ours = response.headers().get(CONTENT_TYPE) == Some(&json);
    let (code, message) = match response.status() {
        status if is_ours || status.is_success() || status.is_redirection() => return response,
        StatusCode::PAYLOAD_TOO_LARGE => (
            "too-large",
            "The request is larger than one for the longest song.",
        ),
        StatusCode::NOT_FOUND => ("not-found", "There is nothing at this address."),
        StatusCode::METHOD_NOT_ALLOWED => {
            ("method-not-allowed", "This address has another method.")
        }
        StatusCode::REQUEST_TIMEOUT => ("timeout", "The request took too long: try again later."),
        StatusCode::INTERNAL_SERVER_ERROR => ("failed", "The service failed."),
        _ => ("bad-request", "The request can't be understood."),
    };
    let mut fault = Fault::new(response.status(), code, message).into_response();
    // A refusal of a method names the methods that there are.
    if let Some(allowed) = response.headers().get(axum::http::header::ALLOW) {
        let allow = axum::http::header::ALLOW;
        fault.headers_mut().insert(allow, allowed.clone());
    }
    fault
}
