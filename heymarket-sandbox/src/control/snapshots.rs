//! Named snapshots: saving, restoring and deleting them.

use axum::extract;
use axum::extract::rejection::PathRejection;
use serde_json::Value;

use super::input::Access;
use super::reply::{Reply, done};
use crate::http::internal;
use crate::store::Rejection;

type Name = Result<extract::Path<String>, PathRejection>;

fn name(name: Name) -> Result<String, Rejection> {
    let name = name.map_err(|_| Rejection::bad_data("name", "must be percent-encoded UTF-8"))?;
    Ok(name.0)
}

pub(super) async fn list(extract::State(shared): Access) -> Reply {
    let snapshots = serde_json::to_value(shared.snapshots.list());
    Reply(snapshots.map_err(|error| internal(&error.to_string())))
}

pub(super) async fn save(extract::State(shared): Access, path: Name) -> Reply {
    let save = || -> Result<Value, Rejection> {
        shared.save_snapshot(&name(path)?)?;
        done(Ok(()))
    };
    Reply(save())
}

pub(super) async fn restore(extract::State(shared): Access, path: Name) -> Reply {
    let restore = || -> Result<Value, Rejection> {
        shared.restore_snapshot(&name(path)?)?;
        done(Ok(()))
    };
    Reply(restore())
}

pub(super) async fn delete(extract::State(shared): Access, path: Name) -> Reply {
    let delete = || -> Result<Value, Rejection> {
        if shared.snapshots.delete(&name(path)?) {
            shared.changes.count(|counters| counters.state += 1);
            return done(Ok(()));
        }
        Err(Rejection::not_found("no snapshot has this name"))
    };
    Reply(delete())
}
