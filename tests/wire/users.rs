//! The requests and responses of the operations of users.

use heymarket_api::types::{FindUsers, Memberships, UpdateUser, UpdateUsers};
use serde_json::json;

use crate::support::time;

super::wire_tests! {
    find_users {
        call: |client| async move {
            let request = FindUsers::new()
                .phone(["+15550100101", "15550100102"])
                .email(["agent@example.com"]);
            client.find_users(&request).await
        },
        sends: (
            "GET /v1/users/get",
            r#"{"email":["agent@example.com"],"phone":["15550100101","15550100102"]}"#
        ),
        answers: r#"{"memberships": [
            {
                "id": 50001, "phone": "15550100101", "name": "Invented Agent",
                "email": "agent@example.com", "role_id": 1, "team_id": 6001,
                "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-05-07T12:00:00.5Z",
                "user_created_at": "2026-01-02T00:00:00Z",
                "user_updated_at": "2026-05-07T12:00:00.021462Z"
            },
            {"id": 50002}
        ]}"#,
        reads: |found: Memberships| {
            let memberships = found.memberships.expect("memberships");
            assert_eq!(memberships.len(), 2);
            let member = &memberships[0];
            assert_eq!(member.id, 50001);
            assert_eq!(member.phone.as_deref(), Some("15550100101"));
            assert_eq!(member.name.as_deref(), Some("Invented Agent"));
            assert_eq!(member.email.as_deref(), Some("agent@example.com"));
            assert_eq!(member.role_id, Some(1));
            assert_eq!(member.team_id, Some(6001.into()));
            assert_eq!(member.created_at, Some(time("2026-01-01T00:00:00Z")));
            assert_eq!(member.updated_at, Some(time("2026-05-07T12:00:00.5Z")));
            assert_eq!(member.user_created_at, Some(time("2026-01-02T00:00:00Z")));
            assert_eq!(member.user_updated_at, Some(time("2026-05-07T12:00:00.021462Z")));
            assert_eq!(
                serde_json::to_value(&memberships[1]).expect("JSON"),
                json!({ "id": 50002 })
            );
        },
    }
    update_users {
        call: |client| async move {
            let users = [
                UpdateUser::new(50001).first_name("Zoë").last_name("Agent").role_id(4),
                UpdateUser::new(50002).last_name(""),
            ];
            client.update_users(&UpdateUsers::new(users)).await
        },
        sends: (
            "POST /v1/users/update",
            r#"{"users":[{"first_name":"Zoë","id":50001,"last_name":"Agent","role_id":4},{"id":50002,"last_name":""}]}"#
        ),
        answers: r#"{"memberships": [{"id": 50001, "role_id": 4, "name": "Zoë Agent"}]}"#,
        reads: |updated: Memberships| {
            let memberships = updated.memberships.expect("memberships");
            assert_eq!(memberships.len(), 1);
            assert_eq!((memberships[0].id, memberships[0].role_id), (50001.into(), Some(4)));
            assert_eq!(memberships[0].name.as_deref(), Some("Zoë Agent"));
        },
    }
}

#[tokio::test]
async fn a_search_for_nobody_sends_empty_arrays() {
    let found: Memberships = super::exchange(
        "GET /v1/users/get",
        r#"{"email":[],"phone":[]}"#,
        r#"{"memberships": []}"#,
        |client| async move {
            let nobody = Vec::<String>::new;
            let request = FindUsers::new().phone(nobody()).email(nobody());
            client.find_users(&request).await
        },
    )
    .await;
    assert_eq!(found.memberships, Some(vec![]));
}

#[test]
fn the_role_of_a_membership_is_an_integer() {
    let read = |role| {
        let body = json!({ "memberships": [{ "id": 50001, "role_id": role }] });
        serde_json::from_value::<Memberships>(body)
    };
    let found = read(json!(4)).expect("memberships");
    assert_eq!(found.memberships.expect("memberships")[0].role_id, Some(4));
    assert!(read(json!("member")).is_err());
}
