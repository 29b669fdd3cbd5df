//! The answers of transactions by their ClientRequestToken, for ten minutes, as DynamoDB keeps them.
//!
//! The embedded database would do the same, but looks through all its tokens on every transaction, which took a tenth
//! of the speed of due work.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

const KEPT_FOR: Duration = Duration::from_secs(600);

#[derive(Default)]
pub(super) struct Tokens {
    answers: HashMap<String, Kept>,
    /// Every token with the time of its answer, the oldest first.
    ages: VecDeque<(Instant, String)>,
}

/// Of a request's bytes: a client that tries again sends the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Digest(u64);

impl Digest {
    pub fn of(request: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        request.hash(&mut hasher);
        Digest(hasher.finish())
    }
}

struct Kept {
    digest: Digest,
    answer: String,
}

/// What is kept under a token.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    Nothing,
    Answer(&'a str),
    /// The answer to another request.
    Mismatch,
}

impl Tokens {
    pub fn find(&mut self, token: &str, digest: Digest, now: Instant) -> Found<'_> {
        let is_over = |at: Instant| now.saturating_duration_since(at) >= KEPT_FOR;
        while self.ages.front().is_some_and(|(at, _)| is_over(*at)) {
            if let Some((_, token)) = self.ages.pop_front() {
                self.answers.remove(&token);
            }
        }
        match self.answers.get(token) {
            None => Found::Nothing,
            Some(kept) if kept.digest != digest => Found::Mismatch,
            Some(kept) => Found::Answer(&kept.answer),
        }
    }

    /// Keeps the answer of a transaction that was done.
    pub fn keep(&mut self, token: String, digest: Digest, answer: &str, now: Instant) {
        let kept = Kept {
            digest,
            answer: answer.to_owned(),
        };
        self.answers.insert(token.clone(), kept);
        self.ages.push_back((now, token));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_gives_its_answer_again_for_ten_minutes() {
        let (mut tokens, start) = (Tokens::default(), Instant::now());
        let [a, b] = ["a", "b"].map(Digest::of);
        assert_eq!(tokens.find("t", a, start), Found::Nothing);
        tokens.keep("t".to_owned(), a, "done", start);
        let later = start + KEPT_FOR / 2;
        assert_eq!(tokens.find("t", a, later), Found::Answer("done"));
        assert_eq!(tokens.find("t", b, later), Found::Mismatch);
        assert_eq!(tokens.find("t", a, start + KEPT_FOR), Found::Nothing);
    }
}
