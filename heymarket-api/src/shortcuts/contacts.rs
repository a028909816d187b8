//! Writes contacts in batches, and deletes several.

use std::fmt;

use crate::error::Error;
use crate::runtime::{Client, Response};
use crate::types::{
    Acknowledgement, ChannelType, ContactIds, DeleteContactsV2, UpsertContact, UpsertContacts,
    UpsertContactsResult,
};

/// The number of contacts in a request. The API documents no maximum; this is this
/// project's choice.
const BATCH: usize = 500;

/// The error of [`Client::upsert_contacts_in_batches`], with the results of the batches
/// before it. It converts to the [`Error`].
#[derive(Debug)]
#[non_exhaustive]
pub struct UpsertError {
    /// The merged results of the batches that succeeded.
    pub written: UpsertContactsResult,
    /// How the next batch failed.
    pub error: Error,
}

impl fmt::Display for UpsertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for UpsertError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

impl From<Box<UpsertError>> for Error {
    fn from(error: Box<UpsertError>) -> Self {
        error.error
    }
}

impl Client {
    /// Creates or updates any number of contacts, 500 in each request, and merges the
    /// results.
    ///
    /// The API documents no maximum; the size of a batch is this project's choice.
    ///
    /// ```no_run
    /// # async fn run(client: heymarket_api::Client) -> Result<(), heymarket_api::Error> {
    /// use heymarket_api::types::{ChannelType, NewContactChannel, UpsertContact};
    ///
    /// let contacts = (0..10_000).map(|number| {
    ///     let phone = format!("1555010{number:04}");
    ///     UpsertContact::new([NewContactChannel::new(ChannelType::Phone, phone)])
    /// });
    /// let result = client.upsert_contacts_in_batches(contacts).await?;
    /// println!("{} failed", result.failed_contacts.unwrap_or_default().len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Like [`upsert_contacts_v2`](Self::upsert_contacts_v2). The first error ends the
    /// call, and comes with the results of the batches before it.
    #[inline]
    pub async fn upsert_contacts_in_batches(
        &self,
        contacts: impl IntoIterator<Item = UpsertContact>,
    ) -> Result<UpsertContactsResult, Box<UpsertError>> {
        let mut contacts: Vec<UpsertContact> = contacts.into_iter().collect();
        let mut written = UpsertContactsResult::default();
        while !contacts.is_empty() {
            let rest = contacts.split_off(BATCH.min(contacts.len()));
            let request = UpsertContacts::new(std::mem::replace(&mut contacts, rest));
            match self.upsert_contacts_v2(&request).await {
                Ok(batch) => {
                    let batch = batch.into_inner();
                    append(&mut written.contacts, batch.contacts);
                    append(&mut written.failed_contacts, batch.failed_contacts);
                }
                Err(error) => return Err(Box::new(UpsertError { written, error })),
            }
        }
        Ok(written)
    }

    /// Permanently deletes contacts and all their history, by their UUIDs. No source
    /// shows the text of the response.
    ///
    /// ```no_run
    /// # async fn run(client: heymarket_api::Client) -> Result<(), heymarket_api::Error> {
    /// let ids = ["c0c0a0a0-0000-4000-8000-0000000000a1", "c0c0a0a0-0000-4000-8000-0000000000a2"];
    /// client.delete_contacts_v2(ids).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// `DELETE /v2/contacts`, documented at
    /// <https://developers.heymarket.com/api-reference/contacts/bulk-delete-v2>. It is
    /// retried after a failure: a second time has no further effect.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidRequest`](crate::ErrorKind::InvalidRequest) for no IDs, before
    /// sending; see [`ErrorKind`](crate::ErrorKind) for other failures.
    #[inline]
    pub async fn delete_contacts_v2(
        &self,
        ids: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Response<Acknowledgement>, Error> {
        let ids = ContactIds::new(ChannelType::Id, ids);
        let request = DeleteContactsV2::new([ids]);
        self.delete_contacts_v2_with(&request).await
    }
}

fn append<T>(all: &mut Option<Vec<T>>, more: Option<Vec<T>>) {
    if let Some(more) = more {
        all.get_or_insert_default().extend(more);
    }
}
