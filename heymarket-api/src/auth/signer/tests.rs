//! What a refused token teaches the signer, on a clock that the tests set.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;

const NOON: i64 = 1_778_155_200;
const BOUND: i64 = 600;

/// Stands still until it is set.
#[derive(Clone)]
struct SetClock(Arc<Mutex<Timestamp>>);

impl SetClock {
    fn set(&self, second: i64) {
        *self.0.lock().expect("the clock") = time(second);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("the clock")
    }
}

fn time(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

fn signer() -> (Signer, SetClock) {
    let clock = SetClock(Arc::new(Mutex::new(time(NOON))));
    let credentials = Credentials::api_secret("test-id", "test-key");
    let headers = Headers::new(HeaderValue::from_static("test"));
    let signer = Signer::new(credentials, headers, Arc::new(clock.clone())).expect("a signer");
    (signer, clock)
}

fn sign(signer: &Signer) -> Authorization {
    signer
        .authorization(signer.clock.now())
        .expect("a signature")
}

/// When a token says that it was issued.
fn issued(authorization: &Authorization) -> i64 {
    let token = authorization.headers.token().expect("a token");
    let claims = token.split('.').nth(1).expect("claims");
    let claims = URL_SAFE_NO_PAD.decode(claims).expect("base64url");
    let claims: serde_json::Value = serde_json::from_slice(&claims).expect("JSON");
    claims["iat"].as_i64().expect("a time")
}

#[test]
fn a_date_within_ten_minutes_sets_the_time_of_the_next_token() {
    for seconds in [-BOUND, -590, -3, 2, 300, BOUND] {
        let (signer, _) = signer();
        let refused = sign(&signer);
        assert!(signer.refused(&refused, Some(time(NOON + seconds))));
        assert_eq!(issued(&sign(&signer)), NOON + seconds, "{seconds}");
    }
}

#[test]
fn a_date_further_off_than_ten_minutes_is_ignored() {
    for second in [
        NOON - BOUND - 1,
        NOON + BOUND + 1,
        NOON + 3600,
        // 2030, and the ends of time.
        1_900_000_000,
        Timestamp::MIN.as_second(),
        Timestamp::MAX.as_second(),
    ] {
        let (signer, _) = signer();
        let refused = sign(&signer);
        assert!(signer.refused(&refused, Some(time(second))), "signed anew");
        assert_eq!(issued(&sign(&signer)), NOON, "{second}");
    }
}

#[test]
fn an_offset_is_forgotten_when_its_token_is_refused() {
    // The server says the same again, says nothing, or says nonsense.
    for date in [
        Some(NOON + 540),
        Some(NOON + 541),
        None,
        Some(1_900_000_000),
    ] {
        let (signer, _) = signer();
        signer.refused(&sign(&signer), Some(time(NOON + 540)));
        let ahead = sign(&signer);
        assert_eq!(issued(&ahead), NOON + 540);
        signer.refused(&ahead, date.map(time));
        assert_eq!(issued(&sign(&signer)), NOON, "{date:?}");
    }
}

#[test]
fn an_offset_that_no_longer_holds_is_learned_anew() {
    let (signer, clock) = signer();
    signer.refused(&sign(&signer), Some(time(NOON + 540)));
    let good = sign(&signer);
    assert_eq!(issued(&good), NOON + 540);
    // The clock of this machine is set right meanwhile, but for half a minute.
    clock.set(NOON + 510);
    signer.refused(&good, Some(time(NOON + 540)));
    assert_eq!(issued(&sign(&signer)), NOON + 540);
}

#[test]
fn of_many_refusals_of_one_token_only_the_first_teaches() {
    let (signer, _) = signer();
    let first = sign(&signer);
    let others: Vec<_> = (0..7).map(|_| sign(&signer)).collect();
    signer.refused(&first, Some(time(NOON + 300)));
    for late in &others {
        signer.refused(late, Some(time(NOON + 300)));
    }
    let second = sign(&signer);
    assert_eq!(issued(&second), NOON + 300);
    // Those that come once there is a new token do not cost it.
    for late in &others {
        signer.refused(late, None);
    }
    assert_eq!(sign(&signer).generation, second.generation);
}

#[test]
fn no_token_is_ever_issued_ten_minutes_off_this_clock() {
    let seed = fastrand::u64(..);
    eprintln!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..2_000 {
        let (signer, clock) = signer();
        let mut now = NOON;
        let mut held = vec![sign(&signer)];
        for _ in 0..30 {
            match random.u8(0..4) {
                0 => {
                    now += random.i64(-1_000..1_000);
                    clock.set(now);
                }
                1 => held.push(sign(&signer)),
                _ => {
                    let date = match random.u8(0..4) {
                        0 => None,
                        1 => Some(random.i64(-62_000_000_000..250_000_000_000)),
                        _ => Some(now + random.i64(-1_000..1_000)),
                    };
                    let refused = &held[random.usize(0..held.len())];
                    signer.refused(refused, date.map(time));
                }
            }
            // What was signed earlier is used on, for as long as its lifetime.
            let generation = held.last().map(|last| last.generation);
            let fresh = sign(&signer);
            if Some(fresh.generation) != generation {
                let off = (issued(&fresh) - now).abs();
                assert!(off <= BOUND, "{off} s off");
            }
            held.push(fresh);
        }
        // Whatever was learned, two refusals in a row lead back to this clock.
        for _ in 0..2 {
            signer.refused(&sign(&signer), None);
        }
        assert_eq!(issued(&sign(&signer)), now);
    }
}
