//! The service, asked as a page would ask it.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod tunes;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use soundalike::lookup::{Candidates, Query};
use soundalike::{Checker, Model, SHIPPED_WEIGHTS, Song, Waveform};
use soundalike_native::{audio_file, wav};
use tempfile::TempDir;
use tunes::{RATE_HZ, music as tune};

const PAGE: &str = "https://example.org";

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_soundalike-catalogue"));
    command.args(arguments);
    command
}

/// A catalogue of this many tunes, `tune-1.wav` and so on.
fn catalogue(songs: u32) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let music = folder.path().join("music");
    fs::create_dir(&music).unwrap();
    for number in 1..=songs {
        let path = music.join(format!("tune-{number}.wav"));
        wav::write(&path, &tune(number, 16), RATE_HZ).unwrap();
    }
    // An empty file makes an empty catalogue.
    if songs == 0 {
        fs::write(music.join("none.wav"), "").unwrap();
    }
    let catalogue = folder.path().join("catalogue").to_str().unwrap().to_owned();
    let added = program(&["add", music.to_str().unwrap(), "--to", &catalogue]);
    let status = { added }.output().unwrap().status;
    assert_eq!(status.code(), Some(if songs == 0 { 3 } else { 0 }));
    (folder, catalogue)
}

/// The service, running.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(catalogue: &str, more: &[&str]) -> Self {
        let mut arguments = vec!["serve", "--in", catalogue, "--bind", "127.0.0.1:0"];
        arguments.extend(more);
        let mut child = program(&arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.split("http://").nth(1).unwrap();
        let address = address.split(';').next().unwrap().to_owned();
        Self { child, address }
    }

    /// Sends a request with these lines of its head and this body.
    fn send(&self, head: &str, body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let head = head.trim().replace('\n', "\r\n");
        let length = body.len();
        let length = match head.contains("content-length")
            || head.contains("transfer-encoding")
            || length == 0
        {
            true => String::new(),
            false => format!("content-length: {length}\r\n"),
        };
        let head = format!("{head}\r\nhost: localhost\r\nconnection: close\r\n{length}\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let (head, body) = bytes.split_at(end.unwrap() + 4);
        let head = String::from_utf8(head.to_vec()).unwrap().to_lowercase();
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head,
            body: body.to_vec(),
        }
    }

    fn get(&self, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1"), b"")
    }

    fn find(&self, query: &[u8]) -> Answer {
        self.send("POST /v1/candidates HTTP/1.1", query)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn json<T: serde::de::DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Must be this refusal, with a sentence.
    fn refuses(&self, status: u16, code: &str) -> String {
        let fault: Value = self.json();
        assert_eq!((self.status, fault["code"].as_str()), (status, Some(code)));
        let message = fault["message"].as_str().unwrap().to_owned();
        assert!(message.ends_with('.'), "{message}");
        message
    }
}

fn checker() -> Checker {
    Checker::new(Model::on_cpu(SHIPPED_WEIGHTS).unwrap(), "cpu")
}

fn analysed(checker: &Checker, samples: Vec<f32>) -> Song {
    let waveform = Waveform::new("mine", samples, RATE_HZ).unwrap();
    audio_file::analyse_decoded(checker, "mine", waveform).unwrap()
}

#[test]
fn a_page_finds_the_source_of_a_copy() {
    let (_folder, catalogue) = catalogue(4);
    let mut server = Server::start(&catalogue, &["--songs", "--allow-origin", PAGE]);
    let checker = checker();
    let mine = analysed(&checker, tune(3, 16)[4 * RATE_HZ as usize..].to_vec());
    let query = Query::of(&mine, checker.model()).to_bytes();

    let answer = server.send(
        &format!("POST /v1/candidates HTTP/1.1\norigin: {PAGE}"),
        &query,
    );
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("cache-control: no-store"));
    let allowed = format!("access-control-allow-origin: {PAGE}\r\n");
    assert!(answer.head.contains(&allowed), "{}", answer.head);
    let found: Candidates = answer.json();
    assert_eq!((found.songs, found.gives_songs), (4, true));
    let best = &found.candidates[0];
    assert!(best.name == "tune-3.wav" && best.score > 0.5, "{best:?}");
    assert!((best.offset_secs - 4.0).abs() < 1.0, "{best:?}");
    assert!((1..=5).contains(&best.places.len()), "{best:?}");
    let same = server.find(&query);
    assert_eq!(same.body, answer.body);

    // The kept song gives the page the report.
    let kept = server.get(&format!("/v1/songs/{}", best.id));
    let theirs = Song::from_bytes(&kept.body, &best.name, checker.model()).unwrap();
    let report = checker.compare(&mine, &theirs, |_, _| ());
    assert!(report.score > 0.5, "{}", report.score);
    server.get("/v1/songs/0123").refuses(404, "not-found");
    server
        .get("/v1/songs/..%2F..%2Fetc")
        .refuses(404, "not-found");

    // Another page isn't allowed to read answers, nor to ask.
    let other = server.send(
        "OPTIONS /v1/candidates HTTP/1.1\norigin: https://other.example\naccess-control-request-method: POST",
        b"",
    );
    assert!(!other.head.contains("access-control-allow-origin"));
    let page = server.send(
        &format!(
            "OPTIONS /v1/candidates HTTP/1.1\norigin: {PAGE}\naccess-control-request-method: POST"
        ),
        b"",
    );
    assert!(page.status == 200 && page.head.contains(&allowed));

    assert_eq!(server.get("/healthz").json::<Value>()["songs"], 4);
    let metrics = String::from_utf8(server.get("/metrics").body).unwrap();
    for line in [
        "soundalike_catalogue_requests_total{route=\"/v1/candidates\",status=\"200\"} 2",
        "soundalike_catalogue_requests_total{route=\"/v1/songs/{id}\",status=\"404\"} 2",
        "soundalike_catalogue_search_seconds_count 2",
        "soundalike_catalogue_songs 4",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }

    // A client that keeps its connection doesn't keep the service.
    let _idle = TcpStream::connect(&server.address).unwrap();
    let id = server.child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
    assert!(server.child.wait().unwrap().success());
}

#[test]
fn what_is_no_query_is_refused_in_a_sentence() {
    let (_folder, catalogue) = catalogue(0);
    let server = Server::start(&catalogue, &[]);
    let model = Model::on_cpu(SHIPPED_WEIGHTS).unwrap();
    let right = Query {
        weights_sha256: model.sha256().to_owned(),
        hop_secs: soundalike::training::Segments::hop_secs(&model.info().features),
        dimensions: model.info().encoder.embedding,
        segments: vec![0],
        values: vec![9; model.info().encoder.embedding],
    };
    let empty: Value = server.find(&right.to_bytes()).json();
    assert_eq!(empty["songs"], 0);
    assert_eq!(empty["candidates"], Value::Array(vec![]));

    let ask = |change: fn(&mut Query)| {
        let mut query = right.clone();
        change(&mut query);
        server.find(&query.to_bytes())
    };
    let message =
        ask(|query| query.weights_sha256 = "0".repeat(64)).refuses(409, "weights-mismatch");
    assert!(message.contains("00000000..."), "{message}");
    let message = ask(|query| query.hop_secs = f64::NAN).refuses(409, "weights-mismatch");
    assert!(message.contains("NaN s"), "{message}");
    ask(|query| {
        query.dimensions = 2;
        query.values.truncate(2);
    })
    .refuses(409, "weights-mismatch");
    ask(|query| query.segments = vec![1_000_000]).refuses(400, "bad-request");
    ask(|query| query.values.fill(0)).refuses(400, "bad-request");
    server.find(b"").refuses(400, "bad-request");
    server.find(b"{\"NaN\": NaN}").refuses(400, "bad-request");
    let message = server
        .find(&right.to_bytes()[..90])
        .refuses(400, "bad-request");
    assert_eq!(
        message,
        "This is no query: its length is another than it says."
    );

    // Refused by its announced length: nothing is sent, and the answer comes all the same.
    let large = "POST /v1/candidates HTTP/1.1\ncontent-length: 100000000";
    server.send(large, b"").refuses(413, "too-large");
    // One that doesn't announce it is read up to the limit.
    let mut chunks = Vec::new();
    for _ in 0..20 {
        chunks.extend(b"10000\r\n");
        chunks.extend(vec![0; 0x10000]);
        chunks.extend(b"\r\n");
    }
    chunks.extend(b"0\r\n\r\n");
    let unannounced = "POST /v1/candidates HTTP/1.1\ntransfer-encoding: chunked";
    server.send(unannounced, &chunks).refuses(413, "too-large");

    server
        .get("/v1/songs/0123")
        .refuses(403, "songs-not-offered");
    server
        .get("/v1/candidates")
        .refuses(405, "method-not-allowed");
    server.get("/").refuses(404, "not-found");
}

#[test]
fn each_address_has_its_rate() {
    let (_folder, catalogue) = catalogue(0);
    let server = Server::start(
        &catalogue,
        &["--searches-per-minute", "2", "--behind-proxy"],
    );
    let from = |addresses: &str| {
        server.send(
            &format!("POST /v1/candidates HTTP/1.1\nx-forwarded-for: {addresses}"),
            b"none",
        )
    };
    from("203.0.113.1").refuses(400, "bad-request");
    from("203.0.113.1").refuses(400, "bad-request");
    let refused = from("198.51.100.1, 203.0.113.1");
    refused.refuses(429, "too-many-requests");
    let secs = refused.head.split("retry-after: ").nth(1).unwrap();
    let secs: u64 = secs.split("\r\n").next().unwrap().parse().unwrap();
    assert!((1..=31).contains(&secs), "{secs}");
    from("203.0.113.2").refuses(400, "bad-request");
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn a_service_that_cannot_start_says_why_in_one_line() {
    let (_folder, catalogue) = catalogue(0);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (arguments, expected) in [
        (
            ["--in", "nowhere", "--bind", &address],
            "there is no catalogue",
        ),
        (["--in", &catalogue, "--bind", &address], "can't listen on"),
    ] {
        let output = program(&["serve"]).args(arguments).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(
            !output.status.success() && error.contains(expected),
            "{error}"
        );
        assert_eq!(error.lines().count(), 1, "{error}");
    }
    let arguments = ["serve", "--in", &catalogue, "--allow-origin", "*"];
    let output = program(&arguments).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.contains("an origin is scheme, host and port"),
        "{error}"
    );
}

#[test]
fn a_head_that_does_not_come_ends_its_connection() {
    let (_folder, catalogue) = catalogue(0);
    let server = Server::start(&catalogue, &["--timeout", "1"]);
    let connection = |sent: &[u8]| {
        let mut stream = TcpStream::connect(&server.address).unwrap();
        stream.write_all(sent).unwrap();
        let patience = Some(std::time::Duration::from_secs(20));
        stream.set_read_timeout(patience).unwrap();
        stream
    };
    let silent = connection(b"");
    let half = connection(b"POST /v1/candidates HTTP/1.1\r\nHost: x\r\nContent-");
    let asked = connection(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    for (mut stream, answer) in [(silent, ""), (half, ""), (asked, "HTTP/1.1 200")] {
        let mut text = String::new();
        // Fails if the service keeps the connection for longer than the patience.
        stream.read_to_string(&mut text).unwrap();
        assert!(text.starts_with(answer), "{text}");
    }
}
