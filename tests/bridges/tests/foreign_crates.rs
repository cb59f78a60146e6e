//! Claim: crates that know nothing of logring (an HTTP/2 implementation and a request tracer that use
//! `tracing`, an HTTP client that uses `log`) get their fields typed and their spans as context into the
//! drain's lines, over a real connection.

#[path = "../../common/mod.rs"]
mod common;

use std::convert::Infallible;
use std::io::{Read, Write};

use bytes::Bytes;
use common::drain::{Site, lines};
use common::watch::watchdog;
use common::{hear, role, say};
use http::{Request, Response};
use logring::Overflow;
use serde_json::Value;
use tower::{Layer as _, ServiceExt as _, service_fn};
use tower_http::trace::TraceLayer;

/// A server and a client of HTTP/2 on loopback, each request traced.
async fn http2() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let server = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.expect("a client");
        let mut connection = h2::server::handshake(socket).await.expect("a handshake");
        while let Some(request) = connection.accept().await {
            let (request, mut respond) = request.expect("a request");
            let answer = service_fn(|request: Request<String>| async move {
                tracing::info!(len = request.uri().path().len(), "handled");
                Ok::<_, Infallible>(Response::new(String::new()))
            });
            let service = TraceLayer::new_for_http().layer(answer);
            let response =
                service.oneshot(request.map(|_| String::new())).await.expect("an answer");
            let mut stream = respond.send_response(response.map(|_| ()), false).expect("sent");
            stream.send_data(Bytes::from_static(b"hello"), true).expect("sent");
        }
    });
    let socket = tokio::net::TcpStream::connect(address).await.expect("a connection");
    let (client, connection) = h2::client::handshake(socket).await.expect("a handshake");
    let connection = tokio::spawn(connection);
    let mut client = client.ready().await.expect("ready");
    for number in 0..3 {
        let request = Request::get(format!("http://localhost/{number}")).body(()).expect("one");
        let (response, _) = client.send_request(request, true).expect("sent");
        client = client.ready().await.expect("ready");
        let mut body = response.await.expect("an answer").into_body();
        while let Some(data) = body.data().await {
            assert_eq!(data.expect("data"), "hello");
        }
    }
    drop(client);
    connection.await.expect("it ends").expect("in order");
    server.await.expect("it ends");
}

/// One request by a client that uses `log`.
fn http1() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let server = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().expect("a client");
        let mut request = Vec::new();
        let mut byte = [0];
        while !request.ends_with(b"\r\n\r\n") {
            socket.read_exact(&mut byte).expect("a request");
            request.push(byte[0]);
        }
        socket
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")
            .expect("a client that reads");
    });
    let span = tracing::info_span!("fetch", attempt = 1);
    let _entered = span.enter();
    let mut response = ureq::get(format!("http://{address}/a")).call().expect("an answer");
    assert_eq!(response.body_mut().read_to_string().expect("a body"), "ok");
    server.join().expect("it ends");
}

fn service(segment: &str) {
    let builder = logring::builder(segment).overflow(Overflow::BlockForever);
    let builder = builder.filter("info,h2=trace,tower_http=debug,ureq=trace,ureq_proto=trace");
    let _guard = builder.log_bridge().tracing_bridge().install().expect("installed");
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(2).enable_all().build().expect("a runtime").block_on(http2());
    http1();
    say("done");
    hear();
}

#[test]
fn their_fields_are_typed_and_their_spans_are_context() {
    if let Some((_, segment)) = role() {
        return service(&segment);
    }
    let _watchdog = watchdog();
    let site = Site::new();
    let drain = site.start_drain();
    let test = "their_fields_are_typed_and_their_spans_are_context";
    let mut peer = site.peer(test, "service", site.segment());
    assert_eq!(peer.hear(), "done");
    peer.kill();
    drain.stop();
    let all: Vec<Value> = lines(&site.output()).collect();
    let of = |crate_name: &str| -> Vec<&Value> {
        let of_it = |line: &&Value| {
            let target = line["target"].as_str().expect("a target");
            target == crate_name || target.starts_with(&format!("{crate_name}::"))
        };
        all.iter().filter(of_it).collect()
    };
    if std::env::var_os("LOGRING_SHOW").is_some() {
        all.iter().for_each(|line| println!("{line}"));
    }
    // tower-http: a span for each request, an event at each answer.
    let answers =
        of("tower_http").into_iter().filter(|line| line["event"] == "finished processing request");
    let answers: Vec<_> = answers.collect();
    assert_eq!(answers.len(), 3);
    for (number, answer) in answers.iter().enumerate() {
        assert_eq!(answer["status"], 200, "{answer}");
        assert_eq!(answer["method"], "GET", "{answer}");
        assert_eq!(answer["uri"], format!("http://localhost/{number}"), "{answer}");
        let span = answer["span"].as_str().expect("a span");
        assert!(span.ends_with("request") && answer["level"] == "debug", "{answer}");
    }
    let handled = all.iter().filter(|line| line["event"] == "handled");
    assert!(handled.clone().all(|line| line["len"] == 2 && line["method"] == "GET"));
    assert_eq!(handled.count(), 3);
    // h2: numbers are numbers, by the thousand.
    let h2 = of("h2");
    let is_number = |line: &&&Value| {
        line.as_object()
            .expect("one")
            .iter()
            .any(|(key, value)| !matches!(key.as_str(), "pid" | "tid") && value.is_number())
    };
    assert!(h2.len() > 50, "{} lines of h2", h2.len());
    assert!(h2.iter().filter(is_number).count() > 0, "no number in {h2:#?}");
    assert!(h2.iter().any(|line| line["span"].as_str().is_some_and(|span| span.contains(':'))));
    // ureq: text made by `log`, inside of a span of the program's.
    let ureq = [of("ureq"), of("ureq_proto")].concat();
    assert!(!ureq.is_empty());
    for line in ureq {
        assert!(line["span"] == "fetch" && line["attempt"] == 1, "{line}");
        assert!(line["event"].as_str().is_some_and(|event| !event.is_empty()), "{line}");
    }
}
