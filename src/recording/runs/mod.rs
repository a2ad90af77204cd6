//! The [scores](score_matrix) of all pairs of segments, the [`evidence`] in them, and a [`search`]
//! for its lines, each a [`run`].

pub mod evidence;
pub mod run;
pub mod score_matrix;
pub mod search;
