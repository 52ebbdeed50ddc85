//! Who may ask: callers with the token, and no page of another site.

use std::net::IpAddr;

use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri, header};

use crate::error::{Error, Result};

/// How a page hands over the token where it cannot set headers: as a WebSocket protocol of this
/// beginning.
const PROTOCOL: &str = "limbic.token.";

/// The token that callers must show, as its hash, whose comparison takes the same time whatever
/// the difference.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token(blake3::Hash);

impl Token {
    pub(crate) fn new(token: &str) -> Self {
        Self(blake3::hash(token.as_bytes()))
    }

    /// Refuses a request without the token.
    pub(crate) fn check(self, headers: &HeaderMap) -> Result<()> {
        let bearer = headers.get(header::AUTHORIZATION).and_then(|value| {
            let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        let shown = bearer.or_else(|| protocol(headers)?.strip_prefix(PROTOCOL));
        // `blake3::Hash` compares in constant time.
        match shown {
            Some(shown) if blake3::hash(shown.as_bytes()) == self.0 => Ok(()),
            _ => Err(Error::Token),
        }
    }
}

/// The WebSocket protocol that holds a token, which the answer must repeat.
pub(crate) fn protocol(headers: &HeaderMap) -> Option<&str> {
    let offered = headers.get(header::SEC_WEBSOCKET_PROTOCOL)?.to_str().ok()?;
    offered.split(',').map(str::trim).find(|protocol| protocol.starts_with(PROTOCOL))
}

/// Refuses what a page of another site sends: a browser names it in `Origin`, and one that was
/// led astray by its name server names it in `Host`. `local` is whether the server listens to
/// this machine alone.
pub(crate) fn check_site(headers: &HeaderMap, uri: &Uri, local: bool) -> Result<()> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let host = uri.authority().map(Authority::as_str).or_else(|| text(header::HOST));
    if let Some(origin) = text(header::ORIGIN) {
        let site = origin.split_once("://").map(|(_, site)| site);
        if site.is_none() || site != host {
            return Err(Error::Origin);
        }
    }
    if local && let Some(host) = host {
        let name = host.rsplit_once(':').map_or(host, |(name, port)| {
            if port.bytes().all(|b| b.is_ascii_digit()) { name } else { host }
        });
        let name = name.trim_start_matches('[').trim_end_matches(']');
        let own = name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok();
        if !own {
            return Err(Error::Origin);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(header::HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (k.clone(), HeaderValue::from_str(v).unwrap())).collect()
    }

    #[test]
    fn only_the_token_opens() {
        let token = Token::new("a secret of some length");
        let shown = |value: &str| token.check(&headers(&[(header::AUTHORIZATION, value)]));
        assert!(shown("Bearer a secret of some length").is_ok());
        assert!(shown("bearer  a secret of some length").is_ok());
        for wrong in ["Bearer a secret of some lengtH", "Basic a secret of some length", "Bearer"] {
            assert!(shown(wrong).is_err(), "{wrong}");
        }
        assert!(token.check(&HeaderMap::new()).is_err());
        let token = Token::new("0123456789abcdef");
        let protocol = |v: &str| token.check(&headers(&[(header::SEC_WEBSOCKET_PROTOCOL, v)]));
        assert!(protocol("limbic, limbic.token.0123456789abcdef").is_ok());
        assert!(protocol("limbic.token.0").is_err());
    }

    #[test]
    fn pages_of_other_sites_are_refused() {
        let check = |host: &str, origin: Option<&str>, local| {
            let mut pairs = vec![(header::HOST, host)];
            pairs.extend(origin.map(|origin| (header::ORIGIN, origin)));
            check_site(&headers(&pairs), &Uri::from_static("/v1/predict"), local).is_ok()
        };
        assert!(check("127.0.0.1:8080", None, true));
        assert!(check("localhost", Some("http://localhost"), true));
        assert!(check("[::1]:8080", Some("http://[::1]:8080"), true));
        assert!(!check("127.0.0.1:8080", Some("https://example.org"), true));
        assert!(!check("127.0.0.1:8080", Some("null"), true));
        assert!(!check("127.0.0.1:8080", Some("http://127.0.0.1:9"), true));
        assert!(!check("example.org:8080", None, true), "a name that leads here");
        assert!(check("example.org:8080", Some("https://example.org:8080"), false));
    }
}
