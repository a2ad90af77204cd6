//! The trainer's tables. Their readers take paths, so each input is written to a file.

use std::path::{Path, PathBuf};
use std::{env, fs, process};

use soundalike_tables::fma::{self, FmaMetadata};
use soundalike_tables::pair_table;
use soundalike_tables::recipe::Recipe;

/// Reads `data` as the FMA's `tracks.csv`.
pub fn fma_metadata(data: &[u8]) {
    let path = as_file(data, "tracks.csv");
    if let Ok(metadata) = FmaMetadata::read(&path) {
        metadata.track(Path::new("000/000002.mp3"));
    }
    if let Ok(name) = std::str::from_utf8(data) {
        fma::track_id(Path::new(name));
    }
}

/// Reads `data` as a table of pairs, and as a recipe, which is one of its cells.
pub fn pair_table(data: &[u8]) {
    if let Ok(pairs) = pair_table::read(&as_file(data, "pairs.csv")) {
        assert!(!pairs.is_empty());
        for pair in pairs {
            check_recipe(&pair.parsed_recipe().expect("it was parsed before"));
        }
    }
    if let Ok(recipe) = String::from_utf8_lossy(data).parse::<Recipe>() {
        check_recipe(&recipe);
    }
}

/// A recipe must be equal after it is written and read again.
fn check_recipe(recipe: &Recipe) {
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
