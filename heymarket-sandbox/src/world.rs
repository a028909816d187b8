//! Everything that requests share, behind one lock that is held for a moment
//! at a time and never across an await.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::dialect::{Dialect, Voice};
use crate::error::Error;
use crate::render::Speaker;
use crate::state_file::{State, StateFile, StateRef};
use crate::store::{self, Inbound, Refusal, Sent, Store};
use crate::trouble::{Rule, Rules};
use crate::webhooks::{Webhook, Webhooks};

/// What the sandbox was started with, and returns to when it is reset.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) dialect: Dialect,
    pub(crate) deduplicate_local_ids: bool,
    /// Requests a minute for each key.
    pub(crate) rate_limit: Option<u32>,
    pub(crate) demo: bool,
    pub(crate) seed: u64,
    pub(crate) max_body_bytes: usize,
    /// How long a request's head, and then its body, may take to arrive.
    pub(crate) read_timeout: Duration,
    pub(crate) rules: Vec<Rule>,
    pub(crate) webhooks: Vec<Webhook>,
}

/// The world, and what wakes those who watch it.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    world: Mutex<World>,
    /// That time or the schedule changed.
    pub(crate) rescheduled: Notify,
    /// That something changed which is to be saved.
    pub(crate) changed: Notify,
    /// Where the state is saved. Locked during a save, so that no older state
    /// follows a newer.
    state_file: Mutex<Option<StateFile>>,
}

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) rules: Rules,
    pub(crate) webhooks: Webhooks,
    dialect: Dialect,
    started: Instant,
    windows: HashMap<String, Window>,
    /// Counts answers, so that each has a chance of its own.
    answers: u64,
    seed: u64,
    /// Whether anything is not saved yet.
    dirty: bool,
}

/// The requests of a key in the minute that its first one began.
struct Window {
    start: Duration,
    count: u32,
}

const MINUTE: Duration = Duration::from_secs(60);

impl Shared {
    /// Begins with what the file holds, or with the data that the settings name.
    pub(crate) fn new(settings: Settings, file: Option<StateFile>) -> Result<Self, Error> {
        let loaded = match &file {
            Some(file) => file.load()?,
            None => None,
        };
        let world = World::new(&settings, loaded)?;
        let shared = Self {
            settings,
            world: Mutex::new(world),
            rescheduled: Notify::new(),
            changed: Notify::new(),
            state_file: Mutex::new(file),
        };
        // That a file cannot be written is better known now.
        shared.save()?;
        Ok(shared)
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the world as it is by now.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        let mut world = self.world();
        world.deliver_due();
        look(&mut world)
    }

    /// Does something to the world, then tells of what happened by it.
    pub(crate) fn change<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        let mut world = self.world();
        world.deliver_due();
        let due = world.store.next_due();
        let result = act(&mut world);
        world.tell();
        world.dirty = true;
        let rescheduled = due != world.store.next_due();
        drop(world);
        if rescheduled {
            self.rescheduled.notify_one();
        }
        self.changed.notify_one();
        result
    }

    /// Back to the data that a sandbox begins with, and to the settings that
    /// this one was started with.
    pub(crate) fn reset(&self) -> Result<(), Error> {
        let fresh = World::new(&self.settings, None)?;
        self.change(|world| *world = fresh);
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
            let mut world = self.world();
            if !std::mem::take(&mut world.dirty) {
                return Ok(());
            }
            world.text()
        };
        let saved = text.and_then(|text| file.save(&text));
        if saved.is_err() {
            self.world().dirty = true;
        }
        saved
    }

    /// Releases the state file. What changes after this is not saved: the file
    /// may belong to another sandbox by then.
    pub(crate) fn release(&self) {
        self.state_file().take();
    }

    fn state_file(&self) -> MutexGuard<'_, Option<StateFile>> {
        self.state_file
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl World {
    fn new(settings: &Settings, loaded: Option<State>) -> Result<Self, Error> {
        let is_fresh = loaded.is_none();
        let mut webhooks = Webhooks::new()?;
        let (store, clock, kept) = match loaded {
            Some(state) => (state.store, state.clock, state.webhooks),
            None if settings.demo => (store::demo(), Clock::SYSTEM, Vec::new()),
            None => (store::team(), Clock::SYSTEM, Vec::new()),
        };
        // One of the start was saved the last time.
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

    /// The voice of the next answer.
    pub(crate) fn voice(&mut self, dialect: Option<Dialect>) -> Voice {
        self.answers += 1;
        let seed = self.seed ^ self.answers.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Voice::new(dialect.unwrap_or(self.dialect), seed)
    }

    pub(crate) fn set_dialect(&mut self, dialect: Dialect) {
        self.dialect = dialect;
    }

    /// Counts a request of a key. Gives whether it is within the limit; one
    /// that is not does not count.
    pub(crate) fn admit(&mut self, key: &str, limit: Option<u32>) -> bool {
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
        let is_within = window.count < limit;
        window.count += u32::from(is_within);
        is_within
    }

    /// Sends what is due by now.
    pub(crate) fn deliver_due(&mut self) {
        let now = self.clock.now();
        if self.store.next_due().is_some_and(|due| due <= now) {
            self.store.deliver_due(now);
            self.dirty = true;
            self.tell();
        }
    }

    pub(crate) fn receive(&mut self, inbound: &Inbound) -> Result<Sent, Refusal> {
        let now = self.clock.now();
        self.store.receive(inbound, now)
    }

    /// Tells webhooks of what happened since they were told last.
    fn tell(&mut self) {
        for event in self.store.take_events() {
            if !self.webhooks.has_receiver(event.kind) {
                continue;
            }
            let mut voice = self.voice(None);
            let mut speaker = Speaker {
                store: &self.store,
                voice: &mut voice,
            };
            if let Some(data) = speaker.event_data(&event) {
                self.webhooks.tell(event.kind, &data);
            }
        }
    }

    /// The state as it is saved.
    fn text(&self) -> Result<Vec<u8>, Error> {
        let state = StateRef::new(&self.clock, self.webhooks.configured(), &self.store);
        serde_json::to_vec(&state)
            .map_err(|error| Error::refused(format!("the state cannot be written: {error}")))
    }

    /// The state as it is shown: without the tokens of webhooks.
    pub(crate) fn shown(&self) -> Result<Value, Error> {
        let state = StateRef::new(&self.clock, &[], &self.store);
        serde_json::to_value(&state)
            .map_err(|error| Error::refused(format!("the state cannot be shown: {error}")))
    }
}
