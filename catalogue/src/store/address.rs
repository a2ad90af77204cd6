//! Where a catalogue is: a folder, or a place in an object store.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Result, bail, ensure};

/// Attempts of a request to an object store after the first one, and the seconds after which none
/// is made. Every request ends, and so does every command: with what it asked for, or with an
/// error.
const STORE_RETRIES: u32 = 3;
const STORE_RETRY_SECS: u32 = 20;
/// Seconds that a connection, and a whole request, may take.
const STORE_CONNECT_SECS: u32 = 5;
const STORE_REQUEST_SECS: u32 = 30;

/// Where a catalogue is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(String);

impl FromStr for Address {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim_end_matches('/');
        ensure!(
            !text.is_empty(),
            "a catalogue is a folder or s3://BUCKET/NAME, and not nothing"
        );
        let neither =
            || format!("a catalogue is a folder or s3://BUCKET/NAME, and {text:?} is neither");
        ensure!(!text.contains(char::is_control), neither());
        let folder = match text.split_once("://") {
            Some(("s3", place)) => {
                ensure!(!place.starts_with('/'), neither());
                return Ok(Self(text.to_owned()));
            }
            Some(("file", path)) => path,
            None if !text.starts_with("s3:") => text,
            _ => bail!(neither()),
        };
        // The store would take what precedes a colon for a protocol.
        let relative = folder.contains(':') && !folder.starts_with(['/', '.']);
        Ok(Self(if relative {
            format!("./{folder}")
        } else {
            folder.to_owned()
        }))
    }
}

impl From<&Path> for Address {
    fn from(folder: &Path) -> Self {
        Self(folder.to_string_lossy().into_owned())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Address {
    /// The folder, if it is one.
    #[must_use]
    pub fn folder(&self) -> Option<PathBuf> {
        (!self.0.contains("://")).then(|| Path::new(&self.0).to_owned())
    }

    /// Address of a table.
    pub(super) fn table(&self, name: &str) -> String {
        format!("{}/{name}.lance", self.0)
    }

    /// Options of the store. Endpoint, region and keys come from the environment, by the names that
    /// Amazon's own programs use.
    pub(super) fn storage_options(&self) -> HashMap<String, String> {
        if self.folder().is_some() {
            return HashMap::new();
        }
        let mut options: HashMap<_, _> = [
            ("client_max_retries", STORE_RETRIES.to_string()),
            ("client_retry_timeout", STORE_RETRY_SECS.to_string()),
            ("connect_timeout", format!("{STORE_CONNECT_SECS}s")),
            ("timeout", format!("{STORE_REQUEST_SECS}s")),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into();
        let variables = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"];
        let endpoint = variables.iter().find_map(|name| std::env::var(name).ok());
        if let Some(endpoint) = endpoint {
            // Whoever names such an endpoint means it.
            options.insert(
                "allow_http".into(),
                endpoint.starts_with("http:").to_string(),
            );
            options.insert("aws_endpoint".into(), endpoint);
            // Stores that aren't Amazon's mostly have no regions, but the signature needs one.
            if std::env::var_os("AWS_REGION").is_none()
                && std::env::var_os("AWS_DEFAULT_REGION").is_none()
            {
                options.insert("aws_region".into(), "us-east-1".into());
            }
        }
        options
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_buckets_are_addresses_and_other_protocols_are_not() {
        let folder: Address = "music/catalogue/".parse().unwrap();
        assert_eq!(folder.to_string(), "music/catalogue");
        assert_eq!(folder.folder().unwrap(), Path::new("music/catalogue"));
        let store: Address = "s3://bucket/name".parse().unwrap();
        assert_eq!(store.folder(), None);
        assert_eq!(store.table("songs"), "s3://bucket/name/songs.lance");
        let odd: Address = "c:d".parse().unwrap();
        assert_eq!(odd.table("songs"), "./c:d/songs.lance");
        for text in [
            "",
            "/",
            "https://example.org/x",
            "s3://",
            "s3:///x",
            "s3:/x/y",
            "://x",
            "two\nlines",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
