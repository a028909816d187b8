//! `cargo xtask diff`: each change has its level, and the verdict is right about
//! mutations of the spec.

use serde_json::{Value, json};
use xtask::diff::{self, Level, State};

use crate::support::{project_root, spec};

/// Returns the changes from the spec to an edited copy of it, and the verdict.
fn changes(base: &State, edit: impl FnOnce(&mut Value)) -> (Level, Vec<String>) {
    let mut document = base.document.clone();
    edit(&mut document);
    assert_ne!(document, base.document, "the edit changes something");
    let state = State::of_document(document).expect("a client");
    let changes = diff::compare(base, &state).expect("changes");
    let level = diff::verdict(&changes);
    let lines = changes.iter().filter(|change| change.level == level);
    (level, lines.map(ToString::to_string).collect())
}

/// Removes a member of an object at a pointer.
fn remove(document: &mut Value, pointer: &str, key: &str) {
    let object = document.pointer_mut(pointer).and_then(Value::as_object_mut);
    object.expect("an object").remove(key).expect("a member");
}

/// Removes each member with a name and a value.
fn remove_all(value: &mut Value, key: &str, of: &Value) {
    match value {
        Value::Object(members) => {
            if members.get(key) == Some(of) {
                members.remove(key);
            }
            members
                .values_mut()
                .for_each(|one| remove_all(one, key, of));
        }
        Value::Array(items) => items.iter_mut().for_each(|one| remove_all(one, key, of)),
        _ => {}
    }
}

#[test]
fn a_spec_does_not_differ_from_itself() {
    let base = State::of_document(spec()).expect("a client");
    let changes = diff::compare(&base, &base.clone()).expect("changes");
    assert!(changes.is_empty(), "{changes:?}");
    assert_eq!(diff::verdict(&changes), Level::Text);
}

#[test]
fn a_change_has_the_level_that_callers_feel() {
    let base = State::of_document(spec()).expect("a client");
    type Edit = fn(&mut Value);
    let cases: &[(Level, &str, Edit)] = &[
        (
            Level::Text,
            "`get_team` is described in another way",
            |spec| {
                spec["paths"]["/v1/team"]["get"]["summary"] = json!("Another one");
            },
        ),
        (
            Level::Addition,
            "`Message.invented` is a new member",
            |spec| {
                spec["components"]["schemas"]["Message"]["properties"]["invented"] =
                    json!({ "type": "string", "nullable": true });
            },
        ),
        // Only the generated method shows it: positional arguments.
        (Level::Breaking, "`Client::get_team` is `async fn", |spec| {
            spec["paths"]["/v1/team"]["get"]["parameters"] = json!([
                { "name": "invented", "in": "query", "schema": { "type": "string" } }
            ]);
        }),
        // Only the spec shows it: the types are the same.
        (
            Level::Breaking,
            "`get_team` has the safety unsafe",
            |spec| {
                spec["paths"]["/v1/team"]["get"]["x-safety"] = json!("unsafe");
            },
        ),
        (
            Level::Breaking,
            "`Message.text` is shown in messages and logs",
            |spec| {
                remove(
                    spec,
                    "/components/schemas/Message/properties/text",
                    "x-sensitive",
                );
            },
        ),
        // Its type is written by a macro, which the comparison of items reads.
        (Level::Breaking, "`types::SurveyId` is removed", |spec| {
            remove_all(spec, "x-id", &json!("SurveyId"));
        }),
        (
            Level::Breaking,
            "`CreateTag.tag` has `minLength` 2",
            |spec| {
                spec["components"]["schemas"]["CreateTag"]["properties"]["tag"]["minLength"] =
                    json!(2);
            },
        ),
        (
            Level::Addition,
            "`CreateTag.tag` has no `minLength`",
            |spec| {
                remove(
                    spec,
                    "/components/schemas/CreateTag/properties/tag",
                    "minLength",
                );
            },
        ),
        (
            Level::Breaking,
            "differs in `x-invented`, which no rule classifies",
            |spec| {
                spec["components"]["schemas"]["Tag"]["x-invented"] = json!(true);
            },
        ),
    ];
    for (level, line, edit) in cases {
        let (found, lines) = changes(&base, edit);
        assert_eq!(found, *level, "{line}: {lines:#?}");
        assert!(
            lines.iter().any(|one| one.contains(line)),
            "{line}: {lines:#?}"
        );
    }
}

/// The whole form, with the tests of the library, is `cargo xtask diff --judge`.
#[cfg(unix)]
#[test]
fn the_verdict_is_right_about_a_sample_of_mutations() {
    let mut said = Vec::new();
    let mut say = |text: &str| {
        said.push(text.to_owned());
        Ok(())
    };
    let sample = diff::judge::Sample {
        count: 6,
        seed: 7,
        kind: String::new(),
    };
    let collection = diff::judge::Collection::Witness;
    let judgement =
        diff::judge::judge(&project_root(), &sample, collection, &mut say).expect("a judgement");
    assert!(judgement.is_good(), "{judgement:#?}\n{said:#?}");
    let breaking = judgement.judged.iter().filter(|one| one.broken.is_some());
    assert!(
        judgement.observations > 1_000 && breaking.count() > 1,
        "{judgement:#?}"
    );
}
