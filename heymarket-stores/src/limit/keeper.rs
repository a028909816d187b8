//! The task that talks to the store: it takes slots for the callers of this process, and
//! says how they ended.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::mpsc::{UnboundedReceiver, WeakUnboundedSender};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::outage::Outage;
use super::queue::{Closure, End, Grant, Message, Waiter};
use super::slots::{Answer, Ask, Slots};
use super::times::Times;
use crate::error::{Error, ErrorKind};

/// The most slots of one round trip. Less than the callers that may wait here, so that
/// other processes get some of the slots that come free at the same time.
const BATCH: usize = 8;

/// The most ends of one round trip.
const MOST_ENDS: usize = 256;

pub(super) struct Keeper<S> {
    store: S,
    times: Times,
    messages: WeakUnboundedSender<Message>,
    closure: Arc<Closure>,
    waiting: VecDeque<Waiter>,
    ends: VecDeque<End>,
    /// When the first of the ends arrived.
    ends_since: Option<Instant>,
    flushes: Vec<oneshot::Sender<()>>,
    must_close: bool,
    /// The number of the next slot.
    next: i64,
    /// The longest flight of a request of this process.
    flight: Duration,
    /// When it is worth asking again.
    ask_at: Instant,
    outage: Option<Outage>,
}

impl<S: Slots> Keeper<S> {
    pub(super) fn new(
        store: S,
        times: Times,
        messages: WeakUnboundedSender<Message>,
        closure: Arc<Closure>,
    ) -> Self {
        Self {
            store,
            times,
            messages,
            closure,
            waiting: VecDeque::new(),
            ends: VecDeque::new(),
            ends_since: None,
            flushes: Vec::new(),
            must_close: false,
            next: 0,
            flight: Duration::ZERO,
            ask_at: Instant::now(),
            outage: None,
        }
    }

    /// Runs until no caller is left and the store knows all ends.
    pub(super) async fn run(mut self, mut inbox: UnboundedReceiver<Message>) {
        let mut is_open = true;
        loop {
            loop {
                match inbox.try_recv() {
                    Ok(message) => self.receive(message),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => {
                        is_open = false;
                        break;
                    }
                }
            }
            self.waiting.retain(|waiter| !waiter.reply.is_closed());
            let now = Instant::now();
            match self.next_exchange(now) {
                Some(at) if at <= now => self.exchange().await,
                at if is_open => {
                    let next = async {
                        match at {
                            Some(at) => timeout_at(at, inbox.recv()).await.ok(),
                            None => Some(inbox.recv().await),
                        }
                    };
                    match next.await {
                        Some(Some(message)) => self.receive(message),
                        Some(None) => is_open = false,
                        None => {}
                    }
                }
                // Without callers an outage is not waited for.
                Some(at) if self.outage.is_none() => sleep_until(at).await,
                _ => return,
            }
        }
    }

    fn receive(&mut self, message: Message) {
        match message {
            Message::Wait(waiter) => {
                self.flight = self.flight.max(waiter.max_flight);
                self.waiting.push_back(waiter);
            }
            Message::End(end) => {
                self.ends_since.get_or_insert_with(Instant::now);
                self.ends.push_back(end);
            }
            Message::Close => self.must_close = true,
            Message::Flush(reply) => self.flushes.push(reply),
        }
    }

    /// Returns when the next message to the store is due, if there is anything to say.
    fn next_exchange(&self, now: Instant) -> Option<Instant> {
        let mut due = None::<Instant>;
        let mut at = |when: Instant| due = Some(due.map_or(when, |due| due.min(when)));
        if self.must_close || !self.flushes.is_empty() {
            at(now);
        }
        if let Some(since) = self.ends_since {
            // Callers may wait for a slot that ends as unsent.
            let is_urgent = self.ends.iter().any(|end| end.counted_by.is_none());
            at(if is_urgent {
                since
            } else {
                since + self.times.linger
            });
        }
        if !self.waiting.is_empty() {
            at(self.may_ask_at());
        }
        match &self.outage {
            Some(outage) => due.map(|due| due.max(outage.retry_at)),
            None => due,
        }
    }

    fn may_ask_at(&self) -> Instant {
        let opens = self.closure.until();
        opens.map_or(self.ask_at, |opens| opens.max(self.ask_at))
    }

    async fn exchange(&mut self) {
        let asked = Instant::now();
        let wanted = if asked < self.may_ask_at() {
            0
        } else {
            self.waiting.len().min(BATCH)
        };
        let batch: Vec<Waiter> = self.waiting.drain(..wanted).collect();
        let ended = self.ends.len().min(MOST_ENDS);
        let ask = Ask {
            wanted: u32::try_from(wanted).unwrap_or(u32::MAX),
            first: self.next,
            hold: self.times.hold(self.flight),
            blind: self.times.hold(self.flight),
            ends: self
                .ends
                .iter()
                .take(ended)
                .map(|end| self.free(end, asked))
                .collect(),
            close: self
                .must_close
                .then(|| self.closure.until())
                .flatten()
                .map(|until| until - asked),
        };
        self.next += i64::from(ask.wanted);
        let exchange = timeout(self.times.round_trip, self.store.exchange(&ask));
        let answer = exchange.await.unwrap_or_else(|_| {
            let text = format!("no response within {:?}", self.times.round_trip);
            Err(Error::new(ErrorKind::Unreachable, text))
        });
        match answer {
            Ok(answer) => {
                self.ends.drain(..ended);
                self.ends_since = (!self.ends.is_empty()).then_some(asked);
                self.must_close = false;
                if self.ends.is_empty() {
                    for reply in self.flushes.drain(..) {
                        let _ = reply.send(());
                    }
                }
                self.recover();
                self.grant(&ask, answer, batch, asked);
            }
            Err(error) => {
                // The store may have granted them.
                for number in ask.first..self.next {
                    self.receive(Message::End(End {
                        number,
                        counted_by: None,
                    }));
                }
                self.requeue(batch);
                self.fail(&error);
            }
        }
    }

    /// Returns after which time a slot is free.
    fn free(&self, end: &End, now: Instant) -> (i64, Duration) {
        let free_at = end
            .counted_by
            .map(|counted| counted + self.times.period + self.times.margin);
        let after = free_at.map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
        (end.number, after)
    }

    fn grant(&mut self, ask: &Ask, answer: Answer, batch: Vec<Waiter>, asked: Instant) {
        let Some(messages) = self.messages.upgrade() else {
            return;
        };
        let numbers = ask.first..ask.first + i64::from(answer.granted);
        let mut grants = numbers.map(|number| Grant::new(number, asked, messages.clone()));
        let mut left = Vec::new();
        for waiter in batch {
            if waiter.reply.is_closed() {
                continue;
            }
            match grants.next() {
                // A caller that left meanwhile drops the grant, which frees the slot.
                Some(grant) => drop(waiter.reply.send(Ok(grant))),
                None => left.push(waiter),
            }
        }
        grants.for_each(drop);
        self.requeue(left);
        if answer.granted < ask.wanted {
            // Not zero: a store that rounds down would be asked again and again.
            let wait = answer.wait.max(Duration::from_millis(1));
            self.ask_at = Instant::now() + wait.min(self.times.poll);
        }
    }

    /// Puts callers back to the front.
    fn requeue(&mut self, batch: Vec<Waiter>) {
        for waiter in batch.into_iter().rev() {
            self.waiting.push_front(waiter);
        }
    }

    fn recover(&mut self) {
        if self.outage.take().is_some() {
            tracing::info!(
                store = self.store.describe(),
                "the rate limit's store responds again"
            );
        }
    }

    /// Pauses after a failure, and fails the callers that have waited for too long.
    fn fail(&mut self, error: &Error) {
        let now = Instant::now();
        let address = self.store.describe();
        if self.outage.is_none() {
            tracing::warn!(store = address, %error, "the rate limit's store failed");
        }
        let outage = self.outage.get_or_insert_with(|| Outage::new(now));
        outage.postpone(now);
        let (since, patience) = (outage.since, self.times.patience);
        let (gone, waiting): (VecDeque<_>, _) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|waiter| now - waiter.since.max(since) >= patience);
        self.waiting = waiting;
        for waiter in gone {
            let text = format!(
                "the store of the shared rate limit, {address}, failed for {} s: {error}",
                patience.as_secs_f64()
            );
            let _ = waiter.reply.send(Err(Error::new(error.kind(), text)));
        }
    }
}
