use heymarket_api::types::Team;
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
            assert_eq!(members[0].id, Some(50001));
            assert_eq!(members[0].name.as_deref(), Some("Invented Agent"));
            assert_eq!(members[0].role.as_deref(), Some("admin"));
            assert_eq!(members[0].email.as_deref(), Some("agent@example.com"));
            assert_eq!(members[1].id, Some(50002));
            assert_eq!(members[1].name, None);
            assert_eq!(members[1].role.as_deref(), Some("member"));
            assert_eq!(members[1].email, None);
        },
    }
}

#[test]
fn the_role_in_a_team_is_a_string() {
    let read = |role| {
        let body = json!({ "id": 6001, "members": [{ "id": 50001, "role": role }] });
        serde_json::from_value::<Team>(body)
    };
    let team = read(json!("invented role")).expect("a team");
    let members = team.members.expect("members");
    assert_eq!(members[0].role.as_deref(), Some("invented role"));
    assert!(read(json!(1)).is_err());
}
