//! Which of very many songs does this one copy, and where?
//!
//! A catalogue is two tables of [Lance](https://lance.org), in a folder or in an object store: the
//! analysed songs, and a part of their embeddings. A search goes from many songs to few, and
//! compares those as two songs are compared anywhere else:
//!
//! | Stage | Module | In | Out |
//! |---|---|---|---|
//! | Files | [`input`] | files, folders, lists | audio files, or a part of them |
//! | Query | [`retrieval::query`] | a song | at most 64 of its embeddings |
//! | Hits | [`retrieval::scan`], or the index | query, embeddings | the nearest 100 of each |
//! | Votes | [`retrieval::votes`] | hits | the best 20 songs |
//! | Reports | [`search()`] | the query, kept songs | the reports of `Checker::compare` |
//!
//! [`store`] is all that knows Lance. [`retrieval`] is plain arithmetic. [`verbs`] has a file
//! for each subcommand of the program. [`serve`] answers pages over HTTP.

pub mod input;
pub mod retrieval;
mod search;
pub mod serve;
pub mod store;
mod under_music;
pub mod verbs;

pub use search::{Answer, Compared, search};
