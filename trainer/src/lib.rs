//! The steps from music to weights, one folder a subject.
//!
//! | Folder | Content |
//! |---|---|
//! | [`steps`] | the subcommands of the program, one file each |
//! | [`corpus`] | tracks, their splits, passages to compare |
//! | `changes` | the application of recipes to audio, labels to group results by |
//! | `midi` | MIDI files as audio: notes, random ensembles, synthesis |
//! | `training` | batches, network, loss, optimiser, checkpoints, validation |
//! | `figures` | metrics with confidence intervals, and plots |

pub mod changes;
pub mod corpus;
pub mod midi;
pub mod steps;

mod figures;
mod partial_success;
mod training;
