//! What a comparison needs of a song's peaks besides the peaks: computed when it is first asked
//! for, and kept for the comparisons that follow. Where one song is compared with many, half of the
//! work before the search for lines is done once.

use std::sync::{Arc, OnceLock};

use crate::recording::peaks::peak_map::PeakMap;
use crate::recording::peaks::raster::Raster;
use crate::recording::peaks::triples::{Index, Selection, Triple};

/// `rho`: correlation of the peaks of one frame. With 1 instead, validation tracks are separated
/// less well.
const CORRELATION_IN_FRAME: f64 = 0.5;

/// A song's peaks with what was computed of them. Clones share it.
#[derive(Clone, Debug)]
pub struct PreparedPeaks<'a> {
    /// The peaks.
    pub map: &'a PeakMap,
    computed: Arc<Computed>,
}

/// What was computed of a song's peaks, without the peaks.
#[derive(Debug, Default)]
pub struct Computed {
    raster: OnceLock<Arc<Raster>>,
    weights: OnceLock<Arc<[f32]>>,
    reversed: OnceLock<(PeakMap, Arc<Computed>)>,
    all: Triples,
    few: Triples,
}

/// Triples of a selection without thinning.
#[derive(Debug, Default)]
struct Triples {
    in_order: OnceLock<Arc<[Triple]>>,
    index: OnceLock<Arc<Index>>,
}

/// Which triples of a song are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// [`Selection::new`].
    All,
    /// [`Selection::of_few_intervals`].
    Few,
}

impl Kind {
    fn selection(self, thinning: f64) -> Selection {
        match self {
            Self::All => Selection::new(thinning),
            Self::Few => Selection::of_few_intervals(thinning),
        }
    }
}

impl<'a> From<&'a PeakMap> for PreparedPeaks<'a> {
    fn from(map: &'a PeakMap) -> Self {
        Self::with(map, &Arc::default())
    }
}

impl<'a> From<&PreparedPeaks<'a>> for PreparedPeaks<'a> {
    fn from(peaks: &PreparedPeaks<'a>) -> Self {
        peaks.clone()
    }
}

impl<'a> PreparedPeaks<'a> {
    /// These peaks with what was computed of them before.
    #[must_use]
    pub fn with(map: &'a PeakMap, computed: &Arc<Computed>) -> Self {
        let computed = Arc::clone(computed);
        Self { map, computed }
    }
}

impl PreparedPeaks<'_> {
    /// The raster of the peaks.
    #[must_use]
    pub fn raster(&self) -> Arc<Raster> {
        let raster = || Arc::new(Raster::new(self.map));
        Arc::clone(self.computed.raster.get_or_init(raster))
    }

    /// The weight of each peak.
    #[must_use]
    pub fn weights(&self) -> Arc<[f32]> {
        let weights = || weights(self.map).into();
        Arc::clone(self.computed.weights.get_or_init(weights))
    }

    /// The peaks as they are if the song plays backwards.
    #[must_use]
    pub fn reversed(&self) -> PreparedPeaks<'_> {
        let reversed = || (self.map.reversed(), Arc::default());
        let (map, computed) = self.computed.reversed.get_or_init(reversed);
        PreparedPeaks {
            map,
            computed: Arc::clone(computed),
        }
    }

    /// The triples, ordered by the first peak.
    #[must_use]
    pub fn triples(&self, kind: Kind, thinning: f64) -> Arc<[Triple]> {
        if thinning != 1.0 {
            return self.collected(&kind.selection(thinning));
        }
        let all = &self.computed.all.in_order;
        let triples = match kind {
            Kind::All => all.get_or_init(|| self.collected(&kind.selection(1.0))),
            Kind::Few => self.computed.few.in_order.get_or_init(|| {
                let few = kind.selection(1.0);
                match all.get() {
                    // Without thinning, they are some of all triples.
                    Some(all) => all
                        .iter()
                        .filter(|one| few.uses(one.key))
                        .copied()
                        .collect(),
                    None => self.collected(&few),
                }
            }),
        };
        Arc::clone(triples)
    }

    /// The triples by key.
    #[must_use]
    pub fn index(&self, kind: Kind, thinning: f64) -> Arc<Index> {
        let index = || Arc::new(Index::new(&self.triples(kind, thinning)));
        if thinning != 1.0 {
            return index();
        }
        let known = match kind {
            Kind::All => &self.computed.all.index,
            Kind::Few => &self.computed.few.index,
        };
        Arc::clone(known.get_or_init(index))
    }

    fn collected(&self, selection: &Selection) -> Arc<[Triple]> {
        let mut triples = Vec::new();
        selection.each(self.map, |triple| triples.push(triple));
        triples.into()
    }
}

/// Weight of each peak: those of one frame are the partials of few notes, and a note that meets
/// another one by chance meets it in all of its partials. Correlated observations in groups of `n`
/// are worth `n / (1 + (n - 1) rho)` independent ones (L. Kish, "Survey Sampling", 1965).
fn weights(map: &PeakMap) -> Vec<f32> {
    map.peaks
        .chunk_by(|one, other| one.frame == other.frame)
        .flat_map(|frame| {
            let weight = 1.0 / (1.0 + (frame.len() - 1) as f64 * CORRELATION_IN_FRAME);
            std::iter::repeat_n(weight as f32, frame.len())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::peaks::peak_map::test_peaks::song;

    #[test]
    fn few_triples_are_the_same_out_of_all_and_alone() {
        let song = song(20.0, 1);
        for thinning in [1.0, 3.0] {
            let alone = PreparedPeaks::from(&song).triples(Kind::Few, thinning);
            let prepared = PreparedPeaks::from(&song);
            let all = prepared.triples(Kind::All, thinning);
            assert_eq!(prepared.triples(Kind::Few, thinning), alone);
            assert!(!alone.is_empty() && alone.len() < all.len());
        }
    }

    #[test]
    fn what_was_computed_is_kept_and_shared() {
        let song = song(5.0, 1);
        let prepared = PreparedPeaks::from(&song);
        let clone = prepared.clone();
        assert!(Arc::ptr_eq(&prepared.raster(), &clone.raster()));
        let index = prepared.index(Kind::All, 1.0);
        assert!(Arc::ptr_eq(&index, &clone.index(Kind::All, 1.0)));
        let reversed = |peaks: &PreparedPeaks<'_>| peaks.reversed().index(Kind::Few, 1.0);
        assert!(Arc::ptr_eq(&reversed(&prepared), &reversed(&clone)));
        assert!(!Arc::ptr_eq(&index, &clone.index(Kind::Few, 1.0)));
        // Also when the peaks are prepared anew.
        let computed = Arc::default();
        let raster = || PreparedPeaks::with(&song, &computed).raster();
        assert!(Arc::ptr_eq(&raster(), &raster()));
    }
}
