//! The packets of a file, from whichever reader has opened it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use symphonia::core::errors::Error;
use symphonia::core::formats::FormatReader;
use symphonia::core::packet::Packet;

use crate::free_format::FreeFormat;
use crate::plain::PlainFile;

pub enum Packets {
    Plain(PlainFile),
    FreeFormat(FreeFormat),
    Symphonia(Box<dyn FormatReader>),
}

impl Packets {
    pub fn next(&mut self) -> Result<Option<Packet>, Error> {
        match self {
            Self::Plain(file) => file.next_packet(),
            Self::FreeFormat(file) => file.next_packet(),
            Self::Symphonia(format) => unless_panic(|| format.next_packet()).unwrap_or(Ok(None)),
        }
    }
}

/// Runs code of Symphonia, which panics on some damaged files: on places in an MP4 file that are
/// 2^63 bytes apart, for instance. The file ends there.
pub fn unless_panic<T>(run: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(run)).ok()
}
