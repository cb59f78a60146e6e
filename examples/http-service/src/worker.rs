//! A worker process: the service itself. This is the file to read.
//!
//! It installs the logger, binds the request id once per request, and logs each request before the
//! answer goes out, so that an answered request has its line whatever happens next. It ends when its
//! standard input does, that is with the supervisor.

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Instant;

use axum::extract::{Path, Request};
use axum::http::{HeaderValue, StatusCode, header::HeaderName};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use logring::{Logger, info, kv, warn};
use socket2::{Domain, Socket, Type};
use tokio::sync::oneshot;

use crate::Failure;

/// The header that carries a request's id, there and back.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Serves on `port` until standard input ends.
pub(crate) fn run(segment: &str, port: &str) -> Result<(), Failure> {
    let _guard = logring::builder(segment).install()?;
    let listener = listen(port.parse()?)?;
    println!("ready");
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve(listener))
}

async fn serve(listener: TcpListener) -> Result<(), Failure> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let routes = Router::new()
        .route("/orders", post(place_order))
        .route("/orders/{id}", get(look_up_order))
        .layer(middleware::from_fn(log_request));
    let (ended, end) = oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        // The server may have ended by itself.
        let _ = ended.send(());
    });
    let end = async {
        let _ = end.await;
    };
    Ok(axum::serve(listener, routes).with_graceful_shutdown(end).await?)
}

/// Around every handler: binds the id, times, logs, then lets the answer go.
async fn log_request(mut request: Request, next: Next) -> Response {
    let begin = Instant::now();
    let given = request.headers().get(REQUEST_ID).cloned();
    let id = given.unwrap_or(HeaderValue::from_static("none"));
    let log = logring::logger().bind(kv! { request_id = id.to_str().unwrap_or("not text") });
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    request.extensions_mut().insert(log.clone());

    let mut response = next.run(request).await;

    let duration_us = u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX);
    let status = response.status().as_u16();
    info!(logger: log, "request served", method = method.as_str(), path, status, duration_us);
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// A handler that logs by the request's logger: its lines carry the request's id.
async fn look_up_order(Path(order_id): Path<u64>, Extension(log): Extension<Logger>) -> Response {
    if order_id % 100 == 99 {
        warn!(logger: log, "order not found", order_id);
        return (StatusCode::NOT_FOUND, "no such order\n").into_response();
    }
    format!("order {order_id}: paid\n").into_response()
}

async fn place_order(order: String) -> Response {
    (StatusCode::CREATED, format!("placed: {order}\n")).into_response()
}

/// A listener on a port that the other workers listen on too: the kernel spreads the connections.
fn listen(port: u16) -> Result<TcpListener, Failure> {
    let socket = reserve(port)?;
    socket.listen(1024)?;
    Ok(socket.into())
}

/// A socket bound to `port`, or for 0 to a free one. Nobody else's process gets the port while it is
/// open, and as long as it does not listen no connection comes to it.
pub(crate) fn reserve(port: u16) -> Result<Socket, Failure> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into())?;
    Ok(socket)
}
