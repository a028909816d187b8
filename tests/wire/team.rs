//! The requests and responses of the operations of team.

use heymarket_api::types::{Identifier, Team};
use serde_json::json;

super::wire_tests! {
    get_team {
        call: |client| async move { client.get_team().await },
        sends: ("GET /v1/team", ""),
        answers: r#"{
            "id": 6001, "name": "Invented team", "list_size": 5000,
            "members": [
                {"id": 50001, "name": "Invented Agent", "role": "admin", "email": "agent@example.com"},
                {"id": 50002, "role": "member"}
            ]
        }"#,
        reads: |team: Team| {
            assert_eq!(team.id, 6001);
            assert_eq!(team.name.as_deref(), Some("Invented team"));
            assert_eq!(team.list_size, Some(5000));
            let members = team.members.expect("members");
            assert_eq!(members.len(), 2);
            assert_eq!(members[0].id, Some(50001.into()));
            assert_eq!(members[0].name.as_deref(), Some("Invented Agent"));
            assert_eq!(members[0].role.as_ref().and_then(Identifier::as_str), Some("admin"));
            assert_eq!(members[0].email.as_deref(), Some("agent@example.com"));
            assert_eq!(members[1].id, Some(50002.into()));
            assert_eq!(members[1].name, None);
            assert_eq!(members[1].role.as_ref().and_then(Identifier::as_str), Some("member"));
            assert_eq!(members[1].email, None);
        },
    }
}

#[test]
fn the_role_in_a_team_is_a_string_or_an_integer() {
    let read = |role| {
        let body = json!({ "id": 6001, "members": [{ "id": 50001, "role": role }] });
        let team: Team = serde_json::from_value(body).expect("a team");
        team.members.expect("members")[0].role.clone()
    };
    assert_eq!(
        read(json!("admin")),
        Some(Identifier::Text("admin".to_owned()))
    );
    assert_eq!(read(json!(1)), Some(Identifier::Number(1)));
    assert_eq!(read(json!(null)), None);
}
