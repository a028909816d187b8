//! What really happens, and the deliveries of it.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use fastrand::Rng;
use heymarket_api::Clock as _;
use heymarket_api::webhook::Event;
use serde_json::json;

use crate::support::JumpingClock;
use crate::webhooks::{delivery, verify};

pub(super) const WINDOW: Duration = Duration::from_secs(10 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) const CONVERSATIONS: usize = 2;
pub(super) const MESSAGES: usize = 2;
const PERSONS: usize = 2;
const CALLERS: usize = 2;
pub(super) const LANES: usize = CONVERSATIONS + MESSAGES + PERSONS + CALLERS;

/// Something that really happened, and the event that webhooks deliver of it.
#[derive(Clone, Debug)]
pub(super) struct RealEvent {
    pub(super) event: Event,
    pub(super) lane: usize,
    /// What a receiver keeps track of, such as the assignee of a conversation.
    pub(super) fact: String,
    /// The fact, and the time if the data has it.
    pub(super) subject: String,
    pub(super) state: String,
    /// What is documented to tell deliveries of this event from others.
    pub(super) identity: String,
    pub(super) memory: Duration,
}

/// A conversation, message, person or caller.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// The state of each fact.
    pub(super) facts: BTreeMap<String, String>,
    /// What is delivered until the answer is 200.
    pub(super) pending: VecDeque<usize>,
    /// What may be delivered once more although the answer was 200.
    pub(super) answered: Vec<usize>,
    pub(super) last: Option<usize>,
}

pub(super) struct World {
    random: Rng,
    clock: JumpingClock,
    /// Whether the data has `updated`.
    is_timed: bool,
    pub(super) events: Vec<Rc<RealEvent>>,
    pub(super) lanes: Vec<Lane>,
}

impl World {
    pub(super) fn new(mut random: Rng, clock: &JumpingClock) -> Self {
        Self {
            is_timed: random.bool(),
            random,
            clock: clock.clone(),
            events: Vec::new(),
            lanes: (0..LANES).map(|_| Lane::default()).collect(),
        }
    }

    pub(super) fn happen(&mut self) {
        let lane = self.random.usize(0..LANES);
        let updated = self.is_timed.then(|| self.clock.now().to_string());
        let mut id = lane;
        if id < CONVERSATIONS {
            return self.conversation_changes(lane, id + 1, updated);
        }
        id -= CONVERSATIONS;
        if id < MESSAGES {
            return self.message_changes(lane, id + 1, updated);
        }
        id -= MESSAGES;
        let phone = format!("1555010{:04}", id + 1);
        if id < PERSONS {
            return self.person_decides(lane, &phone, updated);
        }
        let data = json!({ "phone": phone, "updated": updated });
        let fact = format!("call {phone}");
        self.record(lane, "incoming_call", data, [&fact, "", ""], WINDOW);
    }

    fn conversation_changes(&mut self, lane: usize, id: usize, updated: Option<String>) {
        let memory = if self.is_timed { DAY } else { WINDOW };
        let at = updated.clone().unwrap_or_default();
        let (event_type, member, states): (_, _, [&str; 3]) = match self.random.u8(0..4) {
            0 => ("chat_reassigned", "assigned", ["50001", "50002", "50003"]),
            1 => ("chat_transferred", "inbox", ["41001", "41002", "41003"]),
            _ => ("", "", ["chat_closed", "chat_opened", "chat_pending"]),
        };
        let fact = format!("conversation {id} {member}");
        let state = self.next_state(lane, &fact, &states);
        let mut data = json!({ "id": id, "updated": updated });
        let event_type = if member.is_empty() {
            state.clone()
        } else {
            data[member] = state.parse::<i64>().expect("an ID").into();
            event_type.to_owned()
        };
        self.record(lane, &event_type, data, [&fact, &at, &state], memory);
    }

    fn message_changes(&mut self, lane: usize, id: usize, updated: Option<String>) {
        if self.random.u8(0..4) == 0 {
            // Each of these is another message.
            let id = 1000 + self.events.len();
            let fact = format!("message {id}");
            let data = json!({ "id": id, "status": "received", "updated": updated });
            return self.record(lane, "message_recieved", data, [&fact, "", ""], DAY);
        }
        let fact = format!("message {id}");
        let state = self.next_state(lane, &fact, &["sent", "failed", "delivered"]);
        let at = updated.clone().unwrap_or_default();
        let data = json!({ "id": id, "status": state, "updated": updated });
        self.record(lane, "message_sent", data, [&fact, &at, &state], DAY);
    }

    fn person_decides(&mut self, lane: usize, phone: &str, updated: Option<String>) {
        let states = [
            "target_opt_out",
            "target_opt_in",
            "target_double_opt_in",
            "target_double_opt_restricted",
        ];
        let fact = format!("person {phone}");
        let state = self.next_state(lane, &fact, &states);
        let data = json!({ "target": phone, "updated": updated, "reason": state });
        self.record(lane, &state, data, [&fact, "", &state], WINDOW);
    }

    /// Another state than the one that a fact has.
    fn next_state(&mut self, lane: usize, fact: &str, states: &[&str]) -> String {
        let now = self.lanes[lane].facts.get(fact).cloned();
        let others = states.iter().filter(|state| now.as_deref() != Some(state));
        let others: Vec<_> = others.collect();
        let state = (*others[self.random.usize(0..others.len())]).to_owned();
        let facts = &mut self.lanes[lane].facts;
        facts.insert(fact.to_owned(), state.clone());
        state
    }

    fn record(
        &mut self,
        lane: usize,
        event_type: &str,
        data: serde_json::Value,
        [fact, at, state]: [&str; 3],
        memory: Duration,
    ) {
        let identity = match event_type {
            "incoming_call" => format!("call {data}"),
            _ if event_type.starts_with("target") => format!("{fact}: {data}"),
            _ => format!("{event_type} {fact}@{at}: {state}"),
        };
        let event = verify(&delivery(event_type, data)).expect("an event");
        let key = event.dedupe_key();
        assert!(!key.contains("555010"), "a phone number: {key}");
        let number = self.events.len();
        self.events.push(Rc::new(RealEvent {
            event,
            lane,
            fact: fact.to_owned(),
            subject: format!("{fact}@{at}"),
            state: state.to_owned(),
            identity,
            memory,
        }));
        let lane = &mut self.lanes[lane];
        lane.pending.push_back(number);
        lane.last = Some(number);
    }
}
