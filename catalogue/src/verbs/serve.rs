//! `serve`: answers pages that ask the catalogue, over HTTP.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::http::HeaderValue;
use soundalike::lookup::Query;
use soundalike_native::weights;
use tokio::net::TcpListener;

use super::{Outcome, print, songs as count};
use crate::serve::{Options, StoreReader, origin, serve};
use crate::store::Address;

/// Answer pages that ask the catalogue, over HTTP; read only
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The catalogue: a folder or s3://BUCKET/NAME
    #[arg(long = "in", value_name = "URI")]
    catalogue: Address,
    /// Address and port to listen on; with port 0 a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8787")]
    bind: SocketAddr,
    /// Give kept songs, so that pages can compare: they hold a coarse spectrum, and no audio
    #[arg(long)]
    songs: bool,
    /// A page's origin that may ask, such as https://example.org; may be given several times
    #[arg(long = "allow-origin", value_name = "ORIGIN", value_parser = origin)]
    origins: Vec<HeaderValue>,
    /// Searches of one address in a minute; kept songs 20 times as many
    #[arg(long, value_name = "COUNT", default_value = "30")]
    searches_per_minute: NonZeroU32,
    /// Take a client's address from the last one in X-Forwarded-For, which your proxy adds
    #[arg(long)]
    behind_proxy: bool,
    /// Seconds that a request may take
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
}

pub(super) fn run(args: &Args, weights: Option<&Path>) -> Result<Outcome> {
    let model = weights::load(weights)?;
    let reader = StoreReader::open(&args.catalogue, &model)?;
    let options = Options {
        gives_songs: args.songs,
        origins: args.origins.clone(),
        searches_per_minute: args.searches_per_minute,
        is_behind_proxy: args.behind_proxy,
        timeout: Duration::from_secs(args.timeout),
        most_embeddings: Query::most_embeddings(&model),
    };
    let runtime = tokio::runtime::Runtime::new().context("can't start the service")?;
    runtime.block_on(async {
        let songs = reader.songs().await?;
        let stop = stop_signal()?;
        let listener = TcpListener::bind(args.bind).await;
        let listener = listener.with_context(|| format!("can't listen on {}", args.bind))?;
        print(&format!(
            "{} of {} on http://{}; Ctrl-C ends it",
            count(songs),
            args.catalogue,
            listener.local_addr()?
        ))?;
        serve(reader, options, listener, stop).await;
        anyhow::Ok(())
    })?;
    print("stopped")?;
    Ok(Outcome::Done)
}

/// Ready when the program is to end: Ctrl-C, or SIGTERM.
fn stop_signal() -> Result<impl Future<Output = ()> + Send + 'static> {
    #[cfg(unix)]
    let mut ended = {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::terminate()).context("can't listen to signals")?
    };
    Ok(async move {
        let interrupted = async {
            let _ = tokio::signal::ctrl_c().await;
        };
        #[cfg(unix)]
        tokio::select! {
            () = interrupted => {}
            _ = ended.recv() => {}
        }
        #[cfg(not(unix))]
        interrupted.await;
    })
}
