//! 録画の見守り: what a camera's stream really holds, when that is an outage, and when a person is told (9, 2-8, 8-1).
//!
//! A tick reads what has arrived since the tick before, by the time of arrival: so pictures that a device sends late
//! fill the gap that they belong to, whenever they come.

mod ledger;
mod service;
mod telling;
#[cfg(test)]
mod tests;

pub use ledger::{Arrival, Gap, Keeps, Ledger, Recording, Seen, Shortfall, Span, Trouble};
pub use service::{Service, Tally, is_interrupted};
pub use telling::{News, Outage, Resumed, Told, ToldOutage, news};

use jiff::SignedDuration;

/// Fragments at most this far apart are one span; players pass over such a gap.
pub const JOINED: SignedDuration = SignedDuration::from_secs(2);
/// How long the present may be without a picture: a fragment of 20 s and its way here, with room.
pub const SILENCE: SignedDuration = SignedDuration::from_mins(2);
/// How long an outage lasts before a person is told, so that a camera that restarts is no news.
pub const TELL_AFTER: SignedDuration = SignedDuration::from_mins(4);
/// How long a camera must have recorded without a gap before its outage is over.
pub const SETTLED: SignedDuration = SignedDuration::from_mins(10);
/// How long after the notice of an outage the notice of its end comes at the earliest, so that a line that comes and
/// goes cannot flood anyone.
pub const REST: SignedDuration = SignedDuration::from_mins(30);
/// A watch that did not read for this long was away itself, and counts silence from its return.
pub const AWAY: SignedDuration = SignedDuration::from_mins(10);
/// How long after an interruption of the service cameras may take to come back.
pub const AFTERMATH: SignedDuration = SignedDuration::from_mins(10);
/// How much of what was read is read again: a fragment is listed once it is whole, under the time at which it began.
pub const OVERLAP: SignedDuration = SignedDuration::from_secs(60);
/// How much a tick reads at once where more has arrived than it can list.
pub const STRIDE: SignedDuration = SignedDuration::from_mins(30);
/// How long the ledger remembers.
pub const KEPT: SignedDuration = SignedDuration::from_hours(24 * 7);
/// How many spans the ledger holds; of a camera with more it forgets the oldest.
pub const MOST_SPANS: usize = 200;
/// The stretch of which a camera that records in shreds is judged.
const JUDGED: SignedDuration = SignedDuration::from_mins(10);
/// A camera's clock may be ahead by this much.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_mins(1);
