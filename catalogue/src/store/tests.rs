//! Tests of the catalogue, on a small one in a folder.

use std::sync::Barrier;
use std::time::Duration;

use half::f16;
use soundalike::SHIPPED_WEIGHTS;

use super::*;
use crate::retrieval::query::Vectors;

/// A song of one embedding, with bytes that are no kept song.
fn song(id: &str) -> NewSong {
    let mut values = vec![f16::ZERO; 128];
    values[id.len()] = f16::ONE;
    NewSong {
        id: id.into(),
        name: format!("{id}.mp3"),
        source: format!("/music/{id}.mp3"),
        duration_secs: 180.0,
        vectors: Vectors {
            dimensions: 128,
            values,
            segments: vec![4],
        },
        bytes: vec![7; 300_000],
        landmarks: vec![3; 30],
    }
}

#[test]
fn songs_are_added_once_found_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let address = Address::from(folder.path());
    let model = Model::on_cpu(SHIPPED_WEIGHTS).unwrap();
    let mut catalogue = Catalogue::open_or_create(&address, &model).unwrap();
    assert_eq!(catalogue.append(&[song("a"), song("bb")]).unwrap(), 2);
    // Another writer, which opened the catalogue before the first one committed.
    assert_eq!(catalogue.append(&[song("bb"), song("ccc")]).unwrap(), 1);
    let size = catalogue.size().unwrap();
    assert_eq!((size.songs, size.hours, size.embeddings), (3, 0.15, 3));
    assert!(size.bytes > 300_000, "{size:?}");
    let hits = catalogue.nearest(&song("bb").vectors).unwrap().hits;
    let [hit] = hits.as_slice() else {
        panic!("{hits:?}")
    };
    assert_eq!((hit.song.as_str(), hit.segment, hit.cosine), ("bb", 4, 1.0));
    let ids = ["bb".to_owned(), "none".to_owned()];
    assert_eq!(catalogue.remove(&ids).unwrap(), ["none"]);
    let hits = catalogue.nearest(&song("bb").vectors).unwrap().hits;
    assert!(hits.is_empty());
    let ids = ["a".to_owned(), "bb".to_owned()];
    let kept = catalogue.kept(&ids).unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept["a"], ("a.mp3".to_owned(), vec![7; 300_000]));
    let names = catalogue.names(&ids).unwrap();
    assert_eq!(names, HashMap::from([("a".into(), "a.mp3".into())]));
    let done = catalogue.compact(Duration::ZERO).unwrap();
    assert!(done.bytes_removed > 300_000, "{done:?}");
    let again = Catalogue::open(&address, &model).unwrap();
    let left = HashSet::from(["a".to_owned(), "ccc".to_owned()]);
    assert_eq!(again.ids().unwrap(), left);
}

#[test]
fn a_catalogue_that_is_made_at_once_by_several_is_one() {
    let model = Model::on_cpu(SHIPPED_WEIGHTS).unwrap();
    let ids = ["a", "bb", "ccc", "dddd"];
    for round in 0..8 {
        let folder = tempfile::tempdir().unwrap();
        let address = Address::from(folder.path());
        let together = Barrier::new(ids.len());
        // All of them are open before one of them adds a song.
        let made: Vec<_> = std::thread::scope(|scope| {
            let writers = (0..ids.len() as u64).map(|place| {
                let (address, model, together) = (&address, &model, &together);
                scope.spawn(move || {
                    together.wait();
                    // The writers meet at another step of making it in each round.
                    std::thread::sleep(Duration::from_micros(200 * round * place));
                    Catalogue::open_or_create(address, model).unwrap()
                })
            });
            let writers: Vec<_> = writers.collect();
            writers.into_iter().map(|one| one.join().unwrap()).collect()
        });
        for (mut catalogue, id) in made.into_iter().zip(ids) {
            assert_eq!(catalogue.append(&[song(id)]).unwrap(), 1);
        }
        let catalogue = Catalogue::open(&address, &model).unwrap();
        assert_eq!(catalogue.ids().unwrap().len(), ids.len());
    }
}

#[test]
fn what_stopped_and_simultaneous_writers_leave_is_passed_over_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let address = Address::from(folder.path());
    let model = Model::on_cpu(SHIPPED_WEIGHTS).unwrap();
    let mut catalogue = Catalogue::open_or_create(&address, &model).unwrap();
    catalogue.append(&[song("a")]).unwrap();
    // The rows of a writer that stopped between its two commits, and of one that added the same
    // song at the same moment.
    let (orphan, twice) = (song("bb"), song("a"));
    let rows = rows::segments_batch(&[&orphan, &twice], 128).unwrap();
    let mut segments = catalogue.segments.clone();
    catalogue.wait(append(&mut segments, rows)).unwrap();
    let rows = rows::songs_batch(&[&twice]).unwrap();
    let mut songs = catalogue.songs.clone();
    catalogue.wait(append(&mut songs, rows)).unwrap();
    assert_eq!(catalogue.size().unwrap().songs, 1);
    assert_eq!(catalogue.nearest(&twice.vectors).unwrap().hits.len(), 1);
    let findings = catalogue.verify(&model, |_| ()).unwrap();
    assert_eq!(
        (findings.songs, findings.twice, findings.orphans),
        (1, 1, 1)
    );

    // Its songs may still come.
    let done = catalogue.compact(Duration::from_secs(3_600)).unwrap();
    assert_eq!(done.rows_removed, 2);
    assert_eq!(catalogue.nearest(&orphan.vectors).unwrap().hits.len(), 1);
    let done = catalogue.compact(Duration::ZERO).unwrap();
    assert_eq!(done.rows_removed, 1);
    let findings = catalogue.verify(&model, |_| ()).unwrap();
    assert_eq!(
        (findings.songs, findings.twice, findings.orphans),
        (1, 0, 0)
    );
    assert_eq!(catalogue.append(&[orphan]).unwrap(), 1);
}

#[test]
fn a_catalogue_without_landmarks_still_opens_and_takes_songs() {
    let folder = tempfile::tempdir().unwrap();
    let address = Address::from(folder.path());
    let model = Model::on_cpu(SHIPPED_WEIGHTS).unwrap();
    let catalogue = Catalogue::open_or_create(&address, &model).unwrap();
    assert!(catalogue.has_landmarks());
    catalogue.check_landmarks().unwrap();
    let mut songs = catalogue.songs.clone();
    let older = songs.drop_columns(&[rows::LANDMARKS]);
    catalogue.runtime.block_on(older).unwrap();
    let mut catalogue = Catalogue::open(&address, &model).unwrap();
    assert!(!catalogue.has_landmarks());
    let refused = catalogue.check_landmarks().unwrap_err().to_string();
    assert!(refused.contains("make it anew"), "{refused}");
    assert_eq!(catalogue.append(&[song("a"), song("bb")]).unwrap(), 2);
    assert_eq!(
        catalogue.kept(&["a".to_owned()]).unwrap()["a"].1.len(),
        300_000
    );
    assert_eq!(catalogue.verify(&model, |_| ()).unwrap().songs, 2);
}
