//! The load generator: keeps connections open and sends one request after another on each.
//!
//! Each request has an id of its own and is sent once. When its connection breaks (a worker was
//! killed), the request counts as cut and the next one goes out on a new connection.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::LocalSet;

use crate::Failure;

/// What became of the requests, by their ids.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// The status that came back.
    pub(crate) answered: BTreeMap<u64, u16>,
    /// Sent, and the connection broke.
    pub(crate) cut: BTreeSet<u64>,
}

/// What the connections share.
struct Load {
    port: u16,
    requests: u64,
    next: Cell<u64>,
    answers: RefCell<Answers>,
    half: Rc<Notify>,
}

/// Sends `requests` requests over `connections` connections; tells `half` when half are answered.
pub(crate) async fn run(
    port: u16,
    requests: u64,
    connections: u32,
    half: Rc<Notify>,
) -> Result<Answers, Failure> {
    let answers = RefCell::default();
    let load = Rc::new(Load { port, requests, next: Cell::new(0), answers, half });
    let tasks = LocalSet::new();
    let all: Vec<_> =
        (0..connections).map(|_| tasks.spawn_local(connection(Rc::clone(&load)))).collect();
    tasks.await;
    for one in all {
        one.await??;
    }
    Ok(load.answers.take())
}

/// One connection after another until no request is left.
async fn connection(load: Rc<Load>) -> Result<(), Failure> {
    let mut broken = 0;
    while load.next.get() < load.requests {
        let stream =
            match TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, load.port))).await {
                Ok(stream) => stream,
                // Its worker was killed before it accepted; the others go on.
                Err(_) if broken < 1_000 => {
                    broken += 1;
                    tokio::task::yield_now().await;
                    continue;
                }
                Err(error) => {
                    return Err(format!("cannot connect to port {}: {error}", load.port).into());
                }
            };
        stream.set_nodelay(true)?;
        let mut stream = BufReader::new(stream);
        while let Some(id) = load.take() {
            match request(&mut stream, id).await {
                Ok(status) => load.answered(id, status),
                Err(_) => {
                    load.answers.borrow_mut().cut.insert(id);
                    break;
                }
            }
        }
    }
    Ok(())
}

impl Load {
    fn take(&self) -> Option<u64> {
        let id = self.next.get();
        (id < self.requests).then(|| {
            self.next.set(id + 1);
            id
        })
    }

    fn answered(&self, id: u64, status: u16) {
        let mut answers = self.answers.borrow_mut();
        answers.answered.insert(id, status);
        if answers.answered.len() as u64 == self.requests.div_ceil(2) {
            self.half.notify_one();
        }
    }
}

/// Sends a request and reads its answer: the status.
async fn request(stream: &mut BufReader<TcpStream>, id: u64) -> Result<u16, Failure> {
    let head =
        if id.is_multiple_of(4) { "POST /orders".to_owned() } else { format!("GET /orders/{id}") };
    let body = if id.is_multiple_of(4) { "two chairs" } else { "" };
    let text = format!(
        "{head} HTTP/1.1\r\nhost: localhost\r\nx-request-id: {id}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(text.as_bytes()).await?;

    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let status = line.split(' ').nth(1).ok_or("the connection ended")?.parse()?;
    let (mut length, mut echoed) = (0, None);
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Err("the connection ended in a head".into());
        }
        let Some((name, value)) = line.split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse()?,
            "x-request-id" => echoed = value.trim().parse().ok(),
            _ => {}
        }
    }
    stream.read_exact(&mut vec![0; length]).await?;
    if echoed == Some(id) { Ok(status) } else { Err("an answer to another request".into()) }
}
