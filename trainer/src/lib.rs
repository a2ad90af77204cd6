//! The steps from music to weights, one folder a subject.
//!
//! | Folder | Content |
//! |---|---|
//! | [`steps`] | the subcommands of the program, one file each |
//! | [`corpus`] | tracks, their splits, tables of pairs, passages to compare |
//! | [`changes`] | recipes of changes and what applies them to audio |
//! | `midi` | scores, and what ensembles of synthesisers play of them |
//! | `training` | batches, network, loss, optimiser, checkpoints, validation |
//! | `figures` | metrics with confidence intervals, and plots |

pub mod changes;
pub mod corpus;
pub mod steps;

mod figures;
mod midi;
mod training;
