//! A local web server for the assembled site.

use std::{
    fs::File,
    io::{self, ErrorKind},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Component, Path, PathBuf},
    thread,
};

use anyhow::{Result, anyhow};
use percent_encoding::percent_decode_str;
use tiny_http::{Header, Method, Request, Response, Server, StatusCode};

/// Answers at the same time: a page asks for a few files at once.
const THREADS_PER_ADDRESS: usize = 4;

/// A server on this machine only.
pub struct LocalServer {
    port: u16,
    /// One for each address of `localhost`.
    servers: Vec<Server>,
}

impl LocalServer {
    /// Listens on a port, or on any free one for port 0. Requests wait until
    /// [`serve`](Self::serve).
    ///
    /// # Errors
    ///
    /// When the port is taken or may not be used.
    pub fn listen(port: u16) -> Result<Self> {
        let server = listen(Ipv4Addr::LOCALHOST.into(), port)?;
        let port = server
            .server_addr()
            .to_ip()
            .map_or(port, |address| address.port());
        // `localhost` is ::1 first on many machines; without IPv6 the other address is enough.
        let servers = [Some(server), listen(Ipv6Addr::LOCALHOST.into(), port).ok()];
        Ok(Self {
            port,
            servers: servers.into_iter().flatten().collect(),
        })
    }

    /// Serves a folder until the program is stopped, and does some work at the same time.
    pub fn serve(self, site: &Path, work: impl FnOnce() + Send) {
        println!(
            "Soundalike is served on http://localhost:{} (Ctrl+C stops)",
            self.port
        );
        thread::scope(|scope| {
            scope.spawn(work);
            for server in &self.servers {
                for _ in 0..THREADS_PER_ADDRESS {
                    scope.spawn(move || {
                        for request in server.incoming_requests() {
                            // Browsers may close a connection in the middle of an answer.
                            if let Err(error) = answer(site, request) {
                                eprintln!("an answer wasn't sent: {error}");
                            }
                        }
                    });
                }
            }
        });
    }
}

fn listen(address: IpAddr, port: u16) -> Result<Server> {
    Server::http(SocketAddr::new(address, port)).map_err(|error| match error.downcast::<io::Error>() {
        Ok(error) if error.kind() == ErrorKind::AddrInUse => {
            anyhow!("port {port} is taken: stop the program that uses it, or choose another with --port")
        }
        Ok(error) => anyhow::Error::new(*error).context(format!("can't listen on port {port}")),
        Err(error) => anyhow!("can't listen on port {port}: {error}"),
    })
}

fn answer(site: &Path, request: Request) -> io::Result<()> {
    if !matches!(request.method(), Method::Get | Method::Head) {
        return request
            .respond(Response::from_string("only GET and HEAD").with_status_code(StatusCode(405)));
    }
    let found = path_in_site(site, request.url())
        .and_then(|path| File::open(&path).ok().map(|file| (path, file)));
    let Some((path, file)) = found else {
        eprintln!("not found: {}", request.url());
        return request
            .respond(Response::from_string("not found").with_status_code(StatusCode(404)));
    };
    let mut response = Response::from_file(file);
    for (name, value) in [
        ("Content-Type", content_type(&path)),
        ("Cache-Control", "no-cache".to_owned()),
    ] {
        if let Ok(header) = Header::from_bytes(name, value) {
            response.add_header(header);
        }
    }
    request.respond(response)
}

/// The file of an address, if it is in the site.
fn path_in_site(site: &Path, url: &str) -> Option<PathBuf> {
    let path = url.split(['?', '#']).next()?;
    let decoded = percent_decode_str(path).decode_utf8().ok()?;
    let relative = Path::new(decoded.trim_start_matches('/'));
    let stays_inside = relative
        .components()
        .all(|component| matches!(component, Component::Normal(_)));
    let path = site.join(relative);
    let path = if path.is_dir() {
        path.join("index.html")
    } else {
        path
    };
    (stays_inside && path.is_file()).then_some(path)
}

/// The MIME type of a file. Browsers refuse modules, and WebAssembly compiled as a stream, of other
/// types.
fn content_type(path: &Path) -> String {
    let guess = mime_guess::from_path(path).first_or_octet_stream();
    match guess.type_() {
        mime_guess::mime::TEXT => format!("{guess}; charset=utf-8"),
        _ => guess.to_string(),
    }
}

/// Serves a folder on a free port in the background; for tests.
#[cfg(test)]
fn serve_in_background(site: PathBuf) -> SocketAddr {
    let server = listen(Ipv4Addr::LOCALHOST.into(), 0).unwrap();
    let address = server.server_addr().to_ip().unwrap();
    thread::spawn(move || {
        server
            .incoming_requests()
            .for_each(|request| answer(&site, request).unwrap())
    });
    address
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        io::{Read as _, Write as _},
        net::TcpStream,
    };

    use super::*;

    /// Requests an address exactly as it is written; HTTP clients would normalise it.
    fn get(address: SocketAddr, url: &str) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(
            stream,
            "GET {url} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn site() -> (tempfile::TempDir, SocketAddr) {
        let folder = tempfile::tempdir().unwrap();
        let site = folder.path().join("site");
        fs::create_dir_all(site.join("pkg/wasm")).unwrap();
        fs::write(folder.path().join("secret"), "secret").unwrap();
        fs::write(site.join("index.html"), "<h1>home</h1>").unwrap();
        fs::write(site.join("pkg/index.js"), "export {}").unwrap();
        fs::write(site.join("pkg/wasm/a b.wasm"), "wasm").unwrap();
        (folder, serve_in_background(site))
    }

    #[test]
    fn files_have_the_types_that_browsers_require() {
        let (_folder, address) = site();
        for (url, content_type, body) in [
            ("/", "text/html; charset=utf-8", "<h1>home</h1>"),
            (
                "/index.html?x=1",
                "text/html; charset=utf-8",
                "<h1>home</h1>",
            ),
            (
                "/pkg/index.js",
                "text/javascript; charset=utf-8",
                "export {}",
            ),
            ("/pkg/wasm/a%20b.wasm", "application/wasm", "wasm"),
        ] {
            let answer = get(address, url);
            assert!(answer.starts_with("HTTP/1.1 200 "), "{url}: {answer}");
            assert!(
                answer.contains(&format!("Content-Type: {content_type}\r\n")),
                "{url}: {answer}"
            );
            assert!(
                answer.contains("Cache-Control: no-cache\r\n"),
                "{url}: {answer}"
            );
            assert!(answer.ends_with(body), "{url}: {answer}");
        }
    }

    #[test]
    fn nothing_outside_the_site_is_served() {
        let (_folder, address) = site();
        for url in [
            "/../secret",
            "/pkg/../../secret",
            "/%2e%2e/secret",
            "//../secret",
            "/pkg",
            "/absent.js",
        ] {
            let answer = get(address, url);
            assert!(answer.starts_with("HTTP/1.1 404 "), "{url}: {answer}");
        }
    }

    #[test]
    fn a_taken_port_is_named() {
        let taken = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let Err(error) = LocalServer::listen(port) else {
            panic!("port {port} was taken twice")
        };
        assert!(
            error
                .to_string()
                .starts_with(&format!("port {port} is taken")),
            "{error}"
        );
    }
}
