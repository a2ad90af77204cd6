//! Copies that were assembled of pieces: their exact [`parts`], the [passages](assembled) that
//! these are, and the [`seams`] between passages of different speeds.

pub mod assembled;
pub mod parts;
pub mod seams;
