//! Replays every seed and some changes of each, as regression tests.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;

/// Changed copies of each seed; `cargo fuzz` tries them for hours.
const CHANGES: u32 = 25;

#[test]
fn no_seed_and_no_small_change_of_one_makes_a_target_panic() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    for (name, target) in soundalike_fuzz::TARGETS {
        let mut paths: Vec<_> = fs::read_dir(seeds.join(name))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        assert!(!paths.is_empty(), "{name} has no seeds");
        for path in paths {
            println!("{}", path.display());
            let seed = fs::read(&path).unwrap();
            target(&seed);
            for change in 0..CHANGES {
                target(&changed(&seed, change));
            }
        }
    }
}

/// A byte replaced, removed, doubled, or the end cut off, by a small generator of numbers.
fn changed(seed: &[u8], change: u32) -> Vec<u8> {
    let mut state = change
        .wrapping_mul(2_654_435_761)
        .wrapping_add(seed.len() as u32);
    let mut next = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below.max(1)
    };
    let mut bytes = seed.to_vec();
    for _ in 0..=next(3) {
        let place = next(bytes.len());
        match next(4) {
            _ if bytes.is_empty() => bytes.push(next(256) as u8),
            0 => bytes[place] = next(256) as u8,
            1 => drop(bytes.remove(place)),
            2 => bytes.insert(place, bytes[place]),
            _ => bytes.truncate(place),
        }
    }
    bytes
}
