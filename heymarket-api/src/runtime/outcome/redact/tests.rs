//! Messages with echoes in many forms.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::*;

fn sent<'a>(body: Option<&'a [u8]>) -> Sent<'a> {
    Sent {
        names: ["send_message", "/v1/message/send"],
        body,
        query: Vec::new(),
        secrets: Vec::new(),
    }
}

/// A message as an error shows it after a request with a body.
fn shown(message: &str, body: &Value) -> String {
    let body = body.to_string();
    redact(message, &sent(Some(body.as_bytes()))).expect("a message")
}

/// A message as an error shows it after a request with neither body nor query.
fn bare(message: &str) -> String {
    redact(message, &sent(None)).expect("a message")
}

#[test]
fn phones_addresses_and_tokens_are_hidden_and_ids_are_not() {
    for (message, expected) in [
        ("no 15550100101 here", "no [hidden] here"),
        ("no +1 (555) 010-0101, sorry", "no [hidden], sorry"),
        (
            "conversation 90010011 not found",
            "conversation 90010011 not found",
        ),
        ("ask person@example.com.", "ask [hidden]."),
        ("bad token eyJhbGciOi.x.y!", "bad token [secret]!"),
        (
            "bad token=eyJhbGciOi.x.y, sk_1",
            "bad token=[secret], [secret]",
        ),
        (
            "no c0c0a0a0-0000-4000-8000-000000000012 with 15550100101",
            "no c0c0a0a0-0000-4000-8000-000000000012 with [hidden]",
        ),
        ("field (x) at 10:15", "field (x) at 10:15"),
    ] {
        assert_eq!(bare(message), expected);
    }
}

#[test]
fn a_phone_number_is_hidden_however_it_is_written() {
    for number in [
        "1/555/010/0101",
        "1_555_010_0101",
        "1.555.010.0101",
        "[1] (555) 010 0101",
        "1\u{a0}555\u{a0}010\u{a0}0101",
        "1\u{202f}555\u{202f}010\u{202f}0101",
        "1\u{2011}555\u{2011}010\u{2011}0101",
        "1\u{2012}555\u{2013}010\u{2014}0101",
        "1\u{2212}555\u{2212}010\u{2212}0101",
        "1\u{2007}555\u{200b}010\u{2060}0101",
        "１５５５０１００１０１",
        "＋１（５５５）０１０－０１０１",
        "%2B1%20555%20010%200101",
        "+1\\u0020555\\u00a0010\\u20110101",
        "1&#45;555&#x2d;010&#45;0101",
        "1  -  555  -  010  -  0101",
    ] {
        assert_eq!(bare(&format!("no {number} here")), "no [hidden] here");
    }
}

#[test]
fn every_token_and_address_is_hidden_wherever_it_stands() {
    for (message, expected) in [
        ("eyJa.b.c,eyJd.e.f", "[secret],[secret]"),
        ("sk_a1,sk_b2;sk_c3", "[secret],[secret];[secret]"),
        ("key:\"sk_a1\" or 'sk_b2'", "key:\"[secret]\" or '[secret]'"),
        ("token=eyJa.b.c:eyJd.e.f", "token=[secret]:[secret]"),
        (
            "a.b@example.com,c-d@example.org;e@f.example.com",
            "[hidden],[hidden];[hidden]",
        ),
        ("a%40example.com", "[hidden]"),
        ("\"<a@example.com>\"", "\"<[hidden]>\""),
        ("to:zoë@example.com", "to:[hidden]"),
        ("see -.a@example.com.- here", "see -.[hidden].- here"),
        // These only look like them.
        ("task_id and risk_a", "task_id and risk_a"),
        ("5 @ 3, @a, b@", "5 @ 3, @a, b@"),
    ] {
        assert_eq!(bare(message), expected);
    }
}

#[test]
fn what_the_request_said_in_confidence_is_hidden() {
    let request = json!({ "inbox_id": 41001, "target": "person-without-digits" });
    assert_eq!(
        shown("nobody is person-without-digits", &request),
        "nobody is [hidden]"
    );
    let sent = Sent {
        query: [
            ("q", "refused"),
            ("phoneNumber", "12345"),
            ("inboxID", "41001"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into(),
        secrets: vec!["s3same"],
        ..sent(None)
    };
    assert_eq!(
        redact("key s3same refused: 12345 in 41001", &sent).as_deref(),
        Some("key [secret] [hidden] in 41001")
    );
}

#[test]
fn an_echo_is_hidden_in_whatever_form_it_comes() {
    let text = "Zoë, \"see\" you at 5/6\nin Zürich?";
    let request = json!({ "inbox_id": 41001, "text": text });
    for echo in [
        text,
        "ZOË, \"SEE\" YOU AT 5/6\nIN ZÜRICH?",
        "zoë, \"see\" you at 5/6\nin zürich?",
        "Zoë, \"see\" you at 5/6 in Zürich?",
        r#"Zoë, \"see\" you at 5\/6\nin Zürich?"#,
        r#"Zo\u00eb, \"see\" you at 5/6\nin Z\u00FCrich?"#,
        r#"Zo\\u00eb, \\\"see\\\" you at 5/6\\nin Z\\u00fcrich?"#,
        r"Zo\xc3\xab, see you at 5/6 in Z\xc3\xbcrich?",
        r"Zo\u{eb}, see you at 5/6 in Z\u{fc}rich?",
        "Zo%C3%AB%2C%20%22see%22%20you%20at%205%2F6%0Ain%20Z%C3%BCrich",
        "Zo%EB, see you at 5/6 in Z%FCrich?",
        "Zo%25C3%25AB%252C+see+you+at+5%252F6+in+Z%25C3%25BCrich",
        "Zo&#235;, &quot;see&quot; you at 5/6 in Z&#xFC;rich?",
        "Ｚｏë, ｓｅｅ ｙｏｕ at 5/6 in Zürich?",
        "Zoë,see-you_at 5.6/in:Zürich",
        "Zoë, \"see\" you at…",
        "Zoë, \"see\" y...",
        "…you at 5/6\nin Zür",
    ] {
        let message = shown(&format!("cannot send {echo} now"), &request);
        let rest = message.strip_prefix("cannot send ").expect(&message);
        let rest = rest.strip_suffix(" now").expect(&message);
        let around = rest.replacen("[hidden]", "", 1);
        assert!(around.len() < rest.len(), "{echo}: {message}");
        let is_left = |c: char| c.is_alphanumeric();
        assert!(!around.contains(is_left), "{echo}: {message}");
    }
}

#[test]
fn short_names_are_hidden_as_words_and_not_within_others() {
    let request = json!({ "first": "Ann", "last": "Li", "display_name": "李明", "note": "王" });
    for (message, expected) in [
        ("Ann cannot be planned", "[hidden] cannot be planned"),
        ("an annual fee for Joann", "an annual fee for Joann"),
        ("name 'ANN' taken", "name '[hidden]' taken"),
        ("联系人李明不存在", "联系人[hidden]不存在"),
        ("王 is taken", "[hidden] is taken"),
        // Two letters are in too many messages.
        ("Li", "Li"),
    ] {
        assert_eq!(shown(message, &request), expected);
    }
}

#[test]
fn numbers_and_keys_in_confidence_are_hidden_too() {
    let request = json!({ "custom": { "1001": 90_210_777 }, "targets": { "15550100101": {} } });
    assert_eq!(shown("90210777 is odd", &request), "[hidden] is odd");
    assert_eq!(shown("no 0100101", &request), "no [hidden]");
}

#[test]
fn digits_are_hidden_as_a_number_and_not_by_chance_within_one() {
    let request = json!({ "phone_number": "15550100101" });
    for (message, expected) in [
        ("no 15550 or 155501", "no [hidden]"),
        ("no 7-15550", "no 7-[hidden]"),
        ("no x15550y", "no x[hidden]y"),
        (
            "ids 915550 and 155507 and 9155507",
            "ids 915550 and 155507 and 9155507",
        ),
        ("id 9155501", "id 9155501"),
        ("id 91555010", "id 9[hidden]"),
        ("id 15550109", "id [hidden]9"),
    ] {
        assert_eq!(shown(message, &request), expected);
    }
}

#[test]
fn what_is_left_between_two_echoes_is_hidden() {
    let request = json!({ "text": "Hello Zoë Müller, your order is here" });
    for (message, expected) in [
        // With combining marks, which is how some systems write them.
        (
            "no 'Hello Zoe\u{308} Mu\u{308}ller, your order'",
            "no '[hidden]'",
        ),
        ("no hello 1234 order", "no [hidden]"),
        ("no hello 12345 order", "no [hidden] 12345 [hidden]"),
    ] {
        assert_eq!(shown(message, &request), expected);
    }
}

#[test]
fn email_is_hidden_with_and_without_its_markup() {
    let request = json!({ "text": "<p>Dear <strong>Margarethe</strong>,</p><p>caf&eacute; &#233;t&#xe9;</p>" });
    for echo in [
        "Dear Margarethe",
        "<strong>Margarethe</strong>",
        "Dear Margar…",
        "été",
    ] {
        let message = shown(&format!("refused: {echo}"), &request);
        let left = message.strip_prefix("refused: ").expect(&message);
        let left = left.replace("[hidden]", "");
        assert!(!left.contains(|c: char| c.is_alphanumeric()), "{message}");
    }
}

#[test]
fn what_helps_to_mend_a_request_is_still_there() {
    let request = json!({
        "inbox_id": 41001,
        "creator_id": 50001,
        "phone_number": "15550100101",
        "text": "Please call this phone number 41001 about your message and the inbox",
        "local_id": "c0c0a0a0-0000-4000-8000-00000000000a",
        "tags": [{ "tag_id": 700_123 }],
    });
    for message in [
        "bad_data: phone_number is invalid",
        "inbox_id: 41001 is not an inbox",
        "json: cannot unmarshal string into Go struct field SendMessage.phone_number of type int",
        "PhoneNumber failed on the 'required' tag",
        "creator_id 50001 may not send from inbox 41001",
        "field text too long (max 1600)",
        "no contact with id 90010011",
        "tags[0].tag_id: no tag 700123",
        "local_id c0c0a0a0-0000-4000-8000-00000000000a was used",
    ] {
        assert_eq!(shown(message, &request), message);
    }
}

const WORDS: [&str; 12] = [
    "Margarethe",
    "Zoë",
    "Müller-Lüdenscheid",
    "Straße",
    "Åsa",
    "Иванова",
    "Ευγενία",
    "佐藤さくら",
    "15550100101",
    "appointment",
    "don't",
    "7/8",
];

fn sentence(random: &mut fastrand::Rng) -> String {
    let words = (0..random.usize(2..9)).map(|_| WORDS[random.usize(0..WORDS.len())]);
    let words: Vec<_> = words.collect();
    words.join([" ", "  ", "\n", ", "][random.usize(0..4)])
}

/// What of a text a server may repeat, and in which letters.
fn repeated(text: &str, random: &mut fastrand::Rng) -> String {
    let mut text = match random.u8(0..5) {
        0 => text.to_uppercase(),
        1 => text.to_lowercase(),
        2 => text.split_whitespace().collect::<Vec<_>>().join(" "),
        3 => text.replace(' ', "\u{a0}"),
        _ => text.to_owned(),
    };
    if random.bool() {
        let end = random.usize(8..40);
        let start = random.usize(0..4);
        text = text.chars().skip(start).take(end).collect();
    }
    text.trim_matches(|c: char| !c.is_alphanumeric()).to_owned()
}

/// The escapes in which it may write that.
fn written(text: &str, random: &mut fastrand::Rng) -> String {
    let mut text = text.to_owned();
    for _ in 0..random.u8(0..3) {
        text = match random.u8(0..4) {
            0 => json_escaped(&text, false),
            1 => json_escaped(&text, true),
            2 => percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC)
                .to_string(),
            _ => in_html(&text),
        };
    }
    text + ["", "…", "...", " [..]"][random.usize(0..4)]
}

fn json_escaped(text: &str, is_ascii: bool) -> String {
    let json = Value::from(text).to_string().replace('/', "\\/");
    let mut escaped = String::new();
    for char in json[1..json.len() - 1].chars() {
        if char.is_ascii() || !is_ascii {
            escaped.push(char);
        } else {
            for unit in char.encode_utf16(&mut [0; 2]) {
                escaped += &format!("\\u{unit:04x}");
            }
        }
    }
    escaped
}

fn in_html(text: &str) -> String {
    let escaped = text.chars().map(|char| match char {
        '&' => "&amp;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&#x27;".to_owned(),
        char if char.is_ascii() => char.to_string(),
        char => format!("&#{};", u32::from(char)),
    });
    escaped.collect()
}

fn letters(text: &str) -> usize {
    text.chars().filter(|char| char.is_alphanumeric()).count()
}

#[test]
fn no_five_letters_of_a_text_survive_a_rewriting_server() {
    let seed = fastrand::u64(..);
    eprintln!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..3_000 {
        let text = sentence(&mut random);
        let request = json!({ "inbox_id": 41001, "text": text });
        let echo = repeated(&text, &mut random);
        if letters(&echo) < 5 {
            continue;
        }
        let echo = written(&echo, &mut random);
        // None of the texts has an `x` or an `f`.
        let message = format!("cannot send box {echo} for (inbox 41001)");
        let message = shown(&message, &request);
        let rest = message.strip_prefix("cannot send box ").expect(&message);
        let rest = rest.strip_suffix(" for (inbox 41001)").expect(&message);
        for part in rest.split("[hidden]") {
            assert!(letters(part) < 5, "{text:?}, {echo:?}: {message}");
        }
    }
}

#[test]
fn no_seven_digits_of_a_phone_number_survive_separators() {
    let separators = [
        "", "-", " ", "\u{a0}", ".", "/", "_", ") ", "\u{2011}", " - ",
    ];
    let seed = fastrand::u64(..);
    eprintln!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..2_000 {
        let number = format!("1555010{:04}", random.u16(0..10_000));
        let request = json!({ "phone_number": number });
        let separated: String = number
            .chars()
            .flat_map(|digit| {
                [
                    digit.to_string(),
                    separators[random.usize(0..10)].to_owned(),
                ]
            })
            .collect();
        let separated = separated.trim_end_matches(|c: char| !c.is_ascii_digit());
        assert_eq!(
            bare(&format!("no {separated}!")),
            "no [hidden]!",
            "{separated}"
        );
        let length = random.usize(7..11);
        let cut: String = separated.chars().take(3 * length).collect();
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).count();
        if digits(&cut) >= 5 {
            let message = shown(&format!("no {cut}… (x)"), &request);
            assert!(digits(&message) < 5, "{cut}: {message}");
        }
    }
}

#[test]
fn what_is_too_large_to_compare_is_left_out() {
    let letters = |count: usize| "a".repeat(count);
    assert!(redact(&letters(4_096), &sent(None)).is_some());
    assert_eq!(redact(&letters(4_097), &sent(None)), None);
    let body = |count: usize| json!({ "text": letters(count) }).to_string();
    let envelope = body(0).len();
    let largest = body(1_048_576 - envelope);
    assert!(redact("no", &sent(Some(largest.as_bytes()))).is_some());
    let larger = body(1_048_577 - envelope);
    assert_eq!(redact("no", &sent(Some(larger.as_bytes()))), None);
    assert_eq!(redact("no", &sent(Some(b"{"))), None);
}

#[test]
fn the_worst_message_of_the_largest_request_takes_linear_time() {
    let text = "a".repeat(LARGEST_REQUEST - 20);
    let escapes = "\\".repeat(LARGEST_REQUEST / 5);
    let start = Instant::now();
    for text in [text, escapes] {
        let body = json!({ "text": text }).to_string();
        for pattern in ["a", "("] {
            let message = pattern.repeat(LONGEST_MESSAGE / pattern.len());
            assert!(redact(&message, &sent(Some(body.as_bytes()))).is_some());
        }
    }
    let elapsed = start.elapsed();
    eprintln!("{elapsed:?}");
    // A quadratic comparison takes minutes.
    assert!(elapsed < Duration::from_secs(20), "{elapsed:?}");
}
