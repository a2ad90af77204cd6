//! The end that the header of an MP3 file states. It may be wrong, and where several files were
//! joined it is that of the first.

use std::collections::VecDeque;

use symphonia::core::packet::Packet;
use symphonia::core::units::Duration;

/// Encoders of MP3 pad a file by up to this number of packets. Where more follow, the file goes on.
const MAX_PADDING_PACKETS: usize = 4;

/// Holds the packets at the stated end back until it is known whether the file goes on. Then they
/// are played in full, else they end as stated.
#[derive(Default)]
pub struct StatedEnd {
    held: VecDeque<Packet>,
    /// Whether no more packets follow.
    is_over: bool,
    /// Whether the file goes on beyond the stated end.
    is_wrong: bool,
}

impl StatedEnd {
    /// The next packet that was held back and may be played now.
    pub fn next(&mut self) -> Option<Packet> {
        match self.is_over || self.is_wrong {
            true => self.held.pop_front(),
            false => None,
        }
    }

    /// A packet after those that [`next`](Self::next) gave; `None` if it is held back.
    pub fn pass(&mut self, mut packet: Packet) -> Option<Packet> {
        if self.is_wrong {
            packet.trim_end = Duration::ZERO;
            return Some(packet);
        }
        if packet.trim_end == Duration::ZERO && self.held.is_empty() {
            return Some(packet);
        }
        self.held.push_back(packet);
        let beyond = |packet: &&Packet| packet.trim_end >= packet.dur;
        self.is_wrong = self.held.iter().filter(beyond).count() > MAX_PADDING_PACKETS;
        if self.is_wrong {
            let held = self.held.iter_mut();
            held.for_each(|packet| packet.trim_end = Duration::ZERO);
        }
        self.next()
    }

    /// No packets follow.
    pub fn end(&mut self) -> Option<Packet> {
        self.is_over = true;
        self.next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use symphonia::core::units::Timestamp;

    /// Where the packets start that are played of a file of so many packets of 1,152 frames, and
    /// how many frames of each, if its header states this number of frames.
    fn played(packets: u64, stated_frames: u64) -> Vec<(i64, u64)> {
        let mut ending = StatedEnd::default();
        let mut played = Vec::new();
        let mut all = (0..packets).map(|number| {
            let start = number * 1_152;
            let at = Timestamp::new(start as i64);
            let mut packet = Packet::new(0, at, Duration::new(1_152), Vec::new());
            let kept = stated_frames.saturating_sub(start).min(1_152);
            packet.trim_end = Duration::new(1_152 - kept);
            packet
        });
        loop {
            let packet = ending.next().or_else(|| {
                let passed = all.find_map(|packet| ending.pass(packet));
                passed.or_else(|| ending.end())
            });
            let Some(packet) = packet else { return played };
            played.push((packet.pts.get(), 1_152 - packet.trim_end.get()));
        }
    }

    fn frames(played: &[(i64, u64)]) -> u64 {
        played.iter().map(|(_, frames)| frames).sum()
    }

    #[test]
    fn a_file_ends_where_its_header_says() {
        for padding in 0..=4 {
            let played = played(10 + padding, 10 * 1_152 - 500);
            assert_eq!(frames(&played), 10 * 1_152 - 500, "{padding}");
            assert!(played.is_sorted());
        }
    }

    #[test]
    fn a_file_that_goes_on_is_played_in_full() {
        for packets in [15, 16, 100] {
            let played = played(packets, 10 * 1_152 - 500);
            let all = (0..packets).map(|number| (number as i64 * 1_152, 1_152));
            assert!(played.iter().copied().eq(all), "{packets}: {played:?}");
        }
    }

    #[test]
    fn a_header_that_states_more_changes_nothing() {
        assert_eq!(frames(&played(10, 99_999)), 10 * 1_152);
    }
}
