//! Fetching the lists of revoked certificates, and asking about the signers' own, beside everything else: an examination never
//! waits for a network.

use std::sync::Arc;
use std::time::Duration;

use super::adapter::Kuwait;
use super::revocation::ListSource;
use super::revocation::Named;
use super::revocation::Revocation;
use crate::connector::IDLE_CONNECTION;
use crate::words::Timestamp;

impl Kuwait {
    /// Looks at every list of revoked certificates once, and asks the responder about the pinned signers; does nothing where
    /// the settings name neither. What can't be had or believed is told to the operator, and what was known stays until it
    /// runs out.
    pub async fn refresh_lists(&self, now: Timestamp) {
        if let Some(known) = &self.approval.revocation {
            refresh(known, &self.pinned(), now).await;
        }
    }

    /// Keeps the lists fresh, for as long as the connector lives. `now` tells the time.
    pub fn keep_lists_fresh(&self, now: impl Fn() -> Timestamp + Send + 'static) {
        let Some(known) = self.approval.revocation.as_ref().map(Arc::downgrade) else {
            return;
        };
        let pinned = self.pinned();
        tokio::spawn(async move {
            while let Some(known) = known.upgrade() {
                refresh(&known, &pinned, now()).await;
                let pause = known.next_look(&pinned, now());
                drop(known);
                tokio::time::sleep(pause).await;
            }
        });
    }

    /// The pinned signers whose certificates are known.
    fn pinned(&self) -> Vec<Named> {
        let pins = self.approval.stamp.pins().iter();
        pins.filter_map(|pin| pin.signer().map(|signer| Named::of(signer)))
            .collect()
    }
}

async fn refresh(known: &Revocation, pinned: &[Named], now: Timestamp) {
    if let Some(responder) = known.responder() {
        for named in pinned {
            responder.ask(known, named, now).await;
        }
    }
    for (at, source) in known.sources().iter().enumerate() {
        let taken = match read(source).await {
            Ok(bytes) => known.take(at, &bytes, now),
            Err(why) => Err(why),
        };
        if let Err(why) = taken {
            let place = place(source);
            tracing::warn!(%place, %why, "a list of revoked certificates is not renewed");
        }
    }
}

fn place(source: &ListSource) -> String {
    match source {
        ListSource::Url(url) => url.clone(),
        ListSource::File(file) => file.to_string(),
    }
}

async fn read(source: &ListSource) -> Result<Vec<u8>, String> {
    match source {
        ListSource::Url(url) => fetch(url).await,
        ListSource::File(file) => {
            let file = file.clone();
            tokio::task::spawn_blocking(move || file.read())
                .await
                .map_err(|error| error.to_string())?
        }
    }
}

async fn fetch(url: &str) -> Result<Vec<u8>, String> {
    let say = |error: reqwest::Error| error.without_url().to_string();
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .pool_idle_timeout(IDLE_CONNECTION)
        .timeout(PATIENCE)
        .build()
        .map_err(say)?;
    let response = client.get(url).send().await.map_err(say)?;
    body_of(response, LARGEST).await
}

/// The body of a good answer, as long as it is not larger than `most` bytes.
pub(super) async fn body_of(mut response: reqwest::Response, most: usize) -> Result<Vec<u8>, String> {
    let say = |error: reqwest::Error| error.without_url().to_string();
    if !response.status().is_success() {
        return Err(format!("the answer is {}", response.status()));
    }
    let mut bytes = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(say)? {
        bytes.extend_from_slice(&piece);
        if bytes.len() > most {
            return Err(format!("the answer is larger than {most} bytes"));
        }
    }
    Ok(bytes)
}

const PATIENCE: Duration = Duration::from_secs(20);
/// A list of half a million certificates, and some.
const LARGEST: usize = 32 * 1024 * 1024;
