//! Planning: each recipient becomes a row of the ledger.

mod difference;
mod estimate;
mod missing;
mod planner;
mod summary;

use jiff::Timestamp;
use uuid::Uuid;

use crate::batch::Batch;
use crate::error::Error;
use crate::recipient::Recipient;
use crate::store::{NewBatch, PlannedBatch, Store};
use difference::check_same;
use planner::Planner;

pub(crate) use summary::Shown;
pub use summary::{ListOffer, Plan, Warning};

/// Plans a batch, or compares it with the one that is there. The plan is kept if
/// `accept` returns true for it.
pub(crate) async fn plan<I>(
    store: &dyn Store,
    batch: &Batch,
    recipients: I,
    now: Timestamp,
    accept: impl AsyncFnOnce(&Plan) -> bool,
) -> Result<Shown, Error>
where
    I: IntoIterator,
    I::Item: Into<Result<Recipient, Error>>,
{
    let mut checked = batch.check()?;
    let new_salt = *Uuid::new_v4().as_bytes();
    checked.note_allowed(new_salt);
    let stored = store
        .begin_plan(NewBatch {
            id: batch.id.clone(),
            settings: checked.settings.clone(),
            salt: new_salt,
            now: now.as_millisecond(),
        })
        .await?;
    let (key, salt, existing) = match &stored {
        PlannedBatch::New(key) => (*key, new_salt, None),
        PlannedBatch::Existing(stored) => {
            checked.note_allowed(stored.salt);
            check_same(&batch.id, &checked, stored)?;
            (stored.key, stored.salt, Some(&**stored))
        }
    };
    let planner = Planner::new(store, &batch.id, &checked, key, salt, existing);
    let shown = planner.run(recipients, now, accept).await;
    let is_kept = shown.as_ref().is_ok_and(|shown| shown.is_accepted);
    if existing.is_none() && !is_kept {
        // What is left, as on a full disk, is removed by the next plan.
        let _ = store.drop_plan(key).await;
    }
    shown
}
