use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::CallbackReceipt;
use super::Confirmation;
use super::FlowView;
use super::KeptDocument;
use super::NewDocument;
use super::Problem;
use super::ProblemCode;
use super::ShownDocument;
use super::StartFlow;
use super::Started;
use super::engine::Engine;
use super::input::Input;
use super::live::Stage;
use super::start::problem;
use super::start::unavailable;
use crate::words::Digest;
use crate::words::FlowId;

impl Engine {
    /// Begins a flow.
    ///
    /// # Errors
    /// Says what is wrong with the request, or that nothing can be recorded; then nothing was sent.
    pub async fn start_flow(&self, ask: StartFlow) -> Result<Started, Problem> {
        let inner = Arc::clone(self.inner());
        self.detached(async move { inner.start(ask).await }).await?
    }

    /// The flow as it stands.
    ///
    /// # Errors
    /// [`ProblemCode::UnknownFlow`] also if the flow belongs to another client.
    pub async fn view(&self, client: &str, flow: FlowId) -> Result<FlowView, Problem> {
        let live = self.live(flow).await?;
        let cell = live.cell.lock().await;
        if cell.detail.client != client {
            return Err(unknown_flow());
        }
        Ok(self
            .inner()
            .view_of(&cell.row, &cell.detail, live.catalog.as_deref()))
    }

    /// The flow once it has ended, or as it stands when `longest` has passed.
    ///
    /// # Errors
    /// As [`Engine::view`].
    pub async fn wait(&self, client: &str, flow: FlowId, longest: Duration) -> Result<FlowView, Problem> {
        // As it is known here: what another replica has done to it is heard of while waiting, or asked for at the end.
        let live = self.known(flow).await?;
        // Whether it is this client's is asked before the wait: another's must not cost a connection.
        if live.cell.lock().await.detail.client != client {
            return Err(unknown_flow());
        }
        let mut stage = live.stage.subscribe();
        tokio::select! {
            _ = stage.wait_for(|stage| *stage == Stage::Ended) => {}
            () = tokio::time::sleep(longest) => {}
            () = self.inner().stop.cancelled() => {}
        }
        self.view(client, flow).await
    }

    /// Begins the same again in the place of a flow whose code runs out; that one ends `other.superseded`.
    ///
    /// # Errors
    /// [`ProblemCode::RenewalNotAllowed`] for any capability but `auth_qr`, [`ProblemCode::FlowEnded`] if somebody has
    /// answered meanwhile, and whatever [`Engine::start_flow`] answers.
    pub async fn renew(
        &self,
        client: &str,
        flow: FlowId,
        idempotency_key: Option<String>,
    ) -> Result<Started, Problem> {
        let (inner, client) = (Arc::clone(self.inner()), client.to_owned());
        self.detached(async move { inner.renew(&client, flow, idempotency_key).await })
            .await?
    }

    /// Keeps a document, so that it can be shown and signed.
    ///
    /// # Errors
    /// When nothing can be recorded; then it was not kept.
    pub async fn keep_document(&self, document: NewDocument) -> Result<KeptDocument, Problem> {
        let inner = Arc::clone(self.inner());
        self.detached(async move { inner.keep_document(document).await })
            .await?
    }

    /// The document of a flow: exactly the bytes that are signed (law 11).
    ///
    /// # Errors
    /// [`ProblemCode::UnknownFlow`] if there is no such flow of this client, or if it signs nothing.
    pub async fn document(&self, client: &str, flow: FlowId) -> Result<ShownDocument, Problem> {
        self.inner().shown_document(client, flow).await
    }

    /// Takes down what the person has confirmed on the page, and sends the request to sign.
    ///
    /// # Errors
    /// [`ProblemCode::NotConfirmed`] unless both confirmations are there, [`ProblemCode::NothingToConfirm`] if the flow
    /// does not wait for any.
    pub async fn confirm(
        &self,
        client: &str,
        flow: FlowId,
        confirmation: Confirmation,
    ) -> Result<FlowView, Problem> {
        let (inner, owner) = (Arc::clone(self.inner()), client.to_owned());
        self.detached(async move { inner.confirm(&owner, flow, confirmation).await })
            .await??;
        self.view(client, flow).await
    }

    /// Ends a flow because the person, having read the document, does not want to sign it.
    ///
    /// # Errors
    /// [`ProblemCode::NothingToConfirm`] if the flow does not wait for a confirmation.
    pub async fn withdraw(&self, client: &str, flow: FlowId) -> Result<FlowView, Problem> {
        let (inner, owner) = (Arc::clone(self.inner()), client.to_owned());
        self.detached(async move { inner.withdraw(&owner, flow).await })
            .await??;
        self.view(client, flow).await
    }

    /// Gives a flow up.
    ///
    /// # Errors
    /// [`ProblemCode::FlowEnded`] if it has ended already.
    pub async fn cancel(&self, client: &str, flow: FlowId) -> Result<FlowView, Problem> {
        if self.view(client, flow).await?.ended {
            return Err(problem(
                ProblemCode::FlowEnded,
                "the flow has ended already; its outcome stands",
            ));
        }
        let live = self.live(flow).await?;
        let inner = Arc::clone(self.inner());
        self.detached(async move { inner.drive_past_others(&live, || Input::Cancel).await })
            .await?
            .map_err(unavailable)?;
        self.view(client, flow).await
    }

    /// Gives the page of a flow to the browser that opens it first, by the digest of the random value in its cookie; the
    /// answer says whose it is.
    ///
    /// # Errors
    /// [`ProblemCode::UnknownFlow`] if there is no such flow of this client, or when nothing can be recorded.
    pub async fn opened(&self, client: &str, flow: FlowId, browser: Digest) -> Result<FlowView, Problem> {
        let (inner, owner) = (Arc::clone(self.inner()), client.to_owned());
        self.detached(async move { inner.opened(&owner, flow, browser).await })
            .await??;
        self.view(client, flow).await
    }

    /// Ends a flow because somebody says on its page that they did not ask for it.
    ///
    /// # Errors
    /// As [`Engine::opened`]. A flow that has ended stays as it is, and that is no error.
    pub async fn disown(&self, client: &str, flow: FlowId) -> Result<FlowView, Problem> {
        let (inner, owner) = (Arc::clone(self.inner()), client.to_owned());
        self.detached(async move { inner.disowned(&owner, flow).await })
            .await??;
        self.view(client, flow).await
    }

    /// Takes down that the person did not ask for a flow, as its e-service knows: ends it if it runs, and stops requests to
    /// the person's phone for as long as the organization says.
    ///
    /// # Errors
    /// As [`Engine::opened`], and [`ProblemCode::ReportTooLate`].
    pub async fn report_not_me(&self, client: &str, flow: FlowId) -> Result<FlowView, Problem> {
        let (inner, owner) = (Arc::clone(self.inner()), client.to_owned());
        self.detached(async move { inner.reported(&owner, flow).await })
            .await??;
        self.view(client, flow).await
    }

    /// Takes in a callback of the authority: recorded when this returns, examined afterwards.
    pub async fn callback(&self, token: &str, source: String, body: Bytes) -> CallbackReceipt {
        let (inner, token) = (Arc::clone(self.inner()), token.to_owned());
        let receive = async move { inner.receive(&token, source, body).await };
        self.detached(receive)
            .await
            .unwrap_or(CallbackReceipt::StoreUnavailable)
    }

    /// Keeps that somebody called the callback listener who may not (R000-065): recorded and counted, nothing read.
    pub async fn callback_refused(&self, source: String) -> CallbackReceipt {
        let inner = Arc::clone(self.inner());
        self.detached(async move { inner.refuse_source(source).await })
            .await
            .unwrap_or(CallbackReceipt::StoreUnavailable)
    }

    async fn live(&self, flow: FlowId) -> Result<Arc<super::live::Live>, Problem> {
        let live = self.known(flow).await?;
        self.inner().freshen(&live).await;
        Ok(live)
    }

    async fn known(&self, flow: FlowId) -> Result<Arc<super::live::Live>, Problem> {
        self.inner()
            .live_by_id(flow)
            .await
            .map_err(unavailable)?
            .ok_or_else(unknown_flow)
    }
}

fn unknown_flow() -> Problem {
    problem(
        ProblemCode::UnknownFlow,
        "there is no such flow, or it belongs to another client",
    )
}
