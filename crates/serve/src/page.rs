//! The pages that come with the program.

use axum::http::header;
use axum::response::{IntoResponse, Response};

/// What pages may load: themselves, and recordings that the user gave them.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' blob: data:; media-src 'self' blob: data:; connect-src 'self' ws: wss:; \
    worker-src 'self' blob:; font-src 'self'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'";

/// A file in the program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asset {
    pub(crate) path: &'static str,
    kind: &'static str,
    text: &'static str,
}

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// Every file there is.
pub(crate) const ASSETS: [Asset; 6] = [
    Asset { path: "/", kind: HTML, text: include_str!("../../../page/dist/index.html") },
    Asset { path: "/page.js", kind: SCRIPT, text: include_str!("../../../page/dist/page.js") },
    Asset { path: "/page.css", kind: STYLE, text: include_str!("../../../page/dist/page.css") },
    Asset {
        path: "/recorder.js",
        kind: SCRIPT,
        text: include_str!("../../../page/dist/recorder.js"),
    },
    Asset { path: "/docs", kind: HTML, text: include_str!("../assets/docs.html") },
    Asset { path: "/docs.js", kind: SCRIPT, text: include_str!("../assets/docs.js") },
];

impl IntoResponse for Asset {
    fn into_response(self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, self.kind),
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::CACHE_CONTROL, "no-cache"),
        ];
        (headers, self.text).into_response()
    }
}
