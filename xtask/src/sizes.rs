//! The size report: what a visitor downloads, raw and compressed as a web server would send it.

use std::{fs, path::Path, thread};

use anyhow::{Context as _, Result, ensure};
use brotli::enc::BrotliEncoderParams;

/// The largest first visit that runs on the CPU, in bytes after compression.
pub const CPU_BUDGET_BYTES: u64 = 1_000_000;
/// The largest first visit that runs on WebGPU, in bytes after compression.
pub const WEBGPU_BUDGET_BYTES: u64 = 3_000_000;

/// Brotli's best, which static hosts use for files that they compress once; a minute's work for the larger module.
const PUBLISHED_QUALITY: i32 = 11;
/// A few per cent larger in a tenth of the time, for builds that nobody publishes.
const DEVELOPMENT_QUALITY: i32 = 9;
/// Base-two logarithm of the window in bytes: the largest that browsers must accept.
const WINDOW_LOG2: i32 = 24;

/// The folder of the example songs.
const EXAMPLES: &str = "example/";

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
/// When a file can't be read, or when `published` is set and a first visit is larger than its budget.
pub fn report(site: &Path, published: bool) -> Result<()> {
    let quality = if published {
        PUBLISHED_QUALITY
    } else {
        DEVELOPMENT_QUALITY
    };
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
    let visits = [
        ("CPU", "pkg/wasm/webgpu/", CPU_BUDGET_BYTES),
        ("WebGPU", "pkg/wasm/cpu/", WEBGPU_BUDGET_BYTES),
    ];
    for (backend, other_module, budget_bytes) in visits {
        let bytes = first_visit_bytes(&files, other_module);
        println!("  first visit, {backend}: {bytes} bytes of at most {budget_bytes}");
        ensure!(
            !published || bytes <= budget_bytes,
            "a first visit on {backend} takes {bytes} bytes, over {budget_bytes}"
        );
    }
    Ok(())
}

/// What a visitor downloads who runs one module: everything but the other, and the example songs, which come on demand.
fn first_visit_bytes(files: &[FileSize], other_module: &str) -> u64 {
    files
        .iter()
        .filter(|file| !file.path.starts_with(other_module) && !file.path.starts_with(EXAMPLES))
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
    let content = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
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

/// Declarations, notes and package files lie in the site too, but no page asks for them.
fn is_loaded_by_browsers(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    !name.ends_with(".d.ts")
        && !name.ends_with(".md")
        && name != "package.json"
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
            ("pkg/index.d.ts", 1_000),
            ("pkg/package.json", 1_000),
            ("pkg/wasm/cpu/a.wasm", 20_000),
            ("pkg/wasm/webgpu/a.wasm", 40_000),
        ] {
            let path = site.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, incompressible(bytes)).unwrap();
        }
        site
    }

    /// Bytes from a linear congruential generator (Knuth's MMIX constants), which no compressor can shorten.
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
                "pkg/wasm/cpu/a.wasm",
                "pkg/wasm/webgpu/a.wasm"
            ]
        );
    }

    #[test]
    fn a_first_visit_holds_one_module() {
        let files = measure(site().path(), 1).unwrap();
        let cpu = first_visit_bytes(&files, "pkg/wasm/webgpu/");
        assert!((21_000..21_100).contains(&cpu), "{cpu}");
        let webgpu = first_visit_bytes(&files, "pkg/wasm/cpu/");
        assert!((41_000..41_100).contains(&webgpu), "{webgpu}");
    }

    #[test]
    fn repetition_compresses_and_noise_does_not() {
        let text = "log-mel ".repeat(10_000);
        assert!(brotli_bytes(text.as_bytes(), DEVELOPMENT_QUALITY).unwrap() < 100);
        assert!(brotli_bytes(&incompressible(10_000), DEVELOPMENT_QUALITY).unwrap() >= 10_000);
    }

    #[test]
    fn a_budget_is_enforced_only_when_asked() {
        let site = tempfile::tempdir().unwrap();
        fs::write(site.path().join("big.wasm"), incompressible(1_100_000)).unwrap();
        report(site.path(), false).unwrap();
        assert!(
            report(site.path(), true)
                .unwrap_err()
                .to_string()
                .contains("over 1000000")
        );
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
