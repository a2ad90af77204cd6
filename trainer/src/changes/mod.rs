//! Changes of copies: the application of recipes to audio, and labels to group results by.

pub mod change_labels;
pub mod codec;
pub mod perturb;
