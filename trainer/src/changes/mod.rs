//! Changes that copies undergo: recipes, what applies them to audio, and labels to group results by.

pub mod recipe;

pub(crate) mod change_labels;
pub(crate) mod codec;
pub(crate) mod perturb;
