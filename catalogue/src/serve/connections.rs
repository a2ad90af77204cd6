//! The connections of the service. A client that sends half a request, or none, and one that
//! doesn't read its answer, keep neither a place nor the program.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

/// Most connections at once. Further ones wait: fewer than the files that a program may open on
/// any system.
const MOST_CONNECTIONS: usize = 200;
/// What has begun when the service is stopped may take this long.
const STOP_TIME: Duration = Duration::from_secs(10);
/// Pause after the system refused a connection, as when there are too many open files.
const PAUSE: Duration = Duration::from_secs(1);

/// Answers requests until `stop` is ready. Each head must be there within `timeout` of the begin
/// of the connection, or of the answer before.
pub(super) async fn serve(
    app: &Router,
    timeout: Duration,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(timeout);
    let connections = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut stop = pin!(stop);
    loop {
        let (stream, address, place) = tokio::select! {
            accepted = accept(&listener, &places) => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    if !is_of_client(&error) {
                        sleep(PAUSE).await;
                    }
                    continue;
                }
            },
            () = &mut stop => break,
        };
        let app = app.clone().layer(Extension(ConnectInfo(address)));
        let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(app));
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            // The client went away, or was too slow.
            let _ended = connection.await;
            drop(place);
        });
    }
    drop(listener);
    tokio::select! {
        () = connections.shutdown() => (),
        () = sleep(STOP_TIME) => (),
    }
}

/// The next connection, as soon as there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await;
    let place = place.map_err(io::Error::other)?;
    let (stream, address) = listener.accept().await?;
    Ok((stream, address, place))
}

/// Whether a client gave up before it was accepted.
fn is_of_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset
    )
}
