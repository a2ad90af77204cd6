//! A catalogue in an object store of three storage nodes, SeaweedFS on this machine: many writers,
//! an index by parts, and what remains when nodes die. `SOUNDALIKE_WEED` is the path of its program
//! `weed`; without it the test does nothing, and `cargo xtask check catalogue` sets it.
#![cfg(unix)]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod tunes;

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use soundalike_native::wav;
use tempfile::TempDir;
use tunes::{RATE_HZ, faster, music};

/// Longest time after which a command must have ended while its store is away.
const LONGEST_ANSWER: Duration = Duration::from_secs(60);
const SONGS: u32 = 24;
const CATALOGUE: &str = "s3://music/catalogue";

/// A process that dies with the test.
struct Process(Child);

impl Process {
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _status = self.0.wait();
    }
}

/// A store of one master, three storage nodes that keep two copies of everything, and a gateway.
struct Store {
    folder: TempDir,
    port: u16,
    gateway: Process,
    nodes: Vec<Process>,
    _master: Process,
}

/// A port that nobody listens to, with room for SeaweedFS's second one, 10,000 above.
fn free_port() -> u16 {
    loop {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        // Below those that the system gives to outgoing connections.
        let port = 20_000 + port % 10_000;
        let is_free = |port| TcpListener::bind(("127.0.0.1", port)).is_ok();
        if is_free(port) && is_free(port + 10_000) {
            return port;
        }
    }
}

impl Store {
    fn start(weed: &OsString) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let start = |arguments: &[String]| {
            let log =
                fs::File::create(folder.path().join(format!("{}.log", arguments[0]))).unwrap();
            let mut command = Command::new(weed);
            command
                .args(arguments)
                .args(["-ip=127.0.0.1", "-ip.bind=127.0.0.1"]);
            command
                .stdout(Stdio::null())
                .stderr(log)
                .current_dir(&folder);
            Process(command.spawn().unwrap())
        };
        let words = |text: String| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        for name in ["m", "v1", "v2", "v3"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let keys = r#"{"identities":[{"name":"test","credentials":[{"accessKey":"key","secretKey":"secret"}],
            "actions":["Admin","Read","Write","List","Tagging"]},
            {"name":"reader","credentials":[{"accessKey":"reader","secretKey":"secret"}],"actions":["Read","List"]}]}"#;
        fs::write(folder.path().join("s3.json"), keys).unwrap();
        let (master_port, port) = (free_port(), free_port());
        let master = format!(
            "master -port={master_port} -mdir=m -defaultReplication=001 -volumeSizeLimitMB=64"
        );
        let master = start(&words(master));
        wait_for(master_port);
        let nodes = (1..=3).map(|number| {
            start(&words(format!(
                "volume -port={} -dir=v{number} -max=20 -master=127.0.0.1:{master_port} -dataCenter=dc -rack=r",
                free_port()
            )))
        });
        let nodes: Vec<_> = nodes.collect();
        let gateway = start(&words(format!(
            "filer -port={} -master=127.0.0.1:{master_port} -defaultReplicaPlacement=001 -s3 -s3.port={port} \
             -s3.config=s3.json -s3.port.iceberg=0 -s3.port.lance=0",
            free_port()
        )));
        wait_for(port);
        let mut shell = Command::new(weed);
        shell.args(["shell", &format!("-master=127.0.0.1:{master_port}")]);
        shell
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut shell = shell.spawn().unwrap();
        let commands = b"s3.bucket.create -name music\nexit\n";
        shell.stdin.take().unwrap().write_all(commands).unwrap();
        shell.wait().unwrap();
        Self {
            folder,
            port,
            gateway,
            nodes,
            _master: master,
        }
    }

    /// The program, with the store in its environment.
    fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_soundalike-catalogue"));
        command
            .args(arguments)
            .env(
                "AWS_ENDPOINT_URL",
                format!("http://127.0.0.1:{}", self.port),
            )
            .env("AWS_ACCESS_KEY_ID", "key")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the program, which must succeed; returns what it printed.
    fn run(&self, arguments: &[&str]) -> String {
        succeeded(arguments, self.program(arguments).output().unwrap())
    }

    fn stats(&self) -> Value {
        serde_json::from_str(&self.run(&["stats", "--json", "--in", CATALOGUE])).unwrap()
    }

    /// The name of the best candidate.
    fn best(&self, song: &str) -> String {
        let json = self.run(&["search", "--json", "--top", "3", song, "--in", CATALOGUE]);
        let answer: Value = serde_json::from_str(&json).unwrap();
        answer["candidates"][0]["name"]
            .as_str()
            .unwrap_or("nothing")
            .to_owned()
    }
}

fn wait_for(port: u16) {
    let start = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(
            start.elapsed() < LONGEST_ANSWER,
            "nobody listens to port {port}"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn succeeded(arguments: &[&str], output: Output) -> String {
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(output.status.success(), "{arguments:?}: {stdout}{stderr}");
    stdout
}

/// Adds the first song; the store takes some seconds before it can write.
fn add_first(store: &Store, song: &str) {
    let start = Instant::now();
    loop {
        let added = store.program(&["add", song, "--to", CATALOGUE]);
        let added = { added }.output().unwrap();
        if added.status.success() {
            return;
        }
        let errors = String::from_utf8_lossy(&added.stderr).into_owned();
        assert!(start.elapsed() < LONGEST_ANSWER, "{errors}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn write(folder: &Path, name: &str, samples: &[f32]) -> String {
    let path = folder.join(name);
    wav::write(&path, samples, RATE_HZ).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Searches by one who may only read. Each finds its song, or fails in one line within the promised
/// time.
fn search_while_a_node_is_dead(store: &Store, copies: &[(String, String)]) {
    for (copy, name) in copies {
        let start = Instant::now();
        let mut search =
            store.program(&["search", "--json", "--top", "3", copy, "--in", CATALOGUE]);
        let output = search.env("AWS_ACCESS_KEY_ID", "reader").output().unwrap();
        let [stdout, stderr] =
            [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        println!(
            "a search with a dead node took {:.1} s: {stderr}",
            start.elapsed().as_secs_f64()
        );
        assert!(start.elapsed() < LONGEST_ANSWER);
        match serde_json::from_str::<Value>(&stdout) {
            Ok(answer) => assert_eq!(answer["candidates"][0]["name"], **name, "{stderr}"),
            Err(_) => assert!(
                output.status.code() == Some(1) && stdout.is_empty() && stderr.lines().count() == 1,
                "{stdout}{stderr}"
            ),
        }
    }
}

#[test]
fn no_committed_song_is_lost_when_nodes_die() {
    let Some(weed) = std::env::var_os("SOUNDALIKE_WEED") else {
        println!("SOUNDALIKE_WEED is not set: nothing to test");
        return;
    };
    let mut store = Store::start(&weed);
    let music_folder = store.folder.path().join("music");
    fs::create_dir(&music_folder).unwrap();
    let files: Vec<_> = (1..=SONGS)
        .map(|number| {
            write(
                &music_folder,
                &format!("tune-{number}.wav"),
                &music(number, 12),
            )
        })
        .collect();
    let copy = |number: u32| {
        let name = format!("copy-{number}.wav");
        write(store.folder.path(), &name, &faster(&music(number, 12)))
    };
    let copies = [2, 7, 23].map(|number| (copy(number), format!("tune-{number}.wav")));
    add_first(&store, &files[0]);

    // Four writers of half of the songs.
    let half = write_list(&store, "half.txt", &files[..12]);
    let all = write_list(&store, "all.txt", &files);
    let writers: Vec<_> = ["1/4", "2/4", "3/4", "4/4"]
        .map(|part| {
            store
                .program(&["add", &half, "--to", CATALOGUE, "--part", part])
                .spawn()
                .unwrap()
        })
        .into();
    for writer in writers {
        succeeded(&["add"], writer.wait_with_output().unwrap());
    }
    assert_eq!(store.stats()["songs"], 12);

    // Three machines index it, and one of them commits.
    let workers: Vec<_> = ["1/3", "2/3", "3/3"]
        .map(|part| {
            let arguments = ["index", "--always", "--part", part, "--in", CATALOGUE];
            store.program(&arguments).spawn().unwrap()
        })
        .into();
    for worker in workers {
        succeeded(&["index"], worker.wait_with_output().unwrap());
    }
    store.run(&["index", "--commit", "--in", CATALOGUE]);
    let stats = store.stats();
    assert_eq!(stats["indexed"], stats["embeddings"]);
    for (copy, name) in &copies[..2] {
        assert_eq!(store.best(copy), *name);
    }

    // A storage node dies while four writers add the rest.
    let writers: Vec<_> = ["1/4", "2/4", "3/4", "4/4"]
        .map(|part| {
            store
                .program(&["add", &all, "--to", CATALOGUE, "--part", part])
                .spawn()
                .unwrap()
        })
        .into();
    std::thread::sleep(Duration::from_millis(300));
    store.nodes.remove(0).kill();
    search_while_a_node_is_dead(&store, &copies[..2]);
    for writer in writers {
        let output = writer.wait_with_output().unwrap();
        // A writer may give up, in one line; what it committed stays.
        if !output.status.success() {
            let errors = String::from_utf8(output.stderr).unwrap();
            assert!(errors.starts_with("error: stopped"), "{errors}");
        }
    }
    store.run(&["add", &all, "--to", CATALOGUE]);
    assert_eq!(store.stats()["songs"], SONGS);
    store.run(&["verify", "--in", CATALOGUE]);
    for (copy, name) in &copies {
        assert_eq!(store.best(copy), *name);
    }

    // Whoever may only read can't add, and is told so.
    let mut add = store.program(&["add", &copies[0].0, "--to", CATALOGUE]);
    let output = add.env("AWS_ACCESS_KEY_ID", "reader").output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(1) && errors.contains("there is no permission"),
        "{errors}"
    );
    assert_eq!(store.stats()["songs"], SONGS);

    // With the gateway gone there is an error, soon, and no answer.
    store.gateway.kill();
    let commands: [&[&str]; 2] = [
        &["search", &copies[0].0, "--in", CATALOGUE],
        &["add", &files[0], "--to", CATALOGUE],
    ];
    for arguments in commands {
        let start = Instant::now();
        let output = store.program(arguments).output().unwrap();
        let [stdout, stderr] =
            [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        assert_eq!(
            (output.status.code(), stdout.as_str()),
            (Some(1), ""),
            "{stderr}"
        );
        assert!(
            stderr.starts_with("error: ") && stderr.lines().count() == 1,
            "{stderr}"
        );
        assert!(stderr.contains("can't be reached"), "{stderr}");
        assert!(start.elapsed() < LONGEST_ANSWER);
    }
}

fn write_list(store: &Store, name: &str, files: &[String]) -> String {
    let path = store.folder.path().join(name);
    fs::write(&path, files.join("\n")).unwrap();
    path.to_str().unwrap().to_owned()
}
