//! How many requests an address may make.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::fault::Fault;

/// Addresses that have been quiet are forgotten in this interval.
const TIDY_INTERVAL: Duration = Duration::from_secs(60);

/// The limit of a route.
#[derive(Clone, Debug)]
pub(super) struct Rate {
    limiter: Arc<DefaultKeyedRateLimiter<IpAddr>>,
    is_behind_proxy: bool,
}

impl Rate {
    /// Allows so many requests in a minute, also all at once. Must be called in a runtime.
    pub(super) fn new(per_minute: NonZeroU32, is_behind_proxy: bool) -> Self {
        let limiter = Arc::new(RateLimiter::keyed(Quota::per_minute(per_minute)));
        let kept = Arc::downgrade(&limiter);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(TIDY_INTERVAL).await;
                let Some(limiter) = kept.upgrade() else {
                    return;
                };
                limiter.retain_recent();
            }
        });
        Self {
            limiter,
            is_behind_proxy,
        }
    }

    /// The seconds to wait, if it is too early for a request of this address.
    fn wait_secs(&self, address: IpAddr) -> Option<u64> {
        let early = self.limiter.check_key(&network(address)).err()?;
        let wait = early.wait_time_from(DefaultClock::default().now());
        Some(wait.as_secs() + 1)
    }
}

/// Refuses a request that comes too early.
pub(super) async fn limit(State(rate): State<Rate>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(Ipv6Addr::UNSPECIFIED.into(), |peer| peer.0.ip());
    let address = match rate.is_behind_proxy {
        true => forwarded(request.headers()).unwrap_or(peer),
        false => peer,
    };
    match rate.wait_secs(address) {
        Some(secs) => Fault::too_many_requests(secs).into_response(),
        None => next.run(request).await,
    }
}

/// The address that the proxy adds at the end of `X-Forwarded-For`. What stands before it comes
/// from the client, which may write anything.
fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?;
    let last = last.to_str().ok()?.rsplit(',').next()?;
    last.trim().parse().ok()
}

/// One client has all addresses of an IPv6 network of 64 bits: they count as one.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let bits = address.to_bits() & (u128::MAX << 64);
            Ipv6Addr::from_bits(bits).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proxy_s_word_counts_and_the_client_s_does_not() {
        let mut headers = HeaderMap::new();
        assert_eq!(forwarded(&headers), None);
        headers.append("x-forwarded-for", "198.51.100.7".parse().unwrap());
        headers.append("x-forwarded-for", "1.2.3.4, 203.0.113.9".parse().unwrap());
        assert_eq!(forwarded(&headers), Some([203, 0, 113, 9].into()));
        headers.append("x-forwarded-for", "unknown".parse().unwrap());
        assert_eq!(forwarded(&headers), None);
    }

    #[test]
    fn addresses_of_one_network_count_as_one() {
        let network = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
