//! The shared state, behind one lock that is never held across an await.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::{Method, Uri};
use serde_json::Value;
use tokio::sync::Notify;

use crate::changes::Changes;
use crate::clock::Clock;
use crate::deduplication::Deduplication;
use crate::dialect::{Dialect, DialectChooser};
use crate::error::Error;
use crate::faults::{Rule, Rules};
use crate::journal::{Journal, Observer, Recording};
use crate::origins::Origins;
use crate::render::Renderer;
use crate::snapshots::Snapshots;
use crate::state_file::{self, SavedState, SavedStateRef, StateFile};
use crate::store::{self, Inbound, Rejection, Sent, Store};
use crate::webhooks::{Webhook, Webhooks};

/// The initial settings, which a reset restores.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) dialect: Dialect,
    pub(crate) deduplication: Deduplication,
    /// Whether requests with unknown members are rejected.
    pub(crate) strict: bool,
    /// How many requests the journal keeps; 0 is off.
    pub(crate) journal: usize,
    /// How many times faster the clock runs than the machine's.
    pub(crate) time_scale: u32,
    pub(crate) observer: Option<Observer>,
    /// The web pages that may use the sandbox.
    pub(crate) origins: Origins,
    /// Requests per minute for each key.
    pub(crate) rate_limit: Option<u32>,
    pub(crate) demo: bool,
    pub(crate) seed: u64,
    pub(crate) max_body_bytes: usize,
    /// How long the head of a request, and then its body, may take to arrive.
    pub(crate) read_timeout: Duration,
    pub(crate) rules: Vec<Rule>,
    pub(crate) webhooks: Vec<Webhook>,
}

/// The state, and what wakes the tasks that watch it.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    state: Mutex<State>,
    pub(crate) journal: Journal,
    pub(crate) changes: Changes,
    pub(crate) snapshots: Snapshots,
    /// Notified when the clock or the schedule changes.
    pub(crate) rescheduled: Notify,
    /// Notified when there is something to save.
    pub(crate) changed: Notify,
    /// The state file. It is locked during a save, so no older state overwrites
    /// a newer one.
    state_file: Mutex<Option<StateFile>>,
}

pub(crate) struct State {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    /// The ID of the first message since the start or the last reset.
    pub(crate) first_message: i64,
    pub(crate) rules: Rules,
    pub(crate) webhooks: Webhooks,
    dialect: Dialect,
    started: Instant,
    windows: HashMap<String, Window>,
    /// Counts responses, so that each has a seed of its own.
    answers: u64,
    seed: u64,
    /// Whether there are unsaved changes.
    dirty: bool,
}

/// The requests of a key in the minute that began with the first of them.
struct Window {
    start: Duration,
    count: u32,
}

const MINUTE: Duration = Duration::from_secs(60);

impl Shared {
    /// Loads the state from the file, or creates the initial data.
    pub(crate) fn new(settings: Settings, file: Option<StateFile>) -> Result<Self, Error> {
        let loaded = match &file {
            Some(file) => file.load()?,
            None => None,
        };
        let changes = Changes::default();
        let state = State::new(&settings, loaded, &changes)?;
        let shared = Self {
            journal: Journal::new(settings.journal, changes.clone()),
            changes,
            snapshots: Snapshots::default(),
            settings,
            state: Mutex::new(state),
            rescheduled: Notify::new(),
            changed: Notify::new(),
            state_file: Mutex::new(file),
        };
        // An unwritable file is reported at the start.
        shared.save()?;
        Ok(shared)
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the state after sending what is due.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state();
        state.send_due();
        look(&mut state)
    }

    /// Changes the state, then dispatches the events of the change.
    pub(crate) fn change<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state();
        state.send_due();
        let due = state.store.next_due();
        let result = act(&mut state);
        state.dispatch_events();
        state.dirty = true;
        let rescheduled = due != state.store.next_due();
        drop(state);
        self.changes.count(|counters| counters.state += 1);
        if rescheduled {
            self.rescheduled.notify_one();
        }
        self.changed.notify_one();
        result
    }

    /// Begins to record a request.
    pub(crate) fn record(&self, method: &Method, uri: &Uri) -> Recording<'_> {
        let observer = self.settings.observer.as_ref();
        let now = || self.state().clock.now();
        Recording::start(&self.journal, observer, now, method, uri)
    }

    /// Sets the clock, and sends what is due by then.
    pub(crate) fn set_clock(&self, set: impl FnOnce(&mut Clock)) {
        self.change(|state| {
            set(&mut state.clock);
            state.send_due();
        });
        self.rescheduled.notify_one();
    }

    /// Saves the records and the clock as a snapshot.
    pub(crate) fn save_snapshot(&self, name: &str) -> Result<(), Rejection> {
        let text = self.look(|state| state.text());
        let text = text.map_err(|error| Rejection::new(500, "server_error", error.to_string()))?;
        self.snapshots.save(name, text)?;
        self.changes.count(|counters| counters.state += 1);
        Ok(())
    }

    /// Restores the records and the clock of a snapshot. Rules, webhooks and the
    /// dialect stay.
    pub(crate) fn restore_snapshot(&self, name: &str) -> Result<(), Rejection> {
        let text = self.snapshots.get(name)?;
        let saved = state_file::parse(&text)
            .map_err(|problem| Rejection::new(500, "server_error", problem))?;
        self.change(|state| state.restore(saved));
        self.rescheduled.notify_one();
        Ok(())
    }

    /// Restores the initial data and settings.
    pub(crate) fn reset(&self) -> Result<(), Error> {
        let fresh = State::new(&self.settings, None, &self.changes)?;
        self.change(|state| *state = fresh);
        self.rescheduled.notify_one();
        Ok(())
    }

    /// Writes the state file, if there is one and anything changed.
    pub(crate) fn save(&self) -> Result<(), Error> {
        let file = self.state_file();
        let Some(file) = &*file else {
            return Ok(());
        };
        let text = {
            let mut state = self.state();
            if !std::mem::take(&mut state.dirty) {
                return Ok(());
            }
            state.text()
        };
        let saved = text.and_then(|text| file.save(&text));
        if saved.is_err() {
            self.state().dirty = true;
        }
        saved
    }

    /// Releases the state file. Later changes are not saved, since another
    /// sandbox may own the file by then.
    pub(crate) fn release(&self) {
        self.state_file().take();
    }

    fn state_file(&self) -> MutexGuard<'_, Option<StateFile>> {
        self.state_file
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn new(
        settings: &Settings,
        loaded: Option<SavedState>,
        changes: &Changes,
    ) -> Result<Self, Error> {
        let is_fresh = loaded.is_none();
        let mut webhooks = Webhooks::new(changes.clone())?;
        let system = Clock::system(settings.time_scale);
        let (store, clock, kept) = match loaded {
            Some(saved) => {
                let clock = saved.clock.with_scale(settings.time_scale);
                (saved.store, clock, saved.webhooks)
            }
            None if settings.demo => (store::demo(), system, Vec::new()),
            None => (store::team(), system, Vec::new()),
        };
        // An initial webhook was saved by an earlier run.
        let is_new = |kept: &Webhook| !settings.webhooks.iter().any(|new| new.is_for(kept));
        let kept = kept.into_iter().filter(is_new);
        for webhook in kept.chain(settings.webhooks.clone()) {
            webhooks.add(webhook).map_err(Error::refused)?;
        }
        let mut rules = Rules::default();
        for rule in &settings.rules {
            rules
                .add(rule.clone())
                .map_err(|error| Error::rule(&rule.to_string(), &error.to_string()))?;
        }
        Ok(Self {
            first_message: store.peek_id(store::Kind::Message),
            store,
            clock,
            rules,
            webhooks,
            dialect: settings.dialect,
            started: Instant::now(),
            windows: HashMap::new(),
            answers: 0,
            seed: settings.seed,
            dirty: is_fresh,
        })
    }

    /// Returns the dialect chooser of the next response.
    pub(crate) fn dialect_chooser(&mut self, dialect: Option<Dialect>) -> DialectChooser {
        self.answers += 1;
        let seed = self.seed ^ self.answers.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        DialectChooser::new(dialect.unwrap_or(self.dialect), seed)
    }

    fn restore(&mut self, saved: SavedState) {
        self.clock = saved.clock.with_scale(self.clock.scale());
        self.store = saved.store;
        self.first_message = self.store.peek_id(store::Kind::Message);
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub(crate) fn set_dialect(&mut self, dialect: Dialect) {
        self.dialect = dialect;
    }

    /// Counts a request of a key, beside `others` in a minute of other programs. Returns whether it is within the limit. A
    /// request beyond the limit does not count.
    pub(crate) fn admit(&mut self, key: &str, limit: Option<u32>, others: u32) -> bool {
        let Some(limit) = limit else {
            return true;
        };
        let now = self.clock.elapsed(self.started);
        let window = self.windows.entry(key.to_owned()).or_insert(Window {
            start: now,
            count: 0,
        });
        if now.saturating_sub(window.start) >= MINUTE {
            *window = Window {
                start: now,
                count: 0,
            };
        }
        // Other programs spread their requests evenly over the minute.
        let share = now.saturating_sub(window.start).as_secs_f64() / MINUTE.as_secs_f64();
        let others = f64::from(others) * share;
        let is_within = f64::from(window.count) + others.floor() < f64::from(limit);
        window.count += u32::from(is_within);
        is_within
    }

    /// Sends the scheduled messages that are due.
    pub(crate) fn send_due(&mut self) {
        let now = self.clock.now();
        if self.store.next_due().is_some_and(|due| due <= now) {
            self.store.send_due(now);
            self.dirty = true;
            self.dispatch_events();
        }
    }

    pub(crate) fn receive(&mut self, inbound: &Inbound) -> Result<Sent, Rejection> {
        let now = self.clock.now();
        self.store.receive(inbound, now)
    }

    /// Queues the events since the last call for the webhooks.
    fn dispatch_events(&mut self) {
        for event in self.store.take_events() {
            if !self.webhooks.has_receiver(event.kind) {
                continue;
            }
            let mut dialect = self.dialect_chooser(None);
            let mut renderer = Renderer {
                store: &self.store,
                dialect: &mut dialect,
            };
            if let Some(data) = renderer.event_data(&event) {
                self.webhooks.enqueue(event.kind, data);
            }
        }
    }

    /// Serializes the state for the state file.
    fn text(&self) -> Result<Vec<u8>, Error> {
        let clock = self.clock.saved();
        let state = SavedStateRef::new(&clock, self.webhooks.configured(), &self.store);
        serde_json::to_vec(&state)
            .map_err(|error| Error::refused(format!("the state cannot be written: {error}")))
    }

    /// Serializes the state for people, without the tokens of webhooks.
    pub(crate) fn shown(&self) -> Result<Value, Error> {
        let clock = self.clock.saved();
        let state = SavedStateRef::new(&clock, &[], &self.store);
        serde_json::to_value(&state)
            .map_err(|error| Error::refused(format!("the state cannot be shown: {error}")))
    }
}
