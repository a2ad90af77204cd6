//! From a page's query to query vectors, and from what was found to the page's answer.

use std::collections::{BTreeMap, HashMap};

use half::f16;
use soundalike::lookup::{Candidate, Candidates, Place, Query};

use super::reader::Found;
use crate::retrieval::Hit;
use crate::retrieval::query::{MOST_VECTORS, Vectors, evenly};
use crate::retrieval::votes::CHANCE_COSINE;

/// The route of searches.
pub(super) const ROUTE: &str = "/v1/candidates";

/// Most places of a candidate.
const MOST_PLACES: usize = 5;

/// Places whose offsets fall into one piece of this length count together: the length of a segment.
const OFFSET_SECS: f64 = 3.0;

/// At most 64 of a query's embeddings, evenly spaced, with unit length.
pub(super) fn vectors(query: &Query) -> Vectors {
    let chosen: Vec<_> = evenly(query.segments.len(), MOST_VECTORS).collect();
    let mut values = Vec::with_capacity(chosen.len() * query.dimensions);
    for &row in &chosen {
        let row = &query.values[row * query.dimensions..(row + 1) * query.dimensions];
        let length = row
            .iter()
            .map(|&value| f32::from(value).powi(2))
            .sum::<f32>();
        let length = length.sqrt();
        let unit = row
            .iter()
            .map(|&value| f16::from_f32(f32::from(value) / length));
        values.extend(unit);
    }
    Vectors {
        dimensions: query.dimensions,
        values,
        segments: chosen.iter().map(|&row| query.segments[row]).collect(),
    }
}

/// The answer to `query`, with segments `hop_secs` apart.
pub(super) fn answer(
    found: Found,
    query: &Vectors,
    hop_secs: f64,
    gives_songs: bool,
) -> Candidates {
    // Every query vector has at most one vote of (1 - chance)^2 for a song.
    let most_votes = query.len() as f32 * (1.0 - CHANCE_COSINE).powi(2);
    let candidates = found.candidates.into_iter().map(|(candidate, name)| {
        let places = places(&found.hits, &candidate.song, query, hop_secs);
        Candidate {
            score: rounded(f64::from(candidate.votes / most_votes).min(1.0)),
            offset_secs: rounded(offset_secs(&places)),
            places: strongest(places),
            id: candidate.song,
            name,
        }
    });
    Candidates {
        songs: found.songs,
        gives_songs,
        candidates: candidates.collect(),
    }
}

/// The best place of each query vector in a song.
fn places(hits: &[Hit], song: &str, query: &Vectors, hop_secs: f64) -> Vec<Place> {
    let mut best: HashMap<usize, &Hit> = HashMap::new();
    for hit in hits.iter().filter(|hit| hit.song == song) {
        let known = best.entry(hit.query).or_insert(hit);
        if hit.cosine > known.cosine {
            *known = hit;
        }
    }
    let mut best: Vec<_> = best.into_values().collect();
    best.sort_by_key(|hit| hit.query);
    let place = |hit: &&Hit| Place {
        query_secs: rounded(f64::from(query.segments[hit.query]) * hop_secs),
        song_secs: rounded(f64::from(hit.segment) * hop_secs),
        cosine: rounded(f64::from(hit.cosine)),
    };
    best.iter().map(place).collect()
}

/// The offset with the most votes: the weighted mean of those that are near to each other.
fn offset_secs(places: &[Place]) -> f64 {
    let mut bins: BTreeMap<i64, (f64, f64)> = BTreeMap::new();
    for place in places {
        let offset = place.song_secs - place.query_secs;
        let vote = (place.cosine - f64::from(CHANCE_COSINE)).max(0.0).powi(2);
        let (votes, sum) = bins
            .entry((offset / OFFSET_SECS).round() as i64)
            .or_default();
        *votes += vote;
        *sum += vote * offset;
    }
    let best = bins.values().max_by(|a, b| a.0.total_cmp(&b.0));
    match best {
        Some((votes, sum)) if *votes > 0.0 => sum / votes,
        _ => 0.0,
    }
}

/// The places with the largest cosines, in the order of the query.
fn strongest(mut places: Vec<Place>) -> Vec<Place> {
    places.sort_by(|a, b| b.cosine.total_cmp(&a.cosine));
    places.truncate(MOST_PLACES);
    places.sort_by(|a, b| a.query_secs.total_cmp(&b.query_secs));
    places
}

/// The number rounded to three decimals.
fn rounded(number: f64) -> f64 {
    (number * 1e3).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retrieval::votes::candidates;

    fn hit(query: usize, song: &str, segment: u32, cosine: f32) -> Hit {
        Hit {
            query,
            song: song.into(),
            segment,
            cosine,
        }
    }

    #[test]
    fn queries_get_unit_length_and_keep_their_segments() {
        let query = Query {
            weights_sha256: String::new(),
            hop_secs: 0.5,
            dimensions: 2,
            segments: (0..200).map(|row| 2 * row).collect(),
            values: [3, -4].repeat(200),
        };
        let vectors = vectors(&query);
        assert_eq!((vectors.len(), vectors.values.len()), (64, 128));
        assert_eq!(vectors.segments[..2], [2, 8]);
        let unit = [0.6, -0.8].map(f16::from_f32);
        assert_eq!(vectors.values[..2], unit);
    }

    #[test]
    fn an_answer_has_places_and_the_most_voted_offset() {
        let query = Vectors {
            dimensions: 1,
            values: vec![f16::ONE; 8],
            segments: (0..8).map(|row| 4 * row).collect(),
        };
        let mut hits: Vec<_> = (0..7)
            .map(|row| hit(row, "copy", 4 * row as u32 + 10, 0.9))
            .collect();
        hits[6].segment = 900;
        hits.push(hit(7, "copy", 1, 0.5));
        hits.push(hit(7, "copy", 2, 1.0));
        hits.push(hit(7, "other", 7, 0.45));
        let named = candidates(&hits, 20).into_iter().map(|one| {
            let name = format!("{}.mp3", one.song);
            (one, name)
        });
        let found = Found {
            songs: 9,
            candidates: named.collect(),
            hits,
        };
        let answer = answer(found, &query, 0.5, true);
        assert_eq!((answer.songs, answer.gives_songs), (9, true));
        let [copy, other] = answer.candidates.as_slice() else {
            panic!("{answer:?}")
        };
        assert_eq!((copy.id.as_str(), copy.name.as_str()), ("copy", "copy.mp3"));
        // Seven votes of 0.5^2 and one of 0.6^2, of eight of 0.6^2.
        assert!(
            (copy.score - (7.0 * 0.25 + 0.36) / (8.0 * 0.36)).abs() < 1e-3,
            "{copy:?}"
        );
        assert_eq!(copy.offset_secs, 5.0);
        let places: Vec<_> = copy
            .places
            .iter()
            .map(|one| (one.query_secs, one.song_secs))
            .collect();
        assert_eq!(
            places,
            [(0.0, 5.0), (2.0, 7.0), (4.0, 9.0), (6.0, 11.0), (14.0, 1.0)]
        );
        assert_eq!(copy.places[4].cosine, 1.0);
        assert!(other.score > 0.0 && other.score < 0.01, "{other:?}");
    }
}
