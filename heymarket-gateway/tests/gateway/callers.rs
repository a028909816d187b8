//! Many callers at a time.

use std::sync::Arc;

use crate::support::World;

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_callers_at_a_time_are_all_answered() {
    let world = Arc::new(World::start().await);
    let mut tasks = tokio::task::JoinSet::new();
    for index in 0..200 {
        let world = Arc::clone(&world);
        tasks.spawn(async move {
            let reply = match index % 2 {
                0 => world.get("/v1/inboxes").await,
                _ => world.send(&format!("key-{index}"), "Hi").await,
            };
            assert_eq!(reply.status, 200, "{reply:?}");
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.expect("an answer");
    }
    assert_eq!(world.sent().len(), 100);
}
