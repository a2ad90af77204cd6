//! Of the trainer's `changes`, what reads.

#[path = "../../trainer/src/changes/recipe.rs"]
pub mod recipe;
