//! `verify`: reads everything and names what is damaged.

use std::path::Path;

use anyhow::Result;
use soundalike_native::{progress, weights};

use super::{Outcome, complain, open, print, songs};
use crate::store::Address;

/// Read everything and name what is damaged
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The catalogue: a folder or s3://BUCKET/NAME
    #[arg(long = "in", value_name = "URI")]
    catalogue: Address,
}

pub(super) fn run(args: &Args, weights: Option<&Path>) -> Result<Outcome> {
    let model = weights::load(weights)?;
    let catalogue = open(&args.catalogue, &model)?;
    let bar = progress::bar(catalogue.size()?.songs, "verify");
    let findings = catalogue.verify(&model, |songs| bar.set_position(songs as u64));
    bar.finish_and_clear();
    let findings = findings?;
    for (id, fault) in &findings.damaged {
        complain(&format!(
            "damaged: {id}: {fault}: remove it and add it again"
        ));
    }
    let has_lost_version = catalogue.has_lost_version();
    let index_is_damaged = findings.damaged_index_segments > 0 || findings.index_is_wrong;
    if index_is_damaged {
        let place = &args.catalogue;
        complain(&format!(
            "damaged: the index: `soundalike-catalogue index --anew --in {place}` makes it anew"
        ));
    }
    let mut line = format!(
        "{}: {}, {} damaged",
        args.catalogue,
        songs(findings.songs),
        findings.damaged.len()
    );
    if findings.twice > 0 {
        line += &format!(", {} there twice", findings.twice);
    }
    if findings.orphans > 0 {
        line += &format!(", {} embeddings of stopped writers", findings.orphans);
    }
    print(&line)?;
    let is_sound = findings.damaged.is_empty() && !index_is_damaged && !has_lost_version;
    Ok(Outcome::of(is_sound))
}
