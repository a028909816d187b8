//! Drafts: messages that were shown and not yet sent, each under a token.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use heymarket_api::Operation;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;
use uuid::Uuid;

/// How long a token is valid.
pub(crate) const LIFETIME: Duration = Duration::from_secs(600);

/// The most drafts that wait. The oldest one is dropped for a new one.
const MAX_WAITING: usize = 500;

/// The most drafts that ended and whose outcomes are remembered.
const MAX_ENDED: usize = 2000;

const PREFIX: &str = "draft_";

/// A message that was shown, as it will be sent.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) operation: &'static Operation,
    /// The body, with its `local_id`.
    pub(crate) body: Value,
    /// What a person is asked before it is sent.
    pub(crate) question: String,
}

impl Draft {
    pub(crate) fn local_id(&self) -> &str {
        let key = self.body.get("local_id");
        key.and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns the SHA-256 of the body, in hexadecimal.
    pub(crate) fn hash(&self) -> String {
        hexadecimal(&Sha256::digest(self.body.to_string()))
    }

    /// Returns a hash of what is sent to whom, whatever its key.
    fn content(&self) -> String {
        let mut body = self.body.clone();
        if let Some(members) = body.as_object_mut() {
            members.remove("local_id");
        }
        hexadecimal(&Sha256::digest(format!("{} {body}", self.operation.id())))
    }
}

/// A draft that one call has taken.
pub(crate) struct Claimed {
    pub(crate) draft: Draft,
    since: Instant,
}

impl Claimed {
    /// Returns whether the token's time ended since it was taken.
    pub(crate) fn is_late(&self) -> bool {
        Instant::now().saturating_duration_since(self.since) >= LIFETIME
    }
}

/// The outcome of a draft.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum End {
    /// It is being sent, or its sending was abandoned.
    Sending,
    /// The API accepted it; the result of the tool.
    Sent(Value),
    /// It was not sent, and why.
    NotSent(String),
    /// It may have been sent.
    Unknown(Value),
    /// Its time ended.
    Expired,
}

/// Why a token does not send.
#[derive(Debug, PartialEq)]
pub(crate) enum TokenError {
    /// No draft has this token.
    Unknown,
    /// The token was used, or is no longer valid.
    Ended(End),
}

/// The drafts of a server.
pub(crate) struct Drafts {
    secret: [u8; 32],
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    waiting: HashMap<String, Waiting>,
    /// The tokens of waiting drafts, the oldest first.
    order: VecDeque<(Instant, String)>,
    ended: HashMap<String, Ended>,
    /// The tokens of drafts that ended, the oldest first.
    ended_order: VecDeque<String>,
}

struct Waiting {
    draft: Draft,
    since: Instant,
}

struct Ended {
    content: String,
    at: Instant,
    end: End,
}

impl Drafts {
    pub(crate) fn new() -> Self {
        let mut secret = [0; 32];
        secret[..16].copy_from_slice(Uuid::new_v4().as_bytes());
        secret[16..].copy_from_slice(Uuid::new_v4().as_bytes());
        Self {
            secret,
            inner: Mutex::default(),
        }
    }

    /// Keeps a draft, and returns its token.
    pub(crate) fn add(&self, draft: Draft) -> String {
        let token = self.token(&draft);
        let now = Instant::now();
        let mut inner = self.lock();
        inner.expire(now);
        while inner.waiting.len() >= MAX_WAITING
            && let Some((_, oldest)) = inner.order.pop_front()
        {
            inner.end(&oldest, now, End::Expired);
        }
        inner.order.push_back((now, token.clone()));
        let since = now;
        inner
            .waiting
            .insert(token.clone(), Waiting { draft, since });
        token
    }

    /// Takes the draft of a token. No other call gets it.
    pub(crate) fn claim(&self, token: &str) -> Result<Claimed, TokenError> {
        let now = Instant::now();
        let mut inner = self.lock();
        inner.expire(now);
        let Some(waiting) = inner.waiting.get(token) else {
            let ended = inner.ended.get(token).map(|ended| ended.end.clone());
            return Err(ended.map_or(TokenError::Unknown, TokenError::Ended));
        };
        // What is sent is what the token was made for.
        if self.token(&waiting.draft) != token {
            return Err(TokenError::Unknown);
        }
        let (draft, since) = (waiting.draft.clone(), waiting.since);
        inner.end(token, now, End::Sending);
        Ok(Claimed { draft, since })
    }

    /// Returns a draft whose question has to be answered first. Its time goes on.
    pub(crate) fn unclaim(&self, token: &str, claimed: Claimed) {
        let Claimed { draft, since } = claimed;
        let mut inner = self.lock();
        if inner.ended.remove(token).is_some() {
            inner.ended_order.retain(|ended| ended != token);
            let waiting = Waiting { draft, since };
            inner.waiting.insert(token.to_owned(), waiting);
        }
    }

    /// Records the outcome of a claimed draft.
    pub(crate) fn end(&self, token: &str, end: End) {
        if let Some(ended) = self.lock().ended.get_mut(token) {
            ended.at = Instant::now();
            ended.end = end;
        }
    }

    /// Returns how long ago the same message was sent to the same recipient, or may have
    /// been, within the lifetime of a token.
    pub(crate) fn repeated(&self, draft: &Draft) -> Option<Duration> {
        let content = draft.content();
        let now = Instant::now();
        let inner = self.lock();
        let sent = inner.ended.values().filter(|ended| {
            let may_be_sent = matches!(ended.end, End::Sending | End::Sent(_) | End::Unknown(_));
            may_be_sent && ended.content == content
        });
        let ages = sent.map(|ended| now.saturating_duration_since(ended.at));
        ages.filter(|age| *age < LIFETIME).min()
    }

    /// Returns the token of a draft: an HMAC of its body and of its key.
    fn token(&self, draft: &Draft) -> String {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).expect("a key");
        let hash = draft.hash();
        for part in [draft.operation.id(), draft.local_id(), &hash] {
            mac.update(part.as_bytes());
            mac.update(&[0]);
        }
        let digest = mac.finalize().into_bytes();
        format!("{PREFIX}{}", hexadecimal(&digest[..16]))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Ends the drafts whose time is over.
    fn expire(&mut self, now: Instant) {
        let is_over = |since: Instant| now.saturating_duration_since(since) >= LIFETIME;
        while self.order.front().is_some_and(|(since, _)| is_over(*since)) {
            self.order.pop_front();
        }
        // A draft that was claimed meanwhile may have lost its place in the order.
        let waiting = self.waiting.iter();
        let over = waiting.filter(|(_, waiting)| is_over(waiting.since));
        let over: Vec<String> = over.map(|(token, _)| token.clone()).collect();
        for token in over {
            self.end(&token, now, End::Expired);
        }
    }

    /// Moves a waiting draft to those that ended.
    fn end(&mut self, token: &str, at: Instant, end: End) {
        let Some(waiting) = self.waiting.remove(token) else {
            return;
        };
        let content = waiting.draft.content();
        self.ended
            .insert(token.to_owned(), Ended { content, at, end });
        self.ended_order.push_back(token.to_owned());
        while self.ended_order.len() > MAX_ENDED
            && let Some(oldest) = self.ended_order.pop_front()
        {
            self.ended.remove(&oldest);
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use heymarket_api::operations;
    use serde_json::json;

    use super::*;

    fn draft(key: &str, text: &str) -> Draft {
        Draft {
            operation: &operations::SEND_MESSAGE,
            body: json!({"local_id": key, "text": text, "phone_number": "15550100101"}),
            question: String::new(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_sends_once() {
        let drafts = Drafts::new();
        let token = drafts.add(draft("a", "Hi"));
        let claimed = drafts.claim(&token).map(|claimed| claimed.draft.body);
        assert_eq!(claimed, Ok(draft("a", "Hi").body));
        let twice = drafts.claim(&token).err();
        assert_eq!(twice, Some(TokenError::Ended(End::Sending)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_valid_for_ten_minutes() {
        let drafts = Drafts::new();
        let tokens = ["a", "b"].map(|key| drafts.add(draft(key, "Hi")));
        tokio::time::advance(LIFETIME - Duration::from_secs(1)).await;
        assert!(drafts.claim(&tokens[0]).is_ok());
        tokio::time::advance(Duration::from_secs(1)).await;
        let late = drafts.claim(&tokens[1]).err();
        assert_eq!(late, Some(TokenError::Ended(End::Expired)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_bound_to_the_body_and_its_key() {
        let drafts = Drafts::new();
        let token = drafts.token(&draft("a", "Hi"));
        assert_ne!(token, drafts.token(&draft("b", "Hi")));
        assert_ne!(token, drafts.token(&draft("a", "Ho")));
        assert_ne!(token, Drafts::new().token(&draft("a", "Hi")));
        // A body that is exchanged under a token is not sent.
        drafts.add(draft("a", "Hi"));
        let mut inner = drafts.lock();
        inner.waiting.get_mut(&token).expect("it").draft = draft("a", "Ho");
        drop(inner);
        assert_eq!(drafts.claim(&token).err(), Some(TokenError::Unknown));
    }

    #[tokio::test(start_paused = true)]
    async fn a_question_does_not_extend_the_time() {
        let drafts = Drafts::new();
        let token = drafts.add(draft("a", "Hi"));
        for _ in 0..2 {
            let claimed = drafts.claim(&token).expect("it is claimed");
            drafts.unclaim(&token, claimed);
            tokio::time::advance(Duration::from_secs(300)).await;
        }
        let late = drafts.claim(&token).err();
        assert_eq!(late, Some(TokenError::Ended(End::Expired)));
    }

    #[tokio::test(start_paused = true)]
    async fn an_expired_draft_is_kept_no_longer() {
        let drafts = Drafts::new();
        let asked = drafts.add(draft("asked", "Hi"));
        let claimed = drafts.claim(&asked).expect("it is claimed");
        // Its place makes room for others while its user is asked.
        for key in 0..=MAX_WAITING {
            drafts.add(draft(&key.to_string(), "Hi"));
        }
        drafts.unclaim(&asked, claimed);
        tokio::time::advance(LIFETIME).await;
        drafts.add(draft("new", "Hi"));
        let inner = drafts.lock();
        assert_eq!((inner.waiting.len(), inner.order.len()), (1, 1));
        drop(inner);
        let late = drafts.claim(&asked).err();
        assert_eq!(late, Some(TokenError::Ended(End::Expired)));
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_draft_makes_room_for_a_new_one() {
        let drafts = Drafts::new();
        let oldest = drafts.add(draft("oldest", "Hi"));
        let keys = (0..MAX_WAITING).map(|number| number.to_string());
        let tokens: Vec<_> = keys.map(|key| drafts.add(draft(&key, "Hi"))).collect();
        assert!(drafts.claim(&oldest).is_err());
        assert!(tokens.iter().all(|token| drafts.claim(token).is_ok()));
        assert!(drafts.lock().ended.len() <= MAX_ENDED);
    }

    #[tokio::test(start_paused = true)]
    async fn the_same_message_is_recognized_for_ten_minutes() {
        let drafts = Drafts::new();
        let token = drafts.add(draft("a", "Hi"));
        let again = draft("b", "Hi");
        assert_eq!(drafts.repeated(&again), None);
        drafts.claim(&token).expect("it is claimed");
        drafts.end(&token, End::Unknown(Value::Null));
        assert!(drafts.repeated(&again).is_some());
        assert_eq!(drafts.repeated(&draft("b", "Ho")), None);
        tokio::time::advance(LIFETIME).await;
        assert_eq!(drafts.repeated(&again), None);
    }
}
