//! The answers of transactions by their ClientRequestToken, for ten minutes, as DynamoDB keeps them.
//!
//! The embedded database would do the same, but looks through all its tokens on every transaction and lets no second
//! transaction begin meanwhile, which took a tenth of the speed of due work.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const KEPT_FOR: Duration = Duration::from_secs(600);

/// Clones share what is kept.
#[derive(Clone, Default)]
pub(super) struct Tokens(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    slots: HashMap<String, Slot>,
    /// Every token with the time of its claim, the oldest first.
    claimed: VecDeque<(Instant, String)>,
}

struct Slot {
    /// Of the request's bytes: a client that tries again sends the same.
    digest: u64,
    /// `None` while the transaction runs.
    answer: Option<String>,
}

/// What a caller finds under its token.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// Nothing; the transaction is the caller's to run and to settle.
    Free,
    Running,
    Answered(String),
    /// The answer to another request.
    Mismatch,
}

impl Tokens {
    pub fn claim(&self, token: &str, request: &str, now: Instant) -> Claim {
        let mut kept = self.lock();
        while kept
            .claimed
            .front()
            .is_some_and(|(at, _)| now.saturating_duration_since(*at) >= KEPT_FOR)
        {
            if let Some((_, token)) = kept.claimed.pop_front() {
                kept.slots.remove(&token);
            }
        }
        let digest = digest(request);
        match kept.slots.get(token) {
            Some(slot) if slot.digest != digest => Claim::Mismatch,
            Some(Slot {
                answer: Some(answer),
                ..
            }) => Claim::Answered(answer.clone()),
            Some(Slot { answer: None, .. }) => Claim::Running,
            None => {
                let slot = Slot {
                    digest,
                    answer: None,
                };
                kept.slots.insert(token.to_owned(), slot);
                kept.claimed.push_back((now, token.to_owned()));
                Claim::Free
            }
        }
    }

    /// Keeps the answer, or frees the token after a failure, so that it can be tried again.
    pub fn settle(&self, token: &str, answer: Option<&str>) {
        let mut kept = self.lock();
        match answer {
            Some(answer) => {
                if let Some(slot) = kept.slots.get_mut(token) {
                    slot.answer = Some(answer.to_owned());
                }
            }
            None => {
                kept.slots.remove(token);
                kept.claimed.retain(|(_, claimed)| claimed != token);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn digest(request: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    request.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_gives_its_answer_again_for_ten_minutes() {
        let (tokens, start) = (Tokens::default(), Instant::now());
        assert_eq!(tokens.claim("t", "a", start), Claim::Free);
        assert_eq!(tokens.claim("t", "a", start), Claim::Running);
        tokens.settle("t", Some("done"));
        assert_eq!(
            tokens.claim("t", "a", start),
            Claim::Answered("done".to_owned())
        );
        assert_eq!(tokens.claim("t", "b", start), Claim::Mismatch);
        assert_eq!(tokens.claim("t", "a", start + KEPT_FOR), Claim::Free);
    }

    #[test]
    fn a_failed_transaction_can_be_tried_again_under_its_token() {
        let (tokens, start) = (Tokens::default(), Instant::now());
        tokens.claim("t", "a", start);
        tokens.settle("t", None);
        assert_eq!(tokens.claim("t", "b", start), Claim::Free);
        tokens.settle("t", Some("done"));
        assert_eq!(
            tokens.claim("t", "b", start + KEPT_FOR / 2),
            Claim::Answered("done".to_owned())
        );
    }
}
