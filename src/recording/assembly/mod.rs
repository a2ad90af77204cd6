//! Copies that were assembled of pieces: their exact [`parts`], and the [passages](assembled) that
//! these are.

pub mod assembled;
pub mod parts;
