//! Download sizes: each file of the site as it is stored and as a web server sends it compressed,
//! and the sums of a first visit.

use std::{fs, path::Path, thread};

use anyhow::{Context as _, Result, ensure};
use brotli::enc::BrotliEncoderParams;

use crate::product::notices;

/// A build of the site, which has its own budgets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Build {
    /// The build of `web`, which `check` measures.
    Development,
    /// The build of `pack`.
    Published,
}

impl Build {
    /// The largest allowed first visits in bytes after compression: on the CPU, on WebGPU.
    ///
    /// The published ones are promises to visitors. The development build is checked too, so that a
    /// large new dependency fails in continuous integration and not first at a release. Its modules
    /// are neither optimised across crates nor shrunk, which would take longer than all tests.
    ///
    /// Measured last:
    ///
    /// | build | CPU | WebGPU |
    /// |---|---:|---:|
    /// | development | 1,153,300 | 3,915,700 |
    /// | published | 1,023,600 | 2,587,100 |
    const fn budgets_bytes(self) -> [u64; 2] {
        match self {
            Self::Development => [1_160_000, 3_940_000],
            Self::Published => [1_030_000, 2_600_000],
        }
    }

    /// Static hosts compress a file once, at the best quality, 11. That takes a minute for the
    /// larger module. Quality 9 takes a tenth of it and gives a few per cent more bytes.
    const fn brotli_quality(self) -> i32 {
        match self {
            Self::Development => 9,
            Self::Published => 11,
        }
    }
}

/// Base-two logarithm of the window in bytes. Browsers must accept 24 at most (RFC 7932).
const WINDOW_LOG2: i32 = 24;

/// The folder of the example songs.
const EXAMPLES: &str = "example/";
/// What decodes the files that the browser refuses: the folders of the code and of the module, and
/// the largest allowed sum of both in bytes after compression, in both builds.
const FOREIGN: [&str; 2] = ["pkg/decode/foreign/", "pkg/wasm/decoder/"];
const FOREIGN_BUDGET_BYTES: u64 = 350_000;
/// The folder of what asks a catalogue. Only pages that name one import it, after a visitor's song.
const CATALOGUE: &str = "pkg/catalogue/";
/// The folder of the container formats. The page imports the folder of a format, and the files
/// beside it that the format needs, with the first song of that format that may be long.
const CONTAINERS: &str = "pkg/decode/containers/";
/// The file in that folder that the page imports at once, to tell the format of a song.
const CONTAINER_AT_ONCE: &str = "container.js";

/// What the page imports with the first library, when it plays a song in another key, and when a
/// report is saved.
const PARTS: [&str; 3] = [
    "library/library-view.js",
    "report/pitch-shift.js",
    "report/save.js",
];

/// One file of the site.
#[derive(Debug)]
pub struct FileSize {
    /// Path in the site, with `/` between its parts.
    pub path: String,
    /// Bytes as stored.
    pub raw_bytes: u64,
    /// Bytes after brotli compression.
    pub brotli_bytes: u64,
}

/// Prints the size of every file that browsers load, and the sums of a first visit.
///
/// # Errors
///
/// When a file can't be read, or a first visit is larger than its budget.
pub fn check(site: &Path, build: Build) -> Result<()> {
    let quality = build.brotli_quality();
    let files = measure(site, quality)?;
    println!(
        "  {:>11} {:>11}  file",
        "bytes",
        format!("brotli -{quality}")
    );
    for FileSize {
        path,
        raw_bytes,
        brotli_bytes,
    } in &files
    {
        println!("  {raw_bytes:>11} {brotli_bytes:>11}  {path}");
    }
    let foreign = files.iter().filter(|file| is_foreign(&file.path));
    let foreign: u64 = foreign.map(|file| file.brotli_bytes).sum();
    println!("  decoder of other formats: {foreign} bytes of at most {FOREIGN_BUDGET_BYTES}");
    ensure!(
        foreign <= FOREIGN_BUDGET_BYTES,
        "the decoder of other formats takes {foreign} bytes, over {FOREIGN_BUDGET_BYTES}"
    );
    enforce(&files, build.budgets_bytes())
}

/// Prints the sums of a first visit and fails when one is over its budget.
fn enforce(files: &[FileSize], budgets_bytes: [u64; 2]) -> Result<()> {
    let visits = [("CPU", "pkg/wasm/webgpu/"), ("WebGPU", "pkg/wasm/cpu/")]
        .map(|(backend, other_module)| (backend, first_visit_bytes(files, other_module)));
    let faults: Vec<_> = visits
        .into_iter()
        .zip(budgets_bytes)
        .inspect(|((backend, bytes), budget)| {
            println!("  first visit, {backend}: {bytes} bytes of at most {budget}");
        })
        .filter(|((_, bytes), budget)| bytes > budget)
        .map(|((backend, bytes), budget)| {
            format!("a first visit on {backend} takes {bytes} bytes, over {budget}")
        })
        .collect();
    ensure!(faults.is_empty(), "{}", faults.join("; "));
    Ok(())
}

fn is_foreign(path: &str) -> bool {
    FOREIGN.iter().any(|folder| path.starts_with(folder))
}

/// Whether a file is loaded only after an action of the visitor.
fn is_on_demand(path: &str) -> bool {
    let in_containers = path.strip_prefix(CONTAINERS);
    path.starts_with(EXAMPLES)
        || path.starts_with(CATALOGUE)
        || PARTS.contains(&path)
        || is_foreign(path)
        || in_containers.is_some_and(|file| file != CONTAINER_AT_ONCE)
}

/// The download of a visitor who runs one module: all files except those of the other module and
/// those that are loaded on demand.
fn first_visit_bytes(files: &[FileSize], other_module: &str) -> u64 {
    files
        .iter()
        .filter(|file| !file.path.starts_with(other_module) && !is_on_demand(&file.path))
        .map(|file| file.brotli_bytes)
        .sum()
}

fn measure(site: &Path, quality: i32) -> Result<Vec<FileSize>> {
    let mut paths = Vec::new();
    for entry in walkdir::WalkDir::new(site).sort_by_file_name() {
        let entry = entry?;
        if entry.file_type().is_file() && is_loaded_by_browsers(entry.path()) {
            paths.push(entry.into_path());
        }
    }
    ensure!(
        !paths.is_empty(),
        "the site isn't built yet: run cargo xtask web"
    );
    let sizes = thread::scope(|scope| {
        let workers: Vec<_> = paths
            .iter()
            .map(|path| scope.spawn(move || file_size(site, path, quality)))
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join())
            .collect::<Vec<_>>()
    });
    sizes
        .into_iter()
        .map(|size| size.map_err(|_| anyhow::anyhow!("the compressor panicked"))?)
        .collect()
}

fn file_size(site: &Path, path: &Path, quality: i32) -> Result<FileSize> {
    let content = fs::read(path).with_context(|| format!("can't read {}", path.display()))?;
    let parts: Vec<_> = path
        .strip_prefix(site)?
        .iter()
        .map(|part| part.to_string_lossy())
        .collect();
    Ok(FileSize {
        path: parts.join("/"),
        raw_bytes: content.len() as u64,
        brotli_bytes: brotli_bytes(&content, quality)?,
    })
}

fn brotli_bytes(content: &[u8], quality: i32) -> Result<u64> {
    let params = BrotliEncoderParams {
        quality,
        lgwin: WINDOW_LOG2,
        size_hint: content.len(),
        ..BrotliEncoderParams::default()
    };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &content[..], &mut compressed, &params)?;
    Ok(compressed.len() as u64)
}

/// Not declarations, notes and files of the package manager, which are in the site too.
fn is_loaded_by_browsers(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    !name.ends_with(".d.ts")
        && !name.ends_with(".md")
        && name != "package.json"
        && name != notices::FILE_NAME
        && !name.starts_with("LICENSE")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> tempfile::TempDir {
        let site = tempfile::tempdir().unwrap();
        for (path, bytes) in [
            ("example/song.mp3", 30_000),
            ("index.html", 1_000),
            ("library/library-view.js", 3_000),
            ("pkg/catalogue/find.js", 3_000),
            ("pkg/decode/containers/container.js", 500),
            ("pkg/decode/containers/cut.js", 5_000),
            ("pkg/decode/containers/mp3/reader.js", 10_000),
            ("pkg/index.d.ts", 1_000),
            ("pkg/package.json", 1_000),
            ("pkg/THIRD-PARTY-NOTICES.txt", 1_000),
            ("pkg/decode/foreign/formats.js", 2_000),
            ("pkg/wasm/cpu/a.wasm", 20_000),
            ("pkg/wasm/decoder/a.wasm", 60_000),
            ("pkg/wasm/webgpu/a.wasm", 40_000),
            ("report/save.js", 1_000),
        ] {
            let path = site.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, incompressible(bytes)).unwrap();
        }
        site
    }

    /// Bytes that no compressor can shorten, from a linear congruential generator (Knuth's MMIX
    /// constants).
    fn incompressible(bytes: usize) -> Vec<u8> {
        let mut state = 1_u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        (0..bytes).map(|_| next()).collect()
    }

    #[test]
    fn only_what_browsers_load_is_measured() {
        let paths: Vec<_> = measure(site().path(), 1)
            .unwrap()
            .into_iter()
            .map(|file| file.path)
            .collect();
        assert_eq!(
            paths,
            [
                "example/song.mp3",
                "index.html",
                "library/library-view.js",
                "pkg/catalogue/find.js",
                "pkg/decode/containers/container.js",
                "pkg/decode/containers/cut.js",
                "pkg/decode/containers/mp3/reader.js",
                "pkg/decode/foreign/formats.js",
                "pkg/wasm/cpu/a.wasm",
                "pkg/wasm/decoder/a.wasm",
                "pkg/wasm/webgpu/a.wasm",
                "report/save.js"
            ]
        );
    }

    #[test]
    fn a_first_visit_has_one_module() {
        let files = measure(site().path(), 1).unwrap();
        let cpu = first_visit_bytes(&files, "pkg/wasm/webgpu/");
        assert!((21_500..21_650).contains(&cpu), "{cpu}");
        let webgpu = first_visit_bytes(&files, "pkg/wasm/cpu/");
        assert!((41_500..41_650).contains(&webgpu), "{webgpu}");
    }

    #[test]
    fn repeated_text_is_compressed_and_noise_is_not() {
        let text = "log-mel ".repeat(10_000);
        assert!(brotli_bytes(text.as_bytes(), Build::Development.brotli_quality()).unwrap() < 100);
        assert!(
            brotli_bytes(&incompressible(10_000), Build::Development.brotli_quality()).unwrap()
                >= 10_000
        );
    }

    #[test]
    fn each_visit_has_its_budget() {
        let files = [
            ("index.html", 100),
            ("pkg/wasm/cpu/a.wasm", 800),
            ("pkg/wasm/webgpu/a.wasm", 2_900),
        ]
        .map(|(path, brotli_bytes)| FileSize {
            path: path.to_owned(),
            raw_bytes: 0,
            brotli_bytes,
        });
        let fault = |budgets| enforce(&files, budgets).unwrap_err().to_string();
        enforce(&files, [900, 3_000]).unwrap();
        assert_eq!(
            fault([899, 3_000]),
            "a first visit on CPU takes 900 bytes, over 899"
        );
        assert_eq!(
            fault([900, 2_999]),
            "a first visit on WebGPU takes 3000 bytes, over 2999"
        );
    }

    #[test]
    fn a_site_over_its_budget_fails() {
        let site = tempfile::tempdir().unwrap();
        fs::write(site.path().join("big.wasm"), incompressible(1_500_000)).unwrap();
        assert!(check(site.path(), Build::Development).is_err());
    }

    #[test]
    fn an_empty_site_is_an_error() {
        let site = tempfile::tempdir().unwrap();
        assert_eq!(
            measure(site.path(), 1).unwrap_err().to_string(),
            "the site isn't built yet: run cargo xtask web"
        );
    }
}
