//! The trainer's tables: its readers take paths, so that each input is a file for a moment.

use std::path::{Path, PathBuf};
use std::{env, fs, process};

use soundalike_tables::fma::{self, FmaMetadata};
use soundalike_tables::pair_table;
use soundalike_tables::recipe::Recipe;

/// Takes `data` for the FMA's `tracks.csv`.
pub fn fma_metadata(data: &[u8]) {
    let path = as_file(data, "tracks.csv");
    if let Ok(metadata) = FmaMetadata::read(&path) {
        metadata.track(Path::new("000/000002.mp3"));
    }
    if let Ok(name) = std::str::from_utf8(data) {
        fma::track_id(Path::new(name));
    }
}

/// Takes `data` for a table of pairs, and for a recipe, which is one cell of it.
pub fn pair_table(data: &[u8]) {
    if let Ok(pairs) = pair_table::read(&as_file(data, "pairs.csv")) {
        assert!(!pairs.is_empty());
        for pair in pairs {
            look_over(&pair.parsed_recipe().expect("it was parsed before"));
        }
    }
    if let Ok(recipe) = String::from_utf8_lossy(data).parse::<Recipe>() {
        look_over(&recipe);
    }
}

/// What was read is written so that it reads the same again.
fn look_over(recipe: &Recipe) {
    assert_eq!(recipe.to_string().parse::<Recipe>().unwrap(), *recipe);
    assert!(
        recipe
            .changes
            .iter()
            .all(|change| change.value().is_finite())
    );
    assert!(!recipe.perturbation().is_empty());
}

fn as_file(data: &[u8], name: &str) -> PathBuf {
    let path = env::temp_dir().join(format!("soundalike-fuzz-{}-{name}", process::id()));
    fs::write(&path, data).unwrap();
    path
}
