//! From hits to songs.

use std::collections::HashMap;

use super::Hit;

/// Cosine of embeddings of different music. The cosine of a hit counts from there on.
pub const CHANCE_COSINE: f32 = 0.4;

/// A song that may be a copy.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Its id.
    pub song: String,
    /// `sum over query vectors of (cosine of the best hit - 0.4)^2`.
    pub votes: f32,
}

/// The `count` songs with the most votes, best first.
#[must_use]
pub fn candidates(hits: &[Hit], count: usize) -> Vec<Candidate> {
    let mut best: HashMap<(&str, usize), f32> = HashMap::new();
    for hit in hits {
        let cosine = best.entry((&hit.song, hit.query)).or_insert(CHANCE_COSINE);
        *cosine = cosine.max(hit.cosine);
    }
    // Added up in one order, so that equal catalogues give equal votes.
    let mut best: Vec<_> = best.into_iter().collect();
    best.sort_by_key(|&(key, _)| key);
    let mut candidates: Vec<Candidate> = Vec::new();
    for ((song, _), cosine) in best {
        let vote = (cosine - CHANCE_COSINE).powi(2);
        match candidates.last_mut() {
            Some(last) if last.song == song => last.votes += vote,
            _ => candidates.push(Candidate {
                song: song.to_owned(),
                votes: vote,
            }),
        }
    }
    candidates.retain(|candidate| candidate.votes > 0.0);
    // Stable: songs with equal votes stay in the order of their ids.
    candidates.sort_by(|a, b| b.votes.total_cmp(&a.votes));
    candidates.truncate(count);
    candidates
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(query: usize, song: &str, cosine: f32) -> Hit {
        Hit {
            query,
            song: song.into(),
            segment: 0,
            cosine,
        }
    }

    #[test]
    fn each_query_vector_votes_once_for_a_song() {
        let hits = [
            hit(0, "often", 0.6),
            hit(0, "often", 0.6),
            hit(0, "often", 0.6),
            hit(0, "near", 0.8),
            hit(1, "twice", 0.7),
            hit(0, "twice", 0.7),
            hit(2, "chance", 0.3),
        ];
        let found = candidates(&hits, 20);
        let songs: Vec<_> = found.iter().map(|one| one.song.as_str()).collect();
        assert_eq!(songs, ["twice", "near", "often"]);
        assert!((found[0].votes - 2.0 * 0.09).abs() < 1e-6, "{found:?}");
        assert_eq!(candidates(&hits, 1), found[..1]);
    }
}
